// The five fields of a CronJob's schedule, as robfig/cron's standard parser reads them (upstream's), with its error texts.
import { goDurationMs } from '../../../../base/duration.ts'

/** When a schedule fires: sets of numbers; or every so many milliseconds ('@every 90s'). */
export type Schedule =
  | {
      readonly is: 'fields'
      readonly minutes: ReadonlySet<number>; readonly hours: ReadonlySet<number>; readonly daysOfMonth: ReadonlySet<number>; readonly months: ReadonlySet<number>; readonly daysOfWeek: ReadonlySet<number>
      /** A star in either day field: then both must match; without one, either is enough. */
      readonly anyDayOfMonth: boolean; readonly anyDayOfWeek: boolean
    }
  | { readonly is: 'every'; readonly milliseconds: number }

interface Bounds { readonly min: number; readonly max: number; readonly names?: readonly string[] }
const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const minuteBounds: Bounds = { min: 0, max: 59 }
const hourBounds: Bounds = { min: 0, max: 23 }
const dayBounds: Bounds = { min: 1, max: 31 }
const monthBounds: Bounds = { min: 1, max: 12, names: monthNames }
const weekdayBounds: Bounds = { min: 0, max: 6, names: dayNames }

const nicknames: ReadonlyMap<string, string> = new Map([
  ['@yearly', '0 0 1 1 *'], ['@annually', '0 0 1 1 *'], ['@monthly', '0 0 1 * *'], ['@weekly', '0 0 * * 0'], ['@daily', '0 0 * * *'], ['@midnight', '0 0 * * *'], ['@hourly', '0 * * * *'],
])

/** Reads a schedule; says in upstream's words why it is none. */
export function parseSchedule(text: string): Schedule | { readonly fault: string } {
  if (text === '') return { fault: 'empty spec string' }
  if (text.startsWith('@')) return parseNickname(text)
  const parts = text.trim().split(/\s+/)
  if (parts.length !== 5) return { fault: `expected exactly 5 fields, found ${parts.length}: [${parts.join(' ')}]` }
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = parts
  const fields = [parseField(minute, minuteBounds), parseField(hour, hourBounds), parseField(day, dayBounds), parseField(month, monthBounds), parseField(weekday, weekdayBounds)] as const
  for (const field of fields) if ('fault' in field) return field
  const [minutes, hours, daysOfMonth, months, daysOfWeek] = fields
  if ('fault' in minutes || 'fault' in hours || 'fault' in daysOfMonth || 'fault' in months || 'fault' in daysOfWeek) return { fault: 'unreadable' }
  return { is: 'fields', minutes: minutes.values, hours: hours.values, daysOfMonth: daysOfMonth.values, months: months.values, daysOfWeek: daysOfWeek.values, anyDayOfMonth: daysOfMonth.any, anyDayOfWeek: daysOfWeek.any }
}

function parseNickname(text: string): Schedule | { readonly fault: string } {
  const fields = nicknames.get(text)
  if (fields !== undefined) return parseSchedule(fields)
  if (!text.startsWith('@every ')) return { fault: `unrecognized descriptor: ${text}` }
  const duration = text.slice('@every '.length)
  const milliseconds = goDurationMs(duration)
  if (milliseconds === undefined) return { fault: `failed to parse duration ${text}: time: invalid duration ${JSON.stringify(duration)}` }
  // As robfig/cron: whole seconds, at least one.
  return { is: 'every', milliseconds: Math.max(1000, milliseconds - (milliseconds % 1000)) }
}

type Parsed = { readonly values: ReadonlySet<number>; readonly any: boolean } | { readonly fault: string }

function parseField(text: string, bounds: Bounds): Parsed {
  const values = new Set<number>()
  let any = false
  for (const part of text.split(',')) {
    if (part === '') continue
    const range = parseRange(part, bounds)
    if ('fault' in range) return range
    any ||= range.any
    for (let value = range.start; value <= range.end; value += range.step) values.add(value)
  }
  return { values, any }
}

function parseRange(text: string, bounds: Bounds): { readonly start: number; readonly end: number; readonly step: number; readonly any: boolean } | { readonly fault: string } {
  const [span = '', stepText, ...moreSteps] = text.split('/')
  const [low = '', high, ...moreEnds] = span.split('-')
  const star = low === '*' || low === '?'
  if (!star && moreEnds.length > 0) return { fault: `too many hyphens: ${text}` }
  if (moreSteps.length > 0) return { fault: `too many slashes: ${text}` }
  const first = star ? bounds.min : parseNumber(low, bounds)
  if (typeof first !== 'number') return first
  const last = star ? bounds.max : high === undefined ? first : parseNumber(high, bounds)
  if (typeof last !== 'number') return last
  const step = stepText === undefined ? 1 : parseCount(stepText)
  if (typeof step !== 'number') return step
  // '5/15' means from 5 to the end; a star with a step above one is no longer 'any day'.
  const end = stepText !== undefined && high === undefined && !star ? bounds.max : last
  if (first < bounds.min) return { fault: `beginning of range (${first}) below minimum (${bounds.min}): ${text}` }
  if (end > bounds.max) return { fault: `end of range (${end}) above maximum (${bounds.max}): ${text}` }
  if (first > end) return { fault: `beginning of range (${first}) beyond end of range (${end}): ${text}` }
  if (step === 0) return { fault: `step of range should be a positive number: ${text}` }
  return { start: first, end, step, any: star && step === 1 }
}

function parseNumber(text: string, { names, min }: Bounds): number | { readonly fault: string } {
  const named = names?.indexOf(text.toLowerCase()) ?? -1
  return named >= 0 ? named + min : parseCount(text)
}

function parseCount(text: string): number | { readonly fault: string } {
  if (/^[+-]?\d+$/.test(text)) {
    const value = Number(text)
    return value < 0 ? { fault: `negative number (${value}) not allowed: ${text}` } : value
  }
  return { fault: `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax` }
}

/** Is this the name of a time zone? */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}
