import type { V1beta1PodCertificateRequest as PodCertificateRequestModel } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import { type PodCertificateRequest, podCertificateRequests } from '../../../resources.ts'
import { nameColumn, text } from '../../columns.ts'
import { filling, withDefaults, withField, withParts } from '../../filling.ts'
import { group } from '../signers.ts'
import { check, checkStatus, outcomes } from './validation.ts'

const fill = (draft: PodCertificateRequestModel): PodCertificateRequestModel =>
  withField(withParts(draft, 'spec', 'status'), 'spec', (spec) => withDefaults(spec, { maxExpirationSeconds: 86_400 }))

export const podCertificateRequest: Kind<PodCertificateRequest> = {
  ...podCertificateRequests,
  singular: 'podcertificaterequest', shortNames: [], categories: [],
  hasStatus: true,
  served: [{
    group, version: 'v1', definition: 'io.k8s.api.certificates.v1.PodCertificateRequest', fill: filling(fill),
    columns: [
      nameColumn,
      text('PodName', 'podName is the name of the pod into which the certificate will be mounted.', ({ spec }) => spec.podName ?? ''),
      text('ServiceAccountName', 'serviceAccountName is the name of the service account the pod is running as.', ({ spec }) => spec.serviceAccountName ?? ''),
      text('NodeName', 'nodeName is the name of the node the pod is assigned to.', ({ spec }) => spec.nodeName ?? ''),
      text('SignerName', 'signerName indicates the requested signer.', ({ spec }) => spec.signerName ?? ''),
      text('State', 'conditions applied to the request. Known conditions are "Denied", "Failed", and "Issued".', ({ status }) => (status.conditions ?? []).find(({ type }) => outcomes.includes(type))?.type ?? 'Pending'),
    ],
    fields: { 'spec.signerName': ({ spec }) => spec.signerName ?? '', 'spec.podName': ({ spec }) => spec.podName ?? '', 'spec.nodeName': ({ spec }) => spec.nodeName ?? '' },
  }],
  prepare: (next, before) => ({ ...next, status: before?.status ?? {} }),
  // Labels and annotations stay the requester's.
  prepareStatus: (next, before) => ({ ...before, status: next.status }),
  check, checkStatus,
  subresources: [{ name: 'status', is: 'status' }],
}
