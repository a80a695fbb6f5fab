import type { PolicyRule } from '../../api/generated/types.ts'
import type { Draft } from '../../api/resource.ts'

export const readVerbs: readonly string[] = ['get', 'list', 'watch']
export const writeVerbs: readonly string[] = ['create', 'delete', 'deletecollection', 'patch', 'update']
export const allVerbs: readonly string[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

/** A rule about resources, in upstream's order of fields. Verbs, groups and resources are words in one text. */
export const rule = (verbs: string | readonly string[], groups: string, resources: string, names?: readonly string[]): PolicyRule => ({
  apiGroups: groups.split(' '), resources: resources.split(' '), ...(names !== undefined && { resourceNames: names }), verbs: typeof verbs === 'string' ? verbs.split(' ') : verbs,
})
export const urlRule = (...urls: readonly string[]): PolicyRule => ({ nonResourceURLs: urls, verbs: ['get'] })
/** Events are in two groups. */
export const events = (verbs: readonly string[]): PolicyRule => ({ apiGroups: ['', 'events.k8s.io'], resources: ['events'], verbs })
export const eventsRule: PolicyRule = events(['create', 'patch', 'update'])

const rbac = 'rbac.authorization.k8s.io'
/** Marked so that a newer Skiff adds what a newer cluster's defaults have. */
export const autoupdate = { annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' }, labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' } }

export const clusterRole = (name: string, rules: readonly PolicyRule[], labels: Readonly<Record<string, string>> = {}): Draft => ({
  apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: { name, annotations: autoupdate.annotations, labels: { ...autoupdate.labels, ...labels } }, rules,
})
/** A role made of others, chosen by label. Its rules are written out as well, for those who read them. */
export const aggregatedRole = (name: string, from: readonly string[], rules: readonly PolicyRule[], labels: Readonly<Record<string, string>> = {}): Draft => ({
  ...clusterRole(name, rules, labels), aggregationRule: { clusterRoleSelectors: from.map((label) => ({ matchLabels: { [label]: 'true' } })) },
})
export const role = (namespace: string, name: string, rules: readonly PolicyRule[]): Draft => ({
  apiVersion: `${rbac}/v1`, kind: 'Role', metadata: { name, namespace, ...autoupdate }, rules,
})

export type Subject = { readonly kind: 'User' | 'Group'; readonly name: string } | { readonly kind: 'ServiceAccount'; readonly name: string; readonly namespace: string }
const subjectOf = (subject: Subject): object => (subject.kind === 'ServiceAccount' ? subject : { apiGroup: rbac, ...subject })
export const group = (name: string): Subject => ({ kind: 'Group', name })
export const user = (name: string): Subject => ({ kind: 'User', name })
export const account = (name: string): Subject => ({ kind: 'ServiceAccount', name, namespace: 'kube-system' })

export const clusterRoleBinding = (name: string, roleName: string, subjects: readonly Subject[]): Draft => ({
  apiVersion: `${rbac}/v1`, kind: 'ClusterRoleBinding', metadata: { name, ...autoupdate }, roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: roleName },
  ...(subjects.length > 0 && { subjects: subjects.map(subjectOf) }),
})
export const roleBinding = (namespace: string, name: string, roleName: string, subjects: readonly Subject[]): Draft => ({
  apiVersion: `${rbac}/v1`, kind: 'RoleBinding', metadata: { name, namespace, ...autoupdate }, roleRef: { apiGroup: rbac, kind: 'Role', name: roleName }, subjects: subjects.map(subjectOf),
})
