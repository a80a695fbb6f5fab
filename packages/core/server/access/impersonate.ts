// Impersonate-* headers: acting as another, for those who may.
import type { Refusal } from '../../api/refusal.ts'
import type { Attributes, User } from './types.ts'
import { badRequest } from '../refusals.ts'

/** Whom the headers ask to be; undefined when they ask nothing. */
export function impersonated(headers: Readonly<Record<string, string>>): User | Refusal | undefined {
  for (const header in headers) if (header.startsWith('impersonate-')) return asked(headers)
  return undefined
}
function asked(headers: Readonly<Record<string, string>>): User | Refusal | undefined {
  const name = headers['impersonate-user']
  const groups = (headers['impersonate-group'] ?? '').split(',').map((group) => group.trim()).filter((group) => group !== '')
  const uid = headers['impersonate-uid']
  const extra = Object.fromEntries(Object.entries(headers).filter(([header]) => header.startsWith(extraPrefix))
    .map(([header, value]) => [decoded(header.slice(extraPrefix.length)), value.split(',').map((each) => each.trim())]))
  if (name === undefined || name === '') {
    return groups.length > 0 || uid !== undefined || Object.keys(extra).length > 0
      ? badRequest(`requested ${shown(uid ?? '', groups, extra)} without impersonating a user name`) : undefined
  }
  const serviceAccount = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name)
  const own = groups.length > 0 || serviceAccount === null ? groups : ['system:serviceaccounts', `system:serviceaccounts:${serviceAccount[1]}`]
  const audience = name === 'system:anonymous' ? 'system:unauthenticated' : 'system:authenticated'
  return {
    name, groups: own.includes(audience) ? own : [...own, audience],
    ...(uid !== undefined && { uid }), ...(Object.keys(extra).length > 0 && { extra }),
  }
}
// As Go prints the user that was asked for.
const strings = (values: readonly string[]): string => (values.length === 0 ? '[]string(nil)' : `[]string{${values.map((value) => JSON.stringify(value)).join(', ')}}`)
function shown(uid: string, groups: readonly string[], extra: Readonly<Record<string, readonly string[]>>): string {
  const entries = Object.entries(extra).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, values]) => `${JSON.stringify(key)}:${strings(values)}`)
  return `&user.DefaultInfo{Name:"", UID:${JSON.stringify(uid)}, Groups:${strings(groups)}, Extra:map[string][]string${entries.length === 0 ? '(nil)' : `{${entries.join(', ')}}`}}`
}
const extraPrefix = 'impersonate-extra-'
const decoded = (text: string): string => { try { return decodeURIComponent(text) } catch { return text } }

/** What `user` must be allowed in order to act as `wanted`. */
export function attributesForImpersonation(user: User, wanted: User): readonly Attributes[] {
  const base = { user, verb: 'impersonate', version: 'v1', subresource: '' }
  const serviceAccount = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(wanted.name)
  const implied = new Set(['system:authenticated', 'system:unauthenticated', ...(serviceAccount === null ? [] : ['system:serviceaccounts', `system:serviceaccounts:${serviceAccount[1]}`])])
  return [
    serviceAccount === null ? { ...base, is: 'resource' as const, group: '', resource: 'users', namespace: '', name: wanted.name }
      : { ...base, is: 'resource' as const, group: '', resource: 'serviceaccounts', namespace: serviceAccount[1] ?? '', name: serviceAccount[2] ?? '' },
    ...wanted.groups.filter((group) => !implied.has(group)).map((name) => ({ ...base, is: 'resource' as const, group: '', resource: 'groups', namespace: '', name })),
    ...(wanted.uid === undefined ? [] : [{ ...base, is: 'resource' as const, group: 'authentication.k8s.io', resource: 'uids', namespace: '', name: wanted.uid }]),
    ...Object.entries(wanted.extra ?? {}).flatMap(([key, values]) => values.map((name) =>
      ({ ...base, is: 'resource' as const, group: 'authentication.k8s.io', resource: 'userextras', subresource: key, namespace: '', name }))),
  ]
}
