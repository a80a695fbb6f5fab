// What a request draws from time and chance: the same again when it is stepped again with answers, or the outside would be asked anew.
import type { Instant } from '../base/clock.ts'
import type { Random } from '../base/random.ts'

export interface Draws {
  readonly now: Instant
  readonly random: Random
}

/** Draws for something that is decided in one go. */
export const drawnAt = (now: Instant, random: Random): Draws => ({ now, random })

/** Draws that can be repeated from the start. */
export class RepeatedDraws implements Draws {
  readonly now: Instant
  readonly random: Random
  readonly #drawn: unknown[] = []
  #at = 0

  constructor(now: Instant, source: Random) {
    this.now = now
    const repeat = <Value>(draw: () => Value): Value => {
      if (this.#at === this.#drawn.length) this.#drawn.push(draw())
      return this.#drawn[this.#at++] as Value
    }
    this.random = {
      next: () => repeat(() => source.next()),
      below: (bound) => repeat(() => source.below(bound)),
      chance: (probability) => repeat(() => source.chance(probability)),
      uuid: () => repeat(() => source.uuid()),
      suffix: (length) => repeat(() => source.suffix(length)),
    }
  }

  /** From the start again; this object. */
  again(): this { this.#at = 0; return this }
}
