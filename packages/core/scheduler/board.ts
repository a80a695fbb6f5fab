import type { Node, Pod } from '../api/resources.ts'
import type { ClusterView } from '../api/view.ts'
import type { Instant } from '../base/clock.ts'
import { NodeTable, type Placement } from './nodes.ts'
import { Remembered } from './remembered.ts'
import { isHopeless, type NodeRefusal, type PluginState, type SchedulerPlugin } from './types.ts'
import type { Verdict } from './verdicts.ts'

/** So many sorts of pods are remembered. */
const kindsMax = 32

/** The nodes, the pods on them and what each plugin remembers of both, kept in step. All profiles share one. */
export class Board {
  readonly nodes = new NodeTable()
  readonly view: ClusterView
  /** What dry runs found, for pods that are alike, by the node's version. */
  readonly verdicts = new Remembered<Verdict>(kindsMax)
  readonly #states = new Map<SchedulerPlugin, PluginState>()

  constructor(view: ClusterView, plugins: Iterable<SchedulerPlugin>, now: () => Instant) {
    this.view = view
    for (const plugin of plugins) this.#states.set(plugin, plugin.start({ nodes: this.nodes, view, now }))
  }

  get states(): ReadonlyMap<SchedulerPlugin, PluginState> { return this.#states }

  putNode(node: Node): number {
    const known = this.nodes.numberOf(node.metadata.name)
    const before = known === undefined ? undefined : this.nodes.node(known)
    const number = this.nodes.put(node)
    for (const state of this.#states.values()) state.nodePut?.(number, before, node)
    return number
  }

  place(pod: Pod, nodeName: string): void {
    const number = this.nodes.place(pod, nodeName)
    if (number !== undefined) for (const state of this.#states.values()) state.placed?.(pod, number)
  }

  /** Takes a pod off its node; what comes back can be put back. */
  remove(uid: string): Placement | undefined {
    const pod = this.nodes.placedPod(uid)
    const number = this.nodes.placeOf(uid)
    if (pod === undefined || number === undefined) return undefined
    for (const state of this.#states.values()) state.removed?.(pod, number)
    return this.nodes.remove(uid)
  }

  putBack(placement: Placement): void {
    this.nodes.putBack(placement)
    for (const state of this.#states.values()) state.placed?.(placement.pod, placement.node)
  }

  /** The answer to a question, as if these pods were on the node too. Afterwards everything is as before. */
  supposing<T>(guests: readonly Pod[], node: number, ask: () => T): T {
    const name = this.nodes.nameOf(node)
    for (const pod of guests) this.place(pod, name)
    try { return ask() } finally { for (const pod of guests) this.remove(pod.metadata.uid) }
  }

  /** What the first of these plugins to refuse the pod on the node says; undefined when it fits as things are now. */
  refusal(pod: Pod, node: number, plugins: readonly { readonly plugin: SchedulerPlugin; readonly state: PluginState }[]): NodeRefusal & { readonly by: string } | undefined {
    for (const { plugin, state } of plugins) {
      const study = state.study(pod)
      if (isHopeless(study)) return { reasons: [study.refusal], forGood: true, by: plugin.name }
      if (study?.refuses?.(node) === true) return { reasons: [], forGood: false, ...study.why?.(node), by: plugin.name }
    }
    return undefined
  }
}
