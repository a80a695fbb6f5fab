import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodes } from '../api/resources.ts'
import type { PodUse, Threshold } from './eviction.ts'
import { aCluster, aPod, aShape, simulated } from './test-cluster.ts'

const mebibyte = 1 << 20
const short = { 'memory.available': { available: 50 * mebibyte, capacity: 1 << 30 } }
const plenty = { 'memory.available': { available: 500 * mebibyte, capacity: 1 << 30 } }
const thresholds: readonly Threshold[] = [{ signal: 'memory.available', least: { amount: 100 * mebibyte } }]
const using = (memory: number): PodUse => ({ memory: memory * mebibyte, storage: 0, containers: [{ name: 'web', memory: memory * mebibyte, storage: 0 }] })

test('a real node tells its pressure, lets one pod go, refuses others, and is well again five minutes after', () => {
  const shape = aShape('a', { simulated: false })
  const cluster = aCluster({ shapes: [shape], runtime: (clock) => simulated(clock, [shape]) })
  cluster.put(aPod())
  cluster.put(aPod({ name: 'small' }))
  cluster.settle()
  const begun = cluster.events.length
  const condition = (): unknown => { const found = cluster.store.view.get(nodes, '', 'a')?.status?.conditions?.find(({ type }) => type === 'MemoryPressure'); return [found?.status, found?.reason] }
  cluster.kubelet.assess(short, thresholds, new Map([['uid-web', using(300)], ['uid-small', using(10)]]))
  cluster.pass(5000)
  assert.deepEqual(condition(), ['True', 'KubeletHasInsufficientMemory'])
  const message = 'The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. Container web was using 300Mi, request is 0, has larger consumption of memory. '
  const { phase, reason, message: said, conditions } = cluster.pod()?.status ?? {}
  assert.deepEqual([phase, reason, said, cluster.pod('small')?.status.phase], ['Failed', 'Evicted', message, 'Running'])
  assert.deepEqual(conditions?.filter(({ type }) => type === 'DisruptionTarget').map((one) => [one.status, one.reason, one.message]), [['True', 'TerminationByKubelet', message]])
  assert.deepEqual(cluster.events.slice(begun).filter((event) => /Evict|status is now/.test(event)), ['Warning EvictionThresholdMet Attempting to reclaim memory', 'Normal NodeHasInsufficientMemory Node a status is now: NodeHasInsufficientMemory', `Warning Evicted ${message}`])
  cluster.put(aPod({ name: 'late' }))
  cluster.settle()
  assert.deepEqual([cluster.pod('late')?.status.phase, cluster.pod('late')?.status.reason, cluster.pod('late')?.status.message], ['Failed', 'Evicted', 'Pod was rejected: The node had condition: [MemoryPressure]. '])
  cluster.pass(4 * 60_000)
  cluster.kubelet.assess(plenty, thresholds, new Map())
  cluster.pass(1000)
  assert.deepEqual(condition(), ['True', 'KubeletHasInsufficientMemory'])
  cluster.pass(2 * 60_000)
  cluster.kubelet.assess(plenty, thresholds, new Map())
  cluster.pass(1000)
  assert.deepEqual(condition(), ['False', 'KubeletHasSufficientMemory'])
})
