import type { Cancel } from './loop.ts'

/** Milliseconds since the Unix epoch. */
export type Instant = number

/** Time as an argument. Timers are data, so that they can be frozen, forked and thawed. */
export interface Clock {
  now(): Instant
  /** Tells `owner` the `key` at `due`, once. A second call for the same owner and key moves the timer; `undefined` drops it. */
  wake(owner: string, key: string, due: Instant | undefined): void
  /** Who is told. One listener per owner. */
  onWake(owner: string, told: (key: string) => void): Cancel
}
