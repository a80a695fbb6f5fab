import type { Container } from '../api/generated/types.ts'
import type { PodStatus } from '../api/generated/types.ts'
import type { Pod } from '../api/resources.ts'
import type { Instant } from '../base/clock.ts'
import { isTerminal } from '../rules/pods.ts'
import { instantOf, timestamp } from '../rules/time.ts'
import { deepEqual } from 'fast-equals'
import { rejection } from './admission.ts'
import { keepRunning, lookInto } from './containers.ts'
import type { Decision, Surroundings } from './decision.ts'
import { hear } from './hearing.ts'
import { initialize, isInitialized } from './initialization.ts'
import { sandboxReady } from './preparation.ts'
import { stepProbes } from './probes.ts'
import { resizeContainers } from './resizing.ts'
import { restartsAll } from './restart-all.ts'
import { qosOf } from './quality.ts'
import { isSidecar } from './stands.ts'
import { endOf, isDone, statusOf } from './status.ts'
import { stop } from './stopping.ts'
import { beginWork, ephemeralContainers, lookAgain, memoryOf, rememberPod, settledMemory, standIn, tell, type Work } from './work.ts'

/** What is to be done about one pod that is bound to this node. Pure. */
export function decide(pod: Pod, around: Surroundings): Decision {
  const work = beginWork(pod, around)
  for (const event of around.heard) hear(work, event)
  if (isNew(pod, around)) {
    const refused = rejection(pod, around)
    if (refused !== undefined) {
      tell(work, 'Warning', refused.reason, refused.message)
      return concluded(work, { ...pod.status, phase: 'Failed', ...refused, startTime: timestamp(around.now), qosClass: qosOf(pod) })
    }
  }
  if (isTerminal(pod)) return over(work)
  const endBy = endDeadline(work)
  if (endBy !== undefined) return terminate(work, endBy)
  return run(work)
}

/** A pod that this kubelet has not taken on yet: later looks do not judge it again. */
const isNew = (pod: Pod, around: Surroundings): boolean =>
  pod.status?.startTime === undefined && around.observed === undefined && around.memory === undefined && pod.metadata.deletionTimestamp === undefined && !isTerminal(pod)

/** By when a pod's containers are to be gone; undefined while it may live. */
function endDeadline(work: Work): Instant | undefined {
  const { pod, around } = work
  const deleted = instantOf(pod.metadata.deletionTimestamp)
  if (deleted !== undefined) return deleted
  const seconds = pod.spec.activeDeadlineSeconds
  const started = instantOf(pod.status?.startTime)
  if (work.memory.ending === undefined && seconds !== undefined && started !== undefined) {
    const due = started + seconds * 1000
    if (around.now < due) lookAgain(work, due)
    else {
      const message = 'Pod was active on the node longer than the specified deadline'
      tell(work, 'Normal', 'DeadlineExceeded', message)
      rememberPod(work, { ending: { reason: 'DeadlineExceeded', message, since: around.now, graceSeconds: pod.spec.terminationGracePeriodSeconds ?? 30 } })
    }
  }
  const { ending } = work.memory
  return ending === undefined ? undefined : ending.since + ending.graceSeconds * 1000
}

/** The usual case: the pod is to run. */
function run(work: Work): Decision {
  // It was over already, and its status has been set back by somebody.
  if (work.around.observed?.sandbox.is === 'gone') return ended(work)
  if (!sandboxReady(work)) return concluded(work, statusOf(work, undefined))
  // As upstream: who looks into a pod need not wait for its init containers.
  for (const container of ephemeralContainers(work.pod)) lookInto(work, container)
  if (restartsAll(work)) return concluded(work, statusOf(work, undefined))
  if (!isInitialized(work)) {
    const state = initialize(work)
    if (state === 'failed') return finish(work)
    if (state === 'under way') return concluded(work, statusOf(work, undefined))
  } else for (const container of work.pod.spec.initContainers ?? []) if (isSidecar(container) && !mainIsDone(work)) keepRunning(work, container)
  for (const container of work.pod.spec.containers) keepRunning(work, container)
  resizeContainers(work)
  return mainIsDone(work) ? finish(work) : concluded(work, statusOf(work, undefined))
}

const mainIsDone = (work: Work): boolean => work.pod.spec.containers.every((container) => isDone(work, container))

/** The pod has done its work, or failed at it: what still runs is stopped, then the end is told. */
function finish(work: Work): Decision {
  const grace = (work.pod.spec.terminationGracePeriodSeconds ?? 30) * 1000
  if (!stopAll(work, work.around.now + grace)) return concluded(work, statusOf(work, undefined))
  return ended(work)
}

/** The pod is to go: its containers are stopped, sidecars last. */
function terminate(work: Work, endBy: Instant): Decision {
  if (!stopAll(work, endBy)) return concluded(work, statusOf(work, undefined))
  return ended(work)
}

/** Tells how the pod has ended. What it holds is freed when that has been taken down: `over`. */
function ended(work: Work): Decision {
  return concluded(work, statusOf(work, endOf(work)))
}

/** A deleted pod of which nothing is left here. */
const mayGo = ({ pod, around }: Work): boolean => pod.metadata.deletionTimestamp !== undefined && around.observed === undefined

/** Frees what the pod holds here: for a deleted pod everything, else all but its logs. */
function tearDown(work: Work): void {
  const { around, pod } = work
  if (around.observed === undefined) return
  const wanted = pod.metadata.deletionTimestamp === undefined ? 'keep logs' : 'all'
  if (wanted === 'keep logs' && (!around.keepsLogs || around.observed.sandbox.is === 'gone')) return
  if (work.memory.tearing === wanted) return
  work.commands.push(wanted === 'all' ? { do: 'teardown', pod: pod.metadata.uid } : { do: 'teardown', pod: pod.metadata.uid, keepLogs: true })
  rememberPod(work, { tearing: wanted, containers: undefined, images: undefined, volumes: undefined, sandbox: undefined })
}

/** The status says that the pod is over: nothing of it may run, and when it is deleted nothing may be left. */
function over(work: Work): Decision {
  const { pod, around } = work
  const endBy = instantOf(pod.metadata.deletionTimestamp) ?? around.now + (pod.spec.terminationGracePeriodSeconds ?? 30) * 1000
  if (!stopAll(work, endBy)) return concluded(work, pod.status)
  tearDown(work)
  return { ...concluded(work, pod.status), release: mayGo(work) }
}

/** Stops containers: the pod's own at once, then sidecars, the last one first. True when none is left. */
function stopAll(work: Work, deadline: Instant): boolean {
  const { pod } = work
  const inits = pod.spec.initContainers ?? []
  const first = [...inits.filter((container) => !isSidecar(container)), ...pod.spec.containers, ...ephemeralContainers(pod)]
  const left = first.filter((container) => stopOne(work, container, deadline))
  if (left.length > 0) {
    for (const sidecar of inits.filter(isSidecar)) {
      const stand = standIn(work, sidecar.name)
      if (stand.is === 'running' && memoryOf(work, sidecar.name).stopping === undefined) stepProbes(work, sidecar, stand.run, true)
    }
    return false
  }
  return !inits.filter(isSidecar).toReversed().some((sidecar) => stopOne(work, sidecar, deadline))
}

/** True while the container is still there. */
function stopOne(work: Work, container: Container, deadline: Instant): boolean {
  const stand = standIn(work, container.name)
  if (stand.is === 'starting') return work.around.observed !== undefined
  if (stand.is !== 'running') return false
  stop(work, container, stand.run, deadline, `Stopping container ${container.name}`)
  stepProbes(work, container, stand.run, true)
  return true
}

function concluded(work: Work, status: PodStatus | undefined): Decision {
  return {
    commands: work.commands, status: deepEqual(status, work.pod.status) ? undefined : status, release: false,
    events: work.events, memory: settledMemory(work), again: work.again, asks: work.asks, writes: work.writes, dependsOn: work.dependsOn,
  }
}
