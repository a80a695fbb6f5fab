// What upstream's validation says of addresses and CIDRs. Fields from before it was strict keep what they have.
import type { Problem } from '../refusal.ts'
import { checkLabelName, checkSubdomain } from '../selectors/syntax.ts'
import { addressFault, formatAddress, formatBlock, isCidr, isInBlock, parseAddress, parseBlock } from './addresses.ts'
import { invalid, required } from './problems.ts'

export const cidrFault = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'
/** Where IPv4 is written as IPv6: '::ffff:' and 32 bits. */
const mapped = 0xffffn
const zeros = /(^|[.:/])0\d/

/** An address of a field that is newer than the rules: in its one canonical form. */
export function checkAddress(path: string, text: string): readonly Problem[] {
  const problems = checkOldAddress(path, text)
  const parsed = parseAddress(text)
  if (problems.length > 0 || parsed === undefined) return problems
  const canonical = formatAddress(parsed.family, parsed.number)
  return canonical === text ? [] : [invalid(path, text, `must be in canonical form (${JSON.stringify(canonical)})`)]
}

/** An address of an older field; `had` is what it held before. */
export function checkOldAddress(path: string, text: string, had: readonly string[] = []): readonly Problem[] {
  if (had.includes(text)) return []
  const parsed = parseAddress(text)
  if (parsed === undefined) return [invalid(path, text, hasZeros(text) ? 'must not have leading 0s' : addressFault)]
  return isMapped(parsed) ? [invalid(path, text, 'must not be an IPv4-mapped IPv6 address')] : []
}

/** A CIDR of a field that is newer than the rules: in its one canonical form. */
export function checkCidr(path: string, text: string): readonly Problem[] {
  const problems = checkOldCidr(path, text)
  const block = parseBlock(text)
  if (problems.length > 0 || block === undefined) return problems
  const canonical = formatBlock(block)
  return canonical === text ? [] : [invalid(path, text, `must be in canonical form (${JSON.stringify(canonical)})`)]
}

/** A CIDR of an older field; `had` are those that the object had before. */
export function checkOldCidr(path: string, text: string, had: readonly string[] = []): readonly Problem[] {
  if (had.includes(text)) return []
  const block = parseBlock(text)
  const [address = '', bits = ''] = text.split('/')
  const parsed = parseAddress(address)
  if (block === undefined || parsed === undefined) {
    return [invalid(path, text, hasZeros(text) && isCidr(`${withoutZeros(address)}/${Number(bits)}`) ? 'must not have leading 0s in IP or prefix length' : cidrFault)]
  }
  if (/^0\d/.test(bits)) return [invalid(path, text, 'must not have leading 0s in IP or prefix length')]
  if (isMapped(parsed)) return [invalid(path, text, 'must not have an IPv4-mapped IPv6 address')]
  return parsed.number === block.first ? [] : [invalid(path, text, 'must not have bits set beyond the prefix length')]
}

/** An address that others are to reach: none of this machine's or this link's own. */
export function checkReachable(path: string, text: string): readonly Problem[] {
  const parsed = parseAddress(text)
  if (parsed === undefined) return []
  const range = special.find(({ blocks }) => blocks.some((block) => isInBlock(block, parsed.family, parsed.number)))
  if (parsed.number === 0n) return [invalid(path, text, `may not be unspecified (${text})`)]
  return range === undefined ? [] : [invalid(path, text, range.fault)]
}
const blocksOf = (...cidrs: readonly string[]) => cidrs.flatMap((cidr) => parseBlock(cidr) ?? [])
const special = [
  { blocks: blocksOf('127.0.0.0/8', '::1/128'), fault: 'may not be in the loopback range (127.0.0.0/8, ::1/128)' },
  { blocks: blocksOf('169.254.0.0/16', 'fe80::/10'), fault: 'may not be in the link-local range (169.254.0.0/16, fe80::/10)' },
  { blocks: blocksOf('224.0.0.0/24', 'ff02::/16'), fault: 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)' },
]

/** A host's full name: at least two labels, perhaps a last dot. */
export function checkFullName(path: string, text: string): readonly Problem[] {
  if (text === '') return [required(path)]
  const name = text.endsWith('.') ? text.slice(0, -1) : text
  const faults = checkSubdomain(name)
  if (faults.length > 0) return [invalid(path, name, faults.join(','))]
  const labels = name.split('.')
  if (labels.length < 2) return [invalid(path, name, 'should be a domain with at least two segments separated by dots')]
  const bad = labels.find((label) => checkLabelName(label).length > 0)
  return bad === undefined ? [] : [invalid(path, bad, checkLabelName(bad).join(','))]
}

/** Is the text an address for lenient readers, which take zeros in front? */
export const isAddressLike = (text: string): boolean => parseAddress(text) !== undefined || (hasZeros(text) && parseAddress(withoutZeros(text)) !== undefined)
const hasZeros = (text: string): boolean => zeros.test(text) && !text.includes(':') && parseAddress(withoutZeros(text.split('/')[0] ?? '')) !== undefined
const withoutZeros = (text: string): string => text.replace(/(^|\.)0+(?=\d)/g, '$1')
const isMapped = ({ family, number }: { readonly family: string; readonly number: bigint }): boolean => family === 'IPv6' && number >> 32n === mapped
