import { compareQuantities, formatQuantity, milliValue, parseQuantity, type Quantity, quantityFault, roundedToMilli } from '../../../../base/quantity.ts'
import type { LimitRange as LimitRangeModel, LimitRangeItem } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type LimitRange, limitRanges } from '../../../resources.ts'
import { checkLabelKey } from '../../../selectors/syntax.ts'
import { defaultColumns } from '../../columns.ts'
import { eachOf, eachValue, filling, withDefaults, withField, withParts } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkText, duplicate, forbidden, invalid, required } from '../../problems.ts'
import { checkContainerResourceName, checkResourceName, isExtended, isHugePages } from '../resourcenames.ts'

type Amounts = Readonly<Record<string, string>>
const standardTypes: readonly string[] = ['Pod', 'Container', 'PersistentVolumeClaim']
const amountFields = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const

/** What a container gets follows from what it may have: the most is its limit, the limit or the least its request. */
function fillItem(item: LimitRangeItem): LimitRangeItem {
  let filled = item
  for (const field of amountFields) filled = withField(filled, field, (amounts) => eachValue(amounts, roundedToMilli))
  if (filled.type !== 'Container') return filled
  const limits = withDefaults<Amounts>(filled.default ?? {}, filled.max ?? {})
  const requests = withDefaults<Amounts>(withDefaults<Amounts>(filled.defaultRequest ?? {}, limits), filled.min ?? {})
  const same = (before: Amounts | undefined, after: Amounts): boolean => after === before || (before === undefined && Object.keys(after).length === 0)
  return {
    ...filled,
    ...(same(filled.default, limits) ? {} : { default: limits }),
    ...(same(filled.defaultRequest, requests) ? {} : { defaultRequest: requests }),
  }
}

const fill = (draft: LimitRangeModel): LimitRangeModel =>
  withField(withParts(draft, 'spec'), 'spec', (spec) => withField(spec, 'limits', (limits) => eachOf(limits, fillItem)))

function check(next: LimitRange, before: LimitRange | undefined): readonly Problem[] {
  const types = new Set<string>()
  return [
    ...checkMetadata(next, before, { scope: 'Namespaced' }),
    ...(next.spec.limits ?? []).flatMap((item, index) => {
      const path = `spec.limits[${index}]`
      const again = types.has(item.type)
      types.add(item.type)
      return [...checkType(item.type ?? '', `${path}.type`), ...(again ? [duplicate(`${path}.type`, item.type)] : []), ...checkItem(item, path)]
    }),
  ]
}

function checkType(type: string, path: string): readonly Problem[] {
  const unformed = checkText(path, type, checkLabelKey)
  if (unformed.length > 0) return unformed
  return type.includes('/') || standardTypes.includes(type) ? [] : [invalid(path, type, 'must be a standard limit type or fully qualified')]
}

function checkItem(item: LimitRangeItem, path: string): readonly Problem[] {
  const named = item.type === 'Pod' || item.type === 'Container' ? checkContainerResourceName : checkResourceName
  const amounts = (field: typeof amountFields[number]): readonly Problem[] => Object.entries(item[field] ?? {}).flatMap(([name, amount]) => [
    ...named(name, `${path}.${field}[${name}]`), ...(parseQuantity(amount) === undefined ? [invalid(`${path}.${field}[${name}]`, amount, quantityFault)] : []),
  ])
  const defaults = (field: 'default' | 'defaultRequest'): readonly Problem[] => (item.type !== 'Pod' ? amounts(field)
    : Object.keys(item[field] ?? {}).length > 0 ? [forbidden(`${path}.${field}`, "may not be specified when `type` is 'Pod'")] : [])
  const bounded = item.min?.['storage'] !== undefined || item.max?.['storage'] !== undefined
  const names = [...new Set([item.max, item.min, ...(item.type === 'Pod' ? [] : [item.default, item.defaultRequest]), item.maxLimitRequestRatio].flatMap((each) => Object.keys(each ?? {})))]
  return [
    ...amounts('max'), ...amounts('min'), ...defaults('default'), ...defaults('defaultRequest'),
    ...(item.type === 'PersistentVolumeClaim' && !bounded ? [required(`${path}.limits`, 'either minimum or maximum storage value is required, but neither was provided')] : []),
    ...amounts('maxLimitRequestRatio'),
    ...names.flatMap((name) => checkOrder(item, name, path)),
  ]
}

/** For one resource: the least, what is given by default, and the most stand in this order. */
function checkOrder(item: LimitRangeItem, name: string, path: string): readonly Problem[] {
  const amount = (field: typeof amountFields[number]): Quantity | undefined => parseQuantity(item[field]?.[name] ?? '')
  const [min, max, limit, request, ratio] = [amount('min'), amount('max'), amount('default'), amount('defaultRequest'), amount('maxLimitRequestRatio')]
  const above = (left: Quantity | undefined, right: Quantity | undefined): left is Quantity => left !== undefined && right !== undefined && compareQuantities(left, right) > 0
  const text = (quantity: Quantity | undefined): string => (quantity === undefined ? '0' : formatQuantity(quantity))
  const wrong = (field: typeof amountFields[number], value: Quantity | undefined, detail: string): Problem => invalid(`${path}.${field}[${name}]`, text(value), detail)
  const exact = isExtended(name) || isHugePages(name)
  const bounds = ratio === undefined || min === undefined || max === undefined ? Infinity : milliValue(text(max)) / milliValue(text(min))
  return [
    ...(above(min, max) ? [wrong('min', min, `min value ${text(min)} is greater than max value ${text(max)}`)] : []),
    ...(above(min, request) ? [wrong('defaultRequest', request, `min value ${text(min)} is greater than default request value ${text(request)}`)] : []),
    ...(above(request, max) ? [wrong('defaultRequest', request, `default request value ${text(request)} is greater than max value ${text(max)}`)] : []),
    ...(above(request, limit) ? [wrong('defaultRequest', request, `default request value ${text(request)} is greater than default limit value ${text(limit)}`)] : []),
    ...(above(min, limit) ? [wrong('default', min, `min value ${text(min)} is greater than default value ${text(limit)}`)] : []),
    ...(above(limit, max) ? [wrong('default', max, `default value ${text(limit)} is greater than max value ${text(max)}`)] : []),
    ...(ratio !== undefined && milliValue(text(ratio)) < 1000 ? [wrong('maxLimitRequestRatio', ratio, `ratio ${text(ratio)} is less than 1`)] : []),
    ...(ratio !== undefined && milliValue(text(ratio)) / 1000 > bounds ? [wrong('maxLimitRequestRatio', ratio, `ratio ${text(ratio)} is greater than max/min = ${bounds.toFixed(6)}`)] : []),
    ...(exact && limit !== undefined && request !== undefined && compareQuantities(limit, request) !== 0
      ? [wrong('defaultRequest', request, `default value ${text(limit)} must equal to defaultRequest value ${text(request)} in ${name}`)] : []),
  ]
}

export const limitRange: Kind<LimitRange> = {
  ...limitRanges,
  singular: 'limitrange', shortNames: ['limits'], categories: [],
  hasStatus: false,
  served: [{ group: '', version: 'v1', definition: 'io.k8s.api.core.v1.LimitRange', fill: filling(fill), columns: defaultColumns }],
  check,
}
