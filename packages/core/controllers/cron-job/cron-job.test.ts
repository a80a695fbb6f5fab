import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CronJob, cronJobs, jobs } from '../../api/index.ts'
import { timestamp } from '../../rules/time.ts'
import { anObject } from '../builders.ts'
import { stage } from '../stage.ts'
import { cronJobController } from './reconcile.ts'

const minute = 60_000
const aCron = (spec: object = {}): CronJob => anObject(cronJobs, 'hello', {
  spec: { schedule: '*/1 * * * *', concurrencyPolicy: 'Allow', suspend: false, successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1, jobTemplate: { metadata: { labels: { app: 'hello' } }, spec: { template: { spec: { containers: [] } } } }, ...spec },
})
const at = (spec: object = {}) => {
  const on = stage([cronJobController], aCron(spec))
  const { store, clock } = on.world
  const all = () => [...store.view.list(jobs, 'default')]
  return {
    ...on, all,
    jobNames: () => all().map(({ metadata }) => metadata.name),
    cron: () => store.view.get(cronJobs, 'default', 'hello'),
    end: (name: string, type: 'Complete' | 'Failed') => {
      on.world.update(jobs, name, (job) => ({ ...job, status: { startTime: job.metadata.creationTimestamp, ...(type === 'Complete' && { completionTime: timestamp(clock.now()) }), conditions: [{ type, status: 'True' }] } }))
      on.settle()
    },
    edit: (change: object) => { on.world.update(cronJobs, 'hello', (cron) => ({ ...cron, spec: { ...cron.spec, ...change } })); on.settle() },
  }
}
// Minutes since 1970 at the dawn of the tests.
const first = Date.UTC(2026, 0, 1) / minute

test('a Job is made at its minute, named after it', () => {
  const on = at()
  on.advance(minute - 1)
  assert.deepEqual(on.jobNames(), [])
  on.advance(1)
  const [job] = on.all()
  assert.deepEqual([job?.metadata.name, job?.metadata.labels, job?.metadata.annotations, job?.metadata.ownerReferences?.[0]?.kind], [
    `hello-${first + 1}`, { app: 'hello' }, { 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-01-01T00:01:00Z' }, 'CronJob',
  ])
  assert.deepEqual([on.cron()?.status?.lastScheduleTime, on.cron()?.status?.active?.map(({ kind, name, uid }) => ({ kind, name, uid }))], ['2026-01-01T00:01:00Z', [{ kind: 'Job', name: `hello-${first + 1}`, uid: job?.metadata.uid }]])
  assert.deepEqual(on.news(), [`SuccessfulCreate: Created job hello-${first + 1}`])
})
test('a run is told in one row: when it was and its Job', () => {
  const on = at()
  const { store } = on.world
  const before = store.view.revision
  on.advance(minute)
  const news = store.changes(before)
  if (news === 'compacted') throw new Error('the history is too short')
  assert.deepEqual([...news].filter(({ key }) => key.resource === cronJobs.resource).map(({ after }) => { const { lastScheduleTime, active } = (after as CronJob).status ?? {}; return [lastScheduleTime, active?.length] }), [['2026-01-01T00:01:00Z', 1]])
})
test('a finished Job leaves the active list', () => {
  const on = at()
  on.advance(minute)
  on.news()
  on.advance(10_000)
  on.end(`hello-${first + 1}`, 'Complete')
  assert.deepEqual([on.cron()?.status, on.news()], [{ lastScheduleTime: '2026-01-01T00:01:00Z', lastSuccessfulTime: '2026-01-01T00:01:10Z' }, [`SawCompletedJob: Saw completed job: hello-${first + 1}, condition: Complete`]])
})
test('Allow lets runs overlap, Forbid waits and catches up, Replace stops the old one', () => {
  const overlap = at()
  overlap.advance(2 * minute)
  assert.deepEqual(overlap.jobNames(), [`hello-${first + 1}`, `hello-${first + 2}`])
  const forbid = at({ concurrencyPolicy: 'Forbid' })
  forbid.advance(2.5 * minute)
  assert.deepEqual(forbid.news(), [`SuccessfulCreate: Created job hello-${first + 1}`, 'JobAlreadyActive: Not starting job because prior execution is running and concurrency policy is Forbid'])
  forbid.end(`hello-${first + 1}`, 'Complete')
  assert.deepEqual(forbid.jobNames(), [`hello-${first + 1}`, `hello-${first + 2}`])
  const replace = at({ concurrencyPolicy: 'Replace' })
  replace.advance(2 * minute)
  assert.deepEqual([replace.jobNames(), replace.news()], [[`hello-${first + 2}`], [`SuccessfulCreate: Created job hello-${first + 1}`, `SuccessfulDelete: Deleted job hello-${first + 1}`, `SuccessfulCreate: Created job hello-${first + 2}`]])
})
test('the oldest finished Jobs go beyond the limits', () => {
  const on = at()
  for (let run = 1; run <= 6; run++) {
    on.advance(minute)
    on.end(`hello-${first + run}`, run % 3 === 0 ? 'Failed' : 'Complete')
  }
  assert.deepEqual(on.jobNames(), [2, 4, 5, 6].map((run) => `hello-${first + run}`))
})
test('old Jobs go although a new one is refused: where a quota is full of them that makes room', () => {
  const on = at()
  on.advance(minute)
  on.end(`hello-${first + 1}`, 'Complete')
  on.world.refuse = (action) => (action.do === 'create' && action.object.kind === 'Job' ? { refused: true, code: 403, reason: 'Forbidden', message: 'quota' } : undefined)
  on.world.update(cronJobs, 'hello', (cron) => ({ ...cron, spec: { ...cron.spec, successfulJobsHistoryLimit: 0 } }))
  on.world.clock.advanceTo(on.world.clock.now() + minute)
  on.settle()
  assert.deepEqual(on.jobNames(), [])
})
test('a suspended CronJob starts nothing; resumed it starts the latest missed run within its deadline', () => {
  const on = at({ suspend: true })
  on.advance(10 * minute)
  assert.deepEqual(on.jobNames(), [])
  on.edit({ suspend: false })
  assert.deepEqual(on.jobNames(), [`hello-${first + 10}`])
  const hourly = at({ suspend: true, schedule: '0 * * * *', startingDeadlineSeconds: 600 })
  hourly.advance(75 * minute)
  hourly.edit({ suspend: false })
  assert.deepEqual(hourly.jobNames(), [])
  hourly.advance(45 * minute)
  assert.deepEqual(hourly.jobNames(), [`hello-${first + 120}`])
})
test('more than a hundred missed runs are complained about, and the latest starts', () => {
  const on = at({ suspend: true })
  on.advance(200 * minute)
  on.edit({ suspend: false })
  assert.deepEqual(on.news(), ['TooManyMissedTimes: too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew', `SuccessfulCreate: Created job hello-${first + 200}`])
})
test('the time zone decides when, and shows in the annotation', () => {
  const on = at({ schedule: '0 2 * * *', timeZone: 'Europe/Berlin' })
  on.advance(60 * minute)
  assert.deepEqual(on.all().map(({ metadata }) => metadata.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp']), ['2026-01-01T02:00:00+01:00'])
})
test('a schedule that cannot be read is complained about once', () => {
  const on = at({ schedule: 'daily' })
  on.advance(5 * minute)
  assert.deepEqual(on.news(), ['UnparseableSchedule: unparseable schedule: "daily" : expected exactly 5 fields, found 1: [daily]'])
})
test('a day that no month has is complained about once', () => {
  const on = at({ schedule: '0 0 31 2 *' })
  on.advance(5 * minute)
  on.edit({ successfulJobsHistoryLimit: 2 })
  assert.deepEqual(on.news(), ['InvalidSchedule: invalid schedule: 0 0 31 2 * : time difference between two schedules is less than 1 second'])
})
test('a Job that was made from it by hand is told about, once, and counts neither as active nor against Forbid', () => {
  const on = at({ concurrencyPolicy: 'Forbid' })
  on.world.put(anObject(jobs, 'by-hand', { metadata: { ownerReferences: [{ apiVersion: 'batch/v1', kind: 'CronJob', name: 'hello', uid: 'uid-hello', controller: true }], annotations: { 'cronjob.kubernetes.io/instantiate': 'manual' } } as never, spec: {} as never, status: {} }))
  on.advance(minute)
  assert.deepEqual([on.news(), on.cron()?.status?.active?.length], [['UnexpectedJob: Saw a job that the controller did not create or forgot: by-hand', `SuccessfulCreate: Created job hello-${first + 1}`], 1])
})
test('a run whose name somebody else took is left out', () => {
  const on = at()
  on.world.put(anObject(jobs, `hello-${first + 1}`, { spec: {} as never, status: {} }))
  on.advance(minute)
  assert.deepEqual([on.news(), on.cron()?.status], [[], undefined])
  on.advance(minute)
  assert.equal(on.cron()?.status?.lastScheduleTime, '2026-01-01T00:02:00Z')
})
test('a Job that vanishes is missed', () => {
  const on = at()
  on.advance(minute)
  on.news()
  on.world.remove(jobs, `hello-${first + 1}`)
  on.settle()
  assert.deepEqual([on.cron()?.status?.active, on.news()], [undefined, [`MissingJob: Active job went missing: hello-${first + 1}`]])
})
test('a run whose Job is deleted before it is written down is not started again; one that was refused is', () => {
  const on = at()
  on.world.clock.advanceTo(on.world.clock.now() + minute)
  for (let steps = 0; on.all().length === 0 && steps < 5; steps++) on.runner.step()
  on.world.remove(jobs, `hello-${first + 1}`)
  on.settle()
  assert.deepEqual([on.jobNames(), on.cron()?.status], [[], { lastScheduleTime: '2026-01-01T00:01:00Z' }])
  on.world.refuse = (action) => (action.do === 'create' && action.object.kind === 'Job' ? { refused: true, code: 403, reason: 'Forbidden', message: 'quota' } : undefined)
  on.advance(minute + 100)
  assert.deepEqual([on.jobNames(), on.cron()?.status], [[], { lastScheduleTime: '2026-01-01T00:01:00Z' }])
  assert.equal(on.news().at(-1), 'FailedCreate: Error creating job: quota')
  on.world.refuse = () => undefined
  on.advance(30_000)
  assert.deepEqual([on.jobNames(), on.cron()?.status?.lastScheduleTime], [[`hello-${first + 2}`], '2026-01-01T00:02:00Z'])
})
test('a year of hourly runs takes four looks a run', () => {
  const on = at({ schedule: '0 * * * *' })
  const { store, clock } = on.world
  store.onCommit(() => {})
  for (let hour = 1; hour <= 8760; hour++) {
    on.advance(60 * minute)
    on.end(`hello-${Math.floor(clock.now() / minute)}`, 'Complete')
  }
  assert.equal(on.jobNames().length, 3)
  assert.ok(on.runner.looks <= 8760 * 5 + 10, `${on.runner.looks} looks`)
})
