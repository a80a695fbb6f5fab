import type { Job, Pod } from '../../api/index.ts'
import { inDeletionOrder } from '../../rules/pods.ts'
import { type FailureRecord, finishedAt, mayStartAt } from './backoff.ts'
import type { Counts } from './ending.ts'
import { readIndexes } from './index-ranges.ts'
import { ignoredFailuresOf, indexFailuresOf, type NewIndex } from './new-pod.ts'
import { indexOf, type Tally } from './tally.ts'

/** What failed pods say of the indexes of a Job with a limit for each. */
export interface IndexFailures {
  /** Indexes that are over: by their limit, or by the failure policy. */
  readonly lost: ReadonlySet<number>
  /** By index, the failed pod that keeps the count until another pod of the index carries it on; until then it is not let go, nor counted. */
  readonly waiting: ReadonlyMap<number, Pod>
}

const none: IndexFailures = { lost: new Set(), waiting: new Map() }

/** Read from the pods that are not counted yet. As upstream's calculateFailedIndexes and getPodsWithDelayedDeletionPerIndex. */
export function indexFailures(job: Job, pods: Tally): IndexFailures {
  const limit = job.spec.backoffLimitPerIndex
  if (limit === undefined || pods.failed.length === 0) return none
  const lost = new Set<number>()
  for (const { pod, verdict } of pods.failed) {
    const index = indexOf(job, pod)
    if (index !== undefined && (verdict.action === 'FailIndex' || (verdict.action !== 'Ignore' && indexFailuresOf(pod) >= limit))) lost.add(index)
  }
  const past = [readIndexes(job.status?.completedIndexes, job.spec.completions ?? 0), readIndexes(job.status?.failedIndexes, job.spec.completions ?? 0), lost, new Set([...pods.active, ...pods.succeeded].map((pod) => indexOf(job, pod)))]
  const waiting = new Map<number, Pod>()
  for (const { pod } of pods.failed) {
    const index = indexOf(job, pod)
    if (index === undefined || past.some((indexes) => indexes.has(index))) continue
    const other = waiting.get(index)
    if (other === undefined || isLater(pod, other)) waiting.set(index, pod)
  }
  return { lost, waiting }
}

const failuresOf = (pod: Pod): number => indexFailuresOf(pod) + ignoredFailuresOf(pod)
const isLater = (pod: Pod, than: Pod): boolean => failuresOf(pod) >= failuresOf(than) && (finishedAt(pod) ?? 0) >= (finishedAt(than) ?? 0)

/** The lowest indexes that nobody works on or has done. With a limit per index each of them waits for its own back-off, else all wait for the Job's. */
export function nextIndexes(job: Job, pods: Tally, counts: Counts, { waiting }: IndexFailures, record: FailureRecord, most: number, now: number): { readonly indexes: readonly NewIndex[]; readonly again?: number } {
  if (job.spec.backoffLimitPerIndex === undefined && mayStartAt(record) > now) return { indexes: [], again: mayStartAt(record) }
  // Where only what has failed is replaced, whoever is going still works on its index.
  const busy = new Set([...pods.active, ...(job.spec.podReplacementPolicy === 'Failed' ? pods.leaving : [])].map((pod) => indexOf(job, pod)))
  const indexes: NewIndex[] = []
  let again: number | undefined
  let pending = 0
  for (let index = 0; index < (job.spec.completions ?? 0) && pending < most; index++) {
    if (busy.has(index) || counts.succeededIndexes.has(index) || counts.failedIndexes.has(index)) continue
    // As upstream, one that waits keeps its place: no higher index starts in its stead.
    pending++
    const before = waiting.get(index)
    const startAt = before === undefined ? 0 : mayStartAt({ failures: failuresOf(before) + 1, lastFailure: finishedAt(before) ?? 0 })
    if (startAt <= now) indexes.push({ index, replaces: before })
    else again = Math.min(again ?? startAt, startAt)
  }
  return { indexes, ...(again === undefined ? {} : { again }) }
}

/** Active pods that an indexed Job cannot use: without an index of its own, or the less advanced of several of one index. */
export function misplaced(job: Job, active: readonly Pod[], now: number): readonly Pod[] {
  if (job.spec.completionMode !== 'Indexed') return []
  const byIndex = new Map<number | undefined, Pod[]>()
  for (const pod of active) {
    const index = indexOf(job, pod)
    const same = byIndex.get(index)
    if (same === undefined) byIndex.set(index, [pod])
    else same.push(pod)
  }
  return [...byIndex].flatMap(([index, same]) => (index === undefined ? same : same.length === 1 ? [] : inDeletionOrder(same, same, now).slice(0, -1)))
}
