import { addQuantities, compareQuantities, formatQuantity, parseQuantity, type Quantity, quantityOf, subtractQuantities } from '../base/quantity.ts'
import { leastOf, type Threshold } from './eviction.ts'

type Quantities = Readonly<Record<string, string>>

/** Which of a node's resources an eviction threshold keeps free. */
const keptBy: Readonly<Record<string, Threshold['signal']>> = { memory: 'memory.available', 'ephemeral-storage': 'nodefs.available' }

/**
 * What pods may have of a node: its capacity without what is reserved for others and what is to be left before pods are
 * evicted. As upstream's Node Allocatable: huge pages are memory that nobody else has.
 */
export function allocatableOf(capacity: Quantities, { reserved, thresholds }: { readonly reserved: readonly Quantities[]; readonly thresholds: readonly Threshold[] }): Quantities {
  return Object.fromEntries(Object.entries(capacity).map(([resource, text]) => {
    const whole = read(text)
    const threshold = thresholds.find(({ signal, soft }) => signal === keptBy[resource] && soft === undefined)
    const taken = [
      ...reserved.flatMap((amounts) => amounts[resource] ?? []).map(read),
      ...(threshold === undefined ? [] : [quantityOf(leastOf(threshold, Number(whole.nanos / 1_000_000_000n)), whole.format)]),
      ...(resource === 'memory' ? Object.entries(capacity).filter(([name]) => name.startsWith('hugepages-')).map(([, pages]) => read(pages)) : []),
    ]
    if (taken.length === 0) return [resource, text]
    const left = subtractQuantities(whole, taken.reduce(addQuantities))
    return [resource, formatQuantity(compareQuantities(left, none) < 0 ? { ...none, format: whole.format } : left)]
  }))
}
const none = quantityOf(0)
const read = (text: string): Quantity => parseQuantity(text) ?? none
