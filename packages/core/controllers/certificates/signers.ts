// What the signers of a cluster sign, as upstream's pkg/apis/certificates/helpers.go and pkg/controller/certificates/signer.
import type { CertificateRequest } from '../../api/x509/index.ts'

const clientSigner = 'kubernetes.io/kube-apiserver-client'
export const kubeletClientSigner = 'kubernetes.io/kube-apiserver-client-kubelet'
const kubeletServingSigner = 'kubernetes.io/kubelet-serving'
const legacySigner = 'kubernetes.io/legacy-unknown'

type Check = (request: CertificateRequest, usages: readonly string[]) => string | undefined
const digital = 'digital signature'
const encipherment = 'key encipherment'

/** Why a request is none of a kubelet for its client certificate; undefined when it is one. */
export const kubeletClientFault: Check = ({ subject, names }, usages) =>
  subjectFault(subject)
  ?? (names.dns.length > 0 ? 'DNS subjectAltNames are not allowed' : undefined)
  ?? (names.emails.length > 0 ? 'Email subjectAltNames are not allowed' : undefined)
  ?? (names.addresses.length > 0 ? 'IP subjectAltNames are not allowed' : undefined)
  ?? (names.uris.length > 0 ? 'URI subjectAltNames are not allowed' : undefined)
  ?? usagesFault(usages, 'client auth')

const kubeletServingFault: Check = ({ subject, names }, usages) =>
  subjectFault(subject)
  ?? (names.dns.length + names.addresses.length === 0 ? 'DNS or IP subjectAltName is required' : undefined)
  ?? (names.emails.length > 0 ? 'Email subjectAltNames are not allowed' : undefined)
  ?? (names.uris.length > 0 ? 'URI subjectAltNames are not allowed' : undefined)
  ?? usagesFault(usages, 'server auth')

const clientFault: Check = (_request, usages) => {
  const strange = usages.find((usage) => usage !== digital && usage !== encipherment && usage !== 'client auth')
  if (strange !== undefined) return `invalid usage for client certificate: ${strange}`
  return usages.includes('client auth') ? undefined : 'missing required usage for client certificate: client auth'
}

function subjectFault({ organizations, commonName }: CertificateRequest['subject']): string | undefined {
  if (organizations.length !== 1 || organizations[0] !== 'system:nodes') return 'subject organization is not system:nodes'
  return commonName.startsWith('system:node:') ? undefined : 'subject common name does not begin with system:node:'
}
function usagesFault(usages: readonly string[], auth: string): string | undefined {
  const rest = usages.filter((usage) => usage !== encipherment)
  return rest.length === 2 && rest.includes(digital) && rest.includes(auth) && usages.length - rest.length <= 1 ? undefined : `usages did not match [${digital} ${encipherment} ${auth}]`
}

/** By the signer's name: what it refuses. Requests to others are for others to sign. */
export const signers: Readonly<Record<string, Check>> = {
  [clientSigner]: clientFault, [kubeletClientSigner]: kubeletClientFault, [kubeletServingSigner]: kubeletServingFault, [legacySigner]: () => undefined,
}
