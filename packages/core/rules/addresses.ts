// Arithmetic of addresses: blocks of either family, the next free address of one, the blocks within one.
import { formatIPv4, formatIPv6, parseBlock, parseIPv4, parseIPv6 } from '../api/kinds/addresses.ts'

/** A block of addresses; `first` is its network address as a number. An IPv6 block that is larger than can be counted is as large as can be. */
export type AddressBlock = { readonly prefix: number; readonly size: number } & (
  | { readonly family: 'IPv4'; readonly first: number }
  | { readonly family: 'IPv6'; readonly first: bigint }
)
const sizeMost = 2 ** 48

/** An IPv4 address as a number; undefined when the text is not one (leading zeros are refused, as upstream does). */
export const addressNumber = parseIPv4
/** The dotted form of an address number. */
export const addressText = formatIPv4

/** Reads '10.244.0.0/16' or 'fd00:10:244::/56'; undefined when it is no block. Bits beyond the prefix are dropped. */
export function addressBlock(text: string): AddressBlock | undefined {
  const block = parseBlock(text)
  if (block === undefined) return undefined
  const size = Math.min(sizeMost, 2 ** (block.width - block.bits))
  return block.family === 'IPv4' ? { family: 'IPv4', first: Number(block.first), prefix: block.bits, size } : { family: 'IPv6', first: block.first, prefix: block.bits, size }
}

export const blockText = (block: AddressBlock): string => `${addressAt(block, 0)}/${block.prefix}`

/** The address so many places into a block. */
export const addressAt = (block: AddressBlock, offset: number): string => (block.family === 'IPv4' ? formatIPv4(block.first + offset) : formatIPv6(block.first + BigInt(offset)))

/** How many places into a block an address is; undefined when it is not in it, or further in than can be counted. */
export function offsetIn(block: AddressBlock, address: string): number | undefined {
  const offset = block.family === 'IPv4' ? (parseIPv4(address) ?? -1) - block.first : Number((parseIPv6(address) ?? -1n) - block.first)
  return offset >= 0 && offset < block.size ? offset : undefined
}

/** A host and a port as one text: an IPv6 address stands in brackets. */
export const joinedPort = (host: string, port: number): string => (host.includes(':') && !host.startsWith('[') ? `[${host}]:${port}` : `${host}:${port}`)

/** Whether an address lies in a block. */
export function blockHolds(block: AddressBlock, address: string): boolean {
  if (block.family === 'IPv4') return offsetIn(block, address) !== undefined
  const number = parseIPv6(address)
  return number !== undefined && number >> BigInt(128 - block.prefix) === block.first >> BigInt(128 - block.prefix)
}

/** The nth block of a longer prefix inside a block: the 3rd /24 of 10.244.0.0/16 is 10.244.3.0/24. Undefined beyond its end. */
export function innerBlock(block: AddressBlock, prefix: number, index: number): AddressBlock | undefined {
  if (prefix < block.prefix || index < 0 || index >= 2 ** (prefix - block.prefix)) return undefined
  if (block.family === 'IPv6') return { family: 'IPv6', first: block.first + (BigInt(index) << BigInt(128 - prefix)), prefix, size: Math.min(sizeMost, 2 ** (128 - prefix)) }
  const size = 2 ** (32 - prefix)
  return { family: 'IPv4', first: block.first + index * size, prefix, size }
}

/**
 * The next free address of a block after `after` (wrapping round), never its network or broadcast address, nor one of the first `reserved`
 * that follow the network address (gateways). Undefined when the block is full. Going on from the last one given keeps addresses from being reused at once.
 */
export function nextFreeAddress(block: AddressBlock, taken: (address: string) => boolean, options: { readonly after?: string; readonly reserved?: number } = {}): string | undefined {
  const lowest = 1 + (options.reserved ?? 0)
  const count = block.size - 1 - lowest
  if (count <= 0) return undefined
  const after = options.after === undefined ? undefined : offsetIn(block, options.after)
  const start = after === undefined || after < lowest || after >= lowest + count ? 0 : after + 1 - lowest
  for (let step = 0; step < count; step++) {
    const address = addressAt(block, lowest + ((start + step) % count))
    if (!taken(address)) return address
  }
  return undefined
}

/** The lowest inner block of a prefix that nobody has; undefined when all are taken. */
export function nextFreeBlock(block: AddressBlock, prefix: number, taken: (block: string) => boolean): string | undefined {
  for (let index = 0; ; index++) {
    const inner = innerBlock(block, prefix, index)
    if (inner === undefined) return undefined
    const text = blockText(inner)
    if (!taken(text)) return text
  }
}
