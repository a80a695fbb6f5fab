import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSchedule } from '../api/kinds/batch/cronjob/schedule.ts'
import { isTimeZone, nextTime, offsetAt } from './cron.ts'

function times(text: string, after: string, count: number, zone?: string): readonly string[] {
  const schedule = parseSchedule(text)
  if ('fault' in schedule) return [schedule.fault]
  const found: string[] = []
  for (let instant: number | undefined = Date.parse(after); found.length < count; found.push(new Date(instant).toISOString().slice(0, 16))) {
    instant = nextTime(schedule, instant, zone)
    if (instant === undefined) return [...found, 'never']
  }
  return found
}

const rows: readonly (readonly [string, string, readonly string[], string?])[] = [
  ['*/1 * * * *', '2026-01-01T00:00:00Z', ['2026-01-01T00:01', '2026-01-01T00:02']],
  ['*/1 * * * *', '2026-01-01T00:00:59.999Z', ['2026-01-01T00:01']],
  ['0 2 * * *', '2026-01-01T02:00:00Z', ['2026-01-02T02:00', '2026-01-03T02:00']],
  ['0 0 * * 0', '2026-01-01T00:00:00Z', ['2026-01-04T00:00', '2026-01-11T00:00']],
  ['5/15 9-10 * * mon-wed', '2026-01-01T00:00:00Z', ['2026-01-05T09:05', '2026-01-05T09:20', '2026-01-05T09:35', '2026-01-05T09:50', '2026-01-05T10:05']],
  ['@monthly', '2026-01-31T00:00:00Z', ['2026-02-01T00:00', '2026-03-01T00:00']],
  // Both day fields restrict: either will do; a star in one of them: both must hold.
  ['0 0 13 * 5', '2026-01-01T00:00:00Z', ['2026-01-02T00:00', '2026-01-09T00:00', '2026-01-13T00:00']],
  ['0 0 13 * *', '2026-01-01T00:00:00Z', ['2026-01-13T00:00', '2026-02-13T00:00']],
  ['0 0 */2 * 5', '2026-01-01T00:00:00Z', ['2026-01-02T00:00', '2026-01-03T00:00']],
  ['0 0 29 2 *', '2026-01-01T00:00:00Z', ['2028-02-29T00:00']],
  ['0 0 30 2 *', '2026-01-01T00:00:00Z', ['never']],
  ['@every 90s', '2026-01-01T00:00:00.500Z', ['2026-01-01T00:01', '2026-01-01T00:03']],
  ['30 9 * * *', '2026-07-01T00:00:00Z', ['2026-07-01T13:30'], 'America/New_York'],
  ['0 0 * * *', '2026-07-01T00:00:00Z', ['2026-07-01T18:30', '2026-07-02T18:30'], 'Asia/Kolkata'],
  // Clocks go forward on 8 March 2026: half past two does not happen.
  ['30 2 * * *', '2026-03-07T00:00:00Z', ['2026-03-07T07:30', '2026-03-09T06:30'], 'America/New_York'],
  ['0 3 * * *', '2026-03-07T12:00:00Z', ['2026-03-08T07:00', '2026-03-09T07:00'], 'America/New_York'],
  ['0 * * * *', '2026-03-08T05:30:00Z', ['2026-03-08T06:00', '2026-03-08T07:00', '2026-03-08T08:00'], 'America/New_York'],
  // Clocks go back on 1 November 2026: half past one happens twice.
  ['30 1 * * *', '2026-10-31T12:00:00Z', ['2026-11-01T05:30', '2026-11-01T06:30', '2026-11-02T06:30'], 'America/New_York'],
  ['0 2 * * *', '2026-10-31T12:00:00Z', ['2026-11-01T07:00', '2026-11-02T07:00'], 'America/New_York'],
  ['0 5 * * *', '2026-10-24T12:00:00Z', ['2026-10-25T04:00'], 'Europe/Berlin'],
]
for (const [text, after, expected, zone] of rows) test(`${text} after ${after}${zone ? ` in ${zone}` : ''}`, () => assert.deepEqual(times(text, after, expected.length, zone), expected))

test('time zones have offsets, and what is no zone is known', () => {
  assert.equal(offsetAt(Date.parse('2026-07-01T00:00:00Z'), 'Europe/Berlin'), 7_200_000)
  assert.equal(offsetAt(Date.parse('2026-01-01T00:00:00Z'), 'Europe/Berlin'), 3_600_000)
  assert.deepEqual(['Etc/UTC', 'Europe/Berlin', 'Nowhere/Land', '', 'Local'].map(isTimeZone), [true, true, false, false, false])
})
