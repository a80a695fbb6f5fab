import type { Job, Pod } from '../../api/index.ts'
import { conditionOf } from '../../rules/conditions.ts'
import type { Instant } from '../../base/index.ts'
import { instantOf } from '../../rules/time.ts'
import { readIndexes } from './index-ranges.ts'
import { restartsOf, type Tally } from './tally.ts'

/** Why a Job is about to end, for better or worse. */
export interface Ending { readonly good: boolean; readonly reason: string; readonly message: string }

/** What a Job has behind it, the pods of this look included. */
export interface Counts {
  readonly succeeded: number
  readonly failed: number
  readonly succeededIndexes: ReadonlySet<number>
  readonly failedIndexes: ReadonlySet<number>
}

/** The ending that was decided in an earlier look. */
export function decidedEnding(job: Job): Ending | undefined {
  for (const [type, good] of [['SuccessCriteriaMet', true], ['FailureTarget', false]] as const) {
    const condition = conditionOf(job.status?.conditions, type)
    if (condition?.status === 'True') return { good, reason: condition.reason ?? '', message: condition.message ?? '' }
  }
  return undefined
}

/** Has the Job come to its end? */
export const isFinished = (job: Job): boolean => job.status?.conditions?.some(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True') ?? false

/** The ending that this look finds, in upstream's order of importance. */
export function newEnding(job: Job, pods: Tally, counts: Counts, now: Instant): Ending | undefined {
  return failure(job, pods, counts, now) ?? failedIndexesEnding(job, counts) ?? successPolicyEnding(job, counts) ?? completion(job, pods, counts)
}

function failure(job: Job, pods: Tally, counts: Counts, now: Instant): Ending | undefined {
  const verdict = pods.failed.find((one) => one.verdict.action === 'FailJob')?.verdict
  if (verdict !== undefined) return { good: false, reason: 'PodFailurePolicy', message: verdict.message }
  const limit = job.spec.backoffLimit ?? 6
  if (counts.failed > limit || isPastLimitByRestarts(job, pods.active, limit)) return { good: false, reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' }
  const deadline = deadlineOf(job)
  if (deadline !== undefined && deadline <= now) return { good: false, reason: 'DeadlineExceeded', message: 'Job was active longer than specified deadline' }
  return undefined
}

function isPastLimitByRestarts(job: Job, active: readonly Pod[], limit: number): boolean {
  if (job.spec.template.spec?.restartPolicy !== 'OnFailure') return false
  const restarts = restartsOf(active)
  return limit === 0 ? restarts > 0 : restarts >= limit
}

/** When an unsuspended Job runs out of time. */
export function deadlineOf(job: Job): Instant | undefined {
  const started = instantOf(job.status?.startTime)
  if (job.spec.activeDeadlineSeconds === undefined || job.spec.suspend === true || started === undefined) return undefined
  return started + job.spec.activeDeadlineSeconds * 1000
}

function failedIndexesEnding(job: Job, { succeededIndexes, failedIndexes }: Counts): Ending | undefined {
  if (job.spec.backoffLimitPerIndex === undefined) return undefined
  if (job.spec.maxFailedIndexes !== undefined && failedIndexes.size > job.spec.maxFailedIndexes)
    return { good: false, reason: 'MaxFailedIndexesExceeded', message: 'Job has exceeded the specified maximal number of failed indexes' }
  if (failedIndexes.size > 0 && succeededIndexes.size + failedIndexes.size >= (job.spec.completions ?? 0)) return { good: false, reason: 'FailedIndexes', message: 'Job has failed indexes' }
  return undefined
}

function successPolicyEnding(job: Job, { succeededIndexes }: Counts): Ending | undefined {
  for (const [number, rule] of (job.spec.successPolicy?.rules ?? []).entries()) {
    const named = rule.succeededIndexes === undefined ? undefined : readIndexes(rule.succeededIndexes, job.spec.completions ?? 0)
    const done = named === undefined ? succeededIndexes.size : [...named].filter((index) => succeededIndexes.has(index)).length
    if (done >= (rule.succeededCount ?? named?.size ?? Infinity)) return { good: true, reason: 'SuccessPolicy', message: `Matched rules at index ${number}` }
  }
  return undefined
}

function completion(job: Job, pods: Tally, counts: Counts): Ending | undefined {
  if (pods.active.length > 0) return undefined
  // A work queue is done when one pod has succeeded and all have ended.
  const done = job.spec.completions === undefined ? counts.succeeded > 0 : counts.succeeded >= job.spec.completions
  return done ? { good: true, reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' } : undefined
}
