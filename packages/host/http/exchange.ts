import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Http2Session, IncomingHttpHeaders as Http2Headers, ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { bytesOf, writeParts } from './parts.ts'

/** One request and the way back, the same over HTTP/1.1 and HTTP/2. */
export interface Exchange {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: Readonly<Record<string, string>>
  readonly peer: Peer
  /** The client's address. */
  readonly remoteAddress: string | undefined
  /** Undefined when the request has no body. */
  readonly body: Readable | undefined
  /** True once the client is gone or all was sent. */
  readonly isOver: boolean
  reply(status: number, headers: Readonly<Record<string, string>>, body: readonly Uint8Array[]): void
  /** Sends the head at once; the rest follows by the writer. */
  begin(status: number, headers: Readonly<Record<string, string>>): Writable
  /** Calls back once when all was sent or the client is gone; at once when it is. */
  onClose(tell: () => void): void
  /** Cuts it off. */
  abort(): void
}

/** Who is at the other end, as TLS tells. */
export type Peer =
  | { readonly is: 'unknown' }
  | { readonly is: 'certified'; readonly commonName: string; readonly organizations: readonly string[] }
  /** It presented a certificate that is not of our authority. */
  | { readonly is: 'rejected' }

const nodePrefix = 'system:node:'
/** The node that the other end is, by its certificate; undefined for everybody else. */
export const nodeOfPeer = (peer: Peer): string | undefined =>
  (peer.is === 'certified' && peer.organizations.includes('system:nodes') && peer.commonName.startsWith(nodePrefix) ? peer.commonName.slice(nodePrefix.length) : undefined)

export function exchangeOverHttp1(request: IncomingMessage, response: ServerResponse): Exchange {
  const { path, query } = splitTarget(request.url ?? '/')
  const hasBody = request.headers['transfer-encoding'] !== undefined || (request.headers['content-length'] ?? '0') !== '0'
  return {
    method: request.method ?? 'GET', path, query, headers: plainHeaders(request.headers), peer: peerOf(request.socket), get remoteAddress() { return request.socket.remoteAddress }, body: hasBody ? request : undefined,
    get isOver() { return response.destroyed || response.writableEnded },
    reply(status, headers, body) {
      const length = bytesOf(body)
      response.writeHead(status, { ...sendable(headers), 'content-length': length })
      if (request.method === 'HEAD') response.end()
      // Node puts a short text behind the head and writes both at once; bytes would be a write of their own.
      else if (length <= shortBody) response.end(latin1(body), 'latin1')
      else writeParts(response, body, length)
    },
    begin(status, headers) {
      response.writeHead(status, sendable(headers))
      response.flushHeaders()
      return response
    },
    onClose(tell) { if (response.closed || response.destroyed) tell(); else response.once('close', tell) },
    abort() { response.destroy() },
  }
}

const shortBody = 8 << 10
function latin1(parts: readonly Uint8Array[]): string {
  let text = ''
  for (const part of parts) text += Buffer.from(part.buffer, part.byteOffset, part.length).toString('latin1')
  return text
}

export function exchangeOverHttp2(stream: ServerHttp2Stream, headers: Http2Headers, endsWithHeaders: boolean): Exchange {
  const { path, query } = splitTarget(headers[':path'] ?? '/')
  const authority = headers[':authority']
  return {
    method: headers[':method'] ?? 'GET', path, query, peer: stream.session === undefined ? { is: 'unknown' } : peerOfSession(stream.session),
    get remoteAddress() { return stream.session?.socket.remoteAddress },
    headers: authority === undefined ? plainHeaders(headers) : { host: authority, ...plainHeaders(headers) },
    body: endsWithHeaders ? undefined : stream,
    // Node ends what can be written to an asker of heads only before anybody is asked.
    get isOver() { return stream.destroyed || stream.headersSent || (stream.writableEnded && headers[':method'] !== 'HEAD') },
    reply(status, replyHeaders, body) {
      const length = bytesOf(body)
      const isEmpty = length === 0 || headers[':method'] === 'HEAD'
      stream.respond({ ...sendable(replyHeaders), ':status': status, 'content-length': length }, { endStream: isEmpty })
      if (!isEmpty) writeParts(stream, body, length)
    },
    begin(status, replyHeaders) {
      stream.respond({ ...sendable(replyHeaders), ':status': status })
      return stream
    },
    onClose(tell) { if (stream.closed || stream.destroyed) tell(); else stream.once('close', tell) },
    abort() { stream.destroy() },
  }
}

/** The path and what follows the first '?'. */
export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const mark = target.indexOf('?')
  return mark === -1 ? { path: target, query: '' } : { path: target.slice(0, mark), query: target.slice(mark + 1) }
}

/** One string a name; pseudo-headers are left out. */
export function plainHeaders(headers: IncomingHttpHeaders | Http2Headers): Record<string, string> {
  const plain: Record<string, string> = {}
  for (const name in headers) {
    const value = headers[name]
    if (value === undefined || name.startsWith(':')) continue
    plain[name] = typeof value === 'string' ? value : value.join(', ')
  }
  return plain
}

/**
 * Headers as they can be sent: a warning may quote any text that a client wrote. What is not ASCII goes as the bytes of
 * its UTF-8, as upstream sends it; what would break the header is left out.
 */
export function sendable(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const name in headers) {
    if (unsendable.test(headers[name] ?? '')) return Object.fromEntries(Object.entries(headers).map(([each, value]) => [each, sendableValue(value)]))
  }
  return headers
}
/** One value of a header, as it can be sent. */
export const sendableValue = (value: string): string => (unsendable.test(value) ? Buffer.from(value).toString('latin1').replaceAll(breaking, ' ') : value)
const unsendable = /[^\t\x20-\x7e]/
const breaking = /[\x00-\x08\x0a-\x1f\x7f]/g

const knownPeers = new WeakMap<object, Peer>()

/** Who is at the other end of a socket; looked up once a connection. */
export function peerOf(socket: Socket): Peer {
  const known = knownPeers.get(socket)
  if (known !== undefined) return known
  const peer = socket instanceof TLSSocket ? identify(socket) : unknownPeer
  knownPeers.set(socket, peer)
  return peer
}

function peerOfSession(session: Http2Session): Peer {
  const known = knownPeers.get(session)
  if (known !== undefined) return known
  const { socket } = session
  const peer = socket instanceof TLSSocket ? identify(socket) : unknownPeer
  knownPeers.set(session, peer)
  return peer
}

function identify(socket: Pick<TLSSocket, 'getPeerCertificate' | 'authorized'>): Peer {
  const certificate = socket.getPeerCertificate()
  // Without a client certificate Node answers an empty object, or nothing after the connection's end.
  if (certificate?.subject === undefined) return unknownPeer
  if (!socket.authorized) return { is: 'rejected' }
  // Of several the last counts, as for whoever approved the request and as upstream: no other name may come in beside it.
  const commonName = several(certificate.subject.CN).at(-1)
  return commonName === undefined ? unknownPeer : { is: 'certified', commonName, organizations: several(certificate.subject.O) }
}
const unknownPeer: Peer = { is: 'unknown' }
const several = (value: string | readonly string[] | undefined): readonly string[] => (value === undefined ? [] : typeof value === 'string' ? [value] : value)
