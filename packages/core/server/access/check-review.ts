// What is wrong with a question about access, in upstream's words (pkg/apis/authorization/validation).
import { checkText, forbidden, invalid, required } from '../../api/kinds/problems.ts'
import type { Problem } from '../../api/refusal.ts'
import { checkLabelKey, checkLabelValue, parseFieldSelector, parseLabelSelector } from '../../api/selectors/index.ts'
import type { Review } from './reviews.ts'

export interface Selector {
  readonly rawSelector?: string
  readonly requirements?: readonly { readonly key?: string; readonly operator?: string; readonly values?: readonly string[] }[]
}
export interface AccessSpec {
  readonly user?: string
  readonly uid?: string
  readonly groups?: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
  readonly resourceAttributes?: {
    readonly namespace?: string; readonly verb?: string; readonly group?: string; readonly version?: string; readonly resource?: string; readonly subresource?: string; readonly name?: string
    readonly fieldSelector?: Selector; readonly labelSelector?: Selector
  }
  readonly nonResourceAttributes?: { readonly path?: string; readonly verb?: string }
}

export function checkAccessReview(review: Review, namespace: string | undefined, metadata: Readonly<Record<string, unknown>>, spec: AccessSpec): readonly Problem[] {
  const { resourceAttributes, nonResourceAttributes } = spec
  const found: Problem[] = []
  const isSelf = review.kind === 'SelfSubjectAccessReview'
  // Upstream prints its own type here, by its fields' names.
  const path = { Path: nonResourceAttributes?.path ?? '', Verb: nonResourceAttributes?.verb ?? '' }
  if (resourceAttributes !== undefined && nonResourceAttributes !== undefined) found.push(invalid('spec.nonResourceAttributes', path, 'cannot be specified in combination with resourceAttributes'))
  if (resourceAttributes === undefined && nonResourceAttributes === undefined) found.push(invalid('spec.resourceAttributes', null, 'exactly one of nonResourceAttributes or resourceAttributes must be specified'))
  if (!isSelf && !spec.user && (spec.groups ?? []).length === 0) found.push(invalid('spec.user', spec.user ?? '', 'at least one of user or group must be specified'))
  const { fieldSelector, labelSelector } = resourceAttributes ?? {}
  if (fieldSelector !== undefined) found.push(...checkSelector(fieldSelector, 'spec.resourceAttributes.fieldSelector', checkFieldRequirement))
  if (labelSelector !== undefined) found.push(...checkSelector(labelSelector, 'spec.resourceAttributes.labelSelector', checkLabelRequirement))
  const { managedFields: _, namespace: __, ...rest } = metadata
  if (Object.keys(rest).length > 0) found.push(invalid('metadata', { ...rest, ...(review.namespaced && { namespace }) }, review.namespaced ? 'must be empty except for namespace' : 'must be empty'))
  if (review.namespaced && resourceAttributes !== undefined && resourceAttributes.namespace !== namespace) found.push(invalid('spec.resourceAttributes.namespace', resourceAttributes.namespace ?? '', 'must match metadata.namespace'))
  if (review.namespaced && nonResourceAttributes !== undefined) found.push(invalid('spec.nonResourceAttributes', path, 'disallowed on this kind of request'))
  return found
}

type Requirement = NonNullable<Selector['requirements']>[number]
function checkSelector({ rawSelector = '', requirements = [] }: Selector, path: string, check: (requirement: Requirement, path: string) => readonly Problem[]): readonly Problem[] {
  return [
    ...(rawSelector !== '' && requirements.length > 0 ? [invalid(`${path}.rawSelector`, rawSelector, 'may not specified at the same time as requirements')] : []),
    ...(rawSelector === '' && requirements.length === 0 ? [required(`${path}.requirements`, `when ${path} is specified, requirements or rawSelector is required`)] : []),
    ...requirements.flatMap((requirement, at) => check(requirement, `${path}.requirements[${at}]`)),
  ]
}
const checkFieldRequirement = (requirement: Requirement, path: string): readonly Problem[] =>
  [...(requirement.key ? [] : [required(`${path}.key`, 'must be specified')]), ...checkValues(requirement, path)]
const checkLabelRequirement = (requirement: Requirement, path: string): readonly Problem[] => [
  ...checkValues(requirement, path), ...checkText(`${path}.key`, requirement.key ?? '', checkLabelKey),
  ...(requirement.values ?? []).flatMap((value, at) => checkText(`${path}.values[${at}]`, value, checkLabelValue)),
]
function checkValues({ operator, values = [] }: Requirement, path: string): readonly Problem[] {
  if ((operator === 'In' || operator === 'NotIn') && values.length === 0) return [required(`${path}.values`, 'must be specified when `operator` is \'In\' or \'NotIn\'')]
  if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0) return [forbidden(`${path}.values`, 'may not be specified when `operator` is \'Exists\' or \'DoesNotExist\'')]
  return []
}

/** The field selector that a question names, as text; and what of its selectors could not be taken in. */
export function selectorsOf({ fieldSelector, labelSelector }: NonNullable<AccessSpec['resourceAttributes']>): { readonly fields?: string; readonly faults: readonly string[] } {
  const fields = fieldSelector === undefined ? undefined : fieldSelector.rawSelector ? fieldSelector.rawSelector : textOf(fieldSelector.requirements ?? [])
  const wrong = { fields: faultOf(fieldSelector, (text) => 'fault' in parseFieldSelector(text), fieldOperators, 1), labels: faultOf(labelSelector, (text) => 'fault' in parseLabelSelector(text), labelOperators, Infinity) }
  return {
    ...(fields !== undefined && fields !== '' && { fields }),
    faults: [
      ...(wrong.labels === undefined ? [] : [`spec.resourceAttributes.labelSelector ${wrong.labels} due to parse error`]),
      ...(wrong.fields === undefined ? [] : [`spec.resourceAttributes.fieldSelector ${wrong.fields} due to parse error`]),
    ],
  }
}
const fieldOperators: readonly string[] = ['In', 'NotIn']
const labelOperators: readonly string[] = [...fieldOperators, 'Exists', 'DoesNotExist']
function faultOf(selector: Selector | undefined, isUnread: (text: string) => boolean, operators: readonly string[], most: number): string | undefined {
  if (selector === undefined) return undefined
  if (selector.rawSelector) return isUnread(selector.rawSelector) ? 'ignored' : undefined
  const all = selector.requirements ?? []
  const good = all.filter((each) => isRead(each, operators, most))
  return good.length === all.length ? undefined : good.length === 0 ? 'ignored' : 'partially ignored'
}
const isRead = ({ operator = '', values = [] }: Requirement, operators: readonly string[], most: number): boolean => operators.includes(operator) && values.length <= most
const textOf = (requirements: readonly Requirement[]): string => requirements.filter((each) => isRead(each, fieldOperators, 1))
  .map(({ key, operator, values }) => `${key}${operator === 'In' ? '=' : '!='}${(values?.[0] ?? '').replace(/[\\,=]/g, (each) => `\\${each}`)}`).join(',')
