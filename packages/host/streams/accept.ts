import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Connect } from '@kubeskiff/core/server'
import { serveSpdy } from './spdy-dialect.ts'
import type { PodStream } from './types.ts'
import { openWebSocket } from './websocket.ts'
import { serveWebSocket } from './websocket-dialect.ts'

/** How a client speaks on the connection it asks to upgrade. */
export interface Dialect { readonly is: 'spdy' | 'websocket' | 'spdy over websocket'; readonly protocol: string }

const spdyProcessProtocols = ['v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', '']
const webSocketProcessProtocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io', 'channel.k8s.io', 'base64.channel.k8s.io', '']
const webSocketPortProtocols = ['v4.channel.k8s.io', 'v4.base64.channel.k8s.io']
const tunnel = 'SPDY/3.1+portforward.k8s.io'

/** The dialect for what the client offers; undefined when it asks for no upgrade that is served. */
export function chooseDialect(message: IncomingMessage, what: Connect['what']): Dialect | undefined {
  if (what === 'log') return undefined
  const upgrade = message.headers.upgrade?.toLowerCase()
  if (upgrade === 'spdy/3.1') {
    const offered = listOf(message.headers['x-stream-protocol-version'])
    if (what === 'portforward') return offered.length === 0 || offered.includes('portforward.k8s.io') ? { is: 'spdy', protocol: 'portforward.k8s.io' } : undefined
    const protocol = spdyProcessProtocols.find((each) => offered.includes(each) || (each === '' && offered.length === 0))
    return protocol === undefined ? undefined : { is: 'spdy', protocol }
  }
  if (upgrade !== 'websocket') return undefined
  const offered = listOf(message.headers['sec-websocket-protocol'])
  if (what === 'portforward' && offered.includes(tunnel)) return { is: 'spdy over websocket', protocol: tunnel }
  const served = what === 'portforward' ? webSocketPortProtocols : webSocketProcessProtocols
  const protocol = offered.length === 0 ? served.find((each) => each === '') : offered.find((each) => served.includes(each))
  return protocol === undefined ? undefined : { is: 'websocket', protocol }
}

/** The subprotocol for a watch over WebSocket: browsers abort when none of theirs is chosen. */
export const chooseWatchProtocol = (message: IncomingMessage): string => listOf(message.headers['sec-websocket-protocol'])[0] ?? ''

/** Shakes hands and serves the stream, until either side is done. */
export function acceptStream(options: { readonly message: IncomingMessage; readonly socket: Duplex; readonly head: Buffer; readonly dialect: Dialect; readonly connect: Connect; readonly stream: PodStream }): void {
  const { message, socket, head, dialect: { is, protocol }, connect, stream } = options
  socket.once('close', () => { stream.close() })
  if (is === 'spdy') {
    const chosen = protocol === '' ? '' : `X-Stream-Protocol-Version: ${protocol}\r\n`
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n${chosen}\r\n`)
    if (head.length > 0) socket.unshift(head)
    serveSpdy(socket, protocol, connect, stream)
    return
  }
  openWebSocket({ message, socket, head, protocol }, (webSocket) => {
    if (is === 'websocket') { serveWebSocket(webSocket, protocol, connect, stream); return }
    import('ws').then(({ createWebSocketStream }) => { serveSpdy(createWebSocketStream(webSocket), protocol, connect, stream) }, () => { webSocket.terminate() })
  })
}

const listOf = (header: string | readonly string[] | undefined): readonly string[] =>
  (typeof header === 'string' ? header.split(',') : header ?? []).map((each) => each.trim()).filter((each) => each !== '')
