// The defaults of HorizontalPodAutoscalers, and where v1 keeps what its own fields cannot say.
import { canonicalQuantity } from '../../../../base/quantity.ts'
import type { V2HorizontalPodAutoscaler, V2HPAScalingRules, V2MetricSpec, V2MetricTarget } from '../../../generated/types.ts'
import { eachOf, withDefaults, withField, withParts } from '../../filling.ts'

/** What an autoscaler looks at that says nothing: 80% of the processor time that the pods asked for. */
export const defaultMetric: V2MetricSpec = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }

const upwards: V2HPAScalingRules = {
  stabilizationWindowSeconds: 0, selectPolicy: 'Max',
  policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }, { type: 'Percent', value: 100, periodSeconds: 15 }],
}
const downwards: V2HPAScalingRules = { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] }

export function fillAutoscaler(draft: V2HorizontalPodAutoscaler): V2HorizontalPodAutoscaler {
  return withField(withParts(draft, 'spec', 'status'), 'spec', (given) => {
    const spec = withDefaults(given, { minReplicas: 1 })
    const measured = (spec.metrics ?? []).length === 0 ? { ...spec, metrics: [defaultMetric] } : withField(spec, 'metrics', (metrics) => eachOf(metrics, canonicalMetric))
    return withField(measured, 'behavior', (behavior) => {
      const ruled = withDefaults(behavior, { scaleUp: upwards, scaleDown: downwards })
      return withField(withField(ruled, 'scaleUp', (rules) => canonicalRules(withDefaults(rules, upwards))), 'scaleDown', (rules) => canonicalRules(withDefaults(rules, downwards)))
    })
  })
}

const canonicalRules = (rules: V2HPAScalingRules): V2HPAScalingRules => withField(rules, 'tolerance', canonicalQuantity)
const canonicalTarget = (target: V2MetricTarget): V2MetricTarget => withField(withField(target, 'value', canonicalQuantity), 'averageValue', canonicalQuantity)
const withCanonicalTarget = <Source extends { readonly target: V2MetricTarget }>(source: Source): Source => {
  const target = source.target === undefined ? source.target : canonicalTarget(source.target)
  return target === source.target ? source : { ...source, target }
}
function canonicalMetric(metric: V2MetricSpec): V2MetricSpec {
  const resources = withField(withField(metric, 'resource', withCanonicalTarget), 'containerResource', withCanonicalTarget)
  return withField(withField(withField(resources, 'object', withCanonicalTarget), 'pods', withCanonicalTarget), 'external', withCanonicalTarget)
}
