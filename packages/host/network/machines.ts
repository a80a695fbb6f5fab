import { createHash } from 'node:crypto'
import { networkInterfaces } from 'node:os'
import { readIfThere, writePrivately } from '../files/index.ts'
import { addressBytes, isSix } from '../linux/addresses.ts'
import { removeLink } from '../linux/links.ts'
import { closeNetlink, dropRoute, linkMtu, linkNumber, type NetlinkSocket, openNetlink, openNetlinkHere, type Route, setRoute } from '../linux/netlink.ts'
import { run } from '../linux/processes.ts'
import { addVxlan, removePeer, setPeer, type VxlanPeer } from '../linux/vxlan.ts'
import { forwardSix } from './egress.ts'
import { addWireguard, setWireguardPeers, wireguardKey } from './wireguard.ts'

/** How packets get to other machines: in packets of UDP (anywhere where those arrive), sealed or not, or as they are (machines of one subnet). */
export const overlayChoices = ['vxlan', 'wireguard', 'routes'] as const
export type OverlayChoice = (typeof overlayChoices)[number]

/** Another machine of the cluster: what of each family of addresses is there. */
export interface OtherMachine { readonly networks: readonly NetworksThere[]; /** Its public key, where packets are sealed. */ readonly key?: string }
export interface NetworksThere {
  /** Where this machine reaches it: in UDP packets one address for all families, by plain routes one of this family. */
  readonly address: string
  /** The router between its nodes. */
  readonly hub: string
  /** Of its nodes. */
  readonly nodeNetwork: string
  /** Of their pods, a network for each. */
  readonly podNetworks: readonly string[]
}

export interface MachinesOptions {
  readonly overlay: OverlayChoice
  /** Where the others reach this machine; one of the second family besides where plain routes need it. */
  readonly address: string
  readonly second?: string
  /** What tells this cluster from others on the same wire: its authority. */
  readonly cluster: string
  /** The namespace of the router between this machine's nodes. */
  readonly hub: string
  /** The ends of this machine's cable to it, one pair a family, the first family first. */
  readonly ends: readonly CableEnds[]
  readonly cable: string
  /** The name of the table of packet rules that keeps strangers out. */
  readonly table: string
  /** Where is kept what was set, for the next agent. */
  readonly file: string
  readonly keyFile: string
}
export interface CableEnds { readonly machine: string; readonly hub: string; /** Where the machine sends what the hub shall lead on. */ readonly gateway: string }

export interface Machines {
  /** This machine's public key, where packets are sealed. */
  readonly key?: string
  /** Makes the ways to these machines, and takes away those to others. */
  reach(machines: readonly OtherMachine[]): void
  /** Makes again what went since: a device that packets go into goes with a program that plays it, and with the device below it; plain routes go with a device that is down for a while. Says whether a device was gone. */
  restore(): boolean
  close(): void
}

/** What stands in the kernel, as it is kept between two agents. */
interface Ways { readonly overlay: OverlayChoice; readonly address: string; readonly second?: string; readonly id: number; readonly machines: readonly OtherMachine[] }
function readWays(file: string): Ways | undefined {
  const kept = readIfThere(file)
  if (kept === undefined) return undefined
  const ways = JSON.parse(kept) as Omit<Ways, 'machines'> & { readonly machines: readonly (OtherMachine | NetworksThere)[] } // written below
  // An earlier release knew one family.
  return { ...ways, machines: ways.machines.map((machine) => ('networks' in machine ? machine : { networks: [machine] })) }
}

/** The port that Linux's own tools take for VXLAN. */
const port = 8472
const guardAgainMs = 5_000

/** The ways between the hubs of several machines. Nothing is made before there is another machine. */
export function openMachines(options: MachinesOptions): Machines {
  const { overlay, address, second, hub, ends, file } = options
  const id = createHash('sha256').update(options.cluster).digest().readUIntBE(0, 3)
  const [here, inside] = [openNetlinkHere(), openNetlink(hub)]
  const guard = createGuard(options.table)
  const device = deviceOf(options, overlay)
  const key = overlay === 'wireguard' ? wireguardKey(options.keyFile) : undefined
  let ways = readWays(file)

  /** The number of the device, which is made when it is not there. */
  const tunnelled = (): number => {
    const found = linkNumber(inside, device)
    // Nothing of where machines are is in that one itself.
    if (found !== undefined && overlay === 'wireguard') return found
    if (found !== undefined && ways !== undefined && ways.overlay === overlay && ways.address === address && ways.id === id) return found
    if (found !== undefined) removeLink(inside, found)
    if (overlay === 'wireguard') addWireguard(here, inside, { name: device, namespace: hub, mtu: mtuBetweenMachines(options) ?? usualMtu - wireguardBytes.six })
    else addVxlan(here, hub, { name: device, id, port, under: underlay(here, address), local: address, hardwareAddress: hardwareAddressOf(ends[0]?.hub ?? '') })
    return linkNumber(inside, device) ?? 0
  }
  const routesTo = ({ networks }: OtherMachine, by: Pick<Ways, 'overlay' | 'address' | 'second'>): { readonly here: readonly Route[]; readonly inside: readonly Route[] } => {
    const led = networks.flatMap((there) => { const own = ends.find((pair) => isSix(pair.hub) === isSix(there.hub)); return own === undefined ? [] : [{ ...there, own, all: [there.nodeNetwork, ...there.podNetworks] }] })
    if (by.overlay !== 'routes') {
      const [cable, tunnel] = [linkNumber(here, options.cable) ?? 0, linkNumber(inside, deviceOf(options, by.overlay)) ?? 0]
      return {
        // The way to all pods leads to the hub already, not that to other machines' nodes.
        here: led.map(({ nodeNetwork, own }) => ({ to: nodeNetwork, by: 'gateway', index: cable, gateway: own.gateway, source: own.machine })),
        inside: led.flatMap(({ all, hub: gateway, own }) => all.map((to): Route => (by.overlay === 'wireguard' ? { to, by: 'device', index: tunnel, source: own.hub } : { to, by: 'gateway', index: tunnel, gateway, source: own.hub }))),
      }
    }
    const outer = linkNumber(inside, 'host') ?? 0
    return {
      here: led.flatMap(({ all, address: gateway }) => { const wire = wireTo(here, gateway, by); return all.map((to): Route => ({ to, by: 'gateway', index: wire, gateway })) }),
      inside: led.flatMap(({ all, own }) => all.map((to): Route => ({ to, by: 'gateway', index: outer, gateway: own.machine, source: own.hub }))),
    }
  }
  const reach = (machines: readonly OtherMachine[]): void => {
    if (machines.length === 0 && ways === undefined) return
    const wanted = new Set(machines.map((machine) => JSON.stringify(machine)))
    const before = ways
    const isOther = before?.overlay !== overlay || before.address !== address || before.second !== second
    for (const gone of before?.machines.filter((machine) => isOther || !wanted.has(JSON.stringify(machine))) ?? []) {
      const routes = routesTo(gone, before ?? options)
      for (const route of routes.here) dropRoute(here, route)
      for (const route of routes.inside) dropRoute(inside, route)
      const index = before?.overlay === 'vxlan' ? linkNumber(inside, deviceOf(options, 'vxlan')) : undefined
      if (index !== undefined) removePeer(inside, index, peerOf(gone))
    }
    for (const other of overlayChoices) {
      const left = other === overlay || other === 'routes' ? undefined : linkNumber(inside, deviceOf(options, other))
      if (left !== undefined) removeLink(inside, left)
    }
    // What comes for pods is passed on to the hub.
    if (overlay === 'routes' && ends.some((pair) => isSix(pair.hub))) forwardSix()
    const index = overlay === 'routes' ? 0 : tunnelled()
    if (key !== undefined) setWireguardPeers({ namespace: hub, name: device, file: `${options.keyFile}.peers`, key: key.private }, machines.map((machine) => ({ key: machine.key ?? '', remote: machine.networks[0]?.address ?? '', networks: machine.networks.flatMap(({ nodeNetwork, podNetworks }) => [nodeNetwork, ...podNetworks]) })))
    for (const machine of machines) {
      if (overlay === 'vxlan') setPeer(inside, index, peerOf(machine))
      const routes = routesTo(machine, options)
      for (const route of routes.inside) setRoute(inside, route)
      for (const route of routes.here) setRoute(here, route)
    }
    guard.allow(overlay === 'vxlan' ? machines.flatMap(({ networks: [first] }) => first?.address ?? []) : [], { id, six: isSix(address) })
    ways = { overlay, address, ...(second !== undefined && { second }), id, machines }
    writePrivately(file, JSON.stringify(ways))
  }

  return {
    ...(key !== undefined && { key: key.public }),
    reach,
    restore() {
      if (ways === undefined || (overlay !== 'routes' && linkNumber(inside, device) !== undefined)) return false
      if (overlay === 'routes') for (const machine of ways.machines) for (const route of routesTo(machine, options).here) setRoute(here, route)
      else reach(ways.machines)
      return overlay !== 'routes'
    },
    close() {
      guard.close()
      closeNetlink(here)
      closeNetlink(inside)
    },
  }
}

/** Takes away what the machine itself was given and would keep: all else goes with the hub. */
export function forgetMachines(file: string): void {
  const ways = readWays(file)
  if (ways === undefined || ways.overlay !== 'routes') return
  const here = openNetlinkHere()
  for (const { networks } of ways.machines) {
    for (const { address, nodeNetwork, podNetworks } of networks) {
      const index = wireTo(here, address, ways)
      if (index !== 0) for (const to of [nodeNetwork, ...podNetworks]) dropRoute(here, { to, by: 'gateway', index, gateway: address })
    }
  }
  closeNetlink(here)
}

/** Keeps packets for this network from all but its machines. Whoever fakes the address of one is not kept out. */
function createGuard(table: string): { allow(addresses: readonly string[], network: { readonly id: number; readonly six: boolean }): void; close(): void } {
  let wanted = ''
  let setting: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined
  let told = ''
  const set = async (): Promise<void> => {
    clearTimeout(timer)
    const { code, stderr } = await run('nft', ['-f', '-'], { input: wanted })
    if (code !== 0 && stderr !== told) process.stderr.write(`strangers are not kept from the network between machines: ${stderr.trim()}\n`)
    told = code === 0 ? '' : stderr
    if (code !== 0) timer = setTimeout(again, guardAgainMs).unref()
  }
  // One after the other: the last that is said must be the last that is in force.
  const again = (): void => { setting = setting.then(set) }
  return {
    allow(addresses, { id, six }) {
      const family = six ? 'ip6' : 'ip'
      // The network's number is where VXLAN has it: behind the header of UDP, flags and what is reserved.
      const rules = addresses.length === 0 ? '' : `table ${family} ${table} {
  set machines { type ${six ? 'ipv6_addr' : 'ipv4_addr'}; elements = { ${addresses.join(', ')} } }
  chain arriving {
    type filter hook input priority filter; policy accept;
    udp dport ${port} @th,96,24 ${id} ${family} saddr != @machines drop
  }
}
`
      wanted = `table ${family} ${table} {}\ndelete table ${family} ${table}\n${rules}`
      again()
    },
    close: () => { clearTimeout(timer) },
  }
}

/** What VXLAN adds to a packet: an outer header of IP (20 bytes, or 40 of IPv6), UDP, its own header and the inner Ethernet's. */
const vxlanBytes = { four: 50, six: 70 }
/** And WireGuard: its header and the seal. */
const wireguardBytes = { four: 60, six: 80 }
/** Of the device that packets go into; a program that plays WireGuard finds it by its name, which no other cluster's may have. */
const deviceOf = ({ cable }: Pick<MachinesOptions, 'cable'>, overlay: OverlayChoice): string => (overlay === 'wireguard' ? cable.replace('skiff', 'skiff-wg') : 'machines')
/** Of the machine's cable to its nodes. */
const usualMtu = 1500

/** The most bytes that a packet of a pod may have to come whole to another machine; undefined when nothing limits it, or nothing is known. */
export function mtuBetweenMachines({ overlay, address }: Pick<MachinesOptions, 'overlay' | 'address'>): number | undefined {
  const name = nameOfDeviceWith(address)
  if (name === undefined) return undefined
  const here = openNetlinkHere()
  const mtu = linkMtu(here, name)
  closeNetlink(here)
  if (mtu === undefined || overlay === 'routes') return mtu === undefined || mtu >= usualMtu ? undefined : mtu
  const added = overlay === 'wireguard' ? wireguardBytes : vxlanBytes
  return mtu - (isSix(address) ? added.six : added.four)
}

const peerOf = ({ networks }: OtherMachine): VxlanPeer => ({ addresses: networks.map(({ hub }) => hub), hardwareAddress: hardwareAddressOf(networks[0]?.hub ?? ''), remote: networks[0]?.address ?? '' })
/** Made of the address, so that nobody has to be asked for it: of IPv6's 16 bytes those in which the networks of machines differ. */
function hardwareAddressOf(hub: string): string {
  const bytes = [...addressBytes(hub)]
  const telling = bytes.length === 4 ? bytes : [...bytes.slice(6, 8), ...bytes.slice(14)]
  return ['02', '73', ...telling.map((byte) => byte.toString(16).padStart(2, '0'))].join(':')
}

const nameOfDeviceWith = (address: string): string | undefined => Object.entries(networkInterfaces()).find(([, all]) => all?.some((one) => one.address === address))?.[0]
/** The number of the device with the address of this machine by which a gateway is reached; 0 when there is none. */
function wireTo(socket: NetlinkSocket, gateway: string, { address, second }: Pick<Ways, 'address' | 'second'>): number {
  const name = nameOfDeviceWith(isSix(address) === isSix(gateway) ? address : second ?? '')
  return (name === undefined ? undefined : linkNumber(socket, name)) ?? 0
}
/** The number of the device that has an address of this machine. Throws when there is none. */
function underlay(socket: NetlinkSocket, address: string): number {
  const index = wireTo(socket, address, { address })
  if (index === 0) throw new Error(`this machine has no address ${address}: other machines cannot reach it there`)
  return index
}
