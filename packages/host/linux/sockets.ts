import { checked, libc, SystemCallError } from './libc.ts'
import { inNetwork } from './namespaces.ts'

const internet = 2
const stream = 1
const datagram = 2
const nonBlocking = 0o4000
const closeOnExecute = 0o2000000
const socketLevel = 1
const reuseAddress = 2
const inProgress = 115
const backlog = 511

export interface SocketPlace {
  readonly protocol: 'tcp' | 'udp'
  /** An IPv4 address in numbers. */
  readonly address: string
  readonly port: number
}

/** Opens a bound (for TCP: listening) socket inside a network namespace; gives a descriptor that Node's servers take. */
export function listenIn(namespace: string, place: SocketPlace): number {
  return openIn(namespace, place, (descriptor, address) => {
    const one = Buffer.alloc(4)
    one.writeInt32LE(1)
    checked('setsockopt', libc().setsockopt(descriptor, socketLevel, reuseAddress, one, 4), 'SO_REUSEADDR')
    checked('bind', libc().bind(descriptor, address, address.length), `${place.address}:${place.port}`)
    if (place.protocol === 'tcp') checked('listen', libc().listen(descriptor, backlog), `${place.address}:${place.port}`)
  })
}

/** Starts a connection from inside a network namespace; gives its descriptor at once, connected or still connecting. */
export function connectIn(namespace: string, place: SocketPlace): number {
  return openIn(namespace, place, (descriptor, address) => {
    if (libc().connect(descriptor, address, address.length) === 0) return
    const errno = libc().errno()
    if (errno !== inProgress) throw new SystemCallError('connect', errno, `${place.address}:${place.port}`)
  })
}

function openIn(namespace: string, place: SocketPlace, prepare: (descriptor: number, address: Uint8Array) => void): number {
  const type = (place.protocol === 'tcp' ? stream : datagram) | nonBlocking | closeOnExecute
  return inNetwork(namespace, () => {
    const descriptor = checked('socket', libc().socket(internet, type, 0), place.protocol)
    try {
      prepare(descriptor, socketAddress(place))
      return descriptor
    } catch (error) {
      libc().close(descriptor)
      throw error
    }
  })
}

function socketAddress(place: SocketPlace): Uint8Array {
  const bytes = Buffer.alloc(16)
  bytes.writeUInt16LE(internet, 0)
  bytes.writeUInt16BE(place.port, 2)
  place.address.split('.').forEach((part, index) => bytes.writeUInt8(Number(part), 4 + index))
  return bytes
}
