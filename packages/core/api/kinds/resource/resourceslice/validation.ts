// What a driver may publish of its devices, as upstream's validateResourceSliceSpec.
import { compareQuantities, parseQuantity, type Quantity } from '../../../../base/quantity.ts'
import type { CapacityRequestPolicy, CapacityRequestPolicyRange, Counter, Device, DeviceAttribute, DeviceCapacity, NodeSelector, ResourcePool, ResourceSliceSpec } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import { checkLabelName, checkSubdomain } from '../../../selectors/syntax.ts'
import { checkNodeSelector } from '../../core/nodeselector.ts'
import { sameMeaning } from '../../equal.ts'
import { checkRequiredText, checkText, forbidden, immutable, invalid, required, tooLong } from '../../problems.ts'
import { checkBinding, checkTaint } from '../devices.ts'
import { checkDriverName } from '../../drivernames.ts'
import { asText, checkDevice, checkEach, checkEachOnce, checkMap, checkPool, checkQualifiedName } from '../names.ts'

const devicesMax = 128
const advancedDevicesMax = 64
const counterSetsMax = 8
const countersMax = 32
const consumptionsMax = 2
const attributesMax = 32
const taintsMax = 16
const textMax = 64
const optionsMax = 10
const semantic = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$/

export function checkSliceSpec(spec: ResourceSliceSpec, before: ResourceSliceSpec | undefined): readonly Problem[] {
  const advanced = (spec.devices ?? []).some(({ taints = [], consumesCounters = [] }) => taints.length + consumesCounters.length > 0)
  return [
    ...checkDriverName(spec.driver, 'spec.driver'),
    ...checkResourcePool(spec.pool, 'spec.pool'),
    ...(before === undefined ? [] : [
      ...(spec.pool?.name === before.pool?.name ? [] : [immutable('spec.pool.name', spec.pool?.name)]),
      ...(spec.driver === before.driver ? [] : [immutable('spec.driver', spec.driver)]),
      ...(spec.nodeName === before.nodeName ? [] : [immutable('spec.nodeName', spec.nodeName ?? null)]),
    ]),
    ...checkPlace(spec),
    ...(spec.sharedCounters !== undefined && spec.devices !== undefined ? [invalid('spec', '', 'only one of `sharedCounters` or `devices` is allowed')] : []),
    ...checkEachOnce(spec.devices, advanced ? advancedDevicesMax : devicesMax, 'spec.devices', ({ name }) => name,
      (device, path) => checkOneDevice(device, before?.devices?.find(({ name }) => name === device.name), path, spec.perDeviceNodeSelection === true)),
    ...checkEachOnce(spec.sharedCounters, counterSetsMax, 'spec.sharedCounters', ({ name }) => name, ({ name, counters }, path) => [
      ...checkRequiredText(`${path}.name`, name, checkLabelName), ...checkCounters(counters, `${path}.counters`),
    ]),
  ]
}

function checkResourcePool(pool: ResourcePool | undefined, path: string): readonly Problem[] {
  const { resourceSliceCount = 0, generation = 0 } = pool ?? {}
  return [
    ...checkPool(pool?.name, `${path}.name`),
    ...(resourceSliceCount <= 0 ? [invalid(`${path}.resourceSliceCount`, resourceSliceCount, 'must be greater than zero')] : []),
    ...(generation < 0 ? [invalid(`${path}.generation`, generation, 'must be greater than or equal to zero')] : []),
  ]
}

/** Which nodes may use the devices: said once, for all or for each. */
function checkPlace({ nodeName, nodeSelector, allNodes, perDeviceNodeSelection }: ResourceSliceSpec): readonly Problem[] {
  const given = [
    ...(nodeName ? ['`nodeName`'] : []), ...(nodeSelector === undefined ? [] : ['`nodeSelector`']), ...(allNodes === true ? ['`allNodes`'] : []), ...(perDeviceNodeSelection === true ? ['`perDeviceNodeSelection`'] : []),
  ]
  const rule = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required'
  return [
    ...(nodeName === undefined ? [] : nodeName === '' ? [invalid('spec.nodeName', nodeName, 'must be either unset or set to a non-empty string')] : checkText('spec.nodeName', nodeName, checkSubdomain)),
    ...(nodeSelector === undefined ? [] : checkOneTerm(nodeSelector, 'spec.nodeSelector')),
    ...(allNodes === false ? [invalid('spec.allNodes', allNodes, 'must be either unset or set to true')] : []),
    ...(perDeviceNodeSelection === false ? [invalid('spec.perDeviceNodeSelection', perDeviceNodeSelection, 'must be either unset or set to true')] : []),
    ...(given.length === 0 ? [required('spec', rule)] : given.length > 1 ? [invalid('spec', `{${given.join(', ')}}`, `${rule}, but multiple fields are set`)] : []),
  ]
}

function checkOneTerm(selector: NodeSelector, path: string): readonly Problem[] {
  const { nodeSelectorTerms: terms = [] } = selector
  return [...checkNodeSelector(selector, path), ...(terms.length === 1 ? [] : [invalid(`${path}.nodeSelectorTerms`, terms, 'must have exactly one node selector term')])]
}

function checkOneDevice(device: Device, before: Device | undefined, path: string, placed: boolean): readonly Problem[] {
  const count = Object.keys(device.attributes ?? {}).length + Object.keys(device.capacity ?? {}).length
  return [
    ...checkDevice(device.name, `${path}.name`),
    ...(count > attributesMax ? [invalid(path, count, `the total number of attributes and capacities must not exceed ${attributesMax}`)] : []),
    ...checkMap(device.attributes, Infinity, `${path}.attributes`, checkQualifiedName, checkAttribute),
    // What is as it was needs no look: it may be older than a rule.
    ...(before !== undefined && sameMeaning(before.capacity, device.capacity) ? []
      : checkMap(device.capacity, Infinity, `${path}.capacity`, checkQualifiedName, device.allowMultipleAllocations === true ? checkSharedCapacity : checkCapacity)),
    ...(before !== undefined && sameMeaning(before.taints, device.taints) ? [] : checkEach(device.taints, taintsMax, `${path}.taints`, (taint, at) => checkTaint(taint, undefined, at))),
    ...checkEachOnce(device.consumesCounters, consumptionsMax, `${path}.consumesCounters`, ({ counterSet }) => counterSet, ({ counterSet, counters }, at) => [
      ...checkRequiredText(`${at}.counterSet`, counterSet, checkLabelName), ...checkCounters(counters, `${at}.counters`),
    ]),
    ...checkDevicePlace(device, path, placed),
    ...checkBinding(device, path),
  ]
}

function checkDevicePlace({ nodeName, nodeSelector, allNodes }: Device, path: string, placed: boolean): readonly Problem[] {
  const any = nodeName !== undefined || nodeSelector !== undefined || allNodes !== undefined
  if (!placed) return any ? [invalid(path, null, '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec')] : []
  const given = [...(nodeName ? ['`nodeName`'] : []), ...(nodeSelector === undefined ? [] : ['`nodeSelector`']), ...(allNodes === true ? ['`allNodes`'] : [])]
  const rule = 'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec'
  return [
    ...(nodeName === undefined ? [] : nodeName === '' ? [invalid(`${path}.nodeName`, nodeName, 'must not be empty')] : checkText(`${path}.nodeName`, nodeName, checkSubdomain)),
    ...(nodeSelector === undefined ? [] : checkNodeSelector(nodeSelector, `${path}.nodeSelector`)),
    ...(allNodes === false ? [invalid(`${path}.allNodes`, allNodes, 'must be either unset or set to true')] : []),
    ...(given.length === 0 ? [required(path, rule)] : given.length > 1 ? [invalid(path, `{${given.join(', ')}}`, rule)] : []),
  ]
}

const checkCounters = (counters: Readonly<Record<string, Counter>> | undefined, path: string): readonly Problem[] =>
  (Object.keys(counters ?? {}).length === 0 ? [required(path)] : checkMap(counters, countersMax, path, asText(checkLabelName), () => []))

function checkAttribute(attribute: DeviceAttribute, path: string): readonly Problem[] {
  const given = (['bool', 'int', 'string', 'version', 'bools', 'ints', 'strings', 'versions'] as const).filter((field) => attribute[field] !== undefined)
  const lists = (['bools', 'ints', 'strings', 'versions'] as const).flatMap((field) => (attribute[field]?.length === 0 ? [invalid(`${path}.${field}`, [], 'must not be empty if specified')] : []))
  return [
    ...(attribute.string === undefined ? [] : checkLength(attribute.string, `${path}.string`)), ...(attribute.version === undefined ? [] : checkVersion(attribute.version, `${path}.version`)),
    ...lists,
    ...(attribute.strings ?? []).flatMap((each, index) => checkLength(each, `${path}.strings[${index}]`)), ...(attribute.versions ?? []).flatMap((each, index) => checkVersion(each, `${path}.versions[${index}]`)),
    ...(given.length === 1 ? [] : [invalid(path, given.length === 0 ? '' : attribute, 'exactly one value must be specified')]),
  ]
}
const checkLength = (text: string, path: string): readonly Problem[] => (text.length > textMax ? [tooLong(path, textMax)] : [])
const checkVersion = (text: string, path: string): readonly Problem[] => [...(semantic.test(text) ? [] : [invalid(path, text, 'must be a string compatible with semver.org spec 2.0.0')]), ...checkLength(text, path)]

const checkCapacity = ({ requestPolicy }: DeviceCapacity, path: string): readonly Problem[] =>
  (requestPolicy === undefined ? [] : [forbidden(`${path}.requestPolicy`, 'allowMultipleAllocations must be true')])

function checkSharedCapacity({ value, requestPolicy }: DeviceCapacity, path: string): readonly Problem[] {
  return requestPolicy === undefined ? [] : checkPolicy(requestPolicy, value, `${path}.requestPolicy`)
}

function checkPolicy(policy: CapacityRequestPolicy, capacity: string, path: string): readonly Problem[] {
  const { default: usual, validValues: values = [], validRange: range } = policy
  if (values.length > 0 && range !== undefined) return [forbidden(path, 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time')]
  if (values.length > 0) return usual === undefined ? [required(`${path}.default`, 'required when validValues is defined')] : checkValues(usual, values, capacity, `${path}.validValues`)
  if (range !== undefined) return usual === undefined ? [required(`${path}.default`, 'required when validRange is defined')] : checkRange(usual, range, capacity, `${path}.validRange`)
  return []
}

const zero: Quantity = { nanos: 0n, format: 'DecimalSI' }
const amount = (text: string | undefined): Quantity => parseQuantity(text ?? '0') ?? zero
const above = (left: string | undefined, right: string | undefined): boolean => compareQuantities(amount(left), amount(right)) > 0

function checkValues(usual: string, values: readonly string[], capacity: string, path: string): readonly Problem[] {
  return [
    ...values.flatMap((value, index) => (index > 0 && above(values[index - 1], value) ? [invalid(`${path}[${index}]`, value, 'values must be sorted in ascending order')] : [])),
    ...checkEachOnce(values, optionsMax, path, (value) => String(amount(value).nanos), (value, at) => (above(value, capacity) ? [invalid(at, value, `option is larger than capacity value: ${capacity}`)] : [])),
    ...(values.some((value) => amount(value).nanos === amount(usual).nanos) ? [] : [invalid(path, usual, 'default value is not valid according to the requestPolicy')]),
  ]
}

function checkRange(usual: string, { min, max, step }: CapacityRequestPolicyRange, capacity: string, path: string): readonly Problem[] {
  if (min === undefined) return [required(`${path}.min`, 'required when validRange is defined')]
  return [
    ...(above(min, capacity) ? [invalid(`${path}.min`, min, `min is larger than capacity value: ${capacity}`)] : []),
    ...(above(min, usual) ? [invalid(`${path}.default`, usual, `default is less than min: ${min}`)] : []),
    ...(max === undefined ? [] : [
      ...(above(min, max) ? [invalid(`${path}.max`, min, `min is larger than max: ${max}`)] : []),
      ...(above(max, capacity) ? [invalid(`${path}.max`, max, `max is larger than capacity value: ${capacity}`)] : []),
      ...(above(usual, max) ? [invalid(`${path}.default`, usual, `default is more than max: ${max}`)] : []),
    ]),
    ...(step === undefined ? [] : amount(step).nanos <= 0n ? [invalid(`${path}.step`, step, 'must be greater than zero')]
      : [usual, ...(max === undefined ? [] : [max])].filter((value) => (amount(value).nanos - amount(min).nanos) % amount(step).nanos !== 0n)
        .map((value) => invalid(`${path}.step`, value, `value is not a multiple of a given step (${step}) from (${min})`))),
  ]
}
