import { Readable, Writable } from 'node:stream'
import type { RawData, WebSocket } from 'ws'
import type { Connect } from '@kubeskiff/core/server'
import { statusOfEnding, textOfEnding } from './ending.ts'
import { portFailure } from './port-client.ts'
import { joinProcess, sizeOf } from './process-client.ts'
import type { PodStream, PortStream, ProcessStream, TerminalSize } from './types.ts'

const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const

/** Serves a pod's stream to a client that speaks channels over WebSocket: the first byte of a frame says which. */
export function serveWebSocket(webSocket: WebSocket, protocol: string, connect: Connect, stream: PodStream): void {
  const base64 = protocol.includes('base64')
  const channels = new Channels(webSocket, base64)
  if (stream.is === 'ports') servePorts(channels, connect, stream)
  else serveProcess(channels, protocol, connect, stream)
}

/** Frames by channel, with back-pressure both ways. */
class Channels {
  readonly webSocket: WebSocket
  readonly #base64: boolean
  readonly #listeners = new Map<number, (data: Buffer) => void>()
  readonly #paused = new Set<Readable>()

  constructor(webSocket: WebSocket, base64: boolean) {
    this.webSocket = webSocket
    this.#base64 = base64
    webSocket.on('message', (data: RawData) => {
      const frame = Buffer.isBuffer(data) ? data : Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data)
      const first = frame[0]
      if (first === undefined) return
      if (base64) this.#listeners.get(first - zeroDigit)?.(Buffer.from(frame.toString('latin1', 1), 'base64'))
      else this.#listeners.get(first)?.(frame.subarray(1))
    })
  }

  send(number: number, data: Buffer, sent: (error?: Error | null) => void = () => {}): void {
    if (this.#base64) this.webSocket.send(String.fromCharCode(zeroDigit + number) + data.toString('base64'), { binary: false }, sent)
    else this.webSocket.send(Buffer.concat([Buffer.from([number]), data]), sent)
  }
  on(number: number, listen: (data: Buffer) => void): void { this.#listeners.set(number, listen) }

  writer(number: number): Writable {
    return new Writable({ write: (chunk: Buffer, _encoding, done) => { this.send(number, chunk, done) } })
  }
  /** What comes on a channel; when nobody reads it, the whole connection waits. */
  reader(number: number): Readable {
    const reader = new Readable({
      read: () => {
        if (this.#paused.delete(reader) && this.#paused.size === 0) this.webSocket.resume()
      },
    })
    this.on(number, (data) => {
      if (reader.destroyed || reader.readableEnded || data.length === 0 || reader.push(data)) return
      this.#paused.add(reader)
      this.webSocket.pause()
    })
    return reader
  }
}
const zeroDigit = 48

function serveProcess(channels: Channels, protocol: string, { streams }: Connect, stream: ProcessStream): void {
  const { webSocket } = channels
  const stdin = streams.stdin ? channels.reader(channel.stdin) : undefined
  // Only v5 can end its input: the channel that ends is named on the last one.
  channels.on(channel.close, (data) => { if (data[0] === channel.stdin) stdin?.push(null) })
  joinProcess({
    stdin,
    stdout: streams.stdout ? channels.writer(channel.stdout) : undefined,
    stderr: streams.stderr && !streams.tty ? channels.writer(channel.stderr) : undefined,
    onResize(listen: (size: TerminalSize) => void) {
      channels.on(channel.resize, (data) => {
        const size = sizeOf(data.toString())
        if (size !== undefined) listen(size)
      })
    },
    onGone(tell) { webSocket.once('close', tell) },
    finish(ending) {
      if (webSocket.readyState !== webSocket.OPEN) return
      const text = /^v[45]\./.test(protocol) ? JSON.stringify(statusOfEnding(ending)) : textOfEnding(ending)
      if (text !== '') channels.send(channel.error, Buffer.from(text))
      webSocket.close(1000)
    },
  }, stream)
}

/** Two channels a port, data and error; the first frame of each tells the port. */
function servePorts(channels: Channels, connect: Connect, ports: PortStream): void {
  const { webSocket } = channels
  let open = connect.ports.length
  webSocket.once('close', () => { ports.close() })
  for (const [index, port] of connect.ports.entries()) {
    const [data, error] = [index * 2, index * 2 + 1]
    const name = Buffer.alloc(2)
    name.writeUInt16LE(port)
    channels.send(data, name)
    channels.send(error, name)
    const pod = ports.dial(port)
    const reader = channels.reader(data)
    webSocket.once('close', () => { reader.push(null); pod.destroy() })
    pod.on('error', (why) => { if (webSocket.readyState === webSocket.OPEN) channels.send(error, Buffer.from(portFailure(port, connect.pod.uid, why))) })
    pod.once('close', () => { if (--open === 0) webSocket.close(1000) })
    reader.pipe(pod)
    pod.pipe(channels.writer(data)).on('error', () => {})
  }
}
