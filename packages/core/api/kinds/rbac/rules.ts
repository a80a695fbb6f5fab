// What the four RBAC kinds share, as upstream's pkg/apis/rbac/validation and v1 defaults.
import type { PolicyRule, RbacV1Subject, RoleRef } from '../../generated/types.ts'
import type { Problem } from '../../refusal.ts'
import { checkPathSegment, checkSubdomain } from '../../selectors/syntax.ts'
import { eachOf, withDefaults, withField } from '../filling.ts'
import { checkRequiredText, invalid, required, unsupported, checkText } from '../problems.ts'
import { sameMeaning } from '../equal.ts'
import type { Column } from '../../kind.ts'
import type { Draft, Resource } from '../../resource.ts'
import { ageColumn, nameColumn, text, wideText } from '../columns.ts'

export const group = 'rbac.authorization.k8s.io'

export function checkRules(rules: readonly PolicyRule[], namespaced: boolean): readonly Problem[] {
  return rules.flatMap((rule, index) => {
    const path = `rules[${index}]`
    const { verbs = [], apiGroups = [], resources = [], nonResourceURLs = [], resourceNames = [] } = rule
    const verbless = verbs.length === 0 ? [required(`${path}.verbs`, 'verbs must contain at least one value')] : []
    if (nonResourceURLs.length > 0) {
      return [
        ...verbless,
        ...(namespaced ? [invalid(`${path}.nonResourceURLs`, nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs')] : []),
        ...(apiGroups.length > 0 || resources.length > 0 || resourceNames.length > 0 ? [invalid(`${path}.nonResourceURLs`, nonResourceURLs, 'rules cannot apply to both regular resources and non-resource URLs')] : []),
      ]
    }
    return [
      ...verbless,
      ...(apiGroups.length === 0 ? [required(`${path}.apiGroups`, 'resource rules must supply at least one api group')] : []),
      ...(resources.length === 0 ? [required(`${path}.resources`, 'resource rules must supply at least one resource')] : []),
    ]
  })
}

/** As upstream writes a role without rules. */
export const fillRole = (draft: Draft): Draft => (draft['rules'] === undefined ? { ...draft, rules: null } : draft)

interface Bound { readonly roleRef: RoleRef; readonly subjects?: readonly RbacV1Subject[] }

export function fillBinding<Any extends Bound>(draft: Any): Any {
  const bound: Bound = draft
  const shaped = withDefaults(bound, { roleRef: { kind: '', name: '' } })
  const referred = withField(shaped, 'roleRef', (reference) => (reference.apiGroup ? reference : { ...reference, apiGroup: group }))
  return withField(referred, 'subjects', (subjects) => eachOf(subjects, (subject) =>
    (subject.kind === 'User' || subject.kind === 'Group' ? (subject.apiGroup ? subject : { ...subject, apiGroup: group }) : subject))) as Any
}

export function checkBinding({ roleRef, subjects = [] }: Bound, before: Bound | undefined, namespaced: boolean): readonly Problem[] {
  const kinds = namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole']
  return [
    ...(before !== undefined && !sameMeaning(roleRef, before.roleRef) ? [invalid('roleRef', roleRef, 'cannot change roleRef')] : []),
    ...(roleRef.apiGroup === group ? [] : [unsupported('roleRef.apiGroup', roleRef.apiGroup ?? '', [group])]),
    ...(kinds.includes(roleRef.kind) ? [] : [unsupported('roleRef.kind', roleRef.kind ?? '', kinds)]),
    ...checkRequiredText('roleRef.name', roleRef.name, checkPathSegment),
    ...subjects.flatMap((subject, index) => checkSubject(subject, `subjects[${index}]`, namespaced)),
  ]
}

function checkSubject({ kind, name, namespace, apiGroup = '' }: RbacV1Subject, path: string, namespaced: boolean): readonly Problem[] {
  const nameless = name ? [] : [required(`${path}.name`)]
  if (kind === 'ServiceAccount') {
    return [
      ...nameless,
      ...(name ? checkText(`${path}.name`, name, checkSubdomain) : []),
      ...(apiGroup === '' ? [] : [unsupported(`${path}.apiGroup`, apiGroup, [''])]),
      ...(namespaced || namespace ? [] : [required(`${path}.namespace`)]),
    ]
  }
  if (kind === 'User' || kind === 'Group') {
    return [...nameless, ...(apiGroup === group ? [] : [unsupported(`${path}.apiGroup`, apiGroup, [group])])]
  }
  return [...nameless, unsupported(`${path}.kind`, kind ?? '', ['ServiceAccount', 'User', 'Group'])]
}

const namesOf = (subjects: readonly RbacV1Subject[] | undefined, kind: string): string =>
  (subjects ?? []).filter((subject) => subject.kind === kind).map(({ name, namespace }) => (kind === 'ServiceAccount' ? `${namespace ?? ''}/${name}` : name)).join(', ')

/** The columns of both kinds of bindings. */
export const bindingColumns: readonly Column<Resource & Bound>[] = [
  nameColumn,
  text('Role', 'RoleRef can reference a Role in the current namespace or a ClusterRole in the global namespace. If the RoleRef cannot be resolved, the Authorizer must return an error.', ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`),
  ageColumn,
  wideText('Users', 'Users in the roleBinding', ({ subjects }) => namesOf(subjects, 'User')),
  wideText('Groups', 'Groups in the roleBinding', ({ subjects }) => namesOf(subjects, 'Group')),
  wideText('ServiceAccounts', 'ServiceAccounts in the roleBinding', ({ subjects }) => namesOf(subjects, 'ServiceAccount')),
]
