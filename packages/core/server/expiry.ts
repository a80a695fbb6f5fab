// Events live for an hour after they were last written; then they are forgotten.
import { type Event, events } from '../api/resources.ts'
import { keyOf } from '../api/resource.ts'
import type { Clock, Instant } from '../base/clock.ts'
import type { Cancel } from '../base/loop.ts'
import type { Store } from '../store/types.ts'

const livesMs = 60 * 60_000
/** Sweeps are at least this far apart, and take at most so many Events at once. */
const sweepEveryMs = 60_000
const sweepMax = 1000
const owner = 'event expiry'

/** Keeps a timer while there are Events, and none when there are none. */
export class Expiry {
  readonly #store: Store
  readonly #clock: Clock
  readonly #cancel: Cancel
  #armed = false

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#clock = clock
    this.#cancel = clock.onWake(owner, () => { this.#armed = false; this.#sweep() })
    if (store.view.count(events) > 0) this.#arm(clock.now() + sweepEveryMs)
  }

  /** An Event was made. */
  noted(): void { if (!this.#armed) this.#arm(this.#clock.now() + livesMs) }
  stop(): void { this.#cancel(); this.#clock.wake(owner, '', undefined) }

  #arm(due: Instant): void { this.#armed = true; this.#clock.wake(owner, '', due) }

  #sweep(): void {
    const now = this.#clock.now()
    let next: Instant | undefined
    const gone: Event[] = []
    for (const event of this.#store.view.list(events)) {
      const due = expiryOf(event)
      if (due <= now && gone.length < sweepMax) gone.push(event)
      else if (next === undefined || due < next) next = due
    }
    if (gone.length > 0) this.#store.commit(gone.map((event) => ({ key: keyOf(events, { metadata: event.metadata }), expect: 'any' as const, object: undefined })))
    if (next !== undefined) this.#arm(Math.max(next, now + (gone.length === sweepMax ? 1000 : sweepEveryMs)))
  }
}

function expiryOf(event: Event): Instant {
  const times = [event.metadata.creationTimestamp, event.lastTimestamp, event.eventTime, event.series?.lastObservedTime].map((text) => (text === undefined ? 0 : Date.parse(text)))
  return Math.max(...times.filter((time) => !Number.isNaN(time))) + livesMs
}
