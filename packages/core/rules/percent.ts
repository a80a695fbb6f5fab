import type { IntOrString } from '../api/generated/types.ts'

/** A number, or a percentage of `total` rounded as told. Undefined counts as 0. As intstr.GetScaledValueFromIntOrPercent. */
export function portionOf(value: IntOrString | undefined, total: number, round: 'up' | 'down'): number {
  if (value === undefined) return 0
  if (typeof value === 'number') return value
  const digits = /^(\d+)%$/.exec(value)?.[1]
  if (digits === undefined) return Number.parseInt(value, 10) || 0
  // Whole numbers first: 0.07 * 100 would be a hair above 7.
  const hundredths = Number(digits) * total
  return round === 'up' ? Math.ceil(hundredths / 100) : Math.floor(hundredths / 100)
}

/** How far a rolling update may go: surge rounds up, unavailable down, and never both nothing. */
export function rollingBounds(maxSurge: IntOrString | undefined, maxUnavailable: IntOrString | undefined, replicas: number): { readonly surge: number; readonly unavailable: number } {
  const surge = portionOf(maxSurge, replicas, 'up')
  const unavailable = portionOf(maxUnavailable, replicas, 'down')
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable }
}
