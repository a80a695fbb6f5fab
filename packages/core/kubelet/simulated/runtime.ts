import type { Clock, Instant } from '../../base/clock.ts'
import type { Freezable } from '../../base/freezable.ts'
import { durationMs } from '../../base/duration.ts'
import type { Cancel } from '../../base/loop.ts'
import { containerStatusOf } from '../stands.ts'
import { instantOf } from '../../rules/time.ts'
import type { Pod } from '../../api/resources.ts'
import type { ContainerRuntime, ContainerSpec, RuntimeCommand, RuntimeContainer, RuntimeEvent, RuntimePod, RuntimeState, SandboxSpec } from '../runtime.ts'
import { AddressPools, type PoolState } from './address-pools.ts'
import { scriptPrefix } from '../../api/simulated.ts'
import { type Pace, paced, paces } from './pace.ts'
import { plainScript, type Script, scriptOf } from './script.ts'
import { imageBytesOf, imageIdOf } from './stand-in.ts'

export interface SimulatedRuntime extends ContainerRuntime, Freezable<SimulatedState> {
  addNode(name: string, ...podCidrs: readonly string[]): void
  /** The machine is gone, with all that ran on it. */
  removeNode(name: string): void
}
export interface SimulatedState {
  readonly pods: readonly SimulatedPod[]
  readonly nodes: readonly (readonly [name: string, addresses: PoolState])[]
  readonly images: readonly (readonly [node: string, images: readonly string[]])[]
  /** Pulls under way, by node and image. */
  readonly pulling: readonly string[]
}

/** Plain data, except for the map that the port asks for; replaced as a whole at each change. */
interface SimulatedPod extends RuntimePod {
  readonly containers: ReadonlyMap<string, readonly RuntimeContainer[]>
  /** By container: how its newest attempt lives. */
  readonly scripts: Readonly<Record<string, Script>>
}
type Check = Extract<RuntimeCommand, { readonly do: 'check' }>

const owner = 'simulated runtime'
const noContainers: ReadonlyMap<string, readonly RuntimeContainer[]> = new Map()

/** Containers that live by script, on a clock. Commands take effect, and their events come, before `submit` returns unless a script or the pace delays them. */
export function createSimulatedRuntime({ clock, pace = paces.instant }: { readonly clock: Clock; readonly pace?: Pace }): SimulatedRuntime {
  return new Simulation(clock, pace)
}

class Simulation implements SimulatedRuntime {
  readonly keepsLogs = true
  readonly #clock: Clock
  readonly #pace: Pace
  readonly #pods = new Map<string, SimulatedPod>()
  readonly #images = new Map<string, Map<string, { readonly id: string; readonly sizeBytes: number }>>()
  readonly #pulling = new Set<string>()
  readonly #addresses = new AddressPools()
  readonly #listeners = new Set<(event: RuntimeEvent) => void>()
  readonly #scripts = new Map<string, Script>()
  readonly #state: RuntimeState

  constructor(clock: Clock, pace: Pace) {
    this.#clock = clock
    this.#pace = pace
    this.#state = { pods: this.#pods, images: this.#images }
    clock.onWake(owner, (key) => { this.#due(key) })
  }

  observed(): RuntimeState { return this.#state }
  onEvent(listen: (event: RuntimeEvent) => void): Cancel { this.#listeners.add(listen); return () => { this.#listeners.delete(listen) } }
  addNode(name: string, ...podCidrs: readonly string[]): void { this.#addresses.add(name, podCidrs.map((cidr) => [cidr, undefined] as const)) }
  removeNode(name: string): void {
    for (const pod of [...this.#pods.values()]) if (pod.spec.node === name) this.#forget(pod)
    this.#addresses.remove(name)
    this.#images.delete(name)
    for (const place of [...this.#pulling]) if (place.startsWith(`${name} `)) this.#pulling.delete(place)
  }

  outOfMemory(pod: string, container: string): void {
    const run = this.#pods.get(pod)?.containers.get(container)?.at(-1)
    if (run?.is === 'running') this.#exit(pod, container, run.attempt, 137, 0, true, '')
  }

  submit(command: RuntimeCommand): void {
    if (command.do === 'pull') { this.#pull(command); return }
    if (command.do === 'sandbox') { this.#sandbox(command.pod, command.spec); return }
    const pod = this.#pods.get(command.pod)
    if (pod === undefined) { if (command.do === 'teardown') this.#emit({ is: 'torn-down', pod: command.pod, at: this.#clock.now() }); return }
    switch (command.do) {
      case 'volumes':
        this.#put({ ...pod, volumes: { generation: command.generation } })
        this.#emit({ is: 'volumes-ready', pod: pod.uid, generation: command.generation, at: this.#clock.now() })
        return
      case 'start': this.#start(pod, command.container, command.attempt, command.spec); return
      case 'resize': {
        const run = pod.containers.get(command.container)?.find((one) => one.attempt === command.attempt)
        if (run !== undefined) this.#put({ ...pod, containers: withRun(pod.containers, command.container, { ...run, resources: command.resources }) })
        this.#emit({ is: 'resized', pod: pod.uid, container: command.container, attempt: command.attempt, at: this.#clock.now() })
        return
      }
      case 'stop': this.#stop(pod, command.container, command.attempt, command.graceSeconds); return
      case 'check': this.#check(pod, command); return
      case 'remove': this.#remove(pod, command.container, command.attempt); return
      case 'teardown': this.#teardown(pod, command.keepLogs ?? false); return
    }
  }

  foretell(command: Check): { readonly ok: boolean; readonly output: string; readonly until?: Instant } {
    const run = this.#running(command.pod, command.container, command.attempt)
    if (run === undefined) return { ok: false, output: 'the container is not running' }
    const script = scriptIn(run.pod, command.container)
    const now = this.#clock.now()
    const kind = command.id.split('@')[0]
    const from = run.startedAt + (kind === 'readiness' ? script.readyAfterMs : kind === 'startup' ? script.startedAfterMs : 0)
    if (now < from) return { ok: false, output: failureText(command), until: from }
    if (kind !== 'liveness' || script.liveForMs === undefined) return { ok: true, output: '' }
    const until = run.startedAt + script.liveForMs
    return now < until ? { ok: true, output: '', until } : { ok: false, output: failureText(command) }
  }

  adopt(pod: Pod, spec: SandboxSpec, containerSpecs: ReadonlyMap<string, ContainerSpec>): void {
    const { uid } = pod.metadata
    const addresses = pod.status?.podIPs?.map((one) => one.ip) ?? []
    if (pod.spec.hostNetwork !== true) for (const address of addresses) this.#addresses.take(spec.node, address)
    const containers = new Map<string, readonly RuntimeContainer[]>()
    const scripts: Record<string, Script> = {}
    for (const [name, made] of containerSpecs) {
      const status = containerStatusOf(pod, name)
      const startedAt = instantOf(status?.state?.running?.startedAt)
      if (status === undefined || startedAt === undefined) continue
      scripts[name] = this.#shared(scriptOf(spec.annotations, name, status.restartCount, made, uid, this.#pace))
      containers.set(name, [{ is: 'running', attempt: status.restartCount, image: status.image === '' ? made.image : status.image, id: status.containerID ?? '', imageId: status.imageID, startedAt, ...given(made) }])
    }
    for (const run of [...containers.values()].flat()) this.#image(spec.node, run.image)
    this.#put({ uid, spec, sandbox: { is: 'ready', addresses, at: this.#clock.now() }, volumes: { generation: 1 }, containers, scripts })
    for (const [name, runs] of containers) for (const run of runs) this.#setExit(uid, name, run.attempt)
  }

  freeze(): SimulatedState {
    return { pods: [...this.#pods.values()], nodes: this.#addresses.nodes(), images: [...this.#images].map(([node, images]) => [node, [...images.keys()]] as const), pulling: [...this.#pulling] }
  }
  thaw(data: SimulatedState): void {
    this.#pods.clear()
    this.#images.clear()
    for (const [name] of this.#addresses.nodes()) this.#addresses.remove(name)
    for (const [name, state] of data.nodes) this.#addresses.add(name, state)
    this.#pulling.clear()
    for (const place of data.pulling) this.#pulling.add(place)
    for (const [node, images] of data.images) for (const image of images) this.#image(node, image)
    for (const pod of data.pods) {
      this.#pods.set(pod.uid, pod)
      if (pod.sandbox.is === 'ready' && !pod.spec.hostNetwork) for (const address of pod.sandbox.addresses) this.#addresses.take(pod.spec.node, address)
    }
  }

  #emit(event: RuntimeEvent): void { for (const listen of this.#listeners) listen(event) }
  #put(pod: SimulatedPod): void { this.#pods.set(pod.uid, pod) }

  #pull(command: Extract<RuntimeCommand, { readonly do: 'pull' }>): void {
    const { node, image } = command
    const place = `${node} ${image}`
    if (this.#pulling.has(place)) return
    const annotations = this.#pods.get(command.pod ?? '')?.spec.annotations
    const missing = annotations?.[`${scriptPrefix}image-missing`]
    const usualMs = this.#images.get(node)?.has(image) === true ? this.#pace.checkMs : this.#pace.pullMs
    const tookMs = durationMs(annotations?.[`${scriptPrefix}pull-time`] ?? '') ?? paced(usualMs, this.#pace, place)
    const fails = missing === 'true' || missing?.split(',').some((one) => one.trim() === image) === true
    this.#pulling.add(place)
    if (tookMs > 0) { this.#clock.wake(owner, JSON.stringify(['pull', node, image, fails, tookMs]), this.#clock.now() + tookMs); return }
    this.#pulled(node, image, fails, tookMs)
  }
  #pulled(node: string, image: string, fails: boolean, tookMs: number): void {
    const at = this.#clock.now()
    this.#pulling.delete(`${node} ${image}`)
    if (fails) {
      const message = `failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${image}: not found`
      this.#emit({ is: 'pull-failed', node, image, reason: 'ErrImagePull', message, at })
      return
    }
    this.#image(node, image)
    this.#emit({ is: 'pulled', node, image, imageId: imageIdOf(image), sizeBytes: imageBytesOf(image), tookMs, at })
  }
  #image(node: string, image: string): void {
    const images = this.#images.get(node) ?? new Map<string, { readonly id: string; readonly sizeBytes: number }>()
    if (images.has(image)) return
    images.set(image, { id: imageIdOf(image), sizeBytes: imageBytesOf(image) })
    this.#images.set(node, images)
  }

  #sandbox(uid: string, spec: SandboxSpec): void {
    const at = this.#clock.now()
    const before = this.#pods.get(uid)
    if (before?.sandbox.is === 'ready') { this.#emit({ is: 'sandbox-ready', pod: uid, addresses: before.sandbox.addresses, at }); return }
    if (before?.sandbox.is === 'pending') return
    const tookMs = paced(this.#pace.sandboxMs, this.#pace, `${uid} sandbox`)
    if (tookMs > 0) {
      this.#put({ uid, spec, volumes: before?.volumes, containers: before?.containers ?? noContainers, scripts: before?.scripts ?? noScripts, sandbox: { is: 'pending' } })
      this.#clock.wake(owner, sandboxKey(uid), at + tookMs)
      return
    }
    this.#sandboxMade(uid, spec)
  }
  #sandboxMade(uid: string, spec: SandboxSpec): void {
    const at = this.#clock.now()
    const before = this.#pods.get(uid)
    const shared = { uid, spec, volumes: before?.volumes, containers: before?.containers ?? noContainers, scripts: before?.scripts ?? noScripts }
    const addresses = spec.hostNetwork ? [] : this.#addresses.next(spec.node)
    if (addresses === undefined) {
      const message = `no free address in the pod range of node ${spec.node}`
      this.#put({ ...shared, sandbox: { is: 'failed', message } })
      this.#emit({ is: 'sandbox-failed', pod: uid, message, at })
      return
    }
    this.#put({ ...shared, sandbox: { is: 'ready', addresses, at } })
    this.#emit({ is: 'sandbox-ready', pod: uid, addresses, at })
  }

  #start(pod: SimulatedPod, container: string, attempt: number, spec: ContainerSpec): void {
    const script = this.#shared(scriptOf(pod.spec.annotations, container, attempt, spec, pod.uid, this.#pace))
    const creating: RuntimeContainer = { is: 'creating', attempt, image: spec.image, ...given(spec) }
    this.#put({ ...pod, scripts: { ...pod.scripts, [container]: script }, containers: withRun(pod.containers, container, creating) })
    if (script.startDelayMs > 0) this.#wake('begin', pod.uid, container, attempt, this.#clock.now() + script.startDelayMs)
    else this.#begin(pod.uid, container, attempt)
  }

  #begin(uid: string, container: string, attempt: number): void {
    const pod = this.#pods.get(uid)
    const run = pod?.containers.get(container)?.find((one) => one.attempt === attempt)
    if (pod === undefined || run?.is !== 'creating') return
    const at = this.#clock.now()
    const id = `simulated://${uid}-${container}-${attempt}`
    const imageId = this.#images.get(pod.spec.node)?.get(run.image)?.id ?? imageIdOf(run.image)
    this.#put({ ...pod, containers: withRun(pod.containers, container, { is: 'running', attempt, image: run.image, id, imageId, startedAt: at, ...(run.resources === undefined ? {} : { resources: run.resources }) }) })
    this.#setExit(uid, container, attempt)
    this.#emit({ is: 'started', pod: uid, container, attempt, id, imageId, at })
  }

  #setExit(uid: string, container: string, attempt: number): void {
    const found = this.#running(uid, container, attempt)
    if (found === undefined) return
    const { runForMs } = scriptIn(found.pod, container)
    if (runForMs !== undefined) this.#wake('exit', uid, container, attempt, found.startedAt + runForMs)
  }

  #stop(pod: SimulatedPod, container: string, attempt: number, graceSeconds: number): void {
    const run = pod.containers.get(container)?.find((one) => one.attempt === attempt)
    if (run?.is === 'creating') { this.#begin(pod.uid, container, attempt); this.submit({ do: 'stop', pod: pod.uid, container, attempt, graceSeconds }); return }
    if (run?.is !== 'running') return
    const script = scriptIn(pod, container)
    const graceMs = graceSeconds * 1000
    if (script.stopDelayMs > graceMs) this.#wake('kill', pod.uid, container, attempt, this.#clock.now() + graceMs)
    else if (script.stopDelayMs > 0) this.#wake('stopped', pod.uid, container, attempt, this.#clock.now() + script.stopDelayMs)
    else this.#exit(pod.uid, container, attempt, script.stopExitCode, 0, false, '')
  }

  #exit(uid: string, container: string, attempt: number, exitCode: number, signal: number, outOfMemory: boolean, message: string): void {
    const found = this.#running(uid, container, attempt)
    if (found === undefined) return
    const at = this.#clock.now()
    const { image, id, imageId, startedAt } = found.run
    for (const what of ['exit', 'kill', 'stopped'] as const) this.#wake(what, uid, container, attempt, undefined)
    this.#put({
      ...found.pod,
      containers: withRun(found.pod.containers, container, { is: 'exited', attempt, image, id, imageId, startedAt, finishedAt: at, exitCode, signal, outOfMemory, message }),
    })
    this.#emit({ is: 'exited', pod: uid, container, attempt, exitCode, signal, outOfMemory, message, at })
  }

  /** Hooks pass; a sleep takes its time. Probes are foretold, and answered the same when they are asked. */
  #check(pod: SimulatedPod, command: Check): void {
    const { container, attempt, id, check } = command
    const ms = check.is === 'sleep' ? check.seconds * 1000 : check.is === 'exec' ? sleepOf(check.command) : 0
    if (ms > 0) { this.#clock.wake(owner, JSON.stringify(['checked', pod.uid, container, attempt, id]), this.#clock.now() + ms); return }
    const { ok, output } = this.foretell(command)
    this.#emit({ is: 'checked', pod: pod.uid, container, attempt, id, ok, output, at: this.#clock.now() })
  }

  #remove(pod: SimulatedPod, container: string, attempt: number): void {
    const runs = pod.containers.get(container)?.filter((run) => run.attempt !== attempt) ?? []
    const containers = new Map(pod.containers)
    if (runs.length > 0) containers.set(container, runs)
    else containers.delete(container)
    this.#put({ ...pod, containers })
    this.#emit({ is: 'removed', pod: pod.uid, container, attempt, at: this.#clock.now() })
  }

  #teardown(pod: SimulatedPod, keepLogs: boolean): void {
    const at = this.#clock.now()
    for (const [container, runs] of pod.containers) {
      for (const run of runs) if (run.is === 'running') this.#exit(pod.uid, container, run.attempt, 137, 9, false, '')
    }
    const after = this.#pods.get(pod.uid) ?? pod
    this.#forget(after)
    if (keepLogs) {
      const containers = new Map([...after.containers].map(([name, runs]) => [name, runs.filter((run) => run.is === 'exited')] as const))
      this.#put({ ...after, containers, scripts: noScripts, sandbox: { is: 'gone' }, volumes: undefined })
    }
    this.#emit({ is: 'torn-down', pod: pod.uid, at })
  }

  #forget(pod: SimulatedPod): void {
    if (pod.sandbox.is === 'ready' && !pod.spec.hostNetwork) for (const address of pod.sandbox.addresses) this.#addresses.free(pod.spec.node, address)
    for (const [container, runs] of pod.containers) {
      for (const { attempt, is } of runs) {
        if (is === 'exited' || is === 'failed') continue
        for (const what of ['begin', 'exit', 'kill', 'stopped'] as const) this.#wake(what, pod.uid, container, attempt, undefined)
      }
    }
    if (pod.sandbox.is === 'pending') this.#clock.wake(owner, sandboxKey(pod.uid), undefined)
    this.#pods.delete(pod.uid)
  }

  #wake(what: 'begin' | 'exit' | 'kill' | 'stopped', uid: string, container: string, attempt: number, due: Instant | undefined): void {
    this.#clock.wake(owner, `${what} ${uid} ${container} ${attempt}`, due)
  }

  #due(key: string): void {
    if (key.startsWith('[')) { this.#dueAnswer(JSON.parse(key)); return }
    const [what = '', uid = '', container = '', number = ''] = key.split(' ')
    const attempt = Number(number)
    const pod = this.#pods.get(uid)
    if (pod === undefined) return
    if (what === 'begin') { this.#begin(uid, container, attempt); return }
    const script = scriptIn(pod, container)
    if (what === 'exit') this.#exit(uid, container, attempt, script.outOfMemory ? 137 : script.exitCode, 0, script.outOfMemory, script.message)
    else if (what === 'kill') this.#exit(uid, container, attempt, 137, 9, false, '')
    else this.#exit(uid, container, attempt, script.stopExitCode, 0, false, '')
  }
  #dueAnswer(answer: unknown): void {
    if (!Array.isArray(answer)) return
    const [what, a, b, c, d] = answer as readonly unknown[]
    if (what === 'pull') this.#pulled(String(a), String(b), c === true, Number(d))
    else if (what === 'sandbox') {
      const pod = this.#pods.get(String(a))
      if (pod?.sandbox.is === 'pending') this.#sandboxMade(pod.uid, pod.spec)
    }
    else if (this.#pods.has(String(a))) this.#emit({ is: 'checked', pod: String(a), container: String(b), attempt: Number(c), id: String(d), ok: true, output: '', at: this.#clock.now() })
  }

  #running(uid: string, container: string, attempt: number): { readonly pod: SimulatedPod; readonly run: Extract<RuntimeContainer, { readonly is: 'running' }>; readonly startedAt: Instant } | undefined {
    const pod = this.#pods.get(uid)
    const run = pod?.containers.get(container)?.find((one) => one.attempt === attempt)
    return pod === undefined || run?.is !== 'running' ? undefined : { pod, run, startedAt: run.startedAt }
  }
  /** Most scripts are alike: they share one value. */
  #shared(script: Script): Script {
    const key = JSON.stringify(script)
    const known = this.#scripts.get(key)
    if (known !== undefined) return known
    if (this.#scripts.size < scriptsSharedMax) this.#scripts.set(key, script)
    return script
  }
}
const scriptsSharedMax = 1000
const sandboxKey = (uid: string): string => JSON.stringify(['sandbox', uid])
const noScripts: Readonly<Record<string, Script>> = {}
const scriptIn = (pod: SimulatedPod, container: string): Script => pod.scripts[container] ?? plainScript

/** What a container starts with, where that is anything. */
const given = ({ resources }: ContainerSpec): { readonly resources?: ContainerSpec['resources'] } =>
  (resources.cpuMillisRequested === 0 && resources.memoryBytesRequested === 0 && resources.cpuMillisLimit === undefined && resources.memoryBytesLimit === undefined ? {} : { resources })

/** The runs with one put in its attempt's place, or at the end. */
function withRun(containers: ReadonlyMap<string, readonly RuntimeContainer[]>, name: string, run: RuntimeContainer): ReadonlyMap<string, readonly RuntimeContainer[]> {
  const others = containers.get(name)?.filter((one) => one.attempt !== run.attempt) ?? []
  return new Map(containers).set(name, [...others, run])
}

function sleepOf(command: readonly string[]): number {
  const words = command[0] === 'sh' || command[0] === '/bin/sh' ? command[2]?.trim().split(/\s+/) ?? [] : command
  return words.length === 2 && words[0] === 'sleep' ? durationMs(words[1] ?? '') ?? 0 : 0
}

function failureText({ check }: Check): string {
  switch (check.is) {
    case 'http': return 'HTTP probe failed with statuscode: 503'
    case 'tcp': return `dial tcp ${check.host}:${check.port}: connect: connection refused`
    case 'grpc': return 'service unhealthy (responded with "NOT_SERVING")'
    case 'exec':
    case 'sleep': return ''
  }
}
