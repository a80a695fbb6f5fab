import type { V2MetricSpec, V2MetricStatus, V2MetricTarget, V2MetricValueStatus } from '../../../generated/types.ts'
import type { HorizontalPodAutoscaler } from '../../../resources.ts'

const unknown = '<unknown>'
const metricsShown = 2

/** 'cpu: 10%/80%, 5/10 (avg)': what is measured and what is aimed at, of each metric. */
export function targetsText({ spec, status }: HorizontalPodAutoscaler): string {
  const all = (spec.metrics ?? []).map((metric, index) => metricText(metric, status.currentMetrics?.[index]))
  if (all.length === 0) return '<none>'
  const shown = all.slice(0, metricsShown).join(', ')
  return all.length > metricsShown ? `${shown} + ${all.length - metricsShown} more...` : shown
}

function metricText(metric: V2MetricSpec, current: V2MetricStatus | undefined): string {
  switch (metric.type) {
    case 'External': return valueText(metric.external?.target, current?.external?.current)
    case 'Object': return valueText(metric.object?.target, current?.object?.current)
    case 'Pods': return `${current?.pods?.current?.averageValue ?? unknown}/${metric.pods?.target?.averageValue ?? ''}`
    case 'Resource': return `${metric.resource?.name}: ${resourceText(metric.resource?.target, current?.resource?.current)}`
    case 'ContainerResource': return `${metric.containerResource?.name}: ${resourceText(metric.containerResource?.target, current?.containerResource?.current)}`
    default: return '<unknown type>'
  }
}

function valueText(target: V2MetricTarget | undefined, current: V2MetricValueStatus | undefined): string {
  if (target?.averageValue !== undefined) return `${current?.averageValue ?? unknown}/${target.averageValue} (avg)`
  return `${current?.value ?? unknown}/${target?.value ?? ''}`
}

function resourceText(target: V2MetricTarget | undefined, current: V2MetricValueStatus | undefined): string {
  if (target?.averageValue !== undefined) return `${current?.averageValue ?? unknown}/${target.averageValue}`
  const percent = (value: number | undefined, absent: string): string => (value === undefined ? absent : `${value}%`)
  return `${percent(current?.averageUtilization, unknown)}/${percent(target?.averageUtilization, '<auto>')}`
}
