import { accessSync, constants, existsSync, mkdirSync, readdirSync, rmdirSync, rmSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

/** Where everything of one cluster lives on this machine. All of it is readable by its owner only. */
export interface DataDirectory {
  readonly root: string
  readonly settings: string
  /** How its time stands to the machine's; not there: they are the same. */
  readonly time: string
  readonly kubeconfig: string
  /** Of a machine that joined another's cluster: which, and what it plays there. */
  readonly joined: string
  readonly credentials: string
  readonly journal: string
  /** The node agent's own: images, containers, volumes, its credentials. */
  readonly agent: string
  readonly log: string
  /** Who holds the namespaces of an ordinary user's nodes; not there: nobody. */
  readonly keeper: string
}

/** The data directory that was asked for, or the user's own; it need not be there yet. */
export function dataDirectory(asked: string | undefined): DataDirectory {
  const root = resolve(asked ?? process.env['SKIFF_DATA_DIR'] ?? defaultRoot())
  return {
    root, settings: join(root, 'cluster.json'), time: join(root, 'time.json'), kubeconfig: join(root, 'kubeconfig'), joined: join(root, 'joined.json'), credentials: join(root, 'credentials'),
    journal: join(root, 'journal'), agent: join(root, 'agent'), log: join(root, 'skiff.log'), keeper: join(root, 'keeper.json'),
  }
}

/** Makes a data directory where there is none. Throws, saying what to do, where it can't be made or written. */
export function makeDataDirectory({ root }: DataDirectory): void {
  try {
    makeFolders(root)
    accessSync(root, constants.W_OK)
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? reasons[String(error.code)] ?? error.message : String(error)
    throw new Error(`${root} cannot hold a cluster (${why}): choose a directory of your own with --data-dir`)
  }
}

/** One folder after the other: below a file system that takes none, as /proc, Node's own recursive call never comes back. */
function makeFolders(path: string): void {
  if (existsSync(path) && statSync(path).isDirectory()) return
  if (!existsSync(dirname(path))) makeFolders(dirname(path))
  mkdirSync(path, { mode: 0o700 })
}
const reasons: Readonly<Record<string, string>> = { ENOENT: 'its file system takes no folders', EEXIST: 'it is a file', ENOTDIR: 'a part of its path is a file', EACCES: 'permission denied', EROFS: 'the disk is read-only', ENOSPC: 'the disk is full' }

/** Removes all that a cluster has left in its directory, and the directory when nothing else is in it. */
export function removeData(directory: DataDirectory): void {
  const own = [directory.settings, directory.time, directory.kubeconfig, directory.joined, directory.credentials, directory.journal, directory.agent, directory.log, directory.keeper, `${directory.keeper}.resolv.conf`, ...['owner.lock', 'owner.pid'].map((name) => join(directory.root, name))]
  for (const path of own) rmSync(path, { recursive: true, force: true })
  if (!existsSync(directory.root) || readdirSync(directory.root).length > 0) return
  try { rmdirSync(directory.root) } catch {
    return // A disk of its own is mounted there, or what is around it is not ours: it stays, empty.
  }
}

function defaultRoot(): string {
  if (process.platform === 'linux' && process.getuid?.() === 0) return '/var/lib/skiff'
  return join(process.env['XDG_DATA_HOME'] ?? join(homedir(), '.local/share'), 'skiff')
}
