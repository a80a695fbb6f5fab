import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { constants } from 'node:os'
import { wordsOf } from '@kubeskiff/core/base'
import type { ContainerSpec, ResourceLimits, RuntimeContainer } from '@kubeskiff/core/kubelet'
import { writtenIn } from '../files/index.ts'
import { detach, mountsBelow } from '../linux/mounts.ts'
import { endThoseNaming, isAlive, run, signal } from '../linux/processes.ts'
import { ranOutOfMemory, removeGroup } from './cgroups.ts'
import { forgetExit, readExit } from './exits.ts'
import type { OciTools } from './conmon.ts'
import { createGate } from './gate.ts'
import { memoryUsed, podGroup, writeLimits } from './groups.ts'
import { type Attempt, complain, type Held, newAttempt } from './held.ts'
import type { ContainerRecord } from './records.ts'
import { leaveStage } from './stage.ts'
import { startContainer, type StartPlace } from './start.ts'
import { terminationMessage } from './termination.ts'

const startsAtOnce = 10
const endedKeptMs = 60_000

/** What can be done to single attempts of containers. */
export interface Attempts {
  start(uid: string, container: string, attempt: number, spec: ContainerSpec): void
  stop(uid: string, container: string, attempt: number, graceSeconds: number, signal: string | undefined): void
  resize(uid: string, container: string, attempt: number, resources: ResourceLimits, podResources: ResourceLimits): void
  remove(uid: string, container: string, attempt: number): void
  /** Removes what has ended and is kept only to be read: logs of pods that are over, and earlier attempts. */
  removeEnded(keptMs?: number): Promise<void>
  /** Ends an attempt, if it still runs, and removes all that the kernel and the OCI runtime hold for it. */
  end(uid: string, attempt: Attempt): Promise<void>
  /** As `end`, and removes its files too. */
  dispose(uid: string, attempt: Attempt): Promise<void>
  /** Takes note of an attempt's end. */
  settle(uid: string, attempt: Attempt, code: number, at: number): void
  /** Looks whether an attempt that is said to run has ended. */
  settleIfEnded(uid: string, attempt: Attempt): void
  /** Removes what the kernel and the OCI runtime hold for an attempt that does not run. */
  clearAway(uid: string, attempt: Attempt): Promise<void>
}

/** The life of containers' attempts: from the order to start one to the removal of what it leaves. */
export function createAttempts(held: Held, place: StartPlace, lookAtExits: () => void): Attempts {
  const { handlers, places } = place
  const toolsOf = (uid: string): OciTools => handlers.of(held.pods.get(uid)?.record)
  const gate = createGate(startsAtOnce)

  function startOne(uid: string, container: string, number: number, spec: ContainerSpec): void {
    const pod = held.pods.get(uid)
    const failed = (reason: 'CreateContainerError' | 'CreateContainerConfigError' | 'RunContainerError', message: string): void => {
      const attempt = held.find(uid, container, number)
      if (attempt !== undefined) {
        held.noteAttempt(uid, attempt, { ...attempt.record, state: { attempt: number, image: spec.image, is: 'failed', reason, message, at: place.now() } })
        attempt.ended.resolve()
      }
      held.tell({ is: 'start-failed', pod: uid, container, attempt: number, reason, message, at: place.now() })
    }
    if (pod === undefined) return failed('CreateContainerError', `pod ${uid} has no sandbox`)
    const record: ContainerRecord = { container, id: '', spec, stopSignal: 'SIGTERM', cgroup: '', process: undefined, monitor: undefined, state: { attempt: number, image: spec.image, is: 'creating' } }
    const attempt = newAttempt(record)
    pod.containers.set(container, [...(pod.containers.get(container) ?? []).filter((other) => other.record.state.attempt !== number), attempt])
    held.changed()
    const ready = pod.order
    attempt.order = ready.then(() => gate(async (): Promise<void> => {
      if (pod.record.sandbox.is !== 'ready') return failed('CreateContainerError', `the sandbox of pod ${uid} is not ready`)
      // An attempt that failed to start may be ordered again: nothing of the failed one may show.
      const { directory: old, stage } = places.pod(uid).attempt(container, number)
      leaveStage(stage)
      if (existsSync(old)) {
        for (const point of mountsBelow(old)) detach(point)
        await rm(old, { recursive: true, force: true })
      }
      const target = spec.target === undefined ? undefined : pod.containers.get(spec.target)?.findLast(({ record: other }) => other.state.is === 'running')?.record.process
      if (spec.target !== undefined && target === undefined) return failed('CreateContainerError', `unable to find target container ${spec.target}`)
      const answer = await startContainer(pod.record, container, number, spec, place, target)
      if (answer.is === 'failed') {
        await clearAway(uid, attempt)
        return failed(answer.reason, answer.message)
      }
      attempt.record = answer.record
      const state = answer.record.state
      if (state.is === 'running') held.tell({ is: 'started', pod: uid, container, attempt: number, id: state.id, imageId: state.imageId, at: state.startedAt })
      lookAtExits() // It may have ended before it was known.
      const exit = readExit(places.exits, answer.record.id)
      if (exit !== undefined) settle(uid, attempt, exit.code, exit.at)
    })).catch((error) => failed('CreateContainerError', wordsOf(error)))
  }

  /** The end of a container: its code, why, and its last words. */
  function settle(uid: string, attempt: Attempt, code: number, at: number): void {
    const { record } = attempt
    const state = record.state
    if (state.is !== 'running') return
    attempt.stop?.cancel()
    const own = places.pod(uid).attempt(record.container, state.attempt)
    const outOfMemory = existsSync(`${own.persist}/oom`) || ranOutOfMemory(record.cgroup)
    const message = terminationMessage(own, record.spec, code)
    const ended: RuntimeContainer = { attempt: state.attempt, image: state.image, is: 'exited', id: state.id, imageId: state.imageId, startedAt: state.startedAt, finishedAt: Math.max(at, state.startedAt), exitCode: code, signal: 0, outOfMemory, message }
    held.noteAttempt(uid, attempt, { ...record, state: ended })
    attempt.order = attempt.order.then(() => clearAway(uid, attempt)).catch(complain(uid))
    attempt.ended.resolve()
    held.tell({ is: 'exited', pod: uid, container: record.container, attempt: state.attempt, exitCode: code, signal: 0, outOfMemory, message, at: ended.finishedAt })
  }

  /** Removes what the kernel and the OCI runtime hold for a container that has ended; its log and changes stay. */
  async function clearAway(uid: string, attempt: Attempt): Promise<void> {
    const { record } = attempt
    if (attempt.isCleared) return
    const own = places.pod(uid).attempt(record.container, record.state.attempt)
    // What a start that failed half-way has written down.
    const written = attempt.record.id === '' ? writtenIn<ContainerRecord>(own.record) : attempt.record
    if (written !== undefined && written.id !== '') {
      // Who was to make it may still be at it, and would have it when we are done; its monitor would leave word of an end that nobody asks for.
      if (attempt.record.state.is !== 'exited' && existsSync(own.persist)) await endThoseNaming(written.id)
      const { runtime, flags } = toolsOf(uid)
      await run(runtime, [...flags, 'delete', '--force', written.id])
      forgetExit(places.exits, written.id)
      await removeGroup(written.cgroup)
    }
    for (const point of mountsBelow(own.directory)) detach(point)
    leaveStage(own.stage)
    // An attempt that was never started may be ordered again.
    attempt.isCleared = attempt.record.state.is === 'exited'
  }

  function stop(uid: string, container: string, number: number, graceSeconds: number, named: string | undefined): void {
    const attempt = held.find(uid, container, number)
    if (attempt === undefined) return
    attempt.order = attempt.order.then(() => {
      if (attempt.record.state.is !== 'running') return
      const killAt = place.now() + graceSeconds * 1000
      const first = attempt.stop === undefined
      // A second stop may only shorten the grace that a first one gave.
      if (!first && attempt.stop !== undefined && attempt.stop.killAt <= killAt) return
      attempt.stop?.cancel()
      if (first && graceSeconds > 0) send(uid, attempt, signalName(named ?? attempt.record.stopSignal))
      const timer = setTimeout(() => send(uid, attempt, 'SIGKILL'), Math.max(0, graceSeconds * 1000))
      attempt.stop = { cancel: () => clearTimeout(timer), killAt }
    }).catch(() => undefined)
  }

  /** Changes the groups of a container and its pod. As upstream, memory that is in use is not taken away. */
  function resize(uid: string, container: string, number: number, resources: ResourceLimits, podResources: ResourceLimits): void {
    const attempt = held.find(uid, container, number)
    const pod = held.pods.get(uid)
    if (pod === undefined || attempt === undefined) return
    const tell = (problem?: string): void => held.tell({ is: 'resized', pod: uid, container, attempt: number, ...(problem === undefined ? {} : { problem }), at: place.now() })
    attempt.order = attempt.order.then((): void => {
      const { state, cgroup } = attempt.record
      if (state.is !== 'running') return
      if (place.host.cgroups === 'none') return tell('this node has no control groups that could limit anything')
      const group = podGroup(place.cgroupRoot, pod.record.spec.qos, uid)
      const tooSmall = [
        ...shrunkBelowUse(group, pod.record.spec.resources, podResources, 'pod'),
        ...shrunkBelowUse(cgroup, state.resources, resources, `container ${JSON.stringify(container)}`),
      ]
      if (tooSmall.length > 0) return tell(`cannot decrease memory limits: ${tooSmall.length === 1 ? tooSmall[0] : `[${tooSmall.join(', ')}]`}`)
      // A group may have no more than the one above it: that is opened meanwhile.
      const quota = place.cpus?.has(uid) === true ? 'none' : place.choices.cpuQuota
      writeLimits(group, { cpuMillisRequested: podResources.cpuMillisRequested, memoryBytesRequested: podResources.memoryBytesRequested, quota })
      try { writeLimits(cgroup, { ...resources, quota }) } finally { tryLimits(group, { ...podResources, quota }) }
      held.note(pod, { ...pod.record, spec: { ...pod.record.spec, resources: podResources } })
      held.noteAttempt(uid, attempt, { ...attempt.record, spec: { ...attempt.record.spec, resources }, state: { ...state, resources } })
      tell()
    }).catch((error) => tell(wordsOf(error)))
  }

  function send(uid: string, { record }: Attempt, name: NodeJS.Signals): void {
    if (record.state.is !== 'running' || record.process === undefined) return
    const { runtime, flags, signals: way } = toolsOf(uid)
    if (way === 'by-number') signal(record.process, name)
    // One that is gone takes no signal, and its end is told otherwise.
    else void run(runtime, [...flags, 'kill', record.id, name])
  }

  function remove(uid: string, container: string, number: number): void {
    const attempt = held.find(uid, container, number)
    const gone = (): void => held.tell({ is: 'removed', pod: uid, container, attempt: number, at: place.now() })
    if (attempt === undefined) return gone()
    void drop(uid, attempt).then(gone).catch(complain(uid))
  }

  async function drop(uid: string, attempt: Attempt): Promise<void> {
    await dispose(uid, attempt)
    const pod = held.pods.get(uid)
    const { container } = attempt.record
    pod?.containers.set(container, (pod.containers.get(container) ?? []).filter((other) => other !== attempt))
    if (pod?.containers.get(container)?.length === 0) pod.containers.delete(container)
    held.changed()
  }

  async function removeEnded(keptMs = endedKeptMs): Promise<void> {
    const ended: (readonly [string, Attempt])[] = []
    held.each((uid, attempt) => {
      const pod = held.pods.get(uid)
      const { state, container } = attempt.record
      // What has only just ended may not have been written down by the kubelet yet.
      if (state.is !== 'exited' || place.now() - state.finishedAt < keptMs) return
      if (pod?.record.sandbox.is === 'gone' || pod?.containers.get(container)?.at(-1) !== attempt) ended.push([uid, attempt])
    })
    for (const [uid, attempt] of ended) await drop(uid, attempt)
  }

  /** Ends an attempt, if it still runs, and removes all that the kernel and the OCI runtime hold for it. */
  async function end(uid: string, attempt: Attempt): Promise<void> {
    await attempt.order
    if (attempt.record.state.is === 'running') {
      send(uid, attempt, 'SIGKILL')
      await attempt.ended.promise
      await attempt.order
    }
    await clearAway(uid, attempt)
  }

  async function dispose(uid: string, attempt: Attempt): Promise<void> {
    await end(uid, attempt)
    await rm(places.pod(uid).attempt(attempt.record.container, attempt.record.state.attempt).directory, { recursive: true, force: true })
  }

  function settleIfEnded(uid: string, attempt: Attempt): void {
    const { process: first, monitor, state } = attempt.record
    if (state.is !== 'running' || (first !== undefined && isAlive(first))) return
    // Asked before looking: a monitor that is gone has left its word by then, or never will.
    const waits = monitor !== undefined && isAlive(monitor)
    const exit = readExit(places.exits, attempt.record.id)
    if (exit !== undefined) return settle(uid, attempt, exit.code, exit.at)
    // Process and monitor are both gone and left no word: as containerd, code 255.
    if (!waits) settle(uid, attempt, 255, place.now())
  }

  return { start: startOne, resize, stop, remove, removeEnded, end, dispose, settle, settleIfEnded, clearAway }
}

/** Where another container of the pod has more than all shall have, its own change comes yet, and this again with it. */
function tryLimits(group: string, resources: Parameters<typeof writeLimits>[1]): void {
  try { writeLimits(group, resources) } catch (error) { complain(group)(error) }
}

/** Why a limit on memory is too small, in the kubelet's words; nothing when it is not. */
function shrunkBelowUse(group: string, before: ResourceLimits | undefined, next: ResourceLimits, whose: string): readonly string[] {
  const limit = next.memoryBytesLimit ?? 0
  if (limit === 0 || limit >= (before?.memoryBytesLimit ?? Infinity)) return []
  const used = memoryUsed(group)
  return used === undefined || used <= limit ? [] : [`attempting to set ${whose} memory limit (${limit}) below current usage (${used})`]
}

/** 'SIGUSR1', 'USR1' and '10' are the same signal; what is none means TERM. */
function signalName(name: string): NodeJS.Signals {
  const full = /^\d+$/.test(name) || name.startsWith('SIG') ? name : `SIG${name}`
  return signals.find((word) => word === full || String(constants.signals[word]) === full) ?? 'SIGTERM'
}

const signals: readonly NodeJS.Signals[] = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGABRT', 'SIGKILL', 'SIGUSR1', 'SIGUSR2', 'SIGPIPE', 'SIGALRM', 'SIGTERM', 'SIGCONT', 'SIGSTOP', 'SIGTSTP', 'SIGWINCH', 'SIGIO', 'SIGPWR']
