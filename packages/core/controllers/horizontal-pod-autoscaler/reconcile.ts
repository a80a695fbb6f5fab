// HorizontalPodAutoscalers. Behaviour: kube-controller-manager's horizontal controller.
import { deepEqual } from 'fast-equals'
import type { Action } from '../../api/action.ts'
import type { Controller, Plan, World } from '../../api/controller.ts'
import type { V2HorizontalPodAutoscalerCondition, V2HorizontalPodAutoscalerStatus, V2MetricStatus } from '../../api/generated/types.ts'
import { isSelectorFault, labelsMatch, parseLabelSelector } from '../../api/selectors/index.ts'
import { keyOf } from '../../api/resource.ts'
import { type HorizontalPodAutoscaler, horizontalPodAutoscalers, type Pod } from '../../api/resources.ts'
import type { ClusterView } from '../../api/view.ts'
import type { Instant } from '../../base/clock.ts'
import { isTrue, setCondition } from '../../rules/conditions.ts'
import { askForUse, measuredOf, type MeasuredUse, nothingMeasured } from '../../rules/measured-use.ts'
import { isTerminating } from '../../rules/pods.ts'
import type { Fetched } from '../../server/index.ts'
import { timestamp } from '../../rules/time.ts'
import { namesOf, ownKey } from '../keys.ts'
import { builtIn, type KnownTypes } from '../known-types.ts'
import { settled } from '../settled.ts'
import { isUnknown, type Unknown, type Wish, wishOf } from './metrics.ts'
import { answeredWithinMs, isQuestion, questionFor, type Question, textOf, type Told, toldBy } from './outside.ts'
import { paced, type Past, recent } from './pace.ts'
import { isFault, podsOf, type Target, targetOf } from './target.ts'

/** As upstream's default: every autoscaler is looked at so often, and first so long after it came. */
const periodMs = 15_000

interface Memory extends Past {
  readonly next: Instant
  /** What was asked and is waited for so long: what real pods use, or of another server about a metric. */
  readonly asking?: { readonly id: string; readonly until: Instant; readonly about?: { readonly metric: string; readonly question: Question } }
  /** What other servers told in this look so far, by the metrics' texts. */
  readonly told?: readonly (readonly [string, Told])[]
  /** A change of size that was submitted: whether it was made shows at the next look. */
  readonly trying?: { readonly from: number; readonly to: number; readonly why: string; readonly at: Instant }
}

/** Sizes what autoscalers name, by what is measured. A key is 'namespace/name'. */
export const horizontalPodAutoscalerController = (types: KnownTypes = builtIn): Controller<Memory> => ({
  name: 'horizontal-pod-autoscaler',
  // Only the clock wakes it: neither pods nor targets hurry an autoscaler.
  watches: [{ resource: horizontalPodAutoscalers.resource, affected: (change) => (change.before === undefined || change.after === undefined ? ownKey(change) : []) }],
  reconcile(key, world) {
    const { memory, now, last } = world
    const autoscaler = world.view.get(horizontalPodAutoscalers, ...namesOf(key))
    if (autoscaler === undefined || isTerminating(autoscaler)) return settled
    if (memory === undefined) return { actions: [], memory: { next: now + periodMs, recommendations: [], ups: [], downs: [] }, again: now + periodMs }
    if (memory.trying !== undefined && last !== undefined) return failedToSize(autoscaler, memory, memory.trying, last.message, now)
    if (now < memory.next) return { actions: [], memory, again: memory.next }
    return measure(autoscaler, world, made(memory), types)
  },
})

/**
 * Asks what nobody here knows, one thing after the other, and looks once all is told: other servers about their metrics, and last the kubelets of real nodes what
 * pods use. Who does not tell in time has told nothing.
 */
function measure(autoscaler: HorizontalPodAutoscaler, world: World<Memory>, memory: Memory, types: KnownTypes): Plan<Memory> {
  const { view, now, observed } = world
  const { asking, told = [], ...rest } = memory
  if (asking !== undefined && !observed.has(asking.id) && now < asking.until) return { actions: [], memory, again: asking.until }
  const heard = asking?.about === undefined ? told : [...told, [asking.about.metric, toldBy(asking.about.question, observed.get(asking.id) as Fetched | undefined)] as const]
  const until = now + answeredWithinMs
  const metrics = autoscaler.spec.metrics ?? []
  const target = metrics.some(({ type }) => type === 'Pods' || type === 'Object' || type === 'External') ? targetOf(autoscaler, view, types) : undefined
  const known = new Map(heard)
  if (target !== undefined && !isFault(target)) for (const spec of metrics) {
    const metric = textOf(spec)
    const question = known.has(metric) ? undefined : questionFor(spec, autoscaler, target, { view, types })
    if (question === undefined) continue
    if (!isQuestion(question)) { known.set(metric, question); continue }
    const id = `metric ${known.size}@${now}`
    return { actions: [{ do: 'ask', ask: { id, what: 'proxy', input: question.fetch } }], memory: { ...rest, told: [...known], asking: { id, until, about: { metric, question } } }, again: until }
  }
  // Metrics that came while kubelets were asked have been asked about first.
  if (asking !== undefined && asking.about === undefined) return look(autoscaler, world, rest, types, known, measuredOf(observed.get(asking.id)))
  const ask = metrics.some(({ type }) => type === 'Resource' || type === 'ContainerResource') ? askForUse(view, `use@${now}`) : undefined
  if (ask === undefined) return look(autoscaler, world, rest, types, known, nothingMeasured)
  return { actions: [{ do: 'ask', ask }], memory: { ...rest, told: [...known], asking: { id: ask.id, until } }, again: until }
}

/** The change of size was made: it counts for the rates. */
function made({ trying, ...memory }: Memory): Memory {
  if (trying === undefined) return memory
  const change = Math.abs(trying.to - trying.from)
  return trying.to > trying.from ? { ...memory, ups: [...memory.ups, { change, at: trying.at }] } : { ...memory, downs: [...memory.downs, { change, at: trying.at }] }
}

type Status = V2HorizontalPodAutoscalerStatus
type Condition = V2HorizontalPodAutoscalerCondition
const record = (about: HorizontalPodAutoscaler, type: 'Normal' | 'Warning', reason: string, message: string): Action => ({ do: 'record', about, type, reason, message })

function written(autoscaler: HorizontalPodAutoscaler, status: Status): readonly Action[] {
  if (deepEqual(autoscaler.status ?? {}, status)) return []
  return [{ do: 'patch', key: keyOf(horizontalPodAutoscalers, autoscaler), uid: autoscaler.metadata.uid, part: 'status', patch: { status: { ...status, currentMetrics: status.currentMetrics ?? null, currentReplicas: status.currentReplicas ?? null } } }]
}

function failedToSize(autoscaler: HorizontalPodAutoscaler, { trying: _tried, ...memory }: Memory, { from, to, why }: NonNullable<Memory['trying']>, problem: string, now: Instant): Plan<Memory> {
  const conditions = setCondition<Condition>(autoscaler.status?.conditions, { type: 'AbleToScale', status: 'False', reason: 'FailedUpdateScale', message: `the HPA controller was unable to update the target scale: ${problem}` }, now)
  return {
    actions: [
      record(autoscaler, 'Warning', 'FailedRescale', `New size: ${to}; reason: ${why}; error: ${problem}`),
      ...written(autoscaler, { ...autoscaler.status, desiredReplicas: autoscaler.status?.desiredReplicas ?? 0, currentReplicas: from, conditions }),
    ],
    memory, again: memory.next,
  }
}

function look(autoscaler: HorizontalPodAutoscaler, { view, now }: World<Memory>, memory: Memory, types: KnownTypes, told: ReadonlyMap<string, Told>, measured: MeasuredUse): Plan<Memory> {
  const next = now + periodMs
  const target = targetOf(autoscaler, view, types)
  const before = autoscaler.status ?? { desiredReplicas: 0 }
  if (isFault(target)) {
    const conditions = setCondition<Condition>(before.conditions, { type: 'AbleToScale', status: 'False', reason: 'FailedGetScale', message: `the HPA controller was unable to get the target's current scale: ${target.fault}` }, now)
    return { actions: [record(autoscaler, 'Warning', 'FailedGetScale', target.fault), ...written(autoscaler, { ...before, conditions })], memory: { ...memory, next }, again: next }
  }
  // The size that was found first is a recommendation: what shrinks it waits.
  const past = memory.recommendations.length === 0 ? { ...memory, recommendations: [{ replicas: target.replicas, at: now }] } : memory
  const conditions = setCondition<Condition>(before.conditions, { type: 'AbleToScale', status: 'True', reason: 'SucceededGetScale', message: "the HPA controller was able to get the target's current scale" }, now)
  const decided = decide(autoscaler, target, { view, now, past, conditions, types, measured, told })
  return { actions: decided.actions, memory: { ...recent(autoscaler, decided.past, now), next, ...(decided.trying && { trying: decided.trying }) }, again: next }
}

interface Sight { readonly view: ClusterView; readonly now: Instant; readonly past: Past; readonly conditions: readonly Condition[]; readonly types: KnownTypes; readonly measured: MeasuredUse; readonly told: ReadonlyMap<string, Told> }
interface Decision { readonly actions: readonly Action[]; readonly past: Past; readonly trying?: NonNullable<Memory['trying']> }

function decide(autoscaler: HorizontalPodAutoscaler, target: Target, sight: Sight): Decision {
  const { minReplicas: least = 1, maxReplicas } = autoscaler.spec
  const { replicas: current } = target
  if (current === 0 && !mayWake(autoscaler, least)) {
    const conditions = setCondition<Condition>(sight.conditions, { type: 'ScalingActive', status: 'False', reason: 'ScalingDisabled', message: 'scaling is disabled since the replica count of the target is zero' }, sight.now)
    return { actions: written(autoscaler, statusOf(autoscaler, current, current, [], conditions)), past: sight.past }
  }
  if (current > maxReplicas) return resize(autoscaler, target, { ...sight, to: maxReplicas, why: 'Current number of replicas above Spec.MaxReplicas', metrics: [], events: [] })
  if (current > 0 && current < least) return resize(autoscaler, target, { ...sight, to: least, why: 'Current number of replicas below Spec.MinReplicas', metrics: [], events: [] })
  return decideByMetrics(autoscaler, target, sight, least)
}

/** An autoscaler that has put its target to sleep wakes it again; who was put to sleep by others stays asleep. */
const mayWake = (autoscaler: HorizontalPodAutoscaler, least: number): boolean =>
  isTrue(autoscaler.status?.conditions, 'ScaledToZero') && (least > 0 || hasOutsideMetric(autoscaler))
const hasOutsideMetric = ({ spec }: HorizontalPodAutoscaler): boolean => (spec.metrics ?? []).some(({ type }) => type === 'Object' || type === 'External')

function decideByMetrics(autoscaler: HorizontalPodAutoscaler, target: Target, sight: Sight, least: number): Decision {
  const { now, past } = sight
  const { replicas: current } = target
  const selected = selectedPods(autoscaler, target, sight.view, sight.types)
  if ('condition' in selected) {
    const conditions = setCondition<Condition>(sight.conditions, selected.condition, now)
    return {
      actions: [record(autoscaler, 'Warning', selected.reason, selected.fault), ...written(autoscaler, failedStatus(autoscaler, current, [], conditions)), record(autoscaler, 'Warning', 'FailedComputeMetricsReplicas', selected.fault)],
      past,
    }
  }
  const specs = autoscaler.spec.metrics ?? []
  const answers = specs.map((spec) => wishOf(spec, { autoscaler, target, pods: selected.pods, view: sight.view, types: sight.types, now, measured: sight.measured, told: sight.told }))
  const unknown = answers.filter(isUnknown)
  const best = answers.filter((answer): answer is Wish => !isUnknown(answer)).reduce<Wish | undefined>((most, wish) => (most === undefined || wish.replicas > most.replicas ? wish : most), undefined)
  const metrics = answers.map((answer): V2MetricStatus => (isUnknown(answer) ? { type: '' } : answer.status))
  const events = unknown.map(({ reason, fault }) => record(autoscaler, 'Warning', reason, fault))
  const [first] = unknown
  // What some metric does not know may not shrink the target.
  if (best === undefined || (first !== undefined && best.replicas < current)) return notComputed(autoscaler, current, { sight, first, unknown: unknown.length, metrics, events })
  const active = setCondition<Condition>(sight.conditions, { type: 'ScalingActive', status: 'True', reason: 'ValidMetricFound', message: `the HPA was able to successfully calculate a replica count from ${best.metric}` }, now)
  const { replicas, able, limited } = paced({ autoscaler, current, wished: best.replicas, least, past, now })
  const conditions = setCondition<Condition>(setCondition<Condition>(active, { type: 'AbleToScale', status: 'True', ...able }, now), { type: 'ScalingLimited', ...limited }, now)
  const remembered = { ...past, recommendations: [...past.recommendations, { replicas: best.replicas, at: now }] }
  const to = current === 0 ? Math.max(replicas, least) : replicas
  if (to === current) return { actions: [...events, ...written(autoscaler, statusOf(autoscaler, current, current, metrics, conditions))], past: remembered }
  const why = best.replicas > current ? `${best.metric} above target` : best.replicas < current ? 'All metrics below target' : ''
  return resize(autoscaler, target, { ...sight, past: remembered, conditions, to, why, metrics, events })
}

function notComputed(autoscaler: HorizontalPodAutoscaler, current: number, { sight, first, unknown, metrics, events }: { readonly sight: Sight; readonly first: Unknown | undefined; readonly unknown: number; readonly metrics: readonly V2MetricStatus[]; readonly events: readonly Action[] }): Decision {
  const conditions = first === undefined ? sight.conditions
    : setCondition<Condition>(sight.conditions, { type: 'ScalingActive', status: 'False', reason: first.reason, message: `the HPA was unable to compute the replica count: ${first.fault}` }, sight.now)
  const message = `invalid metrics (${unknown} invalid out of ${metrics.length}), first error is: ${first?.quoted ?? ''}`
  return { actions: [...events, ...written(autoscaler, failedStatus(autoscaler, current, metrics, conditions)), record(autoscaler, 'Warning', 'FailedComputeMetricsReplicas', message)], past: sight.past }
}

interface Refused { readonly reason: string; readonly fault: string; readonly condition: Condition }

function selectedPods(autoscaler: HorizontalPodAutoscaler, { selector }: Target, view: ClusterView, types: KnownTypes): { readonly pods: readonly Pod[] } | Refused {
  const refused = (reason: string, fault: string, condition: string, message = fault): Refused => ({ reason, fault, condition: { type: 'ScalingActive', status: 'False', reason: condition, message } })
  if (selector === '') return refused('SelectorRequired', 'selector is required', 'InvalidSelector', "the HPA target's scale is missing a selector")
  const namespace = autoscaler.metadata.namespace ?? ''
  const found = podsOf(view, namespace, selector)
  if (isFault(found)) return refused('InvalidSelector', `couldn't convert selector into a corresponding internal selector object: ${found.fault}`, 'InvalidSelector')
  if (found.length === 0) return { pods: found }
  const labels = labelsOf(found)
  const rivals = [...view.list(horizontalPodAutoscalers, namespace)].filter((one) => one.metadata.name === autoscaler.metadata.name || selectsSome(one, labels, view, types))
  if (rivals.length <= 1) return { pods: found }
  return refused('AmbiguousSelector', `pods by selector ${selector} are controlled by multiple HPAs: [${rivals.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).join(' ')}]`, 'AmbiguousSelector')
}

type Labels = Readonly<Record<string, string>> | undefined
/** The labels of pods, each set of them once: most pods of a target have the same. */
const labelsOf = (found: readonly Pod[]): readonly Labels[] => [...new Map(found.map(({ metadata: { labels } }) => [JSON.stringify(labels), labels])).values()]

/** Does what an autoscaler sizes select some of these? */
function selectsSome(autoscaler: HorizontalPodAutoscaler, labels: readonly Labels[], view: ClusterView, types: KnownTypes): boolean {
  if (isTerminating(autoscaler)) return false
  const target = targetOf(autoscaler, view, types)
  if (isFault(target) || target.selector === '') return false
  const requirements = parseLabelSelector(target.selector)
  return !isSelectorFault(requirements) && labels.some((each) => labelsMatch(requirements, each))
}

interface Resizing extends Sight { readonly to: number; readonly why: string; readonly metrics: readonly V2MetricStatus[]; readonly events: readonly Action[] }

function resize(autoscaler: HorizontalPodAutoscaler, target: Target, { to, why, metrics, events, past, conditions, now }: Resizing): Decision {
  const from = target.replicas
  const able = setCondition<Condition>(conditions, { type: 'AbleToScale', status: 'True', reason: 'SucceededRescale', message: `the HPA controller was able to update the target scale to ${to}` }, now)
  const asleep = from > 0 && to === 0 && hasOutsideMetric(autoscaler)
  const told = setCondition<Condition>(able, asleep
    ? { type: 'ScaledToZero', status: 'True', reason: 'ScaledToZero', message: 'the HPA controller scaled the workload to zero' }
    : { type: 'ScaledToZero', status: 'False', reason: 'NotScaledToZero', message: 'the HPA controller did not scale the workload to zero' }, now)
  return {
    actions: [
      ...events, target.sized(to), record(autoscaler, 'Normal', 'SuccessfulRescale', `New size: ${to}; reason: ${why}`),
      ...written(autoscaler, { ...statusOf(autoscaler, from, to, metrics, told), lastScaleTime: timestamp(now) }),
    ],
    past, trying: { from, to, why, at: now },
  }
}

function statusOf(autoscaler: HorizontalPodAutoscaler, currentReplicas: number, desiredReplicas: number, metrics: readonly V2MetricStatus[], conditions: readonly Condition[]): Status {
  const lastScaleTime = autoscaler.status?.lastScaleTime
  return { ...(currentReplicas > 0 && { currentReplicas }), desiredReplicas, ...(lastScaleTime !== undefined && { lastScaleTime }), ...(metrics.length > 0 && { currentMetrics: metrics }), conditions }
}

/** What is wanted stays as it was. */
const failedStatus = (autoscaler: HorizontalPodAutoscaler, current: number, metrics: readonly V2MetricStatus[], conditions: readonly Condition[]): Status =>
  statusOf(autoscaler, current, autoscaler.status?.desiredReplicas ?? 0, metrics, conditions)
