import type { Refusal } from '@kubeskiff/core/api'
import type { Connect } from '@kubeskiff/core/server'
import type { OpenStream, PodStream } from '../streams/index.ts'
import type { WebSocket } from 'ws'
import type { Exchange } from './exchange.ts'

/** Opens the stream, unless it is refused already or nobody can. */
export async function openOrRefuse(open: OpenStream | undefined, connect: Connect): Promise<Awaited<ReturnType<OpenStream>>> {
  if (connect.refusal !== undefined) return connect.refusal
  return open === undefined ? noStreams : open(connect)
}
const noStreams: Refusal = { refused: true, code: 503, reason: 'ServiceUnavailable', message: 'streams to pods are not served here' }

/** A log as the body of the reply, as it comes. */
export function sendLog(exchange: Exchange, stream: PodStream): void {
  const writer = exchange.begin(200, { 'content-type': 'text/plain', 'cache-control': 'no-cache, private' })
  writer.on('error', () => {})
  writer.once('close', () => { stream.close() })
  if (stream.is === 'ports' || stream.stdout === undefined) { writer.end(); return }
  stream.stdout.once('error', () => { writer.destroy() })
  stream.stdout.pipe(writer)
}

/** A log over WebSocket: a frame for each piece as it comes, in base64 where the protocol says so. */
export function sendLogFrames(webSocket: WebSocket, protocol: string, stream: PodStream): void {
  webSocket.on('error', () => {})
  webSocket.once('close', () => { stream.close() })
  if (stream.is === 'ports' || stream.stdout === undefined) { webSocket.close(1000); return }
  const { stdout } = stream
  const inText = protocol === 'base64.binary.k8s.io'
  stdout.once('error', () => { webSocket.terminate() })
  stdout.once('end', () => { webSocket.close(1000) })
  stdout.on('data', (piece: Buffer) => {
    // Who reads slowly holds the log back, not us.
    if (webSocket.bufferedAmount > bufferedMax) stdout.pause()
    webSocket.send(inText ? piece.toString('base64') : piece, () => { if (stdout.isPaused() && webSocket.bufferedAmount <= bufferedMax) stdout.resume() })
  })
}
const bufferedMax = 1 << 20
