import { connect, type TLSSocket } from 'node:tls'
import type { Target } from './world.ts'

interface Waiting { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void }
export interface Answer { readonly status: number; readonly body: Buffer }

const headEnd = Buffer.from('\r\n\r\n')

/** One HTTP/1.1 connection, one request at a time, with as little work as a client can do: it shares the server's cores. */
export class Line {
  readonly #socket: TLSSocket
  #received: Buffer = Buffer.alloc(0)
  #parts: Buffer[] = []
  #missing = 0
  #chunks: ChunkedBody | undefined
  #status = 0
  #waiting: Waiting | undefined
  #stream: ((bytes: Buffer) => void) | undefined

  private constructor(socket: TLSSocket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (bytes: Buffer) => { this.#take(bytes) })
    socket.on('error', (error) => { this.#waiting?.reject(error) })
    socket.on('close', () => { this.#waiting?.reject(new Error('the server closed the connection')) })
  }

  static open({ port, authority, certificate, key }: Target): Promise<Line> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, ca: authority, cert: certificate, key, ALPNProtocols: ['http/1.1'] }, () => { resolve(new Line(socket)) })
      socket.once('error', reject)
    })
  }

  request(method: string, path: string, body = '', contentType = 'application/json', accept = 'application/json'): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      const length = Buffer.byteLength(body)
      this.#socket.write(`${method} ${path} HTTP/1.1\r\nhost: localhost\r\naccept: ${accept}\r\ncontent-type: ${contentType}\r\ncontent-length: ${length}\r\n\r\n${body}`)
    })
  }

  /** Starts a request whose answer goes on; its bytes, chunk headers and all, go to `take`. */
  stream(path: string, take: (bytes: Buffer) => void): void {
    this.#stream = take
    this.#socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\naccept: application/json\r\n\r\n`)
  }

  close(): void { this.#waiting = undefined; this.#socket.destroy() }

  #take(bytes: Buffer): void {
    if (this.#stream !== undefined) { this.#stream(bytes); return }
    if (this.#chunks !== undefined) { this.#chunked(bytes); return }
    if (this.#missing > 0) { this.#body(bytes); return }
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes])
    const end = this.#received.indexOf(headEnd)
    if (end < 0) return
    const head = this.#received.toString('latin1', 0, end)
    const rest = this.#received.subarray(end + headEnd.length)
    this.#received = Buffer.alloc(0)
    this.#status = Number(head.slice(9, 12))
    const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
    if (length === undefined) {
      if (!/\r\ntransfer-encoding: chunked/i.test(head)) throw new Error(`no length in: ${head}`)
      this.#chunks = new ChunkedBody()
      this.#chunked(rest)
      return
    }
    this.#missing = Number(length)
    this.#parts = []
    this.#body(rest)
  }

  #chunked(bytes: Buffer): void {
    const whole = this.#chunks?.take(bytes)
    if (whole === undefined) return
    this.#chunks = undefined
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.resolve({ status: this.#status, body: whole })
  }

  #body(bytes: Buffer): void {
    this.#parts.push(bytes)
    this.#missing -= bytes.length
    if (this.#missing > 0) return
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.resolve({ status: this.#status, body: this.#parts.length === 1 ? bytes : Buffer.concat(this.#parts) })
  }
}

/** A body in chunks, put together. */
class ChunkedBody {
  readonly #parts: Buffer[] = []
  #line = ''
  #left = 0
  #ends = false

  /** The whole body once its last chunk has come. */
  take(bytes: Buffer): Buffer | undefined {
    let at = 0
    while (at < bytes.length) {
      if (this.#left > 0) {
        const part = bytes.subarray(at, at + this.#left)
        this.#parts.push(part)
        this.#left -= part.length
        at += part.length
        continue
      }
      const character = String.fromCharCode(bytes[at++] ?? 0)
      if (character !== '\n') { this.#line += character; continue }
      const line = this.#line.trim()
      this.#line = ''
      if (line === '') { if (this.#ends) return Buffer.concat(this.#parts); continue }
      this.#left = Number.parseInt(line, 16)
      this.#ends = this.#left === 0
    }
    return undefined
  }
}
