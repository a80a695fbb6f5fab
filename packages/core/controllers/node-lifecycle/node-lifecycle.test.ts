import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Resource } from '../../api/resource.ts'
import { leases, type Node, nodes, pods } from '../../api/resources.ts'
import { microTimestamp, timestamp } from '../../rules/time.ts'
import { anObject, aPod, dawn, testWorld } from '../builders.ts'
import { createRunner } from '../runner.ts'
import { taintEvictionController } from './eviction.ts'
import { nodeLifecycleController } from './reconcile.ts'

const aNode = (ready: string, spec: Partial<Node['spec']> = {}): Node =>
  anObject(nodes, 'a', { spec, status: { conditions: [{ type: 'Ready', status: ready, lastHeartbeatTime: timestamp(dawn), lastTransitionTime: timestamp(dawn) }] } })
const aLease = (renewed: number) => anObject(leases, 'a', { metadata: { namespace: 'kube-node-lease' }, spec: { renewTime: microTimestamp(renewed) } })
const taint = (key: string, effect: string, added = dawn) => ({ key: `node.kubernetes.io/${key}`, effect, timeAdded: timestamp(added) })

function watched(...objects: readonly Resource[]) {
  const world = testWorld()
  world.put(...objects)
  const runner = createRunner({ controllers: [nodeLifecycleController(), taintEvictionController], view: world.store.view, changes: (after) => world.store.changes(after), submit: world.submit, clock: world.clock })
  const settle = (): void => { for (let steps = 0; runner.step(); steps++) assert.ok(steps < 1000, 'settles') }
  settle()
  const until = (ms: number): void => { while (world.clock.advanceToNext(dawn + ms)) settle(); world.clock.advanceTo(dawn + ms); settle() }
  return { world, until, node: () => world.store.view.get(nodes, '', 'a'), podNames: () => [...world.store.view.list(pods)].map((pod) => pod.metadata.name) }
}

test('a node that renews its lease stays ready', () => {
  const { world, until, node } = watched(aNode('True'), aLease(dawn))
  for (let second = 10; second <= 200; second += 10) { until(second * 1000); world.put(aLease(dawn + second * 1000)) }
  assert.deepEqual([node()?.status.conditions?.[0]?.status, node()?.spec.taints, world.log.length], ['True', undefined, 0])
})

test('a node that falls silent is unknown and tainted after 40 s', () => {
  const { world, until, node } = watched(aNode('True'), aLease(dawn), aPod('p', { node: 'a', ready: dawn, spec: { tolerations: [{ operator: 'Exists' }] } }))
  until(39_999)
  assert.equal(node()?.status.conditions?.[0]?.status, 'True')
  until(40_000)
  const unknown = { status: 'Unknown', lastTransitionTime: timestamp(dawn + 40_000) }
  assert.deepEqual(node()?.status.conditions, [
    { type: 'Ready', ...unknown, reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.', lastHeartbeatTime: timestamp(dawn) },
    ...['MemoryPressure', 'DiskPressure', 'PIDPressure'].map((type) => ({ type, ...unknown, reason: 'NodeStatusNeverUpdated', message: 'Kubelet never posted node status.', lastHeartbeatTime: timestamp(dawn) })),
  ])
  assert.deepEqual(node()?.spec.taints, [taint('unreachable', 'NoSchedule', dawn + 40_000), taint('unreachable', 'NoExecute', dawn + 40_000)])
  assert.equal(world.store.view.get(pods, 'default', 'p')?.status.conditions?.[0]?.status, 'False')
})

test('a simulated node that is made to fail is lost 40 s later, and stays lost however long it is silent', () => {
  const { world, until, node } = watched(anObject(nodes, 'a', { metadata: { annotations: { 'skiff.dev/simulated': 'true' } }, spec: {}, status: { conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: timestamp(dawn), lastTransitionTime: timestamp(dawn) }] } }))
  until(100_000)
  world.update(nodes, 'a', (one) => ({ ...one, metadata: { ...one.metadata, annotations: { ...one.metadata.annotations, 'skiff.dev/failed-at': timestamp(dawn + 100_000) } } }))
  until(139_999)
  assert.equal(node()?.status.conditions?.[0]?.status, 'True')
  until(140_000)
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
