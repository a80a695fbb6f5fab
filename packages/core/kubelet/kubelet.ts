import { podsByNode } from '../api/indexes.ts'
import type { Refusal } from '../api/refusal.ts'
import type { Resource, Revision } from '../api/resource.ts'
import { clusterTrustBundles, configMaps, csiDrivers, nodes, persistentVolumeClaims, persistentVolumes, type Pod, pods, secrets } from '../api/resources.ts'
import { silentSince } from '../api/simulated.ts'
import type { Change } from '../api/view.ts'
import type { Instant } from '../base/clock.ts'
import type { Freezable } from '../base/freezable.ts'
import { isTerminal } from '../rules/pods.ts'
import { containerSpec } from './container-spec.ts'
import { decide } from './decide.ts'
import type { CredentialAnswer, CredentialAsk, Decision } from './decision.ts'
import { evictable, type Observations, type PodUse, type PressureType, type Threshold } from './eviction.ts'
import { Grants } from './grants.ts'
import type { Ending, PodMemory } from './memory.ts'
import { simulatedReportBefore, simulatedReportMs } from './node.ts'
import { nodeActor, NodeKeeper } from './node-keeper.ts'
import type { NodeShape } from './node-shape.ts'
import type { KubeletOptions } from './options.ts'
import { Outbox, removeObject } from './outbox.ts'
import { type Findings, Pressures } from './pressures.ts'
import { asGiven, isResizePending } from './resizing.ts'
import type { RuntimeEvent } from './runtime.ts'
import { sandboxSpec } from './sandbox.ts'
import { Housekeeping, type HousekeepingState } from './simulated/housekeeping.ts'
import type { Tracked } from './tracked.ts'

/** The kubelets of some nodes, as one. */
export interface Kubelet extends Freezable<KubeletState> {
  /** Looks at a few pods; says whether there is more to do. Called when the store has rung, and when `ring` was called. */
  step(): boolean
  addNode(shape: NodeShape): void
  /** A node offers something else than before. */
  nodeChanged(name: string): void
  /** Something that its status tells is otherwise than before. */
  podChanged(uid: string): void
  /** Stops playing a node. Its object stays. */
  removeNode(name: string): void
  /** Looks at what a machine has left and its pods use: tells what its nodes run short of, and lets pods go. For real nodes. */
  assess(observations: Observations, thresholds: readonly Threshold[], uses: ReadonlyMap<string, PodUse>, transitionMs?: number): void
  close(): void
}
export interface KubeletState {
  readonly memories: readonly (readonly [uid: string, memory: PodMemory])[]
  /** Who waits for a pull that is under way, by node and image. */
  readonly pulls: readonly (readonly [place: string, uids: readonly string[]])[]
  readonly housekeeping: HousekeepingState
}

/** A pod whose runtime answers at once is decided on again in the same look, at most this often. */
const roundsMax = 24
const podsPerStep = 16
const refusedRetryMs = 1000
/** As upstream's nodeStatusUpdateFrequency. */
const imagesToldAfterMs = 10_000
/** New nodes are Ready first, and have leases then. */
const firstReportAfterMs = 5_000
/** The key of the timer that all simulated nodes share. */
const allNodes = 'all simulated nodes'
/** A token that was refused, or has not come, is asked for again after this long. */
const askAgainMs = 10_000
/** What volumes and environments can be made of. */
const contentResources: ReadonlySet<string> = new Set([configMaps, secrets, persistentVolumeClaims, persistentVolumes, clusterTrustBundles, csiDrivers, nodes].map((type) => type.resource))
const noEvents: readonly RuntimeEvent[] = []

/** Starts playing nodes. Deciding is pure (decide.ts); this carries decisions out. */
export function createKubelet(options: KubeletOptions): Kubelet {
  return new Kubelets(options)
}

class Kubelets implements Kubelet {
  readonly #options: KubeletOptions
  readonly #owner: string
  readonly #shapes = new Map<string, NodeShape>()
  readonly #nodes: NodeKeeper
  readonly #outbox: Outbox
  readonly #tracked = new Map<string, Tracked>()
  readonly #grants = new Grants()
  readonly #pressures = new Pressures()
  readonly #queue = new Set<string>()
  /** Pods by the objects that their volumes and environments are made of. */
  readonly #dependents = new Map<string, Set<string>>()
  /** Pods that wait for an image, by node and image. */
  readonly #pulls = new Map<string, Set<string>>()
  /** Simulated nodes that have images that they have not told of. */
  readonly #imagesDue = new Set<string>()
  readonly #housekeeping: Housekeeping
  readonly #cancel: readonly (() => void)[]
  #seen: Revision

  constructor(options: KubeletOptions) {
    this.#options = options
    this.#owner = options.owner ?? 'kubelet'
    this.#nodes = new NodeKeeper({ ...options, pressures: (name) => this.#pressuresOn(name), images: () => options.runtime.observed().images }, (name, due) => { options.clock.wake(this.#owner, `node/${name}`, due) }, (name) => { this.#enqueue(`node/${name}`) })
    this.#housekeeping = new Housekeeping({
      ...options, shapes: this.#shapes, isSilent: (name) => this.#nodes.isSilent(name), wake: (key, due) => { options.clock.wake(this.#owner, key, due) },
      endingOf: (uid) => this.#endingOf(uid), found: (findings) => { this.#relieve(findings) },
    })
    this.#outbox = new Outbox({
      view: options.view, submit: options.submit,
      refused: (uid, refusal, stale) => { this.#retry(uid, refusal, stale) },
      settled: (uid) => { if (this.#tracked.has(uid)) this.#enqueue(uid) },
    })
    this.#seen = options.view.revision
    this.#cancel = [
      options.clock.onWake(this.#owner, (key) => { this.#woken(key) }),
      options.runtime.onEvent((event) => { this.#hear(event) }),
    ]
    for (const shape of options.nodes ?? []) this.addNode(shape)
  }

  addNode(shape: NodeShape): void {
    this.#shapes.set(shape.name, shape)
    if (shape.simulated) this.#reportsDue(firstReportAfterMs)
    this.#grants.add(shape.name)
    for (const pod of this.#options.view.by(podsByNode, shape.name)) {
      this.#track(pod)
      this.#adopt(pod, shape)
    }
    this.#tearDownStrays(shape.name)
    this.#enqueue(`node/${shape.name}`)
  }

  nodeChanged(name: string): void { if (this.#shapes.has(name)) this.#enqueue(`node/${name}`) }
  podChanged(uid: string): void { if (this.#tracked.has(uid)) this.#enqueue(uid) }

  removeNode(name: string): void {
    this.#shapes.delete(name)
    for (const tracked of [...this.#tracked.values()]) if (tracked.node === name) this.#forget(tracked)
    this.#grants.remove(name)
    this.#nodes.forget(name)
    this.#imagesDue.delete(name)
    this.#housekeeping.forget(name)
    this.#options.clock.wake(this.#owner, `node/${name}`, undefined)
  }

  assess(observations: Observations, thresholds: readonly Threshold[], uses: ReadonlyMap<string, PodUse>, transitionMs?: number): void {
    const { view, clock } = this.#options
    const nodesHere = [...this.#shapes.values()].filter(({ simulated }) => !simulated).map(({ name }) => ({ name, node: view.get(nodes, '', name) }))
    const here = nodesHere.flatMap(({ name }) => [...view.by(podsByNode, name)])
    const candidates = evictable(here, (uid) => this.#endingOf(uid), clock.now()).flatMap((pod) => { const use = uses.get(pod.metadata.uid); return use === undefined ? [] : [{ pod, use }] })
    this.#relieve(this.#pressures.look({ observations, thresholds, transitionMs, nodes: nodesHere, candidates, now: clock.now() }))
  }

  #pressuresOn(node: string): readonly PressureType[] | undefined { return this.#pressures.of(node) ?? this.#housekeeping.of(node) }

  #endingOf(uid: string): Ending | undefined { return this.#tracked.get(uid)?.memory?.ending }

  /** Carries out what a look at a node, or a machine, has led to. */
  #relieve({ evicted, changed, told }: Findings): void {
    const { clock, submit } = this.#options
    for (const action of told) submit(action, nodeActor(action.about.metadata.name), nothing)
    for (const name of changed) this.#enqueue(`node/${name}`)
    for (const { pod, message, graceSeconds } of evicted) {
      const tracked = this.#tracked.get(pod.metadata.uid)
      if (tracked === undefined) continue
      submit({ do: 'record', about: pod, host: tracked.node, type: 'Warning', reason: 'Evicted', message }, nodeActor(tracked.node), nothing)
      tracked.memory = { ...tracked.memory, ending: { reason: 'Evicted', message, since: clock.now(), graceSeconds } }
      this.#enqueue(tracked.uid)
    }
  }

  close(): void { for (const cancel of this.#cancel) cancel() }

  step(): boolean {
    this.#readChanges()
    let left = podsPerStep
    for (const key of this.#queue) {
      if (left-- === 0) return true
      this.#queue.delete(key)
      if (key.startsWith('node/')) this.#lookAtNode(key.slice('node/'.length))
      else this.#look(key)
    }
    this.#readChanges()
    return this.#queue.size > 0
  }

  freeze(): KubeletState {
    return {
      memories: [...this.#tracked.values()].flatMap(({ uid, memory }) => (memory === undefined ? [] : [[uid, memory] as const])),
      pulls: [...this.#pulls].map(([place, uids]) => [place, [...uids]] as const),
      housekeeping: this.#housekeeping.freeze(),
    }
  }
  thaw(data: KubeletState): void {
    for (const [uid, memory] of data.memories) {
      const tracked = this.#tracked.get(uid)
      if (tracked !== undefined) tracked.memory = memory
    }
    for (const [place, uids] of data.pulls) this.#pulls.set(place, new Set(uids))
    this.#housekeeping.thaw(data.housekeeping)
  }

  #enqueue(key: string): void {
    if (this.#queue.size === 0) this.#options.ring()
    this.#queue.add(key)
  }

  #readChanges(): void {
    const { view, changes } = this.#options
    if (view.revision === this.#seen) return
    const found = changes(this.#seen)
    this.#seen = view.revision
    if (found === 'compacted') this.#lookAtAll()
    else for (const change of found) this.#changed(change)
    this.#outbox.viewMoved((uid) => {
      const tracked = this.#tracked.get(uid)
      const pod = tracked === undefined ? undefined : this.#podOf(tracked)
      return tracked === undefined || pod === undefined ? undefined : { pod, actor: nodeActor(tracked.node) }
    })
  }

  /** After a gap in the feed every pod of these nodes is looked at again. */
  #lookAtAll(): void {
    for (const name of this.#shapes.keys()) {
      this.#enqueue(`node/${name}`)
      for (const pod of this.#options.view.by(podsByNode, name)) this.#track(pod)
    }
    for (const uid of this.#tracked.keys()) this.#enqueue(uid)
  }

  #changed({ key, before, after }: Change): void {
    if (key.resource === pods.resource) {
      for (const object of before?.metadata.uid === after?.metadata.uid ? [after] : [before, after]) if (object !== undefined) this.#podChanged(object, object === after)
      return
    }
    if (key.resource === nodes.resource && this.#shapes.has(key.name)) this.#enqueue(`node/${key.name}`)
    if (!contentResources.has(key.resource)) return
    for (const uid of this.#dependents.get(`${key.resource}/${key.namespace}/${key.name}`) ?? []) this.#enqueue(uid)
    // Who selects among all of a kind.
    for (const uid of this.#dependents.get(`${key.resource}//*`) ?? []) this.#enqueue(uid)
  }

  /** A pod that goes is shown as it was last, and that may have been an own write: only what was written can be one. */
  #podChanged(object: Resource, isWritten: boolean): void {
    const pod = object as Pod // the key says so
    if (isWritten) this.#housekeeping.notice(pod)
    if (this.#tracked.has(pod.metadata.uid)) { if (!isWritten || !this.#outbox.isOwn(Number(object.metadata.resourceVersion))) this.#enqueue(pod.metadata.uid) }
    else if (this.#shapes.has(pod.spec.nodeName ?? '') && this.#options.view.get(pods, pod.metadata.namespace ?? '', pod.metadata.name)?.metadata.uid === pod.metadata.uid) this.#track(pod)
  }

  #track(pod: Pod): void {
    const { uid, name, namespace = '' } = pod.metadata
    if (this.#tracked.has(uid)) return
    const node = pod.spec.nodeName ?? ''
    this.#tracked.set(uid, { uid, name, namespace, node, memory: undefined, heard: undefined, timer: undefined, dependsOn: undefined, credentials: undefined, askedAt: undefined, released: false })
    this.#housekeeping.notice(pod)
    if (pod.status?.startTime !== undefined && !isTerminal(pod)) {
      this.#grants.grant(node, pod)
      // It runs: where it cannot have what it should by now, it goes on as before.
      this.#options.exclusive?.allocate(pod)
    }
    this.#enqueue(uid)
  }

  #forget(tracked: Tracked): void {
    this.#tracked.delete(tracked.uid)
    this.#queue.delete(tracked.uid)
    this.#outbox.forget(tracked.uid)
    this.#free(tracked.node, tracked.uid)
    this.#depend(tracked, undefined)
    this.#setTimer(tracked, undefined)
  }

  #free(node: string, uid: string): void {
    this.#grants.release(node, uid)
    this.#options.exclusive?.release(uid)
  }

  /** Tells a runtime that remembers nothing what ran on it. */
  #adopt(pod: Pod, shape: NodeShape): void {
    const { runtime, view, cluster } = this.#options
    const podIps = pod.status?.podIPs?.map((one) => one.ip) ?? []
    if (runtime.adopt === undefined || podIps.length === 0 || isTerminal(pod) || runtime.observed().pods.has(pod.metadata.uid)) return
    const containers = new Map([...(pod.spec.initContainers ?? []), ...pod.spec.containers, ...(pod.spec.ephemeralContainers ?? [])].flatMap((container) => {
      const made = containerSpec(isResizePending(pod) ? asGiven(pod, container) : container, { pod, view, node: shape, podIps })
      return made.is === 'spec' ? [[container.name, made.spec] as const] : []
    }))
    runtime.adopt(pod, sandboxSpec(pod, shape, cluster), containers)
  }

  /** Containers that outlived their pod's object. */
  #tearDownStrays(node: string): void {
    const { runtime } = this.#options
    for (const [uid, observed] of [...runtime.observed().pods]) {
      if (observed.spec.node === node && !this.#tracked.has(uid)) runtime.submit({ do: 'teardown', pod: uid })
    }
  }

  #woken(key: string): void {
    if (key === allNodes) {
      this.#reportsDue(simulatedReportMs)
      for (const { name, simulated } of this.#shapes.values()) if (simulated) this.#enqueue(`node/${name}`)
      return
    }
    if (this.#housekeeping.woken(key)) return
    if (key.startsWith('node/')) this.#imagesDue.delete(key.slice('node/'.length))
    const tracked = this.#tracked.get(key)
    if (tracked !== undefined) tracked.timer = undefined
    this.#enqueue(key)
  }

  #retry(uid: string, refusal: Refusal, stale = false): void {
    const tracked = this.#tracked.get(uid)
    if (tracked === undefined) return
    // A conflict means that the pod has changed. Where that is shown already, look; in an agent that is behind, the change
    // brings the next look, and the same write again would only be refused again.
    if ((refusal.code === 409 || refusal.code === 404) && !stale) this.#enqueue(uid)
    else this.#options.clock.wake(this.#owner, uid, this.#options.clock.now() + refusedRetryMs)
  }

  #hear(event: RuntimeEvent): void {
    if (event.is !== 'pulled' && event.is !== 'pull-failed') { this.#heardBy(event.pod, event); return }
    const place = `${event.node} ${event.image}`
    const waiting = this.#pulls.get(place)
    this.#pulls.delete(place)
    for (const uid of waiting ?? []) this.#heardBy(uid, event)
    if (event.is === 'pulled') this.#tellImages(event.node)
  }
  /** All simulated nodes are looked at when the next of their seldom reports is due, and soon after one has come. */
  #reportsDue(withinMs: number): void {
    const { clock, simulatedReports } = this.#options
    if (simulatedReports === true) clock.wake(this.#owner, allNodes, Math.min(simulatedReportBefore(clock.now()) + simulatedReportMs, clock.now() + withinMs))
  }
  /** A simulated node's new images are told of a little later, many at once; a real node looks at itself that often anyway. */
  #tellImages(node: string): void {
    if (this.#options.simulatedReports !== true || this.#shapes.get(node)?.simulated !== true || this.#imagesDue.has(node)) return
    this.#imagesDue.add(node)
    this.#options.clock.wake(this.#owner, `node/${node}`, this.#options.clock.now() + imagesToldAfterMs)
  }
  #heardBy(uid: string, event: RuntimeEvent): void {
    const tracked = this.#tracked.get(uid)
    if (tracked === undefined) return
    if (tracked.heard === undefined) tracked.heard = [event]
    else tracked.heard.push(event)
    this.#enqueue(uid)
  }

  #lookAtNode(name: string): void {
    const shape = this.#shapes.get(name)
    if (shape === undefined) return
    const wasSilent = this.#nodes.isSilent(name)
    this.#nodes.look(shape)
    if (wasSilent && !this.#nodes.isSilent(name)) for (const tracked of this.#tracked.values()) if (tracked.node === name) this.#enqueue(tracked.uid)
  }

  #podOf(tracked: Tracked): Pod | undefined {
    const pod = this.#options.view.get(pods, tracked.namespace, tracked.name)
    return pod?.metadata.uid === tracked.uid ? pod : undefined
  }

  #look(uid: string): void {
    const tracked = this.#tracked.get(uid)
    if (tracked === undefined) return
    const { view, runtime } = this.#options
    const pod = this.#podOf(tracked)
    const shape = this.#shapes.get(tracked.node)
    const node = view.get(nodes, '', tracked.node)
    if (shape === undefined) return
    if (node !== undefined && silentSince(node) !== undefined) { this.#nodes.silence(shape.name); return }
    if (pod === undefined) {
      // Deleted by force, or while nobody looked: nothing of it may stay.
      if (runtime.observed().pods.has(uid)) runtime.submit({ do: 'teardown', pod: uid })
      this.#forget(tracked)
      return
    }
    this.#carryOut(tracked, pod, shape)
  }

  #carryOut(tracked: Tracked, pod: Pod, shape: NodeShape): void {
    const posted = this.#outbox.statusOf(tracked.uid)
    let current: Pod = posted === undefined ? pod : { ...pod, status: posted }
    // What a pod holds is freed when its end has been taken down, not before: the answer brings the next look.
    if (isTerminal(current) && !isTerminal(pod)) return
    const started = current
    let decision = this.#decideOn(tracked, current, shape)
    for (let round = 1; ; round++) {
      this.#obey(tracked, decision, current)
      if (decision.status !== undefined) current = { ...current, status: decision.status }
      if (tracked.heard === undefined || round === roundsMax) break
      decision = this.#decideOn(tracked, current, shape)
    }
    if (tracked.heard === undefined) this.#queue.delete(tracked.uid)
    this.#setTimer(tracked, decision.again)
    if (isTerminal(current)) this.#free(shape.name, tracked.uid)
    else this.#grants.grant(shape.name, current)
    if (current.status !== started.status) this.#outbox.post(pod, current.status, nodeActor(shape.name))
    const told = this.#podOf(tracked)
    if (told === undefined || !isTerminal(told)) return
    if (!isTerminal(pod)) this.#enqueue(tracked.uid)
    else if (decision.release && !tracked.released) this.#release(tracked, told, shape)
  }

  #decideOn(tracked: Tracked, pod: Pod, shape: NodeShape): Decision {
    const { view, runtime, clock, cluster } = this.#options
    const observed = runtime.observed()
    const heard = tracked.heard ?? noEvents
    tracked.heard = undefined
    return decide(pod, {
      view, node: shape, cluster, now: clock.now(), observed: observed.pods.get(tracked.uid), images: observed.images.get(shape.name), heard, memory: tracked.memory,
      granted: this.#grants.of(shape.name), held: this.#grants.held(shape.name, tracked.uid), pressures: this.#pressuresOn(shape.name), credentials: tracked.credentials, foretell: runtime.foretell?.bind(runtime), keepsLogs: runtime.keepsLogs ?? false, allocate: this.#options.exclusive?.allocate.bind(this.#options.exclusive), networkTrouble: this.#options.networkTrouble?.(shape.name), deviceHealth: this.#options.deviceHealth?.(shape.name),
    })
  }

  #obey(tracked: Tracked, decision: Decision, pod: Pod): void {
    const { runtime, submit } = this.#options
    tracked.memory = decision.memory
    if (decision.dependsOn !== undefined) this.#depend(tracked, decision.dependsOn)
    for (const event of decision.events) submit({ do: 'record', about: pod, host: tracked.node, ...event }, nodeActor(tracked.node), nothing)
    for (const ask of decision.asks) this.#ask(tracked, ask)
    // Refused: the next look writes again.
    for (const action of decision.writes) submit(action, nodeActor(tracked.node), nothing)
    for (const command of decision.commands) {
      if (command.do === 'pull') {
        const place = `${command.node} ${command.image}`
        const waiting = this.#pulls.get(place)
        if (waiting === undefined) this.#pulls.set(place, new Set([tracked.uid]))
        else waiting.add(tracked.uid)
      }
      runtime.submit(command)
    }
  }

  #ask(tracked: Tracked, ask: CredentialAsk): void {
    const { tokens, certificates, clock } = this.#options
    const known = tracked.credentials ?? new Map<string, CredentialAnswer>()
    const askedAt = tracked.askedAt ?? new Map<string, Instant>()
    const before = askedAt.get(ask.id)
    if ((ask.is === 'token' ? tokens : certificates) === undefined || (before !== undefined && clock.now() - before < askAgainMs)) return
    tracked.credentials = known
    tracked.askedAt = askedAt.set(ask.id, clock.now())
    if (!known.has(ask.id)) known.set(ask.id, asked)
    const done = (answer: CredentialAnswer): void => {
      if (this.#tracked.get(tracked.uid) !== tracked) return
      // What cannot be renewed now stays good for the rest of its life.
      const before = known.get(ask.id)
      if (answer.is !== 'refused' || (before?.is !== 'token' && before?.is !== 'certificate')) known.set(ask.id, answer)
      const pod = answer.is === 'denied' ? this.#podOf(tracked) : undefined
      if (pod !== undefined && answer.is === 'denied') this.#options.submit({ do: 'record', about: pod, host: tracked.node, type: 'Warning', ...answer.event }, nodeActor(tracked.node), nothing)
      tracked.heard ??= []
      this.#enqueue(tracked.uid)
    }
    if (ask.is === 'token') tokens?.(ask, done)
    else certificates?.(ask, done)
  }

  #release(tracked: Tracked, pod: Pod, shape: NodeShape): void {
    tracked.released = true
    removeObject(pod, this.#options.submit, nodeActor(shape.name), (refusal) => {
      if (refusal === undefined) return
      tracked.released = false
      this.#retry(tracked.uid, { ...refusal, code: 500 })
    })
  }

  #depend(tracked: Tracked, on: readonly string[] | undefined): void {
    const before = tracked.dependsOn ?? []
    const after = on ?? []
    if (before.length === after.length && before.every((key, at) => key === after[at])) return
    for (const key of before) {
      const dependents = this.#dependents.get(key)
      dependents?.delete(tracked.uid)
      if (dependents?.size === 0) this.#dependents.delete(key)
    }
    for (const key of after) {
      const dependents = this.#dependents.get(key)
      if (dependents === undefined) this.#dependents.set(key, new Set([tracked.uid]))
      else dependents.add(tracked.uid)
    }
    tracked.dependsOn = after.length === 0 ? undefined : after
  }

  #setTimer(tracked: Tracked, due: Instant | undefined): void {
    // A look that is due already would spin; the next millisecond cannot.
    const later = due === undefined ? undefined : Math.max(due, this.#options.clock.now() + 1)
    if (tracked.timer === later) return
    tracked.timer = later
    this.#options.clock.wake(this.#owner, tracked.uid, later)
  }
}

const nothing = (): void => {}
/** Stands for an answer that has been asked for. */
const asked: CredentialAnswer = { is: 'asked' }
