import { mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** Where everything of one cluster lives on this machine. All of it is readable by its owner only. */
export interface DataDirectory {
  readonly root: string
  readonly settings: string
  readonly kubeconfig: string
  readonly credentials: string
  readonly journal: string
  /** The node agent's own: images, containers, volumes, its credentials. */
  readonly agent: string
  readonly log: string
}

/** The data directory that was asked for, or the user's own; makes it. */
export function dataDirectory(asked: string | undefined): DataDirectory {
  const root = resolve(asked ?? process.env['SKIFF_DATA_DIR'] ?? defaultRoot())
  mkdirSync(root, { recursive: true, mode: 0o700 })
  return {
    root, settings: join(root, 'cluster.json'), kubeconfig: join(root, 'kubeconfig'), credentials: join(root, 'credentials'),
    journal: join(root, 'journal'), agent: join(root, 'agent'), log: join(root, 'skiff.log'),
  }
}

function defaultRoot(): string {
  if (process.platform === 'linux' && process.getuid?.() === 0) return '/var/lib/skiff'
  return join(process.env['XDG_DATA_HOME'] ?? join(homedir(), '.local/share'), 'skiff')
}
