import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { ResourceLimits, SandboxSpec } from '@kubeskiff/core/kubelet'
import { type CpuQuota, cpuQuotaDefault } from './choices.ts'
import { readIfThere } from './records.ts'

const mounted = '/sys/fs/cgroup'
const quotaMicrosecondsMin = 1000
const sharesMin = 2
const sharesMax = 262_144
const unlimitedV1 = '-1'
/** What pods and containers are given here; others are left as they are. */
const controllers = ['cpu', 'memory', 'pids'] as const
/** What containers are given, on machines that have it. */
const ofContainers = ['cpuset'] as const

/** As the kubelet: 1,024 shares a CPU, and at least 2. */
export const cpuShares = ({ cpuMillisRequested }: ResourceLimits): number => Math.min(sharesMax, Math.max(sharesMin, Math.floor((cpuMillisRequested * 1024) / 1000)))
/** As the kubelet: a quota of at least a millisecond in each period; undefined where there is no limit. */
export const quotaOf = (millis: number | undefined, quota: CpuQuota = cpuQuotaDefault): { readonly quota: number; readonly period: number } | undefined =>
  (quota === 'none' || millis === undefined || millis === 0 ? undefined : { quota: Math.max(quotaMicrosecondsMin, Math.floor(millis * (quota.periodMicroseconds / 1000))), period: quota.periodMicroseconds })
/** Shares as the weights of the second version: 2 to 262,144 onto 1 to 10,000. */
export const cpuWeight = (shares: number): number => 1 + Math.floor(((shares - sharesMin) * 9999) / (sharesMax - sharesMin))

/** The group of a pod: below that of its class, as the kubelet lays them out. */
export const podGroup = (root: string, qos: SandboxSpec['qos'], uid: string): string => `${root}${qos === 'Guaranteed' ? '' : `/${qos.toLowerCase()}`}/pod${uid}`

/** What a group's processes may have together, and how that is held. */
type Limits = ResourceLimits & { readonly quota?: CpuQuota }

/** Makes a pod's group, with what its containers may have together. */
export function limitPod(group: string, qos: SandboxSpec['qos'], resources: Limits & { readonly processesMost: number }, root = mounted): void {
  makeGroup(group, root)
  writeLimits(group, resources, root)
  writeProcessesMost(group, resources.processesMost, root)
  // Best-effort pods share what all others leave.
  if (qos === 'BestEffort') writeShares(group.slice(0, group.lastIndexOf('/')), sharesMin, root)
}

/** Whether a process is in a group of the second version. */
export const isIn = (group: string, process: number): boolean => readIfThere(`/proc/${process}/cgroup`)?.split('\n').includes(`0::${group}`) === true

/** Gives a group other limits. The kernel may refuse to take memory away: then it throws. */
export function writeLimits(group: string, resources: Limits, root = mounted): void {
  const { cpuMillisLimit, memoryBytesLimit = 0 } = resources
  writeShares(group, cpuShares(resources), root)
  const { quota, period } = quotaOf(cpuMillisLimit, resources.quota) ?? { quota: undefined, period: periodOf(resources.quota) }
  if (isUnified(root)) {
    write(`${root}${group}/cpu.max`, `${quota ?? 'max'} ${period}`)
    write(`${root}${group}/memory.max`, memoryBytesLimit === 0 ? 'max' : String(memoryBytesLimit))
    return
  }
  write(`${root}/cpu${group}/cpu.cfs_period_us`, String(period))
  write(`${root}/cpu${group}/cpu.cfs_quota_us`, quota === undefined ? unlimitedV1 : String(quota))
  const limit = memoryBytesLimit === 0 ? unlimitedV1 : String(memoryBytesLimit)
  const together = `${root}/memory${group}/memory.memsw.limit_in_bytes`
  const alone = `${root}/memory${group}/memory.limit_in_bytes`
  // Memory with swap is never less than memory: which goes first depends on the way.
  const files = existsSync(together) ? [alone, together] : [alone]
  const before = Number(readFileSync(alone, 'utf8'))
  for (const file of memoryBytesLimit === 0 || memoryBytesLimit > before ? files.toReversed() : files) write(file, limit)
}

const periodOf = (quota: CpuQuota = cpuQuotaDefault): number => (quota === 'none' ? periodOf() : quota.periodMicroseconds)

/** How many processes a group's pods may have together; -1: as many as the machine. */
function writeProcessesMost(group: string, most: number, root: string): void {
  const directory = isUnified(root) ? `${root}${group}` : `${root}/pids${group}`
  const file = `${directory}/pids.max`
  try { write(file, most < 0 ? 'max' : String(most)) } catch (error) {
    // Without the controller there is nothing to be said, unless it was asked for.
    if (most >= 0) throw error
  }
}

function writeShares(group: string, shares: number, root: string): void {
  if (isUnified(root)) write(`${root}${group}/cpu.weight`, String(cpuWeight(shares)))
  else write(`${root}/cpu${group}/cpu.shares`, String(shares))
}

/** The memory that a group's processes take now, in bytes; undefined when that cannot be read. */
export function memoryUsed(group: string, root = mounted): number | undefined {
  try { return Number(readFileSync(isUnified(root) ? `${root}${group}/memory.current` : `${root}/memory${group}/memory.usage_in_bytes`, 'utf8')) } catch {
    return undefined // The group is gone.
  }
}

function makeGroup(group: string, root: string): void {
  if (!isUnified(root)) {
    for (const controller of controllers) if (existsSync(`${root}/${controller}`)) mkdirSync(`${root}/${controller}${group}`, { recursive: true })
    return
  }
  const parts = group.split('/').slice(1)
  parts.forEach((_part, depth) => {
    openControllers([root, ...parts.slice(0, depth)].join('/'))
    mkdirSync([root, ...parts.slice(0, depth + 1)].join('/'), { recursive: true })
  })
}

/** Lets the groups below one have limits, as far as the machine lets us; once for as long as it stands. */
function openControllers(path: string): void {
  const file = `${path}/cgroup.subtree_control`
  const open = new Set((readIfThere(file) ?? '').split(/\s+/))
  for (const controller of [...ofContainers, ...controllers]) {
    if (open.has(controller)) continue
    try { write(file, `+${controller}`) } catch {
      continue // The machine lacks it, or keeps it to itself: limits of that sort are not there.
    }
  }
}

/** Has a group's processes run on these CPUs ('0-1'). One that has gone meanwhile runs nowhere. */
export function pinGroup(group: string, cpus: string, root = mounted): void {
  const file = `${isUnified(root) ? root : `${root}/cpuset`}${group}/cpuset.cpus`
  const before = readIfThere(file)
  if (before !== undefined && before.trim() !== cpus) write(file, cpus)
}
/** Whether groups of this machine can be held to some of its CPUs. */
export const canPin = (root = mounted): boolean => (isUnified(root) ? (readIfThere(`${root}/cgroup.controllers`) ?? '').split(/\s+/).includes('cpuset') : existsSync(`${root}/cpuset`))

/** Whether groups of this machine can forbid swap. */
export const canLimitSwap = (root = mounted): boolean =>
  (isUnified(root) ? readdirSync(root).some((name) => existsSync(`${root}/${name}/memory.swap.max`)) : existsSync(`${root}/memory/memory.memsw.limit_in_bytes`))

/** The sizes of huge pages that groups of this machine can limit, as the kernel's files name them: '2MB'. */
export function hugePageSizes(base = '', root = mounted): readonly string[] {
  const names = isUnified(root) ? ((readIfThere(`${root}${base}/cgroup.controllers`) ?? '').split(/\s+/).includes('hugetlb') ? readdirSync('/sys/kernel/mm/hugepages').map((name) => Number(/\d+/.exec(name)?.[0] ?? 0)).map(sizeName) : [])
    : existsSync(`${root}/hugetlb`) ? readdirSync(`${root}/hugetlb`).flatMap((name) => /^hugetlb\.(\w+)\.limit_in_bytes$/.exec(name)?.[1] ?? []) : []
  return [...new Set(names)].sort()
}
const sizeName = (kibibytes: number): string => (kibibytes >= 1 << 20 ? `${kibibytes >> 20}GB` : kibibytes >= 1 << 10 ? `${kibibytes >> 10}MB` : `${kibibytes}KB`)

const isUnified = (root: string): boolean => existsSync(`${root}/cgroup.controllers`)
const write = (file: string, text: string): void => { writeFileSync(file, text, { flag: 'w' }) }
