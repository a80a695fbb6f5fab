// IP addresses and networks, as Kubernetes' library has them: no zones, no leading zeros, no IPv4 in the form of IPv6.
import { one, scaled } from '../static-types.ts'
import type { Overload, Range } from '../types.ts'
import { Fault, noSuchOverload, Opaque, sizeOf, type Int } from '../values.ts'
import { bool, costs, declared, int, member, opaque, string, traversal, traverses, type Costs } from './declare.ts'

/** Bytes of an address, 4 or 16; undefined where the text is none. */
export function parseAddress(text: string): readonly number[] | undefined {
  if (!text.includes(':')) return parseFour(text)
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map((half) => groupsOf(half))
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined
  if (tail === undefined) return head.length === 16 ? head : undefined
  const missing = 16 - head.length - tail.length
  return missing < 2 ? undefined : [...head, ...new Array<number>(missing).fill(0), ...tail]
}
function parseFour(text: string): readonly number[] | undefined {
  const parts = text.split('.')
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256) ? parts.map(Number) : undefined
}
function groupsOf(text: string): readonly number[] | undefined {
  if (text === '') return []
  const bytes: number[] = [], groups = text.split(':')
  for (const [index, group] of groups.entries()) {
    const four = index === groups.length - 1 && group.includes('.') ? parseFour(group) : undefined
    if (four !== undefined) bytes.push(...four)
    else if (/^[0-9a-fA-F]{1,4}$/.test(group)) bytes.push(parseInt(group, 16) >> 8, parseInt(group, 16) & 255)
    else return undefined
  }
  return bytes.length <= 16 ? bytes : undefined
}

/** The canonical text: the longest run of zero groups is left out. */
export function addressText(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, index) => (bytes[index * 2] ?? 0) * 256 + (bytes[index * 2 + 1] ?? 0))
  let best = { start: -1, length: 1 }
  for (let start = 0; start < 8; start++) {
    let length = 0
    while (groups[start + length] === 0) length++
    if (length > best.length) best = { start, length }
  }
  const written = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':')
  return best.start < 0 ? written(groups) : `${written(groups.slice(0, best.start))}::${written(groups.slice(best.start + best.length))}`
}
const isMapped = (bytes: readonly number[]): boolean => bytes.length === 16 && bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255

class Address extends Opaque {
  readonly typeName = 'net.IP'
  readonly bytes: readonly number[]
  constructor(bytes: readonly number[]) { super(); this.bytes = bytes }
  override equals(other: Opaque): boolean { return other instanceof Address && addressText(other.bytes) === addressText(this.bytes) }
  override toString(): string { return addressText(this.bytes) }
}
class Network extends Opaque {
  readonly typeName = 'net.CIDR'
  readonly bytes: readonly number[]
  readonly prefix: number
  constructor(bytes: readonly number[], prefix: number) { super(); this.bytes = bytes; this.prefix = prefix }
  override equals(other: Opaque): boolean { return other instanceof Network && String(other) === String(this) }
  override toString(): string { return `${addressText(this.bytes)}/${this.prefix}` }
}
const ipType = opaque<Address>('net.IP'), cidrType = opaque<Network>('net.CIDR')

function readAddress(text: string): Address | Fault {
  const quoted = JSON.stringify(text)
  if (text.includes('%')) return new Fault(`IP address ${quoted} with zone value is not allowed`)
  const bytes = parseAddress(text)
  if (bytes === undefined) return new Fault(`IP Address ${quoted} parse error during conversion from string: ParseAddr(${quoted}): ${whyNoAddress(text)}`)
  return isMapped(bytes) ? new Fault(`IPv4-mapped IPv6 address ${quoted} is not allowed`) : new Address(bytes)
}
/** As Go's netip says it. */
function whyNoAddress(text: string): string {
  const parts = text.split('.')
  if (text.includes(':') || parts.length === 1) return 'unable to parse IP'
  const stranger = /[^\d.]/.exec(text)
  if (stranger !== null) return `unexpected character (at ${JSON.stringify(text.slice(stranger.index))})`
  if (parts.includes('')) return 'IPv4 field must have at least one digit'
  if (parts.some((part) => /^0\d/.test(part))) return 'IPv4 field has octet with leading zero'
  if (parts.some((part) => Number(part) > 255)) return 'IPv4 field has value >255'
  return parts.length > 4 ? 'IPv4 address too long' : 'IPv4 address too short'
}
function readNetwork(text: string): Network | Fault {
  const quoted = JSON.stringify(text), said = 'network address parse error during conversion from string'
  const [address = '', prefix = '', ...more] = text.split('/')
  const bytes = parseAddress(address)
  const why = !text.includes('/') ? "no '/'" : bytes === undefined ? `ParseAddr(${JSON.stringify(address)}): ${whyNoAddress(address)}`
    : more.length > 0 || !/^(0|[1-9]\d*)$/.test(prefix) ? `bad bits after slash: ${JSON.stringify([prefix, ...more].join('/'))}` : Number(prefix) > bytes.length * 8 ? 'prefix length out of range' : undefined
  // Upstream wraps it twice.
  if (bytes === undefined || why !== undefined) return new Fault(`${said}: ${said}: netip.ParsePrefix(${quoted}): ${why ?? ''}`)
  return isMapped(bytes) ? new Fault(`${said}: IPv4-mapped IPv6 address ${quoted} is not allowed`) : new Network(bytes, Number(prefix))
}
const masked = (bytes: readonly number[], prefix: number): readonly number[] => bytes.map((byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, prefix - index * 8)) & 255))
const holds = (network: Network, bytes: readonly number[]): boolean => network.bytes.length === bytes.length && addressText(masked(network.bytes, network.prefix)) === addressText(masked(bytes, network.prefix))
const holdsNetwork = (network: Network, inner: Network): boolean => network.prefix <= inner.prefix && holds(network, inner.bytes)
const start = (bytes: readonly number[], ...wanted: readonly number[]): boolean => wanted.every((byte, index) => bytes[index] === byte)
const isUnspecified = ({ bytes }: Address): boolean => bytes.every((byte) => byte === 0)
const isLoopback = ({ bytes }: Address): boolean => bytes.length === 4 ? bytes[0] === 127 : addressText(bytes) === '::1'
const isLinkLocalUnicast = ({ bytes }: Address): boolean => bytes.length === 4 ? start(bytes, 169, 254) : bytes[0] === 0xfe && ((bytes[1] ?? 0) & 0xc0) === 0x80
const isLinkLocalMulticast = ({ bytes }: Address): boolean => bytes.length === 4 ? start(bytes, 224, 0, 0) : bytes[0] === 0xff && ((bytes[1] ?? 0) & 0x0f) === 2
const isMulticast = ({ bytes }: Address): boolean => bytes.length === 4 ? ((bytes[0] ?? 0) & 0xf0) === 0xe0 : bytes[0] === 0xff
const isGlobalUnicast = (address: Address): boolean => addressText(address.bytes) !== '255.255.255.255' && !isUnspecified(address) && !isLoopback(address) && !isMulticast(address) && !isLinkLocalUnicast(address)

const parsing: Costs = { cost: ([text]) => Math.ceil(sizeOf(text) * traversal), estimate: ([size = { min: 0, max: Infinity }]) => ({ cost: scaled(size, traversal), size: one }) }
const nominal = costs(1)
const unknown: Range = { min: 0, max: Infinity }
/** Comparing the bytes of both, and reading the text where it is one. */
const containing = (base: number, read: boolean): Costs => ({
  cost: ([network, other]) => Math.ceil(sizeOf(network) * 2 * traversal) + base + (read ? Math.ceil(sizeOf(other) * traversal) : 0),
  estimate: ([, other = unknown]) => ({ cost: { min: 1 + base, max: 4 + base + (read ? scaled(other, traversal).max : 0) } }),
})

export const addresses: readonly Overload[] = [
  declared('isIP', [string], bool, (text) => !(readAddress(text) instanceof Fault), parsing),
  declared('ip', [string], ipType, readAddress, parsing),
  declared('ip.isCanonical', [string], bool, (text) => { const read = readAddress(text); return read instanceof Fault ? read : String(read) === text }, traverses(2)),
  member('family', [ipType], int, ({ bytes }) => bytes.length === 4 ? 4 : 6, nominal),
  member('isUnspecified', [ipType], bool, isUnspecified, nominal),
  member('isLoopback', [ipType], bool, isLoopback, nominal),
  member('isLinkLocalMulticast', [ipType], bool, isLinkLocalMulticast, nominal),
  member('isLinkLocalUnicast', [ipType], bool, isLinkLocalUnicast, nominal),
  member('isGlobalUnicast', [ipType], bool, isGlobalUnicast, nominal),
  declared('string', [ipType], string, String),
  declared('isCIDR', [string], bool, (text) => !(readNetwork(text) instanceof Fault), parsing),
  declared('cidr', [string], cidrType, readNetwork, parsing),
  member('ip', [cidrType], ipType, ({ bytes }) => new Address(bytes), nominal),
  member('masked', [cidrType], cidrType, ({ bytes, prefix }) => new Network(masked(bytes, prefix), prefix), nominal),
  member('prefixLength', [cidrType], int, ({ prefix }): Int => prefix, nominal),
  member('containsIP', [cidrType, ipType], bool, (network, { bytes }) => holds(network, bytes), containing(0, false)),
  member('containsIP', [cidrType, string], bool, (network, text) => { const read = readAddress(text); return read instanceof Fault ? noSuchOverload : holds(network, read.bytes) }, containing(0, true)),
  member('containsCIDR', [cidrType, cidrType], bool, holdsNetwork, containing(3, false)),
  member('containsCIDR', [cidrType, string], bool, (network, text) => { const read = readNetwork(text); return read instanceof Fault ? read : holdsNetwork(network, read) }, containing(3, true)),
  declared('string', [cidrType], string, String),
]
