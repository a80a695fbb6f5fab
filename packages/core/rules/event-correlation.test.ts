import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EventCorrelator, type Said } from './event-correlation.ts'

const said = (message: string, more: Partial<Said> = {}): Said => ({ by: 'cronjob-controller', about: 'CronJob default/a', type: 'Normal', reason: 'SuccessfulCreate', fieldPath: '', message, ...more })
const minute = 60_000
/** What becomes of each: '-' dropped, else its count and its message. */
function tell(correlator: EventCorrelator, all: readonly (readonly [message: string, at: number, more?: Partial<Said>])[]): readonly string[] {
  return all.map(([message, at, more]) => {
    const got = correlator.correlate(said(message, more), at)
    return got.is === 'dropped' ? '-' : `${got.told.count} ${got.message}`
  })
}

test('the same thing is counted on one Event, however much later', () => {
  assert.deepEqual(tell(new EventCorrelator(), [['x', 0], ['x', minute], ['y', minute], ['x', 60 * minute]]), ['1 x', '2 x', '1 y', '3 x'])
})

test('from the tenth message of one reason on they are one Event, until none came for ten minutes', () => {
  const every = Array.from({ length: 12 }, (_, at) => [`job ${at}`, at * minute] as const)
  const got = tell(new EventCorrelator(), [...every, ['job 12', 11 * minute + 601_000]])
  assert.deepEqual(got.slice(8), ['1 job 8', '1 (combined from similar events): job 9', '2 (combined from similar events): job 10', '3 (combined from similar events): job 11', '1 job 12'])
})

test('a source tells of one object twenty-five times at once, and then once in five minutes; what was not told is counted', () => {
  const correlator = new EventCorrelator()
  const got = tell(correlator, Array.from({ length: 30 }, () => ['again', 0] as const))
  assert.deepEqual([got[24], got[25], got[29]], ['25 again', '-', '-'])
  assert.deepEqual(tell(correlator, [['again', 299_999], ['again', 300_000], ['again', 300_001]]), ['-', '32 again', '-'])
  assert.deepEqual(tell(correlator, [['again', 0, { about: 'CronJob default/b' }], ['again', 0, { by: 'job-controller' }]]), ['1 again', '1 again'])
})

test('who is not limited is told each time', () => {
  const correlator = new EventCorrelator()
  const got = Array.from({ length: 40 }, (_, at) => correlator.correlate(said(`no node ${at}`), at, true))
  assert.ok(got.every((each, at) => each.is === 'told' && each.message === `no node ${at}`))
})

test('an Event keeps its name', () => {
  const correlator = new EventCorrelator()
  const first = correlator.correlate(said('x'), 0)
  assert.ok(first.is === 'told' && first.told.name === undefined)
  correlator.named(first.key, 'a.1')
  const second = correlator.correlate(said('x'), 1)
  assert.ok(second.is === 'told' && second.told.name === 'a.1' && second.told.firstAt === 0)
})
