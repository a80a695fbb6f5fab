// What upstream's validation of HorizontalPodAutoscalers refuses.
import { parseQuantity } from '../../../../base/quantity.ts'
import type { V2CrossVersionObjectReference, V2HPAScalingPolicy, V2HPAScalingRules, V2MetricIdentifier, V2MetricSpec, V2MetricTarget } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import type { HorizontalPodAutoscaler } from '../../../resources.ts'
import { checkLabelName, checkPathSegment } from '../../../selectors/syntax.ts'
import { checkAmount } from '../../core/amounts.ts'
import { checkContainerResourceName } from '../../core/resourcenames.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkNonNegative, checkOneOf, checkRequiredText, forbidden, invalid, required, unsupported } from '../../problems.ts'

const periodMax = 1800
const windowMax = 3600
const sources = ['object', 'external', 'pods', 'resource', 'containerResource'] as const
type Source = (typeof sources)[number]
const typesOfSources: Readonly<Record<string, Source>> = { ContainerResource: 'containerResource', External: 'external', Object: 'object', Pods: 'pods', Resource: 'resource' }

/** Must an API version be one, and may it be of the core group? */
type VersionRule = 'any' | 'parseable' | 'with a group'

export function checkAutoscaler(next: HorizontalPodAutoscaler, before: HorizontalPodAutoscaler | undefined): readonly Problem[] {
  const { minReplicas, maxReplicas = 0, scaleTargetRef, metrics = [], behavior } = next.spec
  // None at all is for 1.37; who has it keeps it.
  const least = before?.spec.minReplicas === 0 ? 0 : 1
  return [
    ...checkMetadata(next, before, { scope: 'Namespaced' }),
    ...(minReplicas !== undefined && minReplicas < least ? [invalid('spec.minReplicas', minReplicas, `must be greater than or equal to ${least}`)] : []),
    ...(maxReplicas === 0 ? [required('spec.maxReplicas', 'must be set and greater than 0')] : maxReplicas < 0 ? [invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to 1')] : []),
    ...(minReplicas !== undefined && maxReplicas < minReplicas ? [invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`')] : []),
    ...checkObjectReference(scaleTargetRef, 'spec.scaleTargetRef', targetRule(next, before)),
    ...metrics.flatMap((metric, index) => checkMetric(metric, `spec.metrics[${index}]`, metricRule(before))),
    ...(minReplicas === 0 && !metrics.some(({ type }) => type === 'Object' || type === 'External')
      ? [forbidden('spec.metrics', 'must specify at least one Object or External metric to support scaling to zero replicas')] : []),
    ...(behavior?.scaleUp === undefined ? [] : checkRules(behavior.scaleUp, 'spec.behavior.scaleUp')),
    ...(behavior?.scaleDown === undefined ? [] : checkRules(behavior.scaleDown, 'spec.behavior.scaleDown')),
  ]
}

/** What is stored may stay; of the core group only ReplicationControllers scale. */
function targetRule({ spec: { scaleTargetRef: next } }: HorizontalPodAutoscaler, before: HorizontalPodAutoscaler | undefined): VersionRule {
  const had = before?.spec.scaleTargetRef
  if (had !== undefined && next !== undefined && had.apiVersion === next.apiVersion && had.kind === next.kind) return 'any'
  return next?.kind === 'ReplicationController' ? 'parseable' : 'with a group'
}
const metricRule = (before: HorizontalPodAutoscaler | undefined): VersionRule =>
  ((before?.spec.metrics ?? []).some(({ type, object }) => type === 'Object' && object !== undefined && versionFault(object.describedObject?.apiVersion, 'parseable') !== undefined) ? 'any' : 'parseable')

function versionFault(version = '', rule: VersionRule): string | undefined {
  if (rule === 'any') return undefined
  const parts = version === '' || version === '/' ? ['', ''] : version.split('/')
  if (parts.length > 2) return `unexpected GroupVersion string: ${version}`
  return rule === 'with a group' && (parts.length < 2 || parts[0] === '') ? 'apiVersion must specify API group' : undefined
}

function checkObjectReference(reference: V2CrossVersionObjectReference | undefined, path: string, rule: VersionRule): readonly Problem[] {
  const { kind = '', name = '', apiVersion = '' } = reference ?? {}
  const fault = versionFault(apiVersion, rule)
  return [
    ...checkRequiredText(`${path}.kind`, kind, checkPathSegment),
    ...checkRequiredText(`${path}.name`, name, checkPathSegment),
    ...(fault === undefined ? [] : [invalid(`${path}.apiVersion`, apiVersion, fault)]),
  ]
}

function checkMetric(metric: V2MetricSpec, path: string, rule: VersionRule): readonly Problem[] {
  const { type = '' } = metric
  const given = sources.filter((source) => metric[source] !== undefined)
  const expected = typesOfSources[type]
  const [first] = given
  const unknown = expected === undefined ? [unsupported(`${path}.type`, type, Object.keys(typesOfSources))] : []
  return [
    ...(type === '' ? [required(`${path}.type`, 'must specify a metric source type')] : []),
    ...unknown,
    // As upstream: of several sources only the first is looked into.
    ...(first === undefined ? [] : checkSource(metric, first, `${path}.${first}`, rule)),
    // As upstream, which says it twice.
    ...unknown,
    ...(expected !== undefined && metric[expected] === undefined ? [required(`${path}.${expected}`, 'must populate information for the given metric source')] : []),
    ...(given.length === 1 ? [] : given.filter((source) => source !== expected).map((source) => forbidden(`${path}.${source}`, 'must populate the given metric source only'))),
  ]
}

function checkSource(metric: V2MetricSpec, source: Source, path: string, rule: VersionRule): readonly Problem[] {
  const { value, averageValue, averageUtilization } = metric[source]?.target ?? {}
  const target = checkTarget(metric[source]?.target, `${path}.target`)
  switch (source) {
    case 'object': return [
      ...checkObjectReference(metric.object?.describedObject, `${path}.describedObject`, rule), ...checkIdentifier(metric.object?.metric, `${path}.metric`), ...target,
      ...(value === undefined && averageValue === undefined ? [required(`${path}.target.averageValue`, 'must set either a target value or averageValue')] : []),
    ]
    case 'external': return [
      ...checkIdentifier(metric.external?.metric, `${path}.metric`), ...target,
      ...(value === undefined && averageValue === undefined ? [required(`${path}.target.averageValue`, 'must set either a target value for metric or a per-pod target')] : []),
      ...(value !== undefined && averageValue !== undefined ? [forbidden(`${path}.target.value`, 'may not set both a target value for metric and a per-pod target')] : []),
    ]
    case 'pods': return [
      ...checkIdentifier(metric.pods?.metric, `${path}.metric`), ...target,
      ...(averageValue === undefined ? [required(`${path}.target.averageValue`, 'must specify a positive target averageValue')] : []),
    ]
    case 'resource': case 'containerResource': return [
      ...checkResource(source, metric[source]?.name ?? '', `${path}.name`),
      ...(source === 'containerResource' ? checkRequiredText(`${path}.container`, metric.containerResource?.container, checkLabelName, 'must specify a container') : []),
      ...target,
      ...(averageUtilization === undefined && averageValue === undefined ? [required(`${path}.target.averageUtilization`, 'must set either a target raw value or a target utilization')] : []),
      ...(averageUtilization !== undefined && averageValue !== undefined ? [forbidden(`${path}.target.averageValue`, 'may not set both a target raw value and a target utilization')] : []),
    ]
  }
}

function checkResource(source: 'resource' | 'containerResource', name: string, path: string): readonly Problem[] {
  if (name === '') return [required(path, 'must specify a resource name')]
  return source === 'resource' ? [] : checkContainerResourceName(name, path)
}

const checkIdentifier = (metric: V2MetricIdentifier | undefined, path: string): readonly Problem[] =>
  checkRequiredText(`${path}.name`, metric?.name, checkPathSegment, 'must specify a metric name')

function checkTarget(target: V2MetricTarget | undefined, path: string): readonly Problem[] {
  const { type = '', value, averageValue, averageUtilization } = target ?? {}
  return [
    ...(type === '' ? [required(`${path}.type`, 'must specify a metric target type')] : []),
    ...(['Utilization', 'Value', 'AverageValue'].includes(type) ? [] : [invalid(`${path}.type`, type, 'must be either Utilization, Value, or AverageValue')]),
    ...(value === undefined || isPositive(value) ? [] : [invalid(`${path}.value`, value, 'must be positive')]),
    ...(averageValue === undefined || isPositive(averageValue) ? [] : [invalid(`${path}.averageValue`, averageValue, 'must be positive')]),
    ...(averageUtilization !== undefined && averageUtilization < 1 ? [invalid(`${path}.averageUtilization`, averageUtilization, 'must be greater than 0')] : []),
  ]
}
const isPositive = (amount: string): boolean => (parseQuantity(amount)?.nanos ?? 0n) > 0n

function checkRules({ stabilizationWindowSeconds: window = 0, selectPolicy, policies = [], tolerance }: V2HPAScalingRules, path: string): readonly Problem[] {
  return [
    ...(window < 0 ? [invalid(`${path}.stabilizationWindowSeconds`, window, 'must be greater than or equal to zero')] : []),
    ...(window > windowMax ? [invalid(`${path}.stabilizationWindowSeconds`, window, `must be less than or equal to ${windowMax}`)] : []),
    ...checkOneOf(`${path}.selectPolicy`, selectPolicy, ['Disabled', 'Max', 'Min']),
    ...(policies.length === 0 ? [required(`${path}.policies`, 'must specify at least one Policy')] : []),
    ...policies.flatMap((policy, index) => checkPolicy(policy, `${path}.policies[${index}]`)),
    ...(tolerance === undefined ? [] : checkAmount(`${path}.tolerance`, tolerance)),
  ]
}

function checkPolicy({ type, value, periodSeconds }: V2HPAScalingPolicy, path: string): readonly Problem[] {
  return [
    ...checkOneOf(`${path}.type`, type ?? '', ['Percent', 'Pods']),
    ...((value ?? 0) <= 0 ? [invalid(`${path}.value`, value ?? 0, 'must be greater than zero')] : []),
    ...((periodSeconds ?? 0) <= 0 ? [invalid(`${path}.periodSeconds`, periodSeconds ?? 0, 'must be greater than zero')] : []),
    ...((periodSeconds ?? 0) > periodMax ? [invalid(`${path}.periodSeconds`, periodSeconds, `must be less than or equal to ${periodMax}`)] : []),
  ]
}

export const checkAutoscalerStatus = ({ status }: HorizontalPodAutoscaler): readonly Problem[] =>
  [...checkNonNegative('status.currentReplicas', status.currentReplicas), ...checkNonNegative('status.desiredReplicas', status.desiredReplicas)]
