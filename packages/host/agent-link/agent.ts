import { performServerHandshake, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { request } from 'node:https'
import type { Duplex } from 'node:stream'
import { wordsOf } from '@kubeskiff/core/base'
import { isRefusal } from '@kubeskiff/core/api'
import type { Connect } from '@kubeskiff/core/server'
import { splitTarget } from '../http/index.ts'
import type { OpenStream, PodStream, TerminalSize } from '../streams/index.ts'
import { atOnce, eachLine, encodeLine, errorTrailer, hasHeader, idHeader, type KubeletAnswer, kubeletPath, type KubeletRequest, linkProtocol, volumesPath, windowBytes } from './wire.ts'

export interface AgentOptions {
  readonly url: string // 'https://127.0.0.1:6443'
  /** The path of links on it. */
  readonly path: string
  readonly authority: string // PEM
  /** Each node that this agent plays, with its certificate: one link a node. */
  readonly nodes: readonly { readonly name: string; readonly certificate: string; readonly key: string }[] // PEM
  readonly open: OpenStream
  /** Answers what the control plane sends on to a node's kubelet; `gone` tells when nobody waits for it any more. */
  readonly kubelet: (node: string, request: KubeletRequest, gone: AbortSignal) => Promise<KubeletAnswer>
  /** Does work on volumes, as a query says it. */
  readonly volumes?: (query: URLSearchParams) => Promise<KubeletAnswer>
  /** Told once of each kind of trouble, until the link stands again. */
  readonly onTrouble?: (why: string) => void
}
export interface AgentLink { close(): void }

const backoffFirstMs = 100
const backoffMaxMs = 5_000
const pingEveryMs = 20_000
const pingTimeoutMs = 10_000
const connectTimeoutMs = 10_000

/** Keeps a link to the control plane for each node, and opens the streams it asks for. */
export function connectAgent(options: AgentOptions): AgentLink {
  const links = options.nodes.map((node) => new Link(options, node))
  return { close() { for (const link of links) link.close() } }
}

class Link {
  readonly #options: AgentOptions
  readonly #node: AgentOptions['nodes'][number]
  #backoffMs = backoffFirstMs
  #trouble: string | undefined
  #isClosed = false
  #timer: NodeJS.Timeout | undefined
  #session: ServerHttp2Session | undefined
  #cancel: (() => void) | undefined

  constructor(options: AgentOptions, node: AgentOptions['nodes'][number]) {
    this.#options = options
    this.#node = node
    this.#dial()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#cancel?.()
    this.#session?.destroy()
  }

  #dial(): void {
    const { url, path, authority } = this.#options
    const { certificate, key } = this.#node
    const asking = request(new URL(path, url), {
      ca: authority, cert: certificate, key, agent: false, headers: { connection: 'Upgrade', upgrade: linkProtocol }, timeout: connectTimeoutMs,
    })
    this.#cancel = () => { asking.destroy() }
    asking.on('upgrade', (_message, socket, head) => { socket.setTimeout(0); this.#serve(socket, head) })
    asking.on('response', (message) => {
      let body = ''
      message.setEncoding('utf8').on('data', (chunk: string) => { body += chunk }).on('end', () => { this.#again(`the control plane refuses the link of node ${this.#node.name}: ${body.trim()}`) })
    })
    asking.on('timeout', () => { asking.destroy(new Error('no answer in time')) })
    asking.on('error', (error) => { this.#again(`the control plane at ${url} cannot be reached: ${error.message}`) })
    asking.end()
  }

  #serve(socket: Duplex, head: Buffer): void {
    if (this.#isClosed) { socket.destroy(); return }
    if (head.length > 0) socket.unshift(head)
    atOnce(socket)
    const session = performServerHandshake(socket, { settings: { initialWindowSize: windowBytes, maxConcurrentStreams: 10_000 } })
    this.#session = session
    this.#backoffMs = backoffFirstMs
    this.#trouble = undefined
    const streams = new Streams(this.#options.open)
    const pings = setInterval(() => {
      const late = setTimeout(() => { session.destroy() }, pingTimeoutMs)
      session.ping(() => { clearTimeout(late) })
    }, pingEveryMs)
    session.on('stream', (stream, headers) => {
      if ((headers[':path'] ?? '').startsWith(`${kubeletPath}/`)) answerKubelet(stream, headers, (request, gone) => this.#options.kubelet(this.#node.name, request, gone))
      else if ((headers[':path'] ?? '').startsWith(`${volumesPath}?`) && this.#options.volumes !== undefined) { const { volumes } = this.#options; answerKubelet(stream, headers, ({ query }) => volumes(new URLSearchParams(query))) }
      else streams.serve(stream, headers)
    })
    session.on('error', () => {}) // 'close' follows
    session.once('close', () => {
      clearInterval(pings)
      streams.close()
      this.#again(undefined)
    })
  }

  #again(trouble: string | undefined): void {
    if (this.#isClosed) return
    if (trouble !== undefined && trouble !== this.#trouble) { this.#trouble = trouble; this.#options.onTrouble?.(trouble) }
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => { this.#dial() }, this.#backoffMs * (0.5 + Math.random() / 2))
    this.#backoffMs = Math.min(this.#backoffMs * 2, backoffMaxMs)
  }
}

/** The streams of one link. */
class Streams {
  readonly #open: OpenStream
  readonly #streams = new Map<string, PodStream>()
  #last = 0

  constructor(open: OpenStream) { this.#open = open }

  close(): void { for (const stream of this.#streams.values()) stream.close() }

  serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    stream.on('error', () => {}) // 'close' follows
    const [, , id = '', part = '', port = ''] = (headers[':path'] ?? '').split('/')
    if (id === '') { this.#control(stream); return }
    const pod = this.#streams.get(id)
    if (pod === undefined) { stream.respond({ ':status': 404 }, { endStream: true }); return }
    if (pod.is === 'ports') { carry(stream, pod.dial(Number(port))); return }
    if (part === 'stdin') {
      stream.respond({ ':status': 200 }, { endStream: true })
      pod.stdin?.on('error', () => { stream.resume() }) // the process ended before all input was read
      if (pod.stdin === undefined) stream.resume()
      else stream.pipe(pod.stdin)
      return
    }
    const output = part === 'stdout' ? pod.stdout : pod.stderr
    stream.respond({ ':status': 200 }, { endStream: output === undefined })
    output?.on('error', () => { stream.destroy() })
    output?.pipe(stream)
  }

  #control(stream: ServerHttp2Stream): void {
    let pod: PodStream | undefined
    let isOver = false
    stream.setEncoding('utf8')
    const take = eachLine((line) => {
      const value = JSON.parse(line) as Connect | TerminalSize // our own control plane wrote it
      if ('width' in value) { if (pod?.is === 'process') pod.resize(value); return }
      this.#open(value).then((opened) => {
        if (isRefusal(opened)) { stream.respond({ ':status': opened.code }); stream.end(JSON.stringify(opened)); return }
        pod = opened
        if (isOver) opened.close()
        else this.#begin(stream, opened)
      }, (error: unknown) => {
        stream.respond({ ':status': 500 })
        stream.end(JSON.stringify({ refused: true, code: 500, reason: 'InternalError', message: wordsOf(error) }))
      })
    })
    stream.on('data', (chunk: string) => { take(chunk) })
    stream.once('close', () => { isOver = true; pod?.close() })
  }

  #begin(stream: ServerHttp2Stream, pod: PodStream): void {
    const id = String(++this.#last)
    this.#streams.set(id, pod)
    const has = pod.is === 'ports' ? ['ports'] : (['stdin', 'stdout', 'stderr'] as const).filter((name) => pod[name] !== undefined)
    stream.respond({ ':status': 200, [idHeader]: id, [hasHeader]: has.join(',') })
    if (pod.is === 'ports') { stream.once('close', () => { this.#streams.delete(id) }); return }
    // The outputs are asked for by requests of their own: the stream is kept until they have come to their end.
    const drained = Promise.all([pod.stdout, pod.stderr].map((output) => (output === undefined || output.closed ? undefined : new Promise((resolve) => output.once('close', resolve)))))
    void pod.ended.then((ending) => { if (!stream.closed && !stream.writableEnded) stream.end(encodeLine(ending)) })
    void Promise.all([pod.ended, drained, new Promise((resolve) => stream.once('close', resolve))]).then(() => { this.#streams.delete(id) })
  }
}

const withoutPrefix = (target: string): string => (target.startsWith(`${kubeletPath}/`) ? target.slice(kubeletPath.length) : target)

function answerKubelet(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, answer: (request: KubeletRequest, gone: AbortSignal) => Promise<KubeletAnswer>): void {
  const gone = new AbortController()
  stream.once('close', () => { gone.abort() })
  stream.on('error', () => {}) // the asker is gone
  stream.resume()
  answer({ method: headers[':method'] ?? 'GET', ...splitTarget(withoutPrefix(headers[':path'] ?? '')) }, gone.signal).then(({ status, headers: told, body }) => {
    if (stream.destroyed) { if (typeof body !== 'string') body.destroy(); return }
    stream.respond({ ':status': status, ...told })
    if (typeof body === 'string') { stream.end(body); return }
    stream.once('close', () => { body.destroy() })
    body.on('error', () => { stream.close() })
    body.pipe(stream)
  }, (error: unknown) => {
    if (stream.destroyed) return
    stream.respond({ ':status': 500, 'content-type': 'text/plain; charset=utf-8' })
    stream.end(`${wordsOf(error)}\n`)
  })
}

/** Both ways; what breaks at the pod's end is told in a trailer. */
function carry(stream: ServerHttp2Stream, pod: Duplex): void {
  let failure = ''
  stream.respond({ ':status': 200 }, { waitForTrailers: true })
  stream.on('wantTrailers', () => { stream.sendTrailers(failure === '' ? {} : { [errorTrailer]: encodeURIComponent(failure) }) })
  pod.on('error', (error) => { failure = error.message; if (!stream.closed && !stream.writableEnded) stream.end() })
  stream.once('close', () => { if (!pod.readableEnded || !pod.writableFinished) pod.destroy() })
  stream.pipe(pod)
  pod.pipe(stream)
}
