// What a PodDisruptionBudget says of disruptions: shared by those who count and those who evict.
import { timestamp } from '../base/timestamp.ts'
import type { Instant } from '../base/clock.ts'
import type { Condition, PodDisruptionBudgetStatus } from './generated/types.ts'
import type { Resource } from './resource.ts'
import type { Pod, PodDisruptionBudget } from './resources.ts'
import { matchesLabels } from './selectors/index.ts'

/** Is the pod one of those that the budget keeps? An absent selector matches nothing, an empty one everything. */
export const keepsPod = ({ spec }: PodDisruptionBudget, pod: Pod): boolean => spec.selector !== undefined && matchesLabels(spec.selector, pod.metadata.labels)

const type = 'DisruptionAllowed'
/** The status with its DisruptionAllowed condition set to what it says. */
export function withAllowedCondition(status: PodDisruptionBudgetStatus, now: Instant): PodDisruptionBudgetStatus {
  const allowed = (status.disruptionsAllowed ?? 0) > 0
  return withCondition(status, { status: allowed ? 'True' : 'False', reason: allowed ? 'SufficientPods' : 'InsufficientPods', message: '' }, now)
}

/** The status with DisruptionAllowed set; its time stays while it stays as it is. */
export function withCondition(status: PodDisruptionBudgetStatus, said: Pick<Condition, 'status' | 'reason' | 'message'>, now: Instant): PodDisruptionBudgetStatus {
  const before = status.conditions?.find((each) => each.type === type)
  const lastTransitionTime = before?.status === said.status ? before.lastTransitionTime : timestamp(now)
  const condition: Condition = { type, ...said, lastTransitionTime, ...(status.observedGeneration !== undefined && { observedGeneration: status.observedGeneration }) }
  return { ...status, conditions: [...(status.conditions ?? []).filter((each) => each.type !== type), condition] }
}

/** Another object that is written together with an effect. */
export interface Together { readonly resource: string; readonly object: Resource; readonly before: Resource }
