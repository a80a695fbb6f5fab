// Kinds that are stable from 1.37 on, while the packages describe 1.36: facts, reviewed by hand. Each stable definition is its last
// beta's, with what it refers to in its own version; where a field did not come along, `without` names it.
export interface Promotion { readonly package: string; readonly from: string; readonly definitions: readonly string[]; readonly without?: Readonly<Record<string, readonly string[]>> }

const withList = (kind: string): readonly string[] => [kind, `${kind}List`, `${kind}Spec`]
const withStatus = (kind: string): readonly string[] => [...withList(kind), `${kind}Status`]

/** By package: which definitions of version `from` version 1 has too. */
export const promotions: readonly Promotion[] = [
  {
    package: 'io.k8s.api.certificates', from: 'v1beta1', definitions: [...withList('ClusterTrustBundle'), ...withStatus('PodCertificateRequest')],
    without: { PodCertificateRequestSpec: ['pkixPublicKey', 'proofOfPossession'] },
  },
  { package: 'io.k8s.api.resource', from: 'v1beta2', definitions: [...withStatus('DeviceTaintRule'), 'DeviceTaintSelector'] },
  { package: 'io.k8s.api.storagemigration', from: 'v1beta1', definitions: withStatus('StorageVersionMigration') },
]

/** One stable definition, its origin, and the origin's fields that it lacks. */
export interface Promoted { readonly name: string; readonly origin: string; readonly without: readonly string[] }

export const promoted: readonly Promoted[] = promotions.flatMap((promotion) => promotion.definitions.map((definition) => ({
  name: `${promotion.package}.v1.${definition}`, origin: `${promotion.package}.${promotion.from}.${definition}`, without: promotion.without?.[definition] ?? [],
})))
