// Metrics in the form that autoscaling/v1 keeps in annotations.
import type { LabelSelector, V2CrossVersionObjectReference, V2MetricSpec, V2MetricStatus, V2MetricTarget } from '../../../generated/types.ts'
import type { Shape } from './shapes.ts'

export interface MetricSpecV1 {
  readonly type: string
  readonly object?: { readonly target: V2CrossVersionObjectReference; readonly metricName: string; readonly targetValue?: string; readonly selector?: LabelSelector; readonly averageValue?: string }
  readonly pods?: { readonly metricName: string; readonly targetAverageValue?: string; readonly selector?: LabelSelector }
  readonly resource?: ResourceV1
  readonly containerResource?: ResourceV1 & { readonly container: string }
  readonly external?: { readonly metricName: string; readonly metricSelector?: LabelSelector; readonly targetValue?: string; readonly targetAverageValue?: string }
}
interface ResourceV1 { readonly name: string; readonly targetAverageUtilization?: number; readonly targetAverageValue?: string }

export interface MetricStatusV1 {
  readonly type: string
  readonly object?: { readonly target: V2CrossVersionObjectReference; readonly metricName: string; readonly currentValue?: string; readonly selector?: LabelSelector; readonly averageValue?: string }
  readonly pods?: { readonly metricName: string; readonly currentAverageValue?: string; readonly selector?: LabelSelector }
  readonly resource?: ResourceStatusV1
  readonly containerResource?: ResourceStatusV1 & { readonly container: string }
  readonly external?: { readonly metricName: string; readonly metricSelector?: LabelSelector; readonly currentValue?: string; readonly currentAverageValue?: string }
}
interface ResourceStatusV1 { readonly name: string; readonly currentAverageUtilization?: number; readonly currentAverageValue?: string }

const selectorShape: Shape = { fields: { matchLabels: { map: 'text' }, matchExpressions: { list: { fields: { key: 'text', operator: 'text', values: { list: 'text' } } } } } }
const targetShape: Shape = { fields: { kind: 'text', name: 'text', apiVersion: 'text' } }
const resourceShape: Shape = { fields: { name: 'text', container: 'text', targetAverageUtilization: 'number', targetAverageValue: 'text', currentAverageUtilization: 'number', currentAverageValue: 'text' } }
const otherShape: Shape = { fields: {
  target: targetShape, metricName: 'text', selector: selectorShape, metricSelector: selectorShape, averageValue: 'text',
  targetValue: 'text', targetAverageValue: 'text', currentValue: 'text', currentAverageValue: 'text',
} }
export const metricShape: Shape = { fields: { type: 'text', object: otherShape, pods: otherShape, external: otherShape, resource: resourceShape, containerResource: resourceShape } }
export const metricStatusShape: Shape = metricShape

/** An object without the fields that say nothing. */
function said<Fields extends object>(fields: Fields): { readonly [Field in keyof Fields]: Exclude<Fields[Field], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { readonly [Field in keyof Fields]: Exclude<Fields[Field], undefined> }
}

/** v1 always writes a value: nought means none where there is an average. */
const unless = (average: string | undefined, value: string | undefined): string | undefined => (average !== undefined && value === '0' ? undefined : value)
/** In the order in which upstream writes it. */
const targetOf = ({ kind = '', name = '', apiVersion }: Partial<V2CrossVersionObjectReference> = {}): V2CrossVersionObjectReference => said({ kind, name, apiVersion }) as V2CrossVersionObjectReference

export function specToV1({ type, object, pods, resource, containerResource, external }: V2MetricSpec): MetricSpecV1 {
  return {
    type,
    ...(object && { object: said({ target: targetOf(object.describedObject), metricName: object.metric?.name ?? '', targetValue: object.target?.value ?? '0', selector: object.metric?.selector, averageValue: object.target?.averageValue }) }),
    ...(pods && { pods: said({ metricName: pods.metric?.name ?? '', targetAverageValue: pods.target?.averageValue, selector: pods.metric?.selector }) }),
    ...(resource && { resource: resourceToV1(resource.name, resource.target) }),
    ...(containerResource && { containerResource: { ...resourceToV1(containerResource.name, containerResource.target), container: containerResource.container } }),
    ...(external && { external: said({ metricName: external.metric?.name ?? '', metricSelector: external.metric?.selector, targetValue: external.target?.value, targetAverageValue: external.target?.averageValue }) }),
  }
}
const resourceToV1 = (name: string, target: V2MetricTarget | undefined): ResourceV1 => said({ name, targetAverageUtilization: target?.averageUtilization, targetAverageValue: target?.averageValue })

export function specFromV1({ type = '', object, pods, resource, containerResource, external }: MetricSpecV1): V2MetricSpec {
  return {
    type,
    ...(object && { object: {
      describedObject: object.target ?? { kind: '', name: '' }, metric: said({ name: object.metricName ?? '', selector: object.selector }),
      target: said({ type: object.averageValue === undefined ? 'Value' : 'AverageValue', value: unless(object.averageValue, object.targetValue), averageValue: object.averageValue }),
    } }),
    ...(pods && { pods: { metric: said({ name: pods.metricName ?? '', selector: pods.selector }), target: said({ type: 'AverageValue', averageValue: pods.targetAverageValue }) } }),
    ...(resource && { resource: { name: resource.name ?? '', target: targetFromV1(resource) } }),
    ...(containerResource && { containerResource: { name: containerResource.name ?? '', container: containerResource.container ?? '', target: targetFromV1(containerResource) } }),
    ...(external && { external: {
      metric: said({ name: external.metricName ?? '', selector: external.metricSelector }),
      target: said({ type: external.targetValue === undefined ? 'AverageValue' : 'Value', value: external.targetValue, averageValue: external.targetAverageValue }),
    } }),
  }
}
const targetFromV1 = ({ targetAverageUtilization: averageUtilization, targetAverageValue: averageValue }: ResourceV1): V2MetricTarget =>
  said({ type: averageUtilization === undefined ? 'AverageValue' : 'Utilization', averageUtilization, averageValue })

export function statusToV1({ type, object, pods, resource, containerResource, external }: V2MetricStatus): MetricStatusV1 {
  return {
    type,
    ...(object && { object: said({ target: targetOf(object.describedObject), metricName: object.metric?.name ?? '', currentValue: object.current?.value ?? '0', selector: object.metric?.selector, averageValue: object.current?.averageValue }) }),
    ...(pods && { pods: said({ metricName: pods.metric?.name ?? '', currentAverageValue: pods.current?.averageValue, selector: pods.metric?.selector }) }),
    ...(resource && { resource: said({ name: resource.name, currentAverageUtilization: resource.current?.averageUtilization, currentAverageValue: resource.current?.averageValue }) }),
    ...(containerResource && { containerResource: said({
      name: containerResource.name, currentAverageUtilization: containerResource.current?.averageUtilization, currentAverageValue: containerResource.current?.averageValue, container: containerResource.container,
    }) }),
    ...(external && { external: said({ metricName: external.metric?.name ?? '', metricSelector: external.metric?.selector, currentValue: external.current?.value ?? '0', currentAverageValue: external.current?.averageValue }) }),
  }
}

export function statusFromV1({ type = '', object, pods, resource, containerResource, external }: MetricStatusV1): V2MetricStatus {
  return {
    type,
    ...(object && { object: { describedObject: object.target ?? { kind: '', name: '' }, metric: said({ name: object.metricName ?? '', selector: object.selector }), current: said({ value: unless(object.averageValue, object.currentValue), averageValue: object.averageValue }) } }),
    ...(pods && { pods: { metric: said({ name: pods.metricName ?? '', selector: pods.selector }), current: said({ averageValue: pods.currentAverageValue }) } }),
    ...(resource && { resource: { name: resource.name ?? '', current: said({ averageUtilization: resource.currentAverageUtilization, averageValue: resource.currentAverageValue }) } }),
    ...(containerResource && { containerResource: { name: containerResource.name ?? '', container: containerResource.container ?? '', current: said({ averageUtilization: containerResource.currentAverageUtilization, averageValue: containerResource.currentAverageValue }) } }),
    ...(external && { external: { metric: said({ name: external.metricName ?? '', selector: external.metricSelector }), current: said({ value: unless(external.currentAverageValue, external.currentValue), averageValue: external.currentAverageValue }) } }),
  }
}
