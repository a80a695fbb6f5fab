import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2'

/** Where the API is, and as whom: a certificate and key, or a bearer token. */
export interface Endpoint {
  readonly url: string // 'https://127.0.0.1:6443'
  readonly authority: string // PEM
  readonly certificate?: string // PEM
  readonly key?: string // PEM
  readonly token?: string
}

export interface Answer { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }
export interface RequestOptions { readonly body?: string | Uint8Array; readonly contentType?: string; readonly accept?: string; readonly timeoutMs?: number }

/** One HTTP/2 connection to an API server, made when it is needed and made anew when it breaks. */
export interface Connection {
  /** Sends a request and reads its whole answer. Rejects when there is no answer: not reachable, broken off, too late. */
  request(method: string, path: string, options?: RequestOptions): Promise<Answer>
  /** Starts a request whose answer goes on: a watch, a log. The stream is the body; it is destroyed by `signal`. */
  stream(path: string, signal: AbortSignal): Promise<{ readonly status: number; readonly body: AsyncIterable<Buffer> }>
  close(): void
}

const timeoutDefaultMs = 30_000

/** Opens nothing yet: the first request connects. */
export function openConnection(endpoint: Endpoint): Connection {
  let session: ClientHttp2Session | undefined
  const authorization = endpoint.token === undefined ? {} : { authorization: `Bearer ${endpoint.token}` }

  const connected = (): ClientHttp2Session => {
    if (session !== undefined && !session.closed && !session.destroyed) return session
    const fresh = connect(endpoint.url, { ca: endpoint.authority, ...(endpoint.certificate !== undefined && { cert: endpoint.certificate, key: endpoint.key }), ALPNProtocols: ['h2'] })
    // Each request hears of it too, by its own stream's error.
    fresh.on('error', () => { fresh.destroy() })
    fresh.on('goaway', () => { if (session === fresh) session = undefined })
    fresh.on('close', () => { if (session === fresh) session = undefined })
    session = fresh
    return fresh
  }
  const start = (method: string, path: string, headers: Readonly<Record<string, string>>, endStream: boolean): ClientHttp2Stream =>
    connected().request({ ':method': method, ':path': path, accept: 'application/json', 'user-agent': 'skiff', ...authorization, ...headers }, { endStream })

  return {
    request: (method, path, options = {}) => new Promise((resolve, reject) => {
      const { body, contentType = 'application/json', accept } = options
      const stream = start(method, path, { ...(body !== undefined && { 'content-type': contentType }), ...(accept !== undefined && { accept }) }, body === undefined)
      const parts: Buffer[] = []
      let status = 0
      let headers: Record<string, string> = {}
      stream.setTimeout(options.timeoutMs ?? timeoutDefaultMs, () => { stream.close(constants.NGHTTP2_CANCEL); reject(new Error(`${method} ${path}: no answer in time`)) })
      stream.on('response', (received) => {
        status = received[':status'] ?? 0
        headers = Object.fromEntries(Object.entries(received).map(([name, value]) => [name, String(value)]))
      })
      stream.on('data', (part: Buffer) => { parts.push(part) })
      stream.on('error', reject)
      stream.on('close', () => { if (status === 0) reject(new Error(`${method} ${path}: the connection broke off`)) })
      stream.on('end', () => { if (status !== 0) resolve({ status, headers, body: Buffer.concat(parts).toString('utf8') }) })
      if (body !== undefined) stream.end(body)
    }),
    stream: (path, signal) => new Promise((resolve, reject) => {
      const stream = start('GET', path, {}, true)
      const abort = (): void => { stream.close(constants.NGHTTP2_CANCEL) }
      signal.addEventListener('abort', abort, { once: true })
      stream.on('close', () => { signal.removeEventListener('abort', abort); reject(new Error(`${path}: the connection broke off`)) })
      stream.on('error', reject)
      stream.on('response', (received) => { resolve({ status: received[':status'] ?? 0, body: stream }) })
      if (signal.aborted) abort()
    }),
    close: () => { session?.destroy() },
  }
}
