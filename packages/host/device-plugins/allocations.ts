import type { Device } from './messages.ts'

/** Which devices a container has, by pod, container and resource: plain data, written down. */
export type Allocations = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>>>

/** The devices for a container: those it has already, else free ones that are well. Text: why it gets none, in upstream's words. */
export function chooseDevices(resource: string, count: number, devices: readonly Device[], before: Allocations, pod: string, container: string): readonly string[] | string {
  const own = before[pod]?.[container]?.[resource]
  if (own !== undefined && own.length === count) return own
  const taken = new Set(Object.values(before).flatMap((containers) => Object.values(containers).flatMap((resources) => resources[resource] ?? [])))
  const free = devices.filter(({ id, healthy }) => healthy && !taken.has(id)).map(({ id }) => id).sort()
  if (free.length < count) return `Allocate failed due to requested number of devices unavailable for ${resource}. Requested: ${count}, Available: ${free.length}, which is unexpected`
  return free.slice(0, count)
}

export const withAllocation = (before: Allocations, pod: string, container: string, resource: string, ids: readonly string[]): Allocations =>
  ({ ...before, [pod]: { ...before[pod], [container]: { ...before[pod]?.[container], [resource]: ids } } })

export function withoutPod(before: Allocations, pod: string): Allocations {
  const { [pod]: _gone, ...others } = before
  return others
}
