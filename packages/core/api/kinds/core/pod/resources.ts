// What upstream's validation of resources refuses, of a container and of a pod as a whole.
import { addQuantities, compareQuantities, formatQuantity, parseQuantity, type Quantity } from '../../../../base/quantity.ts'
import type { CoreV1ResourceClaim, PodResourceClaim, PodSpec, ResourceRequirements } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import { checkSubdomain, checkLabelName } from '../../../selectors/syntax.ts'
import { checkRequiredText, checkText, duplicate, forbidden, invalid, required, unsupported } from '../../problems.ts'
import { checkContainerResourceName, checkResourceAmount, isExtended, isHugePages } from '../resourcenames.ts'

type Amounts = Readonly<Record<string, string>>
type NameRule = (name: string, path: string) => readonly Problem[]

/** Nobody gets more of these than there is: what is asked for is what is allowed. */
const isExact = (name: string): boolean => isExtended(name) || isHugePages(name)
export const isCompute = (name: string): boolean => name === 'cpu' || name === 'memory'

/** The resources of a container. `claims` are the pod's, which it may use. */
export function checkResources(resources: ResourceRequirements | undefined, path: string, claims: readonly PodResourceClaim[] = []): readonly Problem[] {
  return [...checkRequirements(resources, path, checkContainerResourceName), ...checkClaimNames(resources?.claims ?? [], `${path}.claims`, claims)]
}

function checkRequirements(resources: ResourceRequirements | undefined, path: string, nameRule: NameRule): readonly Problem[] {
  const { limits = {}, requests = {} } = resources ?? {}
  const names = [...Object.keys(limits), ...Object.keys(requests)]
  return [
    ...checkAmounts(limits, `${path}.limits`, nameRule),
    ...Object.entries(requests).flatMap(([name, asked]) => [...checkAmount(name, asked, `${path}.requests[${name}]`, nameRule), ...checkWithin(name, asked, limits[name], path)]),
    ...(names.some(isHugePages) && !names.some(isCompute) ? [forbidden(path, 'HugePages require cpu or memory')] : []),
  ]
}

const checkAmounts = (amounts: Amounts, path: string, nameRule: NameRule): readonly Problem[] => Object.entries(amounts).flatMap(([name, amount]) => checkAmount(name, amount, `${path}[${name}]`, nameRule))

function checkAmount(name: string, amount: string, path: string, nameRule: NameRule): readonly Problem[] {
  const unit = isHugePages(name) ? parseQuantity(name.slice('hugepages-'.length)) : undefined
  const quantity = parseQuantity(amount)
  const divides = unit === undefined || quantity === undefined || unit.nanos <= 0n || quantity.nanos % unit.nanos === 0n
  return [
    ...nameRule(name, path), ...checkResourceAmount(name, amount, path),
    ...(divides || unit === undefined ? [] : [invalid(path, amount, `${amount} is not positive integer multiple of ${formatQuantity(unit)}`)]),
  ]
}

function checkWithin(name: string, asked: string, allowed: string | undefined, path: string): readonly Problem[] {
  const [request, limit] = [parseQuantity(asked), parseQuantity(allowed ?? '')]
  if (request === undefined) return []
  if (limit === undefined) return isExact(name) && allowed === undefined ? [required(`${path}.limits`, 'Limit must be set for non overcommitable resources')] : []
  const order = compareQuantities(request, limit)
  if (isExact(name) && order !== 0) return [invalid(`${path}.requests`, formatQuantity(request), `must be equal to ${name} limit of ${formatQuantity(limit)}`)]
  return order > 0 ? [invalid(`${path}.requests`, formatQuantity(request), `must be less than or equal to ${name} limit of ${formatQuantity(limit)}`)] : []
}

function checkClaimNames(used: readonly CoreV1ResourceClaim[], path: string, claims: readonly PodResourceClaim[]): readonly Problem[] {
  const known = claims.map(({ name }) => name).sort()
  const seen = new Set<string>()
  return used.flatMap(({ name, request }, index) => {
    const at = `${path}[${index}]`
    if (!name) return [required(at)]
    const key = request ? `${name}/${request}` : name
    const again = seen.has(key)
    seen.add(key)
    const unknown: Problem = { path: at, reason: 'FieldValueNotFound', value: name, detail: `must be one of the names in pod.spec.resourceClaims${known.length === 0 ? ' which is empty' : `: ${known.join(', ')}`}` }
    return [...(again ? [duplicate(at, key)] : []), ...(request ? checkText(`${at}.request`, request, checkLabelName) : []), ...(known.includes(name) ? [] : [unknown])]
  })
}

/** The claims of a pod: each is one that there is, or one that is made for it. */
export function checkPodClaims(claims: readonly PodResourceClaim[], path: string): readonly Problem[] {
  const names = new Set<string>()
  return claims.flatMap((claim, index) => {
    const at = `${path}[${index}]`
    const { name, resourceClaimName: made, resourceClaimTemplateName: template } = claim
    const again = names.has(name)
    names.add(name)
    return [
      ...(again ? [duplicate(`${at}.name`, name)] : []),
      ...checkRequiredText(`${at}.name`, name, checkLabelName),
      ...(made !== undefined && template !== undefined ? [invalid(at, claim, 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified')] : []),
      ...(made === undefined && template === undefined ? [invalid(at, claim, 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`')] : []),
      ...(made === undefined ? [] : checkText(`${at}.resourceClaimName`, made, checkSubdomain)),
      ...(template === undefined ? [] : checkText(`${at}.resourceClaimTemplateName`, template, checkSubdomain)),
    ]
  })
}

/** The resources of a pod as a whole: no less than its containers ask for together, no less than any of them may have. */
export function checkPodResources(spec: PodSpec, path: string): readonly Problem[] {
  const { resources } = spec
  if (resources === undefined) return []
  const { limits = {}, requests = {} } = resources
  const nameRule: NameRule = (name, at) => (isForPods(name) ? [] : [unsupported(at, name, ['cpu', 'hugepages-*', 'memory'])])
  return [
    ...(resources.claims === undefined ? [] : [forbidden(`${path}.claims`, 'claims cannot be set for Resources at pod-level')]),
    ...checkRequirements(resources, path, nameRule),
    ...[...requestsOf(spec)].filter(([name, sum]) => isCompute(name) && requests[name] !== undefined && compareQuantities(sum, amountOf(requests[name])) > 0)
      .map(([name, sum]) => invalid(`${path}.requests[${name}]`, formatQuantity(amountOf(requests[name])), `must be greater than or equal to aggregate container requests of ${formatQuantity(sum)}`)),
    ...(spec.containers ?? []).flatMap((container, index) => Object.entries(container.resources?.limits ?? {}).flatMap(([name, limit]) =>
      (limits[name] !== undefined && compareQuantities(amountOf(limit), amountOf(limits[name])) > 0 ? [invalid(`${path}.containers[${index}][${name}].limits`, limit, `must be less than or equal to pod limits of ${limits[name]}`)] : []))),
  ]
}

const zero: Quantity = { nanos: 0n, format: 'DecimalSI' }
const amountOf = (text: string | undefined): Quantity => parseQuantity(text ?? '0') ?? zero

/** Resources that a pod may have for all its containers. */
export const isForPods = (name: string): boolean => isCompute(name) || isHugePages(name)

/** What a pod needs at most at once: its containers with its sidecars, or one init container with the sidecars before it. */
export function requestsOf({ containers = [], initContainers = [] }: PodSpec): ReadonlyMap<string, Quantity> {
  const sum = new Map<string, Quantity>()
  const add = (to: Map<string, Quantity>, amounts: Amounts | undefined): void => {
    for (const [name, amount] of Object.entries(amounts ?? {})) to.set(name, addQuantities(to.get(name) ?? zero, amountOf(amount)))
  }
  const most = (to: Map<string, Quantity>, from: ReadonlyMap<string, Quantity>): void => {
    for (const [name, amount] of from) if (compareQuantities(amount, to.get(name) ?? zero) > 0) to.set(name, amount)
  }
  const sidecars = new Map<string, Quantity>()
  const starting = new Map<string, Quantity>()
  for (const container of initContainers) {
    if (container.restartPolicy === 'Always') { add(sidecars, container.resources?.requests); most(starting, sidecars); continue }
    const once = new Map(sidecars)
    add(once, container.resources?.requests)
    most(starting, once)
  }
  for (const [name, amount] of sidecars) sum.set(name, amount)
  for (const container of containers) add(sum, container.resources?.requests)
  most(sum, starting)
  return sum
}
