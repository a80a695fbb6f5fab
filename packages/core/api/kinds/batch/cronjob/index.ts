import { age } from '../../../../base/age.ts'
import type { CronJob as CronJobModel } from '../../../generated/types.ts'
import type { Column, Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import type { Draft } from '../../../resource.ts'
import { type CronJob, cronJobs } from '../../../resources.ts'
import { labelSelectorText } from '../../../selectors/labels.ts'
import { ageColumn, containerColumns, nameColumn, number, text, wideText } from '../../columns.ts'
import { fillTemplate } from '../../core/pod/defaults.ts'
import { filling, withDefaults, withField, withParts } from '../../filling.ts'
import { checkMetadata, checkPairs } from '../../metadata.ts'
import { checkNonNegative, checkRequiredOneOf, invalid, required, unsupported } from '../../problems.ts'
import { checkJobSpec } from '../job/validation.ts'
import { isTimeZone, parseSchedule } from './schedule.ts'
import { warningsOfTemplate } from '../../core/pod/warnings.ts'

/** Eleven characters are for the minute that its jobs' names end with. */
const nameMax = 52

function fill(draft: CronJobModel): CronJobModel {
  return withField(withParts(draft, 'spec', 'status'), 'spec', (given) => {
    const spec = withDefaults(withParts(given, 'jobTemplate'), { concurrencyPolicy: 'Allow', suspend: false, successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 })
    // As upstream: the pods of the template have their defaults, the job gets its own when it is made.
    return withField(spec, 'jobTemplate', (template) => withField(withParts(template, 'metadata', 'spec'), 'spec', (job) => {
      const pods = fillTemplate(job.template)
      return pods === job.template ? job : { ...job, template: pods }
    }))
  })
}

function check(next: CronJob, before: CronJob | undefined): readonly Problem[] {
  const { spec } = next
  const template = spec.jobTemplate
  return [
    ...checkMetadata(next, before, { scope: 'Namespaced' }),
    ...(before === undefined && next.metadata.name.length > nameMax ? [invalid('metadata.name', next.metadata.name, `must be no more than ${nameMax} characters`)] : []),
    ...checkSchedule(next, before),
    ...checkTimeZone(next, before),
    ...checkNonNegative('spec.startingDeadlineSeconds', spec.startingDeadlineSeconds),
    ...checkRequiredOneOf('spec.concurrencyPolicy', spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace']),
    ...checkPairs(template.metadata ?? {}, 'spec.jobTemplate.metadata'),
    ...(template.spec?.manualSelector === true ? [unsupported('spec.jobTemplate.spec.manualSelector', true, ['nil', 'false'])] : []),
    ...checkJobSpec(template.spec ?? { template: {} }, 'spec.jobTemplate.spec'),
    ...checkNonNegative('spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit),
    ...checkNonNegative('spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit),
  ]
}

function checkSchedule({ spec }: CronJob, before: CronJob | undefined): readonly Problem[] {
  const { schedule } = spec
  if (!schedule) return [required('spec.schedule')]
  if (schedule.includes('TZ')) {
    // What is stored may stay: upstream refuses it anew only when it changes.
    return before?.spec.schedule === schedule ? [] : [invalid('spec.schedule', schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead')]
  }
  const parsed = parseSchedule(schedule)
  return 'fault' in parsed ? [invalid('spec.schedule', schedule, parsed.fault)] : []
}

function checkTimeZone({ spec: { timeZone } }: CronJob, before: CronJob | undefined): readonly Problem[] {
  if (timeZone === undefined || timeZone === before?.spec.timeZone) return []
  if (timeZone === '') return [invalid('spec.timeZone', timeZone, 'timeZone must be nil or non-empty string')]
  if (timeZone.toLowerCase() === 'local') return [invalid('spec.timeZone', timeZone, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones')]
  return isTimeZone(timeZone) ? [] : [invalid('spec.timeZone', timeZone, `unknown time zone ${timeZone}`)]
}

const columns: readonly Column<CronJob>[] = [
  nameColumn,
  text('Schedule', 'The schedule in Cron format, see https://en.wikipedia.org/wiki/Cron.', ({ spec }) => spec.schedule ?? ''),
  text('Timezone', 'The time zone name for the given schedule, see https://en.wikipedia.org/wiki/List_of_tz_database_time_zones.', ({ spec }) => spec.timeZone ?? '<none>'),
  { name: 'Suspend', type: 'boolean', description: 'This flag tells the controller to suspend subsequent executions, it does not apply to already started executions.  Defaults to false.', cell: ({ spec }) => (spec.suspend === undefined ? '<unset>' : spec.suspend ? 'True' : 'False') },
  number('Active', 'A list of pointers to currently running jobs.', ({ status }) => (status.active ?? []).length),
  text('Last Schedule', 'Information when was the last time the job was successfully scheduled.', ({ status }, now) => (status.lastScheduleTime === undefined ? '<none>' : age(status.lastScheduleTime, now))),
  ageColumn,
  ...containerColumns<CronJob>(({ spec }) => spec.jobTemplate?.spec?.template?.spec?.containers ?? []),
  wideText('Selector', 'A label query over pods that should match the pod count. Normally, the system sets this field for you. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors', ({ spec }) => labelSelectorText(spec.jobTemplate?.spec?.selector)),
]

const served = { group: 'batch', definition: 'io.k8s.api.batch.v1.CronJob', fill: filling(fill), columns } as const

export const cronJob: Kind<CronJob> = {
  ...cronJobs,
  singular: 'cronjob', shortNames: ['cj'], categories: ['all'],
  hasStatus: true,
  generation: 'spec',
  served: [
    { ...served, version: 'v1' },
    {
      // kubectl 1.20 makes CronJobs of this version only. Its fields are those of v1.
      ...served, version: 'v1beta1',
      convert: {
        toHub: (object) => ({ ...object, apiVersion: 'batch/v1' }),
        fromHub: (hub) => ({ ...hub, apiVersion: 'batch/v1beta1' }) satisfies Draft,
      },
    },
  ],
  prepare: (next, before) => ({ ...next, status: before?.status ?? {} }),
  check,
  warn: warningsOfTemplate(({ spec }) => spec.jobTemplate?.spec?.template, 'spec.jobTemplate.spec.template'),
  subresources: [{ name: 'status', is: 'status' }],
}
