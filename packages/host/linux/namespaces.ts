import { closeSync, mkdirSync, openSync, readlinkSync, statfsSync, unlinkSync, writeFileSync } from 'node:fs'
import { checked, libc } from './libc.ts'
import { bindMount, detach } from './mounts.ts'

/** The kinds of namespace that a pod shares among its containers and that are pinned by a file. */
export type PinnedKind = 'net' | 'ipc' | 'uts' | 'user'
type EnteredKind = Exclude<PinnedKind, 'user'>

const flags: Readonly<Record<EnteredKind, number>> = { net: 0x40000000, ipc: 0x08000000, uts: 0x04000000 }
const nsfsMagic = 0x6e736673

/**
 * Runs `act` with this thread inside the network namespace at `path`, and returns. `act` must be synchronous: everything
 * it opens or starts belongs to that namespace. When the way back fails the process ends, as every later step would
 * happen on a stranger's network.
 */
export function inNetwork<Answer>(path: string, act: () => Answer): Answer {
  const own = openSync('/proc/thread-self/ns/net', 'r')
  let target: number | undefined
  try {
    target = openSync(path, 'r')
    checked('setns', libc().setns(target, flags.net), path)
    try {
      return act()
    } finally {
      wayBack(own, 'net')
    }
  } finally {
    if (target !== undefined) closeSync(target)
    closeSync(own)
  }
}

/** Pins namespaces of another process at `directory`/`kind`. A user namespace is only pinned: `inside` runs, synchronously, while this thread is in the others. */
export function pinNamespaces<Answer>(directory: string, kinds: readonly EnteredKind[], { pid, inside }: { readonly pid: number; readonly inside: () => Answer }): Answer {
  mkdirSync(directory, { recursive: true })
  for (const kind of [...kinds, 'user'] as const) {
    writeFileSync(`${directory}/${kind}`, '')
    bindMount(`/proc/${pid}/ns/${kind}`, `${directory}/${kind}`)
  }
  return leaving(kinds, () => {
    for (const kind of kinds) {
      const descriptor = openSync(`${directory}/${kind}`, 'r')
      try { checked('setns', libc().setns(descriptor, flags[kind]), directory) } finally { closeSync(descriptor) }
    }
  }, inside)
}

/**
 * Makes new namespaces of the given kinds and pins each by a bind mount at `directory`/`kind`. `inside` runs, synchronously,
 * while this thread is in them.
 */
export function makeNamespaces<Answer>(directory: string, kinds: readonly EnteredKind[], inside: () => Answer): Answer {
  mkdirSync(directory, { recursive: true })
  for (const kind of kinds) writeFileSync(`${directory}/${kind}`, '')
  return leaving(kinds, () => { checked('unshare', libc().unshare(kinds.reduce((all, kind) => all | flags[kind], 0)), kinds.join(', ')) }, () => {
    for (const kind of kinds) bindMount(`/proc/thread-self/ns/${kind}`, `${directory}/${kind}`)
    return inside()
  })
}

/** Leaves this thread's namespaces by `leave`, and comes back after `inside`. */
function leaving<Answer>(kinds: readonly EnteredKind[], leave: () => void, inside: () => Answer): Answer {
  const own = kinds.map((kind) => ({ kind, descriptor: openSync(`/proc/thread-self/ns/${kind}`, 'r') }))
  try {
    try {
      leave()
      return inside()
    } finally {
      for (const { kind, descriptor } of own) wayBack(descriptor, kind)
    }
  } finally {
    for (const { descriptor } of own) closeSync(descriptor)
  }
}

/** Which namespace a path leads to; undefined when it leads to none. */
export function namespaceLink(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined // Its process has ended, or the namespace has no first process yet.
  }
}

/** Whether a process is in other namespaces than we, of all these kinds. */
export function isElsewhere(pid: number, kinds: readonly string[]): boolean {
  return kinds.every((kind) => {
    const theirs = namespaceLink(`/proc/${pid}/ns/${kind}`)
    return theirs !== undefined && theirs !== namespaceLink(`/proc/self/ns/${kind}`)
  })
}

/** Whether a namespace is pinned at `path` in our mount namespace. */
export function isPinned(path: string): boolean {
  try {
    return statfsSync(path).type === nsfsMagic
  } catch {
    return false // No such file: nothing is pinned there.
  }
}

/** Lets go of the namespaces pinned under `directory`: with the last process gone, the kernel drops them and their devices. */
export function unpin(directory: string, kinds: readonly PinnedKind[]): void {
  for (const kind of kinds) {
    const path = `${directory}/${kind}`
    if (!isPinned(path)) continue
    detach(path)
    unlinkSync(path)
  }
}

/** Names this thread's UTS namespace. Only inside `makeNamespaces`. */
export function nameHost(hostname: string): void {
  checked('sethostname', libc().sethostname(hostname, Buffer.byteLength(hostname)), hostname)
}

function wayBack(descriptor: number, kind: EnteredKind): void {
  if (libc().setns(descriptor, flags[kind]) === 0) return
  process.stderr.write(`cannot return to the ${kind} namespace (error ${libc().errno()}): stopping at once\n`)
  process.abort()
}
