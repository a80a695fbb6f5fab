import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodes, pods } from '../api/index.ts'
import { createCluster } from './virtual-cluster.ts'

test('a cluster of pools: zones, sizes, GPUs that pods ask for', () => {
  const cluster = createCluster({ nodes: [{ count: 3, zones: ['a', 'b'] }, { name: 'gpu', cpu: '64', resources: { 'nvidia.com/gpu': '2' }, taints: [{ key: 'gpu', effect: 'NoSchedule' }] }] })
  assert.deepEqual(cluster.list(nodes).map(({ metadata: { name, labels }, status }) => [name, labels?.['topology.kubernetes.io/zone'], labels?.['kubernetes.io/hostname'], status.allocatable?.['cpu'], status.capacity?.['nvidia.com/gpu']]), [
    ['gpu-1', undefined, 'gpu-1', '64', '2'], ['sim-1', 'a', 'sim-1', '8', undefined], ['sim-2', 'b', 'sim-2', '8', undefined], ['sim-3', 'a', 'sim-3', '8', undefined],
  ])
  cluster.apply([1, 2].map((n) => `apiVersion: v1
kind: Pod
metadata: {name: train-${n}, namespace: default}
spec:
  tolerations: [{key: gpu, operator: Exists}]
  containers: [{name: c, image: train, resources: {limits: {nvidia.com/gpu: 2}}}]`).join('\n---\n'))
  assert.deepEqual(cluster.list(pods).map(({ spec, status }) => [spec.nodeName, status.conditions?.find(({ type }) => type === 'PodScheduled')?.message?.split('. ')[0]]), [
    ['gpu-1', undefined],
    [undefined, '0/4 nodes are available: 4 Insufficient nvidia.com/gpu'],
  ])
})
