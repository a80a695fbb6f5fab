import type { Instant } from './clock.ts'

/** An instant as metav1.Time prints it: whole seconds, '2026-01-01T00:00:00Z'. */
export function timestamp(instant: Instant): string {
  const second = Math.floor(instant / 1000)
  if (second !== lastSecond) { lastText = `${new Date(instant).toISOString().slice(0, 19)}Z`; lastSecond = second }
  return lastText
}
// Most of what is written is written in the same second as what was written before.
let lastSecond = Number.NaN
let lastText = ''

/** An instant as metav1.MicroTime prints it: '2026-01-01T00:00:00.000000Z'. */
export const microTimestamp = (instant: Instant): string => `${new Date(instant).toISOString().slice(0, 23)}000Z`
