// LimitRanger: what a namespace's LimitRanges fill in and bound. Behaviour and words: upstream's plugin of this name.
import type { Container, LimitRangeItem } from '../../api/generated/types.ts'
import type { Refusal } from '../../api/refusal.ts'
import { type LimitRange, limitRanges, type PersistentVolumeClaim, persistentVolumeClaims, type Pod, pods } from '../../api/resources.ts'
import { canonicalQuantity, compareQuantities, formatQuantity, milliValue, parseQuantity, type Quantity } from '../../base/quantity.ts'
import { podQuantities, quantitiesOf, type Quantities } from '../../rules/quota/index.ts'
import { forbidden } from '../refusals.ts'
import type { Admission, Plugin } from './types.ts'

export const limitRanger: Plugin = {
  name: 'LimitRanger', operations: ['create', 'update'], resources: [pods.resource, persistentVolumeClaims.resource],
  mutate(admission) {
    const { operation, kind, object, subresource } = admission
    if (operation !== 'create' || kind.resource !== pods.resource || subresource !== '') return object
    let pod = object as Pod
    for (const range of rangesOf(admission)) pod = withDefaults(range, pod)
    return pod
  },
  validate(admission) {
    if (!isBounded(admission)) return undefined
    for (const range of rangesOf(admission)) {
      const faults = faultsOf(range, admission)
      if (faults.length > 0) return refusalOf(admission, faults)
    }
    return undefined
  },
}

const none: readonly LimitRange[] = []
function rangesOf({ object, circumstances: { view } }: Admission): Iterable<LimitRange> {
  const { namespace = '' } = object.metadata
  return namespace === '' || view.count(limitRanges) === 0 ? none : view.list(limitRanges, namespace)
}

/** Pods when they are made or resized, claims when they are written. What is on its way out is let go. */
function isBounded({ operation, kind, subresource, before }: Admission): boolean {
  if (operation !== 'create' && operation !== 'update') return false
  if (before?.metadata.deletionTimestamp !== undefined) return false
  if (kind.resource === pods.resource) return operation === 'create' ? subresource === '' : subresource === 'resize'
  return kind.resource === persistentVolumeClaims.resource && subresource === ''
}

function refusalOf({ kind, object }: Admission, faults: readonly string[]): Refusal {
  const told = [...new Set(faults)]
  return forbidden(kind, object.metadata.name, told.length === 1 ? told[0] ?? '' : `[${told.join(', ')}]`)
}

const mark = 'kubernetes.io/limit-ranger'
function withDefaults({ spec }: LimitRange, pod: Pod): Pod {
  const limits: Record<string, string> = {}
  const requests: Record<string, string> = {}
  for (const item of spec.limits ?? []) {
    if (item.type !== 'Container') continue
    Object.assign(limits, item.default)
    Object.assign(requests, item.defaultRequest)
  }
  const said: string[] = []
  const filled = (container: Container, what: string): Container => filledIn(container, { limits, requests }, what, said)
  const containers = pod.spec.containers.map((container) => filled(container, 'container'))
  const initContainers = pod.spec.initContainers?.map((container) => filled(container, 'init container'))
  if (said.length === 0) return pod
  return {
    ...pod,
    metadata: { ...pod.metadata, annotations: { ...pod.metadata.annotations, [mark]: `LimitRanger plugin set: ${said.join('; ')}` } },
    spec: { ...pod.spec, containers, ...(initContainers !== undefined && { initContainers }) },
  }
}

function filledIn(container: Container, defaults: { readonly limits: Readonly<Record<string, string>>; readonly requests: Readonly<Record<string, string>> }, what: string, said: string[]): Container {
  let { resources } = container
  for (const which of ['requests', 'limits'] as const) {
    const missing = Object.keys(defaults[which]).filter((name) => resources?.[which]?.[name] === undefined).sort()
    if (missing.length === 0) continue
    resources = { ...resources, [which]: { ...resources?.[which], ...Object.fromEntries(missing.map((name) => [name, defaults[which][name] ?? ''])) } }
    said.push(`${missing.join(', ')} ${which === 'requests' ? 'request' : 'limit'} for ${what} ${container.name}`)
  }
  return resources === container.resources || resources === undefined ? container : { ...container, resources }
}

interface Amounts { readonly requests: Quantities; readonly limits: Quantities }

function faultsOf({ spec }: LimitRange, { kind, object }: Admission): readonly string[] {
  if (kind.resource === persistentVolumeClaims.resource) {
    const requests = quantitiesOf((object as PersistentVolumeClaim).spec.resources?.requests)
    return (spec.limits ?? []).filter(({ type }) => type === 'PersistentVolumeClaim').flatMap((item) => [
      ...bounds(item.min, (name, bound) => belowMinimum(item.type, name, bound, { requests, limits: {} })), ...bounds(item.max, (name, bound) => requestAboveMaximum(item.type, name, bound, requests)),
    ])
  }
  const pod = object as Pod
  return (spec.limits ?? []).flatMap((item) => {
    switch (item.type) {
      case 'Container': return [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].flatMap(({ resources }) => outOfBounds(item, { requests: quantitiesOf(resources?.requests), limits: quantitiesOf(resources?.limits) }))
      case 'Pod': return outOfBounds(item, { requests: podQuantities(pod.spec, 'requests', 'left out'), limits: podQuantities(pod.spec, 'limits', 'left out') })
      default: return []
    }
  })
}

const outOfBounds = (item: LimitRangeItem, amounts: Amounts): readonly string[] => [
  ...bounds(item.min, (name, bound) => belowMinimum(item.type, name, bound, amounts)), ...bounds(item.max, (name, bound) => aboveMaximum(item.type, name, bound, amounts)),
  ...bounds(item.maxLimitRequestRatio, (name, bound) => tooElastic(item.type, name, bound, amounts)),
]
function bounds(map: Readonly<Record<string, string>> | undefined, fault: (name: string, bound: string) => string | undefined): readonly string[] {
  return Object.keys(map ?? {}).sort().map((name) => fault(name, map?.[name] ?? '')).filter((each) => each !== undefined)
}

const than = (left: Quantity, bound: string): number => compareQuantities(left, parseQuantity(bound) ?? left)
const text = (bound: string): string => canonicalQuantity(bound)

function belowMinimum(type: string, name: string, bound: string, { requests, limits }: Amounts): string | undefined {
  const [request, limit] = [requests[name], limits[name]]
  const usage = `minimum ${name} usage per ${type} is ${text(bound)}`
  if (request === undefined) return `${usage}.  No request is specified`
  if (than(request, bound) < 0) return `${usage}, but request is ${formatQuantity(request)}`
  return limit !== undefined && than(limit, bound) < 0 ? `${usage}, but limit is ${formatQuantity(limit)}` : undefined
}
function aboveMaximum(type: string, name: string, bound: string, { requests, limits }: Amounts): string | undefined {
  const [request, limit] = [requests[name], limits[name]]
  const usage = `maximum ${name} usage per ${type} is ${text(bound)}`
  if (limit === undefined) return `${usage}.  No limit is specified`
  if (than(limit, bound) > 0) return `${usage}, but limit is ${formatQuantity(limit)}`
  return request !== undefined && than(request, bound) > 0 ? `${usage}, but request is ${formatQuantity(request)}` : undefined
}
function requestAboveMaximum(type: string, name: string, bound: string, requests: Quantities): string | undefined {
  const request = requests[name]
  const usage = `maximum ${name} usage per ${type} is ${text(bound)}`
  if (request === undefined) return `${usage}.  No request is specified`
  return than(request, bound) > 0 ? `${usage}, but request is ${formatQuantity(request)}` : undefined
}
function tooElastic(type: string, name: string, bound: string, { requests, limits }: Amounts): string | undefined {
  const [request, limit] = [requests[name], limits[name]]
  const ratio = `${name} max limit to request ratio per ${type} is ${text(bound)}`
  if (request === undefined || request.nanos === 0n) return `${ratio}, but no request is specified or request is 0`
  if (limit === undefined || limit.nanos === 0n) return `${ratio}, but no limit is specified or limit is 0`
  const observed = Number(limit.nanos) / Number(request.nanos)
  return observed * 1000 > milliValue(bound) ? `${ratio}, but provided ratio is ${observed.toFixed(6)}` : undefined
}
