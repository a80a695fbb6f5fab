import type { Kind } from '../../kind.ts'
import type { Resource } from '../../resource.ts'
import { horizontalPodAutoscaler } from './horizontalpodautoscaler/index.ts'

export const autoscalingKinds: readonly Kind<Resource>[] = [
  horizontalPodAutoscaler,
]
