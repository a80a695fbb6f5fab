import { createHash } from 'node:crypto'
import { networkInterfaces } from 'node:os'
import { readIfThere, writePrivately } from '../files/index.ts'
import { closeNetlink, dropRoute, linkNumber, type NetlinkSocket, openNetlink, openNetlinkHere, type Route, setRoute } from '../linux/netlink.ts'
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
  let ways: Ways | undefined = kept === undefined ? undefined : JSON.parse(kept) as Ways // written below

  /** The number of the device, which is made when it is not there. */
  const vxlan = (): number => {
    const found = linkNumber(inside, device)
    if (found !== undefined && ways !== undefined && ways.overlay === overlay && ways.address === address && ways.id === id) return found
    if (found !== undefined) removeLink(inside, found)
    addVxlan(here, hub.namespace, { name: device, id, port, under: underlay(here, address), local: address, hardwareAddress: hardwareAddressOf(hub.address) })
    return linkNumber(inside, device) ?? 0
  }
  const routesTo = (machine: OtherMachine): { readonly here: readonly Route[]; readonly inside: readonly Route[] } => {
    const networks = [machine.nodeNetwork, ...machine.podNetworks]
    const cable = linkNumber(here, options.cable) ?? 0
    // The way to all pods leads to the hub already, not that to other machines' nodes.
    if (overlay === 'vxlan') return {
      here: [{ to: machine.nodeNetwork, by: 'gateway', index: cable, gateway: hub.address, source: options.cableAddress }],
      inside: networks.map((to) => ({ to, by: 'gateway', index: linkNumber(inside, device) ?? 0, gateway: machine.hub, source: hub.address })),
    }
    return {
      here: networks.map((to) => ({ to, by: 'gateway', index: underlay(here, address), gateway: machine.address })),
      inside: networks.map((to) => ({ to, by: 'gateway', index: linkNumber(inside, 'host') ?? 0, gateway: options.cableAddress, source: hub.address })),
    }
  }

  return {
    reach(machines) {
      if (machines.length === 0 && ways === undefined) return
      const wanted = JSON.stringify(machines)
      for (const gone of ways?.machines.filter((machine) => !machines.some((other) => JSON.stringify(other) === JSON.stringify(machine))) ?? []) {
        const routes = routesTo(gone)
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
      ways = { overlay, address, id, machines: JSON.parse(wanted) as readonly OtherMachine[] } // what it was made of
      writePrivately(file, JSON.stringify(ways))
    },
    close() {
      closeNetlink(here)
      closeNetlink(inside)
    },
  }
}

const peerOf = ({ hub, address }: OtherMachine): VxlanPeer => ({ address: hub, hardwareAddress: hardwareAddressOf(hub), remote: address })
/** Made of the address, so that nobody has to be asked for it. */
export const hardwareAddressOf = (address: string): string => ['02', '73', ...address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'))].join(':')

/** The number of the device that has an address of this machine. Throws when there is none. */
function underlay(socket: NetlinkSocket, address: string): number {
  const name = Object.entries(networkInterfaces()).find(([, all]) => all?.some((one) => one.address === address))?.[0]
  const index = name === undefined ? undefined : linkNumber(socket, name)
  if (index === undefined) throw new Error(`this machine has no address ${address}: other machines cannot reach it there`)
  return index
}
