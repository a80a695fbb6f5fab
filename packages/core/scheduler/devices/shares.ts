// Devices that several claims share by capacity: how much of one a request takes. Behaviour: upstream's consumable capacity.
import type { CapacityRequestPolicy, Device } from '../../api/generated/types.ts'
import { fingerprint } from '../../base/fingerprint.ts'
import { formatQuantity, nanosOf, parseQuantity } from '../../base/quantity.ts'

/** Billionths of each capacity, by its name. */
export type Shares = ReadonlyMap<string, bigint>

export const isShared = ({ allowMultipleAllocations }: Device): boolean => allowMultipleAllocations === true

/** What a request takes of each capacity of a shared device, rounded as the device says; undefined when the device cannot give that. */
export function sharesOf({ capacity = {} }: Device, wanted: Readonly<Record<string, string>>): Shares | undefined {
  const shares = new Map<string, bigint>()
  for (const name in wanted) if (capacity[name] === undefined) return undefined
  for (const [name, { value, requestPolicy }] of Object.entries(capacity)) {
    const share = wanted[name] === undefined ? nanosOf(requestPolicy?.default ?? value) : rounded(nanosOf(wanted[name]), requestPolicy)
    if (share === undefined || share > nanosOf(value)) return undefined
    shares.set(name, share)
  }
  return shares
}

/** Up to the next amount that the device gives out. */
function rounded(wanted: bigint, { validRange, validValues }: CapacityRequestPolicy = {}): bigint | undefined {
  if (validValues !== undefined) return validValues.map(nanosOf).find((value) => value >= wanted)
  if (validRange === undefined) return wanted
  const [least, step] = [nanosOf(validRange.min), nanosOf(validRange.step)]
  const from = wanted < least ? least : wanted
  const share = step === 0n ? from : least + ((from - least + step - 1n) / step) * step
  return validRange.max !== undefined && share > nanosOf(validRange.max) ? undefined : share
}

/** Is as much left of a device of which so much is taken? */
export const hasLeft = ({ capacity = {} }: Device, taken: Shares, more: Shares): boolean => [...more].every(([name, share]) => (taken.get(name) ?? 0n) + share <= nanosOf(capacity[name]?.value))

/** The one amount and the other (or less it). */
export function changed(shares: Shares, more: Shares, sign: 1n | -1n): Shares {
  const next = new Map(shares)
  for (const [name, share] of more) next.set(name, (next.get(name) ?? 0n) + sign * share)
  return next
}

/** As a claim's status says it. */
export const consumedOf = ({ capacity = {} }: Device, shares: Shares): Readonly<Record<string, string>> =>
  Object.fromEntries([...shares].map(([name, nanos]) => [name, formatQuantity({ nanos, format: parseQuantity(capacity[name]?.value ?? '')?.format ?? 'DecimalSI' })]))
export const sharesIn = (consumed: Readonly<Record<string, string>> | undefined): Shares => new Map(Object.entries(consumed ?? {}).map(([name, amount]) => [name, nanosOf(amount)]))

/** The name of a claim's share, in the form of a uid. */
export function shareIdOf(claim: string, at: number): string {
  const digits = fingerprint(`${claim}/${at}`)
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join('-')
}
