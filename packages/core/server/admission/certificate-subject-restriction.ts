import { type CertificateSigningRequest, certificateSigningRequests } from '../../api/resources.ts'
import { readPemRequest } from '../../api/x509/index.ts'
import { forbidden } from '../refusals.ts'
import type { Plugin } from './types.ts'

const signer = 'kubernetes.io/kube-apiserver-client'
const masters = 'system:masters'

/** Nobody becomes an administrator by a request that anybody may approve. */
export const certificateSubjectRestriction: Plugin = {
  name: 'CertificateSubjectRestriction', operations: ['create'], resources: [certificateSigningRequests.resource],
  validate({ kind, subresource, object }) {
    if (subresource !== '') return undefined
    const { spec, metadata } = object as CertificateSigningRequest
    if (spec.signerName !== signer) return undefined
    const read = readPemRequest(spec.request)
    if ('fault' in read || !read.subject.organizations.includes(masters)) return undefined
    return forbidden(kind, metadata.name, `use of ${signer} signer with ${masters} group is not allowed`)
  },
}
