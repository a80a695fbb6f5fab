import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../api/resources.ts'
import { aCluster, aPod, type TestCluster } from './test-cluster.ts'

const debug = { name: 'debug', image: 'tools:1', imagePullPolicy: 'IfNotPresent', targetContainerName: 'web' }
function addDebugger(cluster: TestCluster, pod: Pod, more: object = {}): void {
  const found = cluster.pod() ?? pod
  cluster.put({ ...found, metadata: { ...found.metadata, generation: 2 }, spec: { ...found.spec, ephemeralContainers: [{ ...debug, ...more }] } } as Pod)
}
const shown = (cluster: TestCluster): unknown => cluster.pod()?.status.ephemeralContainerStatuses?.map(({ name, state, ready, started, restartCount }) => [name, Object.keys(state ?? {}), ready, started, restartCount])

test('an ephemeral container is started in a pod that runs, is told of, and counts for nothing', () => {
  const cluster = aCluster()
  const pod = aPod()
  cluster.put(pod)
  cluster.settle()
  const before = cluster.pod()?.status.conditions?.map(({ type, status }) => [type, status])
  addDebugger(cluster, pod)
  cluster.settle()
  assert.deepEqual(shown(cluster), [['debug', ['running'], false, undefined, 0]])
  assert.deepEqual([cluster.pod()?.status.phase, cluster.pod()?.status.conditions?.map(({ type, status }) => [type, status])], ['Running', before])
  assert.deepEqual(cluster.events.slice(-2), ['Normal Created Container created', 'Normal Started Container started'])
})

test('an ephemeral container that has ended is not started again, whatever the policy', () => {
  const cluster = aCluster()
  const pod = aPod({ annotations: { 'skiff.dev/run-for.debug': '1s', 'skiff.dev/exit-code.debug': '3' } })
  cluster.put(pod)
  cluster.settle()
  addDebugger(cluster, pod)
  cluster.pass(60_000)
  assert.deepEqual(shown(cluster), [['debug', ['terminated'], false, undefined, 0]])
  assert.equal(cluster.pod()?.status.phase, 'Running')
})

test('an ephemeral container does not wait for init containers', () => {
  const cluster = aCluster()
  const pod = aPod({ spec: { initContainers: [{ name: 'init', image: 'web:1', imagePullPolicy: 'IfNotPresent' }] }, annotations: { 'skiff.dev/run-for.init': '60s' } })
  cluster.put(pod)
  cluster.settle()
  addDebugger(cluster, pod)
  cluster.settle()
  assert.deepEqual([cluster.pod()?.status.phase, shown(cluster)], ['Pending', [['debug', ['running'], false, undefined, 0]]])
})

test('a deleted pod takes its ephemeral containers along', () => {
  const cluster = aCluster()
  const pod = aPod()
  cluster.put(pod)
  cluster.settle()
  addDebugger(cluster, pod)
  cluster.settle()
  cluster.deletePod('web')
  cluster.pass(60_000)
  assert.deepEqual([cluster.pod(), cluster.runtime.observed().pods.size], [undefined, 0])
})
