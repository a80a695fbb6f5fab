import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aPod, aWorld, dawn, settle } from './testing.ts'

const minuteMs = 60_000

test('a change can be watched and listed for five minutes at least, and for ten at most', () => {
  const made = aWorld({ historyMs: 5 * minuteMs })
  settle(made)
  const pods = '/api/v1/namespaces/default/pods'
  made.ask(`POST ${pods}`, aPod('a'))
  const { revision } = made.store.view
  made.clock.advanceTo(dawn + 4 * minuteMs)
  made.ask(`POST ${pods}`, aPod('b'))
  made.clock.advanceTo(dawn + 5 * minuteMs)
  assert.equal(made.ask(`GET ${pods}?resourceVersion=${revision}&resourceVersionMatch=Exact`).status, 200)
  made.clock.advanceTo(dawn + 10 * minuteMs)
  const late = made.ask(`GET ${pods}?resourceVersion=${revision}&resourceVersionMatch=Exact`)
  assert.deepEqual([late.status, (late.body as { reason: string }).reason], [410, 'Expired'])
  assert.equal(made.watch(`${pods}?watch=true&resourceVersion=${revision}`).read()[0]?.type, 'ERROR')
  // Who is up to date goes on.
  assert.deepEqual(made.watch(`${pods}?watch=true&resourceVersion=${made.store.view.revision}`).read(), [])
})

test('nothing is due while nothing changes, and nothing is forgotten where that is asked for', () => {
  const quiet = aWorld({ historyMs: minuteMs })
  settle(quiet)
  quiet.clock.advanceTo(dawn + 3 * minuteMs)
  assert.equal(quiet.clock.nextDue(), undefined)
  const kept = aWorld()
  settle(kept)
  kept.clock.advanceTo(dawn + 60 * minuteMs)
  assert.equal(kept.store.compacted, 0)
})
