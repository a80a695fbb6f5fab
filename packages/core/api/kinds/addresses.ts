// IP addresses as text, for the kinds that hold or allocate them.

/** The number of an IPv4 address; undefined when the text is none (leading zeros are refused, as upstream does). */
export function parseIPv4(text: string): number | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  let address = 0
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined
    address = address * 256 + Number(part)
  }
  return address
}

export const formatIPv4 = (address: number): string => [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.')

/** The number of an IPv6 address; undefined when the text is none. */
export function parseIPv6(text: string): bigint | undefined {
  if (!isIPv6(text)) return undefined
  const [head = '', tail] = text.split('::')
  const groups = (half: string): readonly bigint[] => (half === '' ? [] : half.split(':').flatMap((group) => {
    if (!group.includes('.')) return [BigInt(`0x${group}`)]
    const mapped = BigInt(parseIPv4(group) ?? 0)
    return [mapped >> 16n, mapped & 0xffffn]
  }))
  const first = groups(head)
  const last = groups(tail ?? '')
  const all = [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0n), ...last]
  return all.reduce((number, group) => (number << 16n) | group, 0n)
}

/** The canonical text of an IPv6 address (RFC 5952): lower case, the longest run of zeros left out. */
export function formatIPv6(address: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => (address >> BigInt(16 * (7 - index))) & 0xffffn)
  let start = 0
  let length = 1
  for (let at = 0; at < groups.length; at++) {
    let end = at
    while (groups[end] === 0n) end++
    if (end - at > length) { start = at; length = end - at }
  }
  const texts = groups.map((group) => group.toString(16))
  return length < 2 ? texts.join(':') : `${texts.slice(0, start).join(':')}::${texts.slice(start + length).join(':')}`
}

/** Is the text an IPv6 address? */
export function isIPv6(text: string): boolean {
  if (!/^[0-9a-fA-F:.]+$/.test(text) || !text.includes(':')) return false
  const halves = text.split('::')
  if (halves.length > 2) return false
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')))
  const last = groups.at(-1) ?? ''
  const mapped = last.includes('.')
  if (mapped && parseIPv4(last) === undefined) return false
  const hex = mapped ? groups.slice(0, -1) : groups
  if (!hex.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false
  const count = hex.length + (mapped ? 2 : 0)
  return halves.length === 2 ? count < 8 : count === 8
}

export const familyOf = (address: string): 'IPv4' | 'IPv6' | undefined => (parseIPv4(address) !== undefined ? 'IPv4' : isIPv6(address) ? 'IPv6' : undefined)

/** A block of addresses: of a family, from its first address on, with this many leading bits in common. */
export interface Block { readonly family: 'IPv4' | 'IPv6'; readonly first: bigint; readonly bits: number; readonly width: number }

/** Reads an address of either family as a number. */
export function parseAddress(text: string): { readonly family: 'IPv4' | 'IPv6'; readonly number: bigint } | undefined {
  const v4 = parseIPv4(text)
  if (v4 !== undefined) return { family: 'IPv4', number: BigInt(v4) }
  const v6 = parseIPv6(text)
  return v6 === undefined ? undefined : { family: 'IPv6', number: v6 }
}
export const formatAddress = (family: 'IPv4' | 'IPv6', number: bigint): string => (family === 'IPv4' ? formatIPv4(Number(number)) : formatIPv6(number))

/** The block that a CIDR names; bits beyond the prefix do not count. */
export function parseBlock(cidr: string): Block | undefined {
  if (!isCidr(cidr)) return undefined
  const [address = '', bits = ''] = cidr.split('/')
  const parsed = parseAddress(address)
  if (parsed === undefined) return undefined
  const width = parsed.family === 'IPv4' ? 32 : 128
  const rest = BigInt(width - Number(bits))
  return { family: parsed.family, first: (parsed.number >> rest) << rest, bits: Number(bits), width }
}
/** How many addresses a block has. */
export const sizeOf = ({ bits, width }: Block): bigint => 1n << BigInt(width - bits)
/** A CIDR in its one canonical form. */
export const formatBlock = (block: Block): string => `${formatAddress(block.family, block.first)}/${block.bits}`
export const isInBlock = (block: Block, family: string, number: bigint): boolean => family === block.family && number >= block.first && number < block.first + sizeOf(block)

/** A CIDR, '10.0.0.0/8' or '2001:db8::/32'. */
export function isCidr(text: string): boolean {
  const [address = '', bits = '', more] = text.split('/')
  const family = familyOf(address)
  return more === undefined && family !== undefined && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 'IPv4' ? 32 : 128)
}

export const addressFault = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'
