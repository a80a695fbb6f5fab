// Amounts that change with time, as annotations tell them.
import { durationMs } from '../base/duration.ts'
import { millisOf } from './quantity.ts'
import { varied } from './variation.ts'

/** Variation is drawn anew after so long, as measurements are taken. */
const drawnEveryMs = 15_000

/**
 * What a course says so long after its start, as a quantity: '100m, 2m=500m, 10m=sine(100m..1/5m)~10%' is 100m at first, 500m from two minutes on, and from ten minutes on a wave
 * between 100m and 1 with a period of five, which varies by 10 % in either direction. 'ramp(100m..1/5m)' climbs once and stays.
 */
export function courseAt(course: string, ageMs: number, seed = ''): string {
  let value = '0'
  let from = 0
  for (const entry of course.split(',')) {
    const at = entry.indexOf('=')
    const after = at < 0 ? 0 : durationMs(entry.slice(0, at).trim()) ?? Infinity
    if (after > ageMs) continue
    value = entry.slice(at + 1).trim()
    from = after
  }
  const [, plain = value, share] = /^(.*)~(\d+(?:\.\d+)?%)$/.exec(value) ?? []
  const moving = movingAt(plain, ageMs - from)
  if (moving === undefined && share === undefined) return value
  const millis = moving ?? millisOf(plain)
  return `${Math.max(0, Math.round(share === undefined ? millis : varied(millis, share, `${seed} ${Math.floor(ageMs / drawnEveryMs)}`)))}m`
}

/** Whether a course says the same at all times. */
export const isSteady = (course: string): boolean => !/[,~(]/.test(course)

/** In thousandths; undefined when it does not move. */
function movingAt(value: string, ageMs: number): number | undefined {
  const [, how, low = '', high = '', period = ''] = /^(sine|ramp)\((.+)\.\.(.+)\/(.+)\)$/.exec(value) ?? []
  const periodMs = durationMs(period)
  if (how === undefined || periodMs === undefined || periodMs === 0) return undefined
  const [from, to] = [millisOf(low), millisOf(high)]
  return from + (to - from) * (how === 'ramp' ? Math.min(1, ageMs / periodMs) : (1 - Math.cos((2 * Math.PI * ageMs) / periodMs)) / 2)
}
