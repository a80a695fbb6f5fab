import type { Pod } from '../../api/resources.ts'
import type { Change } from '../../api/view.ts'
import { labelsDiffer } from '../changes.ts'
import { bestScore } from '../normalise.ts'
import { nodeSides, type NodeRefusal, type PluginState, podSides, type SchedulerPlugin, type Study, type Surroundings } from '../types.ts'
import { Tally, type Term, termOf } from './pod-terms.ts'

export interface InterPodAffinityArguments {
  /** How much a required affinity of a pod that runs draws others to it. */
  readonly hardPodAffinityWeight: number
  /** Pods that run have no say about where others would be nice to have. */
  readonly ignorePreferredTermsOfExistingPods: boolean
}
/** Counters of terms that were asked for; the oldest are dropped beyond this. */
const countersMost = 256

/**
 * Pods near others, or away from them. Counts are kept per term and topology value, not per pod: a look costs the number of
 * different terms, however many pods have them.
 */
export const interPodAffinityOf = (settings: InterPodAffinityArguments): SchedulerPlugin => ({ name: 'InterPodAffinity', weight: 2, start: (surroundings) => new InterPodAffinity(surroundings, settings) })
export const interPodAffinity = interPodAffinityOf({ hardPodAffinityWeight: 1, ignorePreferredTermsOfExistingPods: false })

interface Wish { readonly term: Term; readonly weight: number }
interface Wishes { readonly near: readonly Term[]; readonly required: readonly Term[]; readonly apart: readonly Term[]; readonly preferred: readonly Wish[] }
interface Counter { readonly term: Term; readonly tally: Tally }

class InterPodAffinity implements PluginState {
  readonly #surroundings: Surroundings
  readonly #settings: InterPodAffinityArguments
  /** Required anti-affinity of pods that have a node: where it forbids others. */
  readonly #forbidden = new Map<string, Counter>()
  /** What pods that have a node would like of others: the weight by place. */
  readonly #drawn = new Map<string, Counter>()
  /** How many pods match a term that some pod asked about. */
  readonly #matching = new Map<string, Counter>()

  constructor(surroundings: Surroundings, settings: InterPodAffinityArguments) {
    this.#surroundings = surroundings
    this.#settings = settings
  }

  placed(pod: Pod, node: number): void { this.#count(pod, node, 1) }
  removed(pod: Pod, node: number): void { this.#count(pod, node, -1) }

  study(pod: Pod): Study | undefined {
    const { view } = this.#surroundings
    const wishes = wishesOf(pod)
    const forbidding = [...this.#forbidden.values()].filter(({ term }) => term.matches(pod, view))
    const near = wishes.near.map((term) => this.#counterOf(term))
    const apart = wishes.apart.map((term) => this.#counterOf(term))
    // As upstream: the first of a group that wants to be near itself may go anywhere.
    const first = near.length > 0 && near.every(({ tally, term }) => tally.empty && term.matches(pod, view))
    const filters = forbidding.length > 0 || near.length > 0 || apart.length > 0
    const preferred = wishes.preferred.map(({ term, weight }) => ({ ...this.#counterOf(term), weight }))
    const drawn = [...this.#drawn.values()].filter(({ term }) => term.matches(pod, view))
    const scores = preferred.length > 0 || drawn.length > 0
    if (!filters && !scores) return undefined
    const verdict = (node: number): NodeRefusal | undefined => {
      for (const { term, tally } of near) {
        const value = this.#valueOf(term, node)
        if (value === undefined || (tally.at(value) === 0 && !first)) return tooFar
      }
      if (apart.some(({ term, tally }) => tally.at(this.#valueOf(term, node)) > 0)) return tooNear
      return forbidding.some(({ term, tally }) => tally.at(this.#valueOf(term, node)) > 0) ? forbidden : undefined
    }
    return {
      ...(filters && { refuses: (node: number) => verdict(node) !== undefined, why: (node: number) => verdict(node) ?? forbidden }),
      ...(scores && {
        score: (node: number) => {
          let sum = 0
          for (const { term, tally, weight } of preferred) sum += weight * tally.at(this.#valueOf(term, node))
          for (const { term, tally } of drawn) sum += tally.at(this.#valueOf(term, node))
          return sum
        },
        normalise: spread,
      }),
    }
  }

  concerns(change: Change): boolean {
    if (change.key.resource === 'nodes') return true
    if (change.key.resource !== 'pods') return false
    const { before, after } = podSides(change)
    return before?.spec.nodeName !== after?.spec.nodeName || before?.status?.phase !== after?.status?.phase || before?.metadata.labels !== after?.metadata.labels
  }

  wakes(pod: Pod, change: Change): boolean {
    if (change.key.resource === 'nodes') {
      const { before, after } = nodeSides(change)
      return after !== undefined && (before === undefined || labelsDiffer(before, after))
    }
    if (change.key.resource !== 'pods') return false
    const { before, after } = podSides(change)
    const { view } = this.#surroundings
    const wishes = wishesOf(pod)
    const arrived = after?.spec.nodeName !== undefined && (!before?.spec.nodeName || before.metadata.labels !== after.metadata.labels)
    if (arrived && wishes.near.some((term) => term.matches(after, view))) return true
    const left = before?.spec.nodeName !== undefined && (after === undefined || after.status?.phase !== before.status?.phase || before.metadata.labels !== after.metadata.labels)
    return left && (wishes.apart.some((term) => term.matches(before, view)) || wishesOf(before).apart.some((term) => term.matches(pod, view)))
  }

  #count(pod: Pod, node: number, by: 1 | -1): void {
    const wishes = wishesOf(pod)
    for (const term of wishes.apart) this.#tally(this.#forbidden, term, node, by)
    const { hardPodAffinityWeight, ignorePreferredTermsOfExistingPods } = this.#settings
    if (!ignorePreferredTermsOfExistingPods) for (const { term, weight } of wishes.preferred) this.#tally(this.#drawn, term, node, by * weight)
    if (hardPodAffinityWeight > 0) for (const term of wishes.required) this.#tally(this.#drawn, term, node, by * hardPodAffinityWeight)
    for (const { term, tally } of this.#matching.values()) {
      const value = this.#valueOf(term, node)
      if (value !== undefined && term.matches(pod, this.#surroundings.view)) tally.add(value, by)
    }
  }

  #tally(counters: Map<string, Counter>, term: Term, node: number, amount: number): void {
    const value = this.#valueOf(term, node)
    if (value === undefined) return
    const counter = counters.get(term.identity) ?? { term, tally: new Tally() }
    counter.tally.add(value, amount)
    if (counter.tally.empty) counters.delete(term.identity)
    else counters.set(term.identity, counter)
  }

  /** Counts once over all pods when a term is new, and is kept up to date from then on. */
  #counterOf(term: Term): Counter {
    const known = this.#matching.get(term.identity)
    if (known !== undefined) return known
    const { nodes, view } = this.#surroundings
    const counter = { term, tally: new Tally() }
    for (const { pod, node } of nodes.placements) {
      const value = this.#valueOf(term, node)
      if (value !== undefined && term.matches(pod, view)) counter.tally.add(value, 1)
    }
    if (this.#matching.size >= countersMost) for (const oldest of this.#matching.keys()) { this.#matching.delete(oldest); break }
    this.#matching.set(term.identity, counter)
    return counter
  }

  #valueOf(term: Term, node: number): string | undefined { return this.#surroundings.nodes.node(node)?.metadata.labels?.[term.topologyKey] }
}

const tooFar: NodeRefusal = { reasons: ["node(s) didn't match pod affinity rules"], forGood: true }
const tooNear: NodeRefusal = { reasons: ["node(s) didn't match pod anti-affinity rules"], forGood: false }
const forbidden: NodeRefusal = { reasons: ["node(s) didn't satisfy existing pods anti-affinity rules"], forGood: false }

const noWishes: Wishes = { near: [], required: [], apart: [], preferred: [] }
function wishesOf(pod: Pod): Wishes {
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {}
  if (podAffinity === undefined && podAntiAffinity === undefined) return noWishes
  const namespace = pod.metadata.namespace ?? ''
  const required = (podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map((term) => termOf(term, namespace))
  return {
    near: together(required), required,
    apart: (podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map((term) => termOf(term, namespace)),
    preferred: [
      ...(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm, weight }) => ({ term: termOf(podAffinityTerm, namespace), weight })),
      ...(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm, weight }) => ({ term: termOf(podAffinityTerm, namespace), weight: -weight })),
    ],
  }
}

/** As upstream: only pods that all of the required terms match count, for each of them. */
const together = (terms: readonly Term[]): readonly Term[] => (terms.length < 2 ? terms : terms.map((term) => ({
  topologyKey: term.topologyKey, identity: `${terms.map(({ identity }) => identity).join(' and ')} by ${term.topologyKey}`,
  matches: (pod, view) => terms.every((each) => each.matches(pod, view)),
})))

/** The worst becomes 0 and the best 100. */
function spread(scores: Float64Array): void {
  const least = scores.reduce((a, b) => Math.min(a, b), Infinity)
  const most = scores.reduce((a, b) => Math.max(a, b), -Infinity)
  for (let at = 0; at < scores.length; at++) scores[at] = most > least ? Math.floor((bestScore * ((scores[at] ?? 0) - least)) / (most - least)) : 0
}
