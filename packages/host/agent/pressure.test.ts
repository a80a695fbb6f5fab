import assert from 'node:assert/strict'
import { test } from 'node:test'
import { thresholdsHere, thresholdsIn } from './pressure.ts'

test('thresholds are read as a kubelet reads them, and what is none is refused', () => {
  assert.deepEqual(thresholdsIn('memory.available<200Mi,nodefs.available<10%'), [{ signal: 'memory.available', least: { amount: 200 * 1024 * 1024 } }, { signal: 'nodefs.available', least: { percent: 10 } }])
  assert.deepEqual(thresholdsIn(''), [])
  assert.equal(thresholdsIn(undefined), thresholdsHere)
  for (const text of ['memory.free<1Gi', 'memory.available', 'memory.available<much']) assert.throws(() => thresholdsIn(text), /is no eviction threshold/)
})
