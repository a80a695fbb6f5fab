import type { Refusal } from '@kubeskiff/core/api'
import type { Connect } from '@kubeskiff/core/server'
import type { Readable } from 'node:stream'
import type { OpenStream, PodStream, ProcessStream } from '../streams/index.ts'
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
  const { stdout } = stream
  stdout.pipe(writer, { end: false })
  void wholeLog(stream, stdout).then((isWhole) => { if (isWhole) writer.end(); else exchange.abort() })
}

/** Whether a log has come to its end: one that was cut, as by an agent's end, is not passed off as whole. */
async function wholeLog({ ended }: ProcessStream, stdout: Readable): Promise<boolean> {
  const isRead = await new Promise<boolean>((resolve) => {
    stdout.once('end', () => { resolve(true) })
    stdout.on('error', () => { resolve(false) })
    stdout.once('close', () => { resolve(false) })
  })
  return isRead && (await ended).is === 'exited'
}

/** A log over WebSocket: a frame for each piece as it comes, in base64 where the protocol says so. */
export function sendLogFrames(webSocket: WebSocket, protocol: string, stream: PodStream): void {
  webSocket.on('error', () => {})
  webSocket.once('close', () => { stream.close() })
  if (stream.is === 'ports' || stream.stdout === undefined) { webSocket.close(1000); return }
  const { stdout } = stream
  const inText = protocol === 'base64.binary.k8s.io'
  void wholeLog(stream, stdout).then((isWhole) => { if (isWhole) webSocket.close(1000); else webSocket.terminate() })
  stdout.on('data', (piece: Buffer) => {
    // Who reads slowly holds the log back, not us.
    if (webSocket.bufferedAmount > bufferedMax) stdout.pause()
    webSocket.send(inText ? piece.toString('base64') : piece, () => { if (stdout.isPaused() && webSocket.bufferedAmount <= bufferedMax) stdout.resume() })
  })
}
const bufferedMax = 1 << 20
