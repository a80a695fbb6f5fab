import type { Action, Actor, Outcome, Submit } from '../api/action.ts'
import { podsByNode } from '../api/indexes.ts'
import { isRefusal } from '../api/refusal.ts'
import { keyOf, type Revision } from '../api/resource.ts'
import { namespaces, type Node, nodes as nodeType, type Pod, pods } from '../api/resources.ts'
import type { Change, ClusterView } from '../api/view.ts'
import type { Clock, Freezable, Loop, Random } from '../base/index.ts'
import type { Cancel } from '../base/loop.ts'
import { conditionOf, setCondition } from '../rules/conditions.ts'
import { isTerminal, isTerminating } from '../rules/pods.ts'
import { failureMessage } from './failure.ts'
import { NodeTable } from './nodes.ts'
import { defaultPlugins } from './plugins/index.ts'
import { SchedulingQueue, type Waiting } from './queue.ts'
import { type ActivePlugin, select, type Selection } from './select.ts'
import { nodeSides, podSides, type SchedulerPlugin, type Study } from './types.ts'

export interface SchedulerOptions {
  readonly view: ClusterView
  readonly changes: (after: Revision) => Iterable<Change> | 'compacted'
  readonly onCommit?: (ring: () => void) => Cancel
  readonly submit: Submit
  readonly clock: Clock
  readonly random: Random
  readonly loop?: Loop
  readonly plugins?: readonly SchedulerPlugin[]
}

/** What a fork or a restart cannot see in the store. */
export interface SchedulerState {
  readonly startAt: number
  readonly attempts: readonly { readonly uid: string; readonly attempts: number; readonly failedAt: number; readonly refusedBy: readonly string[] }[]
}

export interface Scheduler extends Freezable<SchedulerState> {
  /** Takes in what changed and tries one pod. Says whether there is more. */
  step(): boolean
  /** Forgets everything and starts from the view. */
  restart(): void
  /** Pods that wait for a node. */
  readonly waiting: number
  readonly nodes: NodeTable
  stop(): void
}

/** The scheduler of pods that name no other. */
export const schedulerName = 'default-scheduler'
const actor: Actor = { user: 'system:kube-scheduler', groups: ['system:authenticated'], component: schedulerName }
const owner = 'scheduler'

/** Gives every pod that waits a node, one pod a step. */
export function createScheduler(options: SchedulerOptions): Scheduler {
  const scheduler = new PodScheduler(options)
  scheduler.restart()
  return scheduler
}

class PodScheduler implements Scheduler {
  nodes = new NodeTable()
  readonly #options: SchedulerOptions
  readonly #queue: SchedulingQueue
  readonly #cancels: Cancel[] = []
  readonly #ring: () => void
  #plugins: readonly ActivePlugin[] = []
  #cursor: Revision = 0
  #startAt = 0

  constructor(options: SchedulerOptions) {
    this.#options = options
    const { loop, clock, onCommit } = options
    this.#ring = loop ? () => loop.ring('scheduler') : () => {}
    this.#queue = new SchedulingQueue(clock, owner)
    this.#cancels.push(clock.onWake(owner, (uid) => { this.#queue.due(uid); this.#ring() }))
    if (loop) this.#cancels.push(loop.add('scheduler', () => this.step()))
    if (onCommit) this.#cancels.push(onCommit(this.#ring))
  }

  get waiting(): number { return this.#queue.size }

  stop(): void { for (const cancel of this.#cancels.splice(0)) cancel() }

  restart(): void {
    const { view } = this.#options
    this.#queue.clear()
    this.#cursor = view.revision
    this.#rebuild()
    for (const pod of view.by(podsByNode, '')) if (isMine(pod)) this.#queue.add(pod)
    this.#ring()
  }

  step(): boolean {
    this.#observe()
    const entry = this.#queue.take()
    if (entry === undefined) return false
    this.#attempt(entry)
    return true
  }

  freeze(): SchedulerState {
    const attempts = [...this.#options.view.by(podsByNode, '')].map((pod) => this.#queue.get(pod.metadata.uid)).filter((entry) => entry !== undefined && entry.attempts > 0)
    return { startAt: this.#startAt, attempts: attempts.flatMap((entry) => (entry ? [{ uid: entry.uid, attempts: entry.attempts, failedAt: entry.failedAt, refusedBy: entry.refusedBy }] : [])) }
  }

  thaw(state: SchedulerState): void {
    this.restart()
    this.#startAt = state.startAt
    for (const { uid, attempts, failedAt, refusedBy } of state.attempts) {
      const entry = this.#queue.get(uid)
      if (entry === undefined) continue
      entry.attempts = attempts
      entry.failedAt = failedAt
      entry.refusedBy = refusedBy
    }
  }

  // ---- what happened -------------------------------------------------------------------------------------------

  #observe(): void {
    const { view, changes } = this.#options
    if (view.revision === this.#cursor) return
    const news = changes(this.#cursor)
    if (news === 'compacted') return this.restart()
    let relabelled = false
    for (const change of news) {
      this.#cursor = change.revision
      if (change.key.resource === pods.resource) this.#podChanged(change)
      else if (change.key.resource === nodeType.resource) relabelled = this.#nodeChanged(change) || relabelled
      else if (change.key.resource === namespaces.resource) relabelled = (change.before !== undefined && change.after !== undefined && labelsDiffer(change)) || relabelled
      else if (!watched.has(change.key.resource)) continue
      this.#wake(change)
    }
    // Labels of nodes and namespaces are what plugins count by; they hardly ever change.
    if (relabelled) this.#rebuild()
  }

  #podChanged(change: Change): void {
    const { before, after } = podSides(change)
    const pod = after ?? before
    if (pod === undefined) return
    const { uid } = pod.metadata
    // Deleted and made again under the same name, unseen in between.
    if (before !== undefined && after !== undefined && before.metadata.uid !== uid) this.#forget(before.metadata.uid)
    if (after === undefined || isTerminal(after)) return this.#forget(uid)
    if (after.spec.nodeName) {
      this.#queue.remove(uid)
      this.#place(after, after.spec.nodeName)
      return
    }
    if (!isMine(after)) return this.#queue.remove(uid)
    const entry = this.#queue.get(uid)
    if (entry === undefined) this.#queue.add(after)
    else if (before !== undefined && decidesDifferently(before, after)) this.#queue.wake(entry)
  }

  /** True when labels changed of a node that has pods. */
  #nodeChanged(change: Change): boolean {
    const { before, after } = nodeSides(change)
    if (after === undefined) { this.nodes.drop(change.key.name); return before !== undefined }
    const known = this.nodes.numberOf(after.metadata.name) !== undefined
    const number = this.#putNode(after)
    return (this.nodes.podCount[number] ?? 0) > 0 && (!known || labelsDiffer(change))
  }

  /** Asks each plugin that refused pods whether the change matters at all, then for each of its pods. */
  #wake(change: Change): void {
    const { view } = this.#options
    let quiet: boolean | undefined
    for (const { plugin, state } of this.#plugins) {
      const refused = this.#queue.refusedBy(plugin.name)
      if (refused.size === 0 || state.wakes === undefined) continue
      quiet ??= isHeartbeat(change)
      if (quiet || state.concerns?.(change) === false) continue
      for (const entry of [...refused]) {
        const pod = view.get(pods, entry.namespace, entry.name)
        if (pod?.metadata.uid === entry.uid && state.wakes(pod, change)) this.#queue.wake(entry)
      }
    }
    if (change.key.resource === nodeType.resource && change.before === undefined) for (const entry of [...this.#queue.refusedBy(noNodes)]) this.#queue.wake(entry)
  }

  #putNode(node: Node): number {
    const known = this.nodes.numberOf(node.metadata.name)
    const before = known === undefined ? undefined : this.nodes.node(known)
    const number = this.nodes.put(node)
    for (const { state } of this.#plugins) state.nodePut?.(number, before)
    return number
  }

  #place(pod: Pod, nodeName: string): void {
    const { uid } = pod.metadata
    const before = this.nodes.placedPod(uid)
    const place = this.nodes.placeOf(uid)
    if (before !== undefined && place !== undefined) {
      // A pod that is on its way out still uses its node, but plugins may count it no longer.
      const sameToPlugins = !decidesDifferently(before, pod) && isTerminating(before) === isTerminating(pod)
      if (this.nodes.nameOf(place) === nodeName && sameToPlugins) return this.nodes.refresh(pod)
      this.#unplace(uid)
    }
    const number = this.nodes.place(pod, nodeName)
    if (number !== undefined) for (const { state } of this.#plugins) state.placed?.(pod, number)
  }

  #unplace(uid: string): void {
    const pod = this.nodes.placedPod(uid)
    const number = this.nodes.placeOf(uid)
    if (pod === undefined || number === undefined) return
    for (const { state } of this.#plugins) state.removed?.(pod, number)
    this.nodes.remove(uid)
  }

  #forget(uid: string): void {
    this.#queue.remove(uid)
    this.#unplace(uid)
  }

  /** Columns and plugin states from the view, as if from the start. Pods about to be bound are in the feed soon. */
  #rebuild(): void {
    const { view, plugins = defaultPlugins } = this.#options
    this.nodes = new NodeTable()
    const surroundings = { nodes: this.nodes, view }
    this.#plugins = plugins.map((plugin) => ({ plugin, state: plugin.start(surroundings) }))
    for (const node of view.list(nodeType)) this.#putNode(node)
    for (const pod of view.list(pods)) if (pod.spec.nodeName && !isTerminal(pod)) this.#place(pod, pod.spec.nodeName)
  }

  // ---- one pod -------------------------------------------------------------------------------------------------

  #attempt(entry: Waiting): void {
    const { view, random } = this.#options
    const pod = view.get(pods, entry.namespace, entry.name)
    if (pod === undefined || pod.metadata.uid !== entry.uid || pod.spec.nodeName || !isMine(pod)) return this.#queue.remove(entry.uid)
    const selection = select(pod, this.#plugins, this.nodes, this.#startAt, random)
    this.#startAt = selection.startAt
    if (selection.is === 'none') return this.#fail(entry, pod, selection)
    const { node, studies } = selection
    const reservations = studies.flatMap((study: Study) => [...(study.reserve?.(node) ?? [])])
    if (reservations.length > 0 || studies.some((study) => study.reserve !== undefined)) return this.#reserve(entry, reservations)
    this.#bind(entry, pod, this.nodes.nameOf(node))
  }

  /** The pod waits until what was reserved for it is there: the changes that bring it wake it. */
  #reserve(entry: Waiting, reservations: readonly Action[]): void {
    this.#queue.parked(entry, ['VolumeBinding'])
    for (const action of reservations) this.#submit(action, (outcome) => { if (isRefusal(outcome)) this.#queue.failed(entry) })
  }

  #bind(entry: Waiting, pod: Pod, nodeName: string): void {
    const { namespace = '', name, uid } = pod.metadata
    // Counted from now on: an agent's answer, and the change that shows it, come later.
    this.#place(pod, nodeName)
    this.#submit({
      do: 'invoke', key: keyOf(pods, pod), subresource: 'binding',
      body: { apiVersion: 'v1', kind: 'Binding', metadata: { namespace, name, uid }, target: { kind: 'Node', name: nodeName } },
    }, (outcome) => {
      if (!isRefusal(outcome)) {
        this.#submit({ do: 'record', about: pod, type: 'Normal', reason: 'Scheduled', message: `Successfully assigned ${namespace}/${name} to ${nodeName}` })
        return
      }
      this.#unplace(uid)
      if (outcome.reason !== 'NotFound') this.#submit({ do: 'record', about: pod, type: 'Warning', reason: 'FailedScheduling', message: `binding rejected: ${outcome.message}` })
      this.#queue.failed(entry)
      this.#ring()
    })
  }

  #fail(entry: Waiting, pod: Pod, selection: Selection & { readonly is: 'none' }): void {
    const message = failureMessage(pod, this.nodes.count, selection.why)
    this.#queue.refused(entry, selection.refusedBy.length > 0 ? selection.refusedBy : [noNodes])
    this.#submit({ do: 'record', about: pod, type: 'Warning', reason: 'FailedScheduling', message })
    const now = this.#options.clock.now()
    const conditions = setCondition(pod.status?.conditions, { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }, now)
    if (conditions === pod.status?.conditions || sameScheduling(pod, message)) return
    this.#submit({
      do: 'patch', key: keyOf(pods, pod), uid: pod.metadata.uid, part: 'status',
      patch: { metadata: { resourceVersion: pod.metadata.resourceVersion }, status: { conditions } },
    })
  }

  #submit(action: Action, done: (outcome: Outcome) => void = () => {}): void { this.#options.submit(action, actor, done) }
}

/** Stands for a plugin: without any node, none had a say. */
const noNodes = 'no nodes'
const watched: ReadonlySet<string> = new Set(['persistentvolumeclaims', 'persistentvolumes', 'storage.k8s.io/storageclasses'])

/** Does the pod wait for this scheduler? */
const isMine = (pod: Pod): boolean =>
  (pod.spec.schedulerName ?? schedulerName) === schedulerName && !isTerminating(pod) && !isTerminal(pod) && (pod.spec.schedulingGates ?? []).length === 0 && !pod.spec.nodeName

const sameScheduling = (pod: Pod, message: string): boolean => {
  const condition = conditionOf(pod.status?.conditions, 'PodScheduled')
  return condition?.status === 'False' && condition.reason === 'Unschedulable' && condition.message === message
}

/** Did anything change that scheduling depends on? */
function decidesDifferently(before: Pod, after: Pod): boolean {
  const sameSpec = before.metadata.generation !== undefined && before.metadata.generation === after.metadata.generation
  return (!sameSpec && before.spec !== after.spec && JSON.stringify({ ...before.spec, nodeName: '' }) !== JSON.stringify({ ...after.spec, nodeName: '' })) ||
    (before.metadata.labels !== after.metadata.labels && JSON.stringify(before.metadata.labels) !== JSON.stringify(after.metadata.labels))
}

function labelsDiffer({ before, after }: Change): boolean {
  return before?.metadata.labels !== after?.metadata.labels && JSON.stringify(before?.metadata.labels) !== JSON.stringify(after?.metadata.labels)
}

/** A node that only says that it is alive changes nothing for anybody. */
function isHeartbeat(change: Change): boolean {
  if (change.key.resource !== nodeType.resource) return false
  const { before, after } = nodeSides(change)
  return before !== undefined && after !== undefined && !nodeDecidesDifferently(before, after)
}

const nodeDecidesDifferently = (before: Node, after: Node): boolean =>
  JSON.stringify([before.spec, before.metadata.labels, before.status?.allocatable]) !== JSON.stringify([after.spec, after.metadata.labels, after.status?.allocatable])
