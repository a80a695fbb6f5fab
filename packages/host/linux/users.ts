import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, statfsSync, writeFileSync } from 'node:fs'
import { wordsOf } from '@kubeskiff/core/base'
import { checked, libc } from './libc.ts'
import { isElsewhere } from './namespaces.ts'

/** The ids that a user namespace has outside: those from 0 on are these from `hostId` on. */
export interface IdRange { readonly hostId: number; readonly length: number }

/** A process that holds new namespaces until they are pinned. */
export interface NamespaceHolder { readonly pid: number; end(): void }

/** Ten seconds and more: on a busy machine a network namespace waits for those that are being removed. */
const looks = 5000
const lookMs = 2

/** Starts a process in new user, network, IPC and UTS namespaces, of which the user namespace owns the others. */
export async function holdUserNamespace({ hostId, length }: IdRange): Promise<NamespaceHolder> {
  const child = spawn('unshare', ['--user', '--net', '--ipc', '--uts', '--', 'sh', '-c', 'read end'], { stdio: ['pipe', 'ignore', 'ignore'] })
  child.on('error', () => undefined)
  child.stdin.on('error', () => undefined)
  const { pid } = child
  const isInside = (): boolean => pid !== undefined && isElsewhere(pid, ['user', 'net', 'ipc', 'uts'])
  for (let tries = 0; !isInside() && tries < looks && child.exitCode === null; tries += 1) await new Promise((resolve) => { setTimeout(resolve, lookMs) })
  if (pid === undefined || !isInside()) { end(child); throw new Error('no user namespace could be made') }
  try {
    for (const which of ['uid_map', 'gid_map']) writeFileSync(`/proc/${pid}/${which}`, `0 ${hostId} ${length}`)
  } catch (error) { end(child); throw error }
  return { pid, end: () => { end(child) } }
}

const end = (child: ChildProcess): void => { child.kill('SIGKILL') }

const cloneTree = 1
const recursive = 0x8000
const mapIds = 0x00100000n

/**
 * Shows `source`, with what is mounted below it, at `target`, where the owners of its files are those that the user namespace
 * pinned at `users` has for them. What is mounted below keeps its owners. Throws where its file system cannot do that.
 */
export function mapOwners(source: string, target: string, users: string): void {
  const tree = mappedTree(source, users)
  try { checked('move_mount', libc().moveMount(tree, target), `${source} at ${target}`) } finally { closeSync(tree) }
}

function mappedTree(source: string, users: string): number {
  const tree = checked('open_tree', libc().openTree(source, cloneTree | recursive), source)
  const namespace = openSync(users, 'r')
  try {
    if (libc().setMountAttributes(tree, 0, { set: mapIds, users: namespace }) >= 0) return tree
  } finally { closeSync(namespace) }
  closeSync(tree)
  throw new Error(`failed to set MOUNT_ATTR_IDMAP on ${source}: invalid argument (maybe the filesystem used doesn't support idmap mounts on this kernel?)`)
}

const tmpfsMagic = 0x01021994
/** Above the machine's own users. */
const trialRange: IdRange = { hostId: 65_536, length: 65_536 }

/** Why pods with their files in `directory` cannot have users of their own; undefined when they can. Tries it, and leaves nothing. */
export async function whyNoMappedOwners(directory: string): Promise<string | undefined> {
  try {
    const holder = await holdUserNamespace(trialRange)
    try {
      const inMemory = ['/dev/shm', '/run', '/tmp'].filter(isInMemory).slice(0, 1)
      for (const place of [directory, ...inMemory]) closeSync(mappedTree(place, `/proc/${holder.pid}/ns/user`))
      return undefined
    } finally { holder.end() }
  } catch (error) {
    return wordsOf(error)
  }
}

function isInMemory(path: string): boolean {
  try { return statfsSync(path).type === tmpfsMagic } catch {
    return false // There is no such directory.
  }
}
