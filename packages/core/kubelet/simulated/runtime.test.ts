import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../base/virtual-clock.ts'
import { runtimeConformance } from '../runtime.conformance.ts'
import { durationMs } from '../../base/duration.ts'
import { createSimulatedRuntime } from './runtime.ts'

runtimeConformance('simulated runtime', () => {
  const clock = new VirtualClock(0)
  const runtime = createSimulatedRuntime({ clock })
  runtime.addNode('a', '10.244.0.0/24')
  return {
    runtime, node: 'a', image: 'busybox:1', close: () => {},
    until: (condition) => {
      while (!condition()) if (!clock.advanceToNext(clock.now() + 60_000)) return Promise.reject(new Error('nothing more will happen'))
      return Promise.resolve()
    },
  }
})

test('durations', () => {
  assert.deepEqual(['5s', '1m30s', '250ms', '10', '1h', '2d', 'soon'].map(durationMs), [5000, 90_000, 250, 10_000, 3_600_000, 172_800_000, undefined])
})
