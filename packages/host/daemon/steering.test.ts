import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom, WorkLoop } from '@kubeskiff/core/base'
import { kindIndexes, wireCluster } from '@kubeskiff/core/cluster'
import { createStore } from '@kubeskiff/core/store'
import { type Course, SteeredClock } from '../engine/index.ts'
import { createSteering, type Waiting } from './steering.ts'

const dawn = Date.UTC(2030, 0, 1)
const version = { major: '1', minor: '36', gitVersion: 'v1.36.0', gitCommit: '', gitTreeState: 'clean', buildDate: '', goVersion: '', compiler: '', platform: '' }

function steered({ real = [] as readonly string[], settleMaxMs = 5_000 } = {}) {
  let machine = dawn
  const clock = new SteeredClock({ aheadMs: 0 }, () => machine)
  const loop = new WorkLoop()
  const cluster = wireCluster({ store: createStore({ indexes: kindIndexes }), clock, random: seededRandom(1), loop, version })
  const kept: Course[] = []
  const waits = { requests: 0, outside: 0 }
  const waiting = (): Waiting => ({ requests: { mutating: waits.requests, readOnly: 0 }, outside: waits.outside })
  return { clock, loop, kept, waits, pass: (ms: number) => { machine += ms }, steering: createSteering({ clock, loop, cluster, waiting, real: () => real, keep: (course) => { kept.push(course) }, settleMaxMs }) }
}

test('a moved clock tells every timer at its own instant, and goes on with the machine\'s pace afterwards', async () => {
  const { clock, steering, kept, pass } = steered()
  const told: (readonly [string, number])[] = []
  clock.onWake('test', (key) => { told.push([key, clock.now() - dawn]); if (key === 'a') clock.wake('test', 'c', clock.now() + 1_000) })
  clock.wake('test', 'b', dawn + 5_000)
  clock.wake('test', 'a', dawn + 1_000)
  assert.equal(steering.moveTo(dawn + 10_000, 0), undefined)
  await steering.rested(5_000)
  assert.deepEqual(told, [['a', 1_000], ['c', 2_000], ['b', 5_000]])
  pass(500)
  assert.deepEqual([clock.now() - dawn, kept], [10_500, [{ aheadMs: 10_000 }, { aheadMs: 10_000 }]])
  clock.stop()
})

test('a request in flight holds the clock, and is told', async () => {
  const { clock, steering, waits } = steered()
  waits.requests = 1
  steering.freeze()
  steering.moveTo(dawn + 10_000, 0)
  await steering.rested(700)
  assert.deepEqual([clock.now() - dawn, steering.state().heldBy], [0, ['1 request that writes']])
  waits.requests = 0
  await steering.rested(5_000)
  assert.deepEqual([clock.now() - dawn, steering.state().target, steering.state().course], [10_000, undefined, { frozenAt: dawn + 10_000 }])
})

test('an instant that does not settle stops the clock and says who holds it', async () => {
  const { clock, steering, loop } = steered({ settleMaxMs: 100 })
  loop.add('controllers', () => true)
  steering.freeze()
  steering.moveTo(dawn + 10_000, 0)
  await steering.rested(5_000)
  assert.match(steering.state().stopped ?? '', /^the cluster does not settle at 2030-01-01T00:00:00Z: /)
  assert.equal(clock.now(), dawn)
})

test('freezing stops a move where it is; a second move waits its turn', async () => {
  const { steering, waits, clock } = steered()
  waits.outside = 1
  steering.moveTo(dawn + 10_000, 0)
  assert.match(steering.moveTo(dawn + 20_000, 0) ?? '', /^time is on its way to 2030-01-01T00:00:10Z: 'skiff time freeze' stops it$/)
  assert.equal(steering.freeze(), undefined)
  waits.outside = 0
  await steering.rested(5_000)
  assert.deepEqual([clock.isFrozen, clock.now(), steering.state().stopped], [true, dawn, 'stopped at 2030-01-01T00:00:00Z'])
})

test('the time of a cluster with real nodes is not turned, nor backwards', () => {
  const real = steered({ real: ['node-1', 'node-2', 'node-3', 'node-4'] }).steering
  const why = "this cluster has real nodes (node-1, node-2, node-3, …): their containers live by this machine's clock, so its time cannot be turned"
  assert.deepEqual([real.freeze(), real.resume(), real.moveTo(dawn + 1, 0)], [why, why, why])
  assert.equal(steered().steering.moveTo(dawn - 1, 0), 'time does not run backwards: it is 2030-01-01T00:00:00Z in this cluster')
})

test('a frozen clock tells what is due at its instant, and nothing later', async () => {
  const { clock, steering } = steered()
  const told: string[] = []
  clock.onWake('test', (key) => { told.push(key) })
  steering.freeze()
  clock.wake('test', 'now', dawn)
  clock.wake('test', 'later', dawn + 1)
  await new Promise((resolve) => { setTimeout(resolve, 50) })
  assert.deepEqual([told, clock.now()], [['now'], dawn])
  clock.stop()
})
