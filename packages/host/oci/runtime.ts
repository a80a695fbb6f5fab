import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import type { Clock } from '@kubeskiff/core/base'
import type { ContainerRuntime, RuntimeCommand, RuntimeHandler, RuntimeState } from '@kubeskiff/core/kubelet'
import { pullImage, type RegistryOptions } from '../images/pull.ts'
import { familiarNames } from '../images/reference.ts'
import type { ImageStore } from '../images/store.ts'
import type { ExclusiveCpus } from '../cpus/index.ts'
import type { CsiVolumes } from '../csi/index.ts'
import type { DeviceDrivers, DevicePlugins } from '../device-plugins/index.ts'
import { memoryMount, mountsBelow } from '../linux/mounts.ts'
import type { HostProbe } from '../linux/probe.ts'
import { whyNoMappedOwners } from '../linux/users.ts'
import type { MeasurablePod } from '../metrics/index.ts'
import type { CniNetworks } from '../cni/index.ts'
import type { ClusterNetwork } from '../network/index.ts'
import { adopt } from './adoption.ts'
import { openAppArmor } from './app-armor.ts'
import { type Attempts, createAttempts } from './attempts.ts'
import { runCheck } from './checks.ts'
import { type ContainerChoices, containerChoicesDefault } from './choices.ts'
import { watchExits } from './exits.ts'
import { createGate } from './gate.ts'
import { canLimitSwap, hugePageSizes } from './groups.ts'
import { featuresOf, handlersOf } from './runtime-programs.ts'
import { type HostFiles, realHostFiles } from './host-files.ts'
import { complain, Held } from './held.ts'
import { imagesInUse } from './images-in-use.ts'
import { measurablePods } from './measurable.ts'
import { pinContainers } from './pinning.ts'
import { placesIn } from './places.ts'
import { createPods } from './pods.ts'
import { type LogLimits, logLimitsDefault, rotateLog } from './rotation.ts'
import type { StartPlace } from './start.ts'
import { openSeLinux } from './selinux.ts'
import { createStreams, type ContainerStreams } from './streams.ts'
import { machinePool, UserRanges } from './user-ranges.ts'

export interface OciRuntimeOptions extends Partial<ContainerChoices> {
  /** Short paths are kind to Unix sockets. Must stay in the mount namespace that earlier runs used, if their pods shall be found. */
  readonly stateDirectory: string
  readonly network: ClusterNetwork
  /** The CNI plugins that make pods' interfaces; absent: the network does. */
  readonly cni?: CniNetworks
  readonly images: ImageStore
  readonly registry: RegistryOptions
  readonly host: HostProbe
  readonly clock: Clock
  /** The control group above all pods; '/kubepods' unless said otherwise. */
  readonly cgroupRoot?: string
  /** How many processes a pod may have; -1, or absent: as many as the machine. */
  readonly podPidsLimit?: number
  readonly logs?: Partial<LogLimits>
  /** Who has CPUs to himself; absent: nobody. `lookMs`: how often it is looked at whether containers run where they are to run. */
  readonly cpus?: { readonly exclusive: ExclusiveCpus; readonly lookMs: number }
  /** How many images are fetched at the same time; absent: as many as are wanted. */
  readonly pullsAtOnce?: number
  /** The machine's file of resolvers, for pods that want its; '': none. Absent: the usual one. */
  readonly resolverFile?: string
  /** Who answers for the devices of a node; absent: nobody. */
  readonly devicesOf?: (node: string) => DevicePlugins | undefined
  /** The DRA drivers of a node; absent: there are none. */
  readonly driversOf?: (node: string) => DeviceDrivers | undefined
  /** The CSI volumes of a node; absent: none. */
  readonly csiOf?: (node: string) => CsiVolumes | undefined
  /** What hostPaths show: the machine's own files unless said otherwise. */
  readonly hostFiles?: HostFiles
  /** Programs that run containers besides crun and runc, by the handlers that RuntimeClasses name. */
  readonly handlers?: Readonly<Record<string, string>>
}

/** The container runtime, and the byte streams of its containers. */
export interface OciRuntime extends ContainerRuntime, ContainerStreams {
  /** The pods that run now, for those who measure. */
  measurable(): readonly MeasurablePod[]
  /** Ids or digests of the images that must stay, because a pod has them. */
  imagesInUse(): ReadonlySet<string>
  /** What it can do, by handler, as nodes tell it. */
  handlers(): Promise<readonly RuntimeHandler[]>
  /** Removes what has ended and is kept only to be read, the longer ago than `keptMs` (a minute): when the disk is short. */
  removeEnded(keptMs?: number): Promise<void>
  /** Stops looking and telling; every container lives on. */
  close(): void
}

/** Runs containers through crun (or runc) with a monitor each; takes over what an earlier run of ours has left running. */
export function createOciRuntime(options: OciRuntimeOptions): OciRuntime {
  const { network, images, clock, host } = options
  const places = placesIn(options.stateDirectory)
  const handlers = handlersOf(host, places.runtime, options.handlers)
  for (const directory of [places.pods, places.exits, places.runtime, places.execs]) mkdirSync(directory, { recursive: true })
  // Of an earlier run, whose commands have begun long since.
  for (const name of readdirSync(places.execs)) rmSync(`${places.execs}/${name}`)
  // A full disk shall lose no exit code, and let nobody's probe fail.
  for (const directory of [places.exits, places.execs]) keepInMemory(directory)
  const { cpuQuota, swap, killsOneProcess } = options
  const choices: ContainerChoices = { ...containerChoicesDefault, ...(cpuQuota !== undefined && { cpuQuota }), ...(swap !== undefined && { swap }), ...(killsOneProcess !== undefined && { killsOneProcess }) }
  const place: StartPlace = { handlers, places, images, network, ...(options.cni === undefined ? {} : { cni: options.cni }), host, cgroupRoot: options.cgroupRoot ?? '/kubepods', podPidsLimit: options.podPidsLimit ?? -1, choices, ...(options.cpus !== undefined && { cpus: options.cpus.exclusive }), ...(options.resolverFile !== undefined && { resolverFile: options.resolverFile }), canLimitSwap: canLimitSwap(), hugePageSizes: hugePageSizes(host.groupBase), hostFiles: options.hostFiles ?? realHostFiles, profiles: `${options.stateDirectory}/seccomp`, devicesOf: options.devicesOf ?? (() => undefined), driversOf: options.driversOf ?? (() => undefined), csiOf: options.csiOf ?? (() => undefined), ranges: new UserRanges(machinePool), appArmor: openAppArmor(), seLinux: openSeLinux(), now: () => clock.now() }
  const held = new Held(places)
  const attempts: Attempts = createAttempts(held, place, () => { exits.look() })
  const pods = createPods(held, attempts, place)
  adopt(held, attempts, place)

  const exits = watchExits(places.exits, (exit) => {
    held.each((uid, attempt) => { if (attempt.record.id === exit.id) attempts.settle(uid, attempt, exit.code, exit.at) })
  }, () => { held.each(attempts.settleIfEnded); held.writeUnwritten() })

  const stopPinning = options.cpus === undefined ? () => {} : pinContainers(held, options.cpus.exclusive, options.cpus.lookMs)
  const logLimits: LogLimits = { ...logLimitsDefault, ...options.logs }
  const rotation = setInterval(() => {
    const stamp = new Date(clock.now()).toISOString().replaceAll(/[-:T]/g, '').slice(0, 14)
    held.each((uid, { record }) => {
      if (record.state.is !== 'running') return
      // Its monitor may go just then, or the disk be full: it is looked at again.
      try { rotateLog(places.pod(uid).attempt(record.container, record.state.attempt), stamp, logLimits) } catch (error) { complain(uid)(error) }
    })
  }, logLimits.lookMs)

  const streams = createStreams({
    places,
    running(uid, container) {
      const attempt = held.pods.get(uid)?.containers.get(container)?.findLast((one) => one.record.state.is === 'running')
      return attempt === undefined ? undefined : { id: attempt.record.id, tools: handlers.of(held.pods.get(uid)?.record), spec: attempt.record.spec, at: places.pod(uid).attempt(container, attempt.record.state.attempt), process: attempt.record.process, ended: () => attempt.record.state.is !== 'running', whenEnded: attempt.ended.promise }
    },
    runs: (uid, container) => (held.pods.get(uid)?.containers.get(container) ?? []).flatMap((attempt) => {
      const { state } = attempt.record
      return state.is === 'running' || state.is === 'exited' ? [{ id: state.id, at: places.pod(uid).attempt(container, state.attempt), ended: () => attempt.record.state.is === 'exited' }] : []
    }),
    networkOf(uid) {
      const pod = held.pods.get(uid)
      if (pod === undefined || pod.record.sandbox.is !== 'ready') return undefined
      return pod.record.spec.hostNetwork ? network.node(pod.record.spec.node)?.namespace : `${places.pod(uid).namespaces}/net`
    },
  })

  function observedImages(): RuntimeState['images'] {
    const here = new Map(images.list().flatMap(({ reference, image }) => {
      const access = images.accessOf(image, reference)
      const value = { id: image.digest ?? image.id, sizeBytes: image.sizeBytes, ...(access !== undefined && { access }) }
      return familiarNames(reference).map((name): [string, typeof value] => [name, value])
    }))
    // One store serves all nodes of this machine.
    return new Map(network.nodes().map((node) => [node, here]))
  }

  const pullGate = options.pullsAtOnce === undefined ? undefined : createGate(options.pullsAtOnce)
  const pulling = new Map<string, ReturnType<typeof pullImage>>()
  function pull(command: Extract<RuntimeCommand, { do: 'pull' }>): void {
    const began = clock.now()
    // One fetch serves all who ask with the same credentials.
    const key = JSON.stringify([command.image, command.credentials ?? []])
    const fetch = (): ReturnType<typeof pullImage> => pullImage(command.image, images, { ...options.registry, isForPods: true, credentials: [...(options.registry.credentials ?? []), ...(command.credentials ?? [])] })
    const under = pulling.get(key) ?? (pullGate === undefined ? fetch() : pullGate(fetch))
    pulling.set(key, under)
    void under.then((answer): void => {
      pulling.delete(key)
      const at = clock.now()
      if (answer.is === 'pulled') return held.tell({ is: 'pulled', node: command.node, image: command.image, imageId: answer.image.digest ?? answer.image.id, sizeBytes: answer.image.sizeBytes, tookMs: at - began, at })
      held.tell({ is: 'pull-failed', node: command.node, image: command.image, reason: answer.reason, message: answer.message, at })
    })
  }

  function check(command: Extract<RuntimeCommand, { do: 'check' }>): void {
    const { pod: uid, container, attempt: number, id } = command
    const attempt = held.find(uid, container, number)
    const pod = held.pods.get(uid)
    const answered = (ok: boolean, output: string): void => held.tell({ is: 'checked', pod: uid, container, attempt: number, id, ok, output, at: clock.now() })
    if (pod === undefined || attempt === undefined || attempt.record.state.is !== 'running') return answered(false, 'container is not running')
    const node = network.node(pod.record.spec.node)
    const address = pod.record.sandbox.is === 'ready' ? pod.record.sandbox.addresses[0] ?? '' : ''
    const at = places.pod(uid).attempt(container, number)
    void runCheck(command.check, command.timeoutSeconds, { tools: handlers.of(pod.record), places, at, id: attempt.record.id, address, namespace: node?.namespace ?? '/proc/self/ns/net' }).then((result) => answered(result.ok, result.output))
  }

  return {
    keepsLogs: true,
    submit(command) {
      if (command.do === 'pull') return pull(command)
      if (command.do === 'sandbox') return pods.sandbox(command.pod, command.spec)
      if (command.do === 'volumes') return pods.volumes(command.pod, command.generation, command.volumes)
      if (command.do === 'start') return attempts.start(command.pod, command.container, command.attempt, command.spec)
      if (command.do === 'resize') return attempts.resize(command.pod, command.container, command.attempt, command.resources, command.podResources)
      if (command.do === 'stop') return attempts.stop(command.pod, command.container, command.attempt, command.graceSeconds, command.signal)
      if (command.do === 'check') return check(command)
      if (command.do === 'remove') return attempts.remove(command.pod, command.container, command.attempt)
      pods.teardown(command.pod, command.keepLogs === true)
    },
    observed: () => ({ pods: held.observed(), images: observedImages() }),
    onEvent: (listen) => held.onEvent(listen),
    measurable: () => measurablePods(held, places, place.cgroupRoot, place.csiOf),
    imagesInUse: () => imagesInUse(held, images),
    async handlers() { return featuresOf(handlers, await whyNoMappedOwners(places.pods) === undefined) },
    removeEnded: (keptMs) => attempts.removeEnded(keptMs),
    ...streams,
    close() {
      held.close()
      exits.close()
      clearInterval(rotation)
      stopPinning()
      held.each((_uid, attempt) => attempt.stop?.cancel())
    },
  }
}

const memoryBytes = 64 << 20
/** A directory of small files that need not outlive the machine's next start. */
function keepInMemory(directory: string): void {
  if (readdirSync(directory).length > 0 || mountsBelow(directory).includes(directory)) return
  try { memoryMount(directory, { sizeBytes: memoryBytes, mode: 0o700, executable: false }) } catch {
    return // Who may not mount has them on the disk.
  }
}
