import type { Container, ContainerState, ContainerStateTerminated, ContainerStatus, PodCondition, PodStatus } from '../api/generated/types.ts'
import type { Pod } from '../api/resources.ts'
import type { Instant } from '../base/clock.ts'
import { hasStarted, podIps, restarts } from './containers.ts'
import { allocatedResources } from './devices.ts'
import { isInitialized } from './initialization.ts'
import { probedState } from './probes.ts'
import { hasItsSize, isAllocated, resizeConditions, resizeTypes } from './resizing.ts'
import { qosOf } from './quality.ts'
import { mayRestartAll } from './restart-all.ts'
import { containerStatusOf, exitedBefore, type ExitedRun, isSidecar, type RunningRun } from './stands.ts'
import { timeText } from './times.ts'
import { ephemeralContainers, memoryOf, standIn, type Work } from './work.ts'
import { nodeAddresses } from './node-shape.ts'

/** How a pod has ended, when it has. */
export interface End { readonly phase: 'Succeeded' | 'Failed'; readonly reason?: string; readonly message?: string }

/** A pod's status as it is now. */
export function statusOf(work: Work, end: End | undefined): PodStatus {
  const { pod, around } = work
  const before: Partial<PodStatus> = pod.status ?? {}
  const inits = pod.spec.initContainers ?? []
  const idle = inits.length > 0 ? 'PodInitializing' : 'ContainerCreating'
  const initStatuses = inits.map((container) => containerStatus(work, container, idle))
  const statuses = pod.spec.containers.map((container) => withDevices(work, container, containerStatus(work, container, idle)))
  const ephemeral = ephemeralContainers(pod)
  const phase = end?.phase ?? phaseOf(work)
  const ips = podIps(work)
  const { reason: _, message: __, ...kept } = before
  const generation = pod.metadata.generation
  return {
    ...kept,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    phase,
    ...(end?.reason === undefined ? {} : { reason: end.reason }), ...(end?.message === undefined ? {} : { message: end.message }),
    conditions: conditionsOf(work, phase, initStatuses, statuses, end !== undefined),
    hostIP: around.node.address, hostIPs: nodeAddresses(around.node).map((ip) => ({ ip })),
    ...(ips.length > 0 ? { podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) } : {}),
    startTime: before.startTime ?? timeText(around.now),
    ...(inits.length > 0 ? { initContainerStatuses: initStatuses } : {}),
    containerStatuses: statuses,
    ...(ephemeral.length > 0 ? { ephemeralContainerStatuses: ephemeral.map((container) => ephemeralStatus(work, container)) } : {}),
    qosClass: qosOf(pod),
  }
}

/** As upstream: what is told of devices is told of regular containers only. */
function withDevices({ pod, around: { deviceHealth } }: Work, container: Container, status: ContainerStatus): ContainerStatus {
  if (deviceHealth === undefined) return status
  const told = allocatedResources(container, pod, deviceHealth, containerStatusOf(pod, container.name)?.allocatedResourcesStatus)
  return told === undefined ? status : { ...status, allocatedResourcesStatus: told }
}

/** As upstream: nobody asks an ephemeral container whether it has started, and it is never ready. */
function ephemeralStatus(work: Work, container: Container): ContainerStatus {
  const { started: _, ...status } = containerStatus(work, container, 'ContainerCreating')
  return { ...status, ready: false }
}

function containerStatus(work: Work, container: Container, idle: string): ContainerStatus {
  const { pod, around } = work
  const { name } = container
  const stand = standIn(work, name)
  const { waiting } = memoryOf(work, name)
  const previous = containerStatusOf(pod, name)
  const image = container.image ?? ''
  const isGiven = isAllocated(work)
  const shared = { name, image, imageID: previous?.imageID ?? '', ...(around.node.simulated ? {} : mountsShown(container)), ...(isGiven ? resourcesOf(container) : lastGiven(container, previous)) }
  const held = { lastState: previous?.lastState ?? noState, ready: false, restartCount: previous?.restartCount ?? 0, started: false }
  switch (stand.is) {
    case 'absent': return { ...shared, ...held, state: { waiting: waiting === undefined ? { reason: idle } : shownWaiting(waiting) } }
    // As upstream: what was before is shown until the next attempt runs.
    case 'starting': return previous ?? { ...shared, ...held, state: { waiting: { reason: idle } } }
    case 'failed': return { ...shared, ...held, restartCount: stand.attempt, state: { waiting: { reason: stand.run.reason, message: stand.run.message } } }
    case 'running': {
      const { run } = stand
      const inHook = memoryOf(work, name).hook?.attempt === run.attempt
      const probed = probedState(work, container, run)
      return {
        ...shared, ...(hasItsSize(pod, container, run) ? {} : { resources: previous?.resources ?? {} }), image: run.image, imageID: run.imageId, containerID: containerId(run.id), restartCount: stand.attempt,
        lastState: lastStateOf(exitedBefore(name, stand.attempt, around.observed), previous, stand.attempt),
        // As upstream: a regular init container is ready when it has succeeded.
        ready: probed.ready && !inHook && !isRegularInit(pod, container), started: probed.started && !inHook,
        state: inHook ? { waiting: { reason: idle } } : { running: { startedAt: timeText(run.startedAt) } },
      }
    }
    case 'exited': {
      const { run } = stand
      const terminated = { terminated: terminatedState(run) }
      const common = { ...shared, image: run.image, imageID: run.imageId, containerID: containerId(run.id), restartCount: stand.attempt, started: false }
      if (waiting !== undefined) return { ...common, ready: false, lastState: terminated, state: { waiting: shownWaiting(waiting) } }
      const ready = isRegularInit(pod, container) && run.exitCode === 0
      return { ...common, ready, lastState: lastStateOf(exitedBefore(name, stand.attempt, around.observed), previous, stand.attempt), state: terminated }
    }
  }
}
/** What a container has mounted, and whether that is read only to the bottom. */
function mountsShown({ volumeMounts = [] }: Container): Pick<ContainerStatus, 'volumeMounts'> {
  if (volumeMounts.length === 0) return {}
  return {
    volumeMounts: volumeMounts.map(({ name, mountPath, readOnly, recursiveReadOnly }) => ({
      mountPath, name, ...(readOnly === true ? { readOnly, recursiveReadOnly: recursiveReadOnly === 'Enabled' || recursiveReadOnly === 'IfPossible' ? 'Enabled' : 'Disabled' } : {}),
    })),
  }
}
const noState: ContainerState = {}
const isRegularInit = (pod: Pod, container: Container): boolean => !isSidecar(container) && pod.spec.initContainers?.includes(container) === true

const shownWaiting = ({ reason, message }: { readonly reason: string; readonly message?: string }): NonNullable<ContainerState['waiting']> =>
  (message === undefined ? { reason } : { message, reason })

/** The state of the attempt before: from the runtime, else as the status knew it. */
function lastStateOf(exited: ExitedRun | undefined, previous: ContainerStatus | undefined, attempt: number): ContainerState {
  if (exited !== undefined) return { terminated: terminatedState(exited) }
  if (previous === undefined) return noState
  if (previous.restartCount < attempt && previous.state?.terminated !== undefined) return { terminated: previous.state.terminated }
  return previous.lastState ?? noState
}

function terminatedState(run: ExitedRun): ContainerStateTerminated {
  const reason = run.reason ?? (run.outOfMemory ? 'OOMKilled' : run.exitCode === 0 ? 'Completed' : 'Error')
  return {
    containerID: containerId(run.id), exitCode: run.exitCode, ...(run.finishedAt === 0 ? {} : { finishedAt: timeText(run.finishedAt) }),
    ...(run.message === '' ? {} : { message: run.message }), reason, ...(run.signal === 0 ? {} : { signal: run.signal }), startedAt: timeText(run.startedAt),
  }
}
const containerId = (id: string): string => (id === '' || id.includes('://') ? id : `skiff://${id}`)

function resourcesOf({ resources }: Container): Pick<ContainerStatus, 'resources' | 'allocatedResources'> {
  if (resources === undefined || (resources.requests === undefined && resources.limits === undefined)) return { resources: {} }
  return { ...(resources.requests === undefined ? {} : { allocatedResources: resources.requests }), resources }
}

/** What a container was given before a change that waits. */
const lastGiven = (container: Container, previous: ContainerStatus | undefined): Pick<ContainerStatus, 'resources' | 'allocatedResources'> =>
  (previous === undefined ? resourcesOf(container) : { resources: previous.resources ?? {}, ...(previous.allocatedResources === undefined ? {} : { allocatedResources: previous.allocatedResources }) })

/** The phase of a pod that goes on. */
function phaseOf(work: Work): 'Pending' | 'Running' {
  const { pod } = work
  const main = pod.spec.containers.map((container) => standIn(work, container.name))
  // What has run once makes a pod Running for good: a crash or a pull that fails later does not bring Pending back.
  if (pod.status?.phase === 'Running') return 'Running'
  if (!isInitialized(work)) return 'Pending'
  const begun = main.filter((stand) => stand.is === 'running' || stand.is === 'exited' || (stand.is === 'starting' && stand.attempt > 0))
  const inHook = pod.spec.containers.some((container) => memoryOf(work, container.name).hook !== undefined)
  return begun.length === main.length && !inHook ? 'Running' : 'Pending'
}

/** How a pod whose containers are all down and stay so has ended. */
export function endOf(work: Work): End {
  const { ending } = work.memory
  if (ending !== undefined) return { phase: 'Failed', reason: ending.reason, message: ending.message }
  const succeeded = work.pod.spec.containers.every(({ name }) => { const stand = standIn(work, name); return stand.is === 'exited' && stand.run.exitCode === 0 })
  return { phase: succeeded ? 'Succeeded' : 'Failed' }
}

/** Whether a container is down for good. */
export function isDone(work: Work, container: Container): boolean {
  const stand = standIn(work, container.name)
  return stand.is === 'exited' && !restarts(work, container, stand.run)
}

function conditionsOf(work: Work, phase: string, initStatuses: readonly ContainerStatus[], statuses: readonly ContainerStatus[], over: boolean): readonly PodCondition[] {
  const { pod, around } = work
  const incomplete = (pod.spec.initContainers ?? []).filter((container, at) => {
    const stand = standIn(work, container.name)
    if (isSidecar(container)) return !(stand.is === 'running' && hasStarted(work, container, stand.run as RunningRun)) && !isInitialized(work)
    return initStatuses[at]?.ready !== true && !isInitialized(work)
  }).map((container) => container.name)
  const sidecars = (pod.spec.initContainers ?? []).filter(isSidecar).map((container) => container.name)
  const unready = [...initStatuses.filter((status) => sidecars.includes(status.name)), ...statuses].filter((status) => !status.ready).map((status) => status.name)
  const sandboxed = !over && around.observed?.sandbox.is === 'ready'
  const completed = phase === 'Succeeded' ? 'PodCompleted' : phase === 'Failed' ? 'PodFailed' : undefined
  const notReady = completed !== undefined ? { status: 'False', reason: completed }
    : unready.length > 0 ? { status: 'False', reason: 'ContainersNotReady', message: `containers with unready status: [${unready.join(' ')}]` }
      : { status: 'True' }
  const gates = (pod.spec.readinessGates ?? []).map((gate) => gate.conditionType)
  const shut = gates.filter((type) => pod.status?.conditions?.find((one) => one.type === type)?.status !== 'True')
  const ready = notReady.status === 'False' || shut.length === 0 ? notReady
    : { status: 'False', reason: 'ReadinessGatesNotReady', message: shut.map((type) => readinessGateText(pod, type)).join(', ') }
  const initialized = phase === 'Succeeded' ? { status: 'True', reason: 'PodCompleted' }
    : incomplete.length === 0 ? { status: 'True' }
      : { status: 'False', reason: 'ContainersNotInitialized', message: `containers with incomplete status: [${incomplete.join(' ')}]` }
  const own = [
    condition(pod, 'PodReadyToStartContainers', { status: sandboxed ? 'True' : 'False' }, around.now),
    condition(pod, 'Initialized', initialized, around.now),
    condition(pod, 'Ready', ready, around.now),
    condition(pod, 'ContainersReady', notReady, around.now),
    condition(pod, 'PodScheduled', { status: 'True' }, around.now),
    ...(work.memory.ending?.reason === 'Evicted' ? [condition(pod, 'DisruptionTarget', { status: 'True', reason: 'TerminationByKubelet', message: work.memory.ending.message }, around.now)] : []),
    ...(mayRestartAll(work) ? [condition(pod, 'AllContainersRestarting', completed !== undefined ? { status: 'False', reason: completed } : { status: work.memory.restartingAll === true ? 'True' : 'False' }, around.now)] : []),
    ...resizeConditions(work).map(({ type, ...says }) => condition(pod, type, says, around.now)),
  ]
  const others = pod.status?.conditions?.filter((one) => !ownTypes.includes(one.type) && !resizeTypes.includes(one.type) && !(one.type === 'DisruptionTarget' && work.memory.ending?.reason === 'Evicted')) ?? []
  return others.length === 0 ? own : [...own, ...others]
}
const ownTypes: readonly string[] = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled', 'AllContainersRestarting']

const readinessGateText = (pod: Pod, type: string): string => {
  const found = pod.status?.conditions?.find((one) => one.type === type)
  return found === undefined ? `corresponding condition of pod readiness gate "${type}" does not exist.` : `the status of pod readiness gate "${type}" is not "True", but ${found.status}`
}

function condition(pod: Pod, type: string, says: { readonly status: string; readonly reason?: string; readonly message?: string }, now: Instant): PodCondition {
  const before = pod.status?.conditions?.find((one) => one.type === type)
  const observedGeneration = pod.metadata.generation
  return {
    type, status: says.status, lastTransitionTime: before?.status === says.status ? before.lastTransitionTime ?? timeText(now) : timeText(now),
    ...(says.reason === undefined ? {} : { reason: says.reason }), ...(says.message === undefined ? {} : { message: says.message }),
    ...(observedGeneration === undefined ? {} : { observedGeneration }),
  }
}
