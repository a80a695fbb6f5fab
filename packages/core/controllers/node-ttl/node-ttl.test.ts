import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodes } from '../../api/index.ts'
import { anObject } from '../builders.ts'
import { stage } from '../stage.ts'
import { nodeTtlController, ttlSeconds } from './reconcile.ts'

for (const [count, said, expected] of [
  [1, undefined, 0], [100, '0', 0], [101, '0', 15], [95, '15', 15], [89, '15', 0], [501, '15', 30], [1001, '30', 60], [2001, '60', 300], [10_001, '300', 600], [9500, '600', 600], [8999, '600', 300], [5000, undefined, 300], [95, 'x', 0],
] as const) {
  test(`in a cluster of ${count} a node that says ${said} should say ${expected}`, () => { assert.equal(ttlSeconds(count, said), expected) })
}
test('each node is told at its own change', () => {
  const on = stage([nodeTtlController], anObject(nodes, 'a', { spec: {}, status: {} }))
  const said = (name: string) => on.world.store.view.get(nodes, '', name)?.metadata.annotations
  assert.deepEqual(said('a'), { 'node.alpha.kubernetes.io/ttl': '0' })
  on.world.put(...Array.from({ length: 100 }, (_, n) => anObject(nodes, `n${n}`, { spec: {}, status: {} })))
  on.settle()
  assert.deepEqual([said('a'), said('n99')], [{ 'node.alpha.kubernetes.io/ttl': '0' }, { 'node.alpha.kubernetes.io/ttl': '15' }])
  on.world.update(nodes, 'a', (node) => ({ ...node, status: { conditions: [{ type: 'Ready', status: 'True' }] } }))
  on.settle()
  assert.deepEqual(said('a'), { 'node.alpha.kubernetes.io/ttl': '15' })
})
