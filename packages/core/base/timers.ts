import type { Instant } from './clock.ts'
import type { Freezable } from './freezable.ts'

/** One timer: who is told what, and when. `order` keeps timers of one instant in the order in which they were set. */
export interface Timer { readonly owner: string; readonly key: string; readonly due: Instant; readonly order: number }

const sooner = (a: Timer, b: Timer): boolean => a.due < b.due || (a.due === b.due && a.order < b.order)
const idOf = (owner: string, key: string): string => `${owner}\0${key}`

/** Timers as data: a binary heap in which replaced and dropped timers stay until they surface. */
export class Timers implements Freezable<readonly Timer[]> {
  #heap: Timer[] = []
  readonly #current = new Map<string, Timer>()
  #order = 0

  get size(): number { return this.#current.size }

  set(owner: string, key: string, due: Instant | undefined): void {
    const id = idOf(owner, key)
    if (due === undefined) { this.#current.delete(id); return }
    if (this.#current.get(id)?.due === due) return
    const timer: Timer = { owner, key, due, order: this.#order++ }
    this.#current.set(id, timer)
    this.#push(timer)
    // Moved timers leave their old selves behind: rebuild before those are most of the heap.
    if (this.#heap.length > 64 && this.#heap.length > 4 * this.#current.size) this.#rebuild([...this.#current.values()])
  }

  /** The earliest timer, left in place. */
  peek(): Timer | undefined {
    for (;;) {
      const first = this.#heap[0]
      if (first === undefined || this.#current.get(idOf(first.owner, first.key)) === first) return first
      this.#pop()
    }
  }

  /** Takes out the earliest timer that is due at `now`. */
  take(now: Instant): Timer | undefined {
    const first = this.peek()
    if (first === undefined || first.due > now) return undefined
    this.#pop()
    this.#current.delete(idOf(first.owner, first.key))
    return first
  }

  freeze(): readonly Timer[] { return [...this.#current.values()].sort((a, b) => (sooner(a, b) ? -1 : 1)) }

  thaw(timers: readonly Timer[]): void {
    this.#current.clear()
    for (const timer of timers) this.#current.set(idOf(timer.owner, timer.key), timer)
    this.#order = timers.reduce((most, timer) => Math.max(most, timer.order + 1), 0)
    this.#rebuild([...timers])
  }

  #rebuild(timers: Timer[]): void {
    this.#heap = timers.sort((a, b) => (sooner(a, b) ? -1 : 1)) // a sorted array is a heap
  }

  #push(timer: Timer): void {
    const heap = this.#heap
    let at = heap.push(timer) - 1
    while (at > 0) {
      const parentAt = (at - 1) >> 1
      const parent = heap[parentAt]
      if (parent === undefined || !sooner(timer, parent)) break
      heap[at] = parent
      at = parentAt
    }
    heap[at] = timer
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      let childAt = 2 * at + 1
      let child = heap[childAt]
      if (child === undefined) break
      const other = heap[childAt + 1]
      if (other !== undefined && sooner(other, child)) { child = other; childAt++ }
      if (!sooner(child, last)) break
      heap[at] = child
      at = childAt
    }
    heap[at] = last
  }
}
