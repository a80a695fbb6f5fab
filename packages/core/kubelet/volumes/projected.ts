import type { PodCertificateProjection, Volume } from '../../api/generated/types.ts'
import type { Pod } from '../../api/resources.ts'
import { bytesOf } from '../../base/bytes.ts'
import { bundleFile } from './bundles.ts'
import { configMapFiles, downwardFiles, secretFiles } from './contents.ts'
import { type Draft, type File, type Found, lookAt, type Personal, type VolumeCircumstances } from './draft.ts'

type Source = NonNullable<NonNullable<Volume['projected']>['sources']>[number]

/** All sources of a projected volume, later ones over earlier ones; or what is wrong with them, as upstream joins errors. */
export function projectedFiles(volume: string, source: NonNullable<Volume['projected']>, around: VolumeCircumstances, draft: Draft): Found {
  const mode = source.defaultMode ?? 0o644
  const files = new Map<string, File>()
  const wrong: string[] = []
  for (const [index, part] of (source.sources ?? []).entries()) {
    const found = filesOf(part, `${volume}/${index}`, mode, around, draft)
    if (typeof found === 'string') wrong.push(found)
    else for (const file of found) files.set(file.path, file)
  }
  if (wrong.length === 0) return [...files.values()]
  const [first = ''] = wrong
  return wrong.length === 1 ? first : `[${[...new Set(wrong)].join(', ')}]`
}

function filesOf(part: Source, id: string, mode: number, around: VolumeCircumstances, draft: Draft): Found {
  if (part.configMap !== undefined) return configMapFiles(part.configMap, mode, around, draft)
  if (part.secret !== undefined) return secretFiles(part.secret, mode, around, draft)
  if (part.downwardAPI !== undefined) return downwardFiles(part.downwardAPI.items ?? [], mode, around, draft)
  if (part.serviceAccountToken !== undefined) return tokenFile(part.serviceAccountToken, mode, around, draft)
  if (part.clusterTrustBundle !== undefined) return bundleFile(part.clusterTrustBundle, personal(around.pod, mode), around, draft)
  if (part.podCertificate !== undefined) return certificateFiles(part.podCertificate, id, personal(around.pod, mode), around, draft)
  return []
}

/** With a user or group of the pod's own only they may read it. */
function personal(pod: Pod, mode: number): Personal {
  const user = commonUser(pod)
  // The group's right to read comes with its ownership.
  return { mode: user === undefined && pod.spec.securityContext?.fsGroup === undefined ? mode : 0o600, ...(user === undefined ? {} : { user }) }
}

/** The user that all containers run as by the pod's word; undefined when they differ, or the image decides. As upstream. */
function commonUser(pod: Pod): number | undefined {
  const users = new Set([...(pod.spec.initContainers ?? []), ...pod.spec.containers].map((container) => container.securityContext?.runAsUser ?? pod.spec.securityContext?.runAsUser))
  const [user] = users
  return users.size === 1 ? user : undefined
}

/** A token is renewed when four fifths of its life are over, and every day, as upstream's kubelet does. */
const tokenRenewedMs = 24 * 3_600_000
function tokenFile(source: { readonly audience?: string; readonly expirationSeconds?: number; readonly path: string }, mode: number, around: VolumeCircumstances, draft: Draft): Found {
  if (around.node.simulated) return []
  const { audience, expirationSeconds = 3600 } = source
  const id = `${audience ?? ''}/${expirationSeconds}`
  const answer = around.credentials?.get(id)
  const renewAt = answer?.is === 'token' ? answer.issuedAt + Math.min(0.8 * (answer.expiresAt - answer.issuedAt), tokenRenewedMs) : undefined
  if (renewAt === undefined || renewAt <= around.now) draft.asks.push({ is: 'token', id, pod: around.pod, audience, expirationSeconds })
  if (answer?.is === 'refused') return `failed to fetch token: ${answer.message}`
  if (answer?.is !== 'token') { draft.waiting = true; return [] }
  lookAt(renewAt, around, draft)
  draft.prints.push(`${source.path}@${answer.issuedAt}`)
  return [{ path: source.path, ...personal(around.pod, mode), bytes: bytesOf(answer.token) }]
}

/** Key and chain as the signer has given them for this very source; asked for again when the signer says that it is time. */
function certificateFiles(source: PodCertificateProjection, id: string, who: Personal, around: VolumeCircumstances, draft: Draft): Found {
  if (around.node.simulated) return []
  const answer = around.credentials?.get(id)
  const isDue = answer?.is === 'certificate' && answer.renewAt <= around.now
  if (answer === undefined || answer.is === 'asked' || answer.is === 'refused' || isDue) draft.asks.push({ is: 'certificate', id, pod: around.pod, source })
  if (answer?.is === 'denied') return answer.message
  if (answer?.is !== 'certificate') return 'credential bundle is not issued yet'
  lookAt(answer.renewAt, around, draft)
  draft.prints.push(`${id}@${answer.issuedAt}`)
  const file = (path: string | undefined, text: string): readonly File[] => (path === undefined || path === '' ? [] : [{ path, ...who, bytes: bytesOf(text) }])
  return [...file(source.credentialBundlePath, answer.key + answer.chain), ...file(source.keyPath, answer.key), ...file(source.certificateChainPath, answer.chain)]
}
