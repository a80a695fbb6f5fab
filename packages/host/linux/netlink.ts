import { openSync, closeSync } from 'node:fs'
import { addressBytes, internet, isSix, socketFamily } from './addresses.ts'
import { checked, libc, SystemCallError } from './libc.ts'
import { inNetwork } from './namespaces.ts'

/**
 * Routes, addresses and virtual cables by rtnetlink, as of linux/rtnetlink.h. A `NetlinkSocket` acts on the network
 * namespace it was opened in, whatever namespace the thread is in later.
 */
export interface NetlinkSocket { readonly descriptor: number }

const newLink = 16
const getLink = 18
const newAddress = 20
const newRoute = 24
const deleteRoute = 25
const mtuAttribute = 4
const errorMessage = 2
const request = 1
const acknowledge = 4
const replace = 0x100
const exclusive = 0x200
const create = 0x400
const notDuplicated = 2
const bufferBytes = 65536
const answerTimeoutSeconds = 5

const buffer = Buffer.alloc(bufferBytes)
let sequence = 0

/** Opens a socket to the network namespace at `namespace`. */
export function openNetlink(namespace: string): NetlinkSocket {
  return inNetwork(namespace, () => openNetlinkHere())
}

/** Opens a socket to the namespace that this thread is in; routes are protocol 0 of netlink. */
export function openNetlinkHere(protocol = 0): NetlinkSocket {
  const descriptor = checked('socket', libc().socket(16, 3 | 0o2000000, protocol), 'netlink')
  const limit = Buffer.alloc(16)
  limit.writeUInt32LE(answerTimeoutSeconds, 0)
  checked('setsockopt', libc().setsockopt(descriptor, 1, 20, limit, 16), 'SO_RCVTIMEO')
  return { descriptor }
}

export function closeNetlink(socket: NetlinkSocket): void {
  libc().close(socket.descriptor)
}

/** A virtual cable: one end named `name` here (up), the other named `peer` in the namespace at `peerNamespace`. `mtu`: the most bytes that a packet on it has; 1500 unless it is said. */
export function addCable(socket: NetlinkSocket, cable: { readonly name: string; readonly peer: string; readonly peerNamespace: string; readonly mtu?: number | undefined }): void {
  const descriptor = openSync(cable.peerNamespace, 'r')
  try {
    const size = cable.mtu === undefined ? Buffer.alloc(0) : attribute(mtuAttribute, number(cable.mtu))
    const peer = attribute(1, Buffer.concat([linkHeader(0), attribute(3, text(cable.peer)), attribute(28, number(descriptor)), size]))
    const info = attribute(18, Buffer.concat([attribute(1, text('veth')), attribute(2, peer)]))
    ask(socket, newLink, create | exclusive, Buffer.concat([linkHeader(0, true), attribute(3, text(cable.name)), size, info]), `cable ${cable.name}`)
  } finally {
    closeSync(descriptor)
  }
}

/** The number of a device, or undefined when there is none of that name. */
export const linkNumber = (socket: NetlinkSocket, name: string): number | undefined => linkAnswer(socket, name)?.readInt32LE(20)

/** What the kernel says of a device; undefined when there is none of that name. */
function linkAnswer(socket: NetlinkSocket, name: string): Buffer | undefined {
  try {
    return ask(socket, getLink, 0, Buffer.concat([linkHeader(0), attribute(3, text(name))]), name)
  } catch (error) {
    if (error instanceof SystemCallError && error.errno === 19) return undefined
    throw error
  }
}

/** The most bytes that a packet on a device has; undefined when there is no such device. */
export function linkMtu(socket: NetlinkSocket, name: string): number | undefined {
  const answer = linkAnswer(socket, name)
  if (answer === undefined) return undefined
  for (let at = 32; at + 4 <= answer.length; at += Math.max(4, (answer.readUInt16LE(at) + 3) & ~3)) if (answer.readUInt16LE(at + 2) === mtuAttribute) return answer.readUInt32LE(at + 4)
  return undefined
}

/** Lets this network namespace reach itself. */
export function loopbackUp(): void {
  const here = openNetlinkHere()
  linkUp(here, linkNumber(here, 'lo') ?? 1)
  closeNetlink(here)
}

export function linkUp(socket: NetlinkSocket, index: number): void {
  ask(socket, newLink, 0, linkHeader(index, true), `link ${index} up`)
}

/** `local` addresses are answered for but never chosen as a source. */
export function addAddress(socket: NetlinkSocket, index: number, address: { readonly address: string; readonly prefix: number; readonly scope: 'global' | 'link' | 'host' }): void {
  const header = Buffer.alloc(8)
  header[0] = socketFamily(address.address)
  header[1] = address.prefix
  // Nobody else can have it: it need not be asked for first (IPv6 would take a second).
  header[2] = isSix(address.address) ? notDuplicated : 0
  header[3] = { global: 0, link: 253, host: 254 }[address.scope]
  header.writeUInt32LE(index, 4)
  const bytes = addressBytes(address.address)
  ask(socket, newAddress, create | replace, Buffer.concat([header, attribute(2, bytes), attribute(1, bytes)]), `address ${address.address}`)
}

export type Route = {
  /** '10.244.1.0/24', 'fd00:10:244:1::/64', or 'default' for all of the gateway's family. */
  readonly to: string
} & (
  | { readonly by: 'device'; readonly index: number; readonly source?: string }
  /** Through a gateway that need not be on a network of ours. */
  | { readonly by: 'gateway'; readonly index: number; readonly gateway: string; readonly source?: string }
  /** The higher the metric, the later it is asked; 0 unless said otherwise. */
  | { readonly by: 'nothing'; readonly metric?: number }
)

/** Adds a route, or replaces the one to the same place. */
export function setRoute(socket: NetlinkSocket, route: Route): void {
  ask(socket, newRoute, create | replace, routeBody(route), `route to ${route.to}`)
}

/** Takes a route away, if it is there. */
export function dropRoute(socket: NetlinkSocket, route: Route): void {
  try { ask(socket, deleteRoute, 0, routeBody(route), `route to ${route.to}`) } catch (error) {
    if (!(error instanceof SystemCallError && error.errno === 3)) throw error
  }
}

function routeBody(route: Route): Buffer {
  const [network = '', prefix] = route.to === 'default' ? [route.by === 'gateway' ? route.gateway : '', '0'] : route.to.split('/')
  const family = socketFamily(network)
  const header = Buffer.alloc(12)
  header[0] = family
  header[1] = Number(prefix)
  header[4] = 254 // The main table.
  header[5] = 3 // Set at start, as by an administrator.
  header[6] = route.by === 'device' && family === internet ? 253 : 0
  header[7] = route.by === 'nothing' ? 7 : 1 // Unreachable, or unicast.
  if (route.by === 'gateway') header.writeUInt32LE(4, 8) // On link: the gateway needs no route of its own.
  const parts: Buffer[] = [header]
  if (route.to !== 'default') parts.push(attribute(1, addressBytes(network)))
  if (route.by !== 'nothing') parts.push(attribute(4, number(route.index)))
  if (route.by === 'gateway') parts.push(attribute(5, addressBytes(route.gateway)))
  if (route.by === 'nothing' && route.metric !== undefined) parts.push(attribute(6, number(route.metric)))
  if (route.by !== 'nothing' && route.source !== undefined) parts.push(attribute(7, addressBytes(route.source)))
  return Buffer.concat(parts)
}

export function ask(socket: NetlinkSocket, type: number, flags: number, body: Buffer, about: string): Buffer {
  sequence = (sequence + 1) >>> 0
  const header = Buffer.alloc(16)
  header.writeUInt32LE(16 + body.length, 0)
  header.writeUInt16LE(type, 4)
  // A question is answered by its object; a command by an acknowledgement.
  header.writeUInt16LE(flags | request | (type === getLink ? 0 : acknowledge), 6)
  header.writeUInt32LE(sequence, 8)
  const message = Buffer.concat([header, body])
  checked('send', Number(libc().send(socket.descriptor, message, message.length, 0)), about)
  for (let answers = 0; answers < 64; answers += 1) {
    const length = checked('recv', Number(libc().recv(socket.descriptor, buffer, buffer.length, 0)), about)
    if (length < 16 || buffer.readUInt32LE(8) !== sequence) continue // The late answer to a question that was given up.
    const errno = buffer.readUInt16LE(4) === errorMessage ? -buffer.readInt32LE(16) : 0
    if (errno !== 0) throw new SystemCallError('netlink', errno, about)
    return Buffer.from(buffer.subarray(0, length))
  }
  throw new SystemCallError('netlink', 110, about)
}

export function linkHeader(index: number, up = false): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeInt32LE(index, 4)
  bytes.writeUInt32LE(up ? 1 : 0, 8)
  bytes.writeUInt32LE(up ? 1 : 0, 12)
  return bytes
}

/** One attribute of a netlink message, padded as the next wants it. */
export function attribute(type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc((4 + value.length + 3) & ~3)
  bytes.writeUInt16LE(4 + value.length, 0)
  bytes.writeUInt16LE(type, 2)
  value.copy(bytes, 4)
  return bytes
}

export const text = (value: string): Buffer => Buffer.from(`${value}\0`)

export function number(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
