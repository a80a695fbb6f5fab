// Calls to other people's HTTPS servers: webhooks of admission and conversion. Never throws, never follows a redirect.
import type { ClientRequest, IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { type ClusterView, isRefusal } from '@kubeskiff/core/api'
import type { Random } from '@kubeskiff/core/base'
import { joinedPort } from '@kubeskiff/core/network'
import { type Post, type Posted, serviceTarget, urlOf } from '@kubeskiff/core/server'

export interface PosterOptions {
  /** Where Services and their endpoints are looked up. */
  readonly view: ClusterView
  /** Which of a Service's endpoints is called. */
  readonly random: Random
}
export interface Poster {
  post(post: Post): Promise<Posted>
  /** Lets go of connections that are kept open. */
  close(): void
}

/** As upstream bounds what it reads of a request; a webhook says less. */
const replyBytesMax = 3 << 20
const socketsPerServerMax = 64
const userAgent = 'kube-apiserver-admission'

/** Posts JSON over connections that are kept for the next time. */
export function createPoster({ view, random }: PosterOptions): Poster {
  const agent = new Agent({ keepAlive: true, maxSockets: socketsPerServerMax })
  return {
    close: () => { agent.destroy() },
    post: (post) => {
      const target = targetOf(post, view, random)
      return 'fault' in target ? Promise.resolve({ is: 'unreached', why: target.fault }) : send(post, target, agent)
    },
  }
}

interface Place { readonly host: string; readonly port: number; readonly path: string; /** Whose certificate it must be. */ readonly name: string; readonly authority: string }

function targetOf(post: Post, view: ClusterView, random: Random): Place | { readonly fault: string } {
  const url = URL.parse(urlOf(post))
  if (url === null || url.protocol !== 'https:') return { fault: `unsupported protocol scheme ${JSON.stringify(url?.protocol.replace(':', '') ?? '')}` }
  const path = url.pathname + url.search
  const name = url.hostname.replace(/^\[|\]$/g, '')
  if (post.to.is === 'url') return { host: name, port: Number(url.port || 443), path, name, authority: url.host }
  const target = serviceTarget(view, { ...post.to, port: String(post.to.port) }, random)
  if (isRefusal(target)) return { fault: target.code === 404 ? `service ${JSON.stringify(post.to.name)} not found` : target.message }
  return { host: target.address, port: target.port, path, name, authority: `${name}:${post.to.port}` }
}

function send(post: Post, { host, port, path, name, authority }: Place, agent: Agent): Promise<Posted> {
  return new Promise((resolve) => {
    const body = Buffer.from(JSON.stringify(post.body))
    const outgoing = request({
      agent, host, port, path, method: 'POST', ...(isName(name) && { servername: name }),
      ...(post.caBundle !== undefined && { ca: Buffer.from(post.caBundle, 'base64').toString() }),
      headers: { host: authority, 'content-type': 'application/json', accept: 'application/json', 'content-length': body.length, 'user-agent': userAgent },
    })
    const unreached = (why: string): void => { resolve({ is: 'unreached', why }) }
    askOnce(outgoing, body, { timeoutMs: post.timeoutMs, tooLate: 'context deadline exceeded', replyBytesMax, place: { host, port, name }, unreached }, (incoming, text) => {
      const status = incoming.statusCode ?? 0
      const type = incoming.headers['content-type'] ?? ''
      if (status < 200 || status > 206) resolve({ is: 'rejected', why: rejectionOf(status, type.startsWith('text/') ? text.trim().slice(0, shownMax) : 'unknown') })
      else resolve(text === '' ? { is: 'rejected', why: `0-length response with status code: ${status} and content type: ${type}` } : { is: 'answered', text })
    })
  })
}

interface Asking {
  readonly timeoutMs: number
  /** What it is called when no whole reply has come by then. */
  readonly tooLate: string
  readonly replyBytesMax: number
  readonly place: Pick<Place, 'host' | 'port' | 'name'>
  readonly unreached: (why: string) => void
}

/** Sends a request with its body and reads the reply to its end; what comes after the first word of how it went counts for nothing. */
export function askOnce(outgoing: ClientRequest, body: Buffer, { timeoutMs, tooLate, replyBytesMax, place, unreached }: Asking, answered: (incoming: IncomingMessage, text: string) => void): void {
  const failed = (why: string): void => {
    clearTimeout(timer)
    unreached(why)
    outgoing.destroy()
  }
  const timer = setTimeout(() => { failed(tooLate) }, timeoutMs)
  outgoing.on('error', (error: NodeJS.ErrnoException) => { failed(reasonOf(error, place)) })
  outgoing.on('response', (incoming) => {
    readReply(incoming, replyBytesMax, failed, (text) => {
      clearTimeout(timer)
      answered(incoming, text)
    })
  })
  outgoing.end(body)
}

/** Reads a reply to its end, or tells why that cannot be done. */
function readReply(incoming: IncomingMessage, bytesMax: number, failed: (why: string) => void, done: (text: string) => void): void {
  const parts: Buffer[] = []
  let size = 0
  incoming.on('data', (part: Buffer) => {
    size += part.length
    if (size <= bytesMax) parts.push(part)
    else failed(`the reply is longer than ${bytesMax} bytes`)
  })
  incoming.on('error', () => { failed('unexpected EOF') })
  incoming.on('end', () => { done(Buffer.concat(parts).toString()) })
}

const isName = (host: string): boolean => !/^[\d.]+$/.test(host) && !host.includes(':')

/** What a connection's failure is called upstream. */
function reasonOf({ code = '', message }: NodeJS.ErrnoException, { host, port, name }: { readonly host: string; readonly port: number; readonly name: string }): string {
  const place = joinedPort(host, port)
  const untrusted = (why: string): string => `tls: failed to verify certificate: x509: ${why}`
  switch (code) {
    case 'ECONNREFUSED': return `dial tcp ${place}: connect: connection refused`
    case 'EHOSTUNREACH': return `dial tcp ${place}: connect: no route to host`
    case 'ENETUNREACH': return `dial tcp ${place}: connect: network is unreachable`
    case 'ETIMEDOUT': return `dial tcp ${place}: i/o timeout`
    case 'ENOTFOUND': case 'EAI_AGAIN': return `dial tcp: lookup ${host}: no such host`
    case 'ECONNRESET': case 'EPIPE': return 'EOF'
    case 'EPROTO': return message.includes('wrong version number') || message.includes('packet length too long') ? 'http: server gave HTTP response to HTTPS client' : `remote error: ${message}`
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE': case 'SELF_SIGNED_CERT_IN_CHAIN': case 'DEPTH_ZERO_SELF_SIGNED_CERT': case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY': case 'UNABLE_TO_GET_ISSUER_CERT': case 'CERT_SIGNATURE_FAILURE':
      return untrusted('certificate signed by unknown authority')
    case 'CERT_HAS_EXPIRED': case 'CERT_NOT_YET_VALID': return untrusted('certificate has expired or is not yet valid')
    case 'ERR_TLS_CERT_ALTNAME_INVALID': return untrusted(`certificate is not valid for ${name}`)
    default: return message
  }
}

/** What a bad status is called upstream. `said`: its text, where it is one. */
function rejectionOf(status: number, said: string): string {
  switch (status) {
    case 400: return 'the server rejected our request for an unknown reason'
    case 401: return 'the server has asked for the client to provide credentials'
    case 403: return said
    case 404: return 'the server could not find the requested resource'
    case 405: return 'the server does not allow this method on the requested resource'
    case 409: return 'the server reported a conflict'
    case 429: return 'the server has received too many requests and has asked us to try again later'
    case 503: return 'the server is currently unable to handle the request'
    case 504: return 'the server was unable to return a response in the time allotted, but may still be processing the request'
    default: return status >= 500 ? `an error on the server (${JSON.stringify(said)}) has prevented the request from succeeding` : `the server responded with the status code ${status} but did not return more information`
  }
}
const shownMax = 2048
