import { open, stat, type FileHandle } from 'node:fs/promises'
import { watch } from 'node:fs'
import { Readable } from 'node:stream'

/** Which part of a container's log to give, as the API's pod log options. */
export interface LogOptions {
  readonly follow: boolean
  readonly timestamps: boolean
  readonly tailLines?: number
  /** Nothing written before this instant. */
  readonly since?: number
  readonly limitBytes?: number
  readonly stream?: 'stdout' | 'stderr'
}

const blockBytes = 65536
const pollMs = 500

/** Reads a log in the CRI's format. With `follow`, goes on until `ended()` says that nothing more will come. */
export function readLog(path: string, options: LogOptions, ended: () => boolean): Readable {
  return Readable.from(entries(path, options, ended), { objectMode: false })
}

async function* entries(path: string, options: LogOptions, ended: () => boolean): AsyncGenerator<Buffer> {
  let file = await opened(path, ended)
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY
  try {
    let position = options.tailLines === undefined ? 0 : await startOfTail(file, options.tailLines)
    let rest = Buffer.alloc(0)
    for (;;) {
      // Asked before reading: what was written until the end is then surely read.
      const last = ended()
      for (;;) {
        const block = Buffer.alloc(blockBytes)
        const { bytesRead } = await file.read(block, 0, blockBytes, position)
        if (bytesRead === 0) break
        position += bytesRead
        const text = Buffer.concat([rest, block.subarray(0, bytesRead)])
        const end = text.lastIndexOf(10) + 1
        rest = text.subarray(end)
        const chunk = render(text.subarray(0, end), options)
        if (chunk.length > 0) yield chunk.subarray(0, left)
        left -= Math.min(left, chunk.length)
        if (left === 0) return
      }
      if (!options.follow) return
      const next = await successor(file, path)
      if (next !== undefined) {
        // What came between the last read and the change of files is at the old one's end.
        if ((await file.stat()).size > position) { await next.close(); continue }
        await file.close()
        file = next
        position = 0
        continue
      }
      if (last) return
      await change(path)
    }
  } finally {
    await file.close()
  }
}

/** Opens a log. One that is just being put aside is not there for a moment: its monitor begins the next. */
async function opened(path: string, ended: () => boolean): Promise<FileHandle> {
  for (let tries = 1; ; tries += 1) {
    // Asked before looking: a monitor that is gone begins no more.
    const last = ended() || tries === openTries
    try { return await open(path, 'r') } catch (error) {
      // Never as if nothing had been said.
      if (last || !(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw new Error(`failed to open log file ${JSON.stringify(path)}: ${error instanceof Error ? error.message : String(error)}`)
    }
    await new Promise((resolve) => { setTimeout(resolve, openWaitMs) })
  }
}
const openTries = 100
const openWaitMs = 20

/** The file that stands at a log's path when it is another one than ours: the log has been put aside, and goes on there. */
async function successor(file: FileHandle, path: string): Promise<FileHandle | undefined> {
  const there = await stat(path).catch(() => undefined)
  if (there === undefined || there.ino === (await file.stat()).ino) return undefined
  return open(path, 'r').catch(() => undefined)
}

/** One entry a line: '2026-11-20T23:49:59.855031853+00:00 stdout F text'; P marks a piece without its end of line. */
function render(lines: Buffer, options: LogOptions): Buffer {
  const pieces: Buffer[] = []
  for (let start = 0; start < lines.length;) {
    const end = lines.indexOf(10, start)
    const line = lines.subarray(start, end)
    start = end + 1
    const [first, second, third] = spaces(line)
    if (first === -1 || second === -1 || third === -1) continue
    const time = line.toString('latin1', 0, first)
    if (options.stream !== undefined && line.toString('latin1', first + 1, second) !== options.stream) continue
    if (options.since !== undefined && Date.parse(time) < options.since) continue
    if (options.timestamps) pieces.push(Buffer.from(`${time.replace('+00:00', 'Z')} `))
    // A whole line keeps its end: it is cut together with the newline.
    pieces.push(line.toString('latin1', second + 1, third) === 'P' ? line.subarray(third + 1) : Buffer.concat([line.subarray(third + 1), newline]))
  }
  return Buffer.concat(pieces)
}

const newline = Buffer.from('\n')

function spaces(line: Buffer): readonly [number, number, number] {
  const first = line.indexOf(32)
  const second = line.indexOf(32, first + 1)
  return [first, second, second === -1 ? -1 : line.indexOf(32, second + 1)]
}

/** Where the last `count` lines begin. */
async function startOfTail(file: FileHandle, count: number): Promise<number> {
  const { size } = await file.stat()
  if (count === 0) return size
  let seen = 0
  for (let end = size; end > 0; end -= blockBytes) {
    const start = Math.max(0, end - blockBytes)
    const block = Buffer.alloc(end - start)
    await file.read(block, 0, block.length, start)
    for (let index = block.length - 1; index >= 0; index -= 1) {
      if (block[index] !== 10 || start + index === size - 1) continue
      seen += 1
      if (seen === count) return start + index + 1
    }
  }
  return 0
}

/** Waits until the file changes, or for half a second. */
function change(path: string): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      watcher?.close()
      resolve()
    }
    const timer = setTimeout(done, pollMs)
    const watcher = tryWatch(path, done)
  })
}

function tryWatch(path: string, changed: () => void): { close(): void } | undefined {
  try {
    return watch(path, changed).on('error', changed)
  } catch {
    return undefined // Out of watches, or the file is gone: the timer is enough.
  }
}
