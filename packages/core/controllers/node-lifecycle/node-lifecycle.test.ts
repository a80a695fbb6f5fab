import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Resource } from '../../api/resource.ts'
import { leases, type Node, nodes, pods } from '../../api/resources.ts'
import { microTimestamp, timestamp } from '../../rules/time.ts'
import { anObject, aPod, dawn, testWorld } from '../builders.ts'
import { createRunner } from '../runner.ts'
import { taintEvictionController } from './eviction.ts'
import { nodeLifecycleController } from './reconcile.ts'
import { zoneEvictionController } from './zones.ts'

const aNode = (ready: string, spec: Partial<Node['spec']> = {}): Node =>
  anObject(nodes, 'a', { spec, status: { conditions: [{ type: 'Ready', status: ready, lastHeartbeatTime: timestamp(dawn), lastTransitionTime: timestamp(dawn) }] } })
const aLease = (renewed: number) => anObject(leases, 'a', { metadata: { namespace: 'kube-node-lease' }, spec: { renewTime: microTimestamp(renewed) } })
const taint = (key: string, effect: string, added = dawn) => ({ key: `node.kubernetes.io/${key}`, effect, timeAdded: timestamp(added) })

function watched(...objects: readonly Resource[]) {
  const world = testWorld()
  // Another node that is well: else nothing answers any more, and nobody is driven off.
  world.put(anObject(nodes, 'well', { metadata: { annotations: { 'skiff.dev/simulated': 'true' } }, spec: {}, status: { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: timestamp(dawn) }] } }), ...objects)
  const runner = createRunner({ controllers: [nodeLifecycleController(), zoneEvictionController, taintEvictionController], view: world.store.view, changes: (after) => world.store.changes(after), submit: world.submit, clock: world.clock })
  const settle = (): void => { for (let steps = 0; runner.step(); steps++) assert.ok(steps < 1000, 'settles') }
  settle()
  // That the nodes were seen.
  world.events.splice(0, world.events.length, ...world.events.filter((event) => !event.startsWith('RegisteredNode')))
  const until = (ms: number): void => { while (world.clock.advanceToNext(dawn + ms)) settle(); world.clock.advanceTo(dawn + ms); settle() }
  return { world, until, node: () => world.store.view.get(nodes, '', 'a'), podNames: () => [...world.store.view.list(pods)].map((pod) => pod.metadata.name) }
}

test('a node that renews its lease stays ready', () => {
  const { world, until, node } = watched(aNode('True'), aLease(dawn))
  world.log.splice(0)
  for (let second = 10; second <= 200; second += 10) { until(second * 1000); world.put(aLease(dawn + second * 1000)) }
  assert.deepEqual([node()?.status.conditions?.[0]?.status, node()?.spec.taints, world.log.length], ['True', undefined, 0])
})

test('a node that comes and one that goes are told of, once', () => {
  const { world, until } = watched()
  world.put(aNode('True'), aLease(dawn))
  until(1000)
  world.put(aNode('False'))
  until(2000)
  world.remove(nodes, 'a')
  until(3000)
  world.put({ ...aNode('True'), metadata: { ...aNode('True').metadata, name: 'old', uid: 'old', creationTimestamp: timestamp(dawn - 3_600_000) } })
  until(4000)
  assert.deepEqual(world.events, ['RegisteredNode: Node a event: Registered Node a in Controller', 'RemovingNode: Node a event: Removing Node a from Controller'])
})

test('a node that falls silent is unknown and tainted after 50 s', () => {
  const { world, until, node } = watched(aNode('True'), aLease(dawn), aPod('p', { node: 'a', ready: dawn, spec: { tolerations: [{ operator: 'Exists' }] } }))
  until(49_999)
  assert.equal(node()?.status.conditions?.[0]?.status, 'True')
  until(50_000)
  const unknown = { status: 'Unknown', lastTransitionTime: timestamp(dawn + 50_000) }
  assert.deepEqual(node()?.status.conditions, [
    { type: 'Ready', ...unknown, reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.', lastHeartbeatTime: timestamp(dawn) },
    ...['MemoryPressure', 'DiskPressure', 'PIDPressure'].map((type) => ({ type, ...unknown, reason: 'NodeStatusNeverUpdated', message: 'Kubelet never posted node status.', lastHeartbeatTime: timestamp(dawn) })),
  ])
  assert.deepEqual(node()?.spec.taints, [taint('unreachable', 'NoSchedule', dawn + 50_000), taint('unreachable', 'NoExecute', dawn + 50_000)])
  assert.equal(world.store.view.get(pods, 'default', 'p')?.status.conditions?.[0]?.status, 'False')
})

test('a simulated node that is made to fail is lost 50 s later, and stays lost however long it is silent', () => {
  const { world, until, node } = watched(anObject(nodes, 'a', { metadata: { annotations: { 'skiff.dev/simulated': 'true' } }, spec: {}, status: { conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: timestamp(dawn), lastTransitionTime: timestamp(dawn) }] } }))
  until(100_000)
  world.update(nodes, 'a', (one) => ({ ...one, metadata: { ...one.metadata, annotations: { ...one.metadata.annotations, 'skiff.dev/failed-at': timestamp(dawn + 100_000) } } }))
  until(149_999)
  assert.equal(node()?.status.conditions?.[0]?.status, 'True')
  until(150_000)
  assert.equal(node()?.status.conditions?.[0]?.status, 'Unknown')
})

test('taints follow the conditions and leave others\' taints alone', () => {
  const mine = { key: 'dedicated', effect: 'NoSchedule' }
  const { world, until, node } = watched(aNode('False', { taints: [mine], unschedulable: true }))
  assert.deepEqual(node()?.spec.taints, [mine, taint('not-ready', 'NoSchedule'), taint('unschedulable', 'NoSchedule'), taint('not-ready', 'NoExecute')])
  world.update(nodes, 'a', (one) => ({ ...one, spec: { taints: one.spec.taints ?? [] }, status: { conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: timestamp(dawn) }, { type: 'DiskPressure', status: 'True' }] } }))
  until(1000)
  assert.deepEqual(node()?.spec.taints, [mine, taint('disk-pressure', 'NoSchedule', dawn + 1000)])
})

test('pods leave when they no longer tolerate the taint', () => {
  const tolerations = (tolerationSeconds?: number) => ({ tolerations: [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', ...(tolerationSeconds !== undefined && { tolerationSeconds }) }] })
  const { until, podNames, world } = watched(aNode('False'), aLease(dawn + 1_000_000), aPod('never', { node: 'a', spec: tolerations() }), aPod('later', { node: 'a', spec: tolerations(300) }), aPod('soon', { node: 'a' }), aPod('elsewhere', { node: 'b' }))
  assert.deepEqual([podNames(), world.events], [['elsewhere', 'later', 'never'], ['TaintManagerEviction: Marking for deletion Pod default/soon']])
  until(299_999)
  assert.equal(podNames().length, 3)
  until(300_000)
  assert.deepEqual(podNames(), ['elsewhere', 'never'])
})

/** Nodes of zones, simulated, that fall silent when they are told to. */
const zoned = (zone: string, count: number): readonly Node[] => Array.from({ length: count }, (_, n) =>
  anObject(nodes, `${zone}${String(n).padStart(2, '0')}`, { metadata: { labels: { 'topology.kubernetes.io/zone': zone }, annotations: { 'skiff.dev/simulated': 'true' } }, spec: {}, status: { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: timestamp(dawn) }] } }))

function zones(counts: Readonly<Record<string, number>>) {
  const world = testWorld()
  world.put(...Object.entries(counts).flatMap(([zone, count]) => zoned(zone, count)))
  const runner = createRunner({ controllers: [nodeLifecycleController(), zoneEvictionController], view: world.store.view, changes: (after) => world.store.changes(after), submit: world.submit, clock: world.clock })
  const settle = (): void => { for (let steps = 0; runner.step(); steps++) assert.ok(steps < 5000, 'settles') }
  settle()
  const mark = (instant: number | undefined, names: readonly string[]): void => { for (const name of names) world.update(nodes, name, (one) => ({ ...one, metadata: { ...one.metadata, annotations: { 'skiff.dev/simulated': 'true', ...(instant !== undefined && { 'skiff.dev/failed-at': timestamp(instant) }) } } })); settle() }
  const driven = (): readonly string[] => [...world.store.view.list(nodes)].filter(({ spec }) => spec.taints?.some(({ effect }) => effect === 'NoExecute')).map(({ metadata }) => metadata.name)
  return {
    world, driven, fail: (...names: readonly string[]) => { mark(world.clock.now(), names) },
    /** Their kubelets speak again: they say that they are ready. */
    recover: (...names: readonly string[]) => {
      mark(undefined, names)
      for (const name of names) world.update(nodes, name, (one) => ({ ...one, status: { conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: timestamp(world.clock.now()), lastTransitionTime: timestamp(world.clock.now()) }] } }))
      settle()
    },
    until: (ms: number): void => { while (world.clock.advanceToNext(dawn + ms)) settle(); world.clock.advanceTo(dawn + ms); settle() },
  }
}
const named = (zone: string, count: number): readonly string[] => Array.from({ length: count }, (_, n) => `${zone}${String(n).padStart(2, '0')}`)

test('of several nodes that are lost at once, one in ten seconds has its pods driven off, in each zone', () => {
  const { driven, fail, until } = zones({ a: 10, b: 10 })
  fail(...named('a', 3), 'b00')
  until(50_000)
  assert.deepEqual(driven(), ['a00', 'b00'])
  until(59_999)
  assert.equal(driven().length, 2)
  until(60_000)
  assert.deepEqual(driven(), ['a00', 'a01', 'b00'])
  until(70_000)
  assert.deepEqual(driven(), ['a00', 'a01', 'a02', 'b00'])
})

test('where most of a small zone is down nobody is driven off, in a large one ten times more slowly; a zone that is lost as a whole is emptied', () => {
  const small = zones({ a: 10, b: 10 })
  small.fail(...named('a', 6))
  small.until(1_000_000)
  assert.deepEqual(small.driven(), [])
  small.recover('a05')
  assert.deepEqual(small.driven(), ['a00'])
  const large = zones({ a: 60, b: 1 })
  large.fail(...named('a', 40))
  large.until(249_999)
  assert.deepEqual(large.driven(), ['a00', 'a01'])
  large.until(250_000)
  assert.equal(large.driven().length, 3)
  const lost = zones({ a: 3, b: 3 })
  lost.fail(...named('a', 3))
  lost.until(70_000)
  assert.deepEqual(lost.driven(), named('a', 3))
})

test('when all nodes are lost nobody is driven off any more, until one is back', () => {
  const { driven, fail, until, recover } = zones({ a: 2, b: 2 })
  fail('a00')
  until(50_000)
  assert.deepEqual(driven(), ['a00'])
  fail('a01', 'b00', 'b01')
  until(100_000)
  assert.deepEqual(driven(), [])
  recover('b01')
  assert.deepEqual(driven(), ['a00', 'b00'])
  until(110_000)
  assert.deepEqual(driven(), ['a00', 'a01', 'b00'])
  recover('a00', 'a01', 'b00')
  assert.deepEqual(driven(), [])
})

test('a taint that goes in time cancels the eviction, and says so', () => {
  const tolerating = { tolerations: [{ key: 'example.com/out', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 60 }] }
  const { world, until, podNames } = watched(aNode('True', { taints: [{ key: 'example.com/out', effect: 'NoExecute', timeAdded: timestamp(dawn) }] }), aLease(dawn + 300_000), aPod('p', { node: 'a', phase: 'Running', spec: tolerating }))
  until(30_000)
  world.update(nodes, 'a', (node) => ({ ...node, spec: {} }))
  until(120_000)
  assert.deepEqual([podNames(), world.events], [['p'], ['TaintManagerEviction: Cancelling deletion of Pod default/p']])
})
