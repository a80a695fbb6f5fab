// CronJobs. Behaviour: kube-controller-manager's cronjob controller (v2), except that a run starts at its very instant and not 100 ms after.
import { deepEqual } from 'fast-equals'
import { type Action, byOwner, type Controller, type CronJob, cronJobs, type Draft, type Job, jobs, keyOf, type Plan, type World } from '../../api/index.ts'
import type { ObjectReference } from '../../api/generated/types.ts'
import type { Instant } from '../../base/index.ts'
import { isOf, sidesOf } from '../../rules/changes.ts'
import { offsetAt } from '../../rules/cron.ts'
import { isControlledBy, ownerReference } from '../../rules/owners.ts'
import { compareText, isTerminating } from '../../rules/pods.ts'
import { instantOf, timestamp } from '../../rules/time.ts'
import { isCreateFailure } from '../create-failure.ts'
import { controllerKeys, namesOf, ownKey } from '../keys.ts'
import { settled } from '../settled.ts'
import { type Due, dueOf } from './due.ts'

const scheduledAnnotation = 'batch.kubernetes.io/cronjob-scheduled-timestamp'
const nameMost = 52

/** What has been told about a run already, so that no look repeats it, which run was started (its Job may be gone before it is written down), and the uids of Jobs that others made. */
interface Memory { readonly told: string; readonly started?: Instant; readonly strangers?: readonly string[] }

export const cronJobController: Controller<Memory> = {
  name: 'cronjob-controller',
  watches: [
    { resource: cronJobs.resource, affected: (change) => { const { before, after } = sidesOf(cronJobs, change) ?? {}; return before !== undefined && after !== undefined && before.spec === after.spec && before.metadata.deletionTimestamp === after.metadata.deletionTimestamp && before.status?.active === after.status?.active ? [] : ownKey(change) } },
    {
      resource: jobs.resource,
      affected: (change) => {
        const { before, after } = sidesOf(jobs, change) ?? {}
        return before !== undefined && after !== undefined && endOf(before) === endOf(after) && isTerminating(before) === isTerminating(after) ? [] : controllerKeys(cronJobs, change)
      },
    },
  ],
  reconcile(key, world) {
    const cron = world.view.get(cronJobs, ...namesOf(key))
    return cron === undefined ? settled : reconcile(cron, world)
  },
}

/** How a Job ended: 'Complete', 'Failed' or not at all. */
const endOf = (job: Job): string | undefined => job.status?.conditions?.find(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True')?.type

const event = (cron: CronJob, reason: string, message: string, type: 'Normal' | 'Warning' = 'Normal'): Action => ({ do: 'record', about: cron, type, reason, message })

function reconcile(cron: CronJob, world: World<Memory>): Plan<Memory> {
  const { view, now } = world
  const owned = [...view.by(byOwner, cron.metadata.uid)].filter((object): object is Job => isOf(jobs, object) && isControlledBy(object, cron))
  const seen = look(cron, owned)
  const cleaned = cleanUp(cron, owned)
  const strangers = strangersOf(cron, owned)
  const rest = { events: [...refusal(cron, world), ...seen.events, ...unexpected(cron, strangers, world.memory)], actions: cleaned }
  if (isTerminating(cron) || cron.spec.suspend === true) return { actions: [...statusActions(cron, seen.status), ...rest.events, ...rest.actions], ...remembered({ told: '' }, strangers) }
  const due = dueOf(cron, now)
  if (due.is !== 'due') return { actions: [...statusActions(cron, seen.status), ...rest.events, ...rest.actions, ...complaint(cron, due, world)], ...remembered({ told: due.is === 'unreadable' ? due.message : '' }, strangers), ...againAt(due.is === 'nothing' ? due.next : undefined) }
  const run = runOf(cron, due.at, seen.status, owned, world)
  return {
    // Old Jobs go first: where a quota is full of them, that makes room.
    actions: [...rest.events, ...rest.actions, ...(due.tooManyMissed && run.told !== world.memory?.told ? [tooMany(cron)] : []), ...run.actions, ...statusActions(cron, run.status)],
    ...remembered({ told: run.told, ...(run.isStarted && { started: due.at }) }, strangers), ...againAt(due.next),
  }
}

const againAt = (again: Instant | undefined): { readonly again?: Instant } => (again === undefined ? {} : { again })
const tooMany = (cron: CronJob): Action => event(cron, 'TooManyMissedTimes', 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew', 'Warning')

function complaint(cron: CronJob, due: Due, { memory }: World<Memory>): readonly Action[] {
  return due.is === 'unreadable' && memory?.told !== due.message ? [event(cron, due.reason, due.message, 'Warning')] : []
}
/** Nothing, where there is nothing to keep. */
const remembered = (memory: Omit<Memory, 'strangers'>, strangers: readonly Job[]): { readonly memory?: Memory } =>
  (memory.told === '' && strangers.length === 0 ? {} : { memory: { ...memory, ...(strangers.length > 0 && { strangers: strangers.map(({ metadata }) => metadata.uid) }) } })

/** Running Jobs that name this CronJob as their controller, and that it has not made: as by `kubectl create job --from`. */
const strangersOf = (cron: CronJob, owned: readonly Job[]): readonly Job[] =>
  owned.filter((job) => job.metadata.annotations?.[scheduledAnnotation] === undefined && endOf(job) === undefined && cron.status?.active?.some(({ uid }) => uid === job.metadata.uid) !== true)

const unexpected = (cron: CronJob, strangers: readonly Job[], memory: Memory | undefined): readonly Action[] =>
  strangers.filter(({ metadata }) => memory?.strangers?.includes(metadata.uid) !== true).map(({ metadata }) => event(cron, 'UnexpectedJob', `Saw a job that the controller did not create or forgot: ${metadata.name}`, 'Warning'))

function refusal(cron: CronJob, { last }: World<Memory>): readonly Action[] {
  return last === undefined || !isCreateFailure(last) ? [] : [event(cron, 'FailedCreate', `Error creating job: ${last.message}`, 'Warning')]
}

type Status = NonNullable<CronJob['status']>

const statusActions = (cron: CronJob, status: Status): readonly Action[] =>
  deepEqual(cron.status ?? {}, status) ? [] : [{ do: 'replace', part: 'status', object: { ...cron, status } as CronJob }]

/** Brings the list of active Jobs up to date with the Jobs there are. */
function look(cron: CronJob, owned: readonly Job[]): { readonly status: Status; readonly events: readonly Action[] } {
  const byUid = new Map(owned.map((job) => [job.metadata.uid, job]))
  const before = cron.status?.active ?? []
  const events: Action[] = []
  const active: ObjectReference[] = []
  for (const reference of before) {
    const job = byUid.get(reference.uid ?? '')
    const end = job && endOf(job)
    if (job === undefined) events.push(event(cron, 'MissingJob', `Active job went missing: ${reference.name}`))
    else if (end !== undefined) events.push(event(cron, 'SawCompletedJob', `Saw completed job: ${job.metadata.name}, condition: ${end}`))
    else active.push(reference)
  }
  const listed = new Set(before.map(({ uid }) => uid))
  for (const job of owned) {
    if (listed.has(job.metadata.uid) || job.metadata.annotations?.[scheduledAnnotation] === undefined || endOf(job) !== undefined) continue
    active.push({ apiVersion: 'batch/v1', kind: 'Job', name: job.metadata.name, namespace: job.metadata.namespace ?? '', uid: job.metadata.uid, resourceVersion: job.metadata.resourceVersion })
  }
  const ends = owned.filter((job) => endOf(job) === 'Complete').flatMap((job) => instantOf(job.status?.completionTime) ?? [])
  const lastSuccess = Math.max(instantOf(cron.status?.lastSuccessfulTime) ?? 0, ...ends)
  const { active: _before, lastSuccessfulTime: _last, ...kept } = cron.status ?? {}
  return { status: { ...kept, ...(active.length > 0 ? { active } : {}), ...(lastSuccess > 0 ? { lastSuccessfulTime: timestamp(lastSuccess) } : {}) }, events }
}

interface Run { readonly actions: readonly Action[]; readonly status: Status; readonly told: string; readonly isStarted: boolean }

/** Starts the run that is due, or says why not. As upstream, its time is written down together with its Job: by the look that sees that. */
function runOf(cron: CronJob, at: Instant, status: Status, owned: readonly Job[], { view, now, memory, last }: World<Memory>): Run {
  const told = `${at}`
  const job = newJob(cron, at)
  // A refusal may have been the Job's.
  const wasStarted = memory?.started === at && last === undefined
  const standing = view.get(jobs, cron.metadata.namespace ?? '', job.metadata.name ?? '')
  if (wasStarted || (standing !== undefined && isControlledBy(standing, cron))) return { actions: [], status: { ...status, lastScheduleTime: timestamp(at) }, told, isStarted: true }
  // Somebody else's Job has the name: as upstream, that run is left out, and not noted.
  if (standing !== undefined) return { actions: [], status, told, isStarted: false }
  const deadline = cron.spec.startingDeadlineSeconds
  const once = (one: Action): readonly Action[] => (memory?.told === told ? [] : [one])
  if (deadline !== undefined && at + deadline * 1000 < now) return { actions: once(event(cron, 'MissSchedule', `Missed scheduled time to start a job: ${new Date(at).toUTCString().replace('GMT', '+0000')}`, 'Warning')), status, told, isStarted: false }
  const active = status.active ?? []
  if (cron.spec.concurrencyPolicy === 'Forbid' && active.length > 0)
    return { actions: once(event(cron, 'JobAlreadyActive', 'Not starting job because prior execution is running and concurrency policy is Forbid')), status, told, isStarted: false }
  const replaced = cron.spec.concurrencyPolicy === 'Replace' ? owned.filter(({ metadata }) => active.some(({ uid }) => uid === metadata.uid)) : []
  const kept = active.filter(({ uid }) => !replaced.some(({ metadata }) => metadata.uid === uid))
  const { active: _active, ...others } = status
  const next: Status = { ...others, ...(kept.length > 0 ? { active: kept } : {}) }
  const made: readonly Action[] = [{ do: 'create', object: job }, event(cron, 'SuccessfulCreate', `Created job ${job.metadata.name}`)]
  return { actions: [...replaced.flatMap((old) => remove(cron, old)), ...made], status: next, told, isStarted: true }
}

function newJob(cron: CronJob, at: Instant): Draft {
  const { labels, annotations } = cron.spec.jobTemplate.metadata ?? {}
  return {
    apiVersion: 'batch/v1', kind: 'Job',
    metadata: {
      name: `${cron.metadata.name.slice(0, nameMost)}-${Math.floor(at / 60_000)}`, namespace: cron.metadata.namespace ?? '', ...(labels && { labels }),
      annotations: { ...annotations, [scheduledAnnotation]: localTimestamp(at, cron.spec.timeZone) }, ownerReferences: [ownerReference(cronJobs, cron)],
    },
    spec: cron.spec.jobTemplate.spec ?? { template: {} },
  }
}

/** RFC 3339 with the zone's offset. */
function localTimestamp(at: Instant, zone: string | undefined): string {
  const offset = offsetAt(at, zone)
  if (offset === 0) return timestamp(at)
  const minutes = Math.abs(offset) / 60_000
  const two = (number: number): string => String(number).padStart(2, '0')
  return `${timestamp(at + offset).slice(0, -1)}${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}

const remove = (cron: CronJob, job: Job): readonly Action[] => [
  { do: 'delete', key: keyOf(jobs, job), uid: job.metadata.uid, propagation: 'Background' },
  event(cron, 'SuccessfulDelete', `Deleted job ${job.metadata.name}`),
]

/** Finished Jobs beyond the history limits go, oldest first. */
function cleanUp(cron: CronJob, owned: readonly Job[]): readonly Action[] {
  const beyond = (end: string, limit: number | undefined): readonly Job[] => {
    if (limit === undefined) return []
    const ended = owned.filter((job) => endOf(job) === end && !isTerminating(job)).toSorted((a, b) => compareText(a.status?.startTime ?? '~', b.status?.startTime ?? '~') || compareText(a.metadata.name, b.metadata.name))
    return ended.slice(0, Math.max(0, ended.length - limit))
  }
  return [...beyond('Complete', cron.spec.successfulJobsHistoryLimit), ...beyond('Failed', cron.spec.failedJobsHistoryLimit)].flatMap((job) => remove(cron, job))
}
