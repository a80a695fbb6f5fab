import type { LabelSelector, V2MetricSpec, V2MetricStatus, V2MetricTarget, V2MetricValueStatus } from '../../api/generated/types.ts'
import { goSelectorText } from '../../api/selectors/index.ts'
import { splitVersion, type Resource } from '../../api/resource.ts'
import { type HorizontalPodAutoscaler, namespaces, type Pod } from '../../api/resources.ts'
import type { ClusterView } from '../../api/view.ts'
import type { Instant } from '../../base/clock.ts'
import { formatQuantity, quantityOfMilli } from '../../base/quantity.ts'
import { millisOf } from '../../rules/quantity.ts'
import type { MeasuredUse } from '../../rules/measured-use.ts'
import { metricOf, sumOfUses, usesIn } from '../../rules/use.ts'
import type { KnownTypes } from '../known-types.ts'
import { textOf, type Told, type Values } from './outside.ts'
import { type Measures, plainRatio, propose, proposeByRatio, proposeByShare, type Proposal, requestsOf, type Tolerance, utilizationRatio } from './replicas.ts'
import { type Fault, isFault, type Target, typeOfKind } from './target.ts'

/** What one metric asks for. */
export interface Wish { readonly replicas: number; readonly metric: string; readonly status: V2MetricStatus }
/** Why it cannot be told: what the condition and the event say, and how the sum of all metrics quotes it. */
export interface Unknown { readonly reason: string; readonly fault: string; readonly quoted: string }
export const isUnknown = (answer: Wish | Unknown): answer is Unknown => 'fault' in answer

export interface Surroundings {
  readonly autoscaler: HorizontalPodAutoscaler
  readonly target: Target
  readonly pods: readonly Pod[]
  readonly view: ClusterView
  readonly types: KnownTypes
  readonly now: Instant
  /** What the kubelets of real nodes told. */
  readonly measured: MeasuredUse
  /** What other servers told of the metrics, by `textOf` them; nothing is told of those that no server is registered for: annotations say those. */
  readonly told: ReadonlyMap<string, Told>
}

/** As upstream's default: a tenth off the target is near enough. */
const usualTolerance = 100
const toleranceOf = ({ spec: { behavior } }: HorizontalPodAutoscaler): Tolerance => {
  const share = (tolerance: string | undefined): number => (tolerance === undefined ? usualTolerance : millisOf(tolerance)) / 1000
  return { up: share(behavior?.scaleUp?.tolerance), down: share(behavior?.scaleDown?.tolerance) }
}

const quantity = (millis: number): string => formatQuantity(quantityOfMilli(millis))

/** How many replicas a metric asks for. */
export function wishOf(spec: V2MetricSpec, around: Surroundings): Wish | Unknown {
  const told = around.told.get(textOf(spec))
  if (spec.resource !== undefined) return resourceWish(spec.resource.name, spec.resource.target, undefined, around)
  if (spec.containerResource !== undefined) return resourceWish(spec.containerResource.name, spec.containerResource.target, spec.containerResource.container, around)
  if (spec.pods !== undefined) return podsWish(spec.pods.metric, spec.pods.target, told, around)
  if (spec.object !== undefined) return objectWish(spec.object, told, around)
  if (spec.external !== undefined) return externalWish(spec.external.metric, spec.external.target, told, around)
  const fault = `unknown metric source type ${JSON.stringify(spec.type)}`
  return { reason: 'InvalidMetricSourceType', fault, quoted: fault }
}

// ---- resources of pods and of containers ------------------------------------------------------------------------

function resourceWish(resource: string, target: V2MetricTarget, container: string | undefined, around: Surroundings): Wish | Unknown {
  const [reason, subject] = container === undefined ? ['FailedGetResourceMetric', `${resource} resource`] as const : ['FailedGetContainerResourceMetric', `${container} container`] as const
  const told = resourceProposal(resource, target, container, around)
  if (isFault(told)) return { reason, fault: told.fault, quoted: `failed to get ${subject} metric value: ${told.fault}` }
  const current: V2MetricValueStatus = { ...(told.utilization !== undefined && { averageUtilization: told.utilization }), averageValue: quantity(told.average) }
  const metric = target.averageValue !== undefined ? `${resource} resource` : `${resource} ${container === undefined ? '' : 'container '}resource utilization (percentage of request)`
  return {
    replicas: told.replicas, metric,
    status: container === undefined ? { type: 'Resource', resource: { name: resource, current } } : { type: 'ContainerResource', containerResource: { name: resource, container, current } },
  }
}

function resourceProposal(resource: string, { averageValue, averageUtilization }: V2MetricTarget, container: string | undefined, around: Surroundings): Proposal | Fault {
  const { autoscaler, target, pods, now } = around
  const usage = averageValue !== undefined
  if (!usage && averageUtilization === undefined) return { fault: 'invalid resource metric source: neither an average utilization target nor an average value (usage) target was set' }
  const failed = ({ fault }: Fault): Fault => ({ fault: `failed to get ${resource} ${usage ? 'usage' : 'utilization'}: ${fault}` })
  const measures = resourceMeasures(resource, container, around)
  if (isFault(measures)) return failed({ fault: `unable to get metrics for resource ${resource}: ${measures.fault}` })
  const question = { pods, measures, current: target.replicas, isCpu: resource === 'cpu', tolerance: toleranceOf(autoscaler), now }
  if (usage) {
    const wanted = millisOf(averageValue)
    const told = propose({ ...question, ratioOf: plainRatio(wanted), highest: () => wanted })
    return isFault(told) ? failed(told) : told
  }
  const wanted = averageUtilization ?? 0
  const requests = requestsOf(pods, resource, container)
  if (isFault(requests)) return failed(requests)
  const told = propose({ ...question, ratioOf: utilizationRatio(requests, wanted), highest: (name) => Math.trunc(((requests.get(name) ?? 0) * Math.max(100, wanted)) / 100) })
  return isFault(told) ? failed(told) : told
}

function resourceMeasures(resource: string, container: string | undefined, { pods, view, now, measured }: Surroundings): Measures | Fault {
  const measures = new Map<string, number>()
  const uses = usesIn(view, now, measured)
  let any = false
  for (const pod of pods) {
    const all = uses(pod)
    any ||= all !== undefined
    const own = container === undefined ? all : all?.filter(({ name }) => name === container)
    if (own === undefined || own.length === 0 || (resource !== 'cpu' && resource !== 'memory')) continue
    // Amounts below a thousandth count as a whole one, container by container, as upstream's MilliValue.
    const { cpu, memory } = sumOfUses(own.map((use) => ({ cpu: Math.ceil(use.cpu), memory: use.memory })))
    measures.set(pod.metadata.name, resource === 'cpu' ? cpu : memory * 1000)
  }
  if (!any) return { fault: 'no metrics returned from resource metrics API' }
  return container !== undefined && measures.size === 0 ? { fault: `container ${container} not present in metrics for pod ${pods[0]?.metadata.namespace}/${pods[0]?.metadata.name}` } : measures
}

// ---- numbers that others measure ----------------------------------------------------------------------------------

type Identifier = { readonly name: string; readonly selector?: LabelSelector }
const identified = ({ name, selector }: Identifier): Identifier => ({ name, ...(selector !== undefined && { selector }) })
const noCustomMetrics = 'unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered'
const noExternalMetrics = 'unable to fetch metrics from external metrics API: the server could not find the requested resource'

/** What annotations say, where no server is asked. */
function annotated(objects: readonly (Resource | undefined)[], metric: string, now: Instant, otherwise: string): Told {
  const values = objects.flatMap((object) => { const millis = object && metricOf(object, metric, now); return object === undefined || millis === undefined ? [] : [{ name: object.metadata.name, millis }] })
  return values.length === 0 ? { fault: otherwise } : { values }
}

function podsWish(metric: Identifier, { averageValue }: V2MetricTarget, answer: Told | undefined, { autoscaler, target, pods, now }: Surroundings): Wish | Unknown {
  const wanted = millisOf(averageValue)
  const found = answer ?? annotated(pods, metric.name, now, noCustomMetrics)
  const measures = isFault(found) ? nothing : new Map(found.values.map(({ name, millis }) => [name, millis]))
  const told = isFault(found) ? { fault: `unable to get metric ${metric.name}: ${found.fault}` }
    : propose({ pods, measures, current: target.replicas, isCpu: false, tolerance: toleranceOf(autoscaler), now, ratioOf: plainRatio(wanted), highest: () => wanted })
  if (isFault(told)) return { reason: 'FailedGetPodsMetric', fault: told.fault, quoted: `failed to get pods metric value: ${told.fault}` }
  return { replicas: told.replicas, metric: `pods metric ${metric.name}`, status: { type: 'Pods', pods: { metric: identified(metric), current: { averageValue: quantity(told.average) } } } }
}

function objectWish({ metric, target: { type, value, averageValue }, describedObject }: NonNullable<V2MetricSpec['object']>, answer: Told | undefined, around: Surroundings): Wish | Unknown {
  const { autoscaler, target, pods, now } = around
  const unknown = (fault: string, quoted = fault): Unknown => ({ reason: 'FailedGetObjectMetric', fault, quoted: `failed to get object metric value: ${quoted}` })
  if (!(type === 'Value' && value !== undefined) && !(type === 'AverageValue' && averageValue !== undefined)) return unknown('invalid object metric source: neither a value target nor an average value target was set')
  const namespace = autoscaler.metadata.namespace ?? ''
  const found = answer ?? annotated([findDescribed(describedObject, namespace, around)], metric.name, now, noCustomMetrics)
  if (isFault(found)) {
    const fault = `unable to get metric ${metric.name}: ${describedObject.kind} on ${namespace} ${describedObject.name}/${found.fault}`
    return type === 'Value' ? unknown(fault) : unknown(fault, `failed to get ${metric.name} object metric: ${fault}`)
  }
  const measured = sumOf(found)
  if (type === 'Value') {
    const replicas = proposeByRatio(measured / millisOf(value), target.replicas, pods, toleranceOf(autoscaler))
    if (isFault(replicas)) return unknown(replicas.fault)
    return { replicas, metric: `${describedObject.kind} metric ${metric.name}`, status: { type: 'Object', object: { describedObject, metric: identified(metric), current: { value: quantity(measured) } } } }
  }
  const { replicas, average } = proposeByShare(measured, millisOf(averageValue), target.statusReplicas, toleranceOf(autoscaler))
  return { replicas, metric: `external metric ${metric.name}(${goSelector(metric.selector)})`, status: { type: 'Object', object: { describedObject, metric: identified(metric), current: { averageValue: quantity(average) } } } }
}

function findDescribed({ apiVersion = 'v1', kind, name }: { readonly apiVersion?: string; readonly kind: string; readonly name: string }, namespace: string, { view, types }: Surroundings): Resource | undefined {
  const type = typeOfKind(splitVersion(apiVersion)[0], kind, types)
  return type && view.get(type, type.scope === 'Namespaced' ? namespace : '', name)
}

const nothing: Measures = new Map()
const sumOf = ({ values }: Values): number => values.reduce((sum, { millis }) => sum + millis, 0)

/** What is measured outside of the cluster: a server, or the namespace's annotation, says it. */
function externalWish(metric: Identifier, { value, averageValue }: V2MetricTarget, answer: Told | undefined, { autoscaler, target, pods, view, now }: Surroundings): Wish | Unknown {
  const unknown = (fault: string, quoted = fault): Unknown => ({ reason: 'FailedGetExternalMetric', fault, quoted: `failed to get ${metric.name} external metric value: ${quoted}` })
  if (value === undefined && averageValue === undefined) return unknown('invalid external metric source: neither a value target nor an average value target was set')
  const namespace = autoscaler.metadata.namespace ?? ''
  const found = answer ?? annotated([view.get(namespaces, '', namespace)], metric.name, now, `${noExternalMetrics} (get ${metric.name}.external.metrics.k8s.io)`)
  const quotedAs = (fault: string): string => (averageValue !== undefined ? `failed to get ${metric.name} external metric: ${fault}` : `failed to get external metric ${metric.name}: ${fault}`)
  if (isFault(found)) {
    const fault = `unable to get external metric ${namespace}/${metric.name}/${goSelector(metric.selector)}: ${found.fault}`
    return unknown(fault, quotedAs(fault))
  }
  const measured = sumOf(found)
  const told = `external metric ${metric.name}(${goSelector(metric.selector)})`
  if (averageValue !== undefined) {
    const { replicas, average } = proposeByShare(measured, millisOf(averageValue), target.statusReplicas, toleranceOf(autoscaler))
    return { replicas, metric: told, status: { type: 'External', external: { metric: identified(metric), current: { averageValue: quantity(average) } } } }
  }
  const replicas = proposeByRatio(measured / millisOf(value), target.replicas, pods, toleranceOf(autoscaler))
  if (isFault(replicas)) return unknown(replicas.fault, quotedAs(replicas.fault))
  return { replicas, metric: told, status: { type: 'External', external: { metric: identified(metric), current: { value: quantity(measured) } } } }
}

/** As Go prints a pointer to it. */
const goSelector = (selector: LabelSelector | undefined): string => (selector === undefined ? 'nil' : goSelectorText(selector))
