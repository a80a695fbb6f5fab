import { type Job, type Pod, jobTrackingFinalizer } from '../../api/index.ts'
import { isActive, isReady, isTerminal, isTerminating } from '../../rules/pods.ts'
import { type Verdict, verdictOn } from './failure-policy.ts'
import { indexAnnotation } from './new-pod.ts'

/** A Job's open pods, sorted by what they mean to it. */
export interface Tally {
  readonly active: readonly Pod[]
  readonly ready: number
  /** Those that are being deleted and have not ended. */
  readonly leaving: readonly Pod[]
  /** Ended, and of no index that the Job has: let go without being counted. */
  readonly unplaced: readonly Pod[]
  /** Not counted yet. */
  readonly succeeded: readonly Pod[]
  readonly failed: readonly { readonly pod: Pod; readonly verdict: Verdict }[]
}

export function tally(job: Job, pods: readonly Pod[]): Tally {
  const active = pods.filter(isActive)
  const isPlaced = (pod: Pod): boolean => job.spec.completionMode !== 'Indexed' || indexOf(job, pod) !== undefined
  const tracked = pods.filter(isTracked)
  const uncounted = tracked.filter(isPlaced)
  return {
    active,
    ready: active.filter(isReady).length,
    leaving: pods.filter((pod) => isTerminating(pod) && !isTerminal(pod)),
    unplaced: tracked.filter((pod) => !isPlaced(pod) && (pod.status?.phase === 'Succeeded' || hasFailed(job, pod))),
    succeeded: uncounted.filter((pod) => pod.status?.phase === 'Succeeded'),
    failed: uncounted.filter((pod) => hasFailed(job, pod)).map((pod) => ({ pod, verdict: verdictOn(job, pod) })),
  }
}

export const isTracked = (pod: Pod): boolean => pod.metadata.finalizers?.includes(jobTrackingFinalizer) ?? false

/** Unless only failed pods are replaced, one that is being deleted counts as failed at once. */
function hasFailed(job: Job, pod: Pod): boolean {
  if (pod.status?.phase === 'Failed') return true
  return job.spec.podReplacementPolicy !== 'Failed' && isTerminating(pod) && pod.status?.phase !== 'Succeeded'
}

/** The completion index of a pod; undefined when it has none or one beyond the completions. */
export function indexOf(job: Job, pod: Pod): number | undefined {
  const text = pod.metadata.annotations?.[indexAnnotation] ?? pod.metadata.labels?.[indexAnnotation]
  if (text === undefined || !/^\d+$/.test(text)) return undefined
  const index = Number(text)
  return index < (job.spec.completions ?? 0) ? index : undefined
}

/** Restarts of containers in pods that live: with restartPolicy OnFailure these are the Job's failures. */
export function restartsOf(pods: readonly Pod[]): number {
  let restarts = 0
  for (const { status } of pods) for (const one of [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]) restarts += one.restartCount
  return restarts
}
