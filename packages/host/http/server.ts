import type { IncomingMessage, ServerResponse } from 'node:http'
import { createSecureServer, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { isIP, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Writable } from 'node:stream'
import { wordsOf } from '@kubeskiff/core/base'
import { isRefusal } from '@kubeskiff/core/api'
import type { AuditEvent, Connect, Handler, Reply, Request } from '@kubeskiff/core/server'
import type { Store } from '@kubeskiff/core/store'
import type { OpenStream } from '../streams/index.ts'
import { BodyReader } from './body.ts'
import { exchangeOverHttp1, exchangeOverHttp2, type Exchange, type Peer } from './exchange.ts'
import { usualLimits, type Limits } from './limits.ts'
import { openOrRefuse, sendLog } from './log.ts'
import { carry, encodeBody, type Answer, type PipelineOptions } from './pipeline.ts'
import { type AskKubelet, type FrontProxy, kubeletExchange, proxyExchange } from './proxy.ts'
import { listenAlso, type SecondAddress, takeAlso } from './second-address.ts'
import { internalError, statusReply, timedOut, tooLarge, tooManyRequests, unauthorized, upgradeRequired, type PlainReply } from './status.ts'
import { auditedExchange, streamAudit } from './stream-audit.ts'
import { serveUpgrade, type Upgrade } from './upgrade.ts'
import { Watches, type WatchSink } from './watches.ts'

export interface HttpServerOptions {
  readonly handler: Handler
  readonly store: Pick<Store, 'view' | 'onCommit' | 'durable' | 'durableRevision' | 'changes'>
  readonly answer: Answer
  /** Brings streams to their pods; absent, they are refused. */
  readonly open?: OpenStream
  /** Asks the kubelets of nodes. */
  readonly askKubelet?: AskKubelet
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** The server's certificate and key, and the authority of client certificates (PEM). 'none': plain HTTP, on a loopback address only. */
  readonly tls: { readonly certificate: string; readonly key: string; readonly authority: string } | 'none'
  /** Upgrades on paths of our own, which do not go through the handler. */
  readonly upgrades?: ReadonlyMap<string, Upgrade>
  /** Requests on paths of our own, which do not go through the handler and count for nothing: answered by what only the host knows. */
  readonly own?: ReadonlyMap<string, OwnPath>
  readonly limits?: Partial<Limits>
  /** Milliseconds since the epoch, for the deadlines of watches. */
  readonly now?: () => number
  readonly onError?: (error: unknown) => void
  /** Who we are to aggregated servers. */
  readonly frontProxy?: FrontProxy
  /** Writes an entry of the audit log: when its reply leaves. */
  readonly audit?: (event: AuditEvent) => void
}

export type OwnPath = (request: { readonly method: string; readonly query: URLSearchParams; readonly peer: Peer }) => Promise<PlainReply>

export interface HttpServer {
  readonly is: 'listening'
  readonly address: string
  readonly port: number
  /** Requests in work now. */
  inFlight(): { readonly mutating: number; readonly readOnly: number }
  /** Listens on one more address of this machine, as soon as there is such an address. Doing so twice is doing it once. */
  alsoOn(host: string): void
  /** Takes the connections of a socket that listens elsewhere. */
  alsoFrom(listener: Server): void
  /** Takes no more, ends watches, lets requests in work finish for at most this long, then cuts what is left. */
  close(graceMs?: number): Promise<void>
}
/** Why the server cannot listen: the message says what to do. */
export interface ListenProblem { readonly is: 'problem'; readonly code: string; readonly message: string }

const closeGraceMs = 2_000

/** HTTP/1.1, HTTP/2 and upgrades on one port, in front of a handler. */
export async function openHttpServer(options: HttpServerOptions): Promise<HttpServer | ListenProblem> {
  if (options.tls === 'none' && !isLoopback(options.host)) {
    return { is: 'problem', code: 'INSECURE', message: `plain HTTP is served on a loopback address only, not on ${options.host}` }
  }
  const limits = { ...usualLimits, ...options.limits }
  const front = new Front(options, limits)
  const { server, sessions } = options.tls === 'none' ? { server: plainServer(front, limits), sessions: new Set<ServerHttp2Session>() } : secureServer(front, limits, options.tls)
  const sockets = new Set<Socket>()
  const track = (socket: Socket): void => { sockets.add(socket); socket.once('close', () => { sockets.delete(socket) }) }
  server.on('connection', track)
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => { front.upgrade(request, socket, head) })

  const problem = await listen(server, options)
  if (problem !== undefined) { front.close(); return problem }
  // Errors of the server after it listens are errors of accepting one connection.
  server.on('error', (error) => { options.onError?.(error) })
  const { address, port } = server.address() as AddressInfo // a TCP server that listens
  const others = new Map<string, SecondAddress>()
  return {
    is: 'listening', address, port, inFlight: () => front.inFlight,
    alsoOn(host) { if (!others.has(host)) others.set(host, listenAlso(server, { host, port }, (why) => { options.onError?.(new Error(why)) })) },
    alsoFrom(listener) { others.set('', takeAlso(server, listener)) },
    async close(graceMs = closeGraceMs) {
      for (const other of others.values()) other.close()
      const closed = new Promise<void>((resolve) => { server.close(() => { resolve() }) })
      front.close()
      for (const session of sessions) session.close()
      const cut = setTimeout(() => { for (const socket of sockets) socket.destroy() }, front.isIdle ? Math.min(graceMs, idleCutMs) : graceMs)
      await closed
      clearTimeout(cut)
    },
  }
}
/** Connections that are only kept alive are given this long to hear that it is over. */
const idleCutMs = 50

/** All that connections share. */
class Front {
  readonly #options: HttpServerOptions
  readonly #limits: Limits
  readonly #pipeline: PipelineOptions
  readonly #bodies: BodyReader
  readonly #watches: Watches
  readonly #onError: (error: unknown) => void
  #inWork = 0
  #mutating = 0
  #closing = false

  constructor(options: HttpServerOptions, limits: Limits) {
    this.#options = options
    this.#limits = limits
    this.#onError = options.onError ?? (() => {})
    this.#pipeline = { handler: options.handler, store: options.store, answer: options.answer, limits, onError: this.#onError, audit: options.audit }
    this.#bodies = new BodyReader(limits)
    this.#watches = new Watches(options.store, { now: options.now ?? Date.now, readBytes: limits.watchReadBytes, onError: this.#onError, answer: options.answer })
  }

  get isIdle(): boolean { return this.#inWork === 0 }
  get inFlight(): { readonly mutating: number; readonly readOnly: number } { return { mutating: this.#mutating, readOnly: this.#inWork - this.#mutating } }

  close(): void { this.#closing = true; this.#watches.close() }

  serve(exchange: Exchange): void {
    const own = this.#options.own?.get(exchange.path)
    if (own !== undefined) { this.#own(exchange, own); return }
    if (this.#inWork >= this.#limits.requestsMax) { exchange.body?.on('error', () => {}).resume(); this.#plain(exchange, tooManyRequests); return }
    this.#inWork++
    if (mutates(exchange)) this.#mutating++
    if (exchange.body === undefined) { this.#carry(exchange, noBytes); return }
    this.#bodies.read(exchange.body, exchange.headers['content-length'], (body) => {
      switch (body.is) {
        case 'whole': this.#carry(exchange, body.bytes); return
        case 'gone': this.#leave(exchange); return
        case 'too large': this.#finish(exchange, tooLarge(this.#limits.bodyBytesMax)); return
        case 'too many': this.#finish(exchange, tooManyRequests); return
        case 'too late': this.#finish(exchange, timedOut)
      }
    })
  }

  upgrade(message: IncomingMessage, socket: Socket, head: Buffer): void {
    serveUpgrade({ message, socket, head, pipeline: this.#pipeline, open: this.#options.open, upgrades: this.#options.upgrades ?? new Map(), frontProxy: this.#options.frontProxy, watches: this.#watches, view: this.#options.store.view, onError: this.#onError })
  }

  #own(exchange: Exchange, own: OwnPath): void {
    exchange.body?.on('error', () => {}).resume()
    own({ method: exchange.method, query: new URLSearchParams(exchange.query), peer: exchange.peer }).then((reply) => { this.#plain(exchange, reply) }, (error: unknown) => {
      this.#onError(error)
      this.#plain(exchange, internalError(wordsOf(error)))
    })
  }

  #leave(exchange: Exchange): void {
    this.#inWork--
    if (mutates(exchange)) this.#mutating--
  }

  #carry(exchange: Exchange, body: Uint8Array): void {
    const { method, path, query, headers, peer } = exchange
    const remoteAddress = this.#options.audit === undefined ? undefined : exchange.remoteAddress
    if (peer.is === 'rejected' && headers['authorization'] === undefined) { this.#finish(exchange, unauthorized); return }
    const request: Request = {
      method, path, query, headers, body, ...(remoteAddress !== undefined && { remoteAddress }),
      ...(peer.is === 'certified' && { certificate: { commonName: peer.commonName, organizations: peer.organizations } }),
    }
    carry(this.#pipeline, request, (outcome) => {
      if (exchange.isOver) {
        this.#leave(exchange)
        if (outcome.is === 'reply' && outcome.reply.is === 'watch') outcome.reply.watch.close()
        if (outcome.is === 'reply') streamAudit(outcome.reply, this.#options.audit)?.ended()
      }
      else if (outcome.is === 'plain') this.#finish(exchange, outcome.plain)
      else this.#reply(auditedExchange(exchange, streamAudit(outcome.reply, this.#options.audit)), request, outcome.reply)
    })
  }

  #reply(exchange: Exchange, request: Request, reply: Reply): void {
    switch (reply.is) {
      case 'bytes':
        encodeBody(exchange.headers['accept-encoding'], reply.headers, reply.body, (headers, body) => { this.#finish(exchange, { status: reply.status, headers, body }) })
        return
      case 'watch': {
        this.#leave(exchange)
        if (this.#closing) { reply.watch.close(); this.#plain(exchange, tooManyRequests); return }
        try {
          this.#watches.add(reply.watch, sinkOf(exchange.begin(reply.status, reply.headers)))
        } catch (error) {
          reply.watch.close()
          this.#drop(exchange, error)
        }
        return
      }
      case 'proxy': {
        const done = (failed?: PlainReply): void => {
          if (failed === undefined) this.#leave(exchange)
          else this.#finish(exchange, failed)
        }
        if (reply.proxy.kubelet === undefined) proxyExchange(exchange, request, reply.proxy, this.#options.frontProxy, done)
        else kubeletExchange(exchange, request, reply.proxy, this.#options.askKubelet, done)
        return
      }
      case 'connect':
        if (reply.connect.what === 'log') this.#log(exchange, reply.connect)
        else this.#finish(exchange, reply.connect.refusal === undefined ? upgradeRequired : statusReply(reply.connect.refusal))
    }
  }

  #log(exchange: Exchange, connect: Connect): void {
    openOrRefuse(this.#options.open, connect).then((stream) => {
      if (isRefusal(stream)) { this.#finish(exchange, statusReply(stream)); return }
      this.#leave(exchange)
      if (exchange.isOver) stream.close()
      else sendLog(exchange, stream)
    }, (error: unknown) => { this.#broke(exchange, error) })
  }

  #broke(exchange: Exchange, error: unknown): void {
    this.#onError(error)
    this.#finish(exchange, internalError(wordsOf(error)))
  }
  #finish(exchange: Exchange, reply: PlainReply): void {
    this.#leave(exchange)
    this.#plain(exchange, reply)
  }
  #plain(exchange: Exchange, { status, headers, body }: PlainReply): void {
    if (exchange.isOver) return
    try {
      exchange.reply(status, headers, body)
    } catch (error) { this.#drop(exchange, error) }
  }
  /** One request that cannot be answered must not take the others with it. */
  #drop(exchange: Exchange, error: unknown): void {
    this.#onError(error)
    exchange.abort()
  }
}
const noBytes = new Uint8Array(0)
const mutates = ({ method }: Exchange): boolean => method !== 'GET' && method !== 'HEAD'

function sinkOf(writer: Writable): WatchSink {
  writer.on('error', () => {})
  return {
    write: (frames) => writer.write(frames.length === 1 ? frames[0] : Buffer.concat(frames)),
    onDrain: (tell) => { writer.on('drain', tell) },
    onClose: (tell) => { writer.once('close', tell) },
    end: () => { writer.end() },
    abort: () => { writer.destroy() },
  }
}

function secureServer(front: Front, limits: Limits, tls: { readonly certificate: string; readonly key: string; readonly authority: string }): { readonly server: Server; readonly sessions: ReadonlySet<ServerHttp2Session> } {
  const sessions = new Set<ServerHttp2Session>()
  // Node reads these of HTTP/1.1 under a name that its types do not know yet.
  const http1Options = { http1Options: { headersTimeout: limits.headersTimeoutMs, requestTimeout: limits.bodyTimeoutMs, keepAliveTimeout: limits.idleTimeoutMs, maxHeaderSize: limits.headersBytesMax } }
  const server = createSecureServer({
    allowHTTP1: true, cert: tls.certificate, key: tls.key, ca: tls.authority, minVersion: 'TLSv1.2',
    // Checked here, enforced by the request's authentication: anonymous and token requests come without.
    requestCert: true, rejectUnauthorized: false, handshakeTimeout: limits.handshakeTimeoutMs,
    // Of HTTP/1.1, and of what it is upgraded to: a small answer, or a keystroke's echo, would wait 40 ms for more to come.
    noDelay: true,
    ...http1Options,
    settings: { maxHeaderListSize: limits.headersBytesMax, maxConcurrentStreams: limits.streamsPerConnectionMax, initialWindowSize: 1 << 20 },
  })
  server.on('request', (request, response) => {
    // HTTP/1.1 only, see below: then these are what node:http makes.
    front.serve(exchangeOverHttp1(request as unknown as IncomingMessage, response as unknown as ServerResponse))
  })
  // Listening for requests makes Node wrap HTTP/2 streams as well: those are served as they are, below.
  server.removeAllListeners('stream')
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number) => {
    stream.on('error', () => {}) // the client is gone: 'close' follows
    if (headers['expect'] === '100-continue') stream.additionalHeaders({ ':status': 100 })
    front.serve(exchangeOverHttp2(stream, headers, (flags & endOfStream) !== 0))
  })
  server.on('session', (session) => {
    sessions.add(session)
    session.setTimeout(limits.idleTimeoutMs, () => { session.close() })
    session.on('error', () => {})
    session.once('close', () => { sessions.delete(session) })
  })
  return { server, sessions }
}
const endOfStream = 1

function plainServer(front: Front, limits: Limits): Server {
  // An import would read every export of node:http, its WebSocket too: 20 ms and 5 MB for something that nobody here uses.
  const { createServer } = process.getBuiltinModule('node:http')
  const server = createServer({ headersTimeout: limits.headersTimeoutMs, requestTimeout: limits.bodyTimeoutMs, keepAliveTimeout: limits.idleTimeoutMs, maxHeaderSize: limits.headersBytesMax })
  server.on('request', (request, response) => { front.serve(exchangeOverHttp1(request, response)) })
  return server
}

function listen(server: Server, { host, port }: HttpServerOptions): Promise<ListenProblem | undefined> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void => { resolve({ is: 'problem', code: error.code ?? '', message: explain(error, host, port) }) }
    server.once('error', failed)
    server.listen({ host, port }, () => { server.off('error', failed); resolve(undefined) })
  })
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): string {
  switch (error.code) {
    case 'EADDRINUSE': return `port ${port} on ${host} is in use by another program: stop it, or choose another with --port`
    case 'EACCES': return `port ${port} on ${host} needs more rights: choose one above 1023 with --port, or run as root`
    case 'EADDRNOTAVAIL': return `${host} is no address of this machine`
    default: return `cannot listen on ${host}, port ${port}: ${error.message}`
  }
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
