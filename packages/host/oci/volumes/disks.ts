import { closeSync, existsSync, fstatSync, ftruncateSync, mkdirSync, openSync, readFileSync, readdirSync, readSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { wordsOf } from '@kubeskiff/core/base'
import type { VolumeSpec } from '@kubeskiff/core/kubelet'
import { deviceNumbers } from '../../linux/device-numbers.ts'
import { blockMount, mountsBelow } from '../../linux/mounts.ts'
import { run } from '../../linux/processes.ts'

type Disk = Extract<VolumeSpec, { readonly is: 'disk' }>

/** A block device as containers are given it. */
export interface DiskNode { readonly path: string; readonly type: 'b'; readonly major: number; readonly minor: number; readonly fileMode: number; readonly uid: number; readonly gid: number }

/** Makes a disk as large as it is to be, and mounts it at `target` where it has a file system. Says why that has not grown, where it has not; `before` is what it said the last time. */
export async function prepareDisk({ path, sizeBytes, fileSystem }: Disk, target: string, before: string | undefined): Promise<string | undefined> {
  const grew = sizeBytes === undefined ? false : makeFile(path, sizeBytes)
  const device = await attach(path)
  // The device learns of its new size; a file system on it is told below.
  if (grew && device !== path) await tool('losetup', ['--set-capacity', device])
  if (fileSystem === undefined) return undefined
  const isExt = fileSystem.type.startsWith('ext')
  if (!mountsBelow(target).includes(target)) {
    const taken = extSize(path)
    const isEmpty = taken === undefined && (await run('blkid', ['-p', device])).code === nothingFound
    if (isEmpty) await tool(`mkfs.${fileSystem.type}`, isExt ? ['-q', '-m0', device] : [device])
    // Whoever has it mounted elsewhere checks it no more.
    else if (taken !== undefined && sizeBytes !== undefined && taken + blockMost <= sizeBytes && !isUsed(device)) await growAtRest(device)
    mkdirSync(target, { recursive: true })
    blockMount(device, target, fileSystem.type, fileSystem.options)
    // It goes with its last mount.
    if (device !== path) await tool('losetup', ['--detach', device])
  }
  if (!grew && before === undefined) return undefined
  try {
    await (isExt ? tool('resize2fs', [device]) : tool(`${fileSystem.type}_growfs`, [target]))
    return undefined
  } catch (error) {
    // A mounted ext4 may be grown only with CAP_SYS_RESOURCE: then it waits until it is mounted again.
    return wordsOf(error)
  }
}
const nothingFound = 2

const superblockAt = 1024
const magic = 0xef53
const blockMost = 65_536
/** The bytes that an ext file system takes, from its superblock; undefined where there is none. */
function extSize(path: string): number | undefined {
  const file = openSync(path, 'r')
  try {
    const superblock = Buffer.alloc(64)
    if (readSync(file, superblock, 0, superblock.length, superblockAt) < superblock.length || superblock.readUInt16LE(56) !== magic) return undefined
    return superblock.readUInt32LE(4) * (1024 << superblock.readUInt32LE(24))
  } finally {
    closeSync(file)
  }
}

const isUsed = (device: string): boolean => readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${device} `)

async function growAtRest(device: string): Promise<void> {
  const { code, stderr } = await run('e2fsck', ['-f', '-p', device])
  // 1: faults were found and mended.
  if (code > 1) throw new Error(`e2fsck of ${device}: ${stderr.trim()}`)
  await tool('resize2fs', [device])
}

/** A sparse file; says whether it was there and smaller. */
function makeFile(path: string, sizeBytes: number): boolean {
  const isNew = !existsSync(path)
  if (isNew) mkdirSync(dirname(path), { recursive: true })
  const file = openSync(path, isNew ? 'wx+' : 'r+', 0o600)
  try {
    const before = fstatSync(file)
    if (!before.isFile() || before.size >= sizeBytes) return false
    ftruncateSync(file, sizeBytes)
    return !isNew
  } finally {
    closeSync(file)
  }
}

/** The device that a path is or is used through. */
async function attach(path: string): Promise<string> {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) throw new Error(`path ${JSON.stringify(path)} does not exist`)
  if (found.isBlockDevice()) return path
  if (!found.isFile()) throw new Error(`${path} is no block device, and no file that could be one`)
  return loopOf(path) ?? (await tool('losetup', ['--find', '--show', path])).trim()
}

/** The loop device that stands for a file, as the kernel tells it. */
function loopOf(path: string): string | undefined {
  const loop = readdirSync('/sys/block').find((name) => name.startsWith('loop') && backingOf(name) === path)
  return loop === undefined ? undefined : `/dev/${loop}`
}
function backingOf(loop: string): string | undefined {
  try {
    return readFileSync(`/sys/block/${loop}/loop/backing_file`, 'utf8').trim()
  } catch {
    return undefined // It stands for nothing.
  }
}

/** The device node of a disk without a file system, under the path that a container wants. */
export async function deviceOf({ path, group = 0 }: Disk, wanted: string): Promise<DiskNode> {
  const { rdev } = statSync(await attach(path))
  return { path: wanted, type: 'b', ...deviceNumbers(rdev), fileMode: 0o660, uid: 0, gid: group }
}

/** Gives back the loop devices of a pod's disks that no other pod is given. */
export async function releaseDisks(volumes: readonly VolumeSpec[], others: readonly VolumeSpec[]): Promise<void> {
  for (const volume of volumes) {
    if (volume.is !== 'disk' || volume.fileSystem !== undefined || others.some((other) => other.is === 'disk' && other.path === volume.path)) continue
    const device = loopOf(volume.path)
    if (device !== undefined) await tool('losetup', ['--detach', device])
  }
}

async function tool(name: string, words: readonly string[]): Promise<string> {
  const done = await run(name, words)
  if (done.code === 0) return done.stdout
  throw new Error(`${name} ${words.join(' ')}: ${done.code === notThere ? `${name} is not installed` : done.stderr.trim()}`)
}
const notThere = 127
