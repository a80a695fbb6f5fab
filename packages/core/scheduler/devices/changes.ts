/** When something changed last that decides which devices a node has. */
export class DeviceChanges {
  #now = 1
  /** When something changed that may concern every node, and when for one only. */
  #all = 1
  readonly #own = new Map<string, number>()

  /** Something changed for these nodes; undefined: for any. */
  touch(nodes: Iterable<string> | undefined): void {
    this.#now++
    if (nodes === undefined) { this.#all = this.#now; this.#own.clear() }
    else for (const name of nodes) this.#own.set(name, this.#now)
  }

  /** Grows with each change that concerns the node. */
  of(node: string): number { return this.#own.get(node) ?? this.#all }
}
