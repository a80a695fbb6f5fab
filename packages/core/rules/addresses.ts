// IPv4 arithmetic: blocks, the next free address of one, the blocks within one.

/** A block of IPv4 addresses; `first` is its network address as a number. */
export interface AddressBlock { readonly first: number; readonly prefix: number; readonly size: number }

const addressPattern = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/

/** An IPv4 address as a number; undefined when the text is not one (leading zeros are refused, as upstream does). */
export function addressNumber(text: string): number | undefined {
  const match = addressPattern.exec(text)
  if (match === null) return undefined
  let number = 0
  for (const part of match.slice(1)) {
    if (Number(part) > 255 || (part.length > 1 && part.startsWith('0'))) return undefined
    number = number * 256 + Number(part)
  }
  return number
}

/** The dotted form of an address number. */
export const addressText = (number: number): string =>
  [number / 2 ** 24, number / 2 ** 16, number / 2 ** 8, number].map((part) => Math.floor(part) % 256).join('.')

/** Reads '10.244.0.0/16'; undefined when it is not an IPv4 block. Bits beyond the prefix are dropped. */
export function addressBlock(text: string): AddressBlock | undefined {
  const slash = text.indexOf('/')
  const address = addressNumber(text.slice(0, slash))
  const bits = text.slice(slash + 1)
  if (slash < 0 || address === undefined || !/^\d{1,2}$/.test(bits) || Number(bits) > 32) return undefined
  const size = 2 ** (32 - Number(bits))
  return { first: Math.floor(address / size) * size, prefix: Number(bits), size }
}

export const blockText = (block: AddressBlock): string => `${addressText(block.first)}/${block.prefix}`

/** Whether an address lies in a block. */
export function blockHolds(block: AddressBlock, address: string): boolean {
  const number = addressNumber(address)
  return number !== undefined && number >= block.first && number < block.first + block.size
}

/** The nth block of a longer prefix inside a block: the 3rd /24 of 10.244.0.0/16 is 10.244.3.0/24. Undefined beyond its end. */
export function innerBlock(block: AddressBlock, prefix: number, index: number): AddressBlock | undefined {
  const size = 2 ** (32 - prefix)
  return prefix >= block.prefix && index >= 0 && (index + 1) * size <= block.size ? { first: block.first + index * size, prefix, size } : undefined
}

/**
 * The next free address of a block after `after` (wrapping round), never its network or broadcast address, nor one of the first `reserved`
 * that follow the network address (gateways). Undefined when the block is full. Going on from the last one given keeps addresses from being reused at once.
 */
export function nextFreeAddress(block: AddressBlock, taken: (address: string) => boolean, options: { readonly after?: string; readonly reserved?: number } = {}): string | undefined {
  const lowest = block.first + 1 + (options.reserved ?? 0)
  const count = block.first + block.size - 1 - lowest
  if (count <= 0) return undefined
  const after = options.after === undefined ? undefined : addressNumber(options.after)
  const start = after === undefined || after < lowest || after >= lowest + count ? 0 : after + 1 - lowest
  for (let step = 0; step < count; step++) {
    const address = addressText(lowest + ((start + step) % count))
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
