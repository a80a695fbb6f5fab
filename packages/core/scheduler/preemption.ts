// Which pods a more important one drives out, and where from. Behaviour: upstream's DefaultPreemption plugin.
import { keepsPod } from '../api/disruption.ts'
import { isEmptySelector } from '../rules/selectors.ts'
import { type Pod, podDisruptionBudgets, type PodDisruptionBudget } from '../api/resources.ts'
import type { Random } from '../base/random.ts'
import { conditionOf } from '../rules/conditions.ts'
import { isTerminating } from '../rules/pods.ts'
import type { Board } from './board.ts'
import type { Placement } from './nodes.ts'
import type { Nominations } from './nominations.ts'
import { mostImportantFirst, priorityOf, startOf } from './priority.ts'
import type { ActivePlugin } from './select.ts'

/** As upstream's DefaultPreemptionArgs: how many candidates are enough, as a share of the nodes that could be, and at least. */
export interface PreemptionBounds { readonly minCandidateNodesPercentage: number; readonly minCandidateNodesAbsolute: number }
export const preemptionBounds: PreemptionBounds = { minCandidateNodesPercentage: 10, minCandidateNodesAbsolute: 100 }

/** Where room can be made, and by whose end: the most important first. */
export interface Candidate { readonly node: number; readonly victims: readonly Pod[]; readonly violations: number }

export type Preemption =
  | { readonly is: 'possible'; readonly candidate: Candidate }
  /** Nodes by the reason why making room there does not help. */
  | { readonly is: 'useless'; readonly reasons: ReadonlyMap<string, number> }
  /** The pod may not drive out anybody. */
  | { readonly is: 'forbidden'; readonly why: string }
  /** Nothing was looked for. */
  | { readonly is: 'off' }

export interface PreemptionQuestion {
  readonly pod: Pod
  readonly board: Board
  readonly nominations: Nominations
  /** The plugins that had a say about nodes. */
  readonly plugins: readonly ActivePlugin[]
  /** All of the profile's. */
  readonly allPlugins: readonly ActivePlugin[]
  /** The nodes that refuse the pod, but perhaps not without some of their pods. */
  readonly nodes: readonly number[]
  readonly bounds: PreemptionBounds
  readonly random: Random
}

/** Looks for the node where making room costs least. Changes nothing. Costs the candidates looked at times the pods there. */
export function preempt(question: PreemptionQuestion): Preemption {
  const { nodes } = question
  const refused = forbidden(question)
  if (refused !== undefined) return { is: 'forbidden', why: refused }
  const budgets = new Map<string, readonly PodDisruptionBudget[]>()
  const enough = Math.min(nodes.length, Math.max(Math.trunc((nodes.length * question.bounds.minCandidateNodesPercentage) / 100), question.bounds.minCandidateNodesAbsolute))
  const start = nodes.length === 0 ? 0 : question.random.below(nodes.length)
  const reasons = new Map<string, number>()
  let best: Candidate | undefined
  let found = 0
  for (let at = 0; at < nodes.length; at++) {
    const node = nodes[(start + at) % nodes.length]
    if (node === undefined) continue
    const verdict = victimsOn(node, question, budgets)
    if (!('victims' in verdict)) {
      for (const reason of verdict.reasons) reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
      continue
    }
    found++
    if (best === undefined || compareCandidates(verdict, best) < 0) best = verdict
    // As upstream: it goes on while every candidate so far breaks a budget.
    if (found >= enough && best.violations === 0) break
  }
  if (best !== undefined) return { is: 'possible', candidate: best }
  const rest = question.board.nodes.count - nodes.length
  if (rest > 0) reasons.set(notHelpful, (reasons.get(notHelpful) ?? 0) + rest)
  return { is: 'useless', reasons }
}
const notHelpful = 'Preemption is not helpful for scheduling'
const noVictims = 'No preemption victims found for incoming pod'

function forbidden({ pod, board, nodes }: PreemptionQuestion): string | undefined {
  if (pod.spec.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.'
  const nominated = pod.status.nominatedNodeName ? board.nodes.numberOf(pod.status.nominatedNodeName) : undefined
  // Where the nominated node refuses for good by now, another is looked for at once.
  if (nominated === undefined || !nodes.includes(nominated)) return undefined
  const leaving = board.podsOn(nominated).some((other) => priorityOf(other) < priorityOf(pod) && isLeavingForAnother(other))
  return leaving ? 'not eligible due to a terminating pod on the nominated node.' : undefined
}

function isLeavingForAnother(pod: Pod): boolean {
  const condition = conditionOf(pod.status.conditions, 'DisruptionTarget')
  return isTerminating(pod) && condition?.status === 'True' && condition.reason === 'PreemptionByScheduler'
}

/** The fewest and least important pods of a node whose end makes room. Pods that a budget keeps are spared first. */
function victimsOn(node: number, question: PreemptionQuestion, budgets: Map<string, readonly PodDisruptionBudget[]>): Candidate | { readonly reasons: readonly string[] } {
  const { pod, board, nominations } = question
  if (!board.nodes.hasLesser(node, priorityOf(pod))) return nobodyThere
  const lesser = board.podsOn(node).filter((other) => priorityOf(other) < priorityOf(pod)).sort(mostImportantFirst)
  if (lesser.length === 0) return nobodyThere
  const name = board.nodes.nameOf(node)
  const nominated = nominations.size === 0 ? [] : nominations.before(pod, name)
  const refusal = (): readonly string[] | undefined => {
    const without = board.refusal(pod, node, question.plugins)
    return (without === undefined && nominated.length > 0 ? board.supposing(nominated, node, () => board.refusal(pod, node, question.allPlugins)) : without)?.reasons
  }
  const away = new Map<Pod, Placement>()
  const takeAway = (other: Pod): void => { const placement = board.remove(other.metadata.uid); if (placement !== undefined) away.set(other, placement) }
  for (const other of lesser) takeAway(other)
  try {
    const reasons = refusal()
    if (reasons !== undefined) return { reasons }
    const { violating, free } = byBudget(lesser, board, budgets)
    const victims: Pod[] = []
    let violations = 0
    const spare = (other: Pod): boolean => {
      const placement = away.get(other)
      if (placement === undefined) return true
      board.putBack(placement)
      away.delete(other)
      if (refusal() === undefined) return true
      takeAway(other)
      victims.push(other)
      return false
    }
    for (const other of violating) if (!spare(other)) violations++
    for (const other of free) spare(other)
    return victims.length === 0 ? { reasons: [] } : { node, victims: victims.sort(mostImportantFirst), violations }
  } finally {
    for (const placement of away.values()) board.putBack(placement)
  }
}

const nobodyThere = { reasons: [noVictims] } as const

/** Who could not end without breaking a disruption budget, were they to end in this order. */
function byBudget(pods: readonly Pod[], { view }: Board, known: Map<string, readonly PodDisruptionBudget[]>): { readonly violating: readonly Pod[]; readonly free: readonly Pod[] } {
  const left = new Map<PodDisruptionBudget, number>()
  const violating: Pod[] = []
  const free: Pod[] = []
  for (const pod of pods) {
    const { namespace = '', name, labels } = pod.metadata
    const budgets = known.get(namespace) ?? [...view.list(podDisruptionBudgets, namespace)]
    known.set(namespace, budgets)
    let violates = false
    if (labels !== undefined) for (const budget of budgets) {
      // As upstream: an empty selector counts nobody here, and who is being disrupted already is no further loss.
      if (budget.spec.selector === undefined || isEmptySelector(budget.spec.selector) || !keepsPod(budget, pod) || budget.status?.disruptedPods?.[name] !== undefined) continue
      const allowed = (left.get(budget) ?? budget.status?.disruptionsAllowed ?? 0) - 1
      left.set(budget, allowed)
      if (allowed < 0) violates = true
    }
    (violates ? violating : free).push(pod)
  }
  return { violating, free }
}

/** As upstream: as few broken budgets as can be, then the least important victim, the least sum of priorities, the fewest victims, the shortest run. */
function compareCandidates(a: Candidate, b: Candidate): number {
  const first = ({ victims: [pod] }: Candidate): number => (pod === undefined ? 0 : priorityOf(pod))
  return a.violations - b.violations || first(a) - first(b) || sumOf(a) - sumOf(b) || a.victims.length - b.victims.length || latestFirst(longestRun(a), longestRun(b))
}
/** Priorities are made positive, so that fewer victims are always less. */
const sumOf = ({ victims }: Candidate): number => victims.reduce((sum, pod) => sum + priorityOf(pod) + 2 ** 31, 0)
function longestRun({ victims }: Candidate): number {
  const [first] = victims
  return victims.reduce((earliest, pod) => (first !== undefined && priorityOf(pod) === priorityOf(first) ? Math.min(earliest, startOf(pod)) : earliest), Infinity)
}
const latestFirst = (a: number, b: number): number => (a > b ? -1 : a < b ? 1 : 0)
