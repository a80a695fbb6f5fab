import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../base/virtual-clock.ts'
import { runtimeConformance } from '../runtime.conformance.ts'
import { durationMs } from '../../base/duration.ts'
import { commandStory } from './script.ts'
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

test('a command is believed where it says exactly what happens', () => {
  const rows: readonly (readonly [readonly string[], ReturnType<typeof commandStory>])[] = [
    [['sleep', '5'], { runForMs: 5000, exitCode: 0 }],
    [['/bin/sleep', '1.5'], { runForMs: 1500, exitCode: 0 }],
    [['sleep', 'infinity'], { runForMs: undefined, exitCode: 0 }],
    [['sh', '-c', 'exit 3'], { runForMs: 0, exitCode: 3 }],
    [['sh', '-c', 'echo start; sleep 2 && false'], { runForMs: 2000, exitCode: 1 }],
    [['sh', '-c', 'sleep 3600; exit 1'], { runForMs: 3_600_000, exitCode: 1 }],
    [['sh', '-c', 'while true; do date; sleep 1; done'], undefined],
    [['sh', '-c', 'test -f /x || exit 1'], undefined],
    [['sh', '-c', 'exit $CODE'], undefined],
    [['nginx', '-g', 'daemon off;'], undefined],
    [[], undefined],
  ]
  for (const [command, story] of rows) assert.deepEqual(commandStory({ command, args: [] }), story, command.join(' '))
})

test('durations', () => {
  assert.deepEqual(['5s', '1m30s', '250ms', '10', '1h', '2d', 'soon'].map(durationMs), [5000, 90_000, 250, 10_000, 3_600_000, 172_800_000, undefined])
})
