// What was found on nodes for things that are alike: it counts while what decides it stays as it was, which a stamp tells.

/** Findings by what things have in common, and by node. When `most` sorts are remembered, all are forgotten. */
export class Remembered<T> {
  readonly #most: number
  readonly #kinds = new Map<string, ByNode<T>>()

  constructor(most: number) { this.#most = most }

  of(kind: string): ByNode<T> {
    const known = this.#kinds.get(kind)
    if (known !== undefined) return known
    if (this.#kinds.size >= this.#most) this.#kinds.clear()
    const made = new ByNode<T>()
    this.#kinds.set(kind, made)
    return made
  }
}

/** By node's number. A stamp does not come back. */
export class ByNode<T> {
  readonly #stamps: number[] = []
  readonly #found: T[] = []

  /** What was found when the stamp was that; undefined when nothing was since. */
  get(node: number, stamp: number): T | undefined { return this.#stamps[node] === stamp ? this.#found[node] : undefined }

  set(node: number, stamp: number, found: T): void {
    this.#stamps[node] = stamp
    this.#found[node] = found
  }
}
