import { parseQuantity, type Quantity, quantityFault } from '../../../base/quantity.ts'
import type { Problem } from '../../refusal.ts'
import { invalid } from '../problems.ts'

export const nonNegativeFault = 'must be greater than or equal to 0'

/** A quantity's text: well-formed and not negative. */
export function checkAmount(path: string, amount: string): readonly Problem[] {
  const quantity = parseQuantity(amount)
  if (quantity === undefined) return [invalid(path, amount, quantityFault)]
  return quantity.nanos < 0n ? [invalid(path, amount, nonNegativeFault)] : []
}

/** A quantity's text: well-formed and more than zero. */
export function checkPositiveAmount(path: string, amount: string): readonly Problem[] {
  const quantity = parseQuantity(amount)
  if (quantity === undefined) return [invalid(path, amount, quantityFault)]
  return quantity.nanos <= 0n ? [invalid(path, amount, 'must be greater than zero')] : []
}

export const amountOf = (amount: string | undefined): Quantity => (amount === undefined ? undefined : parseQuantity(amount)) ?? { nanos: 0n, format: 'DecimalSI' }

/** How volumes may be mounted, in the order in which kubectl shows them, with its abbreviations. */
export const accessModes: ReadonlyMap<string, string> = new Map([['ReadWriteOnce', 'RWO'], ['ReadOnlyMany', 'ROX'], ['ReadWriteMany', 'RWX'], ['ReadWriteOncePod', 'RWOP']])

/** 'RWO,RWX'. */
export const accessModesText = (modes: readonly string[] | undefined): string =>
  [...accessModes].filter(([mode]) => modes?.includes(mode)).map(([, short]) => short).join(',')
