// autoscaling/v1 knows one metric, the processor. As upstream, annotations hold what else the hub says, so that nothing is lost on the way.
import type { HorizontalPodAutoscaler as HorizontalPodAutoscalerV1, ObjectMeta, V2HorizontalPodAutoscaler, V2HorizontalPodAutoscalerBehavior, V2HorizontalPodAutoscalerCondition, V2HPAScalingRules, V2MetricSpec } from '../../../generated/types.ts'
import type { Draft } from '../../../resource.ts'
import type { HorizontalPodAutoscaler } from '../../../resources.ts'
import { defaultMetric, fillAutoscaler } from './defaults.ts'
import { fits, read, type Shape } from './shapes.ts'
import { type MetricSpecV1, metricShape, type MetricStatusV1, metricStatusShape, specFromV1, specToV1, statusFromV1, statusToV1 } from './v1metrics.ts'

const prefix = 'autoscaling.alpha.kubernetes.io'
const annotations = { metrics: `${prefix}/metrics`, current: `${prefix}/current-metrics`, conditions: `${prefix}/conditions`, behavior: `${prefix}/behavior` } as const

const conditionsShape: Shape = { list: { fields: { type: 'text', status: 'text', lastTransitionTime: 'text', reason: 'text', message: 'text' } } }
const rulesShape: Shape = { fields: { stabilizationWindowSeconds: 'number', selectPolicy: 'text', tolerance: 'text', policies: { list: { fields: { type: 'text', value: 'number', periodSeconds: 'number' } } } } }
const behaviorShape: Shape = { fields: { scaleUp: rulesShape, scaleDown: rulesShape } }

/** Is this what v1 has a field for? */
const isProcessor = ({ type, resource }: V2MetricSpec): boolean => type === 'Resource' && resource?.name === 'cpu' && resource.target?.averageUtilization !== undefined

/** The hub as v1. */
export function fromV2(hub: HorizontalPodAutoscaler): Draft {
  const { metrics = [], behavior, minReplicas, maxReplicas, scaleTargetRef } = hub.spec
  const { conditions = [], currentMetrics = [], currentReplicas = 0, desiredReplicas = 0, lastScaleTime, observedGeneration } = hub.status
  const others = metrics.filter((metric) => !isProcessor(metric))
  const aim = metrics.find(isProcessor)?.resource?.target?.averageUtilization
  const now = currentMetrics.find(({ type, resource }) => type === 'Resource' && resource?.name === 'cpu' && resource.current?.averageUtilization !== undefined)?.resource?.current?.averageUtilization
  return {
    ...hub, apiVersion: 'autoscaling/v1',
    metadata: withAnnotations(hub.metadata, {
      ...(others.length > 0 && { [annotations.metrics]: JSON.stringify(others.map(specToV1)) }),
      ...(currentMetrics.length > 0 && { [annotations.current]: JSON.stringify(currentMetrics.map(statusToV1)) }),
      ...(conditions.length > 0 && { [annotations.conditions]: JSON.stringify(conditions.map(({ type, status, lastTransitionTime, reason, message }) => ({ type, status, lastTransitionTime, reason, message }))) }),
      ...(behavior !== undefined && { [annotations.behavior]: JSON.stringify({ ScaleUp: inOwnForm(behavior.scaleUp), ScaleDown: inOwnForm(behavior.scaleDown) }) }),
    }),
    spec: {
      ...(scaleTargetRef !== undefined && { scaleTargetRef }), ...(minReplicas !== undefined && { minReplicas }), ...(maxReplicas !== undefined && { maxReplicas }),
      ...(aim !== undefined && { targetCPUUtilizationPercentage: aim }),
    },
    status: {
      ...(observedGeneration !== undefined && { observedGeneration }), ...(lastScaleTime !== undefined && { lastScaleTime }), currentReplicas, desiredReplicas,
      ...(now !== undefined && { currentCPUUtilizationPercentage: now }),
    },
  }
}

/** A v1 object as the hub. Annotations that cannot be read are dropped, as upstream does. */
export function toV2(draft: Draft): Draft {
  const { spec, status, metadata } = draft as Draft & HorizontalPodAutoscalerV1 & { readonly metadata: ObjectMeta }
  const { targetCPUUtilizationPercentage: aim, ...rest } = spec ?? {}
  const { currentCPUUtilizationPercentage: now, currentReplicas, ...restOfStatus } = status ?? { desiredReplicas: 0, currentReplicas: 0 }
  const said = metadata.annotations ?? {}
  const conditions = parsed<readonly V2HorizontalPodAutoscalerCondition[]>(said[annotations.conditions], conditionsShape)
  const current = parsed<readonly MetricStatusV1[]>(said[annotations.current], { list: metricStatusShape })?.map(statusFromV1)
    ?? (now === undefined ? undefined : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: now } } }])
  const behavior = parsed<V2HorizontalPodAutoscalerBehavior>(said[annotations.behavior], behaviorShape, (value) => renamed(value, (name) => name.charAt(0).toLowerCase() + name.slice(1)))
  const metrics: readonly V2MetricSpec[] = [
    ...(parsed<readonly MetricSpecV1[]>(said[annotations.metrics], { list: metricShape }) ?? []).map(specFromV1),
    ...(aim === undefined ? [] : [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: aim } } }]),
  ]
  const hub = {
    ...draft, apiVersion: 'autoscaling/v2', metadata: withAnnotations(metadata, {}),
    spec: { ...rest, metrics: metrics.length === 0 ? [defaultMetric] : metrics, ...(behavior !== undefined && { behavior }) } satisfies Partial<V2HorizontalPodAutoscaler['spec']>,
    status: {
      ...restOfStatus, ...(currentReplicas !== undefined && currentReplicas !== 0 && { currentReplicas }),
      ...(current !== undefined && current.length > 0 && { currentMetrics: current }), ...(conditions !== undefined && conditions.length > 0 && { conditions }),
    },
  }
  return fillAutoscaler(hub as Draft & V2HorizontalPodAutoscaler) as unknown as Draft
}

/** A behavior's rules in the form of upstream's own memory, in which the annotation has them. */
const inOwnForm = (rules: V2HPAScalingRules | undefined): unknown => (rules === undefined ? null : {
  StabilizationWindowSeconds: rules.stabilizationWindowSeconds ?? null, SelectPolicy: rules.selectPolicy ?? null,
  Policies: (rules.policies ?? []).map(({ type, value, periodSeconds }) => ({ Type: type, Value: value, PeriodSeconds: periodSeconds })), Tolerance: rules.tolerance ?? null,
})

/** Metadata with these of our annotations and no others of them. */
function withAnnotations<Meta extends ObjectMeta>(metadata: Meta, ours: Readonly<Record<string, string>>): Meta {
  const own: readonly string[] = Object.values(annotations)
  const kept = Object.entries(metadata.annotations ?? {}).filter(([key]) => !own.includes(key))
  const all = { ...Object.fromEntries(kept), ...ours }
  if (Object.keys(all).length > 0) return { ...metadata, annotations: all }
  const { annotations: _, ...rest } = metadata
  return rest as Meta
}

function parsed<Value>(text: string | undefined, shape: Shape, change: (value: unknown) => unknown = (value) => value): Value | undefined {
  const value = text === undefined ? undefined : change(read(text))
  return value !== undefined && fits(value, shape) ? value as Value : undefined
}

/** With other names of all fields, without those that say nothing. */
function renamed(value: unknown, rename: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((each) => renamed(each, rename))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null && each !== undefined).map(([name, each]) => [rename(name), renamed(each, rename)]))
}
