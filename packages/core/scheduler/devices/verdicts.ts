// Whether devices were found on nodes, for claims that are alike: it stays true while nothing changes that the node can reach.

/** So many sorts of claims are remembered; then all are forgotten. */
const kindsMax = 64

/** Undefined: there are devices; else why not. */
export type Found = string | undefined

export class DeviceVerdicts {
  readonly #kinds = new Map<string, KindOfClaims>()
  #now = 1
  /** When something changed that may concern every node, and when for one only. */
  #changedAll = 1
  readonly #changed = new Map<string, number>()

  /** Something changed for these nodes; undefined: for any. */
  touch(nodes: Iterable<string> | undefined): void {
    this.#now++
    if (nodes === undefined) { this.#changedAll = this.#now; this.#changed.clear() }
    else for (const name of nodes) this.#changed.set(name, this.#now)
  }

  of(kind: string): KindOfClaims {
    const known = this.#kinds.get(kind)
    if (known !== undefined) return known
    if (this.#kinds.size >= kindsMax) this.#kinds.clear()
    const made = new KindOfClaims()
    this.#kinds.set(kind, made)
    return made
  }

  stampOf(node: string): number { return this.#changed.get(node) ?? this.#changedAll }
}

/** By node's number: what was found when node and devices were those. */
export class KindOfClaims {
  readonly #stamps: number[] = []
  readonly #versions: number[] = []
  readonly #found: Found[] = []

  has(node: number, version: number, stamp: number): boolean { return this.#versions[node] === version && this.#stamps[node] === stamp }
  get(node: number): Found { return this.#found[node] }
  set(node: number, version: number, stamp: number, found: Found): void {
    this.#versions[node] = version
    this.#stamps[node] = stamp
    this.#found[node] = found
  }
}
