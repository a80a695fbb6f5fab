import { createHash } from 'node:crypto'
import type { SandboxSpec } from '@kubeskiff/core/kubelet'
import { type AddressBlock, blockHolds, type Endpoints, joinedPort, type ServiceRoute } from '@kubeskiff/core/network'
import { parseNetwork } from './addresses.ts'
import { type Family, type RuleSet, table } from './packet-table.ts'

/** The network namespace whose packets are ruled, in one family of addresses. */
export interface RuledPlace {
  readonly family: Family
  /** The namespace's own address: the source of what it sends in another's name. */
  readonly address: string
  /** Pods attached here; '' for a namespace that has none. */
  readonly podNetwork: string
  /** All pods and all nodes: traffic inside keeps its source, traffic to elsewhere gets `address`. */
  readonly clusterNetworks: readonly string[]
  /** Cluster addresses that a socket in this namespace answers. */
  readonly served: readonly string[]
}
export interface HostPort { readonly protocol: 'TCP' | 'UDP' | 'SCTP'; readonly hostIp: string; readonly hostPort: number; readonly address: string; readonly port: number }

const sentOnMark = '0x4000'
const maps = ['services', 'node-ports', 'host-ports', 'any-host-ports', 'cluster-ips', 'unserved', 'hairpin'] as const
type MapName = (typeof maps)[number]

export const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12)
export const familyOf = (address: string): Family => (address.includes(':') ? 'ip6' : 'ip')

interface Draft { readonly chains: Map<string, readonly string[]>; readonly sets: Map<string, string>; readonly elements: Map<string, Map<string, string>>; /** The place's own pods. */ readonly own: AddressBlock | undefined; put(map: MapName, key: string, value: string): void }
function draft({ podNetwork }: RuledPlace): Draft {
  const elements = new Map<string, Map<string, string>>()
  return {
    chains: new Map(), sets: new Map(), elements, own: podNetwork === '' ? undefined : parseNetwork(podNetwork),
    put(map, key, value) {
      const members = elements.get(map) ?? new Map<string, string>()
      elements.set(map, members.set(key, value))
    },
  }
}

/** The family of a route's addresses: all are of one. */
export const routeFamily = ({ addresses, outside }: ServiceRoute): Family => familyOf(addresses[0] ?? outside?.addresses[0] ?? outside?.balanced?.addresses[0] ?? '')

/** Turns the routes of a Service into verdict maps and chains. As kube-proxy: random choice, clients that stick for a time. */
export function serviceRules(place: RuledPlace, routes: readonly ServiceRoute[]): RuleSet {
  const rules = draft(place)
  for (const route of routes) if (routeFamily(route) === place.family) addRoute(rules, place, route)
  return rules
}

function addRoute(rules: Draft, place: RuledPlace, route: ServiceRoute): void {
  const protocol = route.protocol.toLowerCase()
  const id = shortHash(`${route.name}/${route.protocol}`)
  const isServed = (address: string): boolean => place.served.includes(address)
  for (const address of route.addresses) if (!isServed(address)) rules.put('cluster-ips', address, '')
  const lead = (addresses: readonly string[], target: string | undefined, endpoints: Endpoints): void => {
    for (const address of addresses.filter((one) => !isServed(one))) {
      const key = `${address} . ${protocol} . ${route.port}`
      if (target !== undefined) rules.put('services', key, target)
      // Without endpoints nothing leads on: what asks for a cluster IP is refused at once, and for another address, too, at this port.
      else if (endpoints === 'refused' && !route.addresses.includes(address)) rules.put('unserved', key, '')
    }
  }
  lead(route.addresses, addChoice(rules, place, route, { name: `service-${id}`, id, endpoints: route.endpoints }), route.endpoints)
  const { outside } = route
  if (outside === undefined) return
  const entry = addOutside(rules, place, route, { protocol, id })
  const reached = outside.local?.all ?? route.endpoints
  lead(outside.addresses, entry, reached)
  if (outside.nodePort !== undefined && entry !== undefined) rules.put('node-ports', `${protocol} . ${outside.nodePort}`, entry)
  if (outside.balanced === undefined) return
  if (entry !== undefined) rules.chains.set(`from-${id}`, [...outside.balanced.from.map((block) => `${place.family} saddr ${block} ${entry}`), 'drop'])
  lead(outside.balanced.addresses, entry === undefined ? undefined : `goto from-${id}`, reached)
}

/** The chain for what comes from outside: it takes the node's own address as source, so that answers come back this way, or goes to the node's own pods as it is. */
function addOutside(rules: Draft, place: RuledPlace, route: ServiceRoute, { id }: { readonly protocol: string; readonly id: string }): string | undefined {
  const local = route.outside?.local
  const sentOn = `meta mark set meta mark or ${sentOnMark}`
  // What is asked for from outside does not keep to a node for the policy inside.
  const everywhere = local?.all ?? route.endpoints
  const all = everywhere === route.endpoints ? directly(route.endpoints, `service-${id}`) : addChoice(rules, place, route, { name: `all-${id}`, id: `${id}-all`, endpoints: everywhere })
  if (local === undefined) {
    if (all === undefined || all === 'drop') return all
    rules.chains.set(`outside-${id}`, [sentOn, all])
    return `goto outside-${id}`
  }
  const own = addChoice(rules, place, route, { name: `local-${id}`, id: `${id}-local`, endpoints: local.endpoints })
  if (all === undefined) return own
  rules.chains.set(`outside-${id}`, [
    // Pods and the node itself are not outside: as kube-proxy, they go to all endpoints.
    ...(place.podNetwork === '' ? [] : [`${place.family} saddr ${place.podNetwork} ${all}`]),
    `fib saddr type local ${sentOn} ${all}`,
    own ?? 'drop',
  ])
  return `goto outside-${id}`
}

const directly = (endpoints: Endpoints, chain: string): string | undefined => (endpoints === 'refused' ? undefined : endpoints === 'dropped' ? 'drop' : `goto ${chain}`)

/** The chain that chooses one of some endpoints; answers the verdict that leads there, undefined when there is none to lead to. */
function addChoice(rules: Draft, place: RuledPlace, route: ServiceRoute, { name, id, endpoints }: { readonly name: string; readonly id: string; readonly endpoints: Endpoints }): string | undefined {
  if (typeof endpoints === 'string') return directly(endpoints, name)
  const { family } = place
  const protocol = route.protocol.toLowerCase()
  for (const endpoint of endpoints) {
    if (rules.own !== undefined && blockHolds(rules.own, endpoint.address)) rules.put('hairpin', `${endpoint.address} . ${endpoint.address}`, '')
  }
  const places = endpoints.map((endpoint) => `${endpoint.address} . ${endpoint.port}`)
  if (route.affinitySeconds === undefined) {
    rules.chains.set(name, [`meta l4proto ${protocol} dnat ${family} addr . port to numgen random mod ${places.length} map { ${numbered(places)} }`])
    return `goto ${name}`
  }
  // A set cannot change how long it remembers: the time is part of its name.
  const seconds = route.affinitySeconds
  const sticky = places.map((endpoint) => ({ endpoint, chain: `endpoint-${id}-${shortHash(endpoint)}`, set: `clients-${id}-${shortHash(endpoint)}-${seconds}` }))
  for (const { endpoint, chain, set } of sticky) {
    rules.sets.set(set, `type ${addressType(family)}; flags dynamic,timeout; timeout ${seconds}s;`)
    const [address = '', port = ''] = endpoint.split(' . ')
    rules.chains.set(chain, [`update @${set} { ${family} saddr }`, `meta l4proto ${protocol} dnat ${family} to ${joinedPort(address, Number(port))}`])
  }
  rules.chains.set(name, [
    ...sticky.map(({ chain, set }) => `${family} saddr @${set} goto ${chain}`),
    `numgen random mod ${sticky.length} vmap { ${numbered(sticky.map(({ chain }) => `goto ${chain}`))} }`,
  ])
  return `goto ${name}`
}

/** The ports that a pod takes on its node, at each of its addresses. */
export const hostPortsAt = (addresses: readonly string[], ports: SandboxSpec['hostPorts']): readonly HostPort[] =>
  addresses.flatMap((address) => ports.map(({ protocol, hostIp, hostPort, containerPort }) => ({ protocol, hostIp, hostPort, address, port: containerPort })))

/** A pod's ports on its node. */
export function hostPortRules(place: RuledPlace, ports: readonly HostPort[]): RuleSet {
  const rules = draft(place)
  for (const port of ports) {
    if (familyOf(port.address) !== place.family) continue
    const protocol = port.protocol.toLowerCase()
    const isAny = port.hostIp === '' || port.hostIp === '::' || (port.hostIp === '0.0.0.0' && place.family === 'ip')
    if (!isAny && familyOf(port.hostIp) !== place.family) continue
    const chain = `host-port-${shortHash(`${port.hostIp}/${protocol}/${port.hostPort}`)}`
    rules.chains.set(chain, [`meta l4proto ${protocol} dnat ${place.family} to ${joinedPort(port.address, port.port)}`])
    if (isAny) rules.put('any-host-ports', `${protocol} . ${port.hostPort}`, `goto ${chain}`)
    else rules.put('host-ports', `${port.hostIp} . ${protocol} . ${port.hostPort}`, `goto ${chain}`)
    rules.put('hairpin', `${port.address} . ${port.address}`, '')
  }
  return rules
}

/**
 * The part of the table that stays. TCP is refused by a reset: an ICMP answer that comes while connect() holds the socket
 * is lost, and costs a second.
 */
export function frame(place: RuledPlace): string {
  const { family } = place
  const address = addressType(family)
  const inside = place.clusterNetworks.filter((network) => familyOf(network) === family).join(', ')
  const outward = place.podNetwork === '' ? '' : `${family} saddr ${place.podNetwork} ${family} daddr != { ${inside} } snat to ${place.address}`
  const loopback = family === 'ip' ? '127.0.0.0/8' : '::1'
  return `table ${family} ${table} {
  map services { type ${address} . inet_proto . inet_service : verdict; }
  map node-ports { type inet_proto . inet_service : verdict; }
  map host-ports { type ${address} . inet_proto . inet_service : verdict; }
  map any-host-ports { type inet_proto . inet_service : verdict; }
  set cluster-ips { type ${address}; }
  set unserved { type ${address} . inet_proto . inet_service; }
  set hairpin { type ${address} . ${address}; }
  chain choose {
    ${family} daddr . meta l4proto . th dport vmap @services
    ${family} daddr . meta l4proto . th dport vmap @host-ports
    fib daddr type local meta l4proto . th dport vmap @any-host-ports
    fib daddr type local ${family} daddr != ${loopback} meta l4proto . th dport vmap @node-ports
  }
  chain guard {
    type filter hook prerouting priority raw; policy accept;
    iifname != "lo" ${family} daddr ${loopback} drop
  }
  chain arriving {
    type nat hook prerouting priority dstnat; policy accept;
    jump choose
  }
  chain own {
    type nat hook output priority -100; policy accept;
    jump choose
  }
  chain leaving {
    type nat hook postrouting priority srcnat; policy accept;
    meta mark and ${sentOnMark} == ${sentOnMark} snat to ${place.address}
    ${family} saddr . ${family} daddr @hairpin snat to ${place.address}
    ${family} saddr ${loopback} oifname != "lo" snat to ${place.address}
    ${outward}
  }
  chain refuse-passing {
    type filter hook prerouting priority filter; policy accept;
    ${family} daddr @cluster-ips jump refuse
    ${family} daddr . meta l4proto . th dport @unserved jump refuse
  }
  chain refuse-own {
    type filter hook output priority filter; policy accept;
    ${family} daddr @cluster-ips jump refuse
    ${family} daddr . meta l4proto . th dport @unserved jump refuse
  }
  chain refuse {
    meta l4proto tcp reject with tcp reset
    reject
  }
}`
}

export const addressType = (family: Family): string => (family === 'ip' ? 'ipv4_addr' : 'ipv6_addr')
const numbered = (values: readonly string[]): string => values.map((value, index) => `${index} : ${value}`).join(', ')
