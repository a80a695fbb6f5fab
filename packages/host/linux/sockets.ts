import { addressBytes, isSix, socketFamily } from './addresses.ts'
import { checked, libc, SystemCallError } from './libc.ts'
import { inNetwork } from './namespaces.ts'

const stream = 1
const datagram = 2
const nonBlocking = 0o4000
const closeOnExecute = 0o2000000
const socketLevel = 1
const reuseAddress = 2
const inProgress = 115
const alreadyUnderWay = 114
const isConnected = 106
const protocolSix = 41
const onlySix = 26
const backlog = 511

export interface SocketPlace {
  readonly protocol: 'tcp' | 'udp'
  /** An address of either family, in numbers. */
  readonly address: string
  readonly port: number
}

/** Opens a bound (for TCP: listening) socket inside a network namespace; gives a descriptor that Node's servers take. */
export function listenIn(namespace: string, place: SocketPlace): number {
  return openIn(namespace, place, (descriptor, address) => {
    const one = Buffer.alloc(4)
    one.writeInt32LE(1)
    checked('setsockopt', libc().setsockopt(descriptor, socketLevel, reuseAddress, one, 4), 'SO_REUSEADDR')
    // Of IPv6 alone: the same port of IPv4 is another's.
    if (isSix(place.address)) checked('setsockopt', libc().setsockopt(descriptor, protocolSix, onlySix, one, 4), 'IPV6_V6ONLY')
    checked('bind', libc().bind(descriptor, address, address.length), `${place.address}:${place.port}`)
    if (place.protocol === 'tcp') checked('listen', libc().listen(descriptor, backlog), `${place.address}:${place.port}`)
  })
}

/**
 * Starts a connection from inside a network namespace; gives its descriptor at once, connected or still connecting. Throws what is known by then: with
 * `loopback`, which answers before the call is over, a refusal is.
 */
export function connectIn(namespace: string, place: SocketPlace, { loopback = false }: { readonly loopback?: boolean } = {}): number {
  return openIn(namespace, place, (descriptor, address) => {
    if (libc().connect(descriptor, address, address.length) === 0) return
    const failed = (errno: number): SystemCallError => new SystemCallError('connect', errno, `${place.address}:${place.port}`)
    if (libc().errno() !== inProgress) throw failed(libc().errno())
    if (!loopback || libc().connect(descriptor, address, address.length) === 0) return
    const since = libc().errno()
    if (since !== alreadyUnderWay && since !== isConnected) throw failed(since)
  })
}

function openIn(namespace: string, place: SocketPlace, prepare: (descriptor: number, address: Uint8Array) => void): number {
  const type = (place.protocol === 'tcp' ? stream : datagram) | nonBlocking | closeOnExecute
  return inNetwork(namespace, () => {
    const descriptor = checked('socket', libc().socket(socketFamily(place.address), type, 0), place.protocol)
    try {
      prepare(descriptor, socketAddress(place))
      return descriptor
    } catch (error) {
      libc().close(descriptor)
      throw error
    }
  })
}

function socketAddress({ address, port }: SocketPlace): Uint8Array {
  // Between port and address, IPv6 has a flow; after it, a scope.
  const [offset, size] = isSix(address) ? [8, 28] : [4, 16]
  const bytes = Buffer.alloc(size)
  bytes.writeUInt16LE(socketFamily(address), 0)
  bytes.writeUInt16BE(port, 2)
  addressBytes(address).copy(bytes, offset)
  return bytes
}
