import assert from 'node:assert/strict'
import { test } from 'node:test'
import { goDurationMs } from './duration.ts'

test('durations are read as Go writes them', () => {
  assert.deepEqual(['1ms', '32s', '8m8s', '1h2m3.5s', '.5s', '0', '1', 'x', '', '1 s', '-3s', '1µs'].map(goDurationMs), [1, 32_000, 488_000, 3_723_500, 500, 0, undefined, undefined, undefined, undefined, -3000, 0.001])
})
