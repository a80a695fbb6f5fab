import { addressOfBytes, internet, internetSix } from './addresses.ts'
import { checked, libc, SystemCallError } from './libc.ts'
import { inNetwork } from './namespaces.ts'
import { attribute, closeNetlink, openNetlinkHere } from './netlink.ts'

/** Where a datagram was sent, and who answers it since its first one: after linux/netfilter/nfnetlink_conntrack.h. */
export interface Flow { readonly address: string; readonly port: number; readonly by: { readonly address: string; readonly port: number } }

const netfilter = 12
const getFlow = 0x101
const deleteFlow = 0x102
const request = 1
const acknowledge = 4
const dump = 0x300
const done = 3
const failed = 2
const noSuchEntry = 2
const datagrams = 17
const bufferBytes = 65536
/** So many flows are looked at: a table that is fuller is given up rather than walked for ever. */
const messagesMax = 100_000

/** Makes the kernel forget the UDP flows that `isStale` names, so that their next datagram is led anew. Answers how many those were. */
export function forgetFlows(namespace: string, family: 'ip' | 'ip6', isStale: (flow: Flow) => boolean): number {
  const protocol = family === 'ip6' ? internetSix : internet
  const socket = inNetwork(namespace, () => openNetlinkHere(netfilter))
  const { descriptor } = socket
  try {
    const stale = flows(descriptor, protocol).filter(({ flow }) => isStale(flow))
    for (const { origin } of stale) {
      send(descriptor, deleteFlow, acknowledge, origin, protocol)
      // One by one: a socket holds few answers that nobody has read.
      receive(descriptor, (type, body) => {
        const errno = type === failed ? -body.readInt32LE(0) : 0
        // It may have ended by itself meanwhile.
        if (errno !== 0 && errno !== noSuchEntry) throw new SystemCallError('netlink', errno, 'a flow that is to be forgotten')
      })
    }
    return stale.length
  } finally {
    closeNetlink(socket)
  }
}

function flows(descriptor: number, protocol: number): readonly { readonly flow: Flow; readonly origin: Buffer }[] {
  send(descriptor, getFlow, dump, Buffer.alloc(0), protocol)
  const found: { readonly flow: Flow; readonly origin: Buffer }[] = []
  let isDone = false
  for (let messages = 0; !isDone && messages < messagesMax;) {
    receive(descriptor, (type, body) => {
      messages++
      if (type === done || type === failed) isDone = true
      else if (type === 0x100) {
        const { 1: origin, 2: reply } = attributes(body.subarray(4))
        const [sent, answered] = [endsOf(origin), endsOf(reply)]
        if (origin !== undefined && sent !== undefined && answered !== undefined) found.push({ flow: { address: sent.to, port: sent.port, by: { address: answered.from, port: answered.fromPort } }, origin: attribute(1 | 0x8000, origin) })
      }
    })
  }
  return found
}

function endsOf(tuple: Buffer | undefined): { readonly from: string; readonly fromPort: number; readonly to: string; readonly port: number } | undefined {
  if (tuple === undefined) return undefined
  const { 1: ip, 2: protocol } = attributes(tuple)
  const [addresses, ports] = [attributes(ip), attributes(protocol)]
  // Sources and destinations of IPv4 and, after them, those of IPv6.
  const [from, to] = [addresses[1] ?? addresses[3], addresses[2] ?? addresses[4]]
  if (ports[1]?.[0] !== datagrams || from === undefined || to === undefined) return undefined
  return { from: addressOfBytes(from), fromPort: ports[2]?.readUInt16BE(0) ?? 0, to: addressOfBytes(to), port: ports[3]?.readUInt16BE(0) ?? 0 }
}

function attributes(bytes: Buffer | undefined): Readonly<Record<number, Buffer>> {
  const found: Record<number, Buffer> = {}
  for (let at = 0; bytes !== undefined && at + 4 <= bytes.length;) {
    const length = bytes.readUInt16LE(at)
    if (length < 4) break
    found[bytes.readUInt16LE(at + 2) & 0x3fff] = bytes.subarray(at + 4, at + length)
    at += (length + 3) & ~3
  }
  return found
}

function send(descriptor: number, type: number, flags: number, body: Buffer, protocol: number): void {
  const header = Buffer.alloc(20)
  header.writeUInt32LE(header.length + body.length, 0)
  header.writeUInt16LE(type, 4)
  header.writeUInt16LE(flags | request, 6)
  header[16] = protocol
  const message = Buffer.concat([header, body])
  checked('send', Number(libc().send(descriptor, message, message.length, 0)), 'netfilter')
}

function receive(descriptor: number, take: (type: number, body: Buffer) => void): void {
  const buffer = Buffer.alloc(bufferBytes)
  const length = checked('recv', Number(libc().recv(descriptor, buffer, buffer.length, 0)), 'netfilter')
  for (let at = 0; at + 16 <= length;) {
    const size = buffer.readUInt32LE(at)
    if (size < 16) break
    take(buffer.readUInt16LE(at + 4), Buffer.from(buffer.subarray(at + 16, at + size)))
    at += (size + 3) & ~3
  }
}
