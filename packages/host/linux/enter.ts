import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { identify, isAlive, type ProcessIdentity } from './processes.ts'

/**
 * Real nodes' mounts and namespaces live in a mount namespace of their own, which must outlive the agent: a sleeping process,
 * the anchor, keeps it. An agent that comes back enters the anchor's namespace and finds everything in place.
 */
interface Anchor extends ProcessIdentity { readonly boot: string }

/** The command that runs `argv` where real nodes live: in the anchor's namespaces, or else in new private ones. */
export function insideNodesNamespace(stateDirectory: string, argv: readonly string[], options: { readonly ownNetwork: boolean }): readonly string[] {
  const anchor = livingAnchor(stateDirectory)
  if (anchor !== undefined) return ['nsenter', '-t', String(anchor.pid), '--mount', ...(options.ownNetwork ? ['--net'] : []), '--', ...argv]
  // crun refuses the hybrid tree; taking it away here leaves the machine's own namespace as it is.
  const prepare = `umount /sys/fs/cgroup/unified 2>/dev/null; ${options.ownNetwork ? 'ip link set lo up; ' : ''}exec "$@"`
  return ['unshare', '--mount', ...(options.ownNetwork ? ['--net'] : []), '--propagation', 'private', 'sh', '-c', prepare, 'sh', ...argv]
}

/** Starts the anchor, once: call from inside the namespace, before anything is mounted. Answers whether it stood already. */
export function dropAnchor(stateDirectory: string): 'there' | 'dropped' {
  if (livingAnchor(stateDirectory) !== undefined) return 'there'
  mkdirSync(stateDirectory, { recursive: true })
  const child = spawn('sleep', ['infinity'], { detached: true, stdio: 'ignore', cwd: '/' })
  child.on('error', () => undefined)
  child.unref()
  const identity = child.pid === undefined ? undefined : identify(child.pid)
  if (identity === undefined) throw new Error('cannot start the process that keeps the nodes\' mount namespace')
  const anchor: Anchor = { ...identity, boot: bootId() }
  writeFileSync(`${stateDirectory}/anchor.json.new`, JSON.stringify(anchor))
  renameSync(`${stateDirectory}/anchor.json.new`, `${stateDirectory}/anchor.json`)
  return 'dropped'
}

/** Ends the anchor: with the last process gone, the kernel drops every mount and namespace of the nodes. */
export function weighAnchor(stateDirectory: string): void {
  const anchor = livingAnchor(stateDirectory)
  if (anchor !== undefined) process.kill(anchor.pid, 'SIGKILL')
}

function livingAnchor(stateDirectory: string): Anchor | undefined {
  try {
    const anchor: Anchor = JSON.parse(readFileSync(`${stateDirectory}/anchor.json`, 'utf8'))
    return anchor.boot === bootId() && isAlive(anchor) ? anchor : undefined
  } catch {
    return undefined // None was ever dropped.
  }
}

const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
