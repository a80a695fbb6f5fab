import { humanDuration } from '../../../../base/age.ts'
import type { CertificateSigningRequest as CertificateSigningRequestModel } from '../../../generated/types.ts'
import type { Circumstances, Kind } from '../../../kind.ts'
import { type CertificateSigningRequest, certificateSigningRequests } from '../../../resources.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { filling, withParts } from '../../filling.ts'
import { group } from '../signers.ts'
import { withTimes } from './conditions.ts'
import { check, checkApproval, checkStatus } from './validation.ts'

const fill = (draft: CertificateSigningRequestModel): CertificateSigningRequestModel => withParts(draft, 'spec', 'status')

/** Who asks is what the server knows, not what the request says; and nobody creates a request that is approved already. */
function prepare(next: CertificateSigningRequest, before: CertificateSigningRequest | undefined, { requester, user }: Circumstances): CertificateSigningRequest {
  if (before !== undefined) return { ...next, spec: before.spec, status: before.status }
  const { username: _name, uid: _uid, groups: _groups, extra: _extra, ...asked } = next.spec
  const { uid, groups = [], extra = {} } = requester ?? {}
  return {
    ...next, status: {},
    spec: { ...asked, username: requester?.name ?? user, ...(uid !== undefined && { uid }), ...(groups.length > 0 && { groups }), ...(Object.keys(extra).length > 0 && { extra }) },
  }
}

/** What became of a request: 'Pending', 'Approved,Issued', 'Denied', 'Approved,Failed'. */
function conditionText({ status }: CertificateSigningRequest): string {
  const has = (type: string): boolean => (status.conditions ?? []).some((condition) => condition.type === type)
  const decided = has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending'
  return [decided, ...(has('Failed') ? ['Failed'] : []), ...(status.certificate ? ['Issued'] : [])].join(',')
}

export const certificateSigningRequest: Kind<CertificateSigningRequest> = {
  ...certificateSigningRequests,
  singular: 'certificatesigningrequest', shortNames: ['csr'], categories: [],
  hasStatus: true, unowned: ['spec'],
  served: [{
    group, version: 'v1', definition: 'io.k8s.api.certificates.v1.CertificateSigningRequest', fill: filling(fill),
    columns: [
      nameColumn, ageColumn,
      text('SignerName', 'signerName indicates the requested signer, and is a qualified name.', ({ spec }) => spec.signerName || '<none>'),
      text('Requestor', 'Base64-encoded PKCS#10 CSR data', ({ spec }) => spec.username ?? ''),
      text('RequestedDuration', 'expirationSeconds is the requested duration of validity of the issued certificate.', ({ spec }) => (spec.expirationSeconds === undefined ? '<none>' : humanDuration(spec.expirationSeconds * 1000))),
      text('Condition', 'Conditions applied to the request, such as approval or denial.', conditionText),
    ],
    fields: { 'spec.signerName': ({ spec }) => spec.signerName ?? '' },
  }],
  prepare, check, checkStatus,
  prepareStatus: (next, before, { now }) => ({ ...next, spec: before.spec, status: withTimes(next.status, before.status, now, ['Approved', 'Denied']) }),
  subresources: [
    { name: 'status', is: 'status' },
    {
      name: 'approval', is: 'update', verbs: ['get', 'patch', 'update'], check: checkApproval,
      // Approving says nothing but conditions.
      merge: (next, before, { now }) => {
        const { conditions = [] } = next.status
        const status = conditions.length === 0 ? { ...before.status, conditions: [] } : { ...before.status, conditions }
        return { ...before, metadata: { ...before.metadata, ...labelsOf(next) }, status: withTimes(status, before.status, now, []) }
      },
    },
  ],
}

const labelsOf = ({ metadata: { labels, annotations } }: CertificateSigningRequest) => ({ ...(labels !== undefined && { labels }), ...(annotations !== undefined && { annotations }) })
