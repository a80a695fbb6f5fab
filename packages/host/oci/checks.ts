import type { IncomingMessage } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { lookup } from 'node:dns/promises'
import { isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { wordsOf } from '@kubeskiff/core/base'
import type { Check } from '@kubeskiff/core/kubelet'
import { SystemCallError } from '../linux/libc.ts'
import { killNumber } from '../linux/processes.ts'
import { connectFrom } from '../network/sockets.ts'
import { startExec, type ExecTarget } from './execute.ts'
import { joinedPort } from '@kubeskiff/core/network'

export interface CheckResult { readonly ok: boolean; readonly output: string }
export interface CheckPlace extends ExecTarget {
  /** The pod's address: where a check goes that names no host. */
  readonly address: string
  /** The node's network namespace: where the kubelet stands. */
  readonly namespace: string
}

const outputBytes = 10 * 1024
const redirectLimit = 10

/** Runs one check to its end or its timeout. The words are the kubelet's prober's. */
export async function runCheck(check: Check, timeoutSeconds: number, place: CheckPlace): Promise<CheckResult> {
  // What a pod says of its checks must not be able to end those of others.
  try { return await begun(check, timeoutSeconds, place) } catch (error) { return { ok: false, output: wordsOf(error) } }
}

function begun(check: Check, timeoutSeconds: number, place: CheckPlace): Promise<CheckResult> {
  const timeoutMs = Math.max(1, timeoutSeconds) * 1000
  if (check.is === 'exec') return execCheck(check.command, timeoutMs, place)
  if (check.is === 'tcp') return tcpCheck(check.host === '' ? place.address : check.host, check.port, timeoutMs, place)
  if (check.is === 'http') return httpCheck(check, timeoutMs, place)
  if (check.is === 'grpc') return grpcCheck(check, timeoutMs, timeoutSeconds, place)
  return new Promise((resolve) => setTimeout(() => resolve({ ok: true, output: '' }), check.seconds * 1000))
}

function execCheck(command: readonly string[], timeoutMs: number, place: CheckPlace): Promise<CheckResult> {
  return new Promise((resolve) => {
    const exec = startExec(place, command, { terminal: false, stdin: false })
    let output = ''
    const add = (chunk: Buffer): void => { if (output.length < outputBytes) output = (output + chunk.toString()).slice(0, outputBytes) }
    exec.child.stdout?.on('data', add)
    exec.child.stderr?.on('data', add)
    const finish = (result: CheckResult): void => {
      clearTimeout(timer)
      exec.forget()
      resolve(result)
    }
    const timer = setTimeout(() => {
      const pid = exec.pid()
      if (pid !== undefined) killNumber(pid)
      exec.child.kill('SIGKILL')
      finish({ ok: false, output: `command ${JSON.stringify(command.join(' '))} timed out` })
    }, timeoutMs)
    exec.child.on('error', (error) => finish({ ok: false, output: error.message }))
    exec.child.on('close', (code) => finish({ ok: code === 0, output }))
  })
}

/** The address of a host that a check names; the machine's resolver is asked where it is a name. */
async function addressOf(host: string): Promise<string> {
  const plain = host.replace(/^\[(.*)\]$/, '$1')
  return isIP(plain) !== 0 ? plain : (await lookup(plain, 4).catch(() => lookup(plain, 6))).address
}

async function tcpCheck(host: string, port: number, timeoutMs: number, place: CheckPlace): Promise<CheckResult> {
  const address = await addressOf(host).catch(() => undefined)
  if (address === undefined) return { ok: false, output: `dial tcp: lookup ${host}: no such host` }
  return new Promise((resolve) => {
    const failed = (error: unknown): void => done({ ok: false, output: dialError(host, port, error) })
    let socket: Socket | undefined
    const timer = setTimeout(() => done({ ok: false, output: `dial tcp ${joinedPort(host, port)}: i/o timeout` }), timeoutMs)
    const done = (result: CheckResult): void => {
      clearTimeout(timer)
      socket?.destroy()
      resolve(result)
    }
    try {
      socket = connectFrom(place.namespace, { address, port })
      whenConnected(socket, () => done({ ok: true, output: '' }))
      socket.on('error', failed)
    } catch (error) {
      failed(error)
    }
  })
}

/** A socket made from a descriptor does not say when it is connected: an empty write is done only then. */
function whenConnected(socket: Socket, then: () => void): void {
  socket.write('', (error) => { if (error === undefined || error === null) then() })
}

function httpCheck(check: Extract<Check, { is: 'http' }>, timeoutMs: number, place: CheckPlace): Promise<CheckResult> {
  const host = check.host === '' ? place.address : check.host
  const deadline = AbortSignal.timeout(timeoutMs)
  const path = check.path.startsWith('/') ? check.path : `/${check.path}`
  const shown = `${check.scheme.toLowerCase()}://${joinedPort(host, check.port)}${path}`
  if (!URL.canParse(shown)) return Promise.resolve({ ok: false, output: `parse ${JSON.stringify(shown)}: invalid host` })
  const first = new URL(shown)
  return follow(first, 0).catch((error): CheckResult => {
    const why = deadline.aborted ? 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)' : dialError(host, check.port, error)
    return { ok: false, output: `Get ${JSON.stringify(shown)}: ${why}` }
  })

  async function follow(url: URL, redirects: number): Promise<CheckResult> {
    const answer = await ask(url)
    const status = answer.statusCode ?? 0
    const location = answer.headers.location
    answer.resume()
    if (status >= 300 && status < 400 && location !== undefined) {
      const next = new URL(location, url)
      // As the prober: a redirect to another host is a success, and one chain has ten steps.
      if (next.hostname !== url.hostname) return { ok: true, output: '' }
      if (redirects >= redirectLimit) return { ok: false, output: `Get ${JSON.stringify(shown)}: stopped after 10 redirects` }
      return follow(next, redirects + 1)
    }
    return status >= 200 && status < 400 ? { ok: true, output: '' } : { ok: false, output: `HTTP probe failed with statuscode: ${status}` }
  }

  async function ask(url: URL): Promise<IncomingMessage> {
    const address = await addressOf(url.hostname)
    const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
    const headers: Record<string, string> = { 'User-Agent': 'kube-probe/1.36', Accept: '*/*', Connection: 'close' }
    for (const [name, value] of check.headers) headers[name] = value
    return new Promise((resolve, reject) => {
      const raw = connectFrom(place.namespace, { address, port })
      raw.on('error', reject)
      // As the prober: certificates of probed servers are not looked at.
      const socket = url.protocol === 'https:' ? connectTls({ socket: raw, rejectUnauthorized: false }) : raw
      // An import of node:http would load its WebSocket too: 20 ms and 5 MB.
      const send = url.protocol === 'https:' ? httpsRequest : process.getBuiltinModule('node:http').request
      // No agent is named: one would make a connection of its own, beside this one and from elsewhere.
      const sent = send(url, { headers, signal: deadline, createConnection: () => socket }, resolve)
      sent.on('error', (error) => {
        raw.destroy()
        reject(error)
      })
      sent.on('close', () => raw.destroy())
      sent.end()
    })
  }
}

const healthStates = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN']

function grpcCheck(check: Extract<Check, { is: 'grpc' }>, timeoutMs: number, timeoutSeconds: number, place: CheckPlace): Promise<CheckResult> {
  const where = joinedPort(place.address, check.port)
  return new Promise((resolve) => {
    let socket: Socket
    try {
      socket = connectFrom(place.namespace, { address: place.address, port: check.port })
    } catch {
      return resolve({ ok: false, output: `timeout: failed to connect service ${JSON.stringify(where)} within ${timeoutSeconds}s: context deadline exceeded` })
    }
    socket.on('error', () => undefined) // Told by the session.
    const session = connectHttp2(`http://${where}`, { createConnection: () => socket })
    const done = (result: CheckResult): void => {
      clearTimeout(timer)
      session.destroy()
      socket.destroy()
      resolve(result)
    }
    const unreachable = (): void => done({ ok: false, output: `timeout: failed to connect service ${JSON.stringify(where)} within ${timeoutSeconds}s: context deadline exceeded` })
    const timer = setTimeout(unreachable, timeoutMs)
    session.on('error', unreachable)
    const stream = session.request({ ':method': 'POST', ':path': '/grpc.health.v1.Health/Check', 'content-type': 'application/grpc', te: 'trailers', 'user-agent': 'kube-probe/1.36' })
    const name = Buffer.from(check.service)
    const message = name.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, name.length]), name])
    const head = Buffer.alloc(5)
    head.writeUInt32BE(message.length, 1)
    let body = Buffer.alloc(0)
    let status = ''
    let reason = ''
    stream.on('response', (headers) => { status = String(headers['grpc-status'] ?? '') ; reason = String(headers['grpc-message'] ?? '') })
    stream.on('trailers', (headers) => { status = String(headers['grpc-status'] ?? status) ; reason = String(headers['grpc-message'] ?? reason) })
    stream.on('data', (chunk: Buffer) => { body = Buffer.concat([body, chunk]) })
    stream.on('error', unreachable)
    stream.on('end', () => {
      if (status === '12') return done({ ok: false, output: 'error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ' + reason })
      if (status !== '0') return done({ ok: false, output: `error: health rpc probe failed: rpc error: code = ${status} desc = ${reason}` })
      const state = body[5] === 0x08 ? body[6] ?? 0 : 0
      done(state === 1 ? { ok: true, output: 'service healthy' } : { ok: false, output: `service unhealthy (responded with ${JSON.stringify(healthStates[state] ?? 'UNKNOWN')})` })
    })
    stream.end(Buffer.concat([head, message]))
  })
}

const errorWords: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused', EHOSTUNREACH: 'no route to host', ENETUNREACH: 'network is unreachable', ETIMEDOUT: 'connection timed out',
}

function dialError(host: string, port: number, error: unknown): string {
  if (error instanceof SystemCallError) return `dial tcp ${joinedPort(host, port)}: connect: ${error.message.slice(error.message.lastIndexOf(': ') + 2)}`
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const known = errorWords[code]
  if (known !== undefined) return `dial tcp ${joinedPort(host, port)}: connect: ${known}`
  return code === 'ECONNRESET' || error.message === 'socket hang up' ? 'EOF' : error.message
}
