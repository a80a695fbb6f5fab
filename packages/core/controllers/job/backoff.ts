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

/** When the pod's last container ended; else when it was to be deleted. */
export function finishedAt(pod: Pod): Instant | undefined {
  let latest: Instant | undefined
  for (const status of pod.status?.containerStatuses ?? []) {
    const at = instantOf(status.state?.terminated?.finishedAt)
    if (at !== undefined) latest = Math.max(latest ?? at, at)
  }
  return latest ?? instantOf(pod.metadata.deletionTimestamp) ?? instantOf(pod.status?.conditions?.find((condition) => condition.type === 'Ready')?.lastTransitionTime)
}
