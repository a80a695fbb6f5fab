import { type Cancel, type Clock, type Instant, invariant, Timers } from '@kubeskiff/core/base'
import { timeoutMax } from './real-clock.ts'

/** How a cluster's time stands to the machine's: so far ahead of it (behind, when negative), or still. */
export type Course = { readonly aheadMs: number } | { readonly frozenAt: Instant }

/** Time that follows the machine's, at a distance, until it is frozen; then it moves only when it is told to, timer by timer. */
export class SteeredClock implements Clock {
  readonly #machine: () => Instant
  readonly #timers = new Timers()
  readonly #listeners = new Map<string, (key: string) => void>()
  #course: Course
  #armed: { readonly due: Instant; readonly timeout: NodeJS.Timeout } | undefined

  constructor(course: Course = { aheadMs: 0 }, machine: () => Instant = Date.now) {
    this.#course = course
    this.#machine = machine
  }

  get course(): Course { return this.#course }
  get isFrozen(): boolean { return 'frozenAt' in this.#course }
  /** The machine's time: what others outside go by, who check certificates. */
  machineNow(): Instant { return this.#machine() }
  now(): Instant { return 'frozenAt' in this.#course ? this.#course.frozenAt : this.#machine() + this.#course.aheadMs }

  wake(owner: string, key: string, due: Instant | undefined): void {
    this.#timers.set(owner, key, due)
    this.#arm()
  }
  onWake(owner: string, told: (key: string) => void): Cancel {
    invariant(!this.#listeners.has(owner), `one listener for the timers of ${owner}`)
    this.#listeners.set(owner, told)
    return () => { this.#listeners.delete(owner) }
  }

  freeze(): void { this.#course = { frozenAt: this.now() }; this.#arm() }
  /** Goes on from here, with the machine's pace. */
  resume(): void { this.#course = { aheadMs: this.now() - this.#machine() }; this.#arm() }

  /** Moves a frozen clock to the next timer that is due by `limit`, and tells all of that instant; to `limit` and says false when there is none. */
  advanceToNext(limit: Instant): boolean {
    invariant(this.isFrozen, 'only a frozen clock is moved')
    const due = this.#timers.peek()?.due
    if (due === undefined || due > limit) { this.#course = { frozenAt: Math.max(limit, this.now()) }; return false }
    this.#course = { frozenAt: Math.max(due, this.now()) }
    this.#tell()
    return true
  }

  /** Drops every timer, so that the process can end. */
  stop(): void {
    this.#timers.thaw([])
    this.#arm()
  }

  #arm(): void {
    const next = this.#timers.peek()?.due
    // What is due at this very instant is told also when no further one will come.
    const due = next !== undefined && this.isFrozen && next > this.now() ? undefined : next
    if (due === this.#armed?.due) return
    if (this.#armed !== undefined) clearTimeout(this.#armed.timeout)
    this.#armed = due === undefined ? undefined : { due, timeout: setTimeout(() => { this.#armed = undefined; this.#tell(); this.#arm() }, Math.min(timeoutMax, Math.max(0, due - this.now()))) }
  }
  #tell(): void {
    const now = this.now()
    for (let timer = this.#timers.take(now); timer !== undefined; timer = this.#timers.take(now)) this.#listeners.get(timer.owner)?.(timer.key)
  }
}
