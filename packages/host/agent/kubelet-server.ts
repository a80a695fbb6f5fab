import { createServer } from 'node:https'
import { peerOf } from '../http/index.ts'
import { listenIn } from '../linux/index.ts'
import type { KubeletAccess } from './kubelet-access.ts'
import type { KubeletApi } from './kubelet-api.ts'

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
  readonly onTrouble: (message: string) => void
}

/** Serves a node's kubelet API on the node's own address, to those who may; where the port is taken, the node goes on without. Call what is returned to end it. */
export function serveKubelet(options: KubeletServerOptions): () => void {
  const { node, access, answer } = options
  const server = createServer({ cert: options.certificate, key: options.key, ca: options.authority, requestCert: true, rejectUnauthorized: false, requestTimeout: requestTimeoutMs }, (request, response) => {
    request.resume()
    const [path = '/', query = ''] = (request.url ?? '/').split('?')
    const token = /^bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1]
    const method = request.method ?? 'GET'
    access.check({ method, path, token, peer: peerOf(request.socket) }).then(async (verdict) => {
      if (verdict.is === 'refused') { response.writeHead(verdict.status, { 'content-type': 'text/plain; charset=utf-8' }).end(verdict.message); return }
      const { status, headers, body } = await answer(node, { method, path, query })
      response.writeHead(status, { ...headers })
      if (typeof body === 'string') { response.end(body); return }
      response.flushHeaders()
      response.once('close', () => { body.destroy() })
      body.on('error', () => { response.destroy() })
      body.pipe(response)
    }).catch((error: unknown) => {
      if (response.headersSent) { response.destroy(); return }
      response.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' }).end(`${error instanceof Error ? error.message : String(error)}\n`)
    })
  })
  server.on('tlsClientError', () => {}) // it went away, or speaks no TLS: nobody needs to know
  let timer: NodeJS.Timeout | undefined
  let told = ''
  const listen = (): void => {
    try { server.listen({ fd: listenIn(options.namespace, { protocol: 'tcp', address: options.address, port: kubeletPort }) }) } catch (error) {
      const why = `the kubelet of ${node} is not served at ${options.address}:${kubeletPort}: ${error instanceof Error ? error.message : String(error)}`
      if (why !== told) options.onTrouble(why)
      told = why
      timer = setTimeout(listen, listenAgainMs)
    }
  }
  listen()
  return () => { clearTimeout(timer); server.close(); server.closeAllConnections() }
}
