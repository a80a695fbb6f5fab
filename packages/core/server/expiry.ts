// Events live for an hour after they were last written; then they are forgotten.
import { type Event, events } from '../api/resources.ts'
import { isRefusal } from '../api/refusal.ts'
import { keyOf } from '../api/resource.ts'
import type { Clock, Instant } from '../base/clock.ts'
import type { Cancel } from '../base/loop.ts'
import { instantOf } from '../rules/time.ts'
import type { Store } from '../store/types.ts'

const livesMs = 60 * 60_000
const minuteMs = 60_000
/** So many Events are looked at at once; then others have their turn. */
const sweepMax = 1000
/** 10,000 a second: as many as a large cluster makes. */
const againMs = 100
const owner = 'event expiry'

/** Keeps a timer while there are Events, and none when there are none. Each Event is looked at once an hour at most, never all of them. */
export class Expiry {
  readonly #store: Store
  readonly #clock: Clock
  readonly #cancel: Cancel
  /** Events, as they were when noted, by the minute at whose start they have lived, unless they were written again meanwhile. */
  readonly #minutes = new Map<number, Event[]>()
  #due: Instant | undefined

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#clock = clock
    this.#cancel = clock.onWake(owner, () => { this.#due = undefined; this.#sweep() })
    for (const event of store.view.list(events)) this.noted(event)
  }

  /** An Event was made. */
  noted(event: Event): void {
    const minute = Math.ceil(expiryOf(event) / minuteMs)
    const known = this.#minutes.get(minute)
    if (known === undefined) this.#minutes.set(minute, [event])
    else known.push(event)
    if (this.#due === undefined || minute * minuteMs < this.#due) this.#arm(minute * minuteMs)
  }
  stop(): void { this.#cancel(); this.#clock.wake(owner, '', undefined) }

  #arm(due: Instant): void { this.#due = due; this.#clock.wake(owner, '', due) }

  #sweep(): void {
    const now = this.#clock.now()
    const gone: Event[] = []
    let looks = 0
    for (const minute of [...this.#minutes.keys()].sort((a, b) => a - b)) {
      if (minute * minuteMs > now || looks === sweepMax) break
      const noted = this.#minutes.get(minute) ?? []
      const batch = noted.slice(0, sweepMax - looks)
      looks += batch.length
      if (batch.length < noted.length) this.#minutes.set(minute, noted.slice(batch.length))
      else this.#minutes.delete(minute)
      for (const { metadata } of batch) {
        const event = this.#store.view.get(events, metadata.namespace ?? '', metadata.name)
        if (event === undefined) continue
        if (expiryOf(event) <= now) gone.push(event)
        else this.noted(event)
      }
    }
    const outcome = gone.length > 0 ? this.#store.commit(gone.map((event) => ({ key: keyOf(events, { metadata: event.metadata }), expect: 'any' as const, object: undefined }))) : undefined
    // A store that takes no writes now will again.
    if (isRefusal(outcome)) for (const event of gone) this.noted(event)
    if (this.#minutes.size > 0) this.#arm(Math.max(Math.min(...this.#minutes.keys()) * minuteMs, now + againMs))
  }
}

function expiryOf(event: Event): Instant {
  let last = 0
  for (const text of [event.metadata.creationTimestamp, event.lastTimestamp, event.eventTime, event.series?.lastObservedTime]) {
    const time = instantOf(text)
    if (time !== undefined && time > last) last = time
  }
  return last + livesMs
}
