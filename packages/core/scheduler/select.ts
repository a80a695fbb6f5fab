import type { Random } from '../base/random.ts'
import type { Pod } from '../api/resources.ts'
import type { NodeTable } from './nodes.ts'
import { isHopeless, type NodeRefusal, type PluginState, type SchedulerPlugin, type Study } from './types.ts'

/** A plugin at work in one scheduler. */
export interface ActivePlugin { readonly plugin: SchedulerPlugin; readonly state: PluginState }

export type Selection =
  | { readonly is: 'node'; readonly node: number; readonly studies: readonly Study[]; readonly startAt: number }
  | { readonly is: 'none'; readonly refusedBy: readonly string[]; readonly why: WhyNot; readonly startAt: number }

/** Why no node will do: one reason against all of them, or how many nodes have each reason, and how many refuse for good. */
export type WhyNot =
  | { readonly is: 'hopeless'; readonly refusal: string }
  | { readonly is: 'refused'; readonly reasons: ReadonlyMap<string, number>; readonly forGood: number }

/** As upstream: below 100 nodes all are looked at; above, 50 % less 1 % for every 125 nodes, at least 5 % and 100 nodes. */
export function nodesToFind(count: number): number {
  if (count < 100) return count
  const percent = Math.max(5, 50 - Math.trunc(count / 125))
  return Math.max(100, Math.trunc((count * percent) / 100))
}

/**
 * Chooses a node for a pod: filters from `startAt` on until enough nodes fit, scores those, and draws among the best. Costs
 * the number of nodes looked at.
 */
export function select(pod: Pod, plugins: readonly ActivePlugin[], nodes: NodeTable, startAt: number, random: Random): Selection {
  const studies: { readonly plugin: SchedulerPlugin; readonly study: Study }[] = []
  for (const { plugin, state } of plugins) {
    const answer = state.study(pod)
    if (answer === undefined) continue
    if (isHopeless(answer)) return { is: 'none', refusedBy: [plugin.name], why: { is: 'hopeless', refusal: answer.refusal }, startAt }
    studies.push({ plugin, study: answer })
  }
  const only = allowedNodes(studies)
  const candidates = only?.nodes ?? nodes.order
  const filters = studies.filter(({ study }) => study.refuses !== undefined)
  const wanted = nodesToFind(candidates.length)
  const fitting: number[] = []
  let looked = 0
  for (; looked < candidates.length && fitting.length < wanted; looked++) {
    const node = candidates[only ? looked : (startAt + looked) % candidates.length]
    if (node !== undefined && !filters.some(({ study }) => study.refuses?.(node))) fitting.push(node)
  }
  const nextStart = only || candidates.length === 0 ? startAt : (startAt + looked) % candidates.length
  if (fitting.length === 0) return { is: 'none', ...explain(filters, candidates, only, nodes), startAt: nextStart }
  return { is: 'node', node: best(fitting, studies, random), studies: studies.map(({ study }) => study), startAt: nextStart }
}

/** The nodes that all plugins with an opinion allow, and who had one. */
function allowedNodes(studies: readonly { readonly plugin: SchedulerPlugin; readonly study: Study }[]): { readonly nodes: readonly number[]; readonly by: readonly string[] } | undefined {
  let allowed: Set<number> | undefined
  const by: string[] = []
  for (const { plugin, study } of studies) {
    if (study.only === undefined) continue
    by.push(plugin.name)
    const these = new Set(study.only)
    allowed = allowed === undefined ? these : allowed.intersection(these)
  }
  return allowed && { nodes: [...allowed], by }
}

/** Why each node was refused: by the first plugin that does. Costs the number of nodes, like the search before it. */
function explain(
  filters: readonly { readonly plugin: SchedulerPlugin; readonly study: Study }[], candidates: readonly number[],
  only: { readonly nodes: readonly number[]; readonly by: readonly string[] } | undefined, nodes: NodeTable,
): { readonly refusedBy: readonly string[]; readonly why: WhyNot } {
  const refusedBy = new Set<string>(only?.by)
  const nodesByRefusal = new Map<NodeRefusal, number>()
  const count = (refusal: NodeRefusal, by: number): void => { nodesByRefusal.set(refusal, (nodesByRefusal.get(refusal) ?? 0) + by) }
  for (const node of candidates) {
    for (const { plugin, study } of filters) {
      if (!study.refuses?.(node)) continue
      refusedBy.add(plugin.name)
      count(study.why?.(node) ?? unexplained, 1)
      break
    }
  }
  const leftOut = nodes.count - candidates.length
  if (only && leftOut > 0) count({ reasons: [`node(s) didn't satisfy plugin(s) [${[...only.by].sort().join(' ')}]`], forGood: true }, leftOut)
  const reasons = new Map<string, number>()
  let forGood = 0
  for (const [refusal, number] of nodesByRefusal) {
    if (refusal.forGood) forGood += number
    for (const reason of refusal.reasons) reasons.set(reason, (reasons.get(reason) ?? 0) + number)
  }
  return { refusedBy: [...refusedBy], why: { is: 'refused', reasons, forGood } }
}
const unexplained: NodeRefusal = { reasons: [], forGood: false }

function best(fitting: readonly number[], studies: readonly { readonly plugin: SchedulerPlugin; readonly study: Study }[], random: Random): number {
  const [first = 0] = fitting
  if (fitting.length === 1) return first
  const totals = new Float64Array(fitting.length)
  const scores = new Float64Array(fitting.length)
  for (const { plugin, study } of studies) {
    if (study.score === undefined || plugin.weight === 0) continue
    study.fitting?.(fitting)
    for (let at = 0; at < fitting.length; at++) scores[at] = study.score(fitting[at] ?? 0)
    study.normalise?.(scores)
    for (let at = 0; at < fitting.length; at++) totals[at] = (totals[at] ?? 0) + plugin.weight * (scores[at] ?? 0)
  }
  // Draws evenly among the best without collecting them.
  let chosen = first
  let bestTotal = -Infinity
  let ties = 0
  for (let at = 0; at < fitting.length; at++) {
    const total = totals[at] ?? 0
    if (total > bestTotal) { bestTotal = total; chosen = fitting[at] ?? 0; ties = 1 }
    else if (total === bestTotal && random.below(++ties) === 0) chosen = fitting[at] ?? 0
  }
  return chosen
}
