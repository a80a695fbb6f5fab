import type { Random } from '../base/random.ts'
import type { Pod } from '../api/resources.ts'
import type { Board } from './board.ts'
import type { NodeTable } from './nodes.ts'
import type { Nominations } from './nominations.ts'
import { isHopeless, type NodeRefusal, type PluginState, type SchedulerPlugin, type Study } from './types.ts'

/** A plugin at work in one profile; its scores count by `weight`. */
export interface ActivePlugin { readonly plugin: SchedulerPlugin; readonly weight: number; readonly state: PluginState }

/** Whom a pod is chosen a node for, by whom, and what others have been promised. */
export interface SelectionRules {
  readonly plugins: readonly ActivePlugin[]
  readonly board: Board
  readonly nominations: Nominations
  /** How many of the nodes that fit are enough to choose among; undefined as nodesToFind. */
  readonly percentageOfNodesToScore?: number
  /** Others choose among the nodes that fit, besides the plugins that score. */
  readonly othersChoose?: boolean
}

export type Selection =
  | { readonly is: 'node'; readonly node: number; readonly studies: readonly Study[]; readonly startAt: number }
  | { readonly is: 'none'; readonly refusedBy: readonly string[]; readonly why: WhyNot; readonly startAt: number; readonly filters: readonly ActivePlugin[]; readonly studies: readonly Study[] }
  /** A plugin cannot say. */
  | { readonly is: 'fault'; readonly message: string; readonly startAt: number }

/** Why no node will do: one reason against all of them, or how many nodes have each reason, and which would do without some of their pods, perhaps. */
export type WhyNot =
  | { readonly is: 'hopeless'; readonly refusal: string }
  | { readonly is: 'refused'; readonly reasons: ReadonlyMap<string, number>; readonly perhaps: readonly number[] }

/** As upstream: below 100 nodes all are looked at; above, 50 % less 1 % for every 125 nodes, at least 5 %, or the percentage given; at least 100 nodes. */
export function nodesToFind(count: number, percentage = 0): number {
  if (count < 100) return count
  const percent = percentage > 0 ? Math.min(percentage, 100) : Math.max(5, 50 - Math.trunc(count / 125))
  return Math.max(100, Math.trunc((count * percent) / 100))
}

export interface Asked { readonly active: ActivePlugin; readonly study: Study }

/** Nodes that fit as far as plugins know. */
export interface Fitting {
  readonly is: 'fit'
  readonly nodes: readonly number[]
  /** Only the node that the pod was promised was looked at. */
  readonly isPromised: boolean
  readonly studies: readonly Asked[]
  readonly startAt: number
  /** Which nodes were looked at, and why those do not fit that do not. */
  readonly refusals: Refusals
}

/**
 * Chooses a node for a pod: filters from `startAt` on until enough nodes fit, scores those, and draws among the best. Costs
 * the number of nodes looked at.
 */
export function select(pod: Pod, rules: SelectionRules, startAt: number, random: Random): Selection {
  const found = fitting(pod, rules, startAt)
  return found.is === 'fit' ? chosen(found, best(found, random)) : found
}

/** What was chosen of nodes that fit. */
export const chosen = ({ studies, startAt }: Fitting, node: number): Selection => ({ is: 'node', node, studies: studies.map(({ study }) => study), startAt })

/** The nodes that fit, from `startAt` on, until enough do; or why none does. `passing`: the node that the pod was promised is one of many. */
export function fitting(pod: Pod, rules: SelectionRules, startAt: number, passing = false): Fitting | Exclude<Selection, { readonly is: 'node' }> {
  const { plugins, board: { nodes } } = rules
  const studies: Asked[] = []
  for (const active of plugins) {
    const answer = active.state.study(pod)
    if (answer === undefined) continue
    if (isHopeless(answer)) return { is: 'none', refusedBy: [active.plugin.name], why: { is: 'hopeless', refusal: answer.refusal }, startAt, filters: [], studies: [] }
    studies.push({ active, study: answer })
  }
  const only = allowedNodes(studies)
  const candidates = only?.nodes ?? nodes.order
  const filters = studies.filter(({ study }) => study.refuses !== undefined)
  const promised = rules.nominations.size === 0 ? undefined : (node: number) => promisedAway(pod, node, rules)
  /** The place of the first filter that refuses the node; as many as there are when what was promised does; undefined when it fits. */
  const refuses = (node: number): number | undefined => {
    for (let at = 0; at < filters.length; at++) if (filters[at]?.study.refuses?.(node) === true) return at
    return promised?.(node) === undefined ? undefined : filters.length
  }
  // As upstream: the node that it made room on is tried first.
  const nominated = pod.status.nominatedNodeName ? nodes.numberOf(pod.status.nominatedNodeName) : undefined
  const told = { filters, promised, only, nodes }
  if (!passing && nominated !== undefined && candidates.includes(nominated) && refuses(nominated) === undefined) {
    return { is: 'fit', nodes: [nominated], isPromised: true, studies, startAt, refusals: { ...told, candidates: () => [nominated], asked: 1, refusedAt: [] } }
  }
  // As upstream: where nobody chooses among them, the first will do.
  const isChosen = rules.othersChoose === true || plugins.some(({ weight }) => weight > 0)
  const wanted = isChosen ? nodesToFind(candidates.length, rules.percentageOfNodesToScore) : 1
  const fitting: number[] = []
  const refusedAt: number[] = []
  let looked = 0
  for (; looked < candidates.length && fitting.length < wanted; looked++) {
    const node = candidates[only ? looked : (startAt + looked) % candidates.length]
    const by = node === undefined ? undefined : refuses(node)
    if (by !== undefined) refusedAt.push(by)
    else if (node !== undefined) fitting.push(node)
  }
  for (const { active, study } of filters) {
    const fault = study.fault?.()
    if (fault !== undefined) return { is: 'fault', message: `running ${JSON.stringify(active.plugin.name)} filter plugin: ${fault}`, startAt }
  }
  const nextStart = only || candidates.length === 0 ? startAt : (startAt + looked) % candidates.length
  const refusals: Refusals = { ...told, refusedAt, asked: candidates.length, candidates: () => inOrder(candidates, only ? 0 : startAt) }
  return fitting.length === 0 ? noneOf(refusals, studies, nextStart) : { is: 'fit', nodes: fitting, isPromised: false, studies, startAt: nextStart, refusals }
}

/** No node will do, for what others have against those that would fit; nothing need be said of all of them. */
export function noneFit({ nodes, studies, startAt, refusals }: Fitting, refused: ReadonlyMap<number, NodeRefusal>, by: string): Selection & { readonly is: 'none' } {
  const fit = new Set(nodes)
  const { candidates, refusedAt } = refusals
  const others = candidates().slice(0, fit.size + refusedAt.length).filter((node) => !fit.has(node))
  const none = noneOf({ ...refusals, candidates: () => others }, studies, startAt)
  if (none.why.is !== 'refused') return none
  const reasons = new Map(none.why.reasons)
  for (const { reasons: said } of refused.values()) for (const reason of said) reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  const perhaps = [...none.why.perhaps, ...[...refused].filter(([, { forGood }]) => !forGood).map(([node]) => node)]
  return { ...none, refusedBy: [...none.refusedBy, by], why: { is: 'refused', reasons, perhaps } }
}

function noneOf(refusals: Refusals, studies: readonly Asked[], startAt: number): Selection & { readonly is: 'none' } {
  return { is: 'none', ...explain(refusals), startAt, filters: refusals.filters.map(({ active }) => active), studies: studies.map(({ study }) => study) }
}

/** What refuses the pod once those who are as important and made room on this node are there. */
function promisedAway(pod: Pod, node: number, { board, nominations, plugins }: SelectionRules): NodeRefusal & { readonly by: string } | undefined {
  const guests = nominations.before(pod, board.nodes.nameOf(node))
  return guests.length === 0 ? undefined : board.supposing(guests, node, () => board.refusal(pod, node, plugins))
}

/** The nodes that all plugins with an opinion allow, and who had one. */
function allowedNodes(studies: readonly Asked[]): { readonly nodes: readonly number[]; readonly by: readonly string[] } | undefined {
  let allowed: Set<number> | undefined
  const by: string[] = []
  for (const { active, study } of studies) {
    if (study.only === undefined) continue
    by.push(active.plugin.name)
    const these = new Set(study.only)
    allowed = allowed === undefined ? these : allowed.intersection(these)
  }
  return allowed && { nodes: [...allowed], by }
}

const inOrder = (candidates: readonly number[], start: number): readonly number[] => (start === 0 ? candidates : [...candidates.slice(start), ...candidates.slice(0, start)])

interface Refusals {
  readonly filters: readonly Asked[]
  readonly promised: ((node: number) => NodeRefusal & { readonly by: string } | undefined) | undefined
  /** The nodes that were asked, in this order, and the place of the filter that refused each. */
  readonly candidates: () => readonly number[]
  /** How many might have been asked. */
  readonly asked: number
  readonly refusedAt: readonly number[]
  readonly only: { readonly nodes: readonly number[]; readonly by: readonly string[] } | undefined
  readonly nodes: NodeTable
}

/** Why each node was refused: by the first plugin that does. Costs the number of nodes, like the search before it. */
function explain({ filters, promised, candidates: inTurn, asked, refusedAt, only, nodes }: Refusals): { readonly refusedBy: readonly string[]; readonly why: WhyNot } {
  const refusedBy = new Set<string>(only?.by)
  const candidates = inTurn()
  const nodesByRefusal = new Map<NodeRefusal, number>()
  const perhaps: number[] = []
  const count = (refusal: NodeRefusal, by: number): void => { nodesByRefusal.set(refusal, (nodesByRefusal.get(refusal) ?? 0) + by) }
  // Neighbours are mostly refused for the same reason: they are counted together.
  let last: string | undefined
  let alike: NodeRefusal | undefined
  let running = 0
  for (let at = 0; at < candidates.length; at++) {
    const node = candidates[at] ?? 0
    const first = filters[refusedAt[at] ?? 0]
    const late = first === undefined ? promised?.(node) : undefined
    const by = first?.active.plugin.name ?? late?.by
    if (by === undefined) continue
    if (by !== last) refusedBy.add(by)
    last = by
    const refusal = late ?? first?.study.why?.(node) ?? unexplained
    if (refusal === alike) running++
    else { if (alike !== undefined) count(alike, running); alike = refusal; running = 1 }
    if (!refusal.forGood) perhaps.push(node)
  }
  if (alike !== undefined) count(alike, running)
  const leftOut = nodes.count - asked
  if (only && leftOut > 0) count({ reasons: [`node(s) didn't satisfy plugin(s) [${[...only.by].sort().join(' ')}]`], forGood: true }, leftOut)
  const reasons = new Map<string, number>()
  for (const [refusal, number] of nodesByRefusal) for (const reason of refusal.reasons) reasons.set(reason, (reasons.get(reason) ?? 0) + number)
  return { refusedBy: [...refusedBy], why: { is: 'refused', reasons, perhaps } }
}
const unexplained: NodeRefusal = { reasons: [], forGood: false }

/** The best of the nodes; `more` is added to what plugins find. */
export function best({ nodes: fitting, studies }: Pick<Fitting, 'nodes' | 'studies'>, random: Random, more?: Float64Array): number {
  const [first = 0] = fitting
  if (fitting.length === 1) return first
  const totals = more ?? new Float64Array(fitting.length)
  const scores = new Float64Array(fitting.length)
  for (const { active: { weight }, study } of studies) {
    if (study.score === undefined || weight === 0) continue
    study.fitting?.(fitting)
    for (let at = 0; at < fitting.length; at++) scores[at] = study.score(fitting[at] ?? 0)
    study.normalise?.(scores)
    for (let at = 0; at < fitting.length; at++) totals[at] = (totals[at] ?? 0) + weight * (scores[at] ?? 0)
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
