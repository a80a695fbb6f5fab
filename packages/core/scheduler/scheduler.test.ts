import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodes, type PersistentVolume, persistentVolumeClaims, persistentVolumes, pods, storageClasses } from '../api/resources.ts'
import { seededRandom } from '../base/index.ts'
import { aNode, anObject, aPod, dawn, schedulingWorld } from './builders.ts'
import { NodeTable } from './nodes.ts'
import { nodesToFind } from './select.ts'

test('a pod is bound to a node that has room, and told about', () => {
  const world = schedulingWorld([aNode('small', { cpu: '1' }), aNode('large'), aPod('web', { requests: { cpu: '2' } })])
  assert.equal(world.nodeOf('web'), 'large')
  assert.deepEqual(world.events, ['Scheduled: Successfully assigned default/web to large'])
  assert.deepEqual(world.log[0], {
    do: 'invoke', key: { resource: 'pods', namespace: 'default', name: 'web' }, subresource: 'binding',
    body: { apiVersion: 'v1', kind: 'Binding', metadata: { namespace: 'default', name: 'web', uid: 'uid-web' }, target: { kind: 'Node', name: 'large' } },
  })
})

test('pods spread over equal nodes', () => {
  const world = schedulingWorld([...['a', 'b', 'c'].map((name) => aNode(name)), ...Array.from({ length: 9 }, (_, number) => aPod(`p${number}`, { requests: { cpu: '100m', memory: '100Mi' } }))])
  const perNode = Object.groupBy([...world.store.view.list(pods)], (pod) => pod.spec.nodeName ?? '')
  assert.deepEqual(['a', 'b', 'c'].map((name) => perNode[name]?.length), [3, 3, 3])
})

const taint = { key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }
const zones = [aNode('a', { labels: { zone: 'x' } }), aNode('b', { labels: { zone: 'y' } })]
const near = (topologyKey: string) => ({ requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey, labelSelector: { matchLabels: { app: 'db' } } }] })
for (const [name, objects, expected] of [
  ['a cordoned node takes nothing', [aNode('a', { spec: { unschedulable: true } }), aNode('b'), aPod('p')], 'b'],
  ['a tainted node takes what tolerates it', [aNode('a', { spec: { taints: [taint] } }), aPod('p', { spec: { tolerations: [{ key: 'dedicated', operator: 'Exists' }] } })], 'a'],
  ['a PreferNoSchedule taint is avoided', [aNode('a', { spec: { taints: [{ ...taint, effect: 'PreferNoSchedule' }] } }), aNode('b', { cpu: '3' }), aPod('p')], 'b'],
  ['nodeSelector', [...zones, aPod('p', { spec: { nodeSelector: { zone: 'y' } } })], 'b'],
  ['preferred node affinity', [...zones, aPod('p', { spec: { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 10, preference: { matchExpressions: [{ key: 'zone', operator: 'In', values: ['y'] }] } }] } } } })], 'b'],
  ['a name in matchFields', [...zones, aPod('p', { spec: { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['b'] }] }] } } } } })], 'b'],
  ['a host port that is taken', [aNode('a'), aNode('b', { cpu: '1' }), aPod('q', { ports: [80], spec: { nodeName: 'a' } }), aPod('p', { ports: [80] })], 'b'],
  ['an extended resource', [aNode('a'), aNode('b', { more: { 'example.com/gpu': '1' } }), aPod('p', { requests: { 'example.com/gpu': '1' } })], 'b'],
  ['near another pod', [...zones, aPod('db', { labels: { app: 'db' }, spec: { nodeName: 'b' } }), aPod('p', { spec: { affinity: { podAffinity: near('zone') } } })], 'b'],
  ['the first of a group that wants to be near itself', [...zones.slice(1), aPod('p', { labels: { app: 'db' }, spec: { affinity: { podAffinity: near('zone') } } })], 'b'],
  ['apart from another pod', [...zones, aPod('db', { labels: { app: 'db' }, spec: { nodeName: 'a' } }), aPod('p', { spec: { affinity: { podAntiAffinity: near('zone') } } })], 'b'],
  ['apart from a pod that wants nobody near', [...zones, aPod('shy', { spec: { nodeName: 'a', affinity: { podAntiAffinity: near('zone') } } }), aPod('p', { labels: { app: 'db' } })], 'b'],
  ['preferred pod affinity', [...zones, aPod('db', { labels: { app: 'db' }, spec: { nodeName: 'b' } }), aPod('p', { spec: { affinity: { podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'db' } } } }] } } } })], 'b'],
  ['another scheduler\'s pod is left alone', [aNode('a'), aPod('p', { spec: { schedulerName: 'mine' } })], undefined],
  ['a gated pod is left alone', [aNode('a'), aPod('p', { spec: { schedulingGates: [{ name: 'wait' }] } })], undefined],
] as const) test(name, () => assert.equal(schedulingWorld(objects).nodeOf('p'), expected))

const help = (number: number, of: number): string => `no new claims to deallocate, preemption: 0/${of} nodes are available: ${number} Preemption is not helpful for scheduling.`
for (const [name, objects, message] of [
  ['no nodes', [], 'no nodes available to schedule pods'],
  ['not enough free', [aNode('a', { cpu: '1' }), aPod('q', { requests: { cpu: '600m' }, spec: { nodeName: 'a' } }), aPod('p', { requests: { cpu: '500m' } })],
    '0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.'],
  ['never enough', [aNode('a', { cpu: '1', memory: '1Gi', pods: '0' }), aPod('p', { requests: { cpu: '2', memory: '2Gi' } })],
    `0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory, 1 Too many pods. ${help(1, 1)}`],
  ['different reasons', [aNode('a', { spec: { unschedulable: true } }), aNode('b', { spec: { taints: [taint] } }), aNode('c', { pods: '0' }), aPod('p')],
    '0/3 nodes are available: 1 Too many pods, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable. no new claims to deallocate, preemption: 0/3 nodes are available: 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.'],
  ['a taint without a value', [aNode('a', { spec: { taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }] } }), aPod('p')],
    `0/1 nodes are available: 1 node(s) had untolerated taint(s). ${help(1, 1)}`],
  ['the wrong labels', [aNode('a'), aPod('p', { spec: { nodeSelector: { zone: 'y' } } })], `0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. ${help(1, 1)}`],
  ['a DaemonSet\'s pod whose node is full', [aNode('a', { pods: '0' }), aNode('b'), aPod('p', { spec: { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a'] }] }] } } } } })],
    "0/2 nodes are available: 1 Too many pods, 1 node(s) didn't satisfy plugin(s) [NodeAffinity]. no new claims to deallocate, preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling."],
  ['a claim that is not there', [aNode('a'), aPod('p', { spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] } })], `0/1 nodes are available: persistentvolumeclaim "data" not found. ${help(1, 1)}`],
  ['pods that never preempt', [aNode('a', { pods: '0' }), aPod('p', { spec: { preemptionPolicy: 'Never' } })], '0/1 nodes are available: 1 Too many pods. no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never.'],
] as const) {
  test(`why not: ${name}`, () => {
    const world = schedulingWorld(objects.length > 0 ? objects : [aPod('p')])
    assert.deepEqual(world.pod('p')?.status.conditions, [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message, lastTransitionTime: '2026-01-01T00:00:00Z' }])
    assert.deepEqual(world.events, [`FailedScheduling: ${message}`])
  })
}

test('a pod that did not fit is tried again when something may help, after those that were not tried yet, and need not wait where there are none', () => {
  const world = schedulingWorld([aNode('a', { cpu: '1' }), aPod('q', { requests: { cpu: '1' }, spec: { nodeName: 'a' } }), aPod('p', { requests: { cpu: '1' } })])
  world.put(aNode('b', { cpu: '100m' }), aPod('small', { requests: { cpu: '100m' } }))
  world.settle()
  assert.deepEqual(world.events.slice(1).map((event) => event.split(':')[0]), ['Scheduled', 'FailedScheduling'])
  world.remove(pods, 'q')
  world.settle()
  assert.deepEqual([world.nodeOf('p'), world.clock.now()], ['a', dawn])
})

test('of those that back off until about the same second, the most important goes first', () => {
  const world = schedulingWorld([aNode('a', { cpu: '1' }), aPod('q', { requests: { cpu: '1' }, spec: { nodeName: 'a', priority: 99 } }), aPod('low', { requests: { cpu: '1' } })])
  world.clock.advanceTo(dawn + 10)
  world.put(aPod('high', { requests: { cpu: '1' }, spec: { priority: 9 } }))
  world.settle()
  world.remove(pods, 'q')
  world.settle()
  assert.deepEqual([world.nodeOf('high'), world.nodeOf('low')], ['a', undefined])
})

test('the first node wakes those that found none', () => {
  const world = schedulingWorld([aPod('p')])
  world.put(aNode('a'))
  world.clock.advanceTo(dawn + 1000)
  world.settle()
  assert.equal(world.nodeOf('p'), 'a')
})

test('a pod that must be near another goes when that has come', () => {
  const world = schedulingWorld([...zones, aPod('p', { spec: { affinity: { podAffinity: near('zone') } } })])
  assert.equal(world.nodeOf('p'), undefined)
  world.put(aPod('db', { labels: { app: 'db' }, spec: { nodeSelector: { zone: 'y' } } }))
  world.settle()
  world.clock.advanceTo(dawn + 1000)
  world.settle()
  assert.equal(world.nodeOf('p'), 'b')
})

test('counts follow when a node with pods moves to another zone', () => {
  const world = schedulingWorld([...zones, aPod('db', { labels: { app: 'db' }, spec: { nodeName: 'a' } }), aPod('q', { spec: { nodeName: 'b', affinity: { podAffinity: near('zone') } } })])
  world.put(aNode('a', { labels: { zone: 'y' } }), aNode('b', { labels: { zone: 'x' } }), aPod('p', { spec: { affinity: { podAntiAffinity: near('zone') } } }))
  world.settle()
  assert.equal(world.nodeOf('p'), 'b')
})

test('what changes nothing wakes nobody', () => {
  const world = schedulingWorld([aNode('a', { cpu: '1' }), aPod('q', { spec: { nodeName: 'a' } }), aPod('p', { requests: { cpu: '2' } })])
  const node = aNode('a', { cpu: '1' })
  world.put({ ...node, metadata: { ...node.metadata, annotations: { seen: 'now' } } } as typeof node)
  world.settle()
  world.clock.advanceTo(dawn + 60_000)
  world.settle()
  assert.deepEqual([world.events.length, world.clock.nextDue()], [1, dawn + 300_000])
})

test('the most important pod goes first, then the one that came first', () => {
  const world = schedulingWorld([])
  world.put(aNode('a', { cpu: '1' }), aPod('a-low', { requests: { cpu: '1' } }), aPod('z-high', { requests: { cpu: '1' }, spec: { priority: 10 } }))
  world.settle()
  assert.deepEqual([world.nodeOf('a-low'), world.nodeOf('z-high')], [undefined, 'a'])
})

test('who has waited for five minutes is tried again all the same', () => {
  const world = schedulingWorld([aNode('a', { cpu: '1' }), aPod('p', { requests: { cpu: '2' } })])
  world.clock.advanceTo(dawn + 299_999)
  world.settle()
  assert.equal(world.events.length, 1)
  world.clock.advanceTo(dawn + 300_000)
  world.settle()
  assert.deepEqual([world.events.length, world.clock.nextDue()], [2, dawn + 600_000])
  world.remove(pods, 'p')
  world.settle()
  assert.equal(world.clock.nextDue(), undefined)
})

test('of equally important pods, the one whose last attempt was before the other came goes first', () => {
  const world = schedulingWorld([aNode('a', { cpu: '1' }), aPod('q', { requests: { cpu: '1' }, spec: { nodeName: 'a' } }), aPod('early', { requests: { cpu: '1' } })])
  world.clock.advanceTo(dawn + 5000)
  world.remove(pods, 'q')
  world.put(aPod('late', { requests: { cpu: '1' } }))
  world.settle()
  assert.deepEqual([world.nodeOf('early'), world.nodeOf('late')], ['a', undefined])
})

test('a fork waits on as its origin does', () => {
  const objects = [aNode('a', { cpu: '1' }), aPod('q', { requests: { cpu: '1' }, spec: { nodeName: 'a' } }), aPod('p', { requests: { cpu: '1' } }), aPod('r', { requests: { cpu: '1' } })]
  const world = schedulingWorld(objects)
  world.clock.advanceTo(dawn + 200)
  world.refuse = (action) => (action.do === 'invoke' ? { refused: true, code: 500, reason: 'InternalError', message: 'no' } : undefined)
  world.remove(pods, 'q')
  world.settle()
  // Both fitted, and could not be bound: that has to wait.
  const frozen = world.scheduler.freeze()
  world.scheduler.thaw(frozen)
  assert.equal(world.scheduler.step(), false)
  assert.deepEqual([world.scheduler.freeze(), world.events.length], [frozen, 4])
  world.refuse = undefined
  world.clock.advanceTo(dawn + 2199)
  world.settle()
  assert.deepEqual([world.nodeOf('p'), world.nodeOf('r')], [undefined, undefined])
  world.clock.advanceTo(dawn + 2200)
  world.settle()
  assert.deepEqual([world.nodeOf('p'), world.nodeOf('r')], ['a', undefined])
})

test('a pod without its last gate is scheduled', () => {
  const gated = aPod('p', { spec: { schedulingGates: [{ name: 'wait' }] } })
  const world = schedulingWorld([aNode('a'), gated])
  world.put(aPod('p'))
  world.settle()
  assert.equal(world.nodeOf('p'), 'a')
})

test('a binding that is refused gives the room back and is tried again', () => {
  const world = schedulingWorld([aNode('a', { cpu: '1' })])
  world.refuse = (action) => (action.do === 'invoke' ? { refused: true, code: 500, reason: 'InternalError', message: 'no' } : undefined)
  world.put(aPod('p', { requests: { cpu: '1' } }))
  world.settle()
  assert.deepEqual(world.pod('p')?.status.conditions?.map(({ status, reason, message }) => [status, reason, message]), [['False', 'SchedulerError', 'running Bind plugin "DefaultBinder": no']])
  world.refuse = undefined
  world.clock.advanceTo(dawn + 1000)
  world.settle()
  assert.deepEqual([world.nodeOf('p'), world.events], ['a', ['FailedScheduling: running Bind plugin "DefaultBinder": no', 'Scheduled: Successfully assigned default/p to a']])
})

const late = anObject(storageClasses, 'late', { provisioner: 'skiff.dev/local', volumeBindingMode: 'WaitForFirstConsumer' })
const claim = (fields: Readonly<Record<string, unknown>> = {}) => anObject(persistentVolumeClaims, 'data', {
  spec: { storageClassName: 'late', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...fields }, status: { phase: 'volumeName' in fields ? 'Bound' : 'Pending' },
})
const user = aPod('p', { spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] } })
const volume = (name: string, node: string, fields: Readonly<Record<string, unknown>> = {}): PersistentVolume => anObject(persistentVolumes, name, {
  spec: { storageClassName: 'late', accessModes: ['ReadWriteOnce'], capacity: { storage: '2Gi' }, nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] }] } }, ...fields },
  status: { phase: 'Available' },
})

test('a claim that waits for its first consumer learns the node, and the pod follows when it is bound', () => {
  const world = schedulingWorld([aNode('a', { cpu: '1' }), aNode('b'), late, claim(), user])
  const told = world.store.view.get(persistentVolumeClaims, 'default', 'data')
  assert.deepEqual([told?.metadata.annotations, world.nodeOf('p'), world.events], [{ 'volume.kubernetes.io/selected-node': 'b' }, undefined, []])
  world.put(volume('made', 'b'), claim({ volumeName: 'made' }))
  world.settle()
  assert.equal(world.nodeOf('p'), 'b')
})

test('a volume that is there is set aside for the claim', () => {
  const world = schedulingWorld([aNode('a', { cpu: '1' }), aNode('b'), anObject(storageClasses, 'late', { provisioner: 'kubernetes.io/no-provisioner', volumeBindingMode: 'WaitForFirstConsumer' }), claim(), volume('disk', 'a'), user])
  assert.deepEqual(world.store.view.get(persistentVolumes, '', 'disk')?.spec.claimRef, { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: 'default', name: 'data', uid: 'uid-data' })
  assert.equal(world.store.view.get(persistentVolumeClaims, 'default', 'data')?.metadata.annotations?.['volume.kubernetes.io/selected-node'], 'a')
})

test('a bound volume keeps its pod on its node', () => {
  const world = schedulingWorld([aNode('a', { spec: { unschedulable: true } }), aNode('b'), late, claim({ volumeName: 'disk' }), volume('disk', 'a'), user])
  assert.deepEqual(world.events, [`FailedScheduling: 0/2 nodes are available: 1 node(s) didn't match PersistentVolume's node affinity, 1 node(s) were unschedulable. ${help(2, 2)}`])
})

test('few nodes are all looked at, many are sampled', () => {
  assert.deepEqual([50, 100, 1000, 5000, 10_000].map((count) => nodesToFind(count)), [50, 100, 420, 500, 500])
  assert.deepEqual([50, 200, 1000].map((count) => nodesToFind(count, 30)), [50, 100, 300])
})

test('the columns kept from changes are those of a table built anew', () => {
  const random = seededRandom(7)
  const world = schedulingWorld([])
  for (let round = 0; round < 400; round++) {
    const name = `n${random.below(12)}`
    const pod = `p${random.below(60)}`
    if (random.chance(0.2)) world.put(aNode(name, { cpu: String(1 + random.below(8)), labels: { zone: `z${random.below(3)}` }, more: random.chance(0.3) ? { 'example.com/gpu': '2' } : {} }))
    else if (random.chance(0.05)) world.remove(nodes, name)
    else if (random.chance(0.2)) world.remove(pods, pod)
    else if (world.pod(pod) === undefined) world.put(aPod(pod, { requests: { cpu: `${random.below(900)}m`, ...(random.chance(0.1) && { 'example.com/gpu': '1' }) }, labels: { app: 'db' } }))
    else if (random.chance(0.1)) { const there = world.pod(pod); if (there?.spec.nodeName) world.put({ ...there, status: { phase: 'Succeeded' } } as typeof there) }
    world.settle()
    const fresh = new NodeTable()
    for (const node of world.store.view.list(nodes)) fresh.put(node)
    for (const each of world.store.view.list(pods)) if (each.spec.nodeName) fresh.place(each, each.spec.nodeName)
    assert.deepEqual(world.scheduler.nodes.dump(), fresh.dump())
  }
})
