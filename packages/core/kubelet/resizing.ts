// A pod's containers are given other resources while they run, as upstream's kubelet does: first the node agrees, then the groups are changed.
import { deepEqual } from 'fast-equals'
import type { Container, EphemeralContainer, PodCondition } from '../api/generated/types.ts'
import type { Pod } from '../api/resources.ts'
import { type Amounts, amountOf, podRequests } from '../rules/requests.ts'
import { resourcesOf } from './container-spec.ts'
import type { ResourceLimits } from './runtime.ts'
import { podResources } from './sandbox.ts'
import { qosOf } from './quality.ts'
import { containerStatusOf, isSidecar, type RunningRun } from './stands.ts'
import { stop } from './stopping.ts'
import { lookAgain, memoryOf, remember, rememberPod, standIn, tell, type Work } from './work.ts'

/** A resize that has no room now is looked at again after this long, and one that failed too. */
const resizeRetryMs = 10_000
const none: ResourceLimits = { cpuMillisRequested: 0, memoryBytesRequested: 0 }
const resizable = ['cpu', 'memory'] as const
type Resizable = (typeof resizable)[number]

/** Brings what running containers have to what the pod asks for by now, where the node has room for that. */
export function resizeContainers(work: Work): void {
  if (isAsMade(work.pod) && work.memory.resize === undefined) return
  const changed = containersIn(work.pod).flatMap((container) => {
    const stand = standIn(work, container.name)
    if (stand.is !== 'running' || memoryOf(work, container.name).stopping?.attempt === stand.attempt) return []
    return isSized(container, stand.run) ? [] : [{ container, run: stand.run }]
  })
  if (changed.length === 0) { settled(work); return }
  if (!isTakenOn(work)) return
  for (const { container, run } of changed) give(work, container, run)
}

/** A pod whose spec was never changed has what it asked for. */
const isAsMade = ({ metadata }: Pod): boolean => (metadata.generation ?? 1) <= 1

/** Whether a running container has what the pod asks for. */
export const hasItsSize = (pod: Pod, container: Container, run: RunningRun): boolean => isAsMade(pod) || isSized(container, run)

function isSized(container: Container, run: RunningRun): boolean {
  const { hugePages: _, ...has } = run.resources ?? none
  const { hugePages: __, ...wanted } = resourcesOf(container)
  return deepEqual(has, wanted)
}

/** Whether what the pod asks for now counts: a change that waits does not. */
export const isAllocated = (work: Work): boolean => work.memory.resize?.is !== 'pending' || work.memory.resize.generation !== work.pod.metadata.generation

/** The container as it is to be run: with what it was given last, while a change waits. */
export const allocated = (work: Work, container: Container): Container => (isAllocated(work) ? container : asGiven(work.pod, container))

/** The container with what its status says that it was given, where it says so. */
export function asGiven<One extends Container | EphemeralContainer>(pod: Pod, container: One): One {
  const status = containerStatusOf(pod, container.name)
  return status?.allocatedResources === undefined ? container : { ...container, resources: { ...status.resources, requests: status.allocatedResources } }
}

/** What a pod holds of its node: what it asks for, or while a change waits, what it was given. */
export function heldBy(pod: Pod): Amounts {
  if (!isResizePending(pod)) return podRequests(pod.spec)
  const sized = (container: Container): Container => asGiven(pod, container)
  const { initContainers } = pod.spec
  return podRequests({ ...pod.spec, containers: pod.spec.containers.map(sized), ...(initContainers === undefined ? {} : { initContainers: initContainers.map(sized) }) })
}

/** Whether the pod's status says that a change waits. */
export const isResizePending = (pod: Pod): boolean => isTold(pod, 'PodResizePending')

/** The conditions that tell how a change goes; none where nothing is to change. */
export function resizeConditions(work: Work): readonly { readonly type: string; readonly status: string; readonly reason?: string; readonly message?: string }[] {
  const { resize } = work.memory
  if (resize === undefined) return []
  if (resize.is === 'pending') return [{ type: 'PodResizePending', status: 'True', reason: resize.reason, message: resize.message }]
  return [{ type: 'PodResizeInProgress', status: 'True', ...(resize.problem === undefined ? {} : { reason: 'Error', message: resize.problem }) }]
}
export const resizeTypes: readonly string[] = ['PodResizePending', 'PodResizeInProgress']

/** A container has been given what was ordered, or the kernel would not. */
export function resized(work: Work, name: string, attempt: number, problem: string | undefined): void {
  const { resizing } = memoryOf(work, name)
  if (resizing?.attempt !== attempt) return
  const { resize } = work.memory
  if (problem === undefined) {
    remember(work, name, { resizing: undefined })
    if (resize?.is === 'under way' && resize.problem !== undefined) rememberPod(work, { resize: { is: 'under way', generation: resize.generation } })
    return
  }
  const retryAt = work.around.now + resizeRetryMs
  remember(work, name, { resizing: { ...resizing, retryAt } })
  if (resize?.is !== 'under way' || resize.problem === problem) return
  rememberPod(work, { resize: { ...resize, problem } })
  tell(work, 'Warning', 'ResizeError', `Pod resize error: ${summary(work.pod, problem)}`)
}

/** Sidecars and the pod's own containers: others run once, with what they were started with. */
const containersIn = ({ spec }: Pod): readonly Container[] => (spec.initContainers === undefined ? spec.containers : [...spec.initContainers.filter(isSidecar), ...spec.containers])

function settled(work: Work): void {
  if (work.memory.resize !== undefined) rememberPod(work, { resize: undefined })
  if (wasUnderWay(work)) tell(work, 'Normal', 'ResizeCompleted', `Pod resize completed: ${summary(work.pod)}`)
}
const wasUnderWay = ({ pod, memory }: Work): boolean => memory.resize?.is === 'under way' || isTold(pod, 'PodResizeInProgress')
const isTold = (pod: Pod, type: string): boolean => pod.status?.conditions?.some((one: PodCondition) => one.type === type) === true

/** Whether the node takes the change on: what it can never give, or not now, is told and waits. */
function isTakenOn(work: Work): boolean {
  const { pod, around } = work
  const { resize } = work.memory
  const generation = pod.metadata.generation ?? 0
  if (resize?.is === 'under way' && resize.generation === generation) return true
  const refused = refusal(work)
  if (refused === undefined) {
    // After a restart of the kubelet the status tells what was taken on already.
    if (!(resize === undefined && isTold(pod, 'PodResizeInProgress') && isGiven(pod))) tell(work, 'Normal', 'ResizeStarted', `Pod resize started: ${summary(pod)}`)
    rememberPod(work, { resize: { is: 'under way', generation } })
    return true
  }
  if (refused.reason === 'Deferred') lookAgain(work, around.now + resizeRetryMs)
  const before = pod.status?.conditions?.find(({ type }) => type === 'PodResizePending')
  const isKnown = resize?.is === 'pending' ? resize.generation === generation && resize.message === refused.message : before?.observedGeneration === generation && before.message === refused.message
  rememberPod(work, { resize: { is: 'pending', generation, ...refused } })
  if (!isKnown) tell(work, 'Warning', `Resize${refused.reason}`, `Pod resize ${refused.reason}: ${summary(pod, refused.message)}`)
  return false
}
const isGiven = (pod: Pod): boolean => containersIn(pod).every(({ name, resources }) => deepEqual(containerStatusOf(pod, name)?.allocatedResources ?? {}, resources?.requests ?? {}))

function refusal({ pod, around }: Work): { readonly reason: 'Infeasible' | 'Deferred'; readonly message: string } | undefined {
  if (around.node.kubelet?.exclusiveCpus === true && qosOf(pod) === 'Guaranteed' && changesCpus(pod)) return { reason: 'Infeasible', message: 'Resize is infeasible for Guaranteed Pods alongside CPU Manager policy "static"' }
  const wanted = podRequests(pod.spec)
  const allocatable = around.node.allocatable ?? around.node.capacity
  for (const resource of ['memory', 'cpu'] as const) {
    const capacity = amountOf(resource, allocatable[resource])
    if ((wanted[resource] ?? 0) > capacity) return { reason: 'Infeasible', message: `Node didn't have enough capacity: ${resource}, requested: ${wanted[resource]}, capacity: ${capacity}` }
  }
  const own = heldBy(pod)
  for (const resource of resizable) {
    const used = (around.granted.amounts[resource] ?? 0) - (around.held?.[resource] ?? own[resource] ?? 0)
    const capacity = amountOf(resource, allocatable[resource])
    if ((wanted[resource] ?? 0) + used > capacity) return { reason: 'Deferred', message: `Node didn't have enough resource: ${resource}, requested: ${wanted[resource]}, used: ${used}, capacity: ${capacity}` }
  }
  return undefined
}

const changesCpus = (pod: Pod): boolean => containersIn(pod).some((container) => amountOf('cpu', container.resources?.requests?.['cpu']) !== amountOf('cpu', asGiven(pod, container).resources?.requests?.['cpu']))

/** Orders one container's change: by its group, or by starting it again where it says so. */
function give(work: Work, container: Container, run: RunningRun): void {
  const { now } = work.around
  const to = resourcesOf(container)
  const { resizing } = memoryOf(work, container.name)
  const isOrdered = resizing?.attempt === run.attempt && deepEqual(resizing.to, to)
  if (isOrdered && resizing.retryAt === undefined) return
  if (isOrdered && resizing.retryAt !== undefined && now < resizing.retryAt) { lookAgain(work, resizing.retryAt); return }
  if (resizable.some((resource) => differs(run.resources ?? none, to, resource) && restartsFor(container, resource))) {
    remember(work, container.name, { restarting: run.attempt, resizing: undefined })
    stop(work, container, run, now + (work.pod.spec.terminationGracePeriodSeconds ?? 30) * 1000, `Container ${container.name} resize requires restart`)
    return
  }
  work.commands.push({ do: 'resize', pod: work.pod.metadata.uid, container: container.name, attempt: run.attempt, resources: to, podResources: podResources(work.pod) })
  remember(work, container.name, { resizing: { attempt: run.attempt, to } })
}
const restartsFor = (container: Container, resource: Resizable): boolean => container.resizePolicy?.some(({ resourceName, restartPolicy }) => resourceName === resource && restartPolicy === 'RestartContainer') === true
const differs = (has: ResourceLimits, wanted: ResourceLimits, resource: Resizable): boolean =>
  (resource === 'cpu' ? has.cpuMillisRequested !== wanted.cpuMillisRequested || has.cpuMillisLimit !== wanted.cpuMillisLimit : has.memoryBytesRequested !== wanted.memoryBytesRequested || has.memoryBytesLimit !== wanted.memoryBytesLimit)

/** What the pod's containers ask for, as upstream's events tell it. */
function summary(pod: Pod, error?: string): string {
  const shown = (containers: readonly Container[]): unknown => containers.map(({ name, resources = {} }) => ({
    name, resources: { ...(resources.limits === undefined ? {} : { limits: sorted(resources.limits) }), ...(resources.requests === undefined ? {} : { requests: sorted(resources.requests) }) },
  }))
  const sidecars = pod.spec.initContainers?.filter(isSidecar) ?? []
  return JSON.stringify({ ...(sidecars.length === 0 ? {} : { initContainers: shown(sidecars) }), containers: shown(pod.spec.containers), generation: pod.metadata.generation ?? 0, ...(error === undefined ? {} : { error }) })
}
const sorted = (quantities: Readonly<Record<string, string>>): unknown => Object.fromEntries(Object.entries(quantities).toSorted(([a], [b]) => (a < b ? -1 : 1)))
