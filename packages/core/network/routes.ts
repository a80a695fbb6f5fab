// What a node's packet rules must do for Services, as data. Behaviour: kube-proxy.
import type { Endpoint, ServicePort } from '../api/generated/types.ts'
import { type Change, type ClusterView, type EndpointSlice, endpointSlices, type Service, services, slicesByService } from '../api/index.ts'
import type { ServiceRoute } from './types.ts'

/** All routes of one node, by name. */
export function serviceRoutes(view: ClusterView, node: string): readonly ServiceRoute[] {
  return [...view.list(services)].flatMap((service) => routesOf(service, slicesOf(view, service), node))
}

/** The Services ('namespace/name') whose routes a change may alter. */
export function routedServices(change: Change): readonly string[] {
  if (change.key.resource === services.resource) return [`${change.key.namespace}/${change.key.name}`]
  if (change.key.resource !== endpointSlices.resource) return []
  const names = [change.before, change.after].map((slice) => slice?.metadata.labels?.['kubernetes.io/service-name'])
  return [...new Set(names.flatMap((name) => (name ? [`${change.key.namespace}/${name}`] : [])))]
}

/** The routes of one Service ('namespace/name') on a node; none when there is no such Service. */
export function routesOfService(view: ClusterView, key: string, node: string): readonly ServiceRoute[] {
  const slash = key.indexOf('/')
  const service = view.get(services, key.slice(0, slash), key.slice(slash + 1))
  return service === undefined ? [] : routesOf(service, slicesOf(view, service), node)
}

/** What to install and what to remove to get from one set of routes to another. Equal routes are left alone. */
export function routesDifference(before: readonly ServiceRoute[], after: readonly ServiceRoute[]): { readonly removed: readonly string[]; readonly set: readonly ServiceRoute[] } {
  const known = new Map(before.map((route) => [route.name, JSON.stringify(route)]))
  const kept = new Set(after.map((route) => route.name))
  return {
    removed: before.map((route) => route.name).filter((name) => !kept.has(name)),
    set: after.filter((route) => known.get(route.name) !== JSON.stringify(route)),
  }
}

const slicesOf = (view: ClusterView, service: Service): readonly EndpointSlice[] => [...view.by(slicesByService, `${service.metadata.namespace}/${service.metadata.name}`)]

function routesOf(service: Service, slices: readonly EndpointSlice[], node: string): readonly ServiceRoute[] {
  if (service.spec.type === 'ExternalName' || service.spec.clusterIP === 'None' || !service.spec.clusterIP) return []
  return (service.spec.ports ?? []).flatMap((port) => (['IPv4', 'IPv6'] as const).flatMap((family) => portRoutes(service, port, family, slices, node)))
}

function portRoutes(service: Service, port: ServicePort, family: 'IPv4' | 'IPv6', slices: readonly EndpointSlice[], node: string): readonly ServiceRoute[] {
  const inside = (service.spec.clusterIPs ?? [service.spec.clusterIP ?? '']).filter((address) => familyOf(address) === family)
  const outside = externalAddresses(service).filter((address) => familyOf(address) === family)
  if (inside.length === 0 && outside.length === 0) return []
  const all = slices.filter((slice) => slice.addressType === family).flatMap((slice) => portEndpoints(slice, port))
  const base: ServiceRoute = {
    name: `${service.metadata.namespace}/${service.metadata.name}:${port.name ?? port.port}${family === 'IPv6' ? '/6' : ''}`,
    protocol: protocolOf(port.protocol), addresses: [], port: port.port, endpoints: [], ...affinity(service),
  }
  const local = all.filter(({ endpoint }) => endpoint.nodeName === node)
  const nodePort = port.nodePort ? { nodePort: port.nodePort } : {}
  const insideEndpoints = chosen(service.spec.internalTrafficPolicy === 'Local' ? local : all)
  const outsideEndpoints = chosen(service.spec.externalTrafficPolicy === 'Local' ? local : all)
  const samePolicy = (service.spec.internalTrafficPolicy === 'Local') === (service.spec.externalTrafficPolicy === 'Local')
  if (samePolicy || (outside.length === 0 && !port.nodePort))
    return [{ ...base, addresses: [...inside, ...outside], ...nodePort, endpoints: insideEndpoints }]
  return [{ ...base, addresses: inside, endpoints: insideEndpoints }, { ...base, name: `${base.name}/external`, addresses: outside, ...nodePort, endpoints: outsideEndpoints }]
}

type Candidate = { readonly endpoint: Endpoint; readonly address: string; readonly port: number }

function portEndpoints(slice: EndpointSlice, port: ServicePort): readonly Candidate[] {
  const matching = slice.ports?.find((one) => (one.name ?? '') === (port.name ?? '') && (one.protocol ?? 'TCP') === (port.protocol ?? 'TCP'))
  const number = matching?.port
  return number === undefined ? [] : (slice.endpoints ?? []).flatMap((endpoint) => endpoint.addresses.slice(0, 1).map((address) => ({ endpoint, address, port: number })))
}

/** Ready endpoints; where there is none, those that still serve while they terminate. */
function chosen(candidates: readonly Candidate[]): ServiceRoute['endpoints'] {
  const ready = candidates.filter(({ endpoint }) => endpoint.conditions?.ready ?? true)
  const left = ready.length > 0 ? ready : candidates.filter(({ endpoint }) => endpoint.conditions?.serving === true && endpoint.conditions.terminating === true)
  const byText = new Map(left.map(({ address, port }) => [`${address}:${port}`, { address, port }]))
  return [...byText].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, endpoint]) => endpoint)
}

function affinity(service: Service): { readonly affinitySeconds?: number } {
  return service.spec.sessionAffinity === 'ClientIP' ? { affinitySeconds: service.spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800 } : {}
}

function externalAddresses(service: Service): readonly string[] {
  const balanced = service.spec.type === 'LoadBalancer' ? (service.status.loadBalancer?.ingress ?? []) : []
  return [...(service.spec.externalIPs ?? []), ...balanced.flatMap(({ ip, ipMode }) => (ip && ipMode !== 'Proxy' ? [ip] : []))]
}

const familyOf = (address: string): 'IPv4' | 'IPv6' | undefined => (address.includes(':') ? 'IPv6' : address.includes('.') ? 'IPv4' : undefined)
const protocolOf = (protocol: string | undefined): ServiceRoute['protocol'] => (protocol === 'UDP' || protocol === 'SCTP' ? protocol : 'TCP')
