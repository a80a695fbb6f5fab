import type { Instant } from '../base/clock.ts'

export { microTimestamp, timestamp } from '../base/timestamp.ts'

/** The instant of an RFC 3339 text; undefined when there is none or it is none. */
export function instantOf(text: string | undefined): Instant | undefined {
  if (text === undefined) return undefined
  if (text !== lastText) { lastText = text; lastInstant = Date.parse(text) }
  return Number.isNaN(lastInstant) ? undefined : lastInstant
}
// Most of what is read together was written in the same second.
let lastText = ''
let lastInstant = Number.NaN
