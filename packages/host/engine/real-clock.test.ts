import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RealClock, selfPumpingLoop, systemRandom } from './index.ts'

test('timers are told in the order in which they are due', async () => {
  const clock = new RealClock()
  const told: string[] = []
  const now = clock.now()
  await new Promise<void>((resolve) => {
    clock.onWake('test', (key) => { told.push(key); if (key === 'last') resolve() })
    clock.wake('test', 'last', now + 20)
    clock.wake('test', 'first', now + 10)
    clock.wake('test', 'dropped', now + 5)
    clock.wake('test', 'dropped', undefined)
  })
  assert.deepEqual(told, ['first', 'last'])
  clock.stop()
})

test('a rung lane runs by itself, between other events', async () => {
  let steps = 0
  const loop = selfPumpingLoop(assert.ifError)
  await new Promise<void>((resolve) => { loop.add('controllers', () => { if (++steps === 3) resolve(); return steps < 3 }) })
  assert.equal(steps, 3)
})

test('uuids have the form of version 4 and do not repeat', () => {
  const random = systemRandom()
  const made = new Set(Array.from({ length: 1000 }, () => random.uuid()))
  assert.equal(made.size, 1000)
  for (const uuid of made) assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})
