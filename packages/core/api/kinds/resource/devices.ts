// What claims, their templates, classes and slices say of devices.
import type {
  CapacityRequirements, DeviceClaim, DeviceClassConfiguration, DeviceConstraint, DeviceRequest, DeviceSelector, DeviceTaint, DeviceToleration, ExactDeviceRequest, JsonValue, OpaqueDeviceConfiguration,
} from '../../generated/types.ts'
import type { Problem } from '../../refusal.ts'
import { checkLabelKey, checkLabelValue, checkSubdomain } from '../../selectors/syntax.ts'
import { canonicalQuantity } from '../../../base/quantity.ts'
import { eachOf, eachValue, withDefaults, withField } from '../filling.ts'
import { checkOneOf, checkRequiredOneOf, checkRequiredText, checkText, duplicate, invalid, required, tooLong, unsupported } from '../problems.ts'
import { checkDeviceExpression } from './expressions.ts'
import { checkDriverName } from '../drivernames.ts'
import { asText, checkEach, checkEachOnce, checkFullyQualifiedName, checkRequestName } from './names.ts'

const listMax = 32
const alternativesMax = 8
const bindingConditionsMax = 4
export const opaqueMax = 10 * 1024
const effects: readonly string[] = ['NoExecute', 'NoSchedule', 'None']

// ---- defaults ---------------------------------------------------------------------------------------------------------

export function fillClaim(claim: DeviceClaim): DeviceClaim {
  return withField(claim, 'requests', (requests) => eachOf(requests, (request: DeviceRequest) =>
    withField(withField(request, 'exactly', fillRequest), 'firstAvailable', (alternatives) => eachOf(alternatives, fillRequest))))
}

function fillRequest<Request extends ExactDeviceRequest>(draft: Request): Request {
  const mode: ExactDeviceRequest = withDefaults<ExactDeviceRequest>(draft, { allocationMode: 'ExactCount' })
  // As Go reads it: a zero is the absence of a value.
  const counted = mode.allocationMode === 'ExactCount' && !mode.count ? { ...mode, count: 1 } : mode
  const tolerant = withField(counted, 'tolerations', (tolerations) => eachOf(tolerations, fillToleration))
  return withField(tolerant, 'capacity', (capacity: CapacityRequirements) => withField(capacity, 'requests', (amounts) => eachValue(amounts, canonicalQuantity))) as Request
}

export const fillToleration = (toleration: DeviceToleration): DeviceToleration => (toleration.operator ? toleration : { ...toleration, operator: 'Equal' })

// ---- claims -----------------------------------------------------------------------------------------------------------

/** The names of a claim's requests, and those of each one's alternatives. */
export type RequestNames = ReadonlyMap<string, ReadonlySet<string>>
export const requestNamesOf = ({ requests = [] }: DeviceClaim): RequestNames =>
  new Map(requests.map(({ name, firstAvailable = [] }) => [name ?? '', new Set(firstAvailable.map((alternative) => alternative.name))]))

export function checkDeviceClaim(claim: DeviceClaim, path: string): readonly Problem[] {
  const names = requestNamesOf(claim)
  return [
    ...checkEachOnce(claim.requests, listMax, `${path}.requests`, ({ name }) => name, checkRequest),
    ...checkEach(claim.constraints, listMax, `${path}.constraints`, (constraint, at) => checkConstraint(constraint, at, names)),
    ...checkEach(claim.config, listMax, `${path}.config`, (config, at) => [...checkReferences(config.requests, at, names), ...checkConfiguration(config, at)]),
  ]
}

function checkRequest({ name, exactly, firstAvailable = [] }: DeviceRequest, path: string): readonly Problem[] {
  const named = checkRequestName(name, `${path}.name`)
  if (exactly === undefined && firstAvailable.length === 0) return [...named, required(path, 'exactly one of `exactly` or `firstAvailable` is required')]
  if (exactly !== undefined && firstAvailable.length > 0) return [...named, invalid(path, null, 'exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set')]
  if (exactly !== undefined) return [...named, ...checkAsked(exactly, `${path}.exactly`)]
  return [...named, ...checkEachOnce(firstAvailable, alternativesMax, `${path}.firstAvailable`, (alternative) => alternative.name, (alternative, at) => [...checkRequestName(alternative.name, `${at}.name`), ...checkAsked(alternative, at)])]
}

function checkAsked({ deviceClassName, selectors, allocationMode, count = 0, tolerations }: ExactDeviceRequest, path: string): readonly Problem[] {
  return [
    ...checkRequiredText(`${path}.deviceClassName`, deviceClassName, checkSubdomain),
    ...checkSelectors(selectors, `${path}.selectors`),
    ...(allocationMode === 'All' ? count === 0 ? [] : [invalid(`${path}.count`, count, "must not be specified when allocationMode is 'All'")]
      : allocationMode === 'ExactCount' ? count > 0 ? [] : [invalid(`${path}.count`, count, 'must be greater than zero')]
        : [unsupported(`${path}.allocationMode`, allocationMode ?? '', ['All', 'ExactCount'])]),
    ...(tolerations ?? []).flatMap((toleration, index) => checkToleration(toleration, `${path}.tolerations[${index}]`)),
  ]
}

export const checkSelectors = (selectors: readonly DeviceSelector[] | undefined, path: string): readonly Problem[] =>
  checkEach(selectors, listMax, path, ({ cel }, at) => (cel === undefined ? [required(`${at}.cel`)] : checkDeviceExpression(cel.expression ?? '', `${at}.cel.expression`)))

function checkConstraint({ requests, matchAttribute, distinctAttribute }: DeviceConstraint, path: string, names: RequestNames): readonly Problem[] {
  return [
    ...checkReferences(requests, path, names),
    ...(matchAttribute !== undefined ? checkFullyQualifiedName(matchAttribute, `${path}.matchAttribute`)
      : distinctAttribute !== undefined ? checkFullyQualifiedName(distinctAttribute, `${path}.distinctAttribute`)
        : [required(path, 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set')]),
  ]
}

/** The requests that something is about. */
export const checkReferences = (requests: readonly string[] | undefined, path: string, names: RequestNames): readonly Problem[] =>
  checkEachOnce(requests, listMax, `${path}.requests`, (name) => name, (name, at) => checkReference(name, at, names))

/** A request by its name, or one of its alternatives: 'gpu', 'gpu/large'. */
export function checkReference(name: string, path: string, names: RequestNames): readonly Problem[] {
  const parts = name.split('/')
  const unknown = invalid(path, name, "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'")
  if (parts.length > 2) return [unknown]
  const [request = '', alternative] = parts
  const found = names.get(request)
  return [...parts.flatMap((part) => checkRequestName(part, path)), ...(found !== undefined && (alternative === undefined || found.has(alternative)) ? [] : [unknown])]
}

export const checkConfigurations = (configurations: readonly DeviceClassConfiguration[] | undefined, path: string): readonly Problem[] => checkEach(configurations, listMax, path, checkConfiguration)

/** What a driver is told, in its own words. */
export const checkConfiguration = ({ opaque }: { readonly opaque?: OpaqueDeviceConfiguration }, path: string): readonly Problem[] =>
  (opaque === undefined ? [required(`${path}.opaque`)] : [...checkDriverName(opaque.driver, `${path}.opaque.driver`), ...checkRaw(opaque.parameters, `${path}.opaque.parameters`, opaqueMax)])

/** A JSON object of any form, up to a size. */
export function checkRaw(raw: JsonValue | undefined, path: string, max: number): readonly Problem[] {
  if (raw === undefined || raw === null) return [required(path)]
  if (JSON.stringify(raw).length > max) return [tooLong(path, max)]
  return typeof raw === 'object' && !Array.isArray(raw) ? [] : [invalid(path, '<value omitted>', 'must be a valid JSON object')]
}

// ---- taints -----------------------------------------------------------------------------------------------------------

/** A taint. What it does is checked when that is new. */
export function checkTaint({ key, value, effect }: DeviceTaint, before: DeviceTaint | undefined, path: string): readonly Problem[] {
  return [
    ...checkText(`${path}.key`, key ?? '', checkLabelKey),
    ...(value ? checkText(`${path}.value`, value, checkLabelValue) : []),
    ...(before !== undefined && before.effect === effect ? [] : checkRequiredOneOf(`${path}.effect`, effect, effects)),
  ]
}

export function checkToleration({ key, operator, value = '', effect }: DeviceToleration, path: string): readonly Problem[] {
  return [
    ...(key ? checkText(`${path}.key`, key, checkLabelKey) : []),
    ...(operator === 'Exists' ? value === '' ? [] : [invalid(`${path}.value`, value, 'must be empty for operator `Exists`')]
      : operator === 'Equal' ? checkText(`${path}.value`, value, checkLabelValue) : checkRequiredOneOf(`${path}.operator`, operator, ['Equal', 'Exists'])),
    ...(effect ? checkOneOf(`${path}.effect`, effect, effects) : []),
  ]
}

// ---- binding ----------------------------------------------------------------------------------------------------------

/** Conditions that a device must meet before its pod is bound, and those that say it never will: both or neither. */
export function checkBinding({ bindingConditions: good = [], bindingFailureConditions: bad = [] }: { readonly bindingConditions?: readonly string[]; readonly bindingFailureConditions?: readonly string[] }, path: string): readonly Problem[] {
  const twice = (items: readonly string[], at: string): readonly Problem[] => items.flatMap((item, index) => (items.indexOf(item) < index ? [duplicate(`${at}[${index}]`, item)] : []))
  const [goodPath, badPath] = [`${path}.bindingConditions`, `${path}.bindingFailureConditions`]
  return [
    ...checkEach(good, bindingConditionsMax, goodPath, asText(checkLabelKey)), ...checkEach(bad, bindingConditionsMax, badPath, asText(checkLabelKey)),
    ...twice(good, goodPath), ...twice(bad, badPath),
    ...bad.flatMap((item, index) => (good.includes(item) ? [invalid(`${badPath}[${index}]`, item, 'bindingFailureConditions must not overlap with bindingConditions')] : [])),
    ...(good.length === 0 && bad.length > 0 ? [invalid(goodPath, good, 'bindingConditions are required to use bindingFailureConditions')] : []),
    ...(bad.length === 0 && good.length > 0 ? [invalid(badPath, bad, 'bindingFailureConditions are required to use bindingConditions')] : []),
  ]
}
