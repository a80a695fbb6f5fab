import { age, humanDuration } from '../../../../base/age.ts'
import type { Job as JobModel } from '../../../generated/types.ts'
import type { Column, Kind } from '../../../kind.ts'
import { type Job, jobs } from '../../../resources.ts'
import { labelSelectorText } from '../../../selectors/labels.ts'
import { ageColumn, containerColumns, nameColumn, text, wideText } from '../../columns.ts'
import { fillTemplate } from '../../core/pod/defaults.ts'
import { eachOf, filling, withDefaults, withField, withParts } from '../../filling.ts'
import { checkJob } from './validation.ts'
import { warningsOfTemplate } from '../../core/pod/warnings.ts'

const backoffLimit = 6
const noLimit = 2 ** 31 - 1
const uidLabel = 'batch.kubernetes.io/controller-uid'

function fill(draft: JobModel): JobModel {
  const shaped = withField(withParts(draft, 'spec', 'status'), 'spec', (given) => {
    const template = fillTemplate(given.template)
    const templated = template === given.template ? given : { ...given, template }
    // Neither count means one pod; a parallelism alone means a queue of work.
    const counted = templated.completions === undefined && templated.parallelism === undefined ? { ...templated, completions: 1, parallelism: 1 } : templated
    const spec = withDefaults(counted, {
      parallelism: 1, backoffLimit: counted.backoffLimitPerIndex === undefined ? backoffLimit : noLimit, completionMode: 'NonIndexed', suspend: false, manualSelector: false,
      podReplacementPolicy: counted.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed',
    })
    return withField(spec, 'podFailurePolicy', (policy) => withField(policy, 'rules', (rules) => eachOf(rules, (rule) =>
      withField(rule, 'onPodConditions', (patterns) => eachOf(patterns, (pattern) => withDefaults(pattern, { status: 'True' }))))))
  })
  const labels = shaped.spec?.template?.metadata?.labels
  return labels === undefined || Object.keys(shaped.metadata?.labels ?? {}).length > 0 ? shaped : { ...shaped, metadata: { ...shaped.metadata, labels } }
}

/** The selector and labels that tie a job's pods to it, by its uid: nobody else's pods can match. */
function withSelector(job: Job): Job {
  if (job.spec.manualSelector === true) return job
  const { uid, name } = job.metadata
  const { template } = job.spec
  const ties = { [uidLabel]: uid, 'batch.kubernetes.io/job-name': name, 'controller-uid': uid, 'job-name': name }
  // What the client set itself stays, for the check to refuse.
  const labels = { ...ties, ...template.metadata?.labels }
  const selector = job.spec.selector === undefined ? { matchLabels: { [uidLabel]: uid } }
    : { ...job.spec.selector, matchLabels: { [uidLabel]: uid, ...job.spec.selector.matchLabels } }
  const own = Object.keys(job.metadata.labels ?? {}).length > 0 ? {} : { labels }
  return { ...job, metadata: { ...job.metadata, ...own }, spec: { ...job.spec, selector, template: { ...template, metadata: { ...template.metadata, labels } } } }
}

const conditionNames = ['Complete', 'Failed'] as const

function statusOf({ metadata, status }: Job): string {
  const has = (type: string): boolean => status.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true
  for (const name of conditionNames) if (has(name)) return name
  if (metadata.deletionTimestamp !== undefined) return 'Terminating'
  for (const [type, shown] of [['Suspended', 'Suspended'], ['FailureTarget', 'FailureTarget'], ['SuccessCriteriaMet', 'SuccessCriteriaMet']] as const) if (has(type)) return shown
  return 'Running'
}

function completionsOf({ spec, status }: Job): string {
  const done = status.succeeded ?? 0
  if (spec.completions !== undefined) return `${done}/${spec.completions}`
  return (spec.parallelism ?? 0) > 1 ? `${done}/1 of ${spec.parallelism}` : `${done}/1`
}

function durationOf({ status: { startTime, completionTime } }: Job, now: number): string {
  if (startTime === undefined) return ''
  return completionTime === undefined ? age(startTime, now) : humanDuration(Date.parse(completionTime) - Date.parse(startTime))
}

const columns: readonly Column<Job>[] = [
  nameColumn,
  text('Status', 'Status of the job.', statusOf),
  text('Completions', 'Specifies the desired number of successfully finished pods the job should be run with.  Setting to null means that the success of any pod signals the success of all pods, and allows parallelism to have any positive value.  Setting to 1 means that parallelism is limited to 1 and the success of that pod signals the success of the job. More info: https://kubernetes.io/docs/concepts/workloads/controllers/jobs-run-to-completion/', completionsOf),
  text('Duration', 'Time required to complete the job.', durationOf),
  ageColumn,
  ...containerColumns<Job>(({ spec }) => spec.template?.spec?.containers ?? []),
  wideText('Selector', 'A label query over pods that should match the pod count. Normally, the system sets this field for you. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors', ({ spec }) => labelSelectorText(spec.selector)),
]

export const job: Kind<Job> = {
  ...jobs,
  singular: 'job', shortNames: [], categories: ['all'],
  hasStatus: true,
  generation: 'spec',
  served: [{
    group: 'batch', version: 'v1', definition: 'io.k8s.api.batch.v1.Job', fill: filling(fill), columns,
    fields: { 'status.successful': ({ status }) => String(status.succeeded ?? 0) },
  }],
  prepare: (next, before) => (before === undefined ? { ...withSelector(next), status: {} } : { ...next, status: before.status }),
  check: checkJob,
  orphans: { warning: 'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning' },
  warn: warningsOfTemplate(({ spec }) => spec.template, 'spec.template'),
  subresources: [{ name: 'status', is: 'status' }],
}
