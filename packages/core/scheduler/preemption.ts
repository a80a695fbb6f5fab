// Which pods a more important one drives out, and where from. Behaviour: upstream's DefaultPreemption plugin.
import { keepsPod } from '../api/disruption.ts'
import { isEmptySelector } from '../rules/selectors.ts'
import { type Pod, podDisruptionBudgets, type PodDisruptionBudget } from '../api/resources.ts'
import type { Random } from '../base/random.ts'
import { conditionOf } from '../rules/conditions.ts'
import { isTerminating } from '../rules/pods.ts'
import { type Amounts, podRequests, podUsage } from '../rules/requests.ts'
import type { Board } from './board.ts'
import type { Placement } from './nodes.ts'
import type { Nominations } from './nominations.ts'
import { mostImportantFirst, priorityOf, startOf } from './priority.ts'
import type { ByNode } from './remembered.ts'
import type { ActivePlugin } from './select.ts'
import { isHopeless, type NodeRefusal, type SchedulerPlugin, type Study, type Supposed } from './types.ts'
import type { Candidate, Verdict } from './verdicts.ts'

/** As upstream's DefaultPreemptionArgs: how many candidates are enough, as a share of the nodes that could be, and at least. */
export interface PreemptionBounds { readonly minCandidateNodesPercentage: number; readonly minCandidateNodesAbsolute: number }
export const preemptionBounds: PreemptionBounds = { minCandidateNodesPercentage: 10, minCandidateNodesAbsolute: 100 }

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
  /** The scheduler that the pod names. */
  readonly profile: string
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
  /** Hears of every candidate, not of the best only. */
  readonly found?: (candidate: Candidate) => void
}

/** Looks for the node where making room costs least. Changes nothing. Costs the candidates looked at times the pods there. */
export function preempt(question: PreemptionQuestion): Preemption {
  const { nodes } = question
  const refused = forbidden(question)
  if (refused !== undefined) return { is: 'forbidden', why: refused }
  const budgets = new Map<string, readonly PodDisruptionBudget[]>()
  const enough = Math.min(nodes.length, Math.max(Math.trunc((nodes.length * question.bounds.minCandidateNodesPercentage) / 100), question.bounds.minCandidateNodesAbsolute))
  const start = nodes.length === 0 ? 0 : question.random.below(nodes.length)
  const trials = trialsOf(question)
  const known = trials === undefined ? undefined : knownVerdicts(question, trials)
  const reasons = new Map<string, number>()
  let best: Candidate | undefined
  let found = 0
  for (let at = 0; at < nodes.length; at++) {
    const node = nodes[(start + at) % nodes.length]
    if (node === undefined) continue
    const verdict = verdictOn(node, question, budgets, trials, known)
    if (!('victims' in verdict)) {
      for (const reason of verdict.reasons) reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
      continue
    }
    found++
    question.found?.(verdict)
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
  const leaving = board.nodes.podsOn(nominated).some(({ pod: other }) => priorityOf(other) < priorityOf(pod) && isLeavingForAnother(other))
  return leaving ? 'not eligible due to a terminating pod on the nominated node.' : undefined
}

function isLeavingForAnother(pod: Pod): boolean {
  const condition = conditionOf(pod.status.conditions, 'DisruptionTarget')
  return isTerminating(pod) && condition?.status === 'True' && condition.reason === 'PreemptionByScheduler'
}

/** The verdict on a node, which is remembered where it is the same for all pods of this sort. */
function verdictOn(node: number, question: PreemptionQuestion, budgets: Map<string, readonly PodDisruptionBudget[]>, trials: readonly Trial[] | undefined, known: ByNode<Verdict> | undefined): Verdict {
  const { board, nominations } = question
  const promised = nominations.size > 0 && nominations.has(board.nodes.nameOf(node))
  if (known === undefined || promised) return victimsOn(node, question, budgets, trials)
  const version = board.nodes.version(node)
  const before = known.get(node, version)
  if (before !== undefined) return before
  const verdict = victimsOn(node, question, budgets, trials)
  // The dry run in numbers moves nobody: the version is still that.
  known.set(node, version, verdict)
  return verdict
}

/** What was found for pods like this one; undefined where more than the node and its pods decides. */
function knownVerdicts({ pod, board, profile }: PreemptionQuestion, trials: readonly Trial[]): ByNode<Verdict> | undefined {
  if (trials.some(({ fixed }) => fixed === 'by more') || board.view.count(podDisruptionBudgets) > 0) return undefined
  const { tolerations, nodeSelector, affinity, nodeName } = pod.spec
  return board.verdicts.of(JSON.stringify([profile, priorityOf(pod), podRequests(pod.spec), tolerations, nodeSelector, affinity?.nodeAffinity, nodeName]))
}

/** The fewest and least important pods of a node whose end makes room. Pods that a budget keeps are spared first. */
function victimsOn(node: number, question: PreemptionQuestion, budgets: Map<string, readonly PodDisruptionBudget[]>, trials: readonly Trial[] | undefined): Verdict {
  const { pod, board, nominations } = question
  if (!board.nodes.hasLesser(node, priorityOf(pod))) return nobodyThere
  const placements = board.nodes.podsOn(node).filter((other) => priorityOf(other.pod) < priorityOf(pod))
  const name = board.nodes.nameOf(node)
  const nominated = nominations.size === 0 ? [] : nominations.before(pod, name)
  if (trials !== undefined && nominated.every(isPlain)) return triedOn(node, { placements, nominated, trials, board, budgets })
  const refusal = (): readonly string[] | undefined => {
    const without = board.refusal(pod, node, question.plugins)
    return (without === undefined && nominated.length > 0 ? board.supposing(nominated, node, () => board.refusal(pod, node, question.allPlugins)) : without)?.reasons
  }
  const away = new Set<Placement>()
  const takeAway = (placement: Placement): void => { board.remove(placement.pod.metadata.uid); away.add(placement) }
  for (const placement of placements) takeAway(placement)
  try {
    const reasons = refusal()
    if (reasons !== undefined) return { reasons }
    return spared(node, byBudget(placements, board, budgets), (placement) => {
      board.putBack(placement)
      away.delete(placement)
      if (refusal() === undefined) return true
      takeAway(placement)
      return false
    })
  } finally {
    for (const placement of away) board.putBack(placement)
  }
}

/** Who has to go though each is spared that can be, where all of them are away. */
function spared(node: number, { violating, free }: ByBudget, spare: (placement: Placement) => boolean): Verdict {
  const broken = violating.filter((placement) => !spare(placement))
  const victims = [...broken, ...free.filter((placement) => !spare(placement))].map(({ pod }) => pod)
  return victims.length === 0 ? { reasons: [] } : candidateOf(node, victims, broken.length)
}

const nobodyThere = { reasons: [noVictims] } as const

/** A plugin that can be asked about a node without moving pods about. */
interface Trial { readonly study: Study; readonly fixed: SchedulerPlugin['fixed'] }

/** All plugins as trials; undefined when one of them has to see pods go. Who has nothing to say of a pod has nothing to say when there are fewer others. */
function trialsOf({ pod, plugins }: PreemptionQuestion): readonly Trial[] | undefined {
  const trials: Trial[] = []
  for (const { plugin, state } of plugins) {
    const study = state.study(pod)
    if (isHopeless(study)) return undefined
    if (study?.refuses === undefined) continue
    if (plugin.fixed === undefined && study.suppose === undefined) return undefined
    trials.push({ study, fixed: plugin.fixed })
  }
  return trials
}

/** Nothing of it but what it uses matters to others. */
const isPlain = ({ spec }: Pod): boolean => spec.affinity?.podAntiAffinity === undefined

/** As the real dry run, in numbers: who is taken off, and put back one by one while the pod still fits. */
function triedOn(node: number, { placements, nominated, trials, board, budgets }: {
  readonly placements: readonly Placement[]; readonly nominated: readonly Pod[]; readonly trials: readonly Trial[]; readonly board: Board; readonly budgets: Map<string, readonly PodDisruptionBudget[]>
}): Verdict {
  const asked: (() => NodeRefusal | undefined)[] = []
  const supposed: Supposed[] = []
  for (const { study, fixed } of trials) {
    if (fixed !== undefined) {
      if (study.refuses?.(node) === true) { const refusal = study.why?.(node); asked.push(() => refusal) }
      continue
    }
    const one = study.suppose?.(node)
    if (one === undefined) continue
    supposed.push(one)
    asked.push(() => one.refusal())
  }
  const refusal = (): NodeRefusal | undefined => { for (const ask of asked) { const said = ask(); if (said !== undefined) return said } return undefined }
  const change = (requests: Amounts, by: 1 | -1): void => { for (const one of supposed) one.change(requests, by) }
  for (const { requests } of placements) change(requests, -1)
  const without = refusal()
  if (without !== undefined) return { reasons: without.reasons }
  for (const guest of nominated) change(podUsage(guest), 1)
  const beside = nominated.length === 0 ? undefined : refusal()
  if (beside !== undefined) return { reasons: beside.reasons }
  return spared(node, byBudget(placements, board, budgets), ({ requests }) => {
    change(requests, 1)
    if (refusal() === undefined) return true
    change(requests, -1)
    return false
  })
}

interface ByBudget { readonly violating: readonly Placement[]; readonly free: readonly Placement[] }

/** Who could not end without breaking a disruption budget, were they to end in this order. */
function byBudget(placements: readonly Placement[], { view }: Board, known: Map<string, readonly PodDisruptionBudget[]>): ByBudget {
  const left = new Map<PodDisruptionBudget, number>()
  const violating: Placement[] = []
  const free: Placement[] = []
  for (const placement of placements) {
    const { pod } = placement
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
    (violates ? violating : free).push(placement)
  }
  return { violating, free }
}

/** Which costs less: as upstream, as few broken budgets as can be, then the least important victim, the least sum of priorities, the fewest victims, the shortest run. */
export function compareCandidates(a: Candidate, b: Candidate): number {
  return a.violations - b.violations || a.rank.first - b.rank.first || a.rank.sum - b.rank.sum || a.victims.length - b.victims.length || latestFirst(a.rank.longest, b.rank.longest)
}

/** Pods of a node that go, and how many of them break budgets. */
export function candidateOf(node: number, pods: Pod[], violations: number): Candidate {
  const victims = pods.sort(mostImportantFirst)
  const first = victims[0] === undefined ? 0 : priorityOf(victims[0])
  return {
    node, victims, violations,
    rank: {
      // Priorities are made positive, so that fewer victims are always less.
      first, sum: victims.reduce((sum, pod) => sum + priorityOf(pod) + 2 ** 31, 0),
      longest: victims.reduce((earliest, pod) => (priorityOf(pod) === first ? Math.min(earliest, startOf(pod)) : earliest), Infinity),
    },
  }
}
const latestFirst = (a: number, b: number): number => (a > b ? -1 : a < b ? 1 : 0)
