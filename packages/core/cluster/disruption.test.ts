// Disruption budgets and quotas in a whole cluster: the rows' behaviour, with simulated nodes and the virtual clock.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodes, podDisruptionBudgets, pods, resourceQuotas } from '../api/resources.ts'
import { createCluster, type VirtualCluster } from './virtual-cluster.ts'

const labels = { app: 'web' }
const template = { metadata: { labels }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'web', image: 'web:1' }] } }
const deployment = (replicas: number): object => ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { replicas, selector: { matchLabels: labels }, template } })
const budget = (spec: object): object => ({ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'web' }, spec: { selector: { matchLabels: labels }, ...spec } })
const statusOf = (cluster: VirtualCluster): readonly unknown[] => {
  const { status } = cluster.store.view.get(podDisruptionBudgets, 'default', 'web') ?? assert.fail()
  return [status.expectedPods, status.desiredHealthy, status.currentHealthy, status.disruptionsAllowed]
}
function evict(cluster: VirtualCluster): number {
  const [pod] = [...cluster.store.view.list(pods, 'default')].filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  assert.ok(pod)
  const { status } = cluster.request('POST', `/api/v1/namespaces/default/pods/${pod.metadata.name}/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod.metadata.name } })
  return status
}
const apply = (cluster: VirtualCluster, object: object): void => { cluster.apply(JSON.stringify(object)) }

test('DisruptionController should block an eviction until the PDB is updated to allow it', () => {
  const cluster = createCluster({ nodes: 2 })
  apply(cluster, deployment(2))
  apply(cluster, budget({ minAvailable: 2 }))
  cluster.advance(30_000)
  assert.deepEqual(statusOf(cluster), [2, 2, 2, 0])
  assert.equal(evict(cluster), 429)
  apply(cluster, budget({ minAvailable: 1 }))
  cluster.advance(1000)
  assert.deepEqual(statusOf(cluster), [2, 1, 2, 1])
  assert.equal(evict(cluster), 201)
  // Two at once are one too many: the first has taken what was allowed in its own commit.
  assert.equal(evict(cluster), 429)
  cluster.advance(30_000)
  assert.deepEqual(statusOf(cluster), [2, 1, 2, 1])
})

test('what a quota counts is what there is, whatever happens to its objects', () => {
  const cluster = createCluster({ nodes: 2 })
  apply(cluster, { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q' }, spec: { hard: { pods: '3', 'count/deployments.apps': '1' } } })
  cluster.advance(1000)
  apply(cluster, deployment(5))
  cluster.advance(30_000)
  const used = (): unknown => cluster.store.view.get(resourceQuotas, 'default', 'q')?.status.used
  assert.deepEqual([used(), [...cluster.store.view.list(pods, 'default')].length], [{ pods: '3', 'count/deployments.apps': '1' }, 3])
  apply(cluster, deployment(1))
  cluster.advance(30_000)
  assert.deepEqual([used(), [...cluster.store.view.list(pods, 'default')].length], [{ pods: '1', 'count/deployments.apps': '1' }, 1])
})

test('a new node keeps pods away until its conditions have been looked at', () => {
  const cluster = createCluster({ nodes: 1 })
  cluster.advance(5000)
  assert.deepEqual([...cluster.store.view.list(nodes)].map(({ spec }) => spec.taints ?? []), [[]])
})
