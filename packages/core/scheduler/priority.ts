import type { Pod } from '../api/resources.ts'
import type { Instant } from '../base/clock.ts'
import { compareText } from '../rules/pods.ts'
import { instantOf } from '../rules/time.ts'

/** A pod without a priority has 0. */
export const priorityOf = (pod: Pod): number => pod.spec.priority ?? 0

/** Since when the pod runs; a pod that has not started yet counts as the newest. */
export function startOf(pod: Pod): Instant {
  const known = starts.get(pod)
  if (known !== undefined) return known
  const start = instantOf(pod.status.startTime) ?? Infinity
  starts.set(pod, start)
  return start
}
/** Objects never change: a time is read once. */
const starts = new WeakMap<Pod, Instant>()

/** As upstream's MoreImportantPod: by priority, then who has run for longer; here then by name, so that the order is always the same. */
export const mostImportantFirst = (a: Pod, b: Pod): number =>
  priorityOf(b) - priorityOf(a) || compareInstants(startOf(a), startOf(b)) || compareText(a.metadata.name, b.metadata.name)
const compareInstants = (a: Instant, b: Instant): number => (a < b ? -1 : a > b ? 1 : 0)
