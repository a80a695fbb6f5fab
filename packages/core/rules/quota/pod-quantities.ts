import type { Container } from '../../api/generated/types.ts'
import type { Pod } from '../../api/resources.ts'
import { addQuantities, compareQuantities, parseQuantity, type Quantity } from '../../base/quantity.ts'

/** Exact amounts by resource name, which print as they were written. */
export type Quantities = Readonly<Record<string, Quantity>>
type Which = 'requests' | 'limits'

/** Quantities of an object's map; what is no quantity is left out. */
export function quantitiesOf(texts: Readonly<Record<string, string>> | undefined): Quantities {
  const read: Record<string, Quantity> = {}
  for (const name in texts) {
    const quantity = parseQuantity(String(texts[name]))
    if (quantity !== undefined) read[name] = quantity
  }
  return read
}

/** Each name's sum. */
export function sumOf(left: Quantities, right: Quantities): Quantities {
  const sum: Record<string, Quantity> = { ...left }
  for (const [name, quantity] of Object.entries(right)) {
    const other = sum[name]
    sum[name] = other === undefined ? quantity : addQuantities(other, quantity)
  }
  return sum
}

function largerOf(left: Quantities, right: Quantities): Quantities {
  const most: Record<string, Quantity> = { ...left }
  for (const [name, quantity] of Object.entries(right)) {
    const other = most[name]
    if (other === undefined || compareQuantities(quantity, other) > 0) most[name] = quantity
  }
  return most
}

/** What a pod asks for at its peak, as it is accounted: as podRequests of rules, exactly. Without `overhead` for LimitRanges. */
export function podQuantities(spec: Pod['spec'], which: Which, overhead: 'counted' | 'left out' = 'counted'): Quantities {
  const own = (container: Container): Quantities => quantitiesOf(container.resources?.[which])
  let total: Quantities = {}
  for (const container of spec.containers) total = sumOf(total, own(container))
  let sidecars: Quantities = {}
  let peak: Quantities = {}
  for (const container of spec.initContainers ?? []) {
    if (container.restartPolicy === 'Always') {
      total = sumOf(total, own(container))
      sidecars = sumOf(sidecars, own(container))
      peak = largerOf(peak, sidecars)
    } else peak = largerOf(peak, sumOf(sidecars, own(container)))
  }
  const needed = { ...largerOf(total, peak), ...quantitiesOf(spec.resources?.[which]) }
  if (overhead === 'left out' || spec.overhead === undefined) return needed
  // As upstream: overhead adds to a limit only where there is one.
  const added = Object.entries(quantitiesOf(spec.overhead)).filter(([name]) => which === 'requests' || needed[name] !== undefined)
  return sumOf(needed, Object.fromEntries(added))
}
