import type { CronJob } from '../../api/index.ts'
import { parseSchedule, type Schedule } from '../../api/kinds/batch/cronjob/schedule.ts'
import type { Instant } from '../../base/index.ts'
import { isTimeZone, nextTime } from '../../rules/cron.ts'
import { instantOf } from '../../rules/time.ts'

/** More runs than this missed in a row are worth a warning. */
const missedMost = 100

/** What a CronJob's schedule says now. */
export type Due =
  | { readonly is: 'unreadable'; readonly reason: string; readonly message: string }
  | { readonly is: 'nothing'; readonly next: Instant }
  /** A run is due (the latest of those missed); `next` is the one after now. */
  | { readonly is: 'due'; readonly at: Instant; readonly next: Instant | undefined; readonly tooManyMissed: boolean }

export function dueOf(cron: CronJob, now: Instant): Due {
  const zone = cron.spec.timeZone
  if (zone !== undefined && !isTimeZone(zone)) return { is: 'unreadable', reason: 'UnknownTimeZone', message: `invalid timeZone: ${JSON.stringify(zone)}: unknown time zone ${zone}` }
  const schedule = scheduleOf(cron.spec)
  if ('fault' in schedule) return { is: 'unreadable', reason: 'UnparseableSchedule', message: `unparseable schedule: ${JSON.stringify(cron.spec.schedule)} : ${schedule.fault}` }
  const earliest = earliestOf(cron, now)
  const first = nextTime(schedule, earliest, zone)
  // As upstream: a day that no month has.
  if (first === undefined) return { is: 'unreadable', reason: 'InvalidSchedule', message: `invalid schedule: ${cron.spec.schedule} : time difference between two schedules is less than 1 second` }
  if (first > now) return { is: 'nothing', next: first }
  const second = nextTime(schedule, first, zone)
  if (second === undefined || second > now) return { is: 'due', at: first, next: second, tooManyMissed: false }
  return latest(schedule, zone, first, second, now)
}

/** A spec is read once: its status changes with every run, the spec object stays. */
const schedules = new WeakMap<object, ReturnType<typeof parseSchedule>>()
function scheduleOf(spec: CronJob['spec']): ReturnType<typeof parseSchedule> {
  const schedule = schedules.get(spec) ?? parseSchedule(spec.schedule)
  schedules.set(spec, schedule)
  return schedule
}

function earliestOf(cron: CronJob, now: Instant): Instant {
  const last = instantOf(cron.status?.lastScheduleTime) ?? instantOf(cron.metadata.creationTimestamp) ?? now
  const deadline = cron.spec.startingDeadlineSeconds
  return deadline === undefined ? last : Math.max(last, now - deadline * 1000)
}

/** As upstream: the number of missed runs is reckoned from the first two, and only the last few are walked. */
function latest(schedule: Schedule, zone: string | undefined, first: Instant, second: Instant, now: Instant): Due {
  const between = second - first
  const missed = Math.floor((now - first) / between) + 1
  let at = second
  for (let next = nextTime(schedule, Math.max(first, first + (missed - 2) * between), zone); next !== undefined && next <= now; next = nextTime(schedule, next, zone)) at = next
  return { is: 'due', at, next: nextTime(schedule, now, zone), tooManyMissed: missed > missedMost }
}
