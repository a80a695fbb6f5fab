import type { Container } from '../api/generated/types.ts'
import type { Pod } from '../api/resources.ts'
import { millisOf, unitsOf } from './quantity.ts'

/** Amounts by resource name: cpu in thousandths of a core, everything else in whole units (bytes, counts). */
export type Amounts = Readonly<Record<string, number>>

/** A quantity of a resource as an amount. */
export const amountOf = (resource: string, quantity: string | number | undefined): number => (resource === 'cpu' ? millisOf(quantity) : unitsOf(quantity))

/** Quantities as amounts. */
export function amountsOf(quantities: Readonly<Record<string, string>> | undefined): Amounts {
  const amounts: Record<string, number> = {}
  for (const resource in quantities) amounts[resource] = amountOf(resource, quantities[resource])
  return amounts
}

/**
 * What the pod needs at once: its containers and sidecars together, or an init container with the sidecars started before
 * it, whichever is more; then the pod's own resources where it states them, plus its overhead. `whereMissing` stands in for
 * what a container does not state.
 */
export function podRequests(spec: Pod['spec'], whereMissing: Amounts = nothing): Amounts {
  return podAmounts(spec, 'requests', whereMissing)
}
const nothing: Amounts = {}

/** As podRequests, for limits: a resource without a limit in some container is left out by that container. */
export function podLimits(spec: Pod['spec']): Amounts {
  return podAmounts(spec, 'limits', nothing)
}

function podAmounts(spec: Pod['spec'], which: 'requests' | 'limits', whereMissing: Amounts): Amounts {
  const total: Record<string, number> = {}
  for (const container of spec.containers) add(total, container, which, whereMissing)
  const sidecars: Record<string, number> = {}
  const peak: Record<string, number> = {}
  for (const container of spec.initContainers ?? []) {
    if (container.restartPolicy === 'Always') {
      add(total, container, which, whereMissing)
      add(sidecars, container, which, whereMissing)
      raise(peak, sidecars)
    } else {
      const during = { ...sidecars }
      add(during, container, which, whereMissing)
      raise(peak, during)
    }
  }
  raise(total, peak)
  for (const resource in spec.resources?.[which]) total[resource] = amountOf(resource, spec.resources[which][resource])
  for (const resource in spec.overhead) total[resource] = (total[resource] ?? 0) + amountOf(resource, spec.overhead[resource])
  return total
}

function add(total: Record<string, number>, container: Container, which: 'requests' | 'limits', whereMissing: Amounts): void {
  const quantities = container.resources?.[which]
  for (const resource in whereMissing) if (quantities?.[resource] === undefined) total[resource] = (total[resource] ?? 0) + (whereMissing[resource] ?? 0)
  for (const resource in quantities) total[resource] = (total[resource] ?? 0) + amountOf(resource, quantities[resource])
}

function raise(total: Record<string, number>, floor: Amounts): void {
  for (const resource in floor) total[resource] = Math.max(total[resource] ?? 0, floor[resource] ?? 0)
}
