import type { Action } from '../api/action.ts'
import type { Resource } from '../api/resource.ts'
import type { Node, Pod } from '../api/resources.ts'
import type { Change, ClusterView } from '../api/view.ts'
import type { Instant } from '../base/clock.ts'
import type { Amounts } from '../rules/requests.ts'
import type { NodeTable } from './nodes.ts'

/** What a plugin may look at. */
export interface Surroundings {
  readonly nodes: NodeTable
  readonly view: ClusterView
  now(): Instant
}

/** One concern of scheduling. In the order in which plugins are listed, the first to refuse a node gives the reasons. */
export interface SchedulerPlugin {
  readonly name: string
  /** Of its scores, among those of all plugins. */
  readonly weight: number
  /** Which nodes it refuses has nothing to do with the pods on them: with the node and the pod's tolerations, node selector and affinity alone, or with other objects too. */
  readonly fixed?: 'by node and pod' | 'by more'
  /** A fresh state; called again when everything is rebuilt. */
  start(surroundings: Surroundings): PluginState
}

/** A plugin with what it remembers, kept up to date from placements and rebuilt by `start` plus all placements. */
export interface PluginState {
  placed?(pod: Pod, node: number): void
  removed?(pod: Pod, node: number): void
  /** A node came or changed in the table; what it was is told. After one that went everything is rebuilt. */
  nodePut?(number: number, before: Node | undefined, node: Node): void
  /** Something other than a pod or a node changed, whoever waits. */
  changed?(change: Change): void
  /** Must the pod not even be tried yet? As upstream's PreEnqueue: nothing is said of it, and a change that `wakes` it lets it go on. */
  holds?(pod: Pod): boolean
  /** What this plugin has to say about one pod; undefined when that is nothing. */
  study(pod: Pod): Study | Hopeless | undefined
  /** Could this change matter to any pod at all? Asked once a change, before `wakes`. */
  concerns?(change: Change): boolean
  /** Could this change let a pod that was refused here fit now? */
  wakes?(pod: Pod, change: Change): boolean
}

/** No node will do, whatever node it is. */
export interface Hopeless { readonly refusal: string }

/** What a refused node has against the pod. */
export interface NodeRefusal {
  readonly reasons: readonly string[]
  /** Removing pods from the node would not help: preemption need not try. */
  readonly forGood: boolean
}

export interface Study {
  /** Nothing else need be looked at (a DaemonSet's pod, a claim's node). */
  readonly only?: Iterable<number>
  refuses?(node: number): boolean
  /** The same question about one node as if it had fewer or more pods; a plugin that cannot tell so is asked again after real changes. */
  suppose?(node: number): Supposed
  /** Why a node that was refused is; asked only when no node fits. Equal answers are best the same object: they are counted by it. */
  why?(node: number): NodeRefusal
  /** The nodes that fit, told before any of them is scored. */
  fitting?(nodes: readonly number[]): void
  score?(node: number): number
  /** Brings the scores of the nodes that fit to 0..100. */
  normalise?(scores: Float64Array): void
  /** What has to be done before the pod is bound to the node, which then waits for it. */
  reserve?(node: number): readonly Action[]
  /** What is done right before the pod is bound to the node, which is counted there already. */
  prepare?(node: number): Preparation
  /** Something is so wrong that no node need be asked any more; known when nodes were. */
  fault?(): string | undefined
  /** What might help a pod that fits nowhere, before others are driven out for it, and what is said of that. */
  amends?(): { readonly said: string; readonly actions: readonly Action[] }
}

/** A node with other pods than it has, for one plugin. */
export interface Supposed {
  /** One pod more (1) or less (-1), with what it uses. */
  change(requests: Amounts, by: 1 | -1): void
  refusal(): NodeRefusal | undefined
}

/** Actions one after the other; the first that is refused ends them. */
export interface Preparation {
  /** `after`: the object as the step before left it. */
  readonly steps: readonly { action(after: Resource | undefined): Action; readonly failure: string }[]
  /** What the pod waits for when the steps are done: what is said of that, how it stands, and how long that may take. */
  readonly waits?: { readonly said: { readonly reason: string; readonly message: string }; readonly mostMs: number; state(view: ClusterView): 'ready' | 'waiting' | { readonly fault: string } }
  /** The pod is not bound after all: what is to be taken back. */
  abandon(view: ClusterView): readonly Action[]
}

export const isHopeless = (answer: Study | Hopeless | undefined): answer is Hopeless => answer !== undefined && 'refusal' in answer

/** The sides of a change of one resource. */
export const nodeSides = (change: Change): { readonly before: Node | undefined; readonly after: Node | undefined } =>
  ({ before: change.before as Node | undefined, after: change.after as Node | undefined })
export const podSides = (change: Change): { readonly before: Pod | undefined; readonly after: Pod | undefined } =>
  ({ before: change.before as Pod | undefined, after: change.after as Pod | undefined })
