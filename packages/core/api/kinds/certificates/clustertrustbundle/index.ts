import type { V1beta1ClusterTrustBundle as ClusterTrustBundleModel } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type ClusterTrustBundle, clusterTrustBundles } from '../../../resources.ts'
import { checkSubdomain, type TextRule } from '../../../selectors/syntax.ts'
import { blocksOf, readCertificate } from '../../../x509/index.ts'
import { nameColumn, text } from '../../columns.ts'
import { filling, withParts } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { immutable, invalid, tooLong } from '../../problems.ts'
import { checkSignerName, group } from '../signers.ts'

const bundleMax = 1024 * 1024

/** The name says whose bundle it is: 'example.com:signer:name'. */
const nameRule = (signer: string): TextRule => (name) => {
  if (signer === '') return name.includes(':') ? ['ClusterTrustBundle without signer name must not have ":" in its name'] : checkSubdomain(name)
  const prefix = `${signer.replaceAll('/', ':')}:`
  return name.startsWith(prefix) ? checkSubdomain(name.slice(prefix.length)) : [`ClusterTrustBundle for signerName ${signer} must be named with prefix ${prefix}`]
}

function check(next: ClusterTrustBundle, before: ClusterTrustBundle | undefined): readonly Problem[] {
  const { signerName = '', trustBundle = '' } = next.spec
  return [
    ...checkMetadata(next, before, { scope: 'Cluster', name: nameRule(signerName) }),
    ...(signerName === '' ? [] : checkSignerName('spec.signerName', signerName)),
    ...(trustBundle === before?.spec.trustBundle ? [] : checkBundle('spec.trustBundle', trustBundle)),
    ...(before === undefined || signerName === (before.spec.signerName ?? '') ? [] : [immutable('spec.signerName', signerName)]),
  ]
}

function checkBundle(path: string, bundle: string): readonly Problem[] {
  if (bundle.length > bundleMax) return [tooLong(path, bundleMax)]
  const omitted = (detail: string): Problem => invalid(path, '<value omitted>', detail)
  const places = new Map<string, number[]>()
  const faults = blocksOf(bundle).flatMap(({ type, hasHeaders, bytes }, index) => {
    const certificate = readCertificate(bytes)
    if (type !== 'CERTIFICATE') return [omitted(`entry ${index} has bad block type: ${type}`)]
    if (hasHeaders) return [omitted(`entry ${index} has PEM block headers`)]
    if (certificate === undefined) return [omitted(`entry ${index} does not parse as X.509`)]
    if (!certificate.isAuthority) return [omitted(`entry ${index} does not have the CA bit set`)]
    const key = bytes.toHex()
    places.set(key, [...places.get(key) ?? [], index])
    return []
  })
  if (faults.length > 0) return faults
  if (places.size === 0) return [omitted('at least one trust anchor must be provided')]
  return [...places.values()].filter((indexes) => indexes.length > 1).map((indexes) => omitted(`duplicate trust anchor (indices [${indexes.join(' ')}])`))
}

export const clusterTrustBundle: Kind<ClusterTrustBundle> = {
  ...clusterTrustBundles,
  singular: 'clustertrustbundle', shortNames: [], categories: [],
  hasStatus: false,
  served: [{
    group, version: 'v1', definition: 'io.k8s.api.certificates.v1.ClusterTrustBundle', fill: filling<ClusterTrustBundleModel>((draft) => withParts(draft, 'spec')),
    columns: [nameColumn, text('SignerName', 'SignerName indicates the associated signer, if any.', ({ spec }) => spec.signerName || '<none>')],
    fields: { 'spec.signerName': ({ spec }) => spec.signerName ?? '' },
  }],
  check,
}
