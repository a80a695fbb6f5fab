import type { Stats } from 'node:fs'
import { lstat, readdir, statfs } from 'node:fs/promises'
import type { MeasurableVolume, VolumeTold } from './measurable.ts'

/** What a file system has and has left. */
export interface FileSystem { readonly capacityBytes: number; readonly availableBytes: number; readonly usedBytes: number; readonly inodes: number; readonly inodesFree: number; readonly inodesUsed: number }
/** What is below a directory, on the disk. */
export interface DiskUse { readonly bytes: number; readonly inodes: number }

const blockBytes = 512

/** The file system that a path is on; undefined when there is no such path. */
export async function fileSystemOf(path: string): Promise<FileSystem | undefined> {
  const found = await statfs(path).catch(() => undefined)
  if (found === undefined) return undefined
  const { bsize, blocks, bfree, bavail, files, ffree } = found
  return { capacityBytes: blocks * bsize, availableBytes: bavail * bsize, usedBytes: (blocks - bfree) * bsize, inodes: files, inodesFree: ffree, inodesUsed: files - ffree }
}

/** Counts what is below a path on its own file system, as `du -x`: each file once, however many names it has. What goes away meanwhile is not counted. */
export async function diskUse(path: string): Promise<DiskUse> {
  const start = await lstat(path).catch(() => undefined)
  if (start === undefined) return { bytes: 0, inodes: 0 }
  let [bytes, inodes] = [0, 0]
  const seen = new Set<number>()
  const pending: { readonly path: string; readonly stats: Stats }[] = [{ path, stats: start }]
  for (let one = pending.pop(); one !== undefined; one = pending.pop()) {
    const { path: at, stats } = one
    if (stats.dev !== start.dev || (stats.nlink > 1 && !stats.isDirectory() && seen.has(stats.ino))) continue
    if (stats.nlink > 1) seen.add(stats.ino)
    bytes += stats.blocks * blockBytes
    inodes++
    if (!stats.isDirectory()) continue
    const names = await readdir(at).catch(() => [])
    for (const name of names) {
      const found = await lstat(`${at}/${name}`).catch(() => undefined)
      if (found !== undefined) pending.push({ path: `${at}/${name}`, stats: found })
    }
  }
  return { bytes, inodes }
}

interface Remembered<Answer> { readonly at: number; readonly answer: Promise<Answer> }

/** Remembers counts for a minute, as the kubelet does: counting reads every directory, or asks a driver. */
export class DiskUses {
  readonly #counted = new Map<string, Remembered<DiskUse>>()
  readonly #told = new Map<string, Remembered<VolumeTold | undefined>>()
  readonly #now: () => number

  constructor(now: () => number) { this.#now = now }

  of(path: string): Promise<DiskUse> { return this.#remembered(this.#counted, path, () => diskUse(path)) }

  /** What the keeper of a volume tells of it; nothing while, and where, it does not answer. */
  told(path: string, ask: () => Promise<VolumeTold | undefined>): Promise<VolumeTold | undefined> {
    const { promise: late, resolve } = Promise.withResolvers<VolumeTold>()
    const timer = setTimeout(() => { resolve({}) }, patienceMs)
    return Promise.race([this.#remembered(this.#told, path, () => ask().catch(() => ({}))), late]).finally(() => { clearTimeout(timer) })
  }

  #remembered<Answer>(known: Map<string, Remembered<Answer>>, path: string, count: () => Promise<Answer>): Promise<Answer> {
    const before = known.get(path)
    if (before !== undefined && this.#now() - before.at < keptMs) return before.answer
    const answer = count()
    known.set(path, { at: this.#now(), answer })
    return answer
  }

  /** Forgets what nobody has asked about for long. */
  tidy(): void {
    for (const known of [this.#counted, this.#told]) for (const [path, { at }] of known) if (this.#now() - at > 2 * keptMs) known.delete(path)
  }
}
const keptMs = 60_000
/** Who does not answer does not keep the others' numbers back. */
const patienceMs = 5_000

/** What a volume holds, and what it has and has left: as its keeper tells, else as its file system does, for it may be large and far; without a keeper it is counted here. */
export async function volumeUse({ path, told }: Pick<MeasurableVolume, 'path' | 'told'>, uses: DiskUses): Promise<{ readonly use: DiskUse; readonly disk: FileSystem | undefined }> {
  const kept = told && await uses.told(path, told)
  const system = await fileSystemOf(path)
  if (kept === undefined) return { use: await uses.of(path), disk: system }
  const { bytes, inodes } = kept
  return {
    use: { bytes: bytes?.used ?? system?.usedBytes ?? 0, inodes: inodes?.used ?? system?.inodesUsed ?? 0 },
    disk: system && {
      ...system, ...(bytes !== undefined && { capacityBytes: bytes.total, availableBytes: bytes.available, usedBytes: bytes.used }), ...(inodes !== undefined && { inodes: inodes.total, inodesFree: inodes.available, inodesUsed: inodes.used }),
    },
  }
}
