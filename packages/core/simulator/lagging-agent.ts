import { type Action, type Actor, configMaps, endpointSlices, isRefusal, type Key, keyOf, nodes, type Outcome, persistentVolumeClaims, persistentVolumes, type Pod, pods, type Resource, type ResourceType, type Revision, secrets, services, type Submit } from '../api/index.ts'
import type { Random } from '../base/index.ts'
import { createKubelet, type Kubelet, type KubeletOptions, type NodeShape } from '../kubelet/index.ts'
import { createStore } from '../store/index.ts'
import type { Store } from '../store/types.ts'

/** What an agent follows, each kind by a watch of its own. */
const followed: readonly ResourceType<Resource>[] = [nodes, pods, services, endpointSlices, persistentVolumes, persistentVolumeClaims, configMaps, secrets]
/** As many changes come in one frame at most. */
const frameMax = 8

interface Feed { readonly type: ResourceType<Resource>; readonly held: Map<string, Key>; revision: Revision; isBroken: boolean }
/** A request on its way to the server, then its answer on the way back. */
interface Call { readonly action: Action; readonly actor: Actor; readonly done: (outcome: Outcome) => void; outcome: Outcome | undefined }

export interface AgentOptions extends Pick<KubeletOptions, 'runtime' | 'clock' | 'cluster' | 'tokens'> {
  readonly store: Store
  readonly submit: Submit
  readonly random: Random
  readonly ring: () => void
  readonly ringLine: () => void
  /** The chance that the line carries nothing at a turn. */
  readonly slowness: () => number
  /** Runs what brings an answer: a planted bug may lose what comes of it. */
  readonly answering: (answer: () => void) => void
  /** A planted bug: what is deleted is not told. */
  readonly losesDeletions?: boolean
}

/**
 * A node agent as the control plane sees it: its kubelet knows a small store that several watches feed, each behind by as much as it happens to be, and its
 * writes are answered later, before or after the change that they made has come back. What is on the line is lost when the agent dies.
 */
export class LaggingAgent {
  readonly #options: AgentOptions
  readonly #shapes = new Map<string, NodeShape>()
  #calls: Call[] = []
  #feeds: readonly Feed[] = []
  #replica: Store
  #kubelet: Kubelet

  constructor(options: AgentOptions, shapes: readonly NodeShape[]) {
    this.#options = options
    for (const shape of shapes) this.#shapes.set(shape.name, shape)
    this.#replica = createStore()
    this.#kubelet = this.#begin()
  }

  get nodes(): readonly NodeShape[] { return [...this.#shapes.values()] }
  step(): boolean { return this.#kubelet.step() }

  /** The process dies and another begins: what was asked and not yet carried out may still be, and nobody hears the answer. */
  restart(change: { readonly add?: NodeShape; readonly remove?: string } = {}): void {
    for (const call of this.#calls.splice(0)) if (call.outcome === undefined && this.#options.random.chance(0.5)) this.#options.submit(call.action, call.actor, () => {})
    this.#kubelet.close()
    for (const name of this.#shapes.keys()) this.#options.clock.wake(owner, `node/${name}`, undefined)
    if (change.remove !== undefined) this.#shapes.delete(change.remove)
    if (change.add !== undefined) this.#shapes.set(change.add.name, change.add)
    this.#replica = createStore()
    this.#kubelet = this.#begin()
  }

  /** A watch breaks off and can only go on with a new list: what happened in between is never told one by one. */
  breakFeed(): string {
    const feed = this.#feeds[this.#options.random.below(this.#feeds.length)]
    if (feed === undefined) return 'none'
    feed.isBroken = true
    this.#options.ringLine()
    return feed.type.plural
  }

  /** Carries one frame, one request or one answer; says whether there is more on the line. */
  carry(): boolean {
    const { random, store } = this.#options
    const behind = this.#feeds.filter((feed) => feed.isBroken || feed.revision < store.view.revision)
    const choices = behind.length + this.#calls.length
    if (choices === 0) return false
    if (random.chance(this.#options.slowness())) return true
    const chosen = random.below(choices)
    const feed = behind[chosen]
    if (feed !== undefined) this.#feed(feed)
    else this.#call(chosen - behind.length)
    return true
  }

  #begin(): Kubelet {
    const { runtime, clock, cluster, tokens, ring } = this.#options
    const replica = this.#replica
    this.#feeds = followed.map((type) => ({ type, held: new Map(), revision: 0, isBroken: false }))
    for (const feed of this.#feeds) this.#list(feed)
    replica.onCommit(ring)
    ring()
    return createKubelet({
      nodes: this.nodes, view: replica.view, changes: (after) => replica.changes(after), runtime, clock, cluster, ring, owner, submit: this.#submit(),
      ...(tokens !== undefined && { tokens }),
    })
  }

  #submit(): Submit {
    return (action, actor, done) => {
      this.#options.ringLine()
      // Events go their own way, and nobody waits for them.
      if (action.do !== 'record') { this.#calls.push({ action, actor, done, outcome: undefined }); return }
      this.#calls.push({ action, actor, done: () => {}, outcome: undefined })
      done({ revision: 0 })
    }
  }

  #call(at: number): void {
    const call = this.#calls[at]
    if (call === undefined) return
    const { outcome } = call
    if (outcome === undefined) { this.#options.submit(call.action, call.actor, (answer) => { call.outcome = answer }); return }
    this.#calls.splice(at, 1)
    // Over HTTP the answer to a delete says nothing of a revision.
    const told: Outcome = isRefusal(outcome) || call.action.do !== 'delete' ? outcome : { revision: 0 }
    this.#options.answering(() => { call.done(told) })
  }

  #feed(feed: Feed): void {
    if (feed.isBroken) { feed.isBroken = false; this.#list(feed); return }
    const { store, random } = this.#options
    const news = store.changes(feed.revision, feed.type.resource)
    if (news === 'compacted') { this.#list(feed); return }
    const most = 1 + random.below(frameMax)
    const loads: { readonly key: Key; readonly object: Resource | undefined; readonly revision: Revision }[] = []
    for (const { key, after, revision } of news) {
      if (loads.length === most) { this.#replica.load(loads); return }
      feed.revision = revision
      const place = `${key.namespace}/${key.name}`
      const object = this.#isSeen(after) ? after : undefined
      if (object === undefined && !feed.held.has(place)) continue
      if (object === undefined) feed.held.delete(place)
      else feed.held.set(place, key)
      if (object !== undefined || this.#options.losesDeletions !== true) loads.push({ key, object, revision })
    }
    feed.revision = store.view.revision
    if (loads.length > 0) this.#replica.load(loads)
  }

  #list(feed: Feed): void {
    const { view } = this.#options.store
    const gone = new Map(feed.held)
    const changed: Resource[] = []
    feed.held.clear()
    for (const object of view.list(feed.type)) {
      if (!this.#isSeen(object)) continue
      const key = keyOf(feed.type, object)
      const place = `${key.namespace}/${key.name}`
      gone.delete(place)
      feed.held.set(place, key)
      if (this.#replica.view.get(feed.type, key.namespace, key.name)?.metadata.resourceVersion !== object.metadata.resourceVersion) changed.push(object)
    }
    this.#replica.load([
      ...[...gone.values()].map((key) => ({ key, object: undefined, revision: view.revision })),
      ...changed.sort((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion)).map((object) => ({ key: keyOf(feed.type, object), object, revision: Number(object.metadata.resourceVersion) })),
    ])
    feed.revision = view.revision
  }

  /** A watch of pods is one of a node's own pods. */
  #isSeen(object: Resource | undefined): boolean {
    return object !== undefined && (object.kind !== 'Pod' || this.#shapes.has((object as Pod).spec.nodeName ?? ''))
  }
}
const owner = 'agent kubelets'
