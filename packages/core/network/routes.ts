// What a node's packet rules must do for Services, as data. Behaviour: kube-proxy.
import type { Endpoint, ServicePort } from '../api/generated/types.ts'
import { type Change, type ClusterView, type EndpointSlice, endpointSlices, type Service, services, slicesByService } from '../api/index.ts'
import type { EndpointPlace, Endpoints, ServiceRoute, ServingPlace } from './types.ts'

/** The Services ('namespace/name') whose routes a change may alter. */
export function routedServices(change: Change): readonly string[] {
  if (change.key.resource === services.resource) return [`${change.key.namespace}/${change.key.name}`]
  if (change.key.resource !== endpointSlices.resource) return []
  const names = [change.before, change.after].map((slice) => slice?.metadata.labels?.['kubernetes.io/service-name'])
  return [...new Set(names.flatMap((name) => (name ? [`${change.key.namespace}/${name}`] : [])))]
}

/** The routes of one Service ('namespace/name') at a place; none when there is no such Service. */
export function routesOfService(view: ClusterView, key: string, place: ServingPlace): readonly ServiceRoute[] {
  const slash = key.indexOf('/')
  const service = view.get(services, key.slice(0, slash), key.slice(slash + 1))
  if (service === undefined || service.spec.type === 'ExternalName' || service.spec.clusterIP === 'None' || !service.spec.clusterIP || isProxiedByOthers(service)) return []
  const slices = [...view.by(slicesByService, key)]
  return (service.spec.ports ?? []).flatMap((port) => (['IPv4', 'IPv6'] as const).flatMap((family) => portRoutes(service, port, family, slices, place)))
}

/** How many pods of a Service are on a node, for the balancer that asks: pods that are ready, or that still serve while none is. */
export function localEndpoints(view: ClusterView, key: string, node: string): number {
  // A pod of two families is in a slice of each.
  const pods = new Map<string, Set<string>>()
  for (const { addressType, endpoints } of view.by(slicesByService, key)) {
    const own = serving((endpoints ?? []).filter(({ nodeName }) => nodeName === node).map((endpoint) => ({ endpoint, address: endpoint.addresses[0] ?? '', port: 0 })))
    const known = pods.get(addressType) ?? new Set<string>()
    pods.set(addressType, known)
    for (const { address } of own) known.add(address)
  }
  return Math.max(0, ...[...pods.values()].map(({ size }) => size))
}

const isProxiedByOthers = ({ metadata }: Service): boolean => metadata.labels?.['service.kubernetes.io/service-proxy-name'] !== undefined

function portRoutes(service: Service, port: ServicePort, family: 'IPv4' | 'IPv6', slices: readonly EndpointSlice[], place: ServingPlace): readonly ServiceRoute[] {
  const { spec } = service
  const ofFamily = (addresses: readonly string[]): readonly string[] => addresses.filter((address) => familyOf(address) === family)
  const addresses = ofFamily(spec.clusterIPs ?? [spec.clusterIP ?? ''])
  const balanced = ofFamily(balancedAddresses(service))
  const external = ofFamily(spec.externalIPs ?? [])
  if (addresses.length + balanced.length + external.length === 0) return []
  const all = slices.filter((slice) => slice.addressType === family).flatMap((slice) => portCandidates(slice, port))
  const local = all.filter(({ endpoint }) => endpoint.nodeName === place.node)
  const near = placesOf(nearest(all, place), all)
  const own = placesOf(serving(local), all)
  // The machine is no node: what is only for a node's own pods has no sense there.
  const isNode = place.node !== undefined
  const from = ofFamilyBlocks(spec.loadBalancerSourceRanges ?? [], family)
  const openTo = spec.type === 'LoadBalancer' && from.length > 0 && balanced.length > 0
  const nodePort = port.nodePort ? { nodePort: port.nodePort } : {}
  const outside = [...external, ...(openTo ? [] : balanced)]
  return [{
    name: `${service.metadata.namespace}/${service.metadata.name}:${port.name || port.port}${family === 'IPv6' ? '/6' : ''}`,
    protocol: protocolOf(port.protocol), addresses, port: port.port, ...affinity(service),
    endpoints: isNode && spec.internalTrafficPolicy === 'Local' ? own : near,
    ...((outside.length > 0 || openTo || port.nodePort) && {
      outside: {
        addresses: outside, ...nodePort, ...(openTo && { balanced: { addresses: balanced, from } }),
        ...(isNode && spec.externalTrafficPolicy === 'Local' && { local: { endpoints: own, all: near } }),
      },
    }),
  }]
}

type Candidate = { readonly endpoint: Endpoint; readonly address: string; readonly port: number }

function portCandidates(slice: EndpointSlice, port: ServicePort): readonly Candidate[] {
  const matching = slice.ports?.find((one) => (one.name ?? '') === (port.name ?? '') && (one.protocol ?? 'TCP') === (port.protocol ?? 'TCP'))
  const number = matching?.port
  return number === undefined ? [] : (slice.endpoints ?? []).flatMap((endpoint) => endpoint.addresses.slice(0, 1).map((address) => ({ endpoint, address, port: number })))
}

/** As kube-proxy: hints count only while every ready endpoint has one and one of them is for us, those for nodes before those for zones. */
function nearest(all: readonly Candidate[], { node, zone }: ServingPlace): readonly Candidate[] {
  const ready = all.filter(isReady)
  if (ready.length === 0) return serving(all)
  if (node === undefined) return ready
  const hinted = (names: (candidate: Candidate) => readonly string[], name: string | undefined): readonly Candidate[] =>
    (ready.every((one) => names(one).length > 0) ? ready.filter((one) => name !== undefined && names(one).includes(name)) : [])
  const sameNode = hinted(({ endpoint }) => (endpoint.hints?.forNodes ?? []).map(({ name }) => name), node)
  if (sameNode.length > 0) return sameNode
  const sameZone = hinted(({ endpoint }) => (endpoint.hints?.forZones ?? []).map(({ name }) => name), zone)
  return sameZone.length > 0 ? sameZone : ready
}

const isReady = ({ endpoint }: Candidate): boolean => endpoint.conditions?.ready ?? true

/** Ready ones; where there is none, those that still serve while they terminate. */
function serving(candidates: readonly Candidate[]): readonly Candidate[] {
  const ready = candidates.filter(isReady)
  return ready.length > 0 ? ready : candidates.filter(({ endpoint: { conditions } }) => conditions?.serving === true && conditions.terminating === true)
}

function placesOf(chosen: readonly Candidate[], all: readonly Candidate[]): Endpoints {
  if (chosen.length === 0) return serving(all).length > 0 ? 'dropped' : 'refused'
  const byText = new Map<string, EndpointPlace>(chosen.map(({ address, port }) => [`${address}:${port}`, { address, port }]))
  return [...byText].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, endpoint]) => endpoint)
}

function affinity({ spec }: Service): { readonly affinitySeconds?: number } {
  return spec.sessionAffinity === 'ClientIP' ? { affinitySeconds: spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800 } : {}
}

function balancedAddresses({ spec, status }: Service): readonly string[] {
  return spec.type === 'LoadBalancer' ? (status.loadBalancer?.ingress ?? []).flatMap(({ ip, ipMode }) => (ip && ipMode !== 'Proxy' ? [ip] : [])) : []
}

const ofFamilyBlocks = (blocks: readonly string[], family: 'IPv4' | 'IPv6'): readonly string[] => blocks.map((block) => block.trim()).filter((block) => familyOf(block) === family)
const familyOf = (address: string): 'IPv4' | 'IPv6' | undefined => (address.includes(':') ? 'IPv6' : address.includes('.') ? 'IPv4' : undefined)
const protocolOf = (protocol: string | undefined): ServiceRoute['protocol'] => (protocol === 'UDP' || protocol === 'SCTP' ? protocol : 'TCP')
