import type { Readable, Writable } from 'node:stream'
import type { Ending, ProcessStream, TerminalSize } from './types.ts'

/** The client's end of an exec or attach, in whatever dialect. */
export interface ProcessClient {
  readonly stdin: Readable | undefined
  readonly stdout: Writable | undefined
  readonly stderr: Writable | undefined
  onResize(listen: (size: TerminalSize) => void): void
  onGone(tell: () => void): void
  /** The last word: how it ended. Output was all written. */
  finish(ending: Ending): void
}

/** Joins the client's end and the pod's, until one of them is over. */
export function joinProcess(client: ProcessClient, stream: ProcessStream): void {
  client.onGone(() => { stream.close() })
  client.onResize((size) => { stream.resize(size) })
  if (client.stdin !== undefined && stream.stdin !== undefined) {
    stream.stdin.on('error', ignore) // it ended before all input was read
    client.stdin.pipe(stream.stdin)
  } else client.stdin?.resume()
  const outputs = [flow(stream.stderr, client.stderr), flow(stream.stdout, client.stdout)]
  void Promise.all([stream.ended, ...outputs]).then(([ending]) => { client.finish(ending) })
}
const ignore = (): void => {}

/** Resolves when all is written, or nothing more can be. */
function flow(source: Readable | undefined, target: Writable | undefined): Promise<void> {
  if (source === undefined) return Promise.resolve()
  if (target === undefined) { source.on('error', ignore).resume(); return Promise.resolve() }
  return new Promise((resolve) => {
    source.once('error', () => { target.end() })
    target.once('finish', resolve).once('close', resolve).once('error', () => { resolve() })
    source.pipe(target)
  })
}

/** A terminal's size as clients send it: one JSON object a line or frame; undefined when it is none. */
export function sizeOf(text: string): TerminalSize | undefined {
  try {
    const size: unknown = JSON.parse(text)
    if (typeof size !== 'object' || size === null || !('Width' in size) || !('Height' in size)) return undefined
    const { Width: width, Height: height } = size
    return typeof width === 'number' && typeof height === 'number' ? { width, height } : undefined
  } catch {
    return undefined
  }
}
