// Jobs. Behaviour: kube-controller-manager's job controller. Where upstream writes uncountedTerminatedPods, removes finalizers and then counts,
// here one atomic group counts pods and lets them go, so that each is counted once.
import { deepEqual } from 'fast-equals'
import { type Action, type Change, type ClusterView, type Controller, type Job, jobs, jobTrackingFinalizer, keyOf, openJobPods, type Plan, type Pod, pods, uncontrolledPods, type World } from '../../api/index.ts'
import { setCondition } from '../../rules/conditions.ts'
import { objectKey, sidesOf } from '../../rules/changes.ts'
import { generatedName } from '../../rules/names.ts'
import { controllerOf, finalizersPatch, isControlledBy, ownerReference, withoutOwner } from '../../rules/owners.ts'
import { inDeletionOrder, isReady, isTerminating } from '../../rules/pods.ts'
import { selectorMatches } from '../../rules/selectors.ts'
import { instantOf, timestamp } from '../../rules/time.ts'
import { isCreateFailure, isOfEndingNamespace } from '../create-failure.ts'
import { controllerKeys, namesOf, ownKey } from '../keys.ts'
import { countsDifferently } from '../pod-changes.ts'
import { settled } from '../settled.ts'
import { type FailureRecord, failureRecord, mayStartAt } from './backoff.ts'
import { type Counts, deadlineOf, decidedEnding, type Ending, isFinished, newEnding } from './ending.ts'
import { indexesText, readIndexes } from './index-ranges.ts'
import { indexFailures, type IndexFailures, misplaced, nextIndexes } from './indexes.ts'
import { type NewIndex, newPod, podPrefix } from './new-pod.ts'
import { indexOf, isTracked, restartsOf, tally, type Tally } from './tally.ts'

/** As upstream's MaxPodCreateDeletePerSync and maxUncountedPods. */
const burst = 500
/** A look at a wide Job waits this long per open pod since the last one (upstream: 1 s for all), so that looks at 10,000 pods stay few. */
const waitPerPodMs = 0.1
const waitMostMs = 1000
const wideFrom = 200

interface Memory { readonly record: FailureRecord | undefined; readonly lookedAt: number; readonly generation: number | undefined; readonly open: number }

export const jobController: Controller<Memory> = {
  name: 'job-controller',
  watches: [
    { resource: jobs.resource, affected: (change, view) => [...ownKey(change), ...(change.after === undefined && change.before !== undefined ? orphansOf(view, change.before.metadata.uid) : [])] },
    { resource: pods.resource, affected: podKeys },
  ],
  reconcile(key, world) {
    if (key.startsWith(orphanMark)) return releaseOrphan(key.slice(orphanMark.length), world.view)
    const job = world.view.get(jobs, ...namesOf(key))
    if (job === undefined || (job.spec.managedBy !== undefined && job.spec.managedBy !== 'kubernetes.io/job-controller')) return settled
    return reconcile(job, world)
  },
}

// ---- which keys -----------------------------------------------------------------------------------------------------

const orphanMark = 'pod:'

function podKeys(change: Change, view: ClusterView): readonly string[] {
  const { before, after } = sidesOf(pods, change) ?? {}
  if (before !== undefined && after !== undefined && !countsDifferently(change) && restartsOf([before]) === restartsOf([after])) return []
  const keys = [...controllerKeys(jobs, change), ...(after === undefined ? [] : adopters(after, view))]
  if (after === undefined || !isTracked(after)) return keys
  const controller = controllerOf(after)
  const owner = controller && view.get(jobs, after.metadata.namespace ?? '', controller.name)
  return owner !== undefined && owner.metadata.uid === controller?.uid ? keys : [...keys, `${orphanMark}${change.key.namespace}/${change.key.name}`]
}

/** The Jobs that may take a pod in which nobody controls. */
function adopters(pod: Pod, view: ClusterView): readonly string[] {
  if (controllerOf(pod) !== undefined || isTerminating(pod) || view.count(jobs, pod.metadata.namespace) === 0) return []
  return [...view.list(jobs, pod.metadata.namespace)].filter((job) => !isTerminating(job) && selectorMatches(job.spec.selector, pod.metadata.labels)).map(objectKey)
}

const orphansOf = (view: ClusterView, uid: string): readonly string[] => [...view.by(openJobPods, uid)].map((pod) => `${orphanMark}${pod.metadata.namespace}/${pod.metadata.name}`)

/** Nobody counts a pod whose Job is gone. */
function releaseOrphan(key: string, view: ClusterView): Plan<Memory> {
  const pod = view.get(pods, ...namesOf(key))
  if (pod === undefined || !isTracked(pod)) return settled
  const controller = controllerOf(pod)
  const owner = controller && view.get(jobs, pod.metadata.namespace ?? '', controller.name)
  return owner !== undefined && owner.metadata.uid === controller?.uid ? settled : { actions: [release(pod)] }
}

/** Takes the finalizer off; refused when the pod has changed since. */
const release = (pod: Pod): Action => finalizersPatch(pods, pod, pod.metadata.finalizers?.filter((one) => one !== jobTrackingFinalizer) ?? [])

const remove = (pod: Pod): Action => ({ do: 'delete', key: keyOf(pods, pod), uid: pod.metadata.uid })
const deleted = (job: Job, pod: Pod): Action => ({ do: 'record', about: job, type: 'Normal', reason: 'SuccessfulDelete', message: `Deleted pod: ${pod.metadata.name}` })

// ---- one look -------------------------------------------------------------------------------------------------------

function reconcile(job: Job, world: World<Memory>): Plan<Memory> {
  const { view, now, memory } = world
  const wait = memory === undefined || memory.open < wideFrom ? 0 : Math.min(waitMostMs, Math.floor(memory.open * waitPerPodMs))
  if (memory !== undefined && memory.generation === job.metadata.generation && now < memory.lookedAt + wait && !isTerminating(job) && world.last === undefined)
    return { actions: [], memory, again: memory.lookedAt + wait }
  const open = [...view.by(openJobPods, job.metadata.uid)].filter((pod) => isControlledBy(pod, job))
  if (isFinished(job) || isTerminating(job)) return releaseAll(open, now)
  // A Job that does not select what it makes would make pods for ever.
  const selectsItsOwn = selectorMatches(job.spec.selector, job.spec.template.metadata?.labels)
  const strays = selectsItsOwn ? open.filter((pod) => !selectorMatches(job.spec.selector, pod.metadata.labels)) : []
  const claims = [...strays.map((pod) => disown(job, pod)), ...adopt(job, view)]
  if (claims.length > 0) return { actions: claims, ...(memory && { memory }) }
  return look(job, open, world)
}

function releaseAll(open: readonly Pod[], now: number): Plan<Memory> {
  const held = open.filter(isTracked)
  // Letting go wakes nobody: what is beyond a burst needs another look.
  return { actions: held.slice(0, burst).map(release), ...(held.length > burst ? { again: now } : {}) }
}

/** Whoever lost the labels is a Job's no more, and is not counted. */
function disown(job: Job, pod: Pod): Action {
  const { resourceVersion, finalizers = [] } = pod.metadata
  const owners = withoutOwner(pod, job.metadata.uid)
  const left = finalizers.filter((one) => one !== jobTrackingFinalizer)
  return { do: 'patch', key: keyOf(pods, pod), uid: pod.metadata.uid, part: 'main', patch: { metadata: { resourceVersion, ownerReferences: owners.length > 0 ? owners : null, finalizers: left.length > 0 ? left : null } } }
}

function adopt(job: Job, view: ClusterView): readonly Action[] {
  const matching = [...view.by(uncontrolledPods, job.metadata.namespace ?? '')].filter((pod) => !isTerminating(pod) && selectorMatches(job.spec.selector, pod.metadata.labels))
  return matching.map((pod): Action => ({
    do: 'patch', key: keyOf(pods, pod), uid: pod.metadata.uid, part: 'main',
    patch: {
      metadata: {
        resourceVersion: pod.metadata.resourceVersion, ownerReferences: [...(pod.metadata.ownerReferences ?? []), ownerReference(jobs, job)],
        finalizers: [...new Set([...(pod.metadata.finalizers ?? []), jobTrackingFinalizer])],
      },
    },
  }))
}

function look(given: Job, open: readonly Pod[], world: World<Memory>): Plan<Memory> {
  const { view, now } = world
  const { job, events } = started(given, now)
  const all = tally(job, open)
  const failures = indexFailures(job, all)
  const earlier = decidedEnding(job)
  // In a namespace that ends nothing is replaced: who is held would hold it up.
  const mayReplace = earlier === undefined && !isOfEndingNamespace(world.last)
  const isHeld = ({ pod }: Tally['failed'][number]): boolean => mayReplace && failures.waiting.get(indexOf(job, pod) ?? -1) === pod
  const waiting = all.failed.filter(isHeld)
  const countable = waiting.length === 0 ? all.failed : all.failed.filter((one) => !isHeld(one))
  // More than a burst of ended pods is counted in several looks.
  const some: Tally = { ...all, succeeded: all.succeeded.slice(0, burst), failed: countable.slice(0, burst - Math.min(burst, all.succeeded.length)) }
  const counts = count(job, some, failures)
  const record = failureRecord(world.memory?.record, some.succeeded, some.failed.map(({ pod }) => pod), now)
  const more = some.succeeded.length + some.failed.length < all.succeeded.length + countable.length
  // With pods still to be counted it is too early for new ones.
  const ending = earlier ?? (more ? undefined : newEnding(job, all, { ...counts, failed: counts.failed + countedIn(waiting) }, now))
  const change = ending !== undefined ? ended(job, some, ending, waiting) : more ? untouched : scaled(job, some, counts, record, failures, view, now)
  // What was refused may be refused again: pods are counted then when they are there.
  const wasRefused = world.last !== undefined && isCreateFailure(world.last)
  const status = statusOf(job, all, counts, wasRefused ? { ...change, created: 0 } : change, ending, more, now)
  const isLast = status.conditions?.some(({ type, status: is }) => (type === 'Complete' || type === 'Failed') && is === 'True') ?? false
  const counted = [...some.succeeded, ...some.failed.map(({ pod }) => pod), ...all.unplaced.slice(0, burst)]
  const write: Action[] = deepEqual(given.status ?? {}, status) ? [] : [{ do: 'replace', part: 'status', object: { ...given, status } as Job }]
  const releases = [...new Set([...counted, ...change.released])].map(release)
  const again = [more ? now : undefined, deadlineOf(job), change.again].filter((instant) => instant !== undefined && (instant > now || more))
  return {
    actions: [
      ...failedCreate(job, world),
      ...(releases.length > 0 ? [{ do: 'atomic' as const, actions: [...write, ...releases] }] : write),
      ...change.actions, ...events,
      ...(isLast && ending !== undefined ? endEvents(job, ending, counts) : []),
    ],
    memory: { record, lookedAt: now, generation: job.metadata.generation, open: open.length + change.created },
    ...(again.length > 0 && !isLast ? { again: Math.min(...again.filter((instant) => instant !== undefined)) } : {}),
  }
}

/** The Job with its start time and its Suspended condition as they should be. */
function started(job: Job, now: number): { readonly job: Job; readonly events: readonly Action[] } {
  const suspended = job.spec.suspend === true
  const was = job.status?.conditions?.find(({ type }) => type === 'Suspended')?.status
  const status = job.status ?? {}
  const event = (reason: string, message: string): readonly Action[] => [{ do: 'record', about: job, type: 'Normal', reason, message }]
  if (suspended && was !== 'True') {
    const conditions = setCondition(status.conditions, jobCondition('Suspended', 'True', 'JobSuspended', 'Job suspended', now), now)
    return { job: { ...job, status: { ...status, conditions } }, events: event('Suspended', 'Job suspended') }
  }
  if (!suspended && was === 'True') {
    // A resumed Job starts anew: the deadline counts from here.
    const conditions = setCondition(status.conditions, jobCondition('Suspended', 'False', 'JobResumed', 'Job resumed', now), now)
    return { job: { ...job, status: { ...status, conditions, startTime: timestamp(now) } }, events: event('Resumed', 'Job resumed') }
  }
  return { job: suspended || status.startTime !== undefined ? job : { ...job, status: { ...status, startTime: timestamp(now) } }, events: [] }
}

const jobCondition = (type: string, status: string, reason: string, message: string, now: number) =>
  ({ type, status, lastProbeTime: timestamp(now), lastTransitionTime: timestamp(now), reason, message })

const countedIn = (failed: Tally['failed']): number => failed.filter(({ verdict }) => verdict.action !== 'Ignore').length

function count(job: Job, pods: Tally, { lost }: IndexFailures): Counts {
  const failed = (job.status?.failed ?? 0) + countedIn(pods.failed)
  if (job.spec.completionMode !== 'Indexed') return { succeeded: (job.status?.succeeded ?? 0) + pods.succeeded.length, failed, succeededIndexes: new Set(), failedIndexes: new Set() }
  const completions = job.spec.completions ?? 0
  const succeededIndexes = readIndexes(job.status?.completedIndexes, completions)
  for (const pod of pods.succeeded) {
    const index = indexOf(job, pod)
    if (index !== undefined) succeededIndexes.add(index)
  }
  const failedIndexes = readIndexes(job.status?.failedIndexes, completions)
  for (const index of lost) if (!succeededIndexes.has(index)) failedIndexes.add(index)
  return { succeeded: succeededIndexes.size, failed, succeededIndexes, failedIndexes }
}

/** What a look does to the pods. */
interface PodChange {
  readonly actions: readonly Action[]
  /** Pods let go without being counted as ended; those in `failedToo` count as failed. */
  readonly released: readonly Pod[]
  readonly failedToo: number
  readonly created: number
  readonly deleted: number
  readonly deletedReady: number
  readonly again?: number
}

/** An ending Job gives up the pods it still has; when it fails they count as failed. Nobody will replace what waits for that. */
function ended(job: Job, pods: Tally, ending: Ending, waiting: Tally['failed']): PodChange {
  const going = pods.active.slice(0, burst)
  const released = going.filter(isTracked)
  return { ...givenUp(job, going), released: [...released, ...waiting.map(({ pod }) => pod)], failedToo: (ending.good ? 0 : released.length) + countedIn(waiting) }
}

/** Pods are given up. Let go first: that is no failure. */
const givenUp = (job: Job, going: readonly Pod[]): PodChange => ({
  actions: going.flatMap((pod) => [remove(pod), deleted(job, pod)]), released: going.filter(isTracked), failedToo: 0, created: 0, deleted: going.length, deletedReady: going.filter(isReady).length,
})

function scaled(job: Job, pods: Tally, counts: Counts, record: FailureRecord, failures: IndexFailures, view: ClusterView, now: number): PodChange {
  const wanted = job.spec.suspend === true ? 0 : wantedActive(job, pods.active.length, counts)
  const surplus = pods.active.length - wanted
  const astray = new Set(misplaced(job, pods.active, now))
  if (surplus > 0 || astray.size > 0) {
    const others = pods.active.filter((pod) => !astray.has(pod))
    return givenUp(job, [...astray, ...inDeletionOrder(others, others, now).slice(0, Math.max(0, surplus - astray.size))].slice(0, burst))
  }
  const waiting = job.spec.podReplacementPolicy === 'Failed' ? pods.leaving.length : 0
  const missing = Math.min(wanted - pods.active.length - waiting, burst)
  if (missing <= 0) return untouched
  if (job.spec.completionMode === 'Indexed') {
    const next = nextIndexes(job, pods, counts, failures, record, missing, now)
    return { ...untouched, actions: next.indexes.flatMap((index, number) => create(job, view, number, index)), created: next.indexes.length, ...(next.again === undefined ? {} : { again: next.again }) }
  }
  if (mayStartAt(record) > now) return { ...untouched, again: mayStartAt(record) }
  return { ...untouched, actions: Array.from({ length: missing }).flatMap((_, number) => create(job, view, number, undefined)), created: missing }
}

const untouched: PodChange = { actions: [], released: [], failedToo: 0, created: 0, deleted: 0, deletedReady: 0 }

function wantedActive(job: Job, active: number, { succeeded }: Counts): number {
  const parallelism = job.spec.parallelism ?? 1
  // A work queue: once one has succeeded, no more are started, those that run go on.
  if (job.spec.completions === undefined) return succeeded > 0 ? active : parallelism
  return Math.max(0, Math.min(job.spec.completions - succeeded, parallelism))
}

function create(job: Job, view: ClusterView, number: number, index: NewIndex | undefined): readonly Action[] {
  const taken = (name: string): boolean => view.get(pods, job.metadata.namespace ?? '', name) !== undefined
  const name = generatedName(podPrefix(job, index?.index), taken, job.metadata.uid, String(view.revision), String(number))
  return [
    { do: 'create', object: newPod(job, name, index) },
    { do: 'record', about: job, type: 'Normal', reason: 'SuccessfulCreate', message: `Created pod: ${name}` },
  ]
}

function failedCreate(job: Job, { last }: World<Memory>): readonly Action[] {
  if (last === undefined || !isCreateFailure(last)) return []
  return [{ do: 'record', about: job, type: 'Warning', reason: 'FailedCreate', message: `Error creating: ${last.message}` }]
}

// ---- status ---------------------------------------------------------------------------------------------------------

function statusOf(job: Job, all: Tally, counts: Counts, change: PodChange, ending: Ending | undefined, more: boolean, now: number): NonNullable<Job['status']> {
  const active = all.active.length + change.created - change.deleted
  const terminating = all.leaving.length + change.deleted
  const failed = counts.failed + change.failedToo
  const { active: _active, succeeded: _succeeded, failed: _failed, completedIndexes: _completed, failedIndexes: _failedIndexes, ...kept } = job.status ?? {}
  let conditions = kept.conditions
  // The last word waits until the last pod has gone.
  const isLast = ending !== undefined && active === 0 && terminating === 0 && !more
  if (ending !== undefined) {
    const { good, reason, message } = ending
    conditions = setCondition(conditions, conditionOnce(conditions, good ? 'SuccessCriteriaMet' : 'FailureTarget', reason, message, now), now)
    if (isLast) conditions = setCondition(conditions, jobCondition(good ? 'Complete' : 'Failed', 'True', reason, message, now), now)
  }
  return {
    ...kept,
    ...(active > 0 ? { active } : {}),
    ready: all.ready - change.deletedReady,
    terminating,
    ...(counts.succeeded > 0 ? { succeeded: counts.succeeded } : {}),
    ...(failed > 0 ? { failed } : {}),
    ...(counts.succeededIndexes.size > 0 ? { completedIndexes: indexesText(counts.succeededIndexes) } : {}),
    ...(job.spec.backoffLimitPerIndex !== undefined ? { failedIndexes: indexesText(counts.failedIndexes) } : {}),
    uncountedTerminatedPods: {},
    ...(conditions === undefined ? {} : { conditions }),
    ...(isLast && ending.good ? { completionTime: timestamp(now) } : {}),
  }
}

const conditionOnce = (conditions: NonNullable<Job['status']>['conditions'], type: string, reason: string, message: string, now: number) =>
  conditions?.find((one) => one.type === type && one.status === 'True') ?? jobCondition(type, 'True', reason, message, now)

function endEvents(job: Job, ending: Ending, counts: Counts): readonly Action[] {
  if (!ending.good) return [{ do: 'record', about: job, type: 'Warning', reason: ending.reason, message: ending.message }]
  const tooMany = job.spec.completions !== undefined && counts.succeeded > job.spec.completions
  return [
    ...(tooMany ? [{ do: 'record', about: job, type: 'Warning', reason: 'TooManySucceededPods', message: 'Too many succeeded pods running after completion count reached' } as const] : []),
    { do: 'record', about: job, type: 'Normal', reason: 'Completed', message: 'Job completed' },
  ]
}

/** When a finished Job came to its end. */
export const finishTime = (job: Job): number | undefined =>
  instantOf(job.status?.conditions?.find(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True')?.lastTransitionTime)
