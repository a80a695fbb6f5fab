import { Duplex } from 'node:stream'
import { HeaderReader, HeaderWriter, type SpdyHeaders } from './spdy-headers.ts'

// Frames of SPDY/3.1:  control bit and version u16 · type u16 · flags u8 · length u24 · body, or stream u32 · flags u8 · length u24 · data.
const type = { synStream: 1, synReply: 2, rstStream: 3, settings: 4, ping: 6, goAway: 7, headers: 8, windowUpdate: 9 } as const
const finFlag = 1
const frameHeaderLength = 8
const controlBytesMax = 64 << 10
const dataBytesMax = 8 << 20
const streamsMax = 4000
const refusedStream = 3
const cancel = 5

/** One stream of a session. */
export class SpdyStream extends Duplex {
  readonly id: number
  readonly headers: SpdyHeaders
  readonly #session: SpdySession
  #wanted: (() => void) | undefined
  #isFinished = false

  constructor(session: SpdySession, id: number, headers: SpdyHeaders) {
    super({ allowHalfOpen: true })
    this.#session = session
    this.id = id
    this.headers = headers
  }

  /** Hands data to the reader; waits when it has enough. */
  async deliver(data: Buffer): Promise<void> {
    if (this.destroyed || this.push(data) || this.#session.isOver) return
    await new Promise<void>((resolve) => { this.#wanted = resolve })
  }
  /** The other side has nothing more to say. */
  finish(): void {
    this.#isFinished = true
    if (!this.destroyed) this.push(null)
  }
  /** The session is over: what arrived whole may still be read. */
  lose(): void {
    if (this.#isFinished && !this.readableEnded) this.once('end', () => { this.destroy() })
    else this.destroy()
  }
  release(): void { this.#wanted?.(); this.#wanted = undefined }
  override _read(): void { this.release() }
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void { this.#session.sendData(this.id, chunk, false, done) }
  override _final(done: (error?: Error | null) => void): void { this.#session.sendData(this.id, noBytes, true, done) }
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.release()
    this.#session.forget(this, !this.writableFinished || !this.readableEnded)
    done(error)
  }
}
const noBytes = Buffer.alloc(0)

/**
 * A SPDY/3.1 session over a connection that was upgraded. Like the clients that use it, it does not wait for windows to
 * open: TCP's own flow control holds both sides back.
 */
export class SpdySession {
  readonly #transport: Duplex
  readonly #onStream: (stream: SpdyStream) => void
  readonly #streams = new Map<number, SpdyStream>()
  readonly #reader = new HeaderReader()
  readonly #writer = new HeaderWriter()
  readonly #isServer: boolean
  #nextId: number
  #isOver = false

  constructor(transport: Duplex, options: { readonly isServer: boolean; readonly onStream: (stream: SpdyStream) => void; readonly onClose: () => void }) {
    this.#transport = transport
    this.#onStream = options.onStream
    this.#isServer = options.isServer
    this.#nextId = options.isServer ? 2 : 1
    transport.on('error', () => {}) // 'close' follows
    transport.once('close', () => {
      this.#isOver = true
      // What has arrived is still taken in, without waiting for readers.
      for (const stream of this.#streams.values()) stream.release()
    })
    this.#run().catch(() => { transport.destroy() }).finally(() => {
      this.#isOver = true
      for (const stream of [...this.#streams.values()]) stream.lose()
      this.#reader.close()
      options.onClose()
    })
  }

  get isOver(): boolean { return this.#isOver }

  /** Opens a stream of our own. */
  open(headers: SpdyHeaders): SpdyStream {
    const stream = new SpdyStream(this, this.#nextId, headers)
    this.#nextId += 2
    this.#streams.set(stream.id, stream)
    this.#control(type.synStream, 0, Buffer.concat([numbers(stream.id, 0), Buffer.alloc(2), this.#writer.write(headers)]))
    return stream
  }

  /** Says goodbye and closes, once what was written is out. */
  close(): void {
    if (this.#transport.writableEnded || this.#transport.destroyed) return
    this.#control(type.goAway, 0, numbers(Math.max(0, ...this.#streams.keys()), 0))
    this.#transport.end()
  }

  sendData(id: number, data: Buffer, fin: boolean, done: (error?: Error | null) => void): void {
    const header = Buffer.alloc(frameHeaderLength)
    header.writeUInt32BE(id, 0)
    header.writeUInt32BE(((fin ? finFlag : 0) * 0x1000000) + data.length, 4)
    if (this.#transport.destroyed || this.#transport.writableEnded) { done(new Error('the SPDY session is closed')); return }
    this.#transport.cork()
    this.#transport.write(header)
    this.#transport.write(data, done)
    this.#transport.uncork()
  }

  forget(stream: SpdyStream, wasCut: boolean): void {
    if (this.#streams.get(stream.id) !== stream) return
    this.#streams.delete(stream.id)
    if (wasCut) this.#control(type.rstStream, 0, numbers(stream.id, cancel))
  }

  async #run(): Promise<void> {
    let carry: Buffer = noBytes
    for await (const chunk of this.#transport as AsyncIterable<Buffer>) {
      carry = carry.length === 0 ? chunk : Buffer.concat([carry, chunk])
      let at = 0
      for (;;) {
        const end = frameEnd(carry, at)
        if (end === undefined) break
        await this.#take(carry.subarray(at, end))
        at = end
      }
      carry = carry.subarray(at)
    }
    this.#transport.end()
  }

  async #take(frame: Buffer): Promise<void> {
    const body = frame.subarray(frameHeaderLength)
    const flags = frame.readUInt8(4)
    if (!isControl(frame, 0)) { await this.#data(frame.readUInt32BE(0), body, (flags & finFlag) !== 0); return }
    switch (frame.readUInt16BE(2)) {
      case type.synStream: {
        const headers = await this.#reader.read(body.subarray(10))
        this.#opened(id(body), headers, (flags & finFlag) !== 0)
        return
      }
      // The context of the headers must see every block, also those that tell nothing.
      case type.synReply: case type.headers: await this.#reader.read(body.subarray(4)); return
      case type.rstStream: this.#streams.get(id(body))?.destroy(); return
      case type.ping: this.#control(type.ping, 0, body.subarray(0, 4)); return
      default: // settings, window updates, goodbye: nothing to do before the connection ends
    }
  }

  #opened(streamId: number, headers: SpdyHeaders, fin: boolean): void {
    if (this.#streams.size >= streamsMax) { this.#control(type.rstStream, 0, numbers(streamId, refusedStream)); return }
    const stream = new SpdyStream(this, streamId, headers)
    stream.on('error', () => {})
    this.#streams.set(streamId, stream)
    if (this.#isServer) this.#control(type.synReply, 0, Buffer.concat([numbers(streamId), this.#writer.write({})]))
    if (fin) stream.finish()
    this.#onStream(stream)
  }

  async #data(streamId: number, data: Buffer, fin: boolean): Promise<void> {
    const stream = this.#streams.get(streamId)
    if (stream === undefined) return
    if (data.length > 0) {
      await stream.deliver(data)
      for (const each of [streamId, 0]) this.#control(type.windowUpdate, 0, numbers(each, data.length))
    }
    if (fin) stream.finish()
  }

  #control(kind: number, flags: number, body: Buffer): void {
    if (this.#transport.destroyed || this.#transport.writableEnded) return
    const header = Buffer.alloc(frameHeaderLength)
    header.writeUInt32BE(0x80030000 + kind, 0)
    header.writeUInt32BE(flags * 0x1000000 + body.length, 4)
    this.#transport.write(Buffer.concat([header, body]))
  }
}

const isControl = (bytes: Buffer, at: number): boolean => (bytes.readUInt8(at) & 0x80) !== 0
const id = (body: Buffer): number => body.readUInt32BE(0) & 0x7fffffff

/** Where the frame that starts here ends; undefined when it is not all there yet. */
function frameEnd(bytes: Buffer, at: number): number | undefined {
  if (bytes.length - at < frameHeaderLength) return undefined
  const length = bytes.readUInt32BE(at + 4) & 0xffffff
  if (length > (isControl(bytes, at) ? controlBytesMax : dataBytesMax)) throw new Error(`a SPDY frame of ${length} bytes`)
  const end = at + frameHeaderLength + length
  return end <= bytes.length ? end : undefined
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4)
  return bytes
}
