import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, symlinkSync } from 'node:fs'
import { bindMount, detach, makeReadOnly, mountsBelow, overlayMount } from '../linux/mounts.ts'
import { inUserNamespace } from '../linux/own-users.ts'
import { placeInRoot } from './root-files.ts'

/** The machine's files as the pods of a node see them by hostPath. */
export interface HostFiles {
  /** Where a node's `path` stands on the machine. */
  place(node: string, path: string): string
  /** A text about such places, as the node's pods know them. */
  told(node: string, text: string): string
}

/** Nodes see the machine's own files, and change them. */
export const realHostFiles: HostFiles = { place: (_node, path) => path, told: (_node, text) => text }

/**
 * Each node has an overlay over the machine's files: pods read the machine, and what they write, the node keeps below
 * `directory`. /proc and /sys are the machine's own. It is made when a node's first hostPath is mounted, and stays for as long
 * as the mount namespace does.
 */
export function overlaidHostFiles(directory: string): HostFiles {
  const rootOf = (node: string): string => `${directory}/${node}/root`
  /** Nodes whose overlay was seen to stand: it is looked for once a run of ours, not for each volume. */
  const standing = new Set<string>()
  return {
    place(node, path) {
      const root = rootOf(node)
      if (!standing.has(node) && !mountsBelow(root).includes(root)) {
        try { makeOverlay(`${directory}/${node}`, root) } catch (error) {
          // What stands in part is not taken for the whole.
          for (const point of mountsBelow(root)) detach(point)
          throw error
        }
      }
      standing.add(node)
      return placeInRoot(root, path)
    },
    told: (node, text) => text.replaceAll(rootOf(node), ''),
  }
}

/** Folders that pods of a node are to see at other places than the node's files have them: each node has its own, and what pods put there is seen from without. */
export function withFolders(files: HostFiles, foldersOf: (node: string) => ReadonlyMap<string, string>): HostFiles {
  return {
    place(node, path) {
      for (const [inside, folder] of foldersOf(node)) if (path === inside || path.startsWith(`${inside}/`)) return placeInRoot(folder, path.slice(inside.length))
      return files.place(node, path)
    },
    told: (node, text) => files.told(node, [...foldersOf(node)].reduce((told, [inside, folder]) => told.replaceAll(folder, inside), text)),
  }
}

interface Mounted { readonly point: string; readonly type: string }
/** What the kernel makes up: there is nothing to lay over, and whoever asks wants the kernel's own. */
const kernels = new Set(['proc', 'sysfs', 'devpts', 'cgroup', 'cgroup2', 'bpf', 'debugfs', 'tracefs', 'securityfs', 'mqueue', 'hugetlbfs', 'pstore', 'configfs', 'fusectl', 'efivarfs', 'binfmt_misc', 'rpc_pipefs', 'selinuxfs'])
/** Other people's containers and pinned namespaces are no files of the machine. */
const ignored = new Set(['overlay', 'nsfs', 'autofs'])
/** A machine with more file systems than these has them for others than us. */
const mountsMax = 64

function makeOverlay(directory: string, root: string): void {
  if (inUserNamespace()) layParts(root, directory)
  else lay('/', root, directory, 0)
  let count = 0
  for (const { point, type } of machineMounts(directory)) {
    if (ignored.has(type) || !isDirectory(point) || ++count > mountsMax) continue
    if (kernels.has(type)) { bindMount(point, `${root}${point}`); continue }
    try { lay(point, `${root}${point}`, directory, count) } catch {
      // Not every file system can be laid under another (network file systems, some of FUSE): that one is read only.
      bindMount(point, `${root}${point}`)
      makeReadOnly(`${root}${point}`)
    }
  }
}

/** As root of a user namespace: nothing is laid over a place below which the machine has mounted something. Those are seen, and stay as they are. */
function layParts(root: string, directory: string): void {
  mkdirSync(root, { recursive: true })
  // That it stands is known by a mount here.
  bindMount(root, root)
  for (const entry of readdirSync('/', { withFileTypes: true })) {
    const [point, target] = [`/${entry.name}`, `${root}/${entry.name}`]
    if (entry.isSymbolicLink() && lstatSync(target, { throwIfNoEntry: false }) === undefined) symlinkSync(readlinkSync(point), target)
    if (!entry.isDirectory()) continue
    mkdirSync(target, { recursive: true })
    try { lay(point, target, directory, 1) } catch {
      // The kernel's own, or with mounts below it.
      bindMount(point, target)
      makeReadOnly(target)
    }
  }
}

function lay(lower: string, target: string, directory: string, number: number): void {
  // By the name of the place and not its number: numbers change when file systems come and go.
  const at = `${directory}/changes/${number === 0 ? 'root' : encodeURIComponent(lower)}`
  for (const each of [`${at}/upper`, `${at}/work`, ...(number === 0 ? [target] : [])]) mkdirSync(each, { recursive: true })
  overlayMount(target, { layers: [lower], upper: `${at}/upper`, work: `${at}/work` })
}

/** The file systems of this mount namespace but the root, outer ones first; of /proc and /sys only themselves, and nothing of ours. */
function machineMounts(directory: string): readonly Mounted[] {
  const found = new Map<string, Mounted>()
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const [before = '', after = ''] = line.split(' - ')
    const point = (before.split(' ')[4] ?? '').replaceAll('\\040', ' ')
    const [type = ''] = after.split(' ')
    if (point === '' || point === '/' || type === '' || /^\/(proc|sys)\/./.test(point)) continue
    if (isOurs(point, directory)) continue
    found.set(point, { point, type })
  }
  return [...found.values()].sort((a, b) => a.point.split('/').length - b.point.split('/').length)
}
/** The state of the agent stands two levels above a node's folder. */
const isOurs = (point: string, directory: string): boolean => point.startsWith(`${directory.split('/').slice(0, -2).join('/')}/`)

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}
