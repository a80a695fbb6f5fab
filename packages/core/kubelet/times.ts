import type { Instant } from '../base/clock.ts'
import { timestamp } from '../rules/time.ts'

let lastSecond = NaN
let lastText = ''

/** An instant as the API writes it. Many pods say the same second: they share one text. */
export function timeText(instant: Instant): string {
  const second = Math.floor(instant / 1000)
  if (second !== lastSecond) {
    lastText = timestamp(instant)
    lastSecond = second
  }
  return lastText
}
