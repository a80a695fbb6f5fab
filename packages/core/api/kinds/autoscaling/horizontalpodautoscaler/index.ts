import type { HorizontalPodAutoscaler as HorizontalPodAutoscalerV1 } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import { type HorizontalPodAutoscaler, horizontalPodAutoscalers } from '../../../resources.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { filling, withDefaults, withField, withParts } from '../../filling.ts'
import { targetsText } from './columns.ts'
import { fillAutoscaler } from './defaults.ts'
import { fromV2, toV2 } from './v1.ts'
import { checkAutoscaler, checkAutoscalerStatus } from './validation.ts'

/** What v1 measures by default depends on its annotations: the conversion fills that in. */
const fillV1 = (draft: HorizontalPodAutoscalerV1): HorizontalPodAutoscalerV1 =>
  withField(withParts(draft, 'spec', 'status'), 'spec', (spec) => withDefaults(spec, { minReplicas: 1 }))

const columns = [
  nameColumn,
  text<HorizontalPodAutoscaler>('Reference', 'scaleTargetRef points to the target resource to scale, and is used to the pods for which metrics should be collected, as well as to actually change the replica count.', ({ spec }) => `${spec.scaleTargetRef?.kind ?? ''}/${spec.scaleTargetRef?.name ?? ''}`),
  text<HorizontalPodAutoscaler>('Targets', 'metrics contains the specifications for which to use to calculate the desired replica count (the maximum replica count across all metrics will be used).', targetsText),
  text<HorizontalPodAutoscaler>('MinPods', 'minReplicas is the lower limit for the number of replicas to which the autoscaler can scale down.  It defaults to 1 pod.', ({ spec }) => String(spec.minReplicas ?? '<unset>')),
  text<HorizontalPodAutoscaler>('MaxPods', 'maxReplicas is the upper limit for the number of replicas to which the autoscaler can scale up. It cannot be less that minReplicas.', ({ spec }) => spec.maxReplicas ?? 0),
  text<HorizontalPodAutoscaler>('Replicas', 'currentReplicas is current number of replicas of pods managed by this autoscaler, as last seen by the autoscaler.', ({ status }) => status.currentReplicas ?? 0),
  ageColumn,
]

export const horizontalPodAutoscaler: Kind<HorizontalPodAutoscaler> = {
  ...horizontalPodAutoscalers,
  singular: 'horizontalpodautoscaler', shortNames: ['hpa'], categories: ['all'],
  hasStatus: true,
  served: [
    { group: 'autoscaling', version: 'v2', definition: 'io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler', fill: filling(fillAutoscaler), columns },
    { group: 'autoscaling', version: 'v1', definition: 'io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler', fill: filling(fillV1), columns, convert: { toHub: toV2, fromHub: fromV2 } },
  ],
  // The first form of a status that says nothing: upstream's zero.
  prepare: (next, before) => ({ ...next, status: before?.status ?? { desiredReplicas: 0 } }),
  check: checkAutoscaler,
  checkStatus: checkAutoscalerStatus,
  subresources: [{ name: 'status', is: 'status' }],
}
