import type { Instant } from '../base/clock.ts'
import { timestamp } from './time.ts'

interface AnyCondition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
  readonly lastTransitionTime?: string
}

/** The condition of a type. */
export function conditionOf<C extends { readonly type: string }>(conditions: readonly C[] | undefined, type: string): C | undefined {
  // Called for every pod of every look: no closure.
  if (conditions !== undefined) for (let at = 0; at < conditions.length; at++) if (conditions[at]?.type === type) return conditions[at]
  return undefined
}

/** Is the condition there, with status True? */
export const isTrue = (conditions: readonly { readonly type: string; readonly status: string }[] | undefined, type: string): boolean =>
  conditionOf(conditions, type)?.status === 'True'

/**
 * The conditions with one set: lastTransitionTime stays while the status stays, and the same array comes back when nothing
 * changed. A new type goes to the end.
 */
export function setCondition<C extends AnyCondition>(conditions: readonly C[] | undefined, next: C, now: Instant): readonly C[] {
  const before = conditionOf(conditions, next.type)
  const lastTransitionTime = before?.status === next.status ? before.lastTransitionTime ?? timestamp(now) : next.lastTransitionTime ?? timestamp(now)
  const condition: C = { ...next, lastTransitionTime }
  if (before === undefined) return [...(conditions ?? []), condition]
  if (sameFields(before, condition)) return conditions ?? []
  return (conditions ?? []).map((one) => (one === before ? condition : one))
}

function sameFields(before: object, after: object): boolean {
  const previous = new Map(Object.entries(before).filter(([, value]) => value !== undefined))
  const next = Object.entries(after).filter(([, value]) => value !== undefined)
  return previous.size === next.length && next.every(([field, value]) => previous.get(field) === value)
}
