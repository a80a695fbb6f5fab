import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'

export interface WebSocketUpgrade { readonly message: IncomingMessage; readonly socket: Duplex; readonly head: Buffer; readonly protocol: string }

/** A client's frame is never longer: clients send input in small pieces. */
const payloadMax = 32 << 20

/**
 * Shakes hands with the chosen subprotocol ('' for none). The library never sees the offered ones: it refuses
 * names with a '/', which kubectl's port-forward offers.
 */
export function openWebSocket({ message, socket, head, protocol }: WebSocketUpgrade, opened: (webSocket: WebSocket) => void): void {
  import('ws').then(({ WebSocketServer }) => {
    const server = new WebSocketServer({ noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload: payloadMax })
    delete message.headers['sec-websocket-protocol']
    if (protocol !== '') server.on('headers', (headers) => { headers.push(`Sec-WebSocket-Protocol: ${protocol}`) })
    server.handleUpgrade(message, socket, head, (webSocket) => {
      webSocket.on('error', () => {}) // 'close' follows
      opened(webSocket)
    })
  }).catch(() => { socket.destroy() })
}
