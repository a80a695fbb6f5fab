import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Socket } from 'node:net'
import { wordsOf } from '@kubeskiff/core/base'
import { type ClusterView, isRefusal } from '@kubeskiff/core/api'
import type { Connect, Reply, Request, WatchReader } from '@kubeskiff/core/server'
import { acceptStream, chooseDialect, chooseWatchProtocol, openWebSocket, type OpenStream, refused, streamAsked } from '../streams/index.ts'
import { peerOf, plainHeaders, sendable, splitTarget, type Peer } from './exchange.ts'
import { openOrRefuse, sendLogFrames } from './log.ts'
import { bytesOf, whole } from './parts.ts'
import { carry, type PipelineOptions } from './pipeline.ts'
import { internalError, plainText, statusReply, unauthorized, upgradeRequired, type PlainReply } from './status.ts'
import { type FrontProxy, proxyUpgrade } from './proxy.ts'
import { type StreamAudit, streamAudit } from './stream-audit.ts'
import type { Watches } from './watches.ts'

/** What a path of our own does with a connection that asks to be upgraded. */
export type Upgrade = (message: IncomingMessage, socket: Duplex, head: Buffer, peer: Peer) => void

export interface UpgradeOptions {
  readonly message: IncomingMessage
  readonly socket: Socket
  readonly head: Buffer
  readonly pipeline: PipelineOptions
  readonly open: OpenStream | undefined
  readonly upgrades: ReadonlyMap<string, Upgrade>
  readonly watches: Watches
  /** Where the pods are that a kubelet's path names. */
  readonly view: ClusterView
  readonly onError: (error: unknown) => void
  readonly frontProxy: FrontProxy | undefined
}

/** A connection that asks to become something else: a stream to a pod, a watch over WebSocket, or one of our own. */
export function serveUpgrade(options: UpgradeOptions): void {
  const { message, socket, head, pipeline, upgrades } = options
  socket.on('error', () => {})
  const { path, query } = splitTarget(message.url ?? '/')
  const peer = peerOf(socket)
  const own = upgrades.get(path)
  if (own !== undefined) { own(message, socket, head, peer); return }

  takeTokenProtocol(message)
  const headers = plainHeaders(message.headers)
  if (peer.is === 'rejected' && headers['authorization'] === undefined) { refuse(socket, unauthorized); return }
  const request: Request = {
    method: message.method ?? 'GET', path, query, headers, body: new Uint8Array(0), ...(socket.remoteAddress !== undefined && { remoteAddress: socket.remoteAddress }),
    ...(peer.is === 'certified' && { certificate: { commonName: peer.commonName, organizations: peer.organizations } }),
  }
  carry(pipeline, request, (outcome) => {
    if (outcome.is === 'plain') { refuse(socket, outcome.plain); return }
    const told = streamAudit(outcome.reply, pipeline.audit)
    if (told !== undefined) { if (socket.destroyed) told.ended(); else socket.once('close', () => { told.ended() }) }
    reply(options, request, outcome.reply, told)
  })
}

function reply(options: UpgradeOptions, request: Request, reply: Reply, told: StreamAudit | undefined): void {
  const { socket } = options
  const answer = (plain: PlainReply): void => { told?.started(plain.status); refuse(socket, plain) }
  switch (reply.is) {
    case 'bytes': refuse(socket, { status: reply.status, headers: reply.headers, body: reply.body }); return
    case 'watch': watch(options, reply.watch, reply.headers['content-type'] ?? ''); return
    case 'proxy':
      if (reply.proxy.kubelet !== undefined) { kubeletStream(options, reply.proxy.kubelet, reply.proxy.path, answer, told); return }
      proxyUpgrade(options.message, socket, options.head, request, reply.proxy, options.frontProxy, answer, (status) => { told?.started(status) })
      return
    case 'connect': openConnect(options, reply.connect, answer, told)
  }
}

/** A stream of a node's kubelet, by the kubelet's own path: its agent opens it as it does one of the API's. */
function kubeletStream(options: UpgradeOptions, node: string, target: string, answer: (plain: PlainReply) => void, told: StreamAudit | undefined): void {
  const { path, query } = splitTarget(target)
  const asked = (path.startsWith('/run/') ? undefined : streamAsked(options.view, node, path, new URLSearchParams(query))) ?? refused(404, '404 page not found\n')
  if ('is' in asked) answer({ status: asked.status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: [Buffer.from(asked.message)] })
  else openConnect(options, asked, answer, told)
}

function openConnect(options: UpgradeOptions, wanted: Connect, answer: (plain: PlainReply) => void, told: StreamAudit | undefined): void {
  connect(options, wanted, answer, told).catch((error: unknown) => {
    options.onError(error)
    answer(internalError(wordsOf(error)))
  })
}

async function connect({ message, socket, head, open }: UpgradeOptions, wanted: Connect, answer: (plain: PlainReply) => void, told: StreamAudit | undefined): Promise<void> {
  const isLog = wanted.what === 'log' && message.headers.upgrade?.toLowerCase() === 'websocket'
  const dialect = isLog ? 'log' : chooseDialect(message, wanted.what)
  if (dialect === undefined) { answer(upgradeRequired); return }
  const stream = await openOrRefuse(open, wanted)
  // A kubelet's own error; that it cannot be reached has no reason.
  if (isRefusal(stream)) { answer(dialect !== 'log' && stream.reason === 'InternalError' ? plainText(stream.code, stream.message) : statusReply(stream)); return }
  if (socket.destroyed) { stream.close(); return }
  told?.started(101)
  if (dialect === 'log') {
    const protocol = chooseWatchProtocol(message)
    openWebSocket({ message, socket, head, protocol }, (webSocket) => { sendLogFrames(webSocket, protocol, stream) })
    return
  }
  acceptStream({ message, socket, head, dialect, connect: wanted, stream })
}

/** A watch over WebSocket: one text frame an event; in protobuf a binary one, which needs no length before it. */
function watch({ message, socket, head, watches }: UpgradeOptions, reader: WatchReader, contentType: string): void {
  const framed = contentType.startsWith('application/vnd.kubernetes.protobuf') ? (frame: Uint8Array) => frame.subarray(lengthBytes) : (frame: Uint8Array) => Buffer.from(frame).toString().trimEnd()
  const protocol = chooseWatchProtocol(message)
  openWebSocket({ message, socket, head, protocol }, (webSocket) => {
    watches.add(reader, {
      write: (frames) => {
        for (const frame of frames) webSocket.send(framed(frame))
        return !socket.writableNeedDrain
      },
      onDrain: (tell) => { socket.on('drain', tell) },
      onClose: (tell) => { webSocket.once('close', tell) },
      end: () => { webSocket.close(1000) },
      abort: () => { webSocket.terminate() },
    })
  })
}

/** What is before each event of a watch in protobuf that is not over WebSocket. */
const lengthBytes = 4

/** A browser cannot set headers: its token comes as a subprotocol, which is then no protocol any more. */
function takeTokenProtocol(message: IncomingMessage): void {
  const offered = message.headers['sec-websocket-protocol']
  if (offered === undefined || !offered.includes(tokenProtocol)) return
  const protocols = offered.split(',').map((each) => each.trim())
  const token = protocols.find((each) => each.startsWith(tokenProtocol))?.slice(tokenProtocol.length) ?? ''
  message.headers.authorization ??= `Bearer ${Buffer.from(token, 'base64url').toString()}`
  message.headers['sec-websocket-protocol'] = protocols.filter((each) => !each.startsWith(tokenProtocol)).join(', ')
}
const tokenProtocol = 'base64url.bearer.authorization.k8s.io.'

/** An ordinary reply on a connection that stays as it was, and then ends. */
export function refuse(socket: Duplex, { status, headers, body }: PlainReply): void {
  const lines = Object.entries({ ...sendable(headers), 'content-length': String(bytesOf(body)), connection: 'close' }).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`HTTP/1.1 ${status} ${reasonOf(status)}\r\n${lines.join('')}\r\n`, 'latin1')
  socket.end(whole(body))
}
const reasonOf = (status: number): string => (status < 400 ? 'OK' : 'Refused')
