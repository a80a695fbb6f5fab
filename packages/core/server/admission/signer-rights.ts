// Who may approve, sign and attest for which signers, as upstream's CertificateApproval, CertificateSigning and ClusterTrustBundleAttest.
import type { Admission } from './types.ts'

/** Whether the user has this verb for a signer, by its name or for all signers of its domain. */
export function mayForSigner({ authorizer, user }: Pick<Admission, 'authorizer' | 'user'>, verb: 'approve' | 'sign' | 'attest', signer: string): boolean {
  const decide = (name: string): boolean => authorizer.decide({ is: 'resource', user, verb, group: 'certificates.k8s.io', version: '*', resource: 'signers', subresource: '', namespace: '', name }).allowed
  const domain = signer.split('/')[0] ?? ''
  return decide(signer) || decide(`${domain}/*`)
}
