// RBAC: bindings by subject, kept up to date from the change feed; roles are read where they are.
import type { PolicyRule, RbacV1Subject } from '../../api/generated/types.ts'
import { clusterRoleBindings, clusterRoles, type ClusterRoleBinding, type RoleBinding, roleBindings, roles } from '../../api/resources.ts'
import type { Resource, Revision } from '../../api/resource.ts'
import type { Store } from '../../store/types.ts'
import type { Attributes, Decision, User } from './types.ts'

type Binding = RoleBinding | ClusterRoleBinding

/** A rule that applies to a user, and the binding that says so. */
export interface Granted { readonly rule: PolicyRule; readonly binding: Binding; readonly subject: RbacV1Subject; readonly namespace: string }

export class Rbac {
  readonly #store: Store
  #revision: Revision = -1
  /** By subject ('User x', 'Group y'), then by the binding's place. */
  #bindings = new Map<string, Map<string, { readonly binding: Binding; readonly subject: RbacV1Subject }>>()

  constructor(store: Store) { this.#store = store }

  decide(attributes: Attributes): Decision {
    const namespace = attributes.is === 'resource' ? attributes.namespace : ''
    for (const { rule, binding, subject } of this.grants(attributes.user, namespace)) {
      if (ruleAllows(rule, attributes)) return { allowed: true, reason: reasonOf(binding, subject) }
    }
    return { allowed: false, reason: '' }
  }

  /** Every rule that applies to the user in a namespace ('' is the cluster's scope). */
  *grants(user: User, namespace: string): Iterable<Granted> {
    this.#follow()
    const subjects = [`User ${user.name}`, ...user.groups.map((group) => `Group ${group}`)]
    for (const subject of subjects) {
      for (const { binding, subject: named } of this.#bindings.get(subject)?.values() ?? []) {
        const own = binding.metadata.namespace ?? ''
        if (own !== '' && own !== namespace) continue
        for (const rule of this.#rulesOf(binding)) yield { rule, binding, subject: named, namespace: own }
      }
    }
  }

  /** The rules of a role that a binding in this namespace could give. */
  rulesOfRole(kind: string, namespace: string, name: string): readonly PolicyRule[] {
    const { view } = this.#store
    if (kind === 'Role') return view.get(roles, namespace, name)?.rules ?? []
    // Of an aggregated role too: a controller writes them there.
    return view.get(clusterRoles, '', name)?.rules ?? []
  }

  #rulesOf(binding: Binding): readonly PolicyRule[] { return this.rulesOfRole(binding.roleRef.kind, binding.metadata.namespace ?? '', binding.roleRef.name) }

  /** Takes in what has changed since the last question. */
  #follow(): void {
    const { view } = this.#store
    if (view.revision === this.#revision) return
    const changes = [roleBindings, clusterRoleBindings].map(({ resource }) => (this.#revision < 0 ? 'compacted' : this.#store.changes(this.#revision, resource)))
    if (view.revision < this.#revision || changes.includes('compacted')) this.#rebuild()
    else for (const feed of changes) if (feed !== 'compacted') for (const { before, after } of feed) { this.#drop(before); this.#add(after) }
    this.#revision = view.revision
  }
  #rebuild(): void {
    this.#bindings = new Map()
    for (const binding of this.#store.view.list(roleBindings)) this.#add(binding)
    for (const binding of this.#store.view.list(clusterRoleBindings)) this.#add(binding)
  }
  #add(binding: Resource | undefined): void {
    for (const [key, subject] of subjectsOf(binding)) {
      const known = this.#bindings.get(key) ?? new Map()
      this.#bindings.set(key, known.set(placeOf(binding as Binding), { binding: binding as Binding, subject }))
    }
  }
  #drop(binding: Resource | undefined): void {
    for (const [key] of subjectsOf(binding)) {
      const known = this.#bindings.get(key)
      known?.delete(placeOf(binding as Binding))
      if (known?.size === 0) this.#bindings.delete(key)
    }
  }
}

const placeOf = (binding: Binding): string => `${binding.metadata.namespace ?? ''}/${binding.metadata.name}`
function* subjectsOf(binding: Resource | undefined): Iterable<readonly [string, RbacV1Subject]> {
  for (const subject of (binding as Binding | undefined)?.subjects ?? []) {
    if (subject.kind === 'ServiceAccount') yield [`User system:serviceaccount:${subject.namespace ?? binding?.metadata.namespace ?? ''}:${subject.name}`, subject]
    else yield [`${subject.kind} ${subject.name}`, subject]
  }
}

function reasonOf(binding: Binding, subject: RbacV1Subject): string {
  const { kind, name } = binding.roleRef
  const own = binding.metadata.namespace
  const bound = own === undefined ? `ClusterRoleBinding ${JSON.stringify(binding.metadata.name)}` : `RoleBinding ${JSON.stringify(`${binding.metadata.name}/${own}`)}`
  const who = subject.kind === 'ServiceAccount' ? `ServiceAccount ${JSON.stringify(`${subject.name}/${subject.namespace ?? ''}`)}` : `${subject.kind} ${JSON.stringify(subject.name)}`
  return `RBAC: allowed by ${bound} of ${kind} ${JSON.stringify(name)} to ${who}`
}

/** Does one rule allow it? Names restrict only requests that have one. */
export function ruleAllows(rule: PolicyRule, attributes: Attributes): boolean {
  if (!(rule.verbs.includes(attributes.verb) || rule.verbs.includes('*'))) return false
  if (attributes.is === 'path') return (rule.nonResourceURLs ?? []).some((url) => url === '*' || url === attributes.path || (url.endsWith('*') && attributes.path.startsWith(url.slice(0, -1))))
  const { group, resource, subresource, name } = attributes
  const groups = rule.apiGroups ?? []
  if (!(groups.includes(group) || groups.includes('*'))) return false
  const names = rule.resourceNames ?? []
  if (names.length > 0 && !names.includes(name)) return false
  const asked = subresource === '' ? resource : `${resource}/${subresource}`
  return (rule.resources ?? []).some((each) => each === '*' || each === asked || (subresource !== '' && each === `*/${subresource}`))
}
