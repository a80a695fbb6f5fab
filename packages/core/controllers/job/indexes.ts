import { byOwner, type ClusterView, type Job, type Pod, pods } from '../../api/index.ts'
import { isOf } from '../../rules/changes.ts'
import { type FailureRecord, finishedAt, mayStartAt } from './backoff.ts'
import type { Counts } from './ending.ts'
import { verdictOn } from './failure-policy.ts'
import { indexFailuresAnnotation } from './new-pod.ts'
import { indexOf } from './tally.ts'

/** How often one index has failed. `final`: the failure policy gives it up. */
export interface IndexFailure { readonly failures: number; readonly lastFailure: number; readonly final: boolean }

/** Failures per index, read from the failed pods that are still there. Only for Jobs with a limit per index. */
export function failuresByIndex(job: Job, view: ClusterView): ReadonlyMap<number, IndexFailure> {
  const failures = new Map<number, IndexFailure>()
  if (job.spec.backoffLimitPerIndex === undefined) return failures
  for (const pod of view.by(byOwner, job.metadata.uid)) {
    if (!isOf(pods, pod) || pod.status?.phase !== 'Failed') continue
    const index = indexOf(job, pod)
    const { action } = verdictOn(job, pod)
    if (index === undefined) continue
    const before = failures.get(index) ?? { failures: 0, lastFailure: 0, final: false }
    const own = Number(pod.metadata.annotations?.[indexFailuresAnnotation] ?? 0) + (action === 'Ignore' ? 0 : 1)
    failures.set(index, { failures: Math.max(before.failures, own), lastFailure: Math.max(before.lastFailure, finishedAt(pod) ?? 0), final: before.final || action === 'FailIndex' })
  }
  return failures
}

/** The lowest indexes that nobody works on or has done; with a limit per index each waits for its own back-off, else all wait for the Job's. */
export function nextIndexes(job: Job, active: readonly Pod[], counts: Counts, failures: ReadonlyMap<number, IndexFailure>, record: FailureRecord, most: number, now: number): { readonly indexes: readonly number[]; readonly again?: number } {
  const perIndex = job.spec.backoffLimitPerIndex !== undefined
  if (!perIndex && mayStartAt(record) > now) return { indexes: [], again: mayStartAt(record) }
  const busy = new Set(active.map((pod) => indexOf(job, pod)))
  const indexes: number[] = []
  let again: number | undefined
  for (let index = 0; index < (job.spec.completions ?? 0) && indexes.length < most; index++) {
    if (busy.has(index) || counts.succeededIndexes.has(index) || counts.failedIndexes.has(index)) continue
    const startAt = mayStartAt(failures.get(index) ?? { failures: 0, lastFailure: 0 })
    if (startAt <= now) indexes.push(index)
    else again = Math.min(again ?? startAt, startAt)
  }
  return { indexes, ...(again === undefined ? {} : { again }) }
}
