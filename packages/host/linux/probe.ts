import { accessSync, constants, existsSync, readFileSync, statfsSync } from 'node:fs'
import { delegatedGroups } from './delegation.ts'
import { libc } from './libc.ts'

/** What this machine can do for real nodes, as data: for `skiff doctor`, for the Node object, for tests that skip. */
export interface HostProbe {
  readonly platform: string
  readonly root: boolean
  /** v1: one hierarchy a controller. hybrid: v1, and a v2 tree at /sys/fs/cgroup/unified that crun refuses to see. none: there are none, or none that we may write to. */
  readonly cgroups: 'v1' | 'v2' | 'hybrid' | 'none'
  /** The group below which ours are made: '' for all of the tree, another where only a part of it was given to us. */
  readonly groupBase: string
  /** Capabilities that a process here can have at most, as a bit set of /proc/self/status CapBnd. */
  readonly capabilityBound: bigint
  /** The most files a process may be given, and its out-of-memory score, below which no child may go. */
  readonly openFilesLimit: number
  readonly outOfMemoryScore: number
  /** Where each tool stands; undefined when it is missing. */
  readonly tools: Readonly<Record<Tool, string | undefined>>
  readonly foreignFunctions: boolean
  /** Why no real node can run here, in words; empty when all is there. */
  readonly missing: readonly Missing[]
}
export type Tool = 'crun' | 'runc' | 'conmon' | 'nft' | 'ip' | 'perl' | 'script' | 'tar' | 'nsenter' | 'unshare'
/** `packages`: what apt installs to mend it; empty when no package does. */
export interface Missing { readonly what: string; readonly packages: readonly string[] }

const packageOf: Readonly<Record<Tool, string>> = {
  crun: 'crun', runc: 'runc', conmon: 'conmon', nft: 'nftables', ip: 'iproute2', perl: 'perl-base', script: 'bsdutils', tar: 'tar', nsenter: 'util-linux', unshare: 'util-linux',
}
const toolNames = ['crun', 'runc', 'conmon', 'nft', 'ip', 'perl', 'script', 'tar', 'nsenter', 'unshare'] as const
const needed: readonly Tool[] = ['conmon', 'nft', 'perl', 'script', 'tar', 'nsenter', 'unshare']
const places = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']
const cgroup2Magic = 0x63677270

/** Looks at the machine; changes nothing. */
export function probeHost(): HostProbe {
  const root = process.getuid?.() === 0
  const tools = {
    crun: find('crun'), runc: find('runc'), conmon: find('conmon'), nft: find('nft'), ip: find('ip'), perl: find('perl'),
    script: find('script'), tar: find('tar'), nsenter: find('nsenter'), unshare: find('unshare'),
  } satisfies Record<(typeof toolNames)[number], string | undefined>
  const foreignFunctions = canCall()
  const missing: Missing[] = []
  if (process.platform !== 'linux') missing.push({ what: `real nodes need Linux, this is ${process.platform}`, packages: [] })
  if (!root) missing.push({ what: 'real nodes need root', packages: [] })
  if (!foreignFunctions) missing.push({ what: `koffi has no binding for ${process.platform}-${process.arch}`, packages: [] })
  missing.push(...missingTools())
  const delegation = mayLimit() ? undefined : delegatedGroups()
  return {
    platform: process.platform, root, cgroups: delegation === undefined ? cgroupMode() : delegation.is === 'delegated' ? 'v2' : 'none', groupBase: delegation?.is === 'delegated' ? delegation.base : '', capabilityBound: capabilityBound(), openFilesLimit: openFilesLimit(),
    outOfMemoryScore: Number(readOr('/proc/self/oom_score_adj', '0').trim()), tools, foreignFunctions, missing,
  }
}

/** The tools that real nodes need and that are in none of these folders. */
export function missingTools(folders: readonly string[] = places): readonly Missing[] {
  const runtimes = find('crun', folders) === undefined && find('runc', folders) === undefined ? [{ what: 'an OCI runtime (crun or runc) is not installed', packages: [packageOf.crun] }] : []
  return [...runtimes, ...needed.filter((tool) => find(tool, folders) === undefined).map((tool) => ({ what: `${tool} is not installed`, packages: [packageOf[tool]] }))]
}

/** Where a program stands; undefined when it is in none of these folders. */
export function find(tool: string, folders: readonly string[] = places): string | undefined {
  return folders.map((place) => `${place}/${tool}`).find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

function canCall(): boolean {
  try {
    libc()
    return true
  } catch {
    return false // No prebuilt binding, or no GNU C library.
  }
}

/** Whether groups of ours can be made: an ordinary user has none, unless the machine gives some away. */
function mayLimit(): boolean {
  try {
    accessSync(existsSync('/sys/fs/cgroup/memory') ? '/sys/fs/cgroup/memory' : '/sys/fs/cgroup', constants.W_OK)
    return true
  } catch {
    return false // Not ours to write to, or not there.
  }
}

function cgroupMode(): HostProbe['cgroups'] {
  try {
    if (statfsSync('/sys/fs/cgroup').type === cgroup2Magic) return 'v2'
    if (!existsSync('/sys/fs/cgroup/memory')) return 'none'
    return existsSync('/sys/fs/cgroup/unified/cgroup.procs') ? 'hybrid' : 'v1'
  } catch {
    return 'none'
  }
}

function capabilityBound(): bigint {
  const bits = /^CapBnd:\s+([0-9a-f]+)/m.exec(readOr('/proc/self/status', ''))?.[1]
  return BigInt(`0x${bits ?? '0'}`)
}

function openFilesLimit(): number {
  const limit = /^Max open files\s+\S+\s+(\S+)/m.exec(readOr('/proc/self/limits', ''))?.[1]
  return limit === undefined || limit === 'unlimited' ? 1048576 : Number(limit)
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return otherwise
  }
}
