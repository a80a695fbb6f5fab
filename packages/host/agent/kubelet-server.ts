import { createServer } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { listenIn } from '../linux/index.ts'
import type { KubeletAccess } from './kubelet-access.ts'
import type { KubeletApi } from './kubelet-api.ts'

/** Where kubelets listen. */
export const kubeletPort = 10250
const requestTimeoutMs = 60_000

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
}

/** Serves a node's kubelet API on the node's own address, to those who may. Call what is returned to end it. */
export function serveKubelet(options: KubeletServerOptions): () => void {
  const { node, access, answer } = options
  const server = createServer({ cert: options.certificate, key: options.key, ca: options.authority, requestCert: true, rejectUnauthorized: false, requestTimeout: requestTimeoutMs }, (request, response) => {
    request.resume()
    const socket = request.socket as TLSSocket // the server is a TLS server
    const [path = '/', query = ''] = (request.url ?? '/').split('?')
    const token = /^bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1]
    const certificate = socket.authorized ? socket.getPeerX509Certificate()?.raw : undefined
    const method = request.method ?? 'GET'
    access.check({ method, path, token, certificate }).then(async (verdict) => {
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
  server.listen({ fd: listenIn(options.namespace, { protocol: 'tcp', address: options.address, port: kubeletPort }) })
  return () => { server.close(); server.closeAllConnections() }
}
