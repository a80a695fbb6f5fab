import type { Container } from '../api/generated/types.ts'
import { type Pod, secrets } from '../api/resources.ts'
import type { ClusterView } from '../api/view.ts'
import type { Instant } from '../base/clock.ts'
import { textOfBase64 } from '../base/bytes.ts'
import { credentialsHash, credentialsIn, type RegistryCredentials } from '../rules/registry-credentials.ts'

/** Image pulls that failed are tried again after 10 s, then twice as long each time, up to 5 min: upstream's defaults. */
export const pullBackoff = (failures: number): number => Math.min(10_000 * 2 ** Math.max(0, failures - 1), 300_000)
/** How long ErrImagePull is shown before it becomes ImagePullBackOff. */
export const pullErrorShownMs = 1_000

/** Absent: Always for the tag latest or none, else IfNotPresent; the API defaults it the same way. */
export function pullPolicyOf(container: Pick<Container, 'image' | 'imagePullPolicy'>): 'Always' | 'IfNotPresent' | 'Never' {
  const policy = container.imagePullPolicy
  if (policy === 'Always' || policy === 'IfNotPresent' || policy === 'Never') return policy
  const reference = container.image ?? ''
  const last = reference.slice(reference.lastIndexOf('/') + 1)
  return !last.includes('@') && (!last.includes(':') || last.endsWith(':latest')) ? 'Always' : 'IfNotPresent'
}

/** The registries' credentials in the pod's image pull secrets. What cannot be read is left out, as upstream does. */
export function credentialsOf(pod: Pod, view: ClusterView): readonly RegistryCredentials[] {
  return (pod.spec.imagePullSecrets ?? []).flatMap(({ name = '' }) => {
    const namespace = pod.metadata.namespace ?? ''
    const secret = view.get(secrets, namespace, name)
    if (secret === undefined) return []
    const config = secret.data?.['.dockerconfigjson']
    const plain = secret.data?.['.dockercfg']
    const found = config !== undefined ? credentialsIn(field(parsed(config), 'auths')) : plain === undefined ? [] : credentialsIn(parsed(plain))
    return found.map((credentials) => ({ ...credentials, source: { uid: secret.metadata.uid, namespace, name, hash: credentialsHash(credentials) } }))
  })
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined
}
function parsed(base64: string): unknown {
  try { return JSON.parse(textOfBase64(base64)) } catch { return undefined } // no JSON: no credentials, as upstream
}

/** '1.234s', as Go prints a duration rounded to milliseconds. */
export function durationText(ms: number): string {
  if (ms < 1000) return `${ms}ms`
  const minutes = Math.floor(ms / 60_000)
  const seconds = `${(ms - minutes * 60_000) / 1000}s`
  return minutes === 0 ? seconds : `${minutes}m${seconds}`
}

export const isDue = (at: Instant | undefined, now: Instant): boolean => at === undefined || at <= now
