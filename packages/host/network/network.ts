import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { offsetIn, type PolicyBook, type PolicyChanges, type ServiceRoute } from '@kubeskiff/core/network'
import { namesIfThere, writePrivately } from '../files/index.ts'
import { type Flow, forgetFlows } from '../linux/conntrack.ts'
import { addAddress, addCable, closeNetlink, dropRoute, linkNumber, linkUp, openNetlink, openNetlinkHere, setRoute, type NetlinkSocket } from '../linux/netlink.ts'
import { isPinned, makeNamespaces, nameHost, pinNamespaces, unpin } from '../linux/namespaces.ts'
import { removeLink } from '../linux/links.ts'
import { nextAddress, nthAddress, parseNetwork } from './addresses.ts'
import { letOut, removeTable } from './egress.ts'
import { openSix, preparePod, prepareRouter } from './kernel-settings.ts'
import { alone, type FamilyNetworks, type Layout, layoutOf } from './layout.ts'
import { type Answerers, answerersOf, staleFlows } from './datagrams.ts'
import { createMachinePorts } from './machine-ports.ts'
import { forgetMachines, type Machines, type MachinesOptions, openMachines } from './machines.ts'
import { NodePolicies } from './node-policies.ts'
import { type Family, PacketTable } from './packet-table.ts'
import { createProgrammer, type Programmer } from './programmer.ts'
import { frame, hostPortRules, type HostPort, type RuledPlace, serviceRules } from './rules.ts'

/** The networks of one cluster on this machine: of the first family of addresses, and of the second in a cluster of two. */
export interface NetworkSettings extends FamilyNetworks {
  readonly second?: FamilyNetworks
  /** The most bytes that packets of pods and nodes have; 1500 unless it is said. */
  readonly mtu?: number | undefined
  /** Whether the machine gets a way to pods and cluster IPs: one cable and three routes. */
  readonly reachableFromHost: boolean
  /** Whether pods reach the world beyond the machine: turns on its IP forwarding and masks their addresses. */
  readonly egress: boolean
  /** Whether other machines are reached by IPv6, though no default route leads there. */
  readonly beyondBySix?: boolean
  /** Whether CNI plugins give pods their interfaces: then a network of theirs may lie over that of a node's pods. */
  readonly plugins?: boolean
}

export interface NetworkNode {
  readonly name: string
  /** Of the first family. */
  readonly address: string
  /** One a family. */
  readonly addresses: readonly string[]
  /** Path of the pinned network namespace. */
  readonly namespace: string
  /** One a family; '' until the cluster has given the node its pods' network. */
  readonly podNetworks: readonly string[]
}

/** The nodes that this machine plays: each a network namespace, all joined by a router namespace, the hub. */
export interface ClusterNetwork {
  readonly settings: NetworkSettings
  /** The router between nodes and machine. */
  readonly hub: { readonly namespace: string; readonly address: string }
  /**
   * Makes a node or, after a restart, finds it as it was. `address` is its own, of the first family; absent, or another node's: the next one that is free.
   * Its pods' networks are one a family, '' while they are not known.
   */
  addNode(node: { readonly name: string; readonly address?: string; readonly podNetworks: readonly string[] }): NetworkNode
  node(name: string): NetworkNode | undefined
  /** Names of the nodes that have been added. */
  nodes(): readonly string[]
  /** Takes away all nodes that an earlier agent made but these: their addresses are free for others. */
  retain(names: readonly string[]): void
  /** An address of each family for a pod on a node; the same again for the same pod. Throws when none is free. */
  allocate(node: string, pod: string): readonly string[]
  /** Takes note of addresses that a pod has had since before a restart; the node may be added later. */
  keep(node: string, pod: string, addresses: readonly string[]): void
  /** Gives the pod namespaces (net and uts always, ipc unless the host's) under `directory` and joins it to its node. Synchronous: 1–2 ms. */
  attach(pod: PodPlace): void
  /** The same without an interface, which CNI plugins make. */
  enclose(pod: Omit<PodPlace, 'addresses'>): void
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
  /** The ways from here to other machines of the cluster. */
  otherMachines(options: Pick<MachinesOptions, 'overlay' | 'address' | 'second' | 'cluster'>): Machines
  /** Resolves when nothing that was begun is still under way: before, what is taken away might come again. */
  close(): Promise<void>
}
export interface AttachedPod { readonly node: string; readonly namespace: string; readonly name: string; readonly addresses: readonly string[] }

/** What `route` calls the machine. */
export const machine = Symbol('machine')

export interface PodPlace {
  readonly pod: string
  readonly node: string
  readonly addresses: readonly string[]
  readonly directory: string
  readonly hostname: string
  readonly ipc: boolean
  /** The process whose user, network, IPC and UTS namespaces the pod is given; absent: new ones of the machine's users. */
  readonly holder?: number
  /** Kernel settings of the namespaces: net.* and kernel.shm*, kernel.msg*, kernel.sem, fs.mqueue.*. */
  readonly sysctls: readonly { readonly name: string; readonly value: string }[]
}

const none: Answerers = new Map()
const firstNodeOffset = 11
const cableOf = (offset: number): string => `node${offset}`
const lastResort = 4096

interface NodeState { node: NetworkNode; readonly socket: NetlinkSocket; readonly pods: NodePods; rules: NodeRules }
/** The packet rules of a node, made anew when its pods' network becomes known. */
interface NodeRules { readonly namespace: string; /** Of Services that take datagrams. */ readonly answerers: Map<string, Answerers>; /** One a family. */ readonly ruled: readonly Ruled[]; readonly policies: NodePolicies; readonly programmer: Programmer; isOpen: boolean }
interface Ruled { readonly place: RuledPlace; readonly table: PacketTable }
/** Pods of a node, known even before the node itself is after a restart. */
interface NodePods { readonly taken: Map<string, readonly string[]>; /** What was given last. */ last: readonly string[]; readonly hostPorts: Map<string, readonly HostPort[]> }

/** Builds, or finds after a restart, the network of a cluster. Must run as root in a mount namespace that outlives us. */
export function createNetwork(settings: NetworkSettings, directory: string): ClusterNetwork {
  let isOut: Promise<void> = Promise.resolve()
  const layouts = [settings, ...(settings.second === undefined ? [] : [settings.second])].map(layoutOf)
  const families = layouts.map(({ family }) => family)
  const hub = { namespace: `${directory}/hub/net`, address: layouts[0]?.hubAddress ?? '' }
  mkdirSync(`${directory}/nodes`, { recursive: true })
  if (!isPinned(hub.namespace)) makeHub()
  // A hub that was made before others could join hides the nodes' addresses from them.
  else if (settings.egress && settings.reachableFromHost && settings.nodeNetworks !== undefined) isOut = letOut(egressTable(directory), layouts, { six: settings.beyondBySix === true })
  if (settings.reachableFromHost) routeHost()
  const hubSocket = openNetlink(hub.namespace)
  // A hub of an earlier release sent round in circles what no balanced Service claims.
  setRoute(hubSocket, { to: settings.balancedNetwork, by: 'nothing' })
  const nodes = new Map<string, NodeState>()
  const podsByNode = new Map<string, NodePods>()
  const podsOf = (node: string): NodePods => {
    const pods = podsByNode.get(node) ?? { taken: new Map(), last: [], hostPorts: new Map() }
    podsByNode.set(node, pods)
    return pods
  }

  function makeHub(): void {
    makeNamespaces(`${directory}/hub`, ['net'], () => {
      prepareRouter(families)
      const inside = openNetlinkHere()
      const loopback = linkNumber(inside, 'lo') ?? 1
      linkUp(inside, loopback)
      for (const { family, gateway, hubAddress, dnsAddress, serviceNetwork, balancedNetwork, podNetwork } of layouts) {
        if (family === 'ip') addAddress(inside, loopback, { address: gateway, prefix: 32, scope: 'link' })
        addAddress(inside, loopback, { address: hubAddress, prefix: prefixOf(family), scope: 'global' })
        addAddress(inside, loopback, { address: dnsAddress, prefix: prefixOf(family), scope: 'host' })
        // What no service claims ends here and is not sent round in circles.
        for (const to of [serviceNetwork, balancedNetwork, podNetwork]) setRoute(inside, { to, by: 'nothing' })
      }
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
      if (families.includes('ip6')) openSix(name)
      for (const { family, machineAddress } of layouts) addAddress(here, index, { address: machineAddress, prefix: prefixOf(family), scope: 'global' })
      const peer = linkNumber(inside, 'host') ?? 0
      linkUp(inside, peer)
      for (const layout of layouts) {
        const { machineAddress, hubAddress } = layout
        answerAtGateway(inside, peer, layout)
        setRoute(inside, { to: alone(machineAddress), by: 'device', index: peer, source: hubAddress })
        if (settings.egress) setRoute(inside, { to: 'default', by: 'gateway', index: peer, gateway: machineAddress, source: hubAddress })
      }
    } finally {
      closeNetlink(here)
      closeNetlink(inside)
    }
    if (settings.egress) isOut = letOut(egressTable(directory), layouts, { six: settings.beyondBySix === true })
  }

  /** Also for a hub of an earlier release, which led less. */
  function routeHost(): void {
    const here = openNetlinkHere()
    const index = linkNumber(here, `skiff${mark(directory)}`)
    if (index !== undefined) {
      for (const layout of layouts) for (const to of [layout.nodeNetwork, layout.podNetwork, layout.serviceNetwork, layout.balancedNetwork]) {
        setRoute(here, { to, by: 'gateway', index, gateway: wayToHub(layout), source: layout.machineAddress })
      }
    }
    closeNetlink(here)
  }

  let listener: ((pod: AttachedPod) => Promise<void>) | undefined
  const stateOf = (name: string): NodeState => {
    const state = nodes.get(name)
    if (state === undefined) throw new Error(`node ${name} has no network on this machine`)
    return state
  }

  function makeNode(name: string, place: string, offset: number): void {
    const cable = cableOf(offset)
    const inside = makeNamespaces(place, ['net'], () => {
      prepareRouter(families)
      return openNetlinkHere()
    })
    try {
      const loopback = linkNumber(inside, 'lo') ?? 1
      linkUp(inside, loopback)
      for (const { family, gateway, dnsAddress } of layouts) {
        if (family === 'ip') addAddress(inside, loopback, { address: gateway, prefix: 32, scope: 'link' })
        addAddress(inside, loopback, { address: dnsAddress, prefix: prefixOf(family), scope: 'host' })
      }
      addCable(hubSocket, { name: cable, peer: 'eth0', peerNamespace: `${place}/net`, mtu: settings.mtu })
      const outer = linkNumber(hubSocket, cable) ?? 0
      const inner = linkNumber(inside, 'eth0') ?? 0
      linkUp(inside, inner)
      for (const layout of layouts) {
        const address = nthAddress(layout.nodeNetwork, offset)
        answerAtGateway(hubSocket, outer, layout)
        setRoute(hubSocket, { to: alone(address), by: 'device', index: outer, source: layout.hubAddress })
        addAddress(inside, inner, { address, prefix: prefixOf(layout.family), scope: 'global' })
        setRoute(inside, { to: 'default', by: 'gateway', index: inner, gateway: wayToHub(layout), source: address })
      }
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

  function rulesFor({ name, addresses, namespace, podNetworks }: Pick<NetworkNode, 'name' | 'addresses' | 'namespace' | 'podNetworks'>): NodeRules {
    const ruled = layouts.map(({ family, clusterNetworks, dnsAddress }, index): Ruled => {
      const place: RuledPlace = { family, address: addresses[index] ?? '', podNetwork: podNetworks[index] ?? '', clusterNetworks, served: [dnsAddress] }
      return { place, table: new PacketTable(family, frame(place)) }
    })
    const tables = ruled.map(({ table }) => table)
    return { namespace, answerers: new Map(), ruled, policies: new NodePolicies(name, tables), programmer: createProgrammer(namespace, () => tables), isOpen: false }
  }
  const four = layouts.find(({ family }) => family === 'ip')
  const machinePorts = settings.reachableFromHost && four !== undefined ? createMachinePorts({ table: portsTable(directory), cable: `skiff${mark(directory)}`, machineAddress: four.machineAddress, hubAddress: four.hubAddress }) : undefined
  const hubRules = rulesFor({ name: '', addresses: layouts.map(({ hubAddress }) => hubAddress), namespace: hub.namespace, podNetworks: [] })
  const complain = (node: string) => (error: unknown): void => { process.stderr.write(`node ${node}: ${String(error)}\n`) }
  const openAll = ({ rules, pods }: NodeState): void => {
    for (const { place, table } of rules.ruled) for (const [pod, ports] of pods.hostPorts) table.put(`host ports of ${pod}`, hostPortRules(place, ports))
  }

  return {
    settings,
    hub,
    addNode({ name, address, podNetworks }) {
      const place = `${directory}/nodes/${name}`
      let offset = offsetOf(name)
      if (offset === undefined || !isPinned(`${place}/net`)) {
        const used = new Set(readdirSync(`${directory}/nodes`).map(offsetOf))
        const own = address === undefined ? undefined : offsetIn(parseNetwork(settings.nodeNetwork), address)
        offset ??= [...(own === undefined ? [] : [own]), ...Array.from({ length: 4096 }, (_, index) => firstNodeOffset + index)].find((candidate) => !used.has(candidate)) ?? firstNodeOffset
        makeNode(name, place, offset)
      }
      const at = offset
      const addresses = layouts.map(({ nodeNetwork }) => nthAddress(nodeNetwork, at))
      const node: NetworkNode = { name, address: addresses[0] ?? '', addresses, namespace: `${place}/net`, podNetworks }
      const known = nodes.get(name)
      const state = known ?? { node, socket: openNetlink(node.namespace), pods: podsOf(name), rules: rulesFor(node) }
      if (state.node.podNetworks.join() !== podNetworks.join()) state.rules = rulesFor(node)
      state.node = node
      openAll(state)
      nodes.set(name, state)
      const outer = linkNumber(hubSocket, cableOf(offset)) ?? 0
      for (const [index, { hubAddress }] of layouts.entries()) {
        const podNetwork = podNetworks[index] ?? ''
        if (podNetwork === '') continue
        setRoute(hubSocket, { to: podNetwork, by: 'gateway', index: outer, gateway: addresses[index] ?? '', source: hubAddress })
        // What the kernel routes to a bridge of a plugin's goes before it.
        if (settings.plugins === true) dropRoute(state.socket, { to: podNetwork, by: 'nothing' })
        setRoute(state.socket, { to: podNetwork, by: 'nothing', ...(settings.plugins === true && { metric: lastResort }) })
      }
      return node
    },
    node: (name) => nodes.get(name)?.node,
    nodes: () => [...nodes.keys()],
    retain(names) {
      for (const name of readdirSync(`${directory}/nodes`)) {
        if (names.includes(name)) continue
        // By itself the kernel takes the cable some time after the namespace; another node's may have its name at once.
        const offset = offsetOf(name)
        const cable = offset === undefined ? undefined : linkNumber(hubSocket, cableOf(offset))
        if (cable !== undefined) removeLink(hubSocket, cable)
        unpin(`${directory}/nodes/${name}`, ['net'])
        rmSync(`${directory}/nodes/${name}`, { recursive: true, force: true })
      }
    },
    allocate(name, pod) {
      const state = stateOf(name)
      const { pods } = state
      const had = pods.taken.get(pod)
      if (had !== undefined) return had
      const taken = new Set([...pods.taken.values()].flat())
      const addresses = layouts.map((_, index) => {
        const podNetwork = state.node.podNetworks[index] ?? ''
        if (podNetwork === '') throw new Error(`node ${name} has no network for pods yet`)
        const address = nextAddress(podNetwork, pods.last[index], taken)
        if (address === undefined) throw new Error(`no IP addresses available in range set: ${podNetwork}`)
        return address
      })
      pods.taken.set(pod, addresses)
      pods.last = addresses
      return addresses
    },
    keep(name, pod, addresses) {
      const pods = podsOf(name)
      pods.taken.set(pod, addresses)
      pods.last = addresses
    },
    enclose(pod) {
      const inside = makePod(families, pod)
      try { linkUp(inside, 1) } finally { closeNetlink(inside) }
    },
    attach(pod) {
      const state = stateOf(pod.node)
      const inside = makePod(families, pod)
      try {
        const cable = `pod${randomBytes(5).toString('hex')}`
        addCable(state.socket, { name: cable, peer: 'eth0', peerNamespace: `${pod.directory}/net`, mtu: settings.mtu })
        const outer = linkNumber(state.socket, cable) ?? 0
        const inner = linkNumber(inside, 'eth0') ?? 0
        linkUp(inside, 1)
        linkUp(inside, inner)
        for (const [index, layout] of layouts.entries()) {
          const [address = '', source = ''] = [pod.addresses[index], state.node.addresses[index]]
          answerAtGateway(state.socket, outer, layout)
          addAddress(inside, inner, { address, prefix: prefixOf(layout.family), scope: 'global' })
          setRoute(inside, { to: 'default', by: 'gateway', index: inner, gateway: layout.gateway, source: address })
          setRoute(state.socket, { to: alone(address), by: 'device', index: outer, source })
        }
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
      for (const { table } of state.rules.ruled) table.put(`host ports of ${pod}`, undefined)
      if (state.rules.isOpen) state.rules.programmer.flush().catch(complain(name))
    },
    openHostPorts(name, pod, ports) {
      podsOf(name).hostPorts.set(pod, ports)
      const state = nodes.get(name)
      if (state === undefined) return Promise.resolve()
      for (const { place, table } of state.rules.ruled) table.put(`host ports of ${pod}`, hostPortRules(place, ports))
      return state.rules.isOpen ? state.rules.programmer.flush() : Promise.resolve()
    },
    route(name, routes) {
      const rules = name === machine ? hubRules : stateOf(name).rules
      const { ruled, programmer } = rules
      // Until now what an earlier agent has left is in force: the first step replaces it, and is not made before it is whole.
      rules.isOpen = true
      const stale: ((flow: Flow) => boolean)[] = []
      for (const [service, ways] of routes) {
        for (const { place, table } of ruled) table.put(`service ${service}`, ways.length === 0 ? undefined : serviceRules(place, ways))
        if (name === machine) machinePorts?.put(service, ways)
        const answerers = answerersOf(ways)
        stale.push(...[staleFlows(rules.answerers.get(service) ?? none, answerers) ?? []].flat())
        if (answerers.size === 0) rules.answerers.delete(service)
        else rules.answerers.set(service, answerers)
      }
      const flushed = Promise.all([programmer.flush(), name === machine ? machinePorts?.flush() : undefined])
      return flushed.then(() => { if (stale.length > 0) for (const family of families) forgetFlows(rules.namespace, family, (flow) => stale.some((isStale) => isStale(flow))) })
    },
    hold(name, book, changes) {
      const { policies, programmer, isOpen } = stateOf(name).rules
      policies.update(book, changes)
      return isOpen ? programmer.flush() : Promise.resolve()
    },
    otherMachines: (options) => openMachines({ ...options, hub: hub.namespace, cable: `skiff${mark(directory)}`, ends: layouts.map((layout) => ({ machine: layout.machineAddress, hub: layout.hubAddress, gateway: wayToHub(layout) })), table: machinesTable(directory), file: machinesFile(directory), keyFile: `${directory}/wireguard.json` }),
    close() {
      closeNetlink(hubSocket)
      for (const state of nodes.values()) closeNetlink(state.socket)
      nodes.clear()
      return isOut
    },
  }
}

/** Several clusters may stand on one machine: what they leave on it is named after their directories. */
const mark = (directory: string): string => createHash('sha256').update(directory).digest('hex').slice(0, 6)
const egressTable = (directory: string): string => `skiff-egress-${mark(directory)}`
const machinesTable = (directory: string): string => `skiff-machines-${mark(directory)}`
const machinesFile = (directory: string): string => `${directory}/machines.json`
const portsTable = (directory: string): string => `skiff-ports-${mark(directory)}`

/** Takes the whole network away: all namespaces and, with them, all cables. For `skiff down` and tests. */
export function removeNetwork(directory: string): void {
  for (const name of [egressTable(directory), portsTable(directory), machinesTable(directory)]) removeTable(name)
  forgetMachines(machinesFile(directory))
  for (const name of namesIfThere(`${directory}/nodes`)) unpin(`${directory}/nodes/${name}`, ['net'])
  unpin(`${directory}/hub`, ['net'])
  rmSync(directory, { recursive: true, force: true })
}

/** A pod's namespaces, and a socket in that of its network. */
function makePod(families: readonly Family[], pod: Omit<PodPlace, 'addresses'>): NetlinkSocket {
  const prepare = (): NetlinkSocket => {
    nameHost(pod.hostname)
    preparePod(families, pod.sysctls)
    return openNetlinkHere()
  }
  return pod.holder === undefined ? makeNamespaces(pod.directory, pod.ipc ? ['net', 'ipc', 'uts'] : ['net', 'uts'], prepare) : pinNamespaces(pod.directory, ['net', 'ipc', 'uts'], { pid: pod.holder, inside: prepare })
}

const prefixOf = (family: Family): number => (family === 'ip' ? 32 : 128)

/** Makes a router answer for the gateway at its end of a cable. IPv4's is on its loopback, and is answered for everywhere; IPv6 asks for addresses of the device itself. */
function answerAtGateway(router: NetlinkSocket, index: number, { family, gateway }: Layout): void {
  if (family === 'ip6') addAddress(router, index, { address: gateway, prefix: 64, scope: 'link' })
}
/** Where nodes and the machine send what the hub shall lead on. */
const wayToHub = ({ family, gateway, hubAddress }: Layout): string => (family === 'ip' ? hubAddress : gateway)
