import { chmodSync, chownSync, closeSync, constants, existsSync, fstatSync, lstatSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync, realpathSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import type { VolumeSpec } from '@kubeskiff/core/kubelet'
import { bindMount, detach, memoryMount, mountsBelow } from '../linux/mounts.ts'

/** Makes or updates one volume under `directory`; throws in the kubelet's words when it cannot. `stamp` names a new generation. */
export function prepareVolume(volume: VolumeSpec, directory: string, stamp: string): void {
  try {
    if (volume.is === 'hostPath') return checkHostPath(volume.path, volume.type)
    if (volume.is === 'directory') {
      if (existsSync(volume.path)) return
      mkdirSync(volume.path, { recursive: true })
      chmodSync(volume.path, 0o777)
      return
    }
    const target = `${directory}/${volume.name}`
    const isNew = !existsSync(target)
    if (isNew) mkdirSync(target, { recursive: true })
    if (isNew) chmodSync(target, 0o777)
    if (volume.is === 'emptyDir') {
      if (volume.medium === 'Memory' && isNew) memoryMount(target, { mode: 0o1777, executable: true, ...(volume.sizeBytes === undefined ? {} : { sizeBytes: volume.sizeBytes }) })
      return
    }
    if (volume.inMemory && isNew) memoryMount(target, { mode: 0o1777, executable: false })
    writeFiles(target, volume.files, stamp)
  } catch (error) {
    throw new Error(`MountVolume.SetUp failed for volume "${volume.name}" : ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Where a volume's content stands on this machine. */
export function volumePath(volume: VolumeSpec, directory: string): string {
  return volume.is === 'hostPath' || volume.is === 'directory' ? volume.path : `${directory}/${volume.name}`
}

/**
 * Binds what a subPath names at `target`: made as a directory when it is not there, and never outside its volume. Containers
 * may change links in the volume meanwhile, so each part is opened from the one before without following any, and what was
 * opened is what is bound. As the kubelet.
 */
export function bindSubPath(volume: string, subPath: string, target: string): void {
  const outside = new Error(`subpath ${JSON.stringify(subPath)} not within volume path ${JSON.stringify(volume)}`)
  const root = realpathSync(volume)
  const parts = realPart(root, subPath).split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) throw outside
  let opened = openSync(root, pathOnly)
  try {
    for (const part of parts) {
      const here = `/proc/self/fd/${opened}/${part}`
      const isNew = lstatSync(here, { throwIfNoEntry: false }) === undefined
      if (isNew) mkdirSync(here)
      const next = openSync(here, pathOnly)
      closeSync(opened)
      opened = next
      // Through what is open: the name may be a link by now.
      if (isNew) chmodSync(`/proc/self/fd/${opened}`, 0o777)
    }
    // Opened this way a link is itself, and not what it leads to.
    const found = fstatSync(opened)
    if (found.isSymbolicLink()) throw outside
    mkdirSync(dirname(target), { recursive: true })
    if (found.isDirectory()) mkdirSync(target, { recursive: true })
    else writeFileSync(target, '', { flag: 'a' })
    bindMount(`/proc/self/fd/${opened}`, target)
  } finally {
    closeSync(opened)
  }
}
/** Only a place in the tree: nothing is read, no device is woken, and no link is followed. */
const pathOnly = 0o10000000 | constants.O_NOFOLLOW

/** The path below `root` that a path means now, as far as it is there: links inside the volume may be used, those that lead out give '..'. */
function realPart(root: string, subPath: string): string {
  const parts = subPath.split('/').filter((part) => part !== '')
  for (let there = parts.length; there > 0; there--) {
    const path = [root, ...parts.slice(0, there)].join('/')
    if (existsSync(path)) return [relative(root, realpathSync(path)), ...parts.slice(there)].join('/')
  }
  return parts.join('/')
}

/** Lets go of the volumes that live in memory, so that the pod's directory can be removed. */
export function releaseVolumes(directory: string): void {
  for (const point of mountsBelow(directory)) detach(point)
}

/** As the kubelet with fsGroup: everything belongs to the group and new files will too. */
export function giveToGroup(path: string, group: number, readOnly: boolean): void {
  const found = lstatSync(path)
  if (found.isSymbolicLink()) return
  chownSync(path, found.uid, group)
  const granted = readOnly ? 0o440 : 0o660
  chmodSync(path, (found.mode & 0o7777) | granted | (found.isDirectory() ? 0o2110 : 0))
  if (found.isDirectory()) for (const name of readdirSync(path)) giveToGroup(`${path}/${name}`, group, readOnly)
}

type Files = Extract<VolumeSpec, { readonly is: 'files' }>['files']

/**
 * The kubelet's way of changing many files at once: real files in a directory of their own, `..data` pointing to it, and
 * each visible name pointing through `..data`. One rename changes all.
 */
function writeFiles(target: string, files: Files, stamp: string): void {
  const before = linkTarget(`${target}/..data`)
  if (before !== undefined && sameFiles(`${target}/${before}`, files)) return
  const next = `..${stamp}`
  mkdirSync(`${target}/${next}`, { mode: 0o755 })
  chmodSync(`${target}/${next}`, 0o755)
  for (const file of files) {
    const path = `${target}/${next}/${file.path}`
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
    writeFileSync(path, file.bytes)
    chmodSync(path, file.mode)
  }
  rmSync(`${target}/..data_tmp`, { force: true })
  symlinkSync(next, `${target}/..data_tmp`)
  renameSync(`${target}/..data_tmp`, `${target}/..data`)
  const visible = new Set(files.flatMap((file) => file.path.split('/').slice(0, 1)))
  for (const name of visible) if (linkTarget(`${target}/${name}`) === undefined) symlinkSync(`..data/${name}`, `${target}/${name}`)
  for (const name of readdirSync(target)) if (!name.startsWith('..') && !visible.has(name)) rmSync(`${target}/${name}`, { force: true })
  if (before !== undefined) rmSync(`${target}/${before}`, { recursive: true, force: true })
}

function sameFiles(directory: string, files: Files): boolean {
  const there = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length
  return there === files.length && files.every((file) => {
    const path = `${directory}/${file.path}`
    return existsSync(path) && (statSync(path).mode & 0o777) === (file.mode & 0o777) && readFileSync(path).equals(file.bytes)
  })
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined // Not there, or no link.
  }
}

const kinds: Readonly<Record<string, { readonly words: string; readonly is: (path: string) => boolean }>> = {
  Directory: { words: 'a directory', is: (path) => statSync(path).isDirectory() },
  File: { words: 'a file', is: (path) => statSync(path).isFile() },
  Socket: { words: 'a socket', is: (path) => statSync(path).isSocket() },
  CharDevice: { words: 'a character device', is: (path) => statSync(path).isCharacterDevice() },
  BlockDevice: { words: 'a block device', is: (path) => statSync(path).isBlockDevice() },
}

/** A hostPath is the machine's own file, without any shield: whoever may create such pods may change the machine. */
function checkHostPath(path: string, type: string): void {
  // Without a type nothing is checked, and the runtime makes what is missing, as containerd does.
  if ((type === '' || type === 'DirectoryOrCreate') && !existsSync(path)) mkdirSync(path, { recursive: true, mode: 0o755 })
  if (type === 'FileOrCreate' && !existsSync(path)) writeFileSync(path, '', { mode: 0o644 })
  const kind = kinds[type.replace('OrCreate', '')]
  if (kind === undefined) return
  if (!existsSync(path) || !kind.is(path)) throw new Error(`hostPath type check failed: ${path} is not ${kind.words}`)
}
