import type { Instant } from '../base/clock.ts'

export { microTimestamp, timestamp } from '../base/timestamp.ts'

/** The instant of an RFC 3339 text; undefined when there is none or it is none. */
export function instantOf(text: string | undefined): Instant | undefined {
  if (text === undefined) return undefined
  const instant = Date.parse(text)
  return Number.isNaN(instant) ? undefined : instant
}
