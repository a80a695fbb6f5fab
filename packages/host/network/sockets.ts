import { createSocket, type Socket as DatagramSocket } from 'node:dgram'
import { createServer, Socket, type Server } from 'node:net'
import { connectIn, listenIn } from '../linux/sockets.ts'

/** Where names are asked for, inside one namespace. */
export interface OpenSockets { readonly udp: DatagramSocket; readonly tcp: Server; close(): void }

/** Opens a UDP and a TCP socket on the same port inside a network namespace; both listen already. */
export function openSockets(namespace: string, place: { readonly address: string; readonly port: number }): OpenSockets {
  const datagram = listenIn(namespace, { protocol: 'udp', ...place })
  const stream = listenIn(namespace, { protocol: 'tcp', ...place })
  const udp = createSocket(place.address.includes(':') ? 'udp6' : 'udp4')
  udp.bind({ fd: datagram })
  const tcp = createServer()
  tcp.listen({ fd: stream })
  return {
    udp,
    tcp,
    close() {
      udp.close()
      tcp.close()
    },
  }
}

/** Makes a server listen on a TCP port inside a network namespace. Throws when the port is taken. */
export function listenOn(server: Server, namespace: string, place: { readonly address: string; readonly port: number }): void {
  server.listen({ fd: listenIn(namespace, { protocol: 'tcp', ...place }) })
}

const largestMessage = 65535
const idleMs = 10_000

/** Answers questions in the DNS message format on both sockets: `answer` gets the question's bytes and gives the reply's. */
export function serveDns(sockets: OpenSockets, answer: (question: Uint8Array, over: 'udp' | 'tcp', from: string) => Promise<Uint8Array | undefined>): void {
  sockets.udp.on('message', (question, from) => {
    void answer(question, 'udp', from.address).then((reply) => {
      if (reply !== undefined) sockets.udp.send(reply, from.port, from.address)
    }, () => undefined) // A question that cannot be answered gets no answer, and the asker asks again.
  })
  sockets.tcp.on('connection', (connection) => {
    let waiting = Buffer.alloc(0)
    connection.setTimeout(idleMs, () => connection.destroy())
    connection.on('error', () => connection.destroy())
    connection.on('data', (chunk: Buffer) => {
      waiting = Buffer.concat([waiting, chunk])
      while (waiting.length >= 2 && waiting.length >= 2 + waiting.readUInt16BE(0)) {
        const end = 2 + waiting.readUInt16BE(0)
        const question = waiting.subarray(2, end)
        waiting = waiting.subarray(end)
        void answer(question, 'tcp', connection.remoteAddress ?? '').then((reply) => {
          if (reply === undefined || reply.length > largestMessage) return connection.destroy()
          const length = Buffer.alloc(2)
          length.writeUInt16BE(reply.length)
          connection.write(Buffer.concat([length, reply]))
        }, () => connection.destroy())
      }
    })
  })
}

/** A connection from inside a network namespace; may still be under way, and then fails by its `error` event. */
export function connectFrom(namespace: string, place: { readonly address: string; readonly port: number }, options: { readonly loopback?: boolean } = {}): Socket {
  return new Socket({ fd: connectIn(namespace, { protocol: 'tcp', ...place }, options), allowHalfOpen: true })
}
