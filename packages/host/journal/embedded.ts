import { mkdir, open, readdir, rename, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Revision } from '@kubeskiff/core/api'
import { invariant, wordsOf } from '@kubeskiff/core/base'
import type { Journal, JournalRecord } from '@kubeskiff/core/store'
import { FrameCopy, framedKey, frameOf, recordsIn, unframed } from './record-bytes.ts'
import { framesOf, JournalProblem, Segment, wholeFramesOf } from './segment.ts'

/** A log file is closed, and the next begun, beyond this. */
const segmentBytesMax = 16 << 20
/** Below this a failed write is put down to a full disk, whatever the system called it. */
const fullDiskBytes = 64 << 10
const baseFrameBytes = 1 << 20

/**
 * The default journal: files in the folder `journal` of the data directory. `log-R` holds what was appended from
 * revision R on, one frame a group, synced before `append` resolves; `base-R` holds the newest record of every key up
 * to R. A rejected append has changed nothing and may be tried again.
 */
export async function openEmbeddedJournal(dataDirectory: string): Promise<Journal> {
  const directory = join(dataDirectory, 'journal')
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const journal = new EmbeddedJournal(directory)
  await journal.open()
  return journal
}

/** A file to fold, and the revision after which its records count. */
interface Source { readonly path: string; readonly after: Revision; readonly frames: typeof framesOf }
interface LogFile { readonly first: Revision; readonly path: string }

class EmbeddedJournal implements Journal {
  readonly #directory: string
  #base: { readonly revision: Revision; readonly path: string | undefined } = { revision: 0, path: undefined }
  /** Oldest first; the last is the one being written, once there is a segment. */
  #logs: LogFile[] = []
  #segment: Segment | undefined
  #head: Revision = 0
  #appending: Promise<unknown> = Promise.resolve()
  #folding: Promise<unknown> = Promise.resolve()

  constructor(directory: string) { this.#directory = directory }

  async open(): Promise<void> {
    const names = await readdir(this.#directory)
    for (const name of names) if (name.endsWith('.new')) await rm(join(this.#directory, name))
    const bases = numbered(names, 'base-')
    const revision = bases.at(-1) ?? 0
    this.#base = { revision, path: bases.length === 0 ? undefined : join(this.#directory, `base-${revision}`) }
    this.#logs = numbered(names, 'log-').map((first) => ({ first, path: join(this.#directory, `log-${first}`) }))
    this.#head = revision
    for (const [index, { path }] of this.#logs.entries()) await this.#check(path, index === this.#logs.length - 1)
    await this.#dropFolded()
  }

  /** Finds the newest revision, and cuts off what a crash left half written. */
  async #check(path: string, isLast: boolean): Promise<void> {
    const frames = framesOf(path)
    let step = await frames.next()
    for (; step.done !== true; step = await frames.next()) {
      for (const { revision } of recordsIn(step.value.frame)) {
        if (revision <= this.#base.revision) continue
        if (revision !== this.#head + 1) throw new JournalProblem(`${path} has revision ${revision} after ${this.#head}: a file of the journal is missing or damaged, restore it from a copy`)
        this.#head = revision
      }
    }
    if (!isLast) return
    if (step.value === 0) { await rm(path); this.#logs.pop() }
    else this.#segment = await Segment.continue(path, step.value)
  }

  append(records: readonly JournalRecord[]): Promise<void> { return this.#inTurn(() => this.#append(records)) }

  async #append(records: readonly JournalRecord[]): Promise<void> {
    const first = records[0]
    if (first === undefined) return
    let expected = this.#head
    for (const { revision } of records) invariant(revision === ++expected, `revision ${revision} follows ${expected - 1} in the journal`)
    try {
      if (this.#segment !== undefined && this.#segment.length > segmentBytesMax) await this.#seal()
      this.#segment ??= await this.#begin(first.revision)
      await this.#segment.append(frameOf(records))
    } catch (error) {
      throw new JournalProblem(await this.#describe(error), { cause: error })
    }
    this.#head = expected
  }

  async *recover(): AsyncGenerator<JournalRecord | { readonly base: Revision }> {
    const { revision, path } = this.#base
    if (path !== undefined) for await (const { frame } of wholeFramesOf(path)) for (const record of recordsIn(frame)) yield unframed(record)
    yield { base: revision }
    for (const log of [...this.#logs]) {
      for await (const { frame } of framesOf(log.path)) for (const record of recordsIn(frame)) if (record.revision > revision) yield unframed(record)
    }
  }

  compact(through: Revision): Promise<void> {
    const done = this.#folding.then(() => this.#fold(Math.min(through, this.#head)))
    this.#folding = done.catch(() => undefined)
    return done
  }

  async close(): Promise<void> {
    await this.#folding
    await this.#inTurn(() => this.#seal())
  }

  /** Writes a new base beside the old one; appends go on meanwhile, in a log file of their own. */
  async #fold(through: Revision): Promise<void> {
    if (through <= this.#base.revision) return
    await this.#inTurn(() => this.#seal())
    const logs = this.#logs.filter(({ first }) => first <= through).map(({ path }) => ({ path, after: this.#base.revision, frames: framesOf }))
    const sources = this.#base.path === undefined ? logs : [{ path: this.#base.path, after: 0, frames: wholeFramesOf }, ...logs]
    const newest = await newestOf(sources, through)
    const path = join(this.#directory, `base-${through}`)
    try {
      await writeBase(`${path}.new`, sources, newest)
      await rename(`${path}.new`, path)
      await this.#syncDirectory()
    } catch (error) {
      await rm(`${path}.new`, { force: true })
      throw new JournalProblem(await this.#describe(error), { cause: error })
    }
    const old = this.#base.path
    this.#base = { revision: through, path }
    if (old !== undefined) await rm(old)
    await this.#inTurn(() => this.#dropFolded())
  }

  /** Removes log files whose every revision is in the base, and bases that a crash kept beside the newest. */
  async #dropFolded(): Promise<void> {
    const kept: LogFile[] = []
    for (const [index, log] of this.#logs.entries()) {
      const next = this.#logs[index + 1]
      const last = next !== undefined ? next.first - 1 : this.#head
      const isWritten = next === undefined && this.#segment !== undefined
      if (last <= this.#base.revision && !isWritten) await rm(log.path)
      else kept.push(log)
    }
    this.#logs = kept
    for (const revision of numbered(await readdir(this.#directory), 'base-')) if (revision < this.#base.revision) await rm(join(this.#directory, `base-${revision}`), { force: true })
  }

  async #begin(first: Revision): Promise<Segment> {
    const path = join(this.#directory, `log-${first}`)
    const segment = await Segment.create(path)
    await this.#syncDirectory()
    // A try before this one may have made the file and then failed.
    if (this.#logs.at(-1)?.path !== path) this.#logs.push({ first, path })
    return segment
  }

  async #seal(): Promise<void> {
    const segment = this.#segment
    this.#segment = undefined
    await segment?.close()
  }

  async #syncDirectory(): Promise<void> {
    if (process.platform === 'win32') return // directories cannot be opened there
    const handle = await open(this.#directory, 'r')
    await handle.sync()
    await handle.close()
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#appending.then(act)
    this.#appending = done.catch(() => undefined)
    return done
  }

  async #describe(error: unknown): Promise<string> {
    const { bavail, bsize } = await statfs(this.#directory)
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOSPC' || code === 'EDQUOT' || bavail * bsize < fullDiskBytes) return `no space left on the disk of ${this.#directory}`
    return wordsOf(error)
  }
}

/** The newest revision of every key that is there at `through`. */
async function newestOf(sources: readonly Source[], through: Revision): Promise<ReadonlySet<Revision>> {
  const newest = new Map<string, Revision>()
  for (const { path, after, frames } of sources) {
    for await (const { frame } of frames(path)) {
      for (const record of recordsIn(frame)) {
        if (record.revision <= after || record.revision > through) continue
        if (record.isPresent) newest.set(framedKey(record), record.revision)
        else newest.delete(framedKey(record))
      }
    }
  }
  return new Set(newest.values())
}

async function writeBase(path: string, sources: readonly Source[], wanted: ReadonlySet<Revision>): Promise<void> {
  const base = await Segment.create(path)
  try {
    const copy = new FrameCopy(2 * baseFrameBytes)
    for (const { path: source, after, frames } of sources) {
      for await (const { frame } of frames(source)) {
        for (const record of recordsIn(frame)) {
          if (record.revision <= after || !wanted.has(record.revision)) continue
          copy.add(record)
          if (copy.length > baseFrameBytes) await base.write(copy.take())
        }
      }
    }
    if (!copy.isEmpty) await base.write(copy.take())
    await base.sync()
  } finally {
    await base.close()
  }
}

const numbered = (names: readonly string[], prefix: string): number[] =>
  names.filter((name) => name.startsWith(prefix)).map((name) => Number(name.slice(prefix.length))).filter(Number.isSafeInteger).sort((a, b) => a - b)
