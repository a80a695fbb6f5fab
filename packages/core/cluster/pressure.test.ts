// Nodes short of memory or disk, as pods' scripts make them: conditions, taints, who goes, what is told.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { events, nodes, type Pod, pods } from '../api/index.ts'
import { createCluster, type VirtualCluster } from './index.ts'

const pod = (name: string, annotations: Readonly<Record<string, string>>, more = ''): string => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}, annotations: ${JSON.stringify(annotations)}}
spec:
  containers:
    - {name: main, image: 'web:1'${more}}
`
const podOf = (cluster: VirtualCluster, name: string): Pod | undefined => cluster.list(pods, 'default').find(({ metadata }) => metadata.name === name)
const conditionOf = (cluster: VirtualCluster, type: string): string | undefined => cluster.list(nodes)[0]?.status.conditions?.find((one) => one.type === type)?.status
const taints = (cluster: VirtualCluster): readonly string[] => (cluster.list(nodes)[0]?.spec.taints ?? []).map(({ key, effect }) => `${key}:${effect}`)
const told = (cluster: VirtualCluster, reason: string): readonly string[] => cluster.list(events, 'default').filter((event) => event.reason === reason).map(({ involvedObject, message }) => `${involvedObject.kind} ${involvedObject.name}: ${message}`)

test('memory: the greediest without a request goes, the node is tainted, and is free of it five minutes after', () => {
  const cluster = createCluster({ nodes: [{ name: 'small', count: 1, cpu: '4', memory: '1Gi' }] })
  cluster.apply([pod('steady', { 'skiff.dev/memory': '200Mi' }, ", resources: {requests: {memory: 300Mi}}"), pod('leaks', { 'skiff.dev/memory': 'ramp(10Mi..2Gi/10m)' }), pod('bare', { 'skiff.dev/memory': '50Mi' })].join('---\n'))
  cluster.advance('2m')
  assert.equal(conditionOf(cluster, 'MemoryPressure'), 'False')
  cluster.advance('2m')
  const { phase, reason, message, conditions } = podOf(cluster, 'leaks')?.status ?? {}
  assert.deepEqual([phase, reason, podOf(cluster, 'bare')?.status.phase, podOf(cluster, 'steady')?.status.phase], ['Failed', 'Evicted', 'Running', 'Running'])
  assert.match(message ?? '', /^The node was low on resource: memory\. Threshold quantity: 100Mi, available: \d+Ki\. Container main was using \d+Ki, request is 0, has larger consumption of memory\. $/)
  assert.deepEqual(conditions?.filter(({ type }) => type === 'DisruptionTarget').map((one) => [one.status, one.reason, one.message]), [['True', 'TerminationByKubelet', message]])
  assert.deepEqual([conditionOf(cluster, 'MemoryPressure'), taints(cluster)], ['True', ['node.kubernetes.io/memory-pressure:NoSchedule']])
  assert.deepEqual([told(cluster, 'NodeHasInsufficientMemory'), told(cluster, 'EvictionThresholdMet'), told(cluster, 'Evicted')], [['Node small-1: Node small-1 status is now: NodeHasInsufficientMemory'], ['Node small-1: Attempting to reclaim memory'], [`Pod leaks: ${message ?? ''}`]])

  // What asks for nothing waits, what was put here by hand is refused.
  cluster.apply(pod('late', {}) + '---\n' + pod('placed', {}).replace('spec:\n', 'spec:\n  nodeName: small-1\n'))
  assert.equal(podOf(cluster, 'late')?.status.phase, 'Pending')
  assert.deepEqual([podOf(cluster, 'placed')?.status.phase, podOf(cluster, 'placed')?.status.reason, podOf(cluster, 'placed')?.status.message], ['Failed', 'Evicted', 'Pod was rejected: The node had condition: [MemoryPressure]. '])
  cluster.advance('6m')
  assert.deepEqual([conditionOf(cluster, 'MemoryPressure'), taints(cluster), podOf(cluster, 'late')?.status.phase], ['False', [], 'Running'])
})

test('disk: one pod after another until there is room, by priority; and who writes past its own limit goes without a shortage', () => {
  const cluster = createCluster({ nodes: [{ name: 'small', count: 1, storage: '20Gi' }] })
  cluster.apply([
    'apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: high}\nvalue: 1000\n',
    pod('keeps', { 'skiff.dev/storage': '9Gi' }).replace('spec:\n', 'spec:\n  priorityClassName: high\n'), pod('fills', { 'skiff.dev/storage': 'ramp(0..9Gi/5m)' }), pod('some', { 'skiff.dev/storage': '1Gi' }),
    pod('limited', { 'skiff.dev/storage': '0, 1m=2Gi' }, ", resources: {limits: {ephemeral-storage: 1Gi}}"),
    pod('cache', { 'skiff.dev/volume.tmp': '0, 1m=200Mi' }).replace('spec:\n', 'spec:\n  volumes: [{name: tmp, emptyDir: {sizeLimit: 100Mi}}]\n'),
  ].join('---\n'))
  cluster.advance('2m')
  assert.deepEqual(['limited', 'cache', 'fills'].map((name) => podOf(cluster, name)?.status.message), ['Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. ', 'Usage of EmptyDir volume "tmp" exceeds the limit "100Mi". ', undefined])
  assert.equal(conditionOf(cluster, 'DiskPressure'), 'False')
  cluster.advance('4m')
  assert.deepEqual([podOf(cluster, 'fills')?.status.reason, podOf(cluster, 'some')?.status.phase, podOf(cluster, 'keeps')?.status.phase, conditionOf(cluster, 'DiskPressure'), taints(cluster)], ['Evicted', 'Running', 'Running', 'True', ['node.kubernetes.io/disk-pressure:NoSchedule']])
})

test('a container that uses more memory than its limit is ended as the kernel ends it, and starts again', () => {
  const cluster = createCluster()
  cluster.apply(pod('grows', { 'skiff.dev/memory': 'ramp(10Mi..500Mi/5m)' }, ", resources: {limits: {memory: 100Mi}}"))
  cluster.advance('90s')
  const status = podOf(cluster, 'grows')?.status.containerStatuses?.[0]
  assert.deepEqual([status?.lastState?.terminated?.reason, status?.lastState?.terminated?.exitCode, (status?.restartCount ?? 0) > 0], ['OOMKilled', 137, true])
})

test('a node whose pods use the same all the time looks once and has no timer then', () => {
  const cluster = createCluster()
  cluster.apply(pod('steady', { 'skiff.dev/memory': '100Mi', 'skiff.dev/storage': '1Gi' }))
  cluster.advance('1m')
  assert.deepEqual(cluster.clock.freeze().timers.filter(({ owner }) => owner === 'simulated kubelets'), [])
})

test('a node that is lost is told of, as are its pods', () => {
  const cluster = createCluster({ nodes: 2 })
  cluster.apply(pod('plain', {}).replace('spec:\n', 'spec:\n  nodeName: sim-1\n'))
  cluster.request('PATCH', '/api/v1/nodes/sim-1', { metadata: { annotations: { 'skiff.dev/failed-at': new Date(cluster.clock.now()).toISOString() } } }, { 'content-type': 'application/merge-patch+json' })
  cluster.advance('2m')
  assert.deepEqual(told(cluster, 'NodeNotReady').toSorted(), ['Node sim-1: Node sim-1 status is now: NodeNotReady', 'Pod plain: Node is not ready'])
})
