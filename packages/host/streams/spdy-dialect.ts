import type { Duplex } from 'node:stream'
import type { Connect } from '@kubeskiff/core/server'
import { statusOfEnding, textOfEnding } from './ending.ts'
import { endWith, joinPort, portFailure } from './port-client.ts'
import { joinProcess, sizeOf } from './process-client.ts'
import { SpdySession, type SpdyStream } from './spdy.ts'
import type { PodStream, PortStream, ProcessStream } from './types.ts'

/** A client that announced streams and does not open them is given up. */
const openTimeoutMs = 30_000
const pairsMax = 1000

/** Serves a pod's stream to a client that speaks SPDY on this connection. */
export function serveSpdy(transport: Duplex, protocol: string, connect: Connect, stream: PodStream): void {
  if (stream.is === 'ports') servePorts(transport, connect, stream)
  else serveProcess(transport, protocol, connect, stream)
}

function serveProcess(transport: Duplex, protocol: string, { streams }: Connect, stream: ProcessStream): void {
  const resizes = streams.tty && (protocol === 'v4.channel.k8s.io' || protocol === 'v3.channel.k8s.io')
  const wanted = ['error', ...streams.stdin ? ['stdin'] : [], ...streams.stdout ? ['stdout'] : [], ...streams.stderr && !streams.tty ? ['stderr'] : [], ...resizes ? ['resize'] : []]
  const opened = new Map<string, SpdyStream>()
  let begun = false
  const timer = setTimeout(() => { transport.destroy() }, openTimeoutMs)
  const session = new SpdySession(transport, {
    isServer: true,
    onStream(each) {
      opened.set(each.headers['streamtype'] ?? '', each)
      if (begun || !wanted.every((name) => opened.has(name))) return
      begun = true
      clearTimeout(timer)
      begin()
    },
    onClose() { clearTimeout(timer); stream.close() },
  })
  const begin = (): void => {
    opened.get('error')?.resume()
    joinProcess({
      stdin: streams.stdin ? opened.get('stdin') : undefined,
      stdout: streams.stdout ? opened.get('stdout') : undefined,
      stderr: opened.get('stderr'),
      onResize(listen) { readSizes(opened.get('resize'), listen) },
      onGone() {}, // the session's end tells
      finish(ending) {
        const error = opened.get('error')
        const text = protocol === 'v4.channel.k8s.io' ? JSON.stringify(statusOfEnding(ending)) : textOfEnding(ending)
        const over = (): void => {
          for (const each of opened.values()) if (!each.writableEnded) each.end()
          session.close()
        }
        if (error === undefined || error.destroyed) over()
        else error.end(text, over)
      },
    }, stream)
  }
}

function readSizes(source: SpdyStream | undefined, listen: (size: { readonly width: number; readonly height: number }) => void): void {
  let carry = ''
  source?.on('data', (chunk: Buffer) => {
    const lines = `${carry}${chunk.toString()}`.split('\n')
    carry = lines.pop() ?? ''
    for (const line of lines) {
      const size = sizeOf(line)
      if (size !== undefined) listen(size)
    }
  })
}

function servePorts(transport: Duplex, connect: Connect, ports: PortStream): void {
  const waiting = new Map<string, { error?: SpdyStream; data?: SpdyStream }>()
  new SpdySession(transport, {
    isServer: true,
    onStream(each) {
      const { streamtype: kind = '', requestid: request = '', port = '' } = each.headers
      const pair = waiting.get(request) ?? {}
      if (kind === 'error') { pair.error = each; each.resume() } else pair.data = each
      if (pair.error === undefined || pair.data === undefined) {
        if (waiting.size >= pairsMax) { each.destroy(); return }
        waiting.set(request, pair)
        return
      }
      waiting.delete(request)
      forward(pair.data, pair.error, Number(port))
    },
    onClose() { ports.close() },
  })
  const forward = (data: SpdyStream, error: SpdyStream, port: number): void => {
    const pod = ports.dial(port)
    joinPort(data, pod, (why) => { endWith(error, portFailure(port, connect.pod.uid, why)) })
    data.once('close', () => { endWith(error, '') })
  }
}
