import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Key, Pod } from '@kubeskiff/core/api'
import { takenFrom } from './pods.ts'

const key: Key = { resource: 'pods', namespace: 'default', name: 'web-1' }
const pod = (uid: string, node: string, version: number): Pod => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web-1', namespace: 'default', uid, resourceVersion: String(version) }, spec: { nodeName: node, containers: [] }, status: {} }) as unknown as Pod
/** What happens in the shared store when two nodes' watches tell in this order. */
function told(...steps: readonly (readonly [node: string, object: Pod | undefined, revision: number])[]): readonly string[] {
  const seen: string[] = []
  let held: Pod | undefined
  for (const [node, object, revision] of steps) {
    for (const change of takenFrom(node, [{ key, object, revision }], () => held)) {
      held = change.object as Pod | undefined
      seen.push(held === undefined ? 'gone' : `${held.metadata.uid} on ${held.spec.nodeName ?? ''}`)
    }
  }
  return seen
}
const [one, two] = [pod('a', 'node-1', 5), pod('b', 'node-2', 9)]

test('a pod that left one node and came to another is there, whichever watch tells first', () => {
  assert.deepEqual(told(['node-1', one, 5], ['node-1', undefined, 7], ['node-2', two, 9]), ['a on node-1', 'gone', 'b on node-2'])
  assert.deepEqual(told(['node-1', one, 5], ['node-2', two, 9], ['node-1', undefined, 7]), ['a on node-1', 'gone', 'b on node-2'])
  assert.deepEqual(told(['node-1', one, 5], ['node-2', two, 9], ['node-1', pod('a', 'node-1', 6), 6], ['node-1', undefined, 7]), ['a on node-1', 'gone', 'b on node-2'])
})

test('in one batch as well', () => {
  const changes = [{ key, object: one, revision: 5 }, { key, object: undefined, revision: 7 }, { key, object: pod('c', 'node-1', 8), revision: 8 }]
  assert.deepEqual(takenFrom('node-1', changes, () => undefined).map(({ object }) => (object as Pod | undefined)?.metadata.uid), ['a', undefined, 'c'])
})
