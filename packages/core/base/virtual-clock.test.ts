import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from './index.ts'

test('every timer is told at its own instant, in order, and a moved or dropped one only where it was moved to', () => {
  const clock = new VirtualClock(1000)
  const told: string[] = []
  clock.onWake('a', (key) => { told.push(`a ${key} ${clock.now()}`); if (key === 'again') clock.wake('a', 'later', clock.now() + 5) })
  clock.onWake('b', (key) => told.push(`b ${key} ${clock.now()}`))
  clock.wake('a', 'x', 1500)
  clock.wake('b', 'y', 1200)
  clock.wake('a', 'again', 1300)
  clock.wake('a', 'x', 1100)
  clock.wake('b', 'never', 1250)
  clock.wake('b', 'never', undefined)
  clock.advanceTo(2000)
  assert.deepEqual(told, ['a x 1100', 'b y 1200', 'a again 1300', 'a later 1305'])
  assert.equal(clock.now(), 2000)
})

test('a frozen clock thaws with the same timers', () => {
  const clock = new VirtualClock(0)
  clock.wake('a', 'x', 10)
  clock.wake('a', 'y', 10)
  const copy = new VirtualClock(0)
  copy.thaw(clock.freeze())
  const told: string[] = []
  copy.onWake('a', (key) => told.push(key))
  copy.advanceTo(10)
  assert.deepEqual(told, ['x', 'y'])
})
