import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../base/virtual-clock.ts'
import type { ContainerSpec, RuntimeEvent, SandboxSpec } from '../runtime.ts'
import { paced, paces } from './pace.ts'
import { createSimulatedRuntime } from './runtime.ts'

test('a step takes about its time, always the same at one place and another elsewhere', () => {
  assert.equal(paced(1500, paces.natural, 'a'), paced(1500, paces.natural, 'a'))
  const times = new Set(['a', 'b', 'c', 'd', 'e'].map((place) => paced(1500, paces.natural, place)))
  assert.ok(times.size > 1)
  for (const ms of times) assert.ok(ms >= 1050 && ms <= 1950 && ms % 10 === 0, String(ms))
  assert.equal(paced(0, paces.natural, 'a'), 0)
})

test('at the natural pace pods come and go step by step; an image is pulled once for all who wait, and found quickly then', () => {
  const clock = new VirtualClock(0)
  const runtime = createSimulatedRuntime({ clock, pace: { pullMs: 1000, checkMs: 100, sandboxMs: 300, startMs: 200, stopMs: 400, vary: '' } })
  const heard: string[] = []
  runtime.onEvent((event: RuntimeEvent) => { heard.push(`${event.at} ${event.is}`) })
  runtime.addNode('n', '10.0.0.0/24')
  const spec = { node: 'n', hostNetwork: false, annotations: {} } as unknown as SandboxSpec // what the simulation reads of it
  const container = { image: 'web:1', command: [], args: [], env: [], resources: { cpuMillisRequested: 0, memoryBytesRequested: 0 } } as unknown as ContainerSpec
  runtime.submit({ do: 'sandbox', pod: 'u', spec })
  runtime.submit({ do: 'pull', node: 'n', image: 'web:1', pod: 'u' })
  assert.equal(runtime.observed().pods.get('u')?.sandbox.is, 'pending')
  clock.advanceTo(clock.now() + 500)
  runtime.submit({ do: 'pull', node: 'n', image: 'web:1', pod: 'v' })
  clock.advanceTo(clock.now() + 500)
  runtime.submit({ do: 'start', pod: 'u', container: 'c', attempt: 0, spec: container })
  clock.advanceTo(clock.now() + 1000)
  runtime.submit({ do: 'stop', pod: 'u', container: 'c', attempt: 0, graceSeconds: 30 })
  runtime.submit({ do: 'pull', node: 'n', image: 'web:1', pod: 'u' })
  clock.advanceTo(clock.now() + 1000)
  assert.deepEqual(heard, ['300 sandbox-ready', '1000 pulled', '1200 started', '2100 pulled', '2400 exited'])
})

test('a pod that goes before its sandbox is made leaves nothing behind', () => {
  const clock = new VirtualClock(0)
  const runtime = createSimulatedRuntime({ clock, pace: paces.natural })
  runtime.addNode('n', '10.0.0.0/24')
  runtime.submit({ do: 'sandbox', pod: 'u', spec: { node: 'n', hostNetwork: false, annotations: {} } as unknown as SandboxSpec })
  runtime.submit({ do: 'teardown', pod: 'u' })
  clock.advanceTo(clock.now() + 10_000)
  assert.equal(runtime.observed().pods.size, 0)
})
