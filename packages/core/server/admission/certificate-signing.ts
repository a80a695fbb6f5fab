import { sameMeaning } from '../../api/kinds/equal.ts'
import { type CertificateSigningRequest, certificateSigningRequests } from '../../api/resources.ts'
import { forbidden } from '../refusals.ts'
import { mayForSigner } from './signer-rights.ts'
import type { Plugin } from './types.ts'

/** Certificates and conditions are written by those who may 'sign' for the request's signer. */
export const certificateSigning: Plugin = {
  name: 'CertificateSigning', operations: ['update'], resources: [certificateSigningRequests.resource],
  validate(admission) {
    const { kind, subresource } = admission
    if (subresource !== 'status') return undefined
    const [next, before] = [admission.object as CertificateSigningRequest, admission.before as CertificateSigningRequest]
    if (next.status.certificate === before.status.certificate && sameMeaning(next.status.conditions, before.status.conditions)) return undefined
    const { signerName } = before.spec
    return mayForSigner(admission, 'sign', signerName) ? undefined
      : forbidden(kind, next.metadata.name, `user not permitted to sign requests with signerName ${JSON.stringify(signerName)}`)
  },
}
