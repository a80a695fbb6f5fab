import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { byNamespace, deployments, type Pod, pods, type Resource } from '../api/index.ts'
import type { Store } from '../store/types.ts'
import { createCluster, type VirtualCluster } from './index.ts'

const workloads = new URL('../../../examples/workloads/', import.meta.url)
const names = ['deployment', 'statefulset', 'daemonset', 'job', 'sidecar', 'cronjob']
const examples = names.map((name) => readFileSync(new URL(`${name}.yaml`, workloads), 'utf8'))

/** Every change after a revision, as one short text. */
function logOf(store: Store, after = 0): string {
  const changes = store.changes(after)
  assert.notEqual(changes, 'compacted')
  const hash = createHash('sha256')
  if (changes !== 'compacted') for (const change of changes) hash.update(JSON.stringify([change.revision, change.key, change.after]))
  return `${store.view.revision} ${hash.digest('hex')}`
}

/** What there is in a namespace, without what chance named. */
const stateOf = (cluster: VirtualCluster): readonly string[] =>
  [...cluster.store.view.by<Resource>(byNamespace, 'default')].filter(({ kind }) => kind !== 'Event').map((object) => {
    const pod = object.kind === 'Pod' ? (object as Pod) : undefined
    const name = object.metadata.generateName === undefined ? object.metadata.name : `${object.metadata.generateName}*`
    return `${object.kind} ${name} ${pod?.status.phase ?? ''} ${pod?.status.conditions?.find((one) => one.type === 'Ready')?.status ?? ''}`.trim()
  }).sort()

function story(seed: number): VirtualCluster {
  const cluster = createCluster({ nodes: 3, seed })
  for (const example of examples) cluster.apply(example)
  cluster.advance('3m')
  patch(cluster, 'web', { spec: { replicas: 5, template: { metadata: { annotations: { 'skiff.dev/ready-after': '7s' } } } } })
  cluster.advance('10m')
  return cluster
}

function patch(cluster: VirtualCluster, name: string, body: unknown): void {
  assert.equal(cluster.request('PATCH', `/apis/apps/v1/namespaces/default/deployments/${name}`, body, { 'content-type': 'application/merge-patch+json' }).status, 200)
}

test('the same seed gives the same log, to the byte; another seed the same end', () => {
  const [one, again, other] = [story(1), story(1), story(2)]
  assert.equal(logOf(one.store), logOf(again.store))
  assert.notEqual(logOf(one.store), logOf(other.store))
  assert.deepEqual(stateOf(one), stateOf(other))
})

test('a fork that is left alone does what its origin does, down to the names that chance gives', () => {
  const origin = createCluster({ nodes: 3 })
  for (const example of examples) origin.apply(example)
  origin.advance('3m')
  patch(origin, 'web', { spec: { template: { metadata: { annotations: { 'skiff.dev/start-delay': '2s' } } } } })
  // In the middle of a rollout, with containers that are starting. (Which Events may still be counted up is not taken along: they would be new ones.)
  origin.advance('3s')
  const fork = origin.fork()
  const { revision } = origin.store.view
  assert.equal(fork.store.view.revision, revision)
  origin.advance('10m')
  fork.advance('10m')
  assert.equal(logOf(fork.store, revision), logOf(origin.store, revision))
})

test('a fork of a running cluster goes its own way', () => {
  const origin = story(1)
  const fork = origin.fork()
  const before = logOf(origin.store)
  patch(fork, 'web', { spec: { replicas: 1 } })
  fork.advance('1h')
  assert.deepEqual([logOf(origin.store), origin.clock.now() + 3_600_000], [before, fork.clock.now()])
  patch(origin, 'web', { spec: { replicas: 7 } })
  origin.advance('1m')
  const readyOf = (cluster: VirtualCluster): readonly unknown[] => [cluster.list(deployments)[0]?.status.readyReplicas, cluster.list(pods).filter(({ metadata }) => metadata.labels?.['app'] === 'web').length]
  assert.deepEqual([readyOf(origin), readyOf(fork)], [[7, 7], [1, 1]])
  const second = fork.fork()
  second.advance('5m')
  assert.deepEqual(readyOf(second), [1, 1])
})
test('an image that is being pulled when a cluster is forked arrives in both', () => {
  const origin = createCluster({ nodes: 1 })
  origin.apply('apiVersion: v1\nkind: Pod\nmetadata: {name: slow, annotations: {skiff.dev/pull-time: 30s}}\nspec: {containers: [{name: main, image: "slow:1"}]}')
  origin.advance('10s')
  const fork = origin.fork()
  origin.advance('30s')
  fork.advance('30s')
  assert.deepEqual([origin, fork].map((cluster) => cluster.list(pods).map((pod) => pod.status.phase)), [['Running'], ['Running']])
})
