import type { Pod } from '../../api/index.ts'
import type { Instant } from '../../base/index.ts'
import { instantOf } from '../../rules/time.ts'

/** As upstream: 10 s after the first failure in a row, doubled with each, 10 minutes at most. */
const firstMs = 10_000
const mostMs = 600_000

/** Failures since the last success, in the order in which pods came to their end. */
export interface FailureRecord { readonly failures: number; readonly lastFailure: Instant }

/** The record after more pods have come to their end. */
export function failureRecord(before: FailureRecord | undefined, succeeded: readonly Pod[], failed: readonly Pod[], now: Instant): FailureRecord {
  const ends = [...succeeded.map((pod) => ({ ok: true, at: finishedAt(pod) ?? now })), ...failed.map((pod) => ({ ok: false, at: finishedAt(pod) ?? now }))]
  let record = before ?? { failures: 0, lastFailure: 0 }
  for (const { ok, at } of ends.toSorted((a, b) => a.at - b.at)) record = ok ? { failures: 0, lastFailure: 0 } : { failures: record.failures + 1, lastFailure: at }
  return record
}

/** When the next pod may be made after so many failures in a row; 0 for at once. */
export const mayStartAt = ({ failures, lastFailure }: FailureRecord): Instant => (failures === 0 ? 0 : lastFailure + Math.min(firstMs * 2 ** (failures - 1), mostMs))

/** When the pod came to its end, as upstream finds it: its last container's end, when it was not ready any more, when its deletion was asked for, its beginning. */
export function finishedAt(pod: Pod): Instant | undefined {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, creationTimestamp } = pod.metadata
  const unready = pod.status?.conditions?.find(({ type, status }) => type === 'Ready' && status === 'False')?.lastTransitionTime
  const due = instantOf(deletionTimestamp)
  return containersEnd(pod) ?? instantOf(unready) ?? (due === undefined ? instantOf(creationTimestamp) : due - deletionGracePeriodSeconds * 1000)
}

/** When the last container or sidecar ended; undefined while one has not. */
function containersEnd({ spec, status }: Pod): Instant | undefined {
  const sidecars = new Set((spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name))
  let latest: Instant | undefined
  for (const { state } of [...status?.containerStatuses ?? [], ...(status?.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name))]) {
    const at = instantOf(state?.terminated?.finishedAt)
    if (at === undefined) return undefined
    latest = Math.max(latest ?? at, at)
  }
  return latest
}
