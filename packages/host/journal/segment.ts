import { open, stat, type FileHandle } from 'node:fs/promises'
import { basename } from 'node:path'
import { frameHeaderLength, frameLength, isFrame } from './record-bytes.ts'

/** What is wrong with the disk or a file of the journal: the message says what to do. */
export class JournalProblem extends Error {}

/** Stands first in every file, and changes with the layout. */
const heading = Buffer.from('skiff journal 1\n')
const readBytes = 4 << 20
/** A frame is one group of writes: anything longer is damage. */
const frameBytesMax = 1 << 30

/** One file of frames, written at its end only. A failed write leaves it as it was, for the next to go to the same place. */
export class Segment {
  readonly path: string
  readonly #file: FileHandle
  #length: number

  private constructor(path: string, file: FileHandle, length: number) { this.path = path; this.#file = file; this.#length = length }

  static async create(path: string): Promise<Segment> {
    const file = await open(path, 'w', 0o600)
    const segment = new Segment(path, file, 0)
    await segment.write(heading)
    await segment.sync()
    return segment
  }
  /** Goes on with a file whose first `length` bytes are good. */
  static async continue(path: string, length: number): Promise<Segment> {
    const file = await open(path, 'r+')
    await file.truncate(length)
    return new Segment(path, file, length)
  }

  get length(): number { return this.#length }

  /** Not durable before `sync`. When it rejects, the bytes do not count. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, this.#length + done)
      done += bytesWritten
    }
    this.#length += bytes.length
  }
  async sync(): Promise<void> { await this.#file.datasync() }

  /** Writes and syncs: afterwards the bytes survive a power cut. After a failure the file counts as it was before. */
  async append(bytes: Uint8Array): Promise<void> {
    const before = this.#length
    try {
      await this.write(bytes)
      await this.sync()
    } catch (error) {
      this.#length = before
      throw error
    }
  }
  async close(): Promise<void> { await this.#file.close() }
}

/**
 * The good frames of a file with their places, then the length of its good part. A write that was cut short ends the
 * file; a bad frame with a good one behind it is damage, which only a person can judge. A frame is good until the next is
 * asked for: one buffer holds them all, since a log that is folded is many times what the heap should see of it.
 */
export async function* framesOf(path: string): AsyncGenerator<{ readonly frame: Buffer; readonly at: number }, number> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const start = Buffer.alloc(heading.length)
    await file.read(start, 0, start.length, 0)
    if (!start.equals(heading)) {
      // Cut short while it was made: nothing was ever acknowledged from it.
      if (size < heading.length || start.every((byte) => byte === 0)) return 0
      throw new JournalProblem(`${path} is not a journal file that this version of Skiff reads: it starts with ${JSON.stringify(start.toString('latin1'))}. Move it away to start afresh, or use the version that wrote it`)
    }
    let bytes = Buffer.allocUnsafeSlow(Math.min(readBytes, size))
    let held = 0
    let at = heading.length
    for (let read = heading.length; read < size;) {
      // Room for the frame that has begun, and some of what follows.
      const wanted = Math.min(frameLength(bytes.subarray(0, held), 0) ?? 0, size - at, frameBytesMax)
      if (wanted > bytes.length) {
        const larger = Buffer.allocUnsafeSlow(wanted)
        bytes.copy(larger, 0, 0, held)
        bytes = larger
      }
      const { bytesRead } = await file.read(bytes, held, bytes.length - held, read)
      if (bytesRead === 0) break
      read += bytesRead
      held += bytesRead
      const filled = bytes.subarray(0, held)
      let taken = 0
      for (;;) {
        const length = frameLength(filled, taken)
        if (length === undefined || length > held - taken) break
        if (!isFrame(filled, taken)) {
          if (await isFrameIn(file, at + length, size)) throw new JournalProblem(`${basename(path)} is damaged at byte ${at}, and what follows is not: restore ${path} from a copy`)
          return at
        }
        yield { frame: filled.subarray(taken, taken + length), at }
        taken += length
        at += length
      }
      bytes.copyWithin(0, taken, held)
      held -= taken
    }
    return at
  } finally {
    await file.close()
  }
}

/** Whether a whole frame starts at a place in a file, wherever the reading of it is. */
async function isFrameIn(file: FileHandle, at: number, size: number): Promise<boolean> {
  const start = Buffer.alloc(frameHeaderLength)
  const { bytesRead } = await file.read(start, 0, start.length, at)
  const length = frameLength(start.subarray(0, bytesRead), 0)
  if (length === undefined || length > frameBytesMax || at + length > size) return false
  const frame = Buffer.allocUnsafeSlow(length)
  return (await file.read(frame, 0, length, at)).bytesRead === length && isFrame(frame, 0)
}

/** The frames of a file that had its name only when all of it was on the disk: where it ends before its end, it is damaged. */
export async function* wholeFramesOf(path: string): ReturnType<typeof framesOf> {
  const good = yield* framesOf(path)
  if (good === 0 || good !== (await stat(path)).size) throw new JournalProblem(`${basename(path)} is damaged at byte ${good}: restore ${path} from a copy`)
  return good
}
