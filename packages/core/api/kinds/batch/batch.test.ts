import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JobSpec } from '../../generated/types.ts'
import type { Circumstances } from '../../kind.ts'
import { isRefusal } from '../../refusal.ts'
import type { Draft } from '../../resource.ts'
import type { CronJob, Job } from '../../resources.ts'
import { problemText } from '../problems.ts'
import { cronJob } from './cronjob/index.ts'
import { isTimeZone, parseSchedule } from './cronjob/schedule.ts'
import { job } from './job/index.ts'

const circumstances: Circumstances = { view: { revision: 1, shows: () => true, get: () => undefined, list: () => [], count: () => 0, by: () => [] }, now: 0, user: 'admin', random: { next: () => 0, below: () => 0, chance: () => false, uuid: () => '', suffix: () => '' } }
const container = { name: 'main', image: 'work:1' }
const podSpec = { restartPolicy: 'Never', containers: [container] }
const metadata = { name: 'count', namespace: 'default', uid: 'u-1', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }

function aJob(spec: Partial<JobSpec> = {}): Job {
  const draft: Draft = { apiVersion: 'batch/v1', kind: 'Job', metadata, spec: { template: { spec: podSpec }, ...spec } }
  const filled = job.served[0]?.fill(draft) as unknown as Job
  const prepared = job.prepare?.(filled, undefined, circumstances)
  assert.ok(prepared !== undefined && !isRefusal(prepared))
  return prepared
}

test('a job gets its counts, and a selector and labels from its uid', () => {
  const ties = { 'batch.kubernetes.io/controller-uid': 'u-1', 'batch.kubernetes.io/job-name': 'count', 'controller-uid': 'u-1', 'job-name': 'count' }
  const { spec, metadata: meta, status } = aJob()
  const { template, ...rest } = spec
  assert.deepEqual(rest, { completions: 1, parallelism: 1, backoffLimit: 6, completionMode: 'NonIndexed', suspend: false, manualSelector: false, podReplacementPolicy: 'TerminatingOrFailed', selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': 'u-1' } } })
  assert.deepEqual([template.metadata?.labels, meta.labels, status], [ties, ties, {}])
  assert.deepEqual([aJob({ parallelism: 3 }).spec.completions, aJob({ completions: 3 }).spec.parallelism, aJob({ completionMode: 'Indexed', completions: 3, backoffLimitPerIndex: 1 }).spec.backoffLimit], [undefined, 1, 2147483647])
})

test('what upstream refuses in a job, in its words', () => {
  const rows: readonly (readonly [Partial<JobSpec>, readonly string[]])[] = [
    [{}, []],
    [{ template: { spec: { containers: [container] } } }, ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"']],
    [{ completionMode: 'Indexed', parallelism: 2 }, ['spec.completions: Required value: when completion mode is Indexed']],
    [{ parallelism: -1 }, ['spec.parallelism: Invalid value: -1: must be greater than or equal to 0']],
    [{ backoffLimitPerIndex: 1 }, ['spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode']],
    [{ selector: { matchLabels: { app: 'x' } } }, ['spec.selector: Invalid value: {"matchLabels":{"batch.kubernetes.io/controller-uid":"u-1","app":"x"}}: `selector` not auto-generated', "spec.template.metadata.labels: Invalid value: {\"batch.kubernetes.io/controller-uid\":\"u-1\",\"batch.kubernetes.io/job-name\":\"count\",\"controller-uid\":\"u-1\",\"job-name\":\"count\"}: `selector` does not match template `labels`"]],
  ]
  for (const [spec, expected] of rows) assert.deepEqual(job.check(aJob(spec), undefined).map(problemText), expected)
})

test('a job\'s template and completions may not change', () => {
  const before = aJob()
  const changed = (spec: Partial<JobSpec>): readonly string[] => job.check({ ...before, spec: { ...before.spec, ...spec } }, before).map((problem) => `${problem.path}: ${problem.detail}`)
  const { template } = before.spec
  assert.deepEqual(changed({ parallelism: 4, suspend: true, activeDeadlineSeconds: 9 }), [])
  assert.deepEqual(changed({ completions: 2 }), ['spec.completions: field is immutable'])
  assert.deepEqual(changed({ template: { ...template, spec: { ...template.spec, containers: [{ ...container, ...template.spec?.containers[0], image: 'work:2' }] } } }), ['spec.template: field is immutable'])
})

test('what a job shows', () => {
  const cells = (object: Job): readonly unknown[] => (job.served[0]?.columns ?? []).slice(1, 4).map((column) => column.cell(object, Date.parse('2026-01-01T00:10:00Z')))
  const started = { startTime: '2026-01-01T00:00:00Z' }
  assert.deepEqual(cells(aJob()), ['Running', '0/1', ''])
  assert.deepEqual(cells({ ...aJob({ completions: 3 }), status: { ...started, succeeded: 2 } }), ['Running', '2/3', '10m'])
  assert.deepEqual(cells({ ...aJob({ parallelism: 2 }), status: { ...started, completionTime: '2026-01-01T00:00:05Z', succeeded: 2, conditions: [{ type: 'Complete', status: 'True' }] } }), ['Complete', '2/1 of 2', '5s'])
})

test('schedules are read as robfig/cron reads them', () => {
  const numbers = (text: string): unknown => {
    const schedule = parseSchedule(text)
    if ('fault' in schedule) return schedule.fault
    return schedule.is === 'every' ? schedule.milliseconds : [schedule.minutes, schedule.hours, schedule.daysOfMonth, schedule.months, schedule.daysOfWeek].map((set) => (set.size > 6 ? `${set.size}` : [...set].join(' ')))
  }
  const rows: readonly (readonly [string, unknown])[] = [
    ['*/15 2 1 jan sun', ['0 15 30 45', '2', '1', '1', '0']], ['5/20 0-6/3 ? * MON-WED', ['5 25 45', '0 3 6', '31', '12', '1 2 3']], ['@daily', ['0', '0', '31', '12', '7']], ['@every 1m30s', 90_000],
    ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'], ['60 * * * *', 'end of range (60) above maximum (59): 60'], ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['5-1 * * * *', 'beginning of range (5) beyond end of range (1): 5-1'], ['*/0 * * * *', 'step of range should be a positive number: */0'], ['x * * * *', 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
    ['@often', 'unrecognized descriptor: @often'], ['* * * * 7', 'end of range (7) above maximum (6): 7'],
  ]
  assert.deepEqual(rows.map(([text]) => [text, numbers(text)]), rows)
  assert.deepEqual(['Europe/Paris', 'UTC', 'Etc/UTC', 'Mars/Olympus', '+01:00', ''].map(isTimeZone), [true, true, true, false, false, false])
})

test('what upstream refuses in a CronJob, in its words', () => {
  const checked = (spec: Record<string, unknown>, name = 'tick'): readonly string[] => {
    const draft: Draft = { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { ...metadata, name }, spec: { schedule: '* * * * *', jobTemplate: { spec: { template: { spec: podSpec } } }, ...spec } }
    return cronJob.check(cronJob.served[0]?.fill(draft) as unknown as CronJob, undefined).map(problemText)
  }
  assert.deepEqual(checked({}), [])
  assert.deepEqual(checked({ schedule: '' }), ['spec.schedule: Required value'])
  assert.deepEqual(checked({ schedule: 'TZ=UTC * * * * *' }), ['spec.schedule: Invalid value: "TZ=UTC * * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead'])
  assert.deepEqual(checked({ timeZone: 'Mars/Olympus' }), ['spec.timeZone: Invalid value: "Mars/Olympus": unknown time zone Mars/Olympus'])
  assert.deepEqual(checked({ concurrencyPolicy: 'Maybe' }), ['spec.concurrencyPolicy: Unsupported value: "Maybe": supported values: "Allow", "Forbid", "Replace"'])
  assert.deepEqual(checked({}, 'a'.repeat(53)), [`metadata.name: Invalid value: "${'a'.repeat(53)}": must be no more than 52 characters`])
})
