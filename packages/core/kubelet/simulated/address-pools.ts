import { addressBlock, type AddressBlock, nextFreeAddress } from '../../rules/addresses.ts'

interface Pool { readonly podCidr: string; readonly block: AddressBlock; readonly taken: Set<string>; last: string | undefined }
/** The first address of a node's range is its gateway. */
const reserved = 1

/** The pod addresses of simulated nodes. */
export class AddressPools {
  readonly #pools = new Map<string, Pool>()

  add(node: string, podCidr: string, last?: string): void {
    const block = addressBlock(podCidr)
    if (block === undefined) throw new Error(`the pod range of node ${node} is "${podCidr}"; expected an IPv4 block such as 10.244.1.0/24`)
    this.#pools.set(node, { podCidr, block, taken: new Set(), last })
  }
  remove(node: string): void { this.#pools.delete(node) }
  nodes(): readonly (readonly [name: string, podCidr: string, last: string | undefined])[] { return [...this.#pools].map(([name, pool]) => [name, pool.podCidr, pool.last] as const) }

  /** Takes a free address, not one that was freed a moment ago while others are left. */
  next(node: string): string | undefined {
    const pool = this.#pools.get(node)
    if (pool === undefined) return undefined
    const address = nextFreeAddress(pool.block, (one) => pool.taken.has(one), { reserved, ...(pool.last === undefined ? {} : { after: pool.last }) })
    if (address === undefined) return undefined
    pool.taken.add(address)
    pool.last = address
    return address
  }
  take(node: string, address: string): void { this.#pools.get(node)?.taken.add(address) }
  free(node: string, address: string): void { this.#pools.get(node)?.taken.delete(address) }
}
