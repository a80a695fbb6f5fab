// What a node short of something does: which conditions it shows, and whom it evicts. Pure, for nodes of all sorts; who plays the node measures, and carries out.
// Thresholds, order and words are upstream's (pkg/kubelet/eviction); what is measured of pods are working sets and bytes written.
import type { Toleration } from '../api/generated/types.ts'
import type { Pod } from '../api/resources.ts'
import { formatQuantity, quantityOf } from '../base/quantity.ts'
import type { Instant } from '../base/clock.ts'
import { systemPriorities } from '../api/kinds/scheduling/priorityclass/index.ts'
import { isTerminal, isTerminating } from '../rules/pods.ts'
import { unitsOf } from '../rules/quantity.ts'
import { podLimits, podRequests } from '../rules/requests.ts'
import { untolerated } from '../rules/taints.ts'
import type { Ending } from './memory.ts'
import { qosOf } from './quality.ts'

export type Signal = 'memory.available' | 'nodefs.available' | 'nodefs.inodesFree' | 'imagefs.available' | 'imagefs.inodesFree' | 'pid.available'
/** Bytes, or numbers of inodes and processes. */
export interface Observation { readonly available: number; readonly capacity: number }
export type Observations = Partial<Readonly<Record<Signal, Observation>>>
/** At least so much, or so many per cent of the capacity, is to be left. */
export interface Threshold {
  readonly signal: Signal
  readonly least: { readonly amount: number } | { readonly percent: number }
  /** A soft one: how long it must have been crossed, and how long pods may take then at most; absent: as long as they say. */
  readonly soft?: { readonly graceMs: number; readonly podGraceSeconds?: number }
  /** How much more than that is to be won back. */
  readonly reclaim?: Threshold['least']
}
export const pressureTypes = ['MemoryPressure', 'DiskPressure', 'PIDPressure'] as const
export type PressureType = (typeof pressureTypes)[number]

/** Upstream's defaults on Linux (evictionHard). */
export const thresholdsDefault: readonly Threshold[] = [
  { signal: 'memory.available', least: { amount: 100 * 1024 * 1024 } },
  { signal: 'nodefs.available', least: { percent: 10 } }, { signal: 'nodefs.inodesFree', least: { percent: 5 } },
  { signal: 'imagefs.available', least: { percent: 15 } }, { signal: 'imagefs.inodesFree', least: { percent: 5 } },
]
/** How often a node looks. */
export const housekeepingMs = 10_000
/** A condition is shown until its cause has been away for so long (evictionPressureTransitionPeriod). */
export const pressureTransitionMs = 5 * 60_000
/** A hard eviction does not wait for a pod's own grace period. */
const hardGraceSeconds = 1

const resourceOf: Readonly<Record<Signal, 'memory' | 'ephemeral-storage' | 'inodes' | 'pids'>> = {
  'memory.available': 'memory', 'nodefs.available': 'ephemeral-storage', 'imagefs.available': 'ephemeral-storage',
  'nodefs.inodesFree': 'inodes', 'imagefs.inodesFree': 'inodes', 'pid.available': 'pids',
}
const pressureOf = (signal: Signal): PressureType => (signal === 'memory.available' ? 'MemoryPressure' : signal === 'pid.available' ? 'PIDPressure' : 'DiskPressure')

/** What a node remembers of its shortages: plain data. */
export interface Shortages {
  /** Since when a threshold has been crossed, by its place in the list. */
  readonly since: Readonly<Record<number, Instant>>
  /** Which ones have not been made up for yet. */
  readonly unresolved: readonly number[]
  /** When the cause of a condition was seen last. */
  readonly seen: Partial<Readonly<Record<PressureType, Instant>>>
}
export const noShortages: Shortages = { since: {}, unresolved: [], seen: {} }

export interface Assessment {
  readonly shortages: Shortages
  readonly conditions: readonly PressureType[]
  /** The shortage to be made up for now: memory first. On a disk, what nobody uses (images) goes before pods do. */
  readonly acute: { readonly threshold: Threshold; readonly resource: string; readonly observed: Observation } | undefined
}

/** How much of a capacity a threshold wants left. */
export const leastOf = ({ least }: Pick<Threshold, 'least'>, capacity: number): number => ('amount' in least ? least.amount : Math.trunc((capacity * least.percent) / 100))

/** What is short on a node, and what is to be shown of it. */
export function assess(observations: Observations, before: Shortages, now: Instant, thresholds: readonly Threshold[] = thresholdsDefault, transitionMs = pressureTransitionMs): Assessment {
  const crossed = thresholds.flatMap((threshold, nth) => {
    const observed = observations[threshold.signal]
    if (observed === undefined) return []
    const wanted = leastOf(threshold, observed.capacity) + (before.unresolved.includes(nth) && threshold.reclaim !== undefined ? leastOf({ least: threshold.reclaim }, observed.capacity) : 0)
    return observed.available < wanted ? [{ nth, threshold, observed }] : []
  })
  const since = Object.fromEntries(crossed.map(({ nth }) => [nth, before.since[nth] ?? now]))
  const seen: Partial<Record<PressureType, Instant>> = { ...before.seen }
  for (const { threshold } of crossed) seen[pressureOf(threshold.signal)] = now
  for (const type of Object.keys(seen) as PressureType[]) if (now - (seen[type] ?? now) >= transitionMs) delete seen[type] // the keys are these
  const acute = crossed.filter(({ nth, threshold }) => now - (since[nth] ?? now) >= (threshold.soft?.graceMs ?? 0))
  const first = acute.find(({ threshold }) => threshold.signal === 'memory.available') ?? acute[0]
  return {
    shortages: { since, unresolved: acute.map(({ nth }) => nth), seen },
    conditions: pressureTypes.filter((type) => seen[type] !== undefined),
    acute: first === undefined ? undefined : { threshold: first.threshold, resource: resourceOf[first.threshold.signal], observed: first.observed },
  }
}

/** What a pod uses, as measured; bytes. */
export interface PodUse {
  readonly memory: number
  /** What its containers and its emptyDirs on the disk have written. */
  readonly storage: number
  readonly inodes?: number
  readonly processes?: number
  readonly containers: readonly { readonly name: string; readonly memory: number; readonly storage: number }[]
  /** By the name of an emptyDir. */
  readonly volumes?: Readonly<Record<string, number>>
}
/** A pod that runs, and what it uses; undefined: nobody knows. */
export interface Candidate { readonly pod: Pod; readonly use: PodUse | undefined }
/** As upstream's podCleanupTimeout: so long an evicted pod that does not go keeps others from being evicted. */
const cleanupMs = 30_000
/** The pods among which a victim may be: those that neither are over nor go already, and none while one that was evicted is still there. */
export function evictable(pods: Iterable<Pod>, endingOf: (uid: string) => Ending | undefined, now: Instant): readonly Pod[] {
  const living = [...pods].filter((pod) => !isTerminal(pod))
  const isGoing = living.some(({ metadata }) => { const ending = endingOf(metadata.uid); return ending?.reason === 'Evicted' && now - ending.since < cleanupMs })
  return isGoing ? [] : living.filter((pod) => !isTerminating(pod) && endingOf(pod.metadata.uid) === undefined)
}

export interface Eviction { readonly pod: Pod; readonly message: string; readonly graceSeconds: number }

/** Pods without which a node does not work are never evicted. */
export const isCritical = ({ metadata, spec }: Pod): boolean =>
  (spec.priority ?? 0) >= (systemPriorities.get('system-cluster-critical') ?? Infinity) || metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined || (metadata.annotations?.['kubernetes.io/config.source'] ?? 'api') !== 'api'

/**
 * The one pod that is to go for a shortage; undefined when none may. As upstream: pods of which nothing is known first, then those that use more than they asked for, then by priority, then
 * by how much more they use. A class of service counts by its requests only.
 */
export function chooseVictim({ threshold, resource, observed }: NonNullable<Assessment['acute']>, candidates: readonly Candidate[]): Eviction | undefined {
  const ranked = candidates.filter(({ pod }) => !isCritical(pod)).toSorted((a, b) => order(a, b, resource))
  const victim = ranked[0]
  if (victim === undefined) return undefined
  const low = `The node was low on resource: ${resource}. Threshold quantity: ${amountText(leastOf(threshold, observed.capacity), resource)}, available: ${amountText(observed.available, resource)}. `
  return { pod: victim.pod, message: low + excessText(victim, resource), graceSeconds: graceSecondsOf(victim.pod, threshold) }
}

/** As upstream documents it: of the node's grace and the pod's own the lesser one. */
function graceSecondsOf({ spec: { terminationGracePeriodSeconds: own = 30 } }: Pod, { soft }: Threshold): number {
  return soft === undefined ? hardGraceSeconds : Math.max(hardGraceSeconds, Math.min(own, soft.podGraceSeconds ?? own))
}

function order(a: Candidate, b: Candidate, resource: string): number {
  const [left, right] = [excess(a, resource), excess(b, resource)]
  if (left === undefined || right === undefined) return Number(right === undefined) - Number(left === undefined) || priority(a.pod) - priority(b.pod)
  return Number(right > 0 && asks(resource)) - Number(left > 0 && asks(resource)) || priority(a.pod) - priority(b.pod) || right - left
}
const priority = ({ spec }: Pod): number => spec.priority ?? 0
/** Nobody asks for inodes or processes. */
const asks = (resource: string): boolean => resource === 'memory' || resource === 'ephemeral-storage'
function excess({ pod, use }: Candidate, resource: string): number | undefined {
  if (use === undefined) return undefined
  if (resource === 'inodes') return use.inodes ?? 0
  if (resource === 'pids') return use.processes ?? 0
  return (resource === 'memory' ? use.memory : use.storage) - (podRequests(pod.spec)[resource] ?? 0)
}

function excessText({ pod, use }: Candidate, resource: string): string {
  if (use === undefined || !asks(resource)) return ''
  return use.containers.map(({ name, memory, storage }) => {
    const used = resource === 'memory' ? memory : storage
    const request = pod.spec.containers.find((one) => one.name === name)?.resources?.requests?.[resource]
    return pod.spec.containers.some((one) => one.name === name) && used > unitsOf(request) ? `Container ${name} was using ${amountText(used, resource)}, request is ${request ?? '0'}, has larger consumption of ${resource}. ` : ''
  }).join('')
}
const amountText = (amount: number, resource: string): string => formatQuantity(quantityOf(amount, asks(resource) ? 'BinarySI' : 'DecimalSI'))

/** Why a pod goes that has written more than it may, short of disk or not: past the size of an emptyDir, past the sum of its limits, past a container's limit. */
export function overLimit({ pod, use }: Candidate): Eviction | undefined {
  if (use === undefined || isCritical(pod)) return undefined
  const message = volumeOver(pod, use) ?? podOver(pod, use) ?? containerOver(pod, use)
  return message === undefined ? undefined : { pod, message, graceSeconds: hardGraceSeconds }
}
function volumeOver({ spec }: Pod, { volumes = {} }: PodUse): string | undefined {
  const over = spec.volumes?.find(({ name, emptyDir }) => unitsOf(emptyDir?.sizeLimit) > 0 && (volumes[name] ?? 0) > unitsOf(emptyDir?.sizeLimit))
  return over === undefined ? undefined : `Usage of EmptyDir volume ${JSON.stringify(over.name)} exceeds the limit ${JSON.stringify(over.emptyDir?.sizeLimit)}. `
}
function podOver({ spec }: Pod, { storage }: PodUse): string | undefined {
  const limit = podLimits(spec)['ephemeral-storage']
  return limit === undefined || storage <= limit ? undefined : `Pod ephemeral local storage usage exceeds the total limit of containers ${amountText(limit, 'ephemeral-storage')}. `
}
function containerOver({ spec }: Pod, { containers }: PodUse): string | undefined {
  for (const { name, storage } of containers) {
    const limit = spec.containers.find((one) => one.name === name)?.resources?.limits?.['ephemeral-storage']
    if (limit !== undefined && unitsOf(limit) > 0 && storage > unitsOf(limit)) return `Container ${name} exceeded its local ephemeral storage limit ${JSON.stringify(limit)}. `
  }
  return undefined
}

/** Why a node under pressure does not take a pod on; undefined when it does. Short of memory alone it takes what has asked for some, or tolerates that. */
export function refusedUnderPressure(pod: Pod, conditions: readonly PressureType[]): string | undefined {
  if (conditions.length === 0 || isCritical(pod)) return undefined
  if (conditions.length === 1 && conditions[0] === 'MemoryPressure' && (qosOf(pod) !== 'BestEffort' || toleratesShortMemory(pod.spec.tolerations))) return undefined
  return `The node had condition: [${conditions.join(' ')}]. `
}
const toleratesShortMemory = (tolerations: readonly Toleration[] | undefined): boolean =>
  untolerated([{ key: 'node.kubernetes.io/memory-pressure', effect: 'NoSchedule' }], tolerations, ['NoSchedule']) === undefined

/** How the node's conditions tell it, and the event of each change. */
export const pressureTexts: Readonly<Record<PressureType, Readonly<Record<'True' | 'False', { readonly reason: string; readonly message: string; readonly event: string }>>>> = {
  MemoryPressure: {
    True: { reason: 'KubeletHasInsufficientMemory', message: 'kubelet has insufficient memory available', event: 'NodeHasInsufficientMemory' },
    False: { reason: 'KubeletHasSufficientMemory', message: 'kubelet has sufficient memory available', event: 'NodeHasSufficientMemory' },
  },
  DiskPressure: {
    True: { reason: 'KubeletHasDiskPressure', message: 'kubelet has disk pressure', event: 'NodeHasDiskPressure' },
    False: { reason: 'KubeletHasNoDiskPressure', message: 'kubelet has no disk pressure', event: 'NodeHasNoDiskPressure' },
  },
  PIDPressure: {
    True: { reason: 'KubeletHasInsufficientPID', message: 'kubelet has insufficient PID available', event: 'NodeHasInsufficientPID' },
    False: { reason: 'KubeletHasSufficientPID', message: 'kubelet has sufficient PID available', event: 'NodeHasSufficientPID' },
  },
}
