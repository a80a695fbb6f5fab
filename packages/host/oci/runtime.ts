import { existsSync, mkdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { constants } from 'node:os'
import type { Cancel, Clock } from '@kubeskiff/core/base'
import type { ContainerRuntime, ContainerSpec, RuntimeCommand, RuntimeContainer, RuntimeEvent, RuntimePod, RuntimeState, SandboxSpec, VolumeSpec } from '@kubeskiff/core/kubelet'
import { pullImage, type RegistryOptions } from '../images/pull.ts'
import { familiarNames } from '../images/reference.ts'
import type { ImageStore } from '../images/store.ts'
import { detach, mountsBelow } from '../linux/mounts.ts'
import type { HostProbe } from '../linux/probe.ts'
import { isAlive, run, signal } from '../linux/processes.ts'
import { isPinned } from '../linux/namespaces.ts'
import type { ClusterNetwork } from '../network/index.ts'
import { ranOutOfMemory, removeGroup } from './cgroups.ts'
import { runCheck } from './checks.ts'
import type { OciTools } from './conmon.ts'
import { forgetExit, readExit, watchExits } from './exits.ts'
import { createGate } from './gate.ts'
import { placesIn } from './places.ts'
import { readIfThere, readRecords, writeRecord, type ContainerRecord, type PodRecord } from './records.ts'
import { rotateLog, rotationLookMs } from './rotation.ts'
import { makeSandbox } from './sandbox.ts'
import { startContainer, type StartPlace } from './start.ts'
import { createStreams, type ContainerStreams } from './streams.ts'
import { terminationMessage } from './termination.ts'
import { prepareVolume, releaseVolumes } from './volumes.ts'

export interface OciRuntimeOptions {
  /** Short paths are kind to Unix sockets. Must stay in the mount namespace that earlier runs used, if their pods shall be found. */
  readonly stateDirectory: string
  readonly network: ClusterNetwork
  readonly images: ImageStore
  readonly registry: RegistryOptions
  readonly host: HostProbe
  readonly clock: Clock
  /** The control group above all pods; '/kubepods' unless said otherwise. */
  readonly cgroupRoot?: string
}

/** The container runtime, and the byte streams of its containers. */
export interface OciRuntime extends ContainerRuntime, ContainerStreams {
  /** Stops looking and telling; every container lives on. */
  close(): void
}

const startsAtOnce = 10

interface Attempt { record: ContainerRecord; order: Promise<void>; stop: { readonly cancel: () => void; readonly killAt: number } | undefined; readonly ended: PromiseWithResolvers<void> }
interface Pod { record: PodRecord; order: Promise<void>; readonly containers: Map<string, Attempt[]> }

/** Runs containers through crun (or runc) with a monitor each; takes over what an earlier run of ours has left running. */
export function createOciRuntime(options: OciRuntimeOptions): OciRuntime {
  const { network, images, clock, host } = options
  const places = placesIn(options.stateDirectory)
  const runtimePath = host.tools.crun ?? host.tools.runc
  if (runtimePath === undefined || host.tools.conmon === undefined) throw new Error('real containers need crun (or runc) and conmon')
  const tools: OciTools = { runtime: runtimePath, conmon: host.tools.conmon }
  for (const directory of [places.pods, places.exits, places.runtime]) mkdirSync(directory, { recursive: true, mode: 0o700 })
  const start: StartPlace = { tools, places, images, network, host, cgroupRoot: options.cgroupRoot ?? '/kubepods', now: () => clock.now() }
  const gate = createGate(startsAtOnce)
  const pods = new Map<string, Pod>()
  const listeners = new Set<(event: RuntimeEvent) => void>()
  let snapshot: ReadonlyMap<string, RuntimePod> | undefined
  let closed = false

  const tell = (event: RuntimeEvent): void => {
    snapshot = undefined
    if (!closed) for (const listen of listeners) listen(event)
  }
  const save = (pod: Pod, record: PodRecord): void => {
    pod.record = record
    snapshot = undefined
    writeRecord(places.pod(record.uid).record, record)
  }
  const saveAttempt = (uid: string, attempt: Attempt, record: ContainerRecord): void => {
    attempt.record = record
    snapshot = undefined
    const at = places.pod(uid).attempt(record.container, record.state.attempt)
    if (existsSync(at.directory)) writeRecord(at.record, record)
  }
  const find = (uid: string, container: string, number: number): Attempt | undefined => pods.get(uid)?.containers.get(container)?.find((attempt) => attempt.record.state.attempt === number)

  // --- what happens to a pod, one thing after the other

  const inOrder = (uid: string, act: (pod: Pod) => Promise<void>, otherwise: (message: string) => void): void => {
    const pod = pods.get(uid)
    if (pod === undefined) return otherwise(`pod ${uid} has no sandbox`)
    pod.order = pod.order.then(() => act(pod)).catch((error) => otherwise(words(error)))
  }

  function sandbox(uid: string, spec: SandboxSpec): void {
    const old = pods.get(uid)
    const record: PodRecord = { uid, spec, sandbox: { is: 'pending' }, volumes: old?.record.volumes, volumeSpecs: old?.record.volumeSpecs ?? [], pause: undefined }
    const pod: Pod = old ?? { record, order: Promise.resolve(), containers: new Map() }
    pod.record = record
    pods.set(uid, pod)
    snapshot = undefined
    inOrder(uid, async () => {
      const at = places.pod(uid)
      mkdirSync(at.directory, { recursive: true })
      network.detach(uid, spec.node, at.namespaces) // What a failed or lost sandbox has left.
      save(pod, { ...pod.record, spec, sandbox: { is: 'pending' } })
      const made = await makeSandbox(uid, spec, at, network)
      const now = clock.now()
      save(pod, { ...pod.record, sandbox: { is: 'ready', addresses: made.addresses, at: now }, pause: made.pause })
      tell({ is: 'sandbox-ready', pod: uid, addresses: made.addresses, at: now })
    }, (message) => {
      save(pod, { ...pod.record, sandbox: { is: 'failed', message } })
      tell({ is: 'sandbox-failed', pod: uid, message, at: clock.now() })
    })
  }

  function volumes(uid: string, generation: number, specs: readonly VolumeSpec[]): void {
    const failed = (message: string): void => {
      const pod = pods.get(uid)
      if (pod !== undefined) save(pod, { ...pod.record, volumes: { generation, failed: message } })
      tell({ is: 'volumes-failed', pod: uid, generation, message, at: clock.now() })
    }
    inOrder(uid, async (pod) => {
      const at = places.pod(uid)
      mkdirSync(at.volumes, { recursive: true })
      const stamp = new Date(clock.now()).toISOString().replaceAll(/[-:T]/g, '_').replace('Z', `.${generation}`)
      for (const volume of specs) prepareVolume(volume, at.volumes, stamp)
      const kept = specs.map((volume): VolumeSpec => (volume.is === 'files' ? { ...volume, files: [] } : volume))
      save(pod, { ...pod.record, volumeSpecs: kept, volumes: { generation } })
      tell({ is: 'volumes-ready', pod: uid, generation, at: clock.now() })
    }, failed)
  }

  // --- what happens to one attempt of a container

  function startOne(uid: string, container: string, number: number, spec: ContainerSpec): void {
    const pod = pods.get(uid)
    const failed = (reason: 'CreateContainerError' | 'CreateContainerConfigError' | 'RunContainerError', message: string): void => {
      const attempt = find(uid, container, number)
      if (attempt !== undefined) {
        saveAttempt(uid, attempt, { ...attempt.record, state: { attempt: number, image: spec.image, is: 'failed', reason, message, at: clock.now() } })
        attempt.ended.resolve()
      }
      tell({ is: 'start-failed', pod: uid, container, attempt: number, reason, message, at: clock.now() })
    }
    if (pod === undefined) return failed('CreateContainerError', `pod ${uid} has no sandbox`)
    const record: ContainerRecord = { container, id: '', spec, stopSignal: 'SIGTERM', cgroup: '', process: undefined, monitor: undefined, state: { attempt: number, image: spec.image, is: 'creating' } }
    const attempt: Attempt = { record, order: Promise.resolve(), stop: undefined, ended: Promise.withResolvers<void>() }
    pod.containers.set(container, [...(pod.containers.get(container) ?? []).filter((other) => other.record.state.attempt !== number), attempt])
    snapshot = undefined
    const ready = pod.order
    attempt.order = ready.then(() => gate(async (): Promise<void> => {
      if (pod.record.sandbox.is !== 'ready') return failed('CreateContainerError', `the sandbox of pod ${uid} is not ready`)
      // An attempt that failed to start may be ordered again: nothing of the failed one may show.
      const old = places.pod(uid).attempt(container, number).directory
      if (existsSync(old)) {
        for (const point of mountsBelow(old)) detach(point)
        await rm(old, { recursive: true, force: true })
      }
      const answer = await startContainer(pod.record, container, number, spec, start)
      if (answer.is === 'failed') {
        await clearAway(uid, attempt)
        return failed(answer.reason, answer.message)
      }
      attempt.record = answer.record
      const state = answer.record.state
      if (state.is === 'running') tell({ is: 'started', pod: uid, container, attempt: number, id: state.id, imageId: state.imageId, at: state.startedAt })
      exits.look() // It may have ended before it was known.
      const exit = readExit(places.exits, answer.record.id)
      if (exit !== undefined) settle(uid, attempt, exit.code, exit.at)
    })).catch((error) => failed('CreateContainerError', words(error)))
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
    saveAttempt(uid, attempt, { ...record, state: ended })
    attempt.order = attempt.order.then(() => clearAway(uid, attempt)).catch(complain(uid))
    attempt.ended.resolve()
    tell({ is: 'exited', pod: uid, container: record.container, attempt: state.attempt, exitCode: code, signal: 0, outOfMemory, message, at: ended.finishedAt })
  }

  /** Removes what the kernel and the OCI runtime hold for a container that has ended; its log and changes stay. */
  async function clearAway(uid: string, attempt: Attempt): Promise<void> {
    const { record } = attempt
    const own = places.pod(uid).attempt(record.container, record.state.attempt)
    const written = attempt.record.id === '' ? lastRecord(own.record) : attempt.record
    if (written !== undefined && written.id !== '') {
      await run(tools.runtime, [`--root=${places.runtime}`, 'delete', '--force', written.id])
      forgetExit(places.exits, written.id)
      removeGroup(written.cgroup)
    }
    for (const point of mountsBelow(own.directory)) detach(point)
  }

  function stop(uid: string, container: string, number: number, graceSeconds: number, named: string | undefined): void {
    const attempt = find(uid, container, number)
    if (attempt === undefined) return
    attempt.order = attempt.order.then(() => {
      if (attempt.record.state.is !== 'running') return
      const killAt = clock.now() + graceSeconds * 1000
      const first = attempt.stop === undefined
      // A second stop may only shorten the grace that a first one gave.
      if (!first && attempt.stop !== undefined && attempt.stop.killAt <= killAt) return
      attempt.stop?.cancel()
      if (first && graceSeconds > 0) send(attempt, signalName(named ?? attempt.record.stopSignal))
      const timer = setTimeout(() => send(attempt, 'SIGKILL'), Math.max(0, graceSeconds * 1000))
      attempt.stop = { cancel: () => clearTimeout(timer), killAt }
    }).catch(() => undefined)
  }

  function send(attempt: Attempt, name: NodeJS.Signals): void {
    if (attempt.record.state.is === 'running' && attempt.record.process !== undefined) signal(attempt.record.process, name)
  }

  function remove(uid: string, container: string, number: number): void {
    const attempt = find(uid, container, number)
    const gone = (): void => tell({ is: 'removed', pod: uid, container, attempt: number, at: clock.now() })
    if (attempt === undefined) return gone()
    void dispose(uid, attempt).then(() => {
      const pod = pods.get(uid)
      pod?.containers.set(container, (pod.containers.get(container) ?? []).filter((other) => other !== attempt))
      if (pod?.containers.get(container)?.length === 0) pod.containers.delete(container)
      gone()
    }).catch(complain(uid))
  }

  /** Ends an attempt, if it still runs, and removes all that the kernel and the OCI runtime hold for it. */
  async function end(uid: string, attempt: Attempt): Promise<void> {
    await attempt.order
    if (attempt.record.state.is === 'running') {
      send(attempt, 'SIGKILL')
      await attempt.ended.promise
      await attempt.order
    }
    await clearAway(uid, attempt)
  }

  async function dispose(uid: string, attempt: Attempt): Promise<void> {
    await end(uid, attempt)
    await rm(places.pod(uid).attempt(attempt.record.container, attempt.record.state.attempt).directory, { recursive: true, force: true })
  }

  function teardown(uid: string, keepLogs: boolean): void {
    const pod = pods.get(uid)
    const gone = (): void => tell({ is: 'torn-down', pod: uid, at: clock.now() })
    if (pod === undefined) return gone()
    pod.order = pod.order.then(async () => {
      const attempts = [...pod.containers.values()].flat()
      await Promise.all(attempts.map((attempt) => (keepLogs ? end(uid, attempt) : dispose(uid, attempt))))
      const at = places.pod(uid)
      if (pod.record.pause !== undefined) signal(pod.record.pause, 'SIGKILL')
      releaseVolumes(at.directory)
      network.detach(uid, pod.record.spec.node, at.namespaces)
      for (const qos of ['', '/burstable', '/besteffort']) removeGroup(`${start.cgroupRoot}${qos}/pod${uid}`)
      if (keepLogs) {
        const changes = attempts.map((attempt) => places.pod(uid).attempt(attempt.record.container, attempt.record.state.attempt)).flatMap((own) => [own.upper, own.work])
        for (const directory of [at.volumes, ...changes]) await rm(directory, { recursive: true, force: true })
        save(pod, { ...pod.record, sandbox: { is: 'gone' }, volumes: undefined, volumeSpecs: [], pause: undefined })
      } else {
        await rm(at.directory, { recursive: true, force: true })
        pods.delete(uid)
      }
      gone()
    }).catch(complain(uid))
  }

  const pulling = new Map<string, ReturnType<typeof pullImage>>()
  function pull(command: Extract<RuntimeCommand, { do: 'pull' }>): void {
    const began = clock.now()
    // One fetch serves all who ask with the same credentials.
    const key = JSON.stringify([command.image, command.credentials ?? []])
    const under = pulling.get(key) ?? pullImage(command.image, images, { ...options.registry, credentials: [...(options.registry.credentials ?? []), ...(command.credentials ?? [])] })
    pulling.set(key, under)
    void under.then((answer): void => {
      pulling.delete(key)
      const at = clock.now()
      if (answer.is === 'pulled') return tell({ is: 'pulled', node: command.node, image: command.image, imageId: answer.image.digest ?? answer.image.id, sizeBytes: answer.image.sizeBytes, tookMs: at - began, at })
      tell({ is: 'pull-failed', node: command.node, image: command.image, reason: answer.reason, message: answer.message, at })
    })
  }

  function check(command: Extract<RuntimeCommand, { do: 'check' }>): void {
    const { pod: uid, container, attempt: number, id } = command
    const attempt = find(uid, container, number)
    const pod = pods.get(uid)
    const answered = (ok: boolean, output: string): void => tell({ is: 'checked', pod: uid, container, attempt: number, id, ok, output, at: clock.now() })
    if (pod === undefined || attempt === undefined || attempt.record.state.is !== 'running') return answered(false, 'container is not running')
    const node = network.node(pod.record.spec.node)
    const address = pod.record.sandbox.is === 'ready' ? pod.record.sandbox.addresses[0] ?? '' : ''
    const at = places.pod(uid).attempt(container, number)
    void runCheck(command.check, command.timeoutSeconds, { tools, places, at, id: attempt.record.id, address, namespace: node?.namespace ?? '/proc/self/ns/net' }).then((result) => answered(result.ok, result.output))
  }

  // --- after a restart

  function adopt(): void {
    for (const found of readRecords(places.pods)) {
      const uid = found.record.uid
      const at = places.pod(uid)
      const lost = found.record.sandbox.is === 'ready' && !found.record.spec.hostNetwork && !isPinned(`${at.namespaces}/net`)
      const pending = found.record.sandbox.is === 'pending'
      const record: PodRecord = lost || pending ? { ...found.record, sandbox: { is: 'failed', message: lost ? 'the sandbox was lost when the machine or its namespace went away' : 'stopped while the sandbox was made' } } : found.record
      const pod: Pod = { record, order: Promise.resolve(), containers: new Map() }
      pods.set(uid, pod)
      if (record.sandbox.is === 'ready' && !record.spec.hostNetwork) keepAddress(uid, record.spec, record.sandbox.addresses[0] ?? '')
      for (const container of found.containers) {
        const attempt: Attempt = { record: container, order: Promise.resolve(), stop: undefined, ended: Promise.withResolvers<void>() }
        pod.containers.set(container.container, [...(pod.containers.get(container.container) ?? []), attempt])
        if (container.state.is === 'creating') {
          saveAttempt(uid, attempt, { ...container, state: { attempt: container.state.attempt, image: container.state.image, is: 'failed', reason: 'CreateContainerError', message: 'stopped while the container was created', at: clock.now() } })
          attempt.order = clearAway(uid, attempt).catch(complain(uid))
        } else if (container.state.is === 'running') {
          settleIfEnded(uid, attempt)
        } else {
          attempt.ended.resolve()
        }
      }
    }
  }

  function keepAddress(uid: string, spec: SandboxSpec, address: string): void {
    network.keep(spec.node, uid, address)
    if (spec.hostPorts.length > 0) void network.openHostPorts(spec.node, uid, spec.hostPorts.map((port) => ({ protocol: port.protocol, hostIp: port.hostIp, hostPort: port.hostPort, address, port: port.containerPort })))
  }

  function settleIfEnded(uid: string, attempt: Attempt): void {
    const { process: first, monitor, state } = attempt.record
    if (state.is !== 'running' || (first !== undefined && isAlive(first))) return
    // Asked before looking: a monitor that is gone has left its word by then, or never will.
    const waits = monitor !== undefined && isAlive(monitor)
    const exit = readExit(places.exits, attempt.record.id)
    if (exit !== undefined) return settle(uid, attempt, exit.code, exit.at)
    // Process and monitor are both gone and left no word: as containerd, code 255.
    if (!waits) settle(uid, attempt, 255, clock.now())
  }

  const everyAttempt = (act: (uid: string, attempt: Attempt) => void): void => {
    for (const [uid, pod] of pods) for (const attempts of pod.containers.values()) for (const attempt of attempts) act(uid, attempt)
  }
  adopt()
  const exits = watchExits(places.exits, (exit) => everyAttempt((uid, attempt) => {
    if (attempt.record.id === exit.id) settle(uid, attempt, exit.code, exit.at)
  }), () => everyAttempt(settleIfEnded))

  const rotation = setInterval(() => {
    const stamp = new Date(clock.now()).toISOString().replaceAll(/[-:T]/g, '').slice(0, 14)
    everyAttempt((uid, { record }) => {
      if (record.state.is === 'running') rotateLog(places.pod(uid).attempt(record.container, record.state.attempt), stamp)
    })
  }, rotationLookMs)

  const streams = createStreams({
    tools, places,
    running(uid, container) {
      const attempt = pods.get(uid)?.containers.get(container)?.findLast((one) => one.record.state.is === 'running')
      return attempt === undefined ? undefined : { id: attempt.record.id, spec: attempt.record.spec, at: places.pod(uid).attempt(container, attempt.record.state.attempt), process: attempt.record.process, ended: () => attempt.record.state.is !== 'running', whenEnded: attempt.ended.promise }
    },
    attempts: (uid, container) => (pods.get(uid)?.containers.get(container) ?? []).map((attempt) => ({ attempt: attempt.record.state.attempt, at: places.pod(uid).attempt(container, attempt.record.state.attempt), ended: () => attempt.record.state.is === 'exited' || attempt.record.state.is === 'failed' })),
    networkOf(uid) {
      const pod = pods.get(uid)
      if (pod === undefined || pod.record.sandbox.is !== 'ready') return undefined
      return pod.record.spec.hostNetwork ? network.node(pod.record.spec.node)?.namespace : `${places.pod(uid).namespaces}/net`
    },
  })

  function observedPods(): ReadonlyMap<string, RuntimePod> {
    snapshot ??= new Map([...pods].map(([uid, pod]): [string, RuntimePod] => [uid, {
      uid, spec: pod.record.spec, sandbox: pod.record.sandbox, volumes: pod.record.volumes,
      containers: new Map([...pod.containers].map(([name, attempts]) => [name, attempts.map((attempt) => attempt.record.state)])),
    }]))
    return snapshot
  }

  function observedImages(): RuntimeState['images'] {
    const here = new Map(images.list().flatMap(({ reference, image }) => {
      const value = { id: image.digest ?? image.id, sizeBytes: image.sizeBytes }
      return familiarNames(reference).map((name): [string, typeof value] => [name, value])
    }))
    // One store serves all nodes of this machine.
    return new Map(network.nodes().map((node) => [node, here]))
  }

  return {
    keepsLogs: true,
    submit(command) {
      if (command.do === 'pull') return pull(command)
      if (command.do === 'sandbox') return sandbox(command.pod, command.spec)
      if (command.do === 'volumes') return volumes(command.pod, command.generation, command.volumes)
      if (command.do === 'start') return startOne(command.pod, command.container, command.attempt, command.spec)
      if (command.do === 'stop') return stop(command.pod, command.container, command.attempt, command.graceSeconds, command.signal)
      if (command.do === 'check') return check(command)
      if (command.do === 'remove') return remove(command.pod, command.container, command.attempt)
      teardown(command.pod, command.keepLogs === true)
    },
    observed: () => ({ pods: observedPods(), images: observedImages() }),
    onEvent(listen): Cancel {
      listeners.add(listen)
      return () => void listeners.delete(listen)
    },
    ...streams,
    close() {
      closed = true
      exits.close()
      clearInterval(rotation)
      everyAttempt((_uid, attempt) => attempt.stop?.cancel())
    },
  }
}

/** What a start that failed half-way has written down. */
function lastRecord(path: string): ContainerRecord | undefined {
  const text = readIfThere(path)
  return text === undefined ? undefined : JSON.parse(text)
}

/** What could not be cleared away is tried again by the next command for the pod; a person should know. */
const complain = (uid: string) => (error: unknown): void => { process.stderr.write(`pod ${uid}: ${words(error)}\n`) }

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** 'SIGUSR1', 'USR1' and '10' are the same signal; what is none means TERM. */
function signalName(name: string): NodeJS.Signals {
  const full = /^\d+$/.test(name) || name.startsWith('SIG') ? name : `SIG${name}`
  return signals.find((word) => word === full || String(constants.signals[word]) === full) ?? 'SIGTERM'
}

const signals: readonly NodeJS.Signals[] = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGABRT', 'SIGKILL', 'SIGUSR1', 'SIGUSR2', 'SIGPIPE', 'SIGALRM', 'SIGTERM', 'SIGCONT', 'SIGSTOP', 'SIGTSTP', 'SIGWINCH', 'SIGIO', 'SIGPWR']
