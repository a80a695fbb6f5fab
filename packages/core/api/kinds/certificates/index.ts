import type { Kind } from '../../kind.ts'
import type { Resource } from '../../resource.ts'
import { certificateSigningRequest } from './certificatesigningrequest/index.ts'
import { clusterTrustBundle } from './clustertrustbundle/index.ts'
import { podCertificateRequest } from './podcertificaterequest/index.ts'

export const certificatesKinds: readonly Kind<Resource>[] = [
  certificateSigningRequest,
  clusterTrustBundle,
  podCertificateRequest,
]
