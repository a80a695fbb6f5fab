// Bootstrap tokens: 'id.secret', kept as Secrets of kube-system, for machines that join.
import { secrets } from '../../api/resources.ts'
import type { ClusterView } from '../../api/view.ts'
import type { Instant } from '../../base/clock.ts'
import type { User } from './types.ts'

const form = /^([a-z0-9]{6})\.([a-z0-9]{16})$/
const secretType = 'bootstrap.kubernetes.io/token'
const groupForm = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/

/** The user of a bootstrap token that is there, may sign in and has not expired; undefined for all other tokens. As upstream's token authenticator. */
export function userOfBootstrapToken(view: ClusterView, token: string, now: Instant): User | undefined {
  const [, id = '', secret = ''] = form.exec(token) ?? []
  if (id === '') return undefined
  const kept = view.get(secrets, 'kube-system', `bootstrap-token-${id}`)
  if (kept === undefined || kept.metadata.deletionTimestamp !== undefined || kept['type'] !== secretType) return undefined
  const value = (key: string): string => textIn(kept.data?.[key])
  if (value('token-id') !== id || !isSame(value('token-secret'), secret) || value('usage-bootstrap-authentication') !== 'true') return undefined
  const expiration = value('expiration')
  if (expiration !== '' && !(Date.parse(expiration) > now)) return undefined
  const extra = value('auth-extra-groups').split(',').filter((group) => group !== '')
  if (!extra.every((group) => groupForm.test(group))) return undefined
  return { name: `system:bootstrap:${id}`, groups: [...new Set(['system:bootstrappers', ...extra])].sort() }
}

function textIn(base64: string | undefined): string {
  try { return base64 === undefined ? '' : atob(base64) } catch { return '' }
}

/** Compares in a time that does not tell where the difference is. */
function isSame(kept: string, given: string): boolean {
  let difference = kept.length ^ given.length
  for (let at = 0; at < given.length; at++) difference |= kept.charCodeAt(at) ^ given.charCodeAt(at)
  return difference === 0
}
