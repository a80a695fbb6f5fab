import { deepEqual } from 'fast-equals'
import type { EndpointSlice } from '../../api/index.ts'
import type { DiscoveryV1EndpointPort, Endpoint } from '../../api/generated/types.ts'

/** How many endpoints a slice holds, as upstream's default. */
export const endpointsPerSlice = 100

type Ports = readonly DiscoveryV1EndpointPort[]
/** Endpoints that share their ports; `ports` undefined stands for the placeholder without any. */
export interface Group<P extends Ports = Ports> { readonly ports: P | undefined; readonly endpoints: readonly Endpoint[] }
interface Filling { readonly slice: EndpointSlice; readonly ports: Ports | undefined; readonly endpoints: Endpoint[]; changed: boolean }

/**
 * Spreads endpoints over slices so that few slices change: what is in a slice stays there, new ones fill slices that change anyway,
 * then the fullest slice that has room for all that are left, then new slices.
 */
export function pack<P extends Ports>(groups: readonly Group<P>[], existing: readonly EndpointSlice[]): {
  readonly added: readonly Group<P>[]
  readonly kept: readonly { readonly slice: EndpointSlice; readonly ports: Ports | undefined; readonly endpoints: readonly Endpoint[] }[]
  readonly dropped: readonly EndpointSlice[]
} {
  const added: Group<P>[] = []
  const kept: Filling[] = []
  const dropped: EndpointSlice[] = []
  const free = new Set(existing)
  for (const group of groups) {
    const wanted = new Map(group.endpoints.map((endpoint) => [identity(endpoint), endpoint]))
    const slices = [...free].filter((slice) => samePorts(slice.ports, group.ports))
    for (const slice of slices) free.delete(slice)
    const fillings = slices.map((slice) => keepIn(slice, wanted, group.ports))
    const left = [...wanted.values()]
    fillChanged(fillings, left)
    fillFullest(fillings, left)
    const chunks = Math.max(Math.ceil(left.length / endpointsPerSlice), group.endpoints.length === 0 ? 1 : 0)
    for (let start = 0; start < chunks * endpointsPerSlice; start += endpointsPerSlice) added.push({ ports: group.ports, endpoints: left.slice(start, start + endpointsPerSlice) })
    const filled = fillings.filter(({ endpoints }) => endpoints.length > 0)
    kept.push(...filled)
    dropped.push(...fillings.filter(({ endpoints }) => endpoints.length === 0).map(({ slice }) => slice))
  }
  dropped.push(...free)
  // As upstream, a slice that would go is used for one that would come, so that names last.
  const recycled = dropped.splice(0, added.length).map((slice, index) => ({ slice, ports: added[index]?.ports, endpoints: added[index]?.endpoints ?? [] }))
  return { added: added.slice(recycled.length), kept: [...kept, ...recycled], dropped }
}

function keepIn(slice: EndpointSlice, wanted: Map<string, Endpoint>, ports: Ports | undefined): Filling {
  const endpoints: Endpoint[] = []
  let changed = false
  for (const endpoint of slice.endpoints ?? []) {
    const next = wanted.get(identity(endpoint))
    if (next === undefined || !wanted.delete(identity(endpoint))) { changed = true; continue }
    const same = deepEqual(next, endpoint)
    endpoints.push(same ? endpoint : next)
    changed ||= !same
  }
  return { slice, ports, endpoints, changed }
}

function fillChanged(fillings: readonly Filling[], left: Endpoint[]): void {
  for (const { changed, endpoints } of fillings)
    if (changed || endpoints.length === 0) endpoints.push(...left.splice(0, endpointsPerSlice - endpoints.length))
}

function fillFullest(fillings: readonly Filling[], left: Endpoint[]): void {
  if (left.length === 0 || left.length >= endpointsPerSlice) return
  const roomy = fillings.filter(({ endpoints }) => endpoints.length + left.length <= endpointsPerSlice)
  roomy.toSorted((a, b) => b.endpoints.length - a.endpoints.length)[0]?.endpoints.push(...left.splice(0))
}

const identity = (endpoint: Endpoint): string => endpoint.targetRef?.uid ?? endpoint.addresses.join()

/** Are these the same ports, whatever is left out? */
export const samePorts = (a: Ports | undefined, b: Ports | undefined): boolean => deepEqual((a ?? []).map(plain), (b ?? []).map(plain))
const plain = (port: DiscoveryV1EndpointPort): unknown => [port.name ?? '', port.port, port.protocol ?? 'TCP', port.appProtocol]
