import { type Instant, invariant } from '@kubeskiff/core/base'
import { RealClock } from './real-clock.ts'

/** How a cluster's time stands to the machine's: so far ahead of it (behind, when negative), or still. */
export type Course = { readonly aheadMs: number } | { readonly frozenAt: Instant }

/** Time that follows the machine's, at a distance, until it is frozen; then it moves only when it is told to, timer by timer. */
export class SteeredClock extends RealClock {
  #course: Course

  constructor(course: Course = { aheadMs: 0 }, machine: () => Instant = Date.now) {
    super(machine)
    this.#course = course
  }

  get course(): Course { return this.#course }
  get isFrozen(): boolean { return 'frozenAt' in this.#course }
  override now(): Instant { return 'frozenAt' in this.#course ? this.#course.frozenAt : this.machineNow() + this.#course.aheadMs }

  freeze(): void { this.#course = { frozenAt: this.now() }; this.arm() }
  /** Goes on from here, with the machine's pace. */
  resume(): void { this.#course = { aheadMs: this.now() - this.machineNow() }; this.arm() }

  /** Moves a frozen clock to the next timer that is due by `limit`, and tells all of that instant; to `limit` and says false when there is none. */
  advanceToNext(limit: Instant): boolean {
    invariant(this.isFrozen, 'only a frozen clock is moved')
    const due = this.nextDue()
    if (due === undefined || due > limit) { this.#course = { frozenAt: Math.max(limit, this.now()) }; return false }
    this.#course = { frozenAt: Math.max(due, this.now()) }
    this.look()
    return true
  }

  /** What is due at this very instant is told also when no further one will come. */
  protected override comesTo(due: Instant): boolean { return !this.isFrozen || due <= this.now() }
}
