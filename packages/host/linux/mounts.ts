import { closeSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { checked, libc } from './libc.ts'
import { inUserNamespace } from './own-users.ts'

const readOnlyFlag = 1
const noSuid = 2
const noDevices = 4
const noExecute = 8
const bind = 4096
const recursive = 16384
const detachFlag = 2
const optionsLimit = 4095 // One page: what mount(2) takes.

/** Binds a file or directory at `target`, with the mounts below it. */
export function bindMount(source: string, target: string): void {
  checked('mount', libc().mount(source, target, null, bind | recursive, null), `${source} at ${target}`)
}

/** A file system in memory, of at most `sizeBytes` where given. */
export function memoryMount(target: string, options: { readonly sizeBytes?: number; readonly mode: number; readonly executable: boolean; /** Whether device nodes in it are devices. */ readonly devices?: true }): void {
  const size = options.sizeBytes === undefined ? '' : `,size=${options.sizeBytes}`
  const flags = noSuid | (options.devices === true ? 0 : noDevices) | (options.executable ? 0 : noExecute)
  const data = `mode=${options.mode.toString(8)}${size}`
  checked('mount', libc().mount('tmpfs', target, 'tmpfs', flags, data), `tmpfs at ${target}`)
}

/** The file system on a block device. */
export function blockMount(device: string, target: string, type: string, options: readonly string[]): void {
  const flags = options.reduce((all, option) => all | (flagOf[option] ?? 0), 0)
  const others = options.filter((option) => flagOf[option] === undefined && option !== 'rw').join(',')
  checked('mount', libc().mount(device, target, type, flags, others), `${device} at ${target}`)
}
/** Options that the kernel takes as bits. */
const flagOf: Readonly<Record<string, number>> = { ro: 1, nosuid: 2, nodev: 4, noexec: 8, sync: 16, noatime: 1024, nodiratime: 2048, relatime: 1 << 21, strictatime: 1 << 24 }

/** Huge pages as files: their size as Kubernetes writes it ('2Mi'). */
export function hugePagesMount(target: string, options: { readonly pageSize: string; readonly sizeBytes?: number }): void {
  const size = options.sizeBytes === undefined ? '' : `,size=${options.sizeBytes}`
  checked('mount', libc().mount('nodev', target, 'hugetlbfs', 0, `mode=1777,pagesize=${options.pageSize.replace('i', '')}${size}`), `hugetlbfs at ${target}`)
}

/** In a user namespace nobody writes trusted attributes: an overlay keeps its marks in others. */
const marks = (): string => (inUserNamespace() ? ',userxattr' : '')
/** The context of SELinux that all files of a mount have, whatever they say. */
const contextOption = (context: string | undefined): string => (context === undefined ? '' : `,context="${context}"`)
/** What marks a directory under which nothing of the layers below is seen. */
export const opaqueMark = (): string => `${inUserNamespace() ? 'user' : 'trusted'}.overlay.opaque`

/** Layers from top to bottom as one tree that nobody can change. */
export function readOnlyOverlayMount(target: string, layers: readonly string[], context?: string): void {
  const data = `lowerdir=${layers.join(':')}${marks()}${contextOption(context)}`
  if (data.length > optionsLimit) throw new Error(`the image has too many layers (${layers.length}) for one overlay mount`)
  checked('mount', libc().mount('overlay', target, 'overlay', readOnlyFlag, data), `overlay at ${target}`)
}

/** A root file system: `layers` from top to bottom, changes in `upper`. */
export function overlayMount(target: string, at: { readonly layers: readonly string[]; readonly upper: string; readonly work: string; readonly context?: string | undefined }): void {
  const data = `lowerdir=${at.layers.join(':')},upperdir=${at.upper},workdir=${at.work}${marks()}${contextOption(at.context)}`
  if (data.length > optionsLimit) throw new Error(`the image has too many layers (${at.layers.length}) for one overlay mount`)
  checked('mount', libc().mount('overlay', target, 'overlay', 0, data), `overlay at ${target}`)
}

const recursively = 0x8000
/** From now on nobody writes through this mount, nor through those below it; what else is said of them stays. */
export function makeReadOnly(target: string): void {
  const tree = checked('open_tree', libc().openTree(target, 0), target)
  try {
    checked('mount_setattr', libc().setMountAttributes(tree, recursively, { set: BigInt(readOnlyFlag) }), target)
  } finally { closeSync(tree) }
}

/** Takes a mount away, now or when its last user goes. Never remove the directory of a mount instead. */
export function detach(target: string): void {
  checked('umount2', libc().umount2(target, detachFlag), target)
}

/** Where something is mounted at or below `directory` in our mount namespace, deepest first. */
export function mountsBelow(directory: string): readonly string[] {
  const points = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').flatMap((line) => {
    const point = line.split(' ')[4]
    return point === undefined ? [] : [point.replaceAll('\\040', ' ')]
  })
  return points.filter((point) => point === directory || point.startsWith(`${directory}/`)).reverse()
}

/** Names the mount namespace that we are in, among all that there were since the machine runs: the kernel uses their numbers again, also at once. Holds for as long as somebody pins the namespace. */
export function ownMounts(): string {
  const path = '/proc/self/ns/mnt'
  return `${readlinkSync(path)} of ${statSync(path, { bigint: true }).ctimeNs} in ${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}`
}
