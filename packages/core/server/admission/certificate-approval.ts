import { type CertificateSigningRequest, certificateSigningRequests } from '../../api/resources.ts'
import { forbidden } from '../refusals.ts'
import { mayForSigner } from './signer-rights.ts'
import type { Plugin } from './types.ts'

/** Requests are approved and denied by those who may 'approve' for their signer. */
export const certificateApproval: Plugin = {
  name: 'CertificateApproval', operations: ['update'], resources: [certificateSigningRequests.resource],
  validate(admission) {
    const { kind, subresource, before } = admission
    if (subresource !== 'approval') return undefined
    const { signerName } = (before as CertificateSigningRequest).spec
    return mayForSigner(admission, 'approve', signerName) ? undefined
      : forbidden(kind, admission.object.metadata.name, `user not permitted to approve requests with signerName ${JSON.stringify(signerName)}`)
  },
}
