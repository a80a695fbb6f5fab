// The conditions of requests, as upstream's pkg/registry/certificates/certificates/strategy.go.
import type { Instant } from '../../../../base/clock.ts'
import { timestamp } from '../../../../base/timestamp.ts'
import type { CertificateSigningRequestCondition as Condition, CertificateSigningRequestStatus as Status } from '../../../generated/types.ts'

/** The conditions of a type. */
export const ofType = ({ conditions = [] }: Status, type: string): readonly Condition[] => conditions.filter((condition) => condition.type === type)

/** The status with the times that its conditions lack. Conditions of the `kept` types are those that were there, when there are as many. */
export function withTimes(status: Status, before: Status, now: Instant, kept: readonly string[]): Status {
  if (status.conditions === undefined || status.conditions.length === 0) return status
  const known = new Map(kept.filter((type) => ofType(status, type).length === ofType(before, type).length).map((type) => [type, [...ofType(before, type)]]))
  const conditions = status.conditions.map((condition) => known.get(condition.type)?.shift() ?? timed(condition, before, timestamp(now)))
  return { ...status, conditions }
}

function timed(condition: Condition, { conditions = [] }: Status, now: string): Condition {
  if (condition.lastUpdateTime && condition.lastTransitionTime) return condition
  const same = conditions.find(({ type, status, lastTransitionTime }) => type === condition.type && status === condition.status && lastTransitionTime)
  return { ...condition, lastUpdateTime: condition.lastUpdateTime || now, lastTransitionTime: condition.lastTransitionTime || (same?.lastTransitionTime ?? now) }
}
