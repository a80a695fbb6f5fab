import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClusterView } from '@kubeskiff/core/api'
import { type Observations, thresholdsDefault } from '@kubeskiff/core/kubelet'
import type { MeasurablePod } from '../metrics/index.ts'
import { lookingAt } from './pressure.ts'

const aPod: MeasurablePod = { uid: 'u', node: 'a', namespace: 'default', name: 'p', cgroup: '/none', startedAt: 0, hostNetwork: false, containers: [], volumes: [] }
const disk = (available: number): Observations => ({ 'imagefs.available': { available, capacity: 100 }, 'nodefs.available': { available, capacity: 100 } })

/** What happened in a look at a disk of which so much is left at first, and so much when what nobody uses has gone. */
async function lookAt(before: number, after: number): Promise<readonly string[]> {
  const happened: string[] = []
  let left = before
  await lookingAt({
    view: { by: () => [] } as unknown as ClusterView, nodes: ['a'], thresholds: thresholdsDefault, transitionMs: 0, measurable: () => [aPod],
    kubelet: { assess: (observations, _thresholds, uses) => { happened.push(`${observations['nodefs.available']?.available} left, ${uses.size} pods measured`) } },
    reclaim: async () => { happened.push('reclaim'); left = after },
  }, async () => disk(left))()
  return happened
}

test('where the disk is short the node says so, then what nobody uses goes, and pods are looked at only when that was not enough', async () => {
  assert.deepEqual(await lookAt(20, 0), ['20 left, 0 pods measured'])
  assert.deepEqual(await lookAt(14, 15), ['14 left, 0 pods measured', 'reclaim', '15 left, 0 pods measured'])
  assert.deepEqual(await lookAt(9, 9), ['9 left, 0 pods measured', 'reclaim', '9 left, 1 pods measured'])
})
