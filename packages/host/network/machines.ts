import { createHash } from 'node:crypto'
import { networkInterfaces } from 'node:os'
import { readIfThere, writePrivately } from '../files/index.ts'
import { closeNetlink, dropRoute, linkMtu, linkNumber, type NetlinkSocket, openNetlink, openNetlinkHere, type Route, setRoute } from '../linux/netlink.ts'
import { run } from '../linux/processes.ts'
import { addVxlan, removeLink, removePeer, setPeer, type VxlanPeer } from '../linux/vxlan.ts'

/** How packets get to other machines: in packets of UDP (anywhere where those arrive), or as they are (machines of one subnet). */
export const overlayChoices = ['vxlan', 'routes'] as const
export type OverlayChoice = (typeof overlayChoices)[number]

/** Another machine of the cluster. */
export interface OtherMachine {
  /** Where this machine reaches it. */
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
  /** Where the others reach this machine. */
  readonly address: string
  /** What tells this cluster from others on the same wire: its authority. */
  readonly cluster: string
  readonly hub: { readonly namespace: string; readonly address: string }
  /** This machine's cable to the hub, and its own address at it. */
  readonly cable: string
  readonly cableAddress: string
  /** The name of the table of packet rules that keeps strangers out. */
  readonly table: string
  /** Where is kept what was set, for the next agent. */
  readonly file: string
}

export interface Machines {
  /** Makes the ways to these machines, and takes away those to others. */
  reach(machines: readonly OtherMachine[]): void
  close(): void
}

/** What stands in the kernel, as it is kept between two agents. */
interface Ways { readonly overlay: OverlayChoice; readonly address: string; readonly id: number; readonly machines: readonly OtherMachine[] }

const device = 'machines'
/** The port that Linux's own tools take for VXLAN. */
const port = 8472

/** The ways between the hubs of several machines. Nothing is made before there is another machine. */
export function openMachines(options: MachinesOptions): Machines {
  const { overlay, address, hub, file } = options
  const id = createHash('sha256').update(options.cluster).digest().readUIntBE(0, 3)
  const [here, inside] = [openNetlinkHere(), openNetlink(hub.namespace)]
  const kept = readIfThere(file)
  let guarded: Promise<void> = Promise.resolve()
  let ways: Ways | undefined = kept === undefined ? undefined : JSON.parse(kept) as Ways // written below

  /** The number of the device, which is made when it is not there. */
  const vxlan = (): number => {
    const found = linkNumber(inside, device)
    if (found !== undefined && ways !== undefined && ways.overlay === overlay && ways.address === address && ways.id === id) return found
    if (found !== undefined) removeLink(inside, found)
    addVxlan(here, hub.namespace, { name: device, id, port, under: underlay(here, address), local: address, hardwareAddress: hardwareAddressOf(hub.address) })
    return linkNumber(inside, device) ?? 0
  }
  const routesTo = (machine: OtherMachine, by: OverlayChoice = overlay): { readonly here: readonly Route[]; readonly inside: readonly Route[] } => {
    const networks = [machine.nodeNetwork, ...machine.podNetworks]
    if (by === 'vxlan') {
      const [cable, tunnel] = [linkNumber(here, options.cable) ?? 0, linkNumber(inside, device) ?? 0]
      return {
        // The way to all pods leads to the hub already, not that to other machines' nodes.
        here: [{ to: machine.nodeNetwork, by: 'gateway', index: cable, gateway: hub.address, source: options.cableAddress }],
        inside: networks.map((to) => ({ to, by: 'gateway', index: tunnel, gateway: machine.hub, source: hub.address })),
      }
    }
    const [wire, cable] = [deviceWith(here, address) ?? 0, linkNumber(inside, 'host') ?? 0]
    return {
      here: networks.map((to) => ({ to, by: 'gateway', index: wire, gateway: machine.address })),
      inside: networks.map((to) => ({ to, by: 'gateway', index: cable, gateway: options.cableAddress, source: hub.address })),
    }
  }

  return {
    reach(machines) {
      if (machines.length === 0 && ways === undefined) return
      const wanted = new Set(machines.map((machine) => JSON.stringify(machine)))
      const before = ways
      const isOther = before?.overlay !== overlay || before.address !== address
      for (const gone of before?.machines.filter((machine) => isOther || !wanted.has(JSON.stringify(machine))) ?? []) {
        const routes = routesTo(gone, before?.overlay)
        for (const route of routes.here) dropRoute(here, route)
        for (const route of routes.inside) dropRoute(inside, route)
        const index = linkNumber(inside, device)
        if (index !== undefined) removePeer(inside, index, peerOf(gone))
      }
      if (overlay === 'routes') {
        const left = linkNumber(inside, device)
        if (left !== undefined) removeLink(inside, left)
      }
      const index = overlay === 'vxlan' ? vxlan() : 0
      for (const machine of machines) {
        if (overlay === 'vxlan') setPeer(inside, index, peerOf(machine))
        const routes = routesTo(machine)
        for (const route of routes.inside) setRoute(inside, route)
        for (const route of routes.here) setRoute(here, route)
      }
      const addresses = overlay === 'vxlan' ? machines.map((machine) => machine.address) : []
      // One after the other: the last that is said must be the last that is in force.
      guarded = guarded.then(() => guard(options.table, addresses, id))
      ways = { overlay, address, id, machines }
      writePrivately(file, JSON.stringify(ways))
    },
    close() {
      closeNetlink(here)
      closeNetlink(inside)
    },
  }
}

/** Takes away what the machine itself was given and would keep: all else goes with the hub. */
export function forgetMachines(file: string): void {
  const kept = readIfThere(file)
  if (kept === undefined) return
  const { overlay, address, machines } = JSON.parse(kept) as Ways // written above
  const here = openNetlinkHere()
  const index = overlay === 'routes' ? deviceWith(here, address) : undefined
  if (index !== undefined) for (const machine of machines) for (const to of [machine.nodeNetwork, ...machine.podNetworks]) dropRoute(here, { to, by: 'gateway', index, gateway: machine.address })
  closeNetlink(here)
}

/** Packets for this network come from its machines only. Whoever fakes the address of one is not kept out. */
async function guard(table: string, addresses: readonly string[], id: number): Promise<void> {
  // The network's number is where VXLAN has it: behind the header of UDP, flags and what is reserved.
  const rules = addresses.length === 0 ? '' : `table ip ${table} {
  set machines { type ipv4_addr; elements = { ${addresses.join(', ')} } }
  chain arriving {
    type filter hook input priority filter; policy accept;
    udp dport ${port} @th,96,24 ${id} ip saddr != @machines drop
  }
}
`
  const { code, stderr } = await run('nft', ['-f', '-'], { input: `table ip ${table} {}\ndelete table ip ${table}\n${rules}` })
  if (code !== 0) process.stderr.write(`strangers are not kept from the network between machines: ${stderr.trim()}\n`)
}

/** What VXLAN adds to a packet: an outer IPv4 header, UDP, its own header and the inner Ethernet's. */
const vxlanBytes = 50

/** The most bytes that a packet of a pod may have to come whole to another machine; undefined when nothing limits it, or nothing is known. */
export function mtuBetweenMachines({ overlay, address }: Pick<MachinesOptions, 'overlay' | 'address'>): number | undefined {
  const name = nameOfDeviceWith(address)
  if (overlay !== 'vxlan' || name === undefined) return undefined
  const here = openNetlinkHere()
  const mtu = linkMtu(here, name)
  closeNetlink(here)
  return mtu === undefined ? undefined : mtu - vxlanBytes
}

const peerOf = ({ hub, address }: OtherMachine): VxlanPeer => ({ address: hub, hardwareAddress: hardwareAddressOf(hub), remote: address })
/** Made of the address, so that nobody has to be asked for it. */
const hardwareAddressOf = (address: string): string => ['02', '73', ...address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'))].join(':')

const nameOfDeviceWith = (address: string): string | undefined => Object.entries(networkInterfaces()).find(([, all]) => all?.some((one) => one.address === address))?.[0]
/** The number of the device that has an address of this machine; undefined when there is none. */
function deviceWith(socket: NetlinkSocket, address: string): number | undefined {
  const name = nameOfDeviceWith(address)
  return name === undefined ? undefined : linkNumber(socket, name)
}
/** The same, where there must be one. */
function underlay(socket: NetlinkSocket, address: string): number {
  const index = deviceWith(socket, address)
  if (index === undefined) throw new Error(`this machine has no address ${address}: other machines cannot reach it there`)
  return index
}
