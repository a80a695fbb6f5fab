import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Outcome } from '../api/action.ts'
import { leases, type Node, nodes } from '../api/resources.ts'
import { VirtualClock } from '../base/virtual-clock.ts'
import { createStore } from '../store/index.ts'
import { NodeKeeper } from './node-keeper.ts'
import { aCluster, aPod, aShape } from './test-cluster.ts'

test('what changes about a node while a write of it is on its way is looked at when the answer has come', () => {
  const answers: ((outcome: Outcome) => void)[] = []
  const looks: string[] = []
  const keeper = new NodeKeeper({ view: createStore().view, clock: new VirtualClock(0), submit: (_action, _actor, done) => { answers.push(done) } }, () => {}, (name) => { looks.push(name) })
  const shape = { name: 'a', simulated: true, address: '10.0.0.1', podCidr: '10.244.1.0/24', capacity: { cpu: '4', memory: '8Gi', pods: '110' } }
  keeper.look(shape)
  answers[0]?.({ revision: 1 })
  assert.deepEqual(looks, [])
  keeper.look(shape)
  keeper.look(shape)
  answers[1]?.({ revision: 2 })
  assert.deepEqual(looks, ['a'])
})

const dayMs = 86_400_000

test('simulated nodes renew leases that last four days, and their heartbeats, all at once and once a day', () => {
  const cluster = aCluster({ shapes: [aShape('a'), aShape('b')], simulatedReports: true })
  const startedAt = cluster.clock.now()
  cluster.pass(10_000)
  const lease = (name: string) => cluster.store.view.get(leases, 'kube-node-lease', name)?.spec
  const heartbeat = () => cluster.store.view.get(nodes, '', 'a')?.status.conditions?.find(({ type }) => type === 'Ready')?.lastHeartbeatTime
  assert.deepEqual([lease('a')?.holderIdentity, lease('a')?.leaseDurationSeconds, cluster.clock.freeze().timers.length], ['a', 345_600, 1])
  const written = cluster.store.view.revision
  cluster.pass(dayMs)
  const due = (Math.floor(startedAt / dayMs) + 1) * dayMs
  assert.deepEqual([lease('a')?.renewTime, lease('b')?.renewTime, heartbeat()], [`${new Date(due).toISOString().slice(0, -1)}000Z`, `${new Date(due).toISOString().slice(0, -1)}000Z`, new Date(due).toISOString().replace('.000', '')])
  assert.equal(cluster.store.view.revision - written, 4)
})

test('a real node does as was said of its kubelet: how long its lease lasts, how often it reports, and whether it registers', () => {
  const told = { leaseSeconds: 80, statusUpdateMs: 20_000, statusReportMs: 60_000 }
  const cluster = aCluster({ shapes: [{ ...aShape('a'), simulated: false, kubelet: told }, { ...aShape('b'), simulated: false, kubelet: { register: false } }] })
  const lease = () => cluster.store.view.get(leases, 'kube-node-lease', 'a')?.spec
  const heartbeat = () => cluster.store.view.get(nodes, '', 'a')?.status.conditions?.find(({ type }) => type === 'Ready')?.lastHeartbeatTime
  cluster.pass(1_000)
  const [renewed, reported] = [lease()?.renewTime, heartbeat()]
  assert.deepEqual([lease()?.leaseDurationSeconds, cluster.store.view.get(nodes, '', 'b')], [80, undefined])
  cluster.pass(18_000)
  assert.equal(lease()?.renewTime, renewed)
  cluster.pass(4_000)
  assert.notEqual(lease()?.renewTime, renewed)
  assert.equal(heartbeat(), reported)
  cluster.pass(60_000)
  assert.notEqual(heartbeat(), reported)
})

test('without reports an idle simulated node has no lease and nothing ticks', () => {
  const cluster = aCluster({ shapes: [aShape('a')] })
  cluster.pass(10_000)
  assert.deepEqual([[...cluster.store.view.list(leases)].length, cluster.clock.freeze().timers.length], [0, 0])
})

test('a simulated node tells of its images soon after they came, once for all of them', () => {
  const cluster = aCluster({ shapes: [aShape('a')], simulatedReports: true })
  cluster.pass(10_000)
  cluster.put(aPod({ spec: { nodeName: 'a', containers: [{ name: 'one', image: 'web:1' }, { name: 'two', image: 'nginx' }] } }))
  cluster.pass(9_000)
  const names = () => cluster.store.view.get(nodes, '', 'a')?.status.images?.map((image) => image.names?.at(-1)).toSorted()
  assert.equal(names(), undefined)
  cluster.pass(2_000)
  assert.deepEqual(names(), ['docker.io/library/nginx:latest', 'docker.io/library/web:1'])
})

test('a real node tells that its kubelet has started and how it stands, once, and of each change of its readiness; a simulated one of those only', () => {
  const cluster = aCluster({ shapes: [{ ...aShape('a'), simulated: false }, aShape('b')] })
  cluster.pass(60_000)
  const status = (event: string): string => `Normal ${event} Node a status is now: ${event}`
  const begun = ['Normal Starting Starting kubelet.', status('NodeHasSufficientMemory'), status('NodeHasNoDiskPressure'), status('NodeHasSufficientPID'), 'Normal NodeAllocatableEnforced Updated Node Allocatable limit across pods']
  assert.deepEqual(cluster.events, begun)
  for (const name of ['a', 'b']) {
    const node = cluster.store.view.get(nodes, '', name)
    assert.ok(node !== undefined)
    cluster.put({ ...node, status: { ...node.status, conditions: node.status.conditions?.map((each) => (each.type === 'Ready' ? { ...each, status: 'Unknown' } : each)) } } as Node)
  }
  cluster.pass(1_000)
  assert.deepEqual(cluster.events, [...begun, status('NodeReady'), 'Normal NodeReady Node b status is now: NodeReady'])
})
