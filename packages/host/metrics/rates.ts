/** A rate is taken over at least so long, unless none is known yet: several askers get one number. */
const windowMs = 10_000
const windowLeastMs = 500
/** A count that is older than this says nothing of now. */
const windowMostMs = 60_000

interface Known { readonly at: number; readonly count: number; readonly rate: number | undefined }

/** How fast counts grow: nanoseconds of CPU, a second. */
export class Rates {
  #known = new Map<string, Known>()
  #next = new Map<string, Known>()

  /** The rate of `key`, a second, now that it stands at `count`; undefined until it was read twice. */
  of(key: string, count: number, at: number): number | undefined {
    const before = this.#known.get(key)
    const known = stepped(before, count, at)
    this.#next.set(key, known)
    return known.rate
  }

  /** Ends a round: what was not asked about in it is forgotten. */
  round(): void {
    this.#known = this.#next
    this.#next = new Map()
  }

  /** Whether the next round's rates would look too far back, or nowhere. */
  isStale(at: number): boolean {
    for (const known of this.#known.values()) return at - known.at > windowMostMs
    return true
  }
}

function stepped(before: Known | undefined, count: number, at: number): Known {
  // A count that fell is another thing's under the same name.
  if (before === undefined || count < before.count || at - before.at > windowMostMs) return { at, count, rate: undefined }
  const tookMs = at - before.at
  if (tookMs < (before.rate === undefined ? windowLeastMs : windowMs)) return before
  return { at, count, rate: Math.round(((count - before.count) * 1000) / tookMs) }
}
