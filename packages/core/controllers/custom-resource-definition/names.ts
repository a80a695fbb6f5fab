// Which of its names a CustomResourceDefinition gets, as upstream's naming controller decides it.
import type { CustomResourceDefinitionCondition as Condition, CustomResourceDefinitionNames as Names } from '../../api/generated/types.ts'
import { approvalAnnotation } from '../../api/kinds/index.ts'
import type { CustomResourceDefinition } from '../../api/resources.ts'
import { conditionOf } from '../../rules/conditions.ts'

export interface Naming { readonly acceptedNames: Names; readonly conditions: readonly Condition[] }

/** The names that others of its group hold already. */
export interface Taken { readonly resources: ReadonlySet<string>; readonly kinds: ReadonlySet<string> }

export function takenNames(others: Iterable<CustomResourceDefinition>): Taken {
  const resources = new Set<string>()
  const kinds = new Set<string>()
  for (const { status } of others) {
    const { plural, singular, shortNames = [], kind, listKind } = status?.acceptedNames ?? {}
    for (const name of [plural, singular, ...shortNames]) if (name) resources.add(name)
    for (const name of [kind, listKind]) if (name) kinds.add(name)
  }
  return { resources, kinds }
}

/** What the status shall say of names: each is accepted by itself, and the last conflict is told. */
export function nameDefinition(definition: CustomResourceDefinition, taken: Taken): Naming {
  const asked = definition.spec.names
  const had: Names = definition.status?.acceptedNames ?? { plural: '', kind: '' }
  let conflict: { readonly reason: string; readonly message: string } | undefined
  const fresh = (name: string | undefined, was: string | undefined, used: ReadonlySet<string>, reason: string): string | undefined => {
    if (name === was || name === undefined || !used.has(name)) return name
    conflict = { reason, message: inUse(name) }
    return was
  }
  const plural = fresh(asked.plural, had.plural, taken.resources, 'PluralConflict')
  const singular = fresh(asked.singular, had.singular, taken.resources, 'SingularConflict')
  const clashes = (asked.shortNames ?? []).filter((name) => !had.shortNames?.includes(name) && taken.resources.has(name))
  if (clashes.length > 0) conflict = { reason: 'ShortNamesConflict', message: clashes.length === 1 ? inUse(clashes[0] ?? '') : `[${clashes.map(inUse).join(', ')}]` }
  const shortNames = clashes.length > 0 ? had.shortNames : asked.shortNames
  const kind = fresh(asked.kind, had.kind, taken.kinds, 'KindConflict')
  const listKind = fresh(asked.listKind, had.listKind, taken.kinds, 'ListKindConflict')
  const acceptedNames: Names = {
    plural: plural ?? '', kind: kind ?? '', ...(singular && { singular }), ...(listKind && { listKind }), ...(shortNames !== undefined && { shortNames }),
    ...(asked.categories !== undefined && { categories: asked.categories }),
  }
  const accepted: Condition = conflict === undefined ? { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' } : { type: 'NamesAccepted', status: 'False', ...conflict }
  return { acceptedNames, conditions: [accepted, establishedBy(definition, accepted), ...approvalOf(definition)] }
}
const inUse = (name: string): string => `${JSON.stringify(name)} is already in use`

/** Once established, a definition stays so. */
function establishedBy({ status }: CustomResourceDefinition, accepted: Condition): Condition {
  const before = conditionOf(status?.conditions, 'Established')
  if (before?.status === 'True') return before
  return accepted.status === 'True'
    ? { type: 'Established', status: 'True', reason: 'InitialNamesAccepted', message: 'the initial names have been accepted' }
    : { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' }
}

function approvalOf({ spec, metadata }: CustomResourceDefinition): readonly Condition[] {
  const value = metadata.annotations?.[approvalAnnotation]
  if (value === undefined || !/(?:^|\.)(?:k8s|kubernetes)\.io$/.test(spec.group)) return []
  const type = 'KubernetesAPIApprovalPolicyConformant'
  return [value.startsWith('unapproved')
    ? { type, status: 'False', reason: 'UnapprovedAnnotation', message: `not approved: ${JSON.stringify(value)}` }
    : { type, status: 'True', reason: 'ApprovedAnnotation', message: `approved in ${value}` }]
}
