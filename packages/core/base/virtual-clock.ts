import type { Clock, Instant } from './clock.ts'
import type { Freezable } from './freezable.ts'
import { invariant } from './invariant.ts'
import type { Cancel } from './loop.ts'
import { type Timer, Timers } from './timers.ts'

/** Time that moves only when it is told to. */
export class VirtualClock implements Clock, Freezable<{ readonly now: Instant; readonly timers: readonly Timer[] }> {
  #now: Instant
  readonly #timers = new Timers()
  readonly #listeners = new Map<string, (key: string) => void>()

  constructor(now: Instant) { this.#now = now }

  now(): Instant { return this.#now }
  wake(owner: string, key: string, due: Instant | undefined): void { this.#timers.set(owner, key, due) }

  onWake(owner: string, told: (key: string) => void): Cancel {
    invariant(!this.#listeners.has(owner), `one listener for the timers of ${owner}`)
    this.#listeners.set(owner, told)
    return () => { this.#listeners.delete(owner) }
  }

  /** When the next timer is due; undefined when none is set. */
  nextDue(): Instant | undefined { return this.#timers.peek()?.due }

  /** Moves to `target` and tells the owner of every timer due by then, each at its own instant. */
  advanceTo(target: Instant): void {
    invariant(target >= this.#now, 'time does not run backwards')
    for (let due = this.nextDue(); due !== undefined && due <= target; due = this.nextDue()) this.#tellAt(due)
    this.#now = target
  }

  /** Moves to the next timer, if it is due by `limit`, and tells the owners of all timers of that instant. False when there is none. */
  advanceToNext(limit: Instant): boolean {
    const due = this.nextDue()
    if (due === undefined || due > limit) return false
    this.#tellAt(due)
    return true
  }

  freeze(): { readonly now: Instant; readonly timers: readonly Timer[] } { return { now: this.#now, timers: this.#timers.freeze() } }
  thaw(data: { readonly now: Instant; readonly timers: readonly Timer[] }): void { this.#now = data.now; this.#timers.thaw(data.timers) }

  #tellAt(due: Instant): void {
    this.#now = Math.max(this.#now, due)
    for (let timer = this.#timers.take(this.#now); timer !== undefined; timer = this.#timers.take(this.#now)) this.#listeners.get(timer.owner)?.(timer.key)
  }
}
