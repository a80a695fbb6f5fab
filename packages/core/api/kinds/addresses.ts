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

/** A CIDR, '10.0.0.0/8' or '2001:db8::/32'. */
export function isCidr(text: string): boolean {
  const [address = '', bits = '', more] = text.split('/')
  const family = familyOf(address)
  return more === undefined && family !== undefined && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 'IPv4' ? 32 : 128)
}

export const addressFault = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'
