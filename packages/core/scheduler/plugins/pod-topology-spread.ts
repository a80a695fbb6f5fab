import type { Node, Pod } from '../../api/resources.ts'
import type { Change } from '../../api/view.ts'
import { isTerminal, isTerminating } from '../../rules/pods.ts'
import { labelsDiffer } from '../changes.ts'
import { bestScore } from '../normalise.ts'
import { type NodeRefusal, nodeSides, type PluginState, podSides, type SchedulerPlugin, type Study, type Surroundings } from '../types.ts'
import { hostname, type SpreadConstraint, type SpreadDefaults, spreadWishesOf, systemSpread } from './spread-constraints.ts'
import { belongsTo, TopologyCounts } from './topology-counts.ts'

/** Pods of a group evenly over zones, hosts or other domains: no more than maxSkew above the emptiest, or as evenly as can be. */
export const podTopologySpreadOf = (defaults: SpreadDefaults): SchedulerPlugin => ({ name: 'PodTopologySpread', weight: 2, start: (surroundings) => new PodTopologySpread(surroundings, defaults) })
export const podTopologySpread = podTopologySpreadOf(systemSpread)

class PodTopologySpread implements PluginState {
  readonly #surroundings: Surroundings
  readonly #defaults: SpreadDefaults
  readonly #counts: TopologyCounts

  constructor(surroundings: Surroundings, defaults: SpreadDefaults) {
    this.#surroundings = surroundings
    this.#defaults = defaults
    this.#counts = new TopologyCounts(surroundings)
  }

  placed(pod: Pod, node: number): void { this.#counts.placed(pod, node) }
  removed(pod: Pod, node: number): void { this.#counts.removed(pod, node) }

  nodePut(number: number, before: Node | undefined): void {
    const after = this.#surroundings.nodes.node(number)
    if (before === undefined || after === undefined || placeDiffers(before, after)) this.#counts.nodesChanged()
  }

  study(pod: Pod): Study | undefined {
    const { hard, soft, everyKey } = spreadWishesOf(pod, this.#surroundings.view, this.#defaults)
    if (hard.length === 0 && soft.length === 0) return undefined
    return { ...(hard.length > 0 && this.#filter(pod, hard)), ...(soft.length > 0 && this.#score(soft, everyKey)) }
  }

  concerns(change: Change): boolean {
    if (change.key.resource !== 'pods') return change.key.resource === 'nodes'
    const { before, after } = podSides(change)
    return placeOf(before) !== placeOf(after) || (placeOf(after) !== undefined && before?.metadata.labels !== after?.metadata.labels)
  }

  wakes(pod: Pod, change: Change): boolean {
    const { hard } = spreadWishesOf(pod, this.#surroundings.view, this.#defaults)
    if (change.key.resource === 'nodes') {
      const { before, after } = nodeSides(change)
      const counted = [before, after].some((node) => node !== undefined && hard.every(({ topologyKey }) => node.metadata.labels?.[topologyKey] !== undefined))
      return counted && (before === undefined || after === undefined || placeDiffers(before, after))
    }
    if (change.key.resource !== 'pods') return false
    const { before, after } = podSides(change)
    return hard.some(({ group }) => {
      const [was, is] = [before, after].map((side) => (side !== undefined && belongsTo(group, side) ? placeOf(side) : undefined))
      return was !== is
    })
  }

  #filter(pod: Pod, constraints: readonly SpreadConstraint[]): Study {
    const rules = constraints.map(({ group, terrain, maxSkew, minDomains }) => {
      const tally = this.#counts.tally(group, terrain)
      // With the pod itself where it counts: more than this would be above the skew.
      return { tally, most: maxSkew + tally.least(minDomains) - (belongsTo(group, pod) ? 1 : 0) }
    })
    const verdict = (node: number): NodeRefusal | undefined => {
      for (const { tally, most } of rules) {
        const count = tally.at(node)
        if (count === undefined) return unlabelled
        if (count > most) return skewed
      }
      return undefined
    }
    return { refuses: (node) => verdict(node) !== undefined, why: (node) => verdict(node) ?? skewed }
  }

  #score(constraints: readonly SpreadConstraint[], everyKey: boolean): Study {
    const { nodes } = this.#surroundings
    const ignored = (node: number): boolean => everyKey && constraints.some(({ topologyKey }) => nodes.node(node)?.metadata.labels?.[topologyKey] === undefined)
    let rules: readonly { readonly maxSkew: number; readonly weight: number; at(node: number): number | undefined }[] = []
    return {
      fitting: (all) => {
        const fitting = everyKey ? all.filter((node) => !ignored(node)) : all
        rules = constraints.map(({ topologyKey, group, terrain, maxSkew }) => {
          if (topologyKey === hostname) {
            const counts = this.#counts.of(group)
            return { maxSkew, weight: weightOf(fitting.length), at: (node) => (nodes.node(node)?.metadata.labels?.[hostname] === undefined ? undefined : counts.at(node)) }
          }
          const tally = this.#counts.tally(group, terrain)
          return { maxSkew, weight: weightOf(new Set(fitting.map((node) => tally.domainOf(node))).size), at: (node) => tally.at(node) }
        })
      },
      score: (node) => {
        if (ignored(node)) return ignoredScore
        let score = 0
        for (const { maxSkew, weight, at } of rules) {
          const count = at(node)
          if (count !== undefined) score += count * weight + (maxSkew - 1)
        }
        return Math.round(score)
      },
      normalise: evened,
    }
  }
}

const skewed: NodeRefusal = { reasons: ["node(s) didn't match pod topology spread constraints"], forGood: false }
const unlabelled: NodeRefusal = { reasons: ["node(s) didn't match pod topology spread constraints (missing required label)"], forGood: true }

/** As upstream: counts weigh more where there are many domains, which have few pods each. */
const weightOf = (domains: number): number => Math.log(domains + 2)

/** Marks a node that lacks a label until scores are evened: it gets 0 then. */
const ignoredScore = -1

/** The fewest pods become the best score; as upstream, the rest in proportion to the most. */
function evened(scores: Float64Array): void {
  let least = Infinity
  let most = 0
  for (const score of scores) {
    if (score === ignoredScore) continue
    least = Math.min(least, score)
    most = Math.max(most, score)
  }
  for (let at = 0; at < scores.length; at++) {
    const score = scores[at] ?? 0
    if (score === ignoredScore) scores[at] = 0
    else scores[at] = most === 0 ? bestScore : Math.floor((bestScore * (most + least - score)) / most)
  }
}

/** The node where a pod counts. */
const placeOf = (pod: Pod | undefined): string | undefined =>
  (pod?.spec.nodeName && !isTerminal(pod) && !isTerminating(pod) ? pod.spec.nodeName : undefined)

const placeDiffers = (before: Node, after: Node): boolean =>
  labelsDiffer(before, after) ||
  (before.spec.taints !== after.spec.taints && JSON.stringify(before.spec.taints) !== JSON.stringify(after.spec.taints))
