import { type ClientRequest, type IncomingMessage, request as plainRequest, type RequestOptions } from 'node:http'
import { request as secureRequest } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex, Readable } from 'node:stream'
import { type Ask, isRefusal, type Refusal } from '@kubeskiff/core/api'
import { wordsOf } from '@kubeskiff/core/base'
import { joinedPort } from '@kubeskiff/core/network'
import type { Fetch, Fetched, Proxy, Request } from '@kubeskiff/core/server'
import { type Exchange, sendable, sendableValue, splitTarget } from './exchange.ts'
import { type PlainReply, statusReply } from './status.ts'

/** The certificate by which aggregated servers know the cluster's front proxy. */
export interface FrontProxy { readonly certificate: string; readonly key: string }

const dialTimeoutMs = 30_000
/** What is between two neighbours only, and what says who somebody is: neither goes on. */
const kept = new Set(['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'http2-settings', 'host', 'content-length', 'authorization', 'expect'])
const isIdentity = (name: string): boolean => name.startsWith('x-remote-') || name.startsWith('impersonate-')

/** Asks a node's kubelet, by the connection that its agent keeps. */
export type AskKubelet = (node: string, request: { readonly method: string; readonly path: string; readonly query: string }) => Promise<{ readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: Readable } | Refusal>

/** The same for what a node's kubelet answers. */
export function kubeletExchange(exchange: Exchange, request: Request, proxy: Proxy, ask: AskKubelet | undefined, done: (failed?: PlainReply) => void): void {
  if (ask === undefined || proxy.kubelet === undefined) { done(statusReply(noAgents)); return }
  ask(proxy.kubelet, { method: request.method, ...splitTarget(proxy.path) }).then((answer) => {
    if (isRefusal(answer)) { done(statusReply(answer)); return }
    if (exchange.isOver) { answer.body.destroy(); done(); return }
    pipeAnswer(exchange, answer.status, answer.headers, answer.body)
    done()
  }, (error: unknown) => { done(unreachable(error instanceof Error ? error : new Error(String(error)))) })
}
const noAgents: Refusal = { refused: true, code: 503, reason: 'ServiceUnavailable', message: 'no agent connects to this server' }

function pipeAnswer(exchange: Exchange, status: number, headers: Readonly<Record<string, string>>, body: Readable): void {
  const writer = exchange.begin(status, headers)
  writer.on('error', () => {})
  writer.once('close', () => { body.destroy() })
  body.once('error', () => { exchange.abort() })
  body.pipe(writer)
}

/** Sends a request on and its answer back, as it comes. */
export function proxyExchange(exchange: Exchange, request: Request, proxy: Proxy, frontProxy: FrontProxy | undefined, done: (failed?: PlainReply) => void): void {
  const forwarded = tryDial(request, proxy, frontProxy, exchange.remoteAddress)
  if (forwarded instanceof Error) { done(unreachable(forwarded)); return }
  let answered = false
  forwarded.on('error', (error) => {
    if (answered) exchange.abort()
    else done(unreachable(error))
  })
  forwarded.on('response', (response) => {
    answered = true
    if (exchange.isOver) { response.destroy(); done(); return }
    pipeAnswer(exchange, response.statusCode ?? 502, answerHeaders(response, proxy), response)
    done()
  })
  forwarded.end(request.body)
}

/** The same for a connection that asks to become something else: from then on bytes go both ways. */
export function proxyUpgrade(message: IncomingMessage, socket: Socket, head: Buffer, request: Request, proxy: Proxy, frontProxy: FrontProxy | undefined, refuse: (reply: PlainReply) => void, started: (status: number) => void = () => {}): void {
  const upgrade = message.headers.upgrade ?? ''
  const forwarded = tryDial(request, proxy, frontProxy, socket.remoteAddress, { connection: 'Upgrade', upgrade })
  if (forwarded instanceof Error) { refuse(unreachable(forwarded)); return }
  let answered = false
  forwarded.on('error', (error) => { if (answered) socket.destroy(); else refuse(unreachable(error)) })
  forwarded.on('response', (response) => {
    answered = true
    started(response.statusCode ?? 502)
    socket.write(headOf(response.statusCode ?? 502, { ...answerHeaders(response, proxy), connection: 'close' }), 'latin1')
    response.pipe(socket)
  })
  forwarded.on('upgrade', (response: IncomingMessage, remote: Duplex, first: Buffer) => {
    answered = true
    started(101)
    socket.write(headOf(101, { ...answerHeaders(response, proxy), connection: 'Upgrade', upgrade: response.headers.upgrade ?? upgrade }), 'latin1')
    if (first.length > 0) socket.write(first)
    if (head.length > 0) remote.write(head)
    for (const [from, to] of [[socket, remote], [remote, socket]] as const) {
      from.on('error', () => { to.destroy() })
      from.once('close', () => { to.destroy() })
      from.pipe(to)
    }
  })
  forwarded.end()
}

const fetchMax = 16 << 20
/** Reads from an aggregated server as the aggregator itself. */
export function fetchThrough({ proxy, timeoutMs }: Fetch, frontProxy: FrontProxy | undefined): Promise<Fetched> {
  return new Promise((resolve) => {
    const asked = tryDial({ method: 'GET', path: proxy.path, query: '', headers: {}, body: new Uint8Array(0) }, proxy, frontProxy, undefined)
    if (asked instanceof Error) { resolve({ is: 'unreached', why: asked.message }); return }
    const failed = (error: Error): void => { clearTimeout(timer); asked.destroy(); resolve({ is: 'unreached', why: dialText(error) }) }
    const timer = setTimeout(() => { failed(new Error('context deadline exceeded')) }, timeoutMs)
    asked.on('error', failed)
    asked.on('response', (response) => {
      const parts: Buffer[] = []
      let size = 0
      response.on('data', (part: Buffer) => {
        size += part.length
        if (size > fetchMax) failed(new Error(`the answer is longer than ${fetchMax} bytes`))
        else parts.push(part)
      })
      response.on('error', failed)
      response.on('end', () => { clearTimeout(timer); resolve({ is: 'answered', status: response.statusCode ?? 0, text: Buffer.concat(parts).toString() }) })
    })
    asked.end()
  })
}

/** Answers what is asked of aggregated servers, and all else as `answer` does. */
export const withFetches = (frontProxy: FrontProxy | undefined, answer: (ask: Ask) => Promise<unknown>) => (ask: Ask): Promise<unknown> => (ask.what === 'proxy' ? fetchThrough(ask.input as Fetch, frontProxy) : answer(ask))

/** What cannot be sent at all, for its path say, is an error like what does not arrive: who asked waits for an answer. */
function tryDial(...all: Parameters<typeof dial>): ClientRequest | Error {
  try { return dial(...all) } catch (error) { return error instanceof Error ? error : new Error(wordsOf(error)) }
}

function dial(request: Request, proxy: Proxy, frontProxy: FrontProxy | undefined, from: string | undefined, more: Readonly<Record<string, string>> = {}): ClientRequest {
  const headers: Record<string, string | readonly string[]> = {}
  for (const [name, value] of Object.entries(request.headers)) if (!kept.has(name) && !isIdentity(name)) headers[name] = value
  for (const [name, value] of Object.entries(proxy.headers)) headers[name] = value.includes('\n') ? value.split('\n').map(sendableValue) : sendableValue(value)
  const before = request.headers['x-forwarded-for']
  if (from !== undefined) headers['x-forwarded-for'] = before === undefined ? from : `${before}, ${from}`
  headers['x-forwarded-host'] = request.headers['host'] ?? ''
  headers['x-forwarded-uri'] = request.path
  headers['host'] = proxy.verify.is === 'as' ? proxy.verify.serverName : joinedPort(proxy.address, proxy.port)
  const options: RequestOptions = {
    host: proxy.address, port: proxy.port, method: request.method, path: proxy.path, agent: false, timeout: dialTimeoutMs,
    headers: { ...headers, ...more, ...(request.body.length > 0 && { 'content-length': request.body.length }) } as NonNullable<RequestOptions['headers']>,
  }
  const identity = proxy.identity === 'front-proxy' && frontProxy !== undefined ? { cert: frontProxy.certificate, key: frontProxy.key } : {}
  const verify = proxy.verify.is === 'never' ? { rejectUnauthorized: false } : { servername: proxy.verify.serverName, ...(proxy.verify.authority !== undefined && { ca: proxy.verify.authority }) }
  const forwarded = proxy.scheme === 'https' ? secureRequest({ ...options, ...identity, ...verify }) : plainRequest(options)
  // The time is for the way there: an answer, or a stream, may take as long as it likes.
  forwarded.on('socket', (socket) => { socket.once(proxy.scheme === 'https' ? 'secureConnect' : 'connect', () => { forwarded.setTimeout(0) }) })
  forwarded.on('timeout', () => { forwarded.destroy(new Error(`dial tcp ${proxy.address}:${proxy.port}: i/o timeout`)) })
  return forwarded
}

/** What the other server answered with, its own way of sending left out; a redirect within it is one within the proxy. */
function answerHeaders(response: IncomingMessage, { prefix }: Proxy): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(response.headers)) {
    if (value === undefined || name === 'connection' || name === 'keep-alive' || name === 'transfer-encoding' || name === 'upgrade') continue
    headers[name] = typeof value === 'string' ? value : value.join(', ')
  }
  const location = headers['location']
  if (prefix !== '' && location?.startsWith('/') === true && !location.startsWith('//')) headers['location'] = `${prefix}${location}`
  return headers
}

function headOf(status: number, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(sendable(headers)).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} ${status === 101 ? 'Switching Protocols' : 'Proxied'}\r\n${lines.join('')}\r\n`
}

function unreachable(error: DialError): PlainReply {
  return statusReply({ refused: true, code: 503, reason: 'ServiceUnavailable', message: `error trying to reach service: ${dialText(error)}` })
}
function dialText(error: DialError): string {
  const where = error.address === undefined ? '' : `dial tcp ${error.address}:${error.port}: `
  return `${where}${reasons[error.code ?? ''] ?? error.message}`
}
type DialError = Error & { readonly code?: string; readonly address?: string; readonly port?: number }
const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused', EHOSTUNREACH: 'connect: no route to host', ENETUNREACH: 'connect: network is unreachable', ETIMEDOUT: 'i/o timeout', ECONNRESET: 'EOF',
}
