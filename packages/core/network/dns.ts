// The answers of the cluster's DNS, as data. Behaviour: the Kubernetes DNS specification 1.1.0 and CoreDNS's kubernetes plugin as kubeadm sets it up
// (pods insecure, fallthrough for reverse names, TTL 5).
import type { Endpoint } from '../api/generated/types.ts'
import { type ClusterView, type EndpointSlice, endpointSlices, type Index, namespaces, type Resource, type Service, services, servicesByClusterIP, slicesByService } from '../api/index.ts'
import { type ClusterName, normalName, readName } from './dns-names.ts'
import type { DnsAnswer, DnsQuestion, DnsRecord } from './types.ts'

/** Seconds a client may keep an answer. */
export const answerTtl = 5

/** One place a name leads to. `name` is the name of the place itself, for SRV targets. */
interface Place { readonly name: string; readonly address: string; readonly ports: readonly Port[] }
interface Port { readonly name: string; readonly protocol: string; readonly port: number }
type Found = { readonly is: 'places'; readonly places: readonly Place[] } | { readonly is: 'alias'; readonly target: string } | { readonly is: 'empty' } | { readonly is: 'missing' }

/** Answers one question about the cluster's zone; record data is in dns-packet's form. */
export function dnsAnswer(view: ClusterView, question: DnsQuestion, zone: string): DnsAnswer {
  const name = readName(question.name, zone)
  switch (name.is) {
    case 'elsewhere': return { is: 'forward' }
    case 'reverse': return reverseAnswer(view, question, zone, name.address)
    case 'nothing': return { is: 'no such name' }
    case 'zone': return zoneAnswer(view, question, zone)
    case 'version': return question.type === 'TXT' ? answer([record(question.name, 'TXT', ['1.1.0'])]) : empty
    case 'server': case 'branch': return empty
    case 'pod address': return question.type === addressType(name.address) ? answer([record(question.name, question.type, name.address)]) : empty
    case 'namespace': return view.get(namespaces, '', name.namespace) === undefined ? { is: 'no such name' } : empty
    case 'service': case 'port': case 'endpoint': return serviceAnswer(find(view, name, zone), question)
  }
}

const empty: DnsAnswer = { is: 'answer', records: [], additional: [] }
const answer = (records: readonly DnsRecord[], additional: readonly DnsRecord[] = []): DnsAnswer => ({ is: 'answer', records, additional })
const record = (name: string, type: string, data: unknown): DnsRecord => ({ name: normalName(name), type, ttl: answerTtl, data })

function serviceAnswer(found: Found, question: DnsQuestion): DnsAnswer {
  if (found.is === 'missing') return { is: 'no such name' }
  if (found.is === 'empty') return empty
  if (found.is === 'alias') return ['A', 'AAAA', 'CNAME'].includes(question.type) ? answer([record(question.name, 'CNAME', found.target)]) : empty
  const { places } = found
  if (question.type === 'SRV') return srvAnswer(places, question.name)
  if (question.type !== 'A' && question.type !== 'AAAA') return empty
  return answer(ofFamily(places, question.type).map((address) => record(question.name, addressType(address), address)))
}

function srvAnswer(places: readonly Place[], name: string): DnsAnswer {
  const targets = places.flatMap((place) => place.ports.filter(({ port }) => port > 0).map(({ port }) => ({ target: place.name, port })))
  // CoreDNS shares a weight of 100 among the targets, at least 1 each.
  const weight = Math.max(1, Math.floor(100 / Math.max(1, targets.length)))
  const additional = places.map((place) => record(place.name, addressType(place.address), place.address))
  return answer(distinct(targets).map(({ target, port }) => record(name, 'SRV', { priority: 0, weight, port, target })), distinct(additional))
}

/** What a service's name, one of its ports or one of its endpoints leads to. */
function find(view: ClusterView, name: Extract<ClusterName, { readonly is: 'service' | 'port' | 'endpoint' }>, zone: string): Found {
  const service = view.get(services, name.namespace, name.service)
  if (service === undefined) return { is: 'missing' }
  if (service.spec.type === 'ExternalName') return name.is === 'service' ? { is: 'alias', target: normalName(service.spec.externalName ?? '') } : { is: 'missing' }
  const headless = service.spec.clusterIP === 'None'
  const places = headless || name.is === 'endpoint' ? endpointPlaces(view, service, zone) : clusterPlaces(service, zone)
  const wanted = places.flatMap((place): Place[] => {
    if (name.is === 'endpoint') return place.name.startsWith(`${name.endpoint}.`) ? [place] : []
    if (name.is === 'service') return [place]
    const ports = place.ports.filter((port) => port.name.toLowerCase() === name.port && port.protocol.toLowerCase() === name.protocol)
    return ports.length > 0 ? [{ ...place, ports }] : []
  })
  // As CoreDNS: a headless service without a ready endpoint has no name either.
  return wanted.length > 0 ? { is: 'places', places: wanted } : { is: 'missing' }
}

function clusterPlaces(service: Service, zone: string): readonly Place[] {
  const ports = (service.spec.ports ?? []).map((port) => ({ name: port.name ?? '', protocol: port.protocol ?? 'TCP', port: port.port }))
  return clusterAddresses(service).map((address) => ({ name: `${serviceName(service)}.${zone}`, address, ports }))
}

const clusterAddresses = (service: Service): readonly string[] =>
  (service.spec.clusterIPs ?? [service.spec.clusterIP ?? '']).filter((address) => address !== '' && address !== 'None')

const serviceName = (service: { readonly metadata: { readonly name: string; readonly namespace?: string } }): string => `${service.metadata.name}.${service.metadata.namespace}.svc`

function endpointPlaces(view: ClusterView, service: Service, zone: string): readonly Place[] {
  const places: Place[] = []
  for (const slice of view.by(slicesByService, `${service.metadata.namespace}/${service.metadata.name}`)) {
    const ports = (slice.ports ?? []).map((port) => ({ name: port.name ?? '', protocol: port.protocol ?? 'TCP', port: port.port ?? 0 }))
    for (const endpoint of slice.endpoints ?? [])
      for (const address of isReady(endpoint) ? endpoint.addresses : [])
        places.push({ name: `${endpointLabel(endpoint, address)}.${serviceName(service)}.${zone}`, address, ports })
  }
  return places
}

/** Absent conditions mean ready, as the API says. */
const isReady = (endpoint: Endpoint): boolean => endpoint.conditions?.ready ?? true

/** An endpoint without a hostname is named after its address. */
const endpointLabel = (endpoint: Endpoint, address: string): string => endpoint.hostname ?? address.replaceAll(/[.:]/g, '-')

const addressType = (address: string): 'A' | 'AAAA' => (address.includes(':') ? 'AAAA' : 'A')
const ofFamily = (places: readonly Place[], type: string): readonly string[] => [...new Set(places.map((place) => place.address).filter((address) => addressType(address) === type))]

function distinct<T>(values: readonly T[]): readonly T[] {
  const seen = new Set<string>()
  return values.filter((value) => {
    const text = JSON.stringify(value)
    return !seen.has(text) && seen.add(text)
  })
}

function reverseAnswer(view: ClusterView, question: DnsQuestion, zone: string, address: string): DnsAnswer {
  const target = serviceAt(view, address) ?? endpointAt(view, address)
  // Not ours: the resolver above may know it.
  if (target === undefined) return { is: 'forward' }
  return question.type === 'PTR' ? answer([record(question.name, 'PTR', `${target}.${zone}`)]) : empty
}

function serviceAt(view: ClusterView, address: string): string | undefined {
  const [service] = view.by(servicesByClusterIP, address)
  return service && serviceName(service)
}

function endpointAt(view: ClusterView, address: string): string | undefined {
  for (const slice of view.by(slicesByAddress, address)) {
    const service = headlessOf(view, slice)
    const endpoint = service && slice.endpoints?.find((one) => isReady(one) && one.addresses.includes(address))
    if (service && endpoint) return `${endpointLabel(endpoint, address)}.${serviceName(service)}`
  }
  return undefined
}

/** EndpointSlices by each address in them. */
const slicesByAddress: Index<EndpointSlice> = { name: 'slices by address', type: endpointSlices, values: (slice) => [...new Set((slice.endpoints ?? []).flatMap(({ addresses }) => addresses))], reads: (slice) => slice.endpoints }
/** What a store must keep for reverse names, so that an answer costs the same whatever there is. */
export const nameIndexes: readonly Index<Resource>[] = [servicesByClusterIP, slicesByAddress]

function headlessOf(view: ClusterView, slice: EndpointSlice): Service | undefined {
  const service = view.get(services, slice.metadata.namespace ?? '', slice.metadata.labels?.['kubernetes.io/service-name'] ?? '')
  return service?.spec.clusterIP === 'None' ? service : undefined
}

function zoneAnswer(view: ClusterView, question: DnsQuestion, zone: string): DnsAnswer {
  if (question.type === 'NS') return answer([record(zone, 'NS', `ns.dns.${zone}`)])
  if (question.type === 'SOA') return answer([authorityOf(view, zone)])
  return empty
}

/** The SOA record of the zone, for the authority section of answers without records. */
export const authorityOf = (view: ClusterView, zone: string): DnsRecord =>
  record(zone, 'SOA', { mname: `ns.dns.${zone}`, rname: `hostmaster.${zone}`, serial: view.revision, refresh: 7200, retry: 1800, expire: 86400, minimum: answerTtl })
