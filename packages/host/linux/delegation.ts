import { accessSync, constants, existsSync, readFileSync } from 'node:fs'

/** Where control groups may be made by who is not root: below `base`, the path of a group; or why nowhere. */
export type Delegation = { readonly is: 'delegated'; readonly base: string } | { readonly is: 'none'; readonly why: string }

const needed = ['cpu', 'memory', 'pids'] as const

/**
 * The largest part of the tree that was given to us: processes move between groups only where we may write to the group above both, so that it must have our own group in it. Only groups of the second
 * version are given away, and only all that pods need is worth having: a limit of one sort that is silently none is worse than a word. `own` is the text of /proc/self/cgroup.
 */
export function delegatedGroups(own = readOr('/proc/self/cgroup'), root = '/sys/fs/cgroup', mayWrite: (path: string) => boolean = isWritable): Delegation {
  if (!existsSync(`${root}/cgroup.controllers`)) return { is: 'none', why: 'this machine has none of version 2 alone' }
  const parts = /^0::\/(.*)$/m.exec(own)?.[1]?.split('/').filter((part) => part !== '') ?? []
  const paths = parts.map((_part, depth) => `/${parts.slice(0, depth + 1).join('/')}`)
  const base = paths.find((path) => ['', '/cgroup.procs', '/cgroup.subtree_control'].every((file) => mayWrite(`${root}${path}${file}`)))
  if (base === undefined) return { is: 'none', why: "start it where your own systemd manages them: systemd-run --user --scope" }
  const there = new Set(readOr(`${root}${base}/cgroup.controllers`).split(/\s+/))
  const missing = needed.filter((controller) => !there.has(controller))
  return missing.length === 0 ? { is: 'delegated', base } : { is: 'none', why: `those of ${base} lack ${missing.join(' and ')}: Delegate= of user@.service gives them` }
}

function isWritable(path: string): boolean {
  try { accessSync(path, constants.W_OK); return true } catch {
    return false // Not ours, or not there.
  }
}

function readOr(path: string): string {
  try { return readFileSync(path, 'utf8') } catch {
    return '' // A kernel without groups.
  }
}
