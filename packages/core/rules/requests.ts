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

/**
 * What a pod on a node has to be given room for: what it asks for or what it was given, whichever is more, while it is being resized; what it
 * was given only where the node can never give more.
 */
export function podUsage(pod: Pod, whereMissing: Amounts = nothing): Amounts {
  const { spec, status } = pod
  const statuses = [...status?.containerStatuses ?? [], ...status?.initContainerStatuses ?? []].filter(({ allocatedResources, resources }) => allocatedResources !== undefined || resources?.requests !== undefined)
  if (statuses.length === 0) return podRequests(spec, whereMissing)
  const infeasible = status?.conditions?.some(({ type, reason }) => type === 'PodResizePending' && reason === 'Infeasible') === true
  const given = new Map(statuses.map((each) => [each.name, most(each.allocatedResources, each.resources?.requests)]))
  const sized = (container: Container): Container => {
    const has = given.get(container.name)
    return has === undefined ? container : { ...container, resources: { ...container.resources, requests: infeasible ? has : most(has, container.resources?.requests) } }
  }
  return podRequests({ ...spec, containers: spec.containers.map(sized), ...(spec.initContainers && { initContainers: spec.initContainers.map(sized) }) }, whereMissing)
}

/** Could podUsage differ? Cheap: most statuses of most pods say nothing of resources. */
export const mayUseDifferently = (before: Pod, after: Pod): boolean => (before.spec !== after.spec && (after.metadata.generation === undefined || before.metadata.generation !== after.metadata.generation)) || sizes(before) !== sizes(after)

function sizes({ status }: Pod): string {
  let text = ''
  for (const each of status?.containerStatuses ?? []) if (each.allocatedResources !== undefined || each.resources !== undefined) text += `${each.name} ${JSON.stringify([each.allocatedResources, each.resources])}`
  for (const each of status?.initContainerStatuses ?? []) if (each.allocatedResources !== undefined || each.resources !== undefined) text += `${each.name} ${JSON.stringify([each.allocatedResources, each.resources])}`
  return text === '' ? text : `${text} ${status.conditions?.find(({ type }) => type === 'PodResizePending')?.reason ?? ''}`
}

type Quantities = Readonly<Record<string, string>>
function most(a: Quantities = {}, b: Quantities = {}): Quantities {
  const all: Record<string, string> = { ...a }
  for (const [resource, quantity] of Object.entries(b)) if (!(amountOf(resource, all[resource]) >= amountOf(resource, quantity))) all[resource] = quantity
  return all
}

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
