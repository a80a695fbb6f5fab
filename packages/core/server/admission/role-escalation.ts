// Nobody gives rights by roles and bindings that he does not have himself, unless he may 'escalate' or 'bind'.
import type { PolicyRule } from '../../api/generated/types.ts'
import type { Refusal } from '../../api/refusal.ts'
import { type ClusterRole, clusterRoleBindings, clusterRoles, type Role, type RoleBinding, roleBindings, roles } from '../../api/resources.ts'
import { sameMeaning } from '../../api/kinds/equal.ts'
import { forbidden, notFound } from '../refusals.ts'
import type { Admission, Plugin } from './types.ts'

export const roleEscalation: Plugin = {
  name: 'RoleEscalation', operations: ['create', 'update'], resources: [roles.resource, clusterRoles.resource, roleBindings.resource, clusterRoleBindings.resource],
  mutate(admission) {
    const { kind, object } = admission
    if (admission.user.groups.includes('system:masters')) return object
    if (kind.resource === roles.resource || kind.resource === clusterRoles.resource) return ofRole(admission) ?? object
    return ofBinding(admission) ?? object
  },
}

function ofRole(admission: Admission): Refusal | undefined {
  const role = admission.object as Role | ClusterRole
  const before = admission.before as Role | ClusterRole | undefined
  if (before !== undefined && sameMeaning(role.rules, before.rules) && sameMeaning(aggregationOf(role), aggregationOf(before))) return undefined
  if (mayDo(admission, 'escalate', admission.kind.plural, role.metadata.name)) return undefined
  if (aggregationOf(role) !== undefined && !covers(ownRules(admission), [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, { verbs: ['*'], nonResourceURLs: ['*'] }])) {
    return forbidden(admission.kind, role.metadata.name, 'must have cluster-admin privileges to use the aggregationRule')
  }
  return refusalOver(admission, role.rules ?? [])
}
const aggregationOf = (role: Role | ClusterRole): unknown => ('aggregationRule' in role ? role.aggregationRule : undefined)

function ofBinding(admission: Admission): Refusal | undefined {
  const binding = admission.object as RoleBinding
  const before = admission.before as RoleBinding | undefined
  if (before !== undefined && sameMeaning(binding.roleRef, before.roleRef) && sameMeaning(binding.subjects, before.subjects)) return undefined
  const { kind, name } = binding.roleRef
  if (mayDo(admission, 'bind', kind === 'Role' ? 'roles' : 'clusterroles', name)) return undefined
  const type = kind === 'Role' ? roles : clusterRoles
  // Whoever binds a role before it is made would be given whatever it will come to allow.
  if (admission.circumstances.view.get(type, kind === 'Role' ? namespaceOf(admission) : '', name) === undefined) return notFound(admission.kind, name)
  return refusalOver(admission, admission.authorizer.rbac.rulesOfRole(kind, namespaceOf(admission), name))
}

const namespaceOf = ({ object }: Admission): string => object.metadata.namespace ?? ''
const mayDo = (admission: Admission, verb: string, resource: string, name: string): boolean => admission.authorizer.decide({
  is: 'resource', user: admission.user, verb, group: 'rbac.authorization.k8s.io', version: 'v1', resource, subresource: '', namespace: namespaceOf(admission), name,
}).allowed
const ownRules = (admission: Admission): readonly PolicyRule[] => [...admission.authorizer.rbac.grants(admission.user, namespaceOf(admission))].map(({ rule }) => rule)

function refusalOver(admission: Admission, wanted: readonly PolicyRule[]): Refusal | undefined {
  const own = ownRules(admission)
  const missing = wanted.filter((rule) => !covers(own, [rule]))
  if (missing.length === 0) return undefined
  const { name, groups } = admission.user
  const lines = missing.map(shown).sort().join('\n')
  return forbidden(admission.kind, admission.object.metadata.name,
    `user ${JSON.stringify(name)} (groups=[${groups.map((group) => JSON.stringify(group)).join(' ')}]) is attempting to grant RBAC permissions not currently held:\n${lines}`)
}

const list = (values: readonly string[]): string => `[${values.map((value) => JSON.stringify(value)).join(' ')}]`
function shown({ apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [], verbs }: PolicyRule): string {
  const parts = [
    ...(apiGroups.length > 0 ? [`APIGroups:${list(apiGroups)}`] : []), ...(resources.length > 0 ? [`Resources:${list(resources)}`] : []), ...(resourceNames.length > 0 ? [`ResourceNames:${list(resourceNames)}`] : []),
    ...(nonResourceURLs.length > 0 ? [`NonResourceURLs:${list(nonResourceURLs)}`] : []), ...(verbs.length > 0 ? [`Verbs:${list(verbs)}`] : []),
  ]
  return `{${parts.join(', ')}}`
}

/** Do the first rules allow all that the second allow? Each single right of a rule must be in one rule as a whole. */
export function covers(own: readonly PolicyRule[], wanted: readonly PolicyRule[]): boolean {
  return wanted.every((rule) => rule.verbs.every((verb) => rightsOf(rule).every((right) => own.some((mine) => holds(mine, verb, right)))))
}
type Right = { readonly url: string } | { readonly group: string; readonly resource: string; readonly name: string | undefined }
function rightsOf({ apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] }: PolicyRule): readonly Right[] {
  const names = resourceNames.length > 0 ? resourceNames : [undefined]
  return [...nonResourceURLs.map((url) => ({ url })), ...apiGroups.flatMap((group) => resources.flatMap((resource) => names.map((name) => ({ group, resource, name }))))]
}
function holds(rule: PolicyRule, verb: string, right: Right): boolean {
  const has = (values: readonly string[] | undefined, value: string): boolean => values?.includes(value) === true || values?.includes('*') === true
  if (!has(rule.verbs, verb)) return false
  if ('url' in right) return (rule.nonResourceURLs ?? []).some((url) => url === '*' || url === right.url || (url.endsWith('*') && right.url.startsWith(url.slice(0, -1))))
  const [, subresource] = right.resource.split('/')
  const resource = has(rule.resources, right.resource) || (subresource !== undefined && rule.resources?.includes(`*/${subresource}`) === true)
  const names = rule.resourceNames ?? []
  return has(rule.apiGroups, right.group) && resource && (names.length === 0 || (right.name !== undefined && names.includes(right.name)))
}
