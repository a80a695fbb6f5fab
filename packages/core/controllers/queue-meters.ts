// How long keys of controllers wait and take, under the names of upstream's work queues.
import { Durations, family } from '../base/durations.ts'

/** As upstream's buckets; the finest are finer than a cluster's clock. */
const bounds = [1e-6, 1e-5, 1e-4, 0.001, 0.01, 0.1, 1, 10, 100, 1000]

/** Counts by controller. */
export class QueueMeters {
  readonly #adds = new Map<string, number>()
  readonly #retries = new Map<string, number>()
  readonly #waits = new Durations(bounds)
  readonly #works = new Durations(bounds)

  added(controller: string): void { this.#adds.set(controller, (this.#adds.get(controller) ?? 0) + 1) }
  retried(controller: string): void { this.#retries.set(controller, (this.#retries.get(controller) ?? 0) + 1) }
  /** How long a key waited. */
  took(controller: string, ms: number): void { this.#waits.took(controller, ms / 1000) }
  /** How long its plan took, from the look to the last answer. */
  worked(controller: string, ms: number): void { this.#works.took(controller, ms / 1000) }

  /** `waiting`: the controller of each key that waits now. */
  text(controllers: readonly string[], waiting: readonly string[]): string {
    const depths = new Map(controllers.map((name) => [name, 0]))
    for (const name of waiting) depths.set(name, (depths.get(name) ?? 0) + 1)
    const all = (counts: ReadonlyMap<string, number>): readonly string[] => [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `{name="${name}"} ${value}`)
    return [
      family('workqueue_adds_total', 'counter', '[ALPHA] Total number of adds handled by workqueue', all(this.#adds)),
      family('workqueue_depth', 'gauge', '[ALPHA] Current depth of workqueue', all(depths)),
      this.#waits.text('workqueue_queue_duration_seconds', '[ALPHA] How long in seconds an item stays in workqueue before being requested.', undefined, named),
      family('workqueue_retries_total', 'counter', '[ALPHA] Total number of retries handled by workqueue', all(this.#retries)),
      this.#works.text('workqueue_work_duration_seconds', '[ALPHA] How long in seconds processing an item from workqueue takes.', undefined, named),
    ].join('')
  }
}
const named = (controller: string): string => `name="${controller}"`
