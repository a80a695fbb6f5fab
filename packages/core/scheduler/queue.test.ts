import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../base/index.ts'
import { aPod, dawn } from './builders.ts'
import { SchedulingQueue } from './queue.ts'

test('a pod that could not be bound waits out its back-off, though it backed off before for want of a node', () => {
  const clock = new VirtualClock(dawn)
  const queue = new SchedulingQueue(clock, 'scheduler', { backoffFirstMs: 1000, backoffMostMs: 10_000 })
  clock.onWake('scheduler', (uid) => queue.due(uid))
  queue.add(aPod('p'))
  const entry = queue.take()
  if (entry === undefined) throw new Error('nobody waits')
  queue.refused(entry, ['NodeResourcesFit'])
  queue.wake(entry)
  clock.advanceTo(dawn + 1000)
  assert.equal(queue.take(), entry)
  queue.failed(entry)
  assert.deepEqual([queue.take(), clock.nextDue()], [undefined, dawn + 3000])
})
