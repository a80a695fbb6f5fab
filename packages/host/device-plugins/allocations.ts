import type { Device } from './messages.ts'

/** Which devices a container has, by pod, container and resource: plain data, written down. */
export type Allocations = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>>>

/** The devices for a container: those it has already, else free ones that are well, `preferred` ones first. Text: why it gets none, in upstream's words. */
export function chooseDevices(resource: string, count: number, devices: readonly Device[], before: Allocations, pod: string, container: string, preferred: readonly string[] = []): readonly string[] | string {
  const own = ownDevices(resource, count, before, pod, container)
  if (own !== undefined) return own
  const free = freeDevices(resource, devices, before)
  if (free.length < count) return `Allocate failed due to requested number of devices unavailable for ${resource}. Requested: ${count}, Available: ${free.length}, which is unexpected`
  const first = preferred.filter((id) => free.includes(id))
  return [...first, ...free.filter((id) => !first.includes(id))].slice(0, count)
}

/** Devices that the container was given when it started before. */
export function ownDevices(resource: string, count: number, before: Allocations, pod: string, container: string): readonly string[] | undefined {
  const own = before[pod]?.[container]?.[resource]
  return own?.length === count ? own : undefined
}
/** Devices that are well and nobody's. */
export function freeDevices(resource: string, devices: readonly Device[], before: Allocations): readonly string[] {
  const taken = new Set(Object.values(before).flatMap((containers) => Object.values(containers).flatMap((resources) => resources[resource] ?? [])))
  return devices.filter(({ id, healthy }) => healthy && !taken.has(id)).map(({ id }) => id).sort()
}

export const withAllocation = (before: Allocations, pod: string, container: string, resource: string, ids: readonly string[]): Allocations =>
  ({ ...before, [pod]: { ...before[pod], [container]: { ...before[pod]?.[container], [resource]: ids } } })

export function withoutPod(before: Allocations, pod: string): Allocations {
  const { [pod]: _gone, ...others } = before
  return others
}

/** The pods that have one of these devices of a resource. */
export const holdersOf = (allocations: Allocations, resource: string, ids: ReadonlySet<string>): readonly string[] =>
  Object.entries(allocations).flatMap(([pod, containers]) => (Object.values(containers).some((resources) => resources[resource]?.some((id) => ids.has(id)) === true) ? [pod] : []))
