import { closeSync, openSync } from 'node:fs'
import { addressBytes, isSix, socketFamily } from './addresses.ts'
import { ask, attribute, linkHeader, type NetlinkSocket, number, text } from './netlink.ts'
import { SystemCallError } from './libc.ts'

/** VXLAN devices and who is behind them, by rtnetlink, as of linux/if_link.h and linux/neighbour.h. */
export interface Vxlan {
  readonly name: string
  /** The network's number, up to 24 bits. */
  readonly id: number
  /** UDP. */
  readonly port: number
  /** The device and the address from which packets leave: of the namespace that the socket is of. */
  readonly under: number
  readonly local: string
  /** '02:00:ac:1e:00:02' */
  readonly hardwareAddress: string
}
/** Another machine's end: its addresses inside, its hardware address there, and where its packets are sent to. */
export interface VxlanPeer { readonly addresses: readonly string[]; readonly hardwareAddress: string; readonly remote: string }

const newLink = 16
const newNeighbour = 28
const goneNeighbour = 29
const [create, exclusive, replace] = [0x400, 0x200, 0x100]
const bridge = 7
const [permanent, unresolved] = [0x80, 0x40]
const onDevice = 2
const noSuchEntry = 2

/** Makes a device in the namespace at `namespace` whose packets go on their way in the namespace that the socket is of. It learns nothing by itself. */
export function addVxlan(socket: NetlinkSocket, namespace: string, vxlan: Vxlan): void {
  const descriptor = openSync(namespace, 'r')
  try {
    const port = Buffer.alloc(2)
    port.writeUInt16BE(vxlan.port)
    const data = Buffer.concat([attribute(1, number(vxlan.id)), attribute(3, number(vxlan.under)), attribute(isSix(vxlan.local) ? 17 : 4, addressBytes(vxlan.local)), attribute(7, Buffer.from([0])), attribute(15, port)])
    const info = attribute(18, Buffer.concat([attribute(1, text('vxlan')), attribute(2, data)]))
    const body = Buffer.concat([linkHeader(0, true), attribute(3, text(vxlan.name)), attribute(1, hardwareBytes(vxlan.hardwareAddress)), attribute(28, number(descriptor)), info])
    ask(socket, newLink, create | exclusive, body, `device ${vxlan.name}`)
  } finally {
    closeSync(descriptor)
  }
}

/** `socket` is of the device's own namespace, as of all that follow. */
export function setPeer(socket: NetlinkSocket, device: number, peer: VxlanPeer): void {
  ask(socket, newNeighbour, create | replace, forwarding(device, peer), `machine ${peer.remote}`)
  for (const address of peer.addresses) ask(socket, newNeighbour, create | replace, neighbour(device, address, peer), `machine ${address}`)
}

export function removePeer(socket: NetlinkSocket, device: number, peer: VxlanPeer): void {
  for (const [body, about] of [...peer.addresses.map((address) => [neighbour(device, address, peer), address] as const), [forwarding(device, peer), peer.remote] as const]) {
    try { ask(socket, goneNeighbour, 0, body, `machine ${about}`) } catch (error) {
      if (!(error instanceof SystemCallError && error.errno === noSuchEntry)) throw error
    }
  }
}

const forwarding = (device: number, { hardwareAddress, remote }: VxlanPeer): Buffer =>
  Buffer.concat([neighbourHeader(bridge, device, permanent | unresolved, onDevice), attribute(2, hardwareBytes(hardwareAddress)), attribute(1, addressBytes(remote))])
const neighbour = (device: number, address: string, { hardwareAddress }: VxlanPeer): Buffer =>
  Buffer.concat([neighbourHeader(socketFamily(address), device, permanent, 0), attribute(1, addressBytes(address)), attribute(2, hardwareBytes(hardwareAddress))])

function neighbourHeader(family: number, device: number, state: number, flags: number): Buffer {
  const bytes = Buffer.alloc(12)
  bytes[0] = family
  bytes.writeInt32LE(device, 4)
  bytes.writeUInt16LE(state, 8)
  bytes[10] = flags
  return bytes
}
const hardwareBytes = (address: string): Buffer => Buffer.from(address.split(':').map((part) => Number.parseInt(part, 16)))
