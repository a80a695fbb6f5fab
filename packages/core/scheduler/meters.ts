// What the scheduler tells of itself, under upstream's names.
import { podsByNode } from '../api/indexes.ts'
import type { ClusterView } from '../api/view.ts'
import type { Clock, Instant } from '../base/clock.ts'
import { Durations, family } from '../base/durations.ts'

export type AttemptResult = 'scheduled' | 'unschedulable' | 'error'
/** Pods that wait, by why. */
export interface Pending { readonly active: number; readonly backoff: number; readonly unschedulable: number; readonly gated: number }

const doubled = (first: number, count: number): readonly number[] => Array.from({ length: count }, (_, at) => first * 2 ** at)

/** Pods that nobody tries yet, because they are gated. */
export function gatedIn(view: ClusterView): number {
  let gated = 0
  for (const { spec } of view.by(podsByNode, '')) if ((spec.schedulingGates ?? []).length > 0) gated++
  return gated
}

/** Counts attempts and preemptions. */
export class SchedulerMeters {
  readonly #clock: Pick<Clock, 'now'>
  readonly #attempts = new Durations(doubled(0.001, 15))
  readonly #tries = new Durations(doubled(1, 5))
  readonly #victims = new Durations(doubled(1, 7))
  readonly #results = new Map<string, number>()
  #preemptions = 0

  constructor(clock: Pick<Clock, 'now'>) { this.#clock = clock }

  /** How an attempt went that began then: others may have begun meanwhile. `attempts`: how many there were until the pod had its node. */
  ends({ schedulerName }: { readonly schedulerName: string }, result: AttemptResult, beganAt: Instant, attempts?: number): void {
    const labels = `profile="${schedulerName}",result="${result}"`
    this.#results.set(labels, (this.#results.get(labels) ?? 0) + 1)
    this.#attempts.took(labels, (this.#clock.now() - beganAt) / 1000)
    if (attempts !== undefined) this.#tries.took('', attempts)
  }
  preempted(victims: number): void {
    this.#preemptions++
    this.#victims.took('', victims)
  }

  text(pending: Pending): string {
    return [
      family('scheduler_pending_pods', 'gauge', "[STABLE] Number of pending pods, by the queue type. 'active' means number of pods in activeQ; 'backoff' means number of pods in backoffQ; 'unschedulable' means number of pods in unschedulablePods that the scheduler attempted to schedule and failed; 'gated' is the number of unschedulable pods that the scheduler never attempted to schedule because they are gated.", Object.entries(pending).map(([queue, count]) => `{queue="${queue}"} ${count}`)),
      this.#tries.text('scheduler_pod_scheduling_attempts', '[STABLE] Number of attempts to successfully schedule a pod.'),
      family('scheduler_preemption_attempts_total', 'counter', '[STABLE] Total preemption attempts in the cluster till now', [` ${this.#preemptions}`]),
      this.#victims.text('scheduler_preemption_victims', '[STABLE] Number of selected preemption victims'),
      family('scheduler_schedule_attempts_total', 'counter', "[STABLE] Number of attempts to schedule pods, by the result. 'unschedulable' means a pod could not be scheduled, while 'error' means an internal scheduler problem.", [...this.#results].sort(([a], [b]) => (a < b ? -1 : 1)).map(([labels, count]) => `{${labels}} ${count}`)),
      this.#attempts.text('scheduler_scheduling_attempt_duration_seconds', '[STABLE] Scheduling attempt latency in seconds (scheduling algorithm + binding)'),
    ].join('')
  }
}
