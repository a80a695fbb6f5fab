import { addressBlock, type AddressBlock, nextFreeAddress } from '../../rules/addresses.ts'

/** A node's range of one family. */
interface Range { readonly cidr: string; readonly block: AddressBlock; last: string | undefined }
interface Pool { readonly ranges: readonly Range[]; readonly taken: Set<string> }
/** A node's ranges, one a family, and the address that was given last of each. */
export type PoolState = readonly (readonly [podCidr: string, last: string | undefined])[]
/** The first address of a node's range is its gateway. */
const reserved = 1

/** The pod addresses of simulated nodes. */
export class AddressPools {
  readonly #pools = new Map<string, Pool>()

  add(node: string, state: PoolState): void {
    const ranges = state.map(([cidr, last]): Range => {
      const block = addressBlock(cidr)
      if (block === undefined) throw new Error(`the pod range of node ${node} is "${cidr}"; expected a block such as 10.244.1.0/24`)
      return { cidr, block, last }
    })
    this.#pools.set(node, { ranges, taken: new Set() })
  }
  remove(node: string): void { this.#pools.delete(node) }
  nodes(): readonly (readonly [name: string, state: PoolState])[] { return [...this.#pools].map(([name, { ranges }]) => [name, ranges.map(({ cidr, last }) => [cidr, last] as const)] as const) }

  /** Takes a free address of each family, not one that was freed a moment ago while others are left. */
  next(node: string): readonly string[] | undefined {
    const pool = this.#pools.get(node)
    if (pool === undefined) return undefined
    const free = pool.ranges.flatMap(({ block, last }) => nextFreeAddress(block, (one) => pool.taken.has(one), { reserved, ...(last === undefined ? {} : { after: last }) }) ?? [])
    if (free.length < pool.ranges.length) return undefined
    for (const [index, range] of pool.ranges.entries()) range.last = free[index]
    for (const address of free) pool.taken.add(address)
    return free
  }
  take(node: string, address: string): void { this.#pools.get(node)?.taken.add(address) }
  free(node: string, address: string): void { this.#pools.get(node)?.taken.delete(address) }
}
