import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSchedule, type Schedule } from '../api/kinds/batch/cronjob/schedule.ts'
import { missedRuns, previewRuns, type PreviewLine } from './cron-preview.ts'

const read = (text: string): Schedule => {
  const schedule = parseSchedule(text)
  if ('fault' in schedule) throw new Error(schedule.fault)
  return schedule
}
const at = (text: string): number => Date.parse(text)
const iso = (instant: number): string => new Date(instant).toISOString().slice(0, 16)
const told = (line: PreviewLine): string => line.is === 'gap' ? `gap ${iso(line.local)} (${iso(line.fromLocal).slice(11)} to ${iso(line.toLocal).slice(11)})` : `${iso(line.at)}Z ${iso(line.local).slice(11)}${line.twice === undefined ? '' : ` ${line.twice}`}`
const shown = (schedule: string, zone: string | undefined, from: string, until: string): readonly string[] =>
  previewRuns({ schedule: read(schedule), ...(zone !== undefined && { zone }) }, at(from), at(until), 100).lines.map(told)

test('a run in the hour that daylight saving skips does not happen, and one in the hour that repeats happens twice', () => {
  assert.deepEqual(shown('30 2 * * *', 'Europe/Berlin', '2026-03-28T00:00:00Z', '2026-03-30T12:00:00Z'), ['2026-03-28T01:30Z 02:30', 'gap 2026-03-29T02:30 (02:00 to 03:00)', '2026-03-30T00:30Z 02:30'])
  assert.deepEqual(shown('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', '2026-10-26T12:00:00Z'), ['2026-10-25T00:30Z 02:30 first', '2026-10-25T01:30Z 02:30 second', '2026-10-26T01:30Z 02:30'])
})

test('a year has all its runs; hourly ones lose and gain nothing', () => {
  const year = previewRuns({ schedule: read('0 * * * *'), zone: 'America/New_York' }, at('2026-01-01T00:00:00Z'), at('2027-01-01T00:00:00Z'), 10_000)
  assert.deepEqual([year.lines.length, year.lines.filter((line) => line.is === 'gap' || line.twice !== undefined).length, year.more], [8760, 0, false])
  assert.deepEqual(shown('0 0 29 2 *', undefined, '2026-01-01T00:00:00Z', '2029-01-01T00:00:00Z'), ['2028-02-29T00:00Z 00:00'])
})

test('no more than were asked for, and that there are more', () => {
  const few = previewRuns({ schedule: read('*/5 * * * *') }, at('2026-01-01T00:00:00Z'), at('2026-01-02T00:00:00Z'), 3)
  assert.deepEqual([few.lines.map(told), few.more], [['2026-01-01T00:05Z 00:05', '2026-01-01T00:10Z 00:10', '2026-01-01T00:15Z 00:15'], true])
})

test('runs that meet: beside, replaced, late, left out', () => {
  const meetings = (concurrencyPolicy: string, minutes: number, startingDeadlineSeconds?: number) =>
    previewRuns({ schedule: read('0,10,20,30 * * * *'), concurrencyPolicy, runMs: minutes * 60_000, ...(startingDeadlineSeconds !== undefined && { startingDeadlineSeconds }) }, at('2026-01-01T00:50:00Z'), at('2026-01-01T01:59:00Z'), 10)
      .lines.map((line) => line.is === 'gap' || line.meets === undefined ? '-' : line.meets.is === 'late' ? `late ${iso(line.meets.startsAt).slice(14)}` : line.meets.is === 'beside' ? `beside ${line.meets.others}` : line.meets.is === 'left out' ? `left out: ${line.meets.because}` : line.meets.is)
  assert.deepEqual(meetings('Allow', 25), ['-', 'beside 1', 'beside 2', 'beside 2'])
  assert.deepEqual(meetings('Replace', 15), ['-', 'replaces', 'replaces', 'replaces'])
  assert.deepEqual(meetings('Forbid', 5), ['-', '-', '-', '-'])
  assert.deepEqual(meetings('Forbid', 15), ['-', 'late 15', 'left out: newer', '-'])
  assert.deepEqual(meetings('Forbid', 25), ['-', 'left out: newer', 'late 25', 'late 50'])
  assert.deepEqual(meetings('Forbid', 15, 60), ['-', 'left out: deadline', '-', 'left out: deadline'])
})

test('of missed runs the newest alone is made up for, within the deadline', () => {
  const missed = (startingDeadlineSeconds?: number) => missedRuns({ schedule: read('0 * * * *'), ...(startingDeadlineSeconds !== undefined && { startingDeadlineSeconds }) }, at('2026-01-01T00:00:00Z'), at('2026-01-01T03:30:00Z'), 10).map((run) => `${iso(run.at).slice(11)} ${run.fate}`)
  assert.deepEqual(missed(), ['01:00 newer one counts', '02:00 newer one counts', '03:00 starts at once'])
  assert.deepEqual(missed(7200), ['01:00 too late', '02:00 newer one counts', '03:00 starts at once'])
  assert.deepEqual(missed(60), ['01:00 too late', '02:00 too late', '03:00 too late'])
})
