import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:https'
import type { Duplex } from 'node:stream'
import { wordsOf } from '@kubeskiff/core/base'
import type { ClusterView } from '@kubeskiff/core/api'
import { peerOf, refuse, splitTarget } from '../http/index.ts'
import { listenIn } from '../linux/index.ts'
import type { KubeletAccess } from './kubelet-access.ts'
import type { KubeletApi } from './kubelet-api.ts'
import { serveUpgrade } from './kubelet-streams.ts'
import { type OpenStream, streamAsked } from '../streams/index.ts'

/** Where kubelets listen. */
export const kubeletPort = 10250
const requestTimeoutMs = 60_000
/** What took the port may go away: it is looked at again so often. */
const listenAgainMs = 60_000

export interface KubeletServerOptions {
  readonly node: string
  /** The node's network, and its address there: pods and other nodes reach it, and the machine. */
  readonly namespace: string
  readonly address: string
  readonly certificate: string // PEM
  readonly key: string // PEM
  /** Whose clients' certificates sign in, PEM. */
  readonly authority: string
  readonly access: KubeletAccess
  readonly answer: KubeletApi
  readonly view: ClusterView
  readonly open: OpenStream
  readonly onTrouble: (message: string) => void
}

/** Serves a node's kubelet API on the node's own address, to those who may; where the port is taken, the node goes on without. Call what is returned to end it. */
export function serveKubelet(options: KubeletServerOptions): () => void {
  const { node, access, answer } = options
  const check = (request: IncomingMessage): ReturnType<KubeletAccess['check']> => {
    const { method, path } = askedBy(request)
    return access.check({ method, path, token: /^bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1], peer: peerOf(request.socket) })
  }
  const upgrade = async (message: IncomingMessage, socket: Duplex, head: Buffer): Promise<{ readonly status: number; readonly message: string } | undefined> => {
    const verdict = await check(message)
    if (verdict.is === 'refused') return verdict
    const { path, query } = askedBy(message)
    const asked = streamAsked(options.view, node, path, new URLSearchParams(query))
    if (asked === undefined || path.startsWith('/run/')) return { status: 404, message: '404 page not found\n' }
    return 'is' in asked ? asked : serveUpgrade(asked, options.open, { message, socket, head })
  }
  const server = createServer({ cert: options.certificate, key: options.key, ca: options.authority, requestCert: true, rejectUnauthorized: false, requestTimeout: requestTimeoutMs }, (request, response) => {
    request.resume()
    const asked = askedBy(request)
    const gone = new AbortController()
    response.once('close', () => { gone.abort() })
    check(request).then(async (verdict) => {
      if (verdict.is === 'refused') { response.writeHead(verdict.status, { 'content-type': 'text/plain; charset=utf-8' }).end(verdict.message); return }
      const { status, headers, body } = await answer(node, asked, gone.signal)
      // Who asked may have gone meanwhile: nobody would end what is still being written.
      if (response.destroyed) { if (typeof body !== 'string') body.destroy(); return }
      response.writeHead(status, { ...headers })
      if (typeof body === 'string') { response.end(body); return }
      response.flushHeaders()
      response.once('close', () => { body.destroy() })
      body.on('error', () => { response.destroy() })
      body.pipe(response)
    }).catch((error: unknown) => {
      if (response.headersSent) { response.destroy(); return }
      response.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' }).end(`${wordsOf(error)}\n`)
    })
  })
  server.on('upgrade', (message: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {}) // 'close' follows
    upgrade(message, socket, head).catch((error: unknown) => ({ status: 500, message: wordsOf(error) })).then((refusal) => {
      if (refusal !== undefined) refuse(socket, { status: refusal.status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: [Buffer.from(refusal.message)] })
    }, () => { socket.destroy() })
  })
  server.on('tlsClientError', () => {}) // it went away, or speaks no TLS: nobody needs to know
  let timer: NodeJS.Timeout | undefined
  let told = ''
  const listen = (): void => {
    try { server.listen({ fd: listenIn(options.namespace, { protocol: 'tcp', address: options.address, port: kubeletPort }) }) } catch (error) {
      const why = `the kubelet of ${node} is not served at ${options.address}:${kubeletPort}: ${wordsOf(error)}`
      if (why !== told) options.onTrouble(why)
      told = why
      timer = setTimeout(listen, listenAgainMs)
    }
  }
  listen()
  return () => { clearTimeout(timer); server.close(); server.closeAllConnections() }
}

const askedBy = ({ method = 'GET', url = '/' }: IncomingMessage): { readonly method: string; readonly path: string; readonly query: string } => ({ method, ...splitTarget(url) })
