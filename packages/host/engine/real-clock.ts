import { type Cancel, type Clock, type Instant, invariant, Timers } from '@kubeskiff/core/base'

/** Node refuses longer time-outs: a later timer is looked at again after this many milliseconds. */
const timeoutMax = 2 ** 31 - 1

/** The machine's time. One operating-system timer serves all that are set. */
export class RealClock implements Clock {
  readonly #time: () => Instant
  readonly #timers = new Timers()
  readonly #listeners = new Map<string, (key: string) => void>()
  #armed: { readonly due: Instant; readonly timeout: NodeJS.Timeout } | undefined

  /** `time` is for tests, which may want the machine's time to be ahead: then `look` tells that it has moved. */
  constructor(time: () => Instant = Date.now) { this.#time = time }

  now(): Instant { return this.#time() }
  /** The machine's time: what others outside go by, who check certificates. */
  machineNow(): Instant { return this.#time() }

  wake(owner: string, key: string, due: Instant | undefined): void {
    this.#timers.set(owner, key, due)
    this.arm()
  }

  onWake(owner: string, told: (key: string) => void): Cancel {
    invariant(!this.#listeners.has(owner), `one listener for the timers of ${owner}`)
    this.#listeners.set(owner, told)
    return () => { this.#listeners.delete(owner) }
  }

  /** Tells what is due by now, as its own timer would. */
  look(): void {
    if (this.#armed !== undefined) clearTimeout(this.#armed.timeout)
    this.#armed = undefined
    const now = this.now()
    for (let timer = this.#timers.take(now); timer !== undefined; timer = this.#timers.take(now)) this.#listeners.get(timer.owner)?.(timer.key)
    this.arm()
  }

  /** Drops every timer, so that the process can end. */
  stop(): void {
    this.#timers.thaw([])
    this.arm()
  }

  protected nextDue(): Instant | undefined { return this.#timers.peek()?.due }
  /** Whether time goes on to this instant by itself. */
  protected comesTo(_due: Instant): boolean { return true }

  /** Sets the operating system's timer to what is due next. */
  protected arm(): void {
    const next = this.nextDue()
    const due = next === undefined || !this.comesTo(next) ? undefined : next
    if (due === this.#armed?.due) return
    if (this.#armed !== undefined) clearTimeout(this.#armed.timeout)
    this.#armed = due === undefined ? undefined : { due, timeout: setTimeout(() => { this.look() }, Math.min(timeoutMax, Math.max(0, due - this.now()))) }
  }
}
