import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Action, Ask, Outcome } from '../api/action.ts'
import type { Controller, Plan, World } from '../api/controller.ts'
import { configMaps } from '../api/resources.ts'
import type { Refusal } from '../api/refusal.ts'
import type { ClusterView } from '../api/view.ts'
import { WorkLoop } from '../base/index.ts'
import { anObject, dawn, testWorld, type TestWorld } from './builders.ts'
import { ownKey } from './keys.ts'
import { actionsPerStep, createRunner, type RunnerOptions } from './runner.ts'

const aMap = (name: string) => anObject(configMaps, name)
const aController = (reconcile: (key: string, world: World<unknown>) => Plan<unknown>): Controller<unknown> =>
  ({ name: 'test-controller', watches: [{ resource: configMaps.resource, affected: ownKey }], reconcile })
const runnerOf = (world: TestWorld, controller: Controller<unknown>, more: Partial<RunnerOptions> = {}) =>
  createRunner({ controllers: [controller], view: world.store.view, changes: (after) => world.store.changes(after), submit: world.submit, clock: world.clock, ...more })
const behind = (view: ClusterView, shows: (revision: number) => boolean): ClusterView => ({
  get revision() { return view.revision },
  shows: (_resource, revision) => shows(revision),
  get: (type, namespace, name) => view.get(type, namespace, name),
  list: (type, namespace) => view.list(type, namespace),
  count: (type) => view.count(type),
  by: (index, value) => view.by(index, value),
})
const drain = (runner: { step(): boolean }): void => { for (let steps = 0; runner.step(); steps++) assert.ok(steps < 10_000, 'settles') }
const note = (message: string): Action => ({ do: 'record', about: aMap('a'), type: 'Normal', reason: 'Note', message })
const refusal: Refusal = { refused: true, code: 500, reason: 'InternalError', message: 'no' }

test('starts with a look at everything, then looks at what changed', () => {
  const world = testWorld()
  world.put(aMap('a'), aMap('b'))
  const looks: string[] = []
  const runner = runnerOf(world, aController((key) => { looks.push(key); return { actions: [] } }))
  drain(runner)
  world.put(aMap('b'), aMap('c'), aMap('b'))
  drain(runner)
  assert.deepEqual(looks, ['default/a', 'default/b', 'default/b', 'default/c'])
})

test('a restart and a compacted history look at everything again', () => {
  const world = testWorld()
  world.put(aMap('a'))
  const looks: string[] = []
  const runner = runnerOf(world, aController((key) => { looks.push(key); return { actions: [] } }))
  drain(runner)
  runner.restart()
  drain(runner)
  world.put(aMap('b'))
  world.store.compact(world.store.view.revision)
  drain(runner)
  assert.deepEqual(looks, ['default/a', 'default/a', 'default/a', 'default/b'])
})

test('a refusal drops the rest of the plan, is shown to the next look, and each one in a row doubles the wait', () => {
  const world = testWorld()
  world.put(aMap('a'))
  const looks: [number, Refusal | undefined][] = []
  world.refuse = (action) => (action.do === 'create' && looks.length < 4 ? refusal : undefined)
  const runner = runnerOf(world, aController((key, { now, last }) => {
    if (key !== 'default/a') return { actions: [] }
    looks.push([now - dawn, last])
    return { actions: looks.length > 4 ? [] : [{ do: 'create', object: { ...aMap('new'), metadata: { name: 'new', namespace: 'default' } } }, note('created')] }
  }))
  drain(runner)
  while (world.clock.advanceToNext(dawn + 1000)) drain(runner)
  assert.deepEqual(looks, [[0, undefined], [5, refusal], [15, refusal], [35, refusal]])
  assert.deepEqual(world.events, ['Note: created'])
})

test('deleting what is gone already is no refusal', () => {
  const world = testWorld()
  world.put(aMap('a'))
  const runner = runnerOf(world, aController(() => ({ actions: [{ do: 'delete', key: { resource: 'configmaps', namespace: 'default', name: 'gone' }, uid: 'x' }, note('done')] })))
  drain(runner)
  assert.deepEqual(world.events, ['Note: done'])
})

test('a long plan is carried out in steps', () => {
  const world = testWorld()
  world.put(aMap('a'))
  const runner = runnerOf(world, aController(() => ({ actions: Array.from({ length: actionsPerStep + 1 }, (_, number) => note(String(number))) })))
  assert.equal(runner.step(), true)
  assert.equal(world.events.length, actionsPerStep)
  drain(runner)
  assert.equal(world.events.length, actionsPerStep + 1)
})

test('an instant asked for is kept, once, and a later look may move it', () => {
  const world = testWorld()
  world.put(aMap('a'))
  const looks: number[] = []
  const runner = runnerOf(world, aController((_, { now }) => { looks.push(now - dawn); return { actions: [], ...(now < dawn + 2000 && { again: now + 1000 }) } }))
  drain(runner)
  while (world.clock.advanceToNext(dawn + 10_000)) drain(runner)
  assert.deepEqual(looks, [0, 1000, 2000])
})

test('memory stays with its key until the key settles without any', () => {
  const world = testWorld()
  world.put(aMap('a'))
  const seen: unknown[] = []
  const runner = runnerOf(world, aController((_, { memory }) => { seen.push(memory); return { actions: [], memory: Number(memory ?? 0) + 1 } }))
  for (let round = 0; round < 3; round++) { drain(runner); world.put(aMap('a')) }
  assert.deepEqual(seen, [undefined, 1, 2])
})

test('an ask is asked once, and its answer stays until the key settles', () => {
  const world = testWorld()
  world.put(aMap('a'))
  const asks: [Ask, (answer: unknown) => void][] = []
  const seen: unknown[] = []
  const ask: Ask = { id: 'one', what: 'sign-token', input: 'x' }
  const runner = runnerOf(world, aController((_, { observed }) => {
    seen.push(observed.get('one'))
    return { actions: observed.has('one') ? [] : [{ do: 'ask', ask }] }
  }), { ask: (asked, done) => { asks.push([asked, done]) } })
  drain(runner)
  world.put(aMap('a'))
  drain(runner)
  assert.equal(asks.length, 1)
  asks[0]?.[1]('signed')
  drain(runner)
  assert.deepEqual(seen, [undefined, undefined, 'signed'])
})

test('whoever asks something new is no longer told what came before', () => {
  const world = testWorld()
  world.put(aMap('a'))
  const seen: string[] = []
  const runner = runnerOf(world, aController((_, { observed }) => {
    seen.push([...observed.keys()].join())
    return { actions: observed.has('three') ? [] : [{ do: 'ask', ask: { id: ['one', 'two', 'three'][seen.length - 1] ?? '', what: 'proxy', input: 'x' } }, note('asked')] }
  }), { ask: (_, done) => { done('told') } })
  drain(runner)
  assert.deepEqual(seen, ['', 'one', 'two', 'three'])
})

test('a key whose write is under way is not looked at, and others go on', () => {
  const world = testWorld()
  world.put(aMap('a'), aMap('b'))
  const looks: string[] = []
  const pending: ((outcome: Outcome) => void)[] = []
  const runner = runnerOf(world, aController((key) => {
    looks.push(key)
    return { actions: key === 'default/a' && looks.length === 1 ? [note('first'), note('second')] : [] }
  }), { submit: (_action, _actor, done) => { pending.push(done) } })
  drain(runner)
  world.put(aMap('a'), aMap('b'))
  drain(runner)
  assert.deepEqual([looks, pending.length], [['default/a', 'default/b', 'default/b'], 1])
  pending[0]?.({ revision: 0 })
  drain(runner)
  assert.equal(pending.length, 2)
  pending[1]?.({ revision: 0 })
  drain(runner)
  assert.deepEqual(looks, ['default/a', 'default/b', 'default/b', 'default/a'])
})

test('a key waits until the view shows its own last write', () => {
  const world = testWorld()
  world.put(aMap('a'))
  let shown = 0
  const looks: number[] = []
  const runner = runnerOf(world, aController(() => {
    looks.push(shown)
    return { actions: looks.length === 1 ? [{ do: 'patch', key: { resource: 'configmaps', namespace: 'default', name: 'a' }, uid: 'uid-a', part: 'main', patch: {} }] : [] }
  }), {
    view: behind(world.store.view, (revision) => revision <= shown),
    submit: (_action, _actor, done) => done({ revision: 7 }),
  })
  drain(runner)
  world.put(aMap('a'))
  drain(runner)
  assert.deepEqual(looks, [0])
  shown = 7
  drain(runner)
  assert.deepEqual(looks, [0, 7])
})

test('what is frozen goes on where it was', () => {
  const world = testWorld()
  world.put(aMap('a'), aMap('b'))
  const seen: [string, unknown][] = []
  const controller = aController((key, { memory }) => { seen.push([key, memory]); return { actions: [], memory: 'known' } })
  const runner = runnerOf(world, controller)
  runner.step()
  const state = runner.freeze()
  runner.stop()
  const thawed = runnerOf(world, controller)
  thawed.thaw(JSON.parse(JSON.stringify(state)))
  drain(thawed)
  world.put(aMap('a'))
  drain(thawed)
  assert.deepEqual(seen, [['default/a', undefined], ['default/b', undefined], ['default/a', 'known']])
})

test('on a loop, commits and timers ring its lane', () => {
  const world = testWorld()
  const looks: number[] = []
  const loop = new WorkLoop()
  runnerOf(world, aController((_, { now }) => { looks.push(now - dawn); return { actions: [], ...(looks.length === 1 && { again: now + 50 }) } }), { loop, onCommit: (ring) => world.store.onCommit(ring) })
  loop.pump(() => true)
  world.put(aMap('a'))
  loop.pump(() => true)
  world.clock.advanceTo(dawn + 50)
  loop.pump(() => true)
  assert.deepEqual(looks, [0, 50])
})

test('a look at many objects is not repeated for each change, but the last change is always seen', () => {
  const world = testWorld()
  world.put(...Array.from({ length: 400 }, (_, number) => aMap(`m${number}`)))
  const looks: number[] = []
  const loop = new WorkLoop()
  const controller: Controller<unknown> = {
    name: 'wide-controller', watches: [{ resource: configMaps.resource, affected: () => ['all'] }],
    reconcile: (_key, { view }) => { looks.push([...view.list(configMaps)].length); return { actions: [] } },
  }
  runnerOf(world, controller, { loop, onCommit: (ring) => world.store.onCommit(ring) })
  let left = 300
  loop.add('kubelets', () => { if (left > 0) world.put(aMap(`more${left--}`)); return left > 0 })
  loop.pump(() => true)
  assert.equal(looks.at(-1), 700)
  assert.ok(looks.length <= 6, `${looks.length} looks`)
})
