// When a CronJob will run: its runs, what daylight saving does to them, and how they get along with one another.
import { parseSchedule, type Schedule } from '../api/kinds/batch/cronjob/schedule.ts'
import type { CronJob } from '../api/resources.ts'
import type { Instant } from '../base/clock.ts'
import { isTimeZone, namesLocal, nextTime, offsetAt } from './cron.ts'

const minuteMs = 60_000
const hourMs = 3_600_000
const dayMs = 24 * hourMs

export interface Plan {
  readonly schedule: Schedule
  /** UTC when left out. */
  readonly zone?: string
  readonly concurrencyPolicy?: string
  readonly startingDeadlineSeconds?: number
  /** How long one run takes, when that is known: then it is told what happens to runs that meet. */
  readonly runMs?: number
}

/** The plan of a CronJob, in another zone or with a length of its runs when that is said; the fault when nobody could run it. */
export function planOf({ schedule: text, timeZone, concurrencyPolicy, startingDeadlineSeconds }: CronJob['spec'], said: { readonly zone?: string; readonly runMs?: number } = {}): Plan | { readonly fault: string } {
  const schedule = parseSchedule(text)
  if ('fault' in schedule) return { fault: `${JSON.stringify(text)} is no schedule: ${schedule.fault}` }
  const zone = said.zone ?? timeZone
  if (zone !== undefined && !isTimeZone(zone)) return { fault: `there is no time zone '${zone}': expected one such as Europe/Berlin` }
  return {
    schedule, ...(zone !== undefined && { zone }), ...(concurrencyPolicy !== undefined && { concurrencyPolicy }), ...(startingDeadlineSeconds !== undefined && { startingDeadlineSeconds }),
    ...(said.runMs !== undefined && { runMs: said.runMs }),
  }
}

/** What a line of the preview is about; `local` is the wall clock's time, written as if it were UTC. */
export type PreviewLine =
  | {
      readonly is: 'run'; readonly at: Instant; readonly local: Instant; readonly offsetMs: number
      /** Its wall clock's time happens twice that day: this is the first, or the second. */
      readonly twice?: 'first' | 'second'
      readonly meets?: Meeting
    }
  /** A time that the schedule names and the wall clock skips, at `at`. */
  | { readonly is: 'gap'; readonly at: Instant; readonly local: Instant; readonly fromLocal: Instant; readonly toLocal: Instant }

/** What happens to a run because others have not ended. */
export type Meeting =
  | { readonly is: 'beside'; readonly others: number }
  | { readonly is: 'replaces' }
  /** Forbidden until the one before has ended; then it starts late. */
  | { readonly is: 'late'; readonly startsAt: Instant }
  /** Forbidden for so long that a newer one, or the deadline, has taken its place. */
  | { readonly is: 'left out'; readonly because: 'newer' | 'deadline' }

/** The runs after `from` up to `until`, at most so many, with the times that daylight saving skips, in order. */
export function previewRuns(plan: Plan, from: Instant, until: Instant, most: number): { readonly lines: readonly PreviewLine[]; readonly more: boolean } {
  const { schedule, zone } = plan
  const runs: Instant[] = []
  let at = nextTime(schedule, from, zone)
  for (; at !== undefined && at <= until && runs.length < most; at = nextTime(schedule, at, zone)) runs.push(at)
  const more = at !== undefined && at <= until
  const end = more ? runs.at(-1) ?? until : until
  const meetings = plan.runMs === undefined ? [] : meetingsOf(runs, plan, plan.runMs)
  const lines: PreviewLine[] = runs.map((run, nth) => {
    const offsetMs = offsetAt(run, zone)
    const twice = isDaily(schedule) ? twiceOf(run, zone) : undefined
    const meets = meetings[nth]
    return { is: 'run', at: run, local: run + offsetMs, offsetMs, ...(twice !== undefined && { twice }), ...(meets !== undefined && { meets }) }
  })
  return { lines: [...lines, ...gapsOf(plan, from, end)].sort((a, b) => a.at - b.at || a.local - b.local), more }
}

/** A schedule of every hour loses and gains nothing by daylight saving: only those of certain hours do. */
const isDaily = (schedule: Schedule): schedule is Extract<Schedule, { readonly is: 'fields' }> => schedule.is === 'fields' && schedule.hours.size < 24

function twiceOf(run: Instant, zone: string | undefined): 'first' | 'second' | undefined {
  const offset = offsetAt(run, zone)
  const [before, after] = [offsetAt(run - 3 * hourMs, zone), offsetAt(run + 3 * hourMs, zone)]
  if (before > offset && offsetAt(run - (before - offset), zone) === before) return 'second'
  return after < offset && offsetAt(run + (offset - after), zone) === after ? 'first' : undefined
}

function gapsOf({ schedule, zone }: Plan, from: Instant, until: Instant): readonly PreviewLine[] {
  if (!isDaily(schedule) || zone === undefined) return []
  const gaps: PreviewLine[] = []
  for (let day = from; day < until; day += dayMs) {
    const [before, after] = [offsetAt(day, zone), offsetAt(day + dayMs, zone)]
    if (after <= before) continue
    const at = changeBetween(day, day + dayMs, zone)
    if (at <= from || at > until) continue
    for (let local = at + before; local < at + after; local += minuteMs) if (namesLocal(schedule, local)) gaps.push({ is: 'gap', at, local, fromLocal: at + before, toLocal: at + after })
  }
  return gaps
}

/** The minute at which a zone's clocks change, between two instants with different offsets. */
function changeBetween(low: Instant, high: Instant, zone: string): Instant {
  const before = offsetAt(low, zone)
  let [still, changed] = [Math.floor(low / minuteMs), Math.ceil(high / minuteMs)]
  while (changed - still > 1) {
    const middle = Math.floor((still + changed) / 2)
    if (offsetAt(middle * minuteMs, zone) === before) still = middle
    else changed = middle
  }
  return changed * minuteMs
}

/** What happens to each run when every one takes so long. As upstream: a forbidden run starts when the one before has ended, unless a newer one is due by then. */
function meetingsOf(runs: readonly Instant[], { concurrencyPolicy = 'Allow', startingDeadlineSeconds }: Plan, runMs: number): readonly (Meeting | undefined)[] {
  if (concurrencyPolicy !== 'Forbid') {
    return runs.map((run, nth) => {
      const others = runs.slice(Math.max(0, nth - othersMost), nth).filter((other) => other + runMs > run).length
      return others === 0 ? undefined : concurrencyPolicy === 'Replace' ? { is: 'replaces' } : { is: 'beside', others }
    })
  }
  const meetings: (Meeting | undefined)[] = []
  let busyUntil = -Infinity
  let waiting: number | undefined
  const startWaiting = (): void => {
    if (waiting === undefined) return
    const tooLate = startingDeadlineSeconds !== undefined && busyUntil > (runs[waiting] ?? 0) + startingDeadlineSeconds * 1000
    meetings[waiting] = tooLate ? { is: 'left out', because: 'deadline' } : { is: 'late', startsAt: busyUntil }
    if (!tooLate) busyUntil += runMs
    waiting = undefined
  }
  for (const [nth, run] of runs.entries()) {
    if (busyUntil < run) startWaiting()
    if (waiting !== undefined) meetings[waiting] = { is: 'left out', because: 'newer' }
    waiting = undefined
    if (busyUntil > run) waiting = nth
    else {
      meetings[nth] = undefined
      busyUntil = run + runMs
    }
  }
  startWaiting()
  return runs.map((_, nth) => meetings[nth])
}
const othersMost = 1_000

/** Runs that were due since the last one and did not start: of them the controller starts the newest alone, where the deadline still allows it. */
export interface MissedRun { readonly at: Instant; readonly fate: 'starts at once' | 'newer one counts' | 'too late' }

/** The missed runs between the last run (or the CronJob's making) and now, newest last, at most so many of the newest. */
export function missedRuns({ schedule, zone, startingDeadlineSeconds }: Plan, last: Instant, now: Instant, most: number): readonly MissedRun[] {
  let missed: Instant[] = []
  for (let at = nextTime(schedule, last, zone); at !== undefined && at <= now; at = nextTime(schedule, at, zone)) {
    missed.push(at)
    if (missed.length > 2 * most) missed = missed.slice(-most)
  }
  const deadline = startingDeadlineSeconds === undefined ? -Infinity : now - startingDeadlineSeconds * 1000
  return missed.slice(-most).map((at, nth, all) => ({ at, fate: at < deadline ? 'too late' : nth === all.length - 1 ? 'starts at once' : 'newer one counts' }))
}
