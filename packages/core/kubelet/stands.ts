import type { Container, ContainerStateTerminated, ContainerStatus } from '../api/generated/types.ts'
import type { Pod } from '../api/resources.ts'
import { instantOf } from '../rules/time.ts'
import type { PodMemory } from './memory.ts'
import type { RuntimeContainer, RuntimePod } from './runtime.ts'

export type RunningRun = Extract<RuntimeContainer, { readonly is: 'running' }>
export type ExitedRun = Extract<RuntimeContainer, { readonly is: 'exited' }> & { readonly reason?: string }
export type FailedRun = Extract<RuntimeContainer, { readonly is: 'failed' }>

/** Where one container stands, by its newest attempt. */
export type Stand =
  | { readonly is: 'absent' }
  /** Ordered, and the runtime is at it. */
  | { readonly is: 'starting'; readonly attempt: number }
  | { readonly is: 'failed'; readonly attempt: number; readonly run: FailedRun }
  | { readonly is: 'running'; readonly attempt: number; readonly run: RunningRun }
  | { readonly is: 'exited'; readonly attempt: number; readonly run: ExitedRun }

/** Where a container stands: what the runtime shows, else what was ordered, else what the pod's status last said. */
export function standOf(name: string, pod: Pod, observed: RuntimePod | undefined, memory: PodMemory | undefined): Stand {
  const newest = observed?.containers.get(name)?.at(-1)
  const ordered = memory?.containers?.[name]?.ordered
  if (ordered !== undefined && (newest === undefined || ordered > newest.attempt)) return { is: 'starting', attempt: ordered }
  if (newest === undefined) return lastKnown(containerStatusOf(pod, name))
  const { attempt } = newest
  switch (newest.is) {
    case 'creating': return { is: 'starting', attempt }
    // As upstream: a container that was created but could not be started has crashed; one that could not be created has not been there.
    case 'failed': return newest.reason === 'RunContainerError' ? { is: 'exited', attempt, run: neverStarted(newest) } : { is: 'failed', attempt, run: newest }
    case 'running': return { is: 'running', attempt, run: newest }
    case 'exited': return { is: 'exited', attempt, run: newest }
  }
}

/** The attempt before the newest one, when the runtime still has it or the status tells of it. */
export function exitedBefore(name: string, attempt: number, observed: RuntimePod | undefined): ExitedRun | undefined {
  return observed?.containers.get(name)?.findLast((run): run is ExitedRun => run.is === 'exited' && run.attempt < attempt)
}

export const containerStatusOf = (pod: Pod, name: string): ContainerStatus | undefined =>
  pod.status?.containerStatuses?.find((one) => one.name === name) ?? pod.status?.initContainerStatuses?.find((one) => one.name === name)
    ?? pod.status?.ephemeralContainerStatuses?.find((one) => one.name === name)

export const isSidecar = (container: Container): boolean => container.restartPolicy === 'Always'

function neverStarted({ attempt, image, message, at }: FailedRun): ExitedRun {
  return { is: 'exited', attempt, image, id: '', imageId: '', startedAt: 0, finishedAt: at, exitCode: 128, signal: 0, outOfMemory: false, reason: 'StartError', message }
}

/** A container that the runtime does not have any more: as the status tells; one that was running has died unseen. */
function lastKnown(status: ContainerStatus | undefined): Stand {
  if (status === undefined) return { is: 'absent' }
  const { restartCount: attempt } = status
  const terminated = status.state?.terminated ?? (status.state?.running === undefined ? status.lastState?.terminated : undefined)
  if (terminated !== undefined) return { is: 'exited', attempt, run: exitedFrom(status, terminated) }
  if (status.state?.running === undefined) return { is: 'absent' }
  return {
    is: 'exited', attempt,
    run: {
      is: 'exited', attempt, image: status.image, imageId: status.imageID, id: status.containerID ?? '', startedAt: instantOf(status.state.running.startedAt) ?? 0, finishedAt: 0,
      exitCode: 137, signal: 0, outOfMemory: false, reason: 'ContainerStatusUnknown', message: 'The container could not be located when the pod was terminated',
    },
  }
}

function exitedFrom(status: ContainerStatus, terminated: ContainerStateTerminated): ExitedRun {
  return {
    is: 'exited', attempt: status.restartCount, image: status.image, imageId: status.imageID, id: terminated.containerID ?? '',
    startedAt: instantOf(terminated.startedAt) ?? 0, finishedAt: instantOf(terminated.finishedAt) ?? 0,
    exitCode: terminated.exitCode, signal: terminated.signal ?? 0, outOfMemory: terminated.reason === 'OOMKilled', message: terminated.message ?? '',
    ...(terminated.reason === undefined ? {} : { reason: terminated.reason }),
  }
}
