import { createHash } from 'node:crypto'
import type { ServiceRoute } from '@kubeskiff/core/network'
import { isInside } from './addresses.ts'

/** What one network namespace forwards. */
export interface Forwarding {
  /** The namespace's own address: the source of what it sends in another's name. */
  readonly address: string
  /** Pods attached here; '' for a namespace that has none. */
  readonly podNetwork: string
  /** All pods and all nodes: traffic inside keeps its source, traffic to elsewhere gets `address`. */
  readonly clusterNetworks: readonly string[]
  /** Cluster addresses that a socket in this namespace answers. */
  readonly served: readonly string[]
  readonly routes: readonly ServiceRoute[]
  readonly hostPorts: readonly HostPort[]
}
export interface HostPort { readonly protocol: 'TCP' | 'UDP' | 'SCTP'; readonly hostIp: string; readonly hostPort: number; readonly address: string; readonly port: number }

/** The changing part of the packet rules, by name. The unchanging part is `frame`. */
export interface RuleSet {
  readonly chains: ReadonlyMap<string, readonly string[]>
  /** Sets of clients that stick to an endpoint: name to declaration. */
  readonly sets: ReadonlyMap<string, string>
  /** By map or set, then key; the value is empty in sets. */
  readonly elements: ReadonlyMap<string, ReadonlyMap<string, string>>
}

export const table = 'skiff'
const sentOnMark = '0x4000'
const maps = ['services', 'node-ports', 'host-ports', 'cluster-ips', 'hairpin'] as const

/** Turns services into verdict maps, one chain a service port. As kube-proxy: random choice, clients that stick for a time. */
export function rulesOf(forwarding: Forwarding): RuleSet {
  const chains = new Map<string, readonly string[]>()
  const sets = new Map<string, string>()
  const elements = new Map<string, Map<string, string>>(maps.map((name) => [name, new Map()]))
  const put = (map: (typeof maps)[number], key: string, value: string): void => { elements.get(map)?.set(key, value) }

  for (const route of forwarding.routes) {
    const protocol = route.protocol.toLowerCase()
    const id = shortHash(`${route.name}/${route.protocol}`)
    const addresses = route.addresses.filter((address) => isIpv4(address) && !forwarding.served.includes(address))
    for (const address of addresses) put('cluster-ips', address, '')
    const endpoints = route.endpoints.filter((endpoint) => isIpv4(endpoint.address))
    // A service without endpoints has no chain: what asks for its address is refused at once.
    if (endpoints.length === 0) continue
    const chain = `service-${id}`
    for (const address of addresses) put('services', `${address} . ${protocol} . ${route.port}`, `goto ${chain}`)
    if (route.nodePort !== undefined) {
      chains.set(`outside-${id}`, [`meta mark set meta mark or ${sentOnMark}`, `goto ${chain}`])
      put('node-ports', `${protocol} . ${route.nodePort}`, `goto outside-${id}`)
    }
    for (const endpoint of endpoints) {
      if (forwarding.podNetwork !== '' && isInside(endpoint.address, forwarding.podNetwork)) put('hairpin', `${endpoint.address} . ${endpoint.address}`, '')
    }
    const places = endpoints.map((endpoint) => `${endpoint.address} . ${endpoint.port}`)
    if (route.affinitySeconds === undefined) {
      chains.set(chain, [`meta l4proto ${protocol} dnat ip addr . port to numgen random mod ${places.length} map { ${numbered(places)} }`])
      continue
    }
    const sticky = places.map((place) => ({ place, name: `${id}-${shortHash(place)}` }))
    for (const { place, name } of sticky) {
      sets.set(`clients-${name}`, `type ipv4_addr; flags dynamic,timeout; timeout ${route.affinitySeconds}s;`)
      const [address, port] = place.split(' . ')
      chains.set(`endpoint-${name}`, [`update @clients-${name} { ip saddr }`, `meta l4proto ${protocol} dnat ip to ${address}:${port}`])
    }
    chains.set(chain, [
      ...sticky.map(({ name }) => `ip saddr @clients-${name} goto endpoint-${name}`),
      `numgen random mod ${sticky.length} vmap { ${numbered(sticky.map(({ name }) => `goto endpoint-${name}`))} }`,
    ])
  }

  for (const port of forwarding.hostPorts) {
    const key = `${port.protocol.toLowerCase()} . ${port.hostPort}`
    const chain = `host-port-${port.protocol.toLowerCase()}-${port.hostPort}`
    const only = port.hostIp === '' || port.hostIp === '0.0.0.0' ? '' : `ip daddr ${port.hostIp} `
    chains.set(chain, [...(chains.get(chain) ?? []), `${only}meta l4proto ${port.protocol.toLowerCase()} dnat ip to ${port.address}:${port.port}`])
    put('host-ports', key, `goto ${chain}`)
    put('hairpin', `${port.address} . ${port.address}`, '')
  }
  return { chains, sets, elements }
}

/** The whole table, replacing whatever stood there. Connections under way live on in the kernel's connection table. */
export function loadScript(forwarding: Forwarding, rules: RuleSet): string {
  return [`table ip ${table} {}`, `delete table ip ${table}`, frame(forwarding), changeScript(undefined, rules)].join('\n')
}

/** The step from one rule set to the next, as one transaction; '' when they are the same. */
export function changeScript(before: RuleSet | undefined, after: RuleSet): string {
  const lines: string[] = []
  for (const map of maps) {
    const [old, next] = [before?.elements.get(map) ?? none, after.elements.get(map) ?? none]
    const gone = [...old].filter(([key, value]) => next.get(key) !== value)
    if (gone.length > 0) lines.push(`delete element ip ${table} ${map} { ${gone.map(element).join(', ')} }`)
  }
  for (const [name, declaration] of after.sets) {
    // A changed timeout needs a new set; its chains are flushed first and written again below.
    const old = before?.sets.get(name)
    if (old === undefined) lines.push(`add set ip ${table} ${name} { ${declaration} }`)
  }
  for (const name of after.chains.keys()) if (before?.chains.get(name) === undefined) lines.push(`add chain ip ${table} ${name}`)
  for (const [name, rules] of after.chains) {
    const old = before?.chains.get(name)
    if (old !== undefined && old.join('\n') === rules.join('\n')) continue
    if (old !== undefined) lines.push(`flush chain ip ${table} ${name}`)
    for (const rule of rules) lines.push(`add rule ip ${table} ${name} ${rule}`)
  }
  for (const map of maps) {
    const [old, next] = [before?.elements.get(map) ?? none, after.elements.get(map) ?? none]
    const fresh = [...next].filter(([key, value]) => old.get(key) !== value)
    if (fresh.length > 0) lines.push(`add element ip ${table} ${map} { ${fresh.map(element).join(', ')} }`)
  }
  const dropped = [...(before?.chains.keys() ?? [])].filter((name) => !after.chains.has(name))
  for (const name of dropped) lines.push(`flush chain ip ${table} ${name}`)
  for (const name of dropped) lines.push(`delete chain ip ${table} ${name}`)
  for (const name of before?.sets.keys() ?? []) if (!after.sets.has(name)) lines.push(`delete set ip ${table} ${name}`)
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

// TCP is refused by a reset: an ICMP answer that comes while connect() holds the socket is lost, and costs a second.
function frame(forwarding: Forwarding): string {
  const inside = forwarding.clusterNetworks.join(', ')
  const outward = forwarding.podNetwork === '' ? '' : `ip saddr ${forwarding.podNetwork} ip daddr != { ${inside} } snat to ${forwarding.address}`
  return `table ip ${table} {
  map services { type ipv4_addr . inet_proto . inet_service : verdict; }
  map node-ports { type inet_proto . inet_service : verdict; }
  map host-ports { type inet_proto . inet_service : verdict; }
  set cluster-ips { type ipv4_addr; }
  set hairpin { type ipv4_addr . ipv4_addr; }
  chain choose {
    ip daddr . meta l4proto . th dport vmap @services
    fib daddr type local ip daddr != 127.0.0.0/8 meta l4proto . th dport vmap @host-ports
    fib daddr type local ip daddr != 127.0.0.0/8 meta l4proto . th dport vmap @node-ports
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
    meta mark and ${sentOnMark} == ${sentOnMark} snat to ${forwarding.address}
    ip saddr . ip daddr @hairpin snat to ${forwarding.address}
    ${outward}
  }
  chain refuse-passing {
    type filter hook prerouting priority filter; policy accept;
    ip daddr @cluster-ips jump refuse
  }
  chain refuse-own {
    type filter hook output priority filter; policy accept;
    ip daddr @cluster-ips jump refuse
  }
  chain refuse {
    meta l4proto tcp reject with tcp reset
    reject
  }
}`
}

const none: ReadonlyMap<string, string> = new Map()
const element = ([key, value]: readonly [string, string]): string => (value === '' ? key : `${key} : ${value}`)
const numbered = (values: readonly string[]): string => values.map((value, index) => `${index} : ${value}`).join(', ')
const isIpv4 = (address: string): boolean => /^\d+\.\d+\.\d+\.\d+$/.test(address)
const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12)
