import { tally } from '../tally.ts'

/** How many pods of each node use each thing, by node, group ('TCP/80', a driver) and thing (an address, a volume). What nobody uses any more is not held. */
export class NodeCounts {
  readonly #nodes = new Map<number, Map<string, Map<string, number>>>()

  of(node: number): ReadonlyMap<string, ReadonlyMap<string, number>> | undefined { return this.#nodes.get(node) }

  add(node: number, group: string, thing: string, by: 1 | -1): void {
    const groups = this.#nodes.get(node) ?? new Map<string, Map<string, number>>()
    const things = groups.get(group) ?? new Map<string, number>()
    tally(things, thing, by)
    if (things.size > 0) groups.set(group, things)
    else groups.delete(group)
    if (groups.size > 0) this.#nodes.set(node, groups)
    else this.#nodes.delete(node)
  }
}
