/** Networks of either family and the addresses in them. */
import { addressAt, addressBlock, type AddressBlock, blockHolds, nextFreeAddress } from '@kubeskiff/core/network'
import { nthOf } from '@kubeskiff/core/rules'

export function parseNetwork(network: string): AddressBlock {
  const block = addressBlock(network)
  if (block === undefined) throw new Error(`${network} is no network`)
  return block
}

/** An address as it is written everywhere here; what is none stays as it is. */
export function canonical(text: string): string {
  const block = addressBlock(`${text}/${text.includes(':') ? 128 : 32}`)
  return block === undefined ? text : addressAt(block, 0)
}

export const isInside = (address: string, network: string): boolean => blockHolds(parseNetwork(network), address)

/** The address `offset` places into a network. */
export const nthAddress = nthOf

/**
 * The next free address after `last`, going round, so that a pod's address is not given to another at once. The first two
 * (network, gateway) and the last (broadcast) are never given. Undefined when all are taken.
 */
export const nextAddress = (network: string, last: string | undefined, taken: ReadonlySet<string>): string | undefined =>
  nextFreeAddress(parseNetwork(network), (address) => taken.has(address), { reserved: 1, ...(last !== undefined && { after: last }) })
