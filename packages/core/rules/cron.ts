// When a CronJob's schedule is due. Behaviour: robfig/cron v3, which upstream's controller uses.
import type { Schedule } from '../api/kinds/batch/cronjob/schedule.ts'
import type { Instant } from '../base/clock.ts'

const minuteMs = 60_000
const dayMs = 86_400_000
/** A schedule that has no instant within five years has none at all (30 February). */
const yearsMost = 5

/**
 * The first instant after `after` that the schedule names, in a time zone (UTC when left out); undefined when there is none. A local time that a
 * daylight saving change skips is skipped; one that happens twice is used twice.
 */
export function nextTime(schedule: Schedule, after: Instant, zone?: string): Instant | undefined {
  if (schedule.is === 'every') return Math.floor(after / 1000) * 1000 + schedule.milliseconds
  // The walk is over local time, written as if it were UTC; only its ends know offsets.
  let instant = Math.floor(after / minuteMs) * minuteMs + minuteMs
  const limit = after + yearsMost * 366 * dayMs
  while (instant <= limit) {
    const offset = offsetAt(instant, zone)
    const local = instant + offset
    const day = Math.floor(local / dayMs) * dayMs
    const date = new Date(day)
    if (!schedule.months.has(date.getUTCMonth() + 1)) { instant = instantOfLocal(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1), instant, zone); continue }
    if (!dayMatches(schedule, date)) { instant = instantOfLocal(day + dayMs, instant, zone); continue }
    const hour = Math.floor((local - day) / 3_600_000)
    if (!schedule.hours.has(hour)) { instant = instantOfLocal(day + (hour + 1) * 3_600_000, instant, zone); continue }
    const minute = Math.floor((local - day) / minuteMs) % 60
    if (schedule.minutes.has(minute)) return instant
    // Offsets change on quarter hours only: up to the next one the minutes follow each other.
    const quarterEnd = Math.floor(instant / quarterMs) * quarterMs + quarterMs
    instant += minuteMs
    for (let next = minute + 1; instant < quarterEnd && !schedule.minutes.has(next % 60); next++) instant += minuteMs
  }
  return undefined
}

/** Whether a schedule of fields names a local time, written as if it were UTC. */
export function namesLocal(schedule: Extract<Schedule, { readonly is: 'fields' }>, local: Instant): boolean {
  const date = new Date(local)
  return schedule.months.has(date.getUTCMonth() + 1) && dayMatches(schedule, date) && schedule.hours.has(date.getUTCHours()) && schedule.minutes.has(date.getUTCMinutes())
}

/** Both day fields restrict: either is enough. One of them is free: both must hold. As robfig/cron. */
function dayMatches(schedule: Extract<Schedule, { readonly is: 'fields' }>, date: Date): boolean {
  const ofMonth = schedule.daysOfMonth.has(date.getUTCDate())
  const ofWeek = schedule.daysOfWeek.has(date.getUTCDay())
  return schedule.anyDayOfMonth || schedule.anyDayOfWeek ? ofMonth && ofWeek : ofMonth || ofWeek
}

/** The first instant, later than `from`, at which local clocks show this time or, where it is skipped, a later one. */
function instantOfLocal(local: number, from: Instant, zone: string | undefined): Instant {
  const guess = local - offsetAt(from, zone)
  const corrected = local - offsetAt(guess, zone)
  const candidates = [guess, corrected].filter((instant) => instant > from && instant + offsetAt(instant, zone) >= local)
  return candidates.length > 0 ? Math.min(...candidates) : Math.max(guess, corrected, from + minuteMs)
}

// ---- time zones -----------------------------------------------------------------------------------------------------

const formats = new Map<string, Intl.DateTimeFormat>()
/** Offsets change on quarter hours at the finest, so one look-up serves fifteen minutes. */
const quarterMs = 900_000
const rememberedMost = 10_000
const offsets = new Map<string, number>()

/** Is this a time zone of the IANA database? 'Local' is refused as upstream refuses it. */
export function isTimeZone(zone: string): boolean {
  if (zone === '' || zone.toLowerCase() === 'local') return false
  try {
    formatFor(zone)
    return true
  } catch (problem) {
    if (problem instanceof RangeError) return false
    throw problem
  }
}

/** How far a zone's clocks are ahead of UTC at an instant, in milliseconds. */
export function offsetAt(instant: Instant, zone: string | undefined): number {
  if (zone === undefined || zone === 'UTC' || zone === 'Etc/UTC') return 0
  const quarter = Math.floor(instant / quarterMs)
  const key = `${zone} ${quarter}`
  const known = offsets.get(key)
  if (known !== undefined) return known
  const parts = new Map(formatFor(zone).formatToParts(quarter * quarterMs).map(({ type, value }) => [type, Number(value)]))
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0
  const offset = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour') % 24, part('minute'), part('second')) - quarter * quarterMs
  if (offsets.size >= rememberedMost) offsets.clear()
  offsets.set(key, offset)
  return offset
}

function formatFor(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone)
  if (known !== undefined) return known
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, calendar: 'iso8601', hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' })
  formats.set(zone, format)
  return format
}
