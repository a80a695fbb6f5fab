import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { PolicyBook, PolicyChanges, ServiceRoute } from '@kubeskiff/core/network'
import { writePrivately } from '../files/index.ts'
import { type Flow, forgetFlows } from '../linux/conntrack.ts'
import { addAddress, addCable, closeNetlink, dropRoute, linkNumber, linkUp, openNetlink, openNetlinkHere, setRoute, type NetlinkSocket } from '../linux/netlink.ts'
import { isPinned, makeNamespaces, nameHost, pinNamespaces, unpin } from '../linux/namespaces.ts'
import { run } from '../linux/processes.ts'
import { nextAddress, nthAddress } from './addresses.ts'
import { type Answerers, answerersOf, staleFlows } from './datagrams.ts'
import { createMachinePorts } from './machine-ports.ts'
import { NodePolicies } from './node-policies.ts'
import { PacketTable } from './packet-table.ts'
import { createProgrammer, type Programmer } from './programmer.ts'
import { frame, hostPortRules, type HostPort, type RuledPlace, serviceRules } from './rules.ts'

/** The networks of one cluster on this machine. */
export interface NetworkSettings {
  /** Addresses of the nodes and of the machine itself among them, for example 172.30.0.0/24. */
  readonly nodeNetwork: string
  /** All pods, for example 10.244.0.0/16. */
  readonly podNetwork: string
  /** All cluster IPs, for example 10.96.0.0/16. */
  readonly serviceNetwork: string
  /** Addresses of Services of type LoadBalancer, for example 172.30.1.0/24: they lead from the machine to the nodes' pods. */
  readonly balancedNetwork: string
  /** Where pods ask for names, for example 10.96.0.10: every node answers it itself. */
  readonly dnsAddress: string
  /** Whether the machine gets a way to pods and cluster IPs: one cable and three routes. */
  readonly reachableFromHost: boolean
  /** Whether pods reach the world beyond the machine: turns on its IP forwarding and masks their addresses. */
  readonly egress: boolean
  /** Whether CNI plugins give pods their interfaces: then a network of theirs may lie over that of a node's pods. */
  readonly plugins?: boolean
}

export interface NetworkNode {
  readonly name: string
  readonly address: string
  /** Path of the pinned network namespace. */
  readonly namespace: string
  /** '' until the cluster has given the node its pods' network. */
  readonly podNetwork: string
}

/** The nodes that this machine plays: each a network namespace, all joined by a router namespace, the hub. */
export interface ClusterNetwork {
  readonly settings: NetworkSettings
  /** The router between nodes and machine. */
  readonly hub: { readonly namespace: string; readonly address: string }
  /** Makes a node or, after a restart, finds it as it was. */
  addNode(name: string, podNetwork: string): NetworkNode
  node(name: string): NetworkNode | undefined
  /** Names of the nodes that have been added. */
  nodes(): readonly string[]
  removeNode(name: string): void
  /** An address for a pod on a node; the same again for the same pod. Throws when none is free. */
  allocate(node: string, pod: string): string
  /** Takes note of an address that a pod has had since before a restart; the node may be added later. */
  keep(node: string, pod: string, address: string): void
  /** Gives the pod namespaces (net and uts always, ipc unless the host's) under `directory` and joins it to its node. Synchronous: 1–2 ms. */
  attach(pod: PodPlace): void
  /** The same without an interface, which CNI plugins make. */
  enclose(pod: Omit<PodPlace, 'address'>): void
  detach(pod: string, node: string, directory: string): void
  /** Who is told of each pod that has got its address, before anything runs in it, and may hold it up. */
  onAttached(told: (pod: AttachedPod) => Promise<void>): void
  /** Tells of it. */
  attached(pod: AttachedPod): Promise<void>
  /** Opens the node's ports for a pod, as hostPort asks. */
  openHostPorts(node: string, pod: string, ports: readonly HostPort[]): Promise<void>
  /** Gives these Services, by their names, these routes in the node; the others keep theirs. `machine` stands for the machine itself. */
  route(node: string | typeof machine, routes: ReadonlyMap<string, readonly ServiceRoute[]>): Promise<void>
  /** Holds the node's pods as the policies say; what has changed is in `changes`. */
  hold(node: string, book: PolicyBook, changes: PolicyChanges): Promise<void>
  close(): void
}
export interface AttachedPod { readonly node: string; readonly namespace: string; readonly name: string; readonly address: string }

/** What `route` calls the machine. */
export const machine = Symbol('machine')

export interface PodPlace {
  readonly pod: string
  readonly node: string
  readonly address: string
  readonly directory: string
  readonly hostname: string
  readonly ipc: boolean
  /** The process whose user, network, IPC and UTS namespaces the pod is given; absent: new ones of the machine's users. */
  readonly holder?: number
  /** Kernel settings of the namespaces: net.* and kernel.shm*, kernel.msg*, kernel.sem, fs.mqueue.*. */
  readonly sysctls: readonly { readonly name: string; readonly value: string }[]
}

const none: Answerers = new Map()
const gateway = '169.254.1.1'
const hubOffset = 2
const firstNodeOffset = 11
const lastResort = 4096

interface NodeState { node: NetworkNode; readonly socket: NetlinkSocket; readonly pods: NodePods; rules: NodeRules }
/** The packet rules of a node, made anew when its pods' network becomes known. */
interface NodeRules { readonly namespace: string; /** Of Services that take datagrams. */ readonly answerers: Map<string, Answerers>; readonly place: RuledPlace; readonly table: PacketTable; readonly policies: NodePolicies; readonly programmer: Programmer; isOpen: boolean }
/** Pods of a node, known even before the node itself is after a restart. */
interface NodePods { readonly taken: Map<string, string>; last: string | undefined; readonly hostPorts: Map<string, readonly HostPort[]> }

/** Builds, or finds after a restart, the network of a cluster. Must run as root in a mount namespace that outlives us. */
export function createNetwork(settings: NetworkSettings, directory: string): ClusterNetwork {
  const hub = { namespace: `${directory}/hub/net`, address: nthAddress(settings.nodeNetwork, hubOffset) }
  const machineAddress = nthAddress(settings.nodeNetwork, 1)
  const clusterNetworks = [settings.podNetwork, settings.nodeNetwork]
  mkdirSync(`${directory}/nodes`, { recursive: true })
  if (!isPinned(hub.namespace)) makeHub()
  if (settings.reachableFromHost) routeHost()
  const hubSocket = openNetlink(hub.namespace)
  // A hub of an earlier release sent round in circles what no balanced Service claims.
  setRoute(hubSocket, { to: settings.balancedNetwork, by: 'nothing' })
  const nodes = new Map<string, NodeState>()
  const podsByNode = new Map<string, NodePods>()
  const podsOf = (node: string): NodePods => {
    const pods = podsByNode.get(node) ?? { taken: new Map(), last: undefined, hostPorts: new Map() }
    podsByNode.set(node, pods)
    return pods
  }

  function makeHub(): void {
    makeNamespaces(`${directory}/hub`, ['net'], () => {
      prepareRouter()
      const inside = openNetlinkHere()
      const loopback = linkNumber(inside, 'lo') ?? 1
      linkUp(inside, loopback)
      addAddress(inside, loopback, { address: gateway, prefix: 32, scope: 'link' })
      addAddress(inside, loopback, { address: hub.address, prefix: 32, scope: 'global' })
      addAddress(inside, loopback, { address: settings.dnsAddress, prefix: 32, scope: 'host' })
      // What no service claims ends here and is not sent round in circles.
      setRoute(inside, { to: settings.serviceNetwork, by: 'nothing' })
      setRoute(inside, { to: settings.podNetwork, by: 'nothing' })
      closeNetlink(inside)
    })
    if (settings.reachableFromHost) connectHost()
  }

  function connectHost(): void {
    const name = `skiff${mark(directory)}`
    const here = openNetlinkHere()
    const inside = openNetlink(hub.namespace)
    try {
      addCable(here, { name, peer: 'host', peerNamespace: hub.namespace })
      const index = linkNumber(here, name) ?? 0
      addAddress(here, index, { address: machineAddress, prefix: 32, scope: 'global' })
      const peer = linkNumber(inside, 'host') ?? 0
      linkUp(inside, peer)
      setRoute(inside, { to: `${machineAddress}/32`, by: 'device', index: peer, source: hub.address })
      if (settings.egress) setRoute(inside, { to: 'default', by: 'gateway', index: peer, gateway: machineAddress, source: hub.address })
    } finally {
      closeNetlink(here)
      closeNetlink(inside)
    }
    if (settings.egress) letOut()
  }

  /** Also for a hub of an earlier release, which led less. */
  function routeHost(): void {
    const here = openNetlinkHere()
    const index = linkNumber(here, `skiff${mark(directory)}`)
    if (index !== undefined) for (const to of [settings.nodeNetwork, settings.podNetwork, settings.serviceNetwork, settings.balancedNetwork]) setRoute(here, { to, by: 'gateway', index, gateway: hub.address, source: machineAddress })
    closeNetlink(here)
  }

  function letOut(): void {
    writeFileSync('/proc/sys/net/ipv4/ip_forward', '1')
    const table = egressTable(directory)
    const script = `table ip ${table} {}\ndelete table ip ${table}\ntable ip ${table} {\n  chain leaving {\n    type nat hook postrouting priority srcnat; policy accept;\n    ip saddr ${settings.nodeNetwork} ip daddr != { ${clusterNetworks.join(', ')} } masquerade\n  }\n}\n`
    void run('nft', ['-f', '-'], { input: script }).then((result) => {
      if (result.code !== 0) process.stderr.write(`pods cannot reach the outside: ${result.stderr.trim()}\n`)
    })
  }

  let listener: ((pod: AttachedPod) => Promise<void>) | undefined
  const stateOf = (name: string): NodeState => {
    const state = nodes.get(name)
    if (state === undefined) throw new Error(`node ${name} has no network on this machine`)
    return state
  }

  function makeNode(name: string, place: string, offset: number): void {
    const address = nthAddress(settings.nodeNetwork, offset)
    const cable = `node${offset}`
    const inside = makeNamespaces(place, ['net'], () => {
      prepareRouter()
      return openNetlinkHere()
    })
    try {
      const loopback = linkNumber(inside, 'lo') ?? 1
      linkUp(inside, loopback)
      addAddress(inside, loopback, { address: gateway, prefix: 32, scope: 'link' })
      addAddress(inside, loopback, { address: settings.dnsAddress, prefix: 32, scope: 'host' })
      addCable(hubSocket, { name: cable, peer: 'eth0', peerNamespace: `${place}/net` })
      const outer = linkNumber(hubSocket, cable) ?? 0
      const inner = linkNumber(inside, 'eth0') ?? 0
      setRoute(hubSocket, { to: `${address}/32`, by: 'device', index: outer, source: hub.address })
      addAddress(inside, inner, { address, prefix: 32, scope: 'global' })
      linkUp(inside, inner)
      setRoute(inside, { to: 'default', by: 'gateway', index: inner, gateway: hub.address, source: address })
    } finally {
      closeNetlink(inside)
    }
    writePrivately(`${place}/node.json`, JSON.stringify({ name, offset }))
  }

  function offsetOf(name: string): number | undefined {
    try {
      const record: { readonly offset: number } = JSON.parse(readFileSync(`${directory}/nodes/${name}/node.json`, 'utf8'))
      return record.offset
    } catch {
      return undefined // Never made, or the machine stopped while it was.
    }
  }

  function placeOf(address: string, podNetwork: string): RuledPlace {
    return { family: 'ip', address, podNetwork, clusterNetworks, served: [settings.dnsAddress] }
  }
  function rulesFor({ name, address, namespace, podNetwork }: NetworkNode): NodeRules {
    const place = placeOf(address, podNetwork)
    const table = new PacketTable(place.family, frame(place))
    return { namespace, answerers: new Map(), place, table, policies: new NodePolicies(name, [table]), programmer: createProgrammer(namespace, () => [table]), isOpen: false }
  }
  const machinePorts = settings.reachableFromHost ? createMachinePorts({ table: portsTable(directory), cable: `skiff${mark(directory)}`, machineAddress, hubAddress: hub.address }) : undefined
  const hubRules = rulesFor({ name: '', address: hub.address, namespace: hub.namespace, podNetwork: '' })
  const complain = (node: string) => (error: unknown): void => { process.stderr.write(`node ${node}: ${String(error)}\n`) }
  const openAll = ({ rules, pods }: NodeState): void => {
    for (const [pod, ports] of pods.hostPorts) rules.table.put(`host ports of ${pod}`, hostPortRules(rules.place, ports))
  }

  return {
    settings,
    hub,
    addNode(name, podNetwork) {
      const place = `${directory}/nodes/${name}`
      let offset = offsetOf(name)
      if (offset === undefined || !isPinned(`${place}/net`)) {
        const used = new Set(readdirSync(`${directory}/nodes`).map(offsetOf))
        offset ??= Array.from({ length: 4096 }, (_, index) => firstNodeOffset + index).find((candidate) => !used.has(candidate)) ?? firstNodeOffset
        makeNode(name, place, offset)
      }
      const address = nthAddress(settings.nodeNetwork, offset)
      const node: NetworkNode = { name, address, namespace: `${place}/net`, podNetwork }
      const known = nodes.get(name)
      const state = known ?? { node, socket: openNetlink(node.namespace), pods: podsOf(name), rules: rulesFor(node) }
      if (state.node.podNetwork !== podNetwork) state.rules = rulesFor(node)
      state.node = node
      openAll(state)
      nodes.set(name, state)
      if (podNetwork !== '') {
        const outer = linkNumber(hubSocket, `node${offset}`) ?? 0
        setRoute(hubSocket, { to: podNetwork, by: 'gateway', index: outer, gateway: address, source: hub.address })
        // What the kernel routes to a bridge of a plugin's goes before it.
        if (settings.plugins === true) dropRoute(state.socket, { to: podNetwork, by: 'nothing' })
        setRoute(state.socket, { to: podNetwork, by: 'nothing', ...(settings.plugins === true && { metric: lastResort }) })
      }
      return node
    },
    node: (name) => nodes.get(name)?.node,
    nodes: () => [...nodes.keys()],
    removeNode(name) {
      const state = nodes.get(name)
      if (state === undefined) return
      closeNetlink(state.socket)
      nodes.delete(name)
      unpin(`${directory}/nodes/${name}`, ['net'])
      rmSync(`${directory}/nodes/${name}`, { recursive: true, force: true })
    },
    allocate(name, pod) {
      const state = stateOf(name)
      const { pods } = state
      const had = pods.taken.get(pod)
      if (had !== undefined) return had
      if (state.node.podNetwork === '') throw new Error(`node ${name} has no network for pods yet`)
      const address = nextAddress(state.node.podNetwork, pods.last, new Set(pods.taken.values()))
      if (address === undefined) throw new Error(`no IP addresses available in range set: ${state.node.podNetwork}`)
      pods.taken.set(pod, address)
      pods.last = address
      return address
    },
    keep(name, pod, address) {
      const pods = podsOf(name)
      pods.taken.set(pod, address)
      pods.last = address
    },
    enclose(pod) {
      const inside = makePod(pod)
      try { linkUp(inside, 1) } finally { closeNetlink(inside) }
    },
    attach(pod) {
      const state = stateOf(pod.node)
      const inside = makePod(pod)
      try {
        const cable = `pod${randomBytes(5).toString('hex')}`
        addCable(state.socket, { name: cable, peer: 'eth0', peerNamespace: `${pod.directory}/net` })
        const outer = linkNumber(state.socket, cable) ?? 0
        const inner = linkNumber(inside, 'eth0') ?? 0
        linkUp(inside, 1)
        addAddress(inside, inner, { address: pod.address, prefix: 32, scope: 'global' })
        linkUp(inside, inner)
        setRoute(inside, { to: 'default', by: 'gateway', index: inner, gateway, source: pod.address })
        setRoute(state.socket, { to: `${pod.address}/32`, by: 'device', index: outer, source: state.node.address })
      } finally {
        closeNetlink(inside)
      }
    },
    onAttached(told) { listener = told },
    attached: (pod) => listener?.(pod) ?? Promise.resolve(),
    detach(pod, name, place) {
      unpin(place, ['net', 'ipc', 'uts', 'user'])
      const state = nodes.get(name)
      const pods = podsOf(name)
      pods.taken.delete(pod)
      if (!pods.hostPorts.delete(pod) || state === undefined) return
      state.rules.table.put(`host ports of ${pod}`, undefined)
      if (state.rules.isOpen) state.rules.programmer.flush().catch(complain(name))
    },
    openHostPorts(name, pod, ports) {
      podsOf(name).hostPorts.set(pod, ports)
      const state = nodes.get(name)
      if (state === undefined) return Promise.resolve()
      state.rules.table.put(`host ports of ${pod}`, hostPortRules(state.rules.place, ports))
      return state.rules.isOpen ? state.rules.programmer.flush() : Promise.resolve()
    },
    route(name, routes) {
      const rules = name === machine ? hubRules : stateOf(name).rules
      const { place, table, programmer } = rules
      // Until now what an earlier agent has left is in force: the first step replaces it, and is not made before it is whole.
      rules.isOpen = true
      const stale: ((flow: Flow) => boolean)[] = []
      for (const [service, ways] of routes) {
        table.put(`service ${service}`, ways.length === 0 ? undefined : serviceRules(place, ways))
        if (name === machine) machinePorts?.put(service, ways)
        const answerers = answerersOf(ways)
        stale.push(...[staleFlows(rules.answerers.get(service) ?? none, answerers) ?? []].flat())
        if (answerers.size === 0) rules.answerers.delete(service)
        else rules.answerers.set(service, answerers)
      }
      const flushed = Promise.all([programmer.flush(), name === machine ? machinePorts?.flush() : undefined])
      return flushed.then(() => { if (stale.length > 0) forgetFlows(rules.namespace, (flow) => stale.some((isStale) => isStale(flow))) })
    },
    hold(name, book, changes) {
      const { policies, programmer, isOpen } = stateOf(name).rules
      policies.update(book, changes)
      return isOpen ? programmer.flush() : Promise.resolve()
    },
    close() {
      closeNetlink(hubSocket)
      for (const state of nodes.values()) closeNetlink(state.socket)
      nodes.clear()
    },
  }
}

/** Several clusters may stand on one machine: what they leave on it is named after their directories. */
const mark = (directory: string): string => createHash('sha256').update(directory).digest('hex').slice(0, 6)
const egressTable = (directory: string): string => `skiff-egress-${mark(directory)}`
const portsTable = (directory: string): string => `skiff-ports-${mark(directory)}`

/** Takes the whole network away: all namespaces and, with them, all cables. For `skiff down` and tests. */
export function removeNetwork(directory: string): void {
  // They are there only where pods were let out and the machine was let in: a refusal says that there is none.
  for (const name of [egressTable(directory), portsTable(directory)]) spawnSync('nft', ['delete', 'table', 'ip', name], { stdio: 'ignore' })
  for (const name of readdirIfThere(`${directory}/nodes`)) unpin(`${directory}/nodes/${name}`, ['net'])
  unpin(`${directory}/hub`, ['net'])
  rmSync(directory, { recursive: true, force: true })
}

/** A pod's namespaces, and a socket in that of its network. */
function makePod(pod: Omit<PodPlace, 'address'>): NetlinkSocket {
  const prepare = (): NetlinkSocket => {
    nameHost(pod.hostname)
    preparePod(pod.sysctls)
    return openNetlinkHere()
  }
  return pod.holder === undefined ? makeNamespaces(pod.directory, pod.ipc ? ['net', 'ipc', 'uts'] : ['net', 'uts'], prepare) : pinNamespaces(pod.directory, ['net', 'ipc', 'uts'], { pid: pod.holder, inside: prepare })
}

/** Makes the namespace that this thread is in pass packets on, whatever way they came. */
function prepareRouter(): void {
  setting('net.ipv4.ip_forward', '1')
  for (const scope of ['all', 'default']) setting(`net.ipv4.conf.${scope}.rp_filter`, '0')
  // Ports that a pod has at its node's loopback; packets to it from elsewhere are dropped by the packet rules.
  setting('net.ipv4.conf.all.route_localnet', '1')
  setting('net.ipv6.conf.default.disable_ipv6', '1')
}

/** As containerd: low ports and ping need no privilege inside a pod. */
function preparePod(sysctls: readonly { readonly name: string; readonly value: string }[]): void {
  setting('net.ipv6.conf.default.disable_ipv6', '1')
  setting('net.ipv4.ip_unprivileged_port_start', '0')
  setting('net.ipv4.ping_group_range', '0 2147483647')
  for (const { name, value } of sysctls) {
    const path = name.replaceAll('.', '/')
    // The kubelet allows fewer still. Whatever is not of this namespace would be the whole machine's.
    if (!path.startsWith('net/') && path !== 'kernel/shm_rmid_forced') throw new Error(`sysctl ${name} is not a pod's own`)
    writeFileSync(`/proc/sys/${path}`, value)
  }
}

function setting(name: string, value: string): void {
  try {
    writeFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, value)
  } catch (error) {
    // A kernel without IPv6 has no such file.
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
}

function readdirIfThere(path: string): readonly string[] {
  try {
    return readdirSync(path)
  } catch {
    return [] // Nothing was made.
  }
}
