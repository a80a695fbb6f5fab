import assert from 'node:assert/strict'
import { test } from 'node:test'
import { controllerRevisions, type DaemonSet, daemonSets, type Node, nodes, pods } from '../../api/index.ts'
import { anObject } from '../builders.ts'
import { stage } from '../stage.ts'
import { nodeOf } from './pod.ts'
import { daemonSetController } from './reconcile.ts'

const template = (image: string, spec: object = {}) => ({ metadata: { labels: { app: 'agent' } }, spec: { containers: [{ name: 'c', image }], ...spec } })
const aSet = (spec: object = {}): DaemonSet => anObject(daemonSets, 'agent', {
  metadata: { generation: 1, annotations: { 'deprecated.daemonset.template.generation': '1' } },
  spec: { selector: { matchLabels: { app: 'agent' } }, template: template('agent:1'), updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } }, ...spec },
})
const aNode = (name: string, more: { labels?: Readonly<Record<string, string>>; taints?: readonly object[] } = {}): Node =>
  anObject(nodes, name, { metadata: { ...(more.labels && { labels: more.labels }) }, spec: { ...(more.taints && { taints: more.taints }) }, status: {} })
const at = (spec: object = {}, ...there: readonly Node[]) => {
  const on = stage([daemonSetController], ...(there.length > 0 ? there : [aNode('a'), aNode('b'), aNode('c')]), aSet(spec))
  const view = on.world.store.view
  const places = () => [...view.list(pods)].map((pod) => `${nodeOf(pod)} ${pod.spec.containers[0]?.image}`).toSorted()
  return {
    ...on, places,
    status: (): Partial<NonNullable<DaemonSet['status']>> => { const { observedGeneration: _generation, ...counts } = view.get(daemonSets, 'default', 'agent')?.status ?? {}; return counts },
    on: (node: string) => [...view.list(pods)].filter((pod) => nodeOf(pod) === node),
    readyAll: () => { for (const name of on.names((pod) => pod.status?.phase === 'Pending')) on.ready(name) },
    edit: (change: (spec: DaemonSet['spec']) => DaemonSet['spec']) => { on.world.update(daemonSets, 'agent', (before) => ({ ...before, metadata: { ...before.metadata, generation: (before.metadata.generation ?? 0) + 1 }, spec: change(before.spec) })); on.settle() },
    put: (node: Node) => { on.world.put(node); on.settle() },
  }
}

test('every node gets one pod, held to it by affinity, with the tolerations of a daemon', () => {
  const on = at()
  assert.deepEqual(on.places(), ['a agent:1', 'b agent:1', 'c agent:1'])
  const [pod] = on.on('b')
  assert.deepEqual(pod?.spec.affinity, { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['b'] }] }] } } })
  assert.deepEqual(pod?.spec.tolerations?.map(({ key, effect }) => `${key}:${effect}`), [
    'node.kubernetes.io/not-ready:NoExecute', 'node.kubernetes.io/unreachable:NoExecute', 'node.kubernetes.io/disk-pressure:NoSchedule',
    'node.kubernetes.io/memory-pressure:NoSchedule', 'node.kubernetes.io/pid-pressure:NoSchedule', 'node.kubernetes.io/unschedulable:NoSchedule',
  ])
  const [revision] = [...on.world.store.view.list(controllerRevisions)]
  const hash = revision?.metadata.labels?.['controller-revision-hash']
  assert.deepEqual([revision?.metadata.name, pod?.metadata.labels], [`agent-${hash}`, { app: 'agent', 'controller-revision-hash': hash, 'pod-template-generation': '1' }])
  assert.match(pod?.metadata.name ?? '', /^agent-[a-z0-9]{5}$/)
  assert.equal(on.news()[0], `SuccessfulCreate: Created pod: ${on.on('a')[0]?.metadata.name}`)
})
test('the status counts nodes', () => {
  const on = at()
  assert.deepEqual(on.status(), { desiredNumberScheduled: 3, currentNumberScheduled: 3, numberMisscheduled: 0, numberReady: 0, numberUnavailable: 3, updatedNumberScheduled: 3 })
  on.readyAll()
  assert.deepEqual(on.status(), { desiredNumberScheduled: 3, currentNumberScheduled: 3, numberMisscheduled: 0, numberReady: 3, numberAvailable: 3, updatedNumberScheduled: 3 })
})
test('a node that comes gets its pod; a pod that waits for a node that went is removed', () => {
  const on = at()
  on.put(aNode('d'))
  on.world.remove(nodes, 'a')
  on.settle()
  assert.deepEqual(on.places(), ['b agent:1', 'c agent:1', 'd agent:1'])
})
test('selectors and taints choose the nodes', () => {
  const taint = (effect: string) => ({ key: 'dedicated', value: 'x', effect })
  const there = [aNode('a', { labels: { disk: 'ssd' } }), aNode('b'), aNode('c', { labels: { disk: 'ssd' }, taints: [taint('NoSchedule')] }), aNode('d', { labels: { disk: 'ssd' }, taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }] })]
  const on = at({ template: template('agent:1', { nodeSelector: { disk: 'ssd' } }) }, ...there)
  assert.deepEqual(on.places(), ['a agent:1', 'd agent:1'])
  on.put(aNode('b', { labels: { disk: 'ssd' } }))
  // A pod that is there stays under NoSchedule, and goes under NoExecute.
  on.put(aNode('a', { labels: { disk: 'ssd' }, taints: [taint('NoSchedule')] }))
  assert.deepEqual(on.places(), ['a agent:1', 'b agent:1', 'd agent:1'])
  assert.equal(on.status().numberMisscheduled, 1)
  on.put(aNode('a', { labels: { disk: 'ssd' }, taints: [taint('NoExecute')] }))
  assert.deepEqual(on.places(), ['b agent:1', 'd agent:1'])
})
test('an update replaces one node at a time', () => {
  const on = at()
  on.readyAll()
  on.edit((spec) => ({ ...spec, template: template('agent:2') }))
  assert.deepEqual(on.places(), ['a agent:2', 'b agent:1', 'c agent:1'])
  assert.equal(on.status().updatedNumberScheduled, 1)
  on.readyAll()
  assert.deepEqual(on.places(), ['a agent:2', 'b agent:2', 'c agent:1'])
  on.readyAll()
  on.readyAll()
  assert.deepEqual(on.places(), ['a agent:2', 'b agent:2', 'c agent:2'])
})
test('a percentage rounds up, and pods that are down anyway go at once', () => {
  const on = at({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '40%' } } })
  for (const node of ['b', 'c']) on.ready(on.on(node)[0]?.metadata.name ?? '')
  on.edit((spec) => ({ ...spec, template: template('agent:2') }))
  assert.deepEqual(on.places(), ['a agent:2', 'b agent:2', 'c agent:1'])
})
test('with a surge the new pod comes before the old one goes', () => {
  const on = at({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } })
  on.readyAll()
  on.edit((spec) => ({ ...spec, template: template('agent:2') }))
  assert.deepEqual(on.places(), ['a agent:1', 'a agent:2', 'b agent:1', 'c agent:1'])
  on.readyAll()
  assert.deepEqual(on.places(), ['a agent:2', 'b agent:1', 'b agent:2', 'c agent:1'])
})
test('with a surge an old pod that is not ready any more goes before its successor is', () => {
  const on = at({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } }, aNode('a'))
  on.readyAll()
  on.edit((spec) => ({ ...spec, template: template('agent:2') }))
  assert.deepEqual(on.places(), ['a agent:1', 'a agent:2'])
  const old = on.on('a').find((pod) => pod.spec.containers[0]?.image === 'agent:1')?.metadata.name ?? ''
  on.world.update(pods, old, (pod) => ({ ...pod, status: { ...pod.status, conditions: [{ type: 'Ready', status: 'False' }] } }))
  on.settle()
  assert.deepEqual(on.places(), ['a agent:2'])
})
const closed = (name: string) => aNode(name, { taints: [{ key: 'dedicated', value: 'x', effect: 'NoSchedule' }] })
test('an update takes pods off nodes where none should come any more', () => {
  const on = at({}, aNode('a'), aNode('b'))
  on.readyAll()
  on.put(closed('b'))
  on.edit((spec) => ({ ...spec, template: template('agent:2') }))
  on.readyAll()
  on.readyAll()
  assert.deepEqual(on.places(), ['a agent:2'])
})
test('with a surge such a pod goes when there are enough others', () => {
  const on = at({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } }, aNode('a'), aNode('b'))
  on.ready(on.on('b')[0]?.metadata.name ?? '')
  on.put(closed('b'))
  on.edit((spec) => ({ ...spec, template: template('agent:2') }))
  assert.deepEqual(on.places(), ['a agent:2', 'b agent:1'])
  on.readyAll()
  assert.deepEqual(on.places(), ['a agent:2'])
})
test('a pod that has ended and is held back from going keeps no other away', () => {
  const on = at({}, aNode('a'))
  const [name = ''] = on.names()
  on.world.update(pods, name, (pod) => ({ ...pod, metadata: { ...pod.metadata, finalizers: ['test/hold'] } }))
  on.end(name, 'Failed')
  assert.deepEqual([on.names().length, on.on('a').filter((pod) => pod.status?.phase === 'Pending').length], [2, 1])
})
test('OnDelete replaces only what a user deletes', () => {
  const on = at({ updateStrategy: { type: 'OnDelete' } })
  on.edit((spec) => ({ ...spec, template: template('agent:2') }))
  on.world.remove(pods, on.on('b')[0]?.metadata.name ?? '')
  on.settle()
  assert.deepEqual(on.places(), ['a agent:1', 'b agent:2', 'c agent:1'])
})
test('a failed pod is replaced at once, the next one after a second, then two', () => {
  const on = at({}, aNode('a'))
  const fail = () => on.end(on.names((pod) => pod.status?.phase === 'Pending')[0] ?? '', 'Failed')
  const [first = ''] = on.names()
  on.news()
  fail()
  assert.deepEqual(on.news().slice(0, 2), [`FailedDaemonPod: Found failed daemon pod default/${first} on node a, will try to kill it`, `SuccessfulDelete: Deleted pod: ${first}`])
  const waitsFor = (ms: number) => {
    fail()
    assert.equal(on.names((pod) => pod.status?.phase === 'Failed').length, 1)
    on.advance(ms - 1)
    assert.equal(on.names((pod) => pod.status?.phase === 'Failed').length, 1)
    on.advance(1)
    assert.equal(on.names((pod) => pod.status?.phase === 'Failed').length, 0)
  }
  waitsFor(1000)
  waitsFor(2000)
})
test('a heartbeat wakes nobody', () => {
  const on = at()
  const before = on.runner.looks
  on.world.update(nodes, 'a', (node) => ({ ...node, status: { conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: '2026-01-01T00:00:10Z' }] } }))
  on.settle()
  assert.equal(on.runner.looks, before)
})
