import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aWorld } from './testing.ts'

const ranges = '/api/v1/namespaces/n/limitranges'
const claims = '/apis/resource.k8s.io/v1/namespaces/n/resourceclaims'

test('what upstream writes as null is shown so, and is nothing in the store', () => {
  const made = aWorld()
  made.ask('POST /api/v1/namespaces', { metadata: { name: 'n' } })
  const range = made.ask(`POST ${ranges}`, { metadata: { name: 'r' }, spec: {} })
  assert.deepEqual((range.body as { spec: unknown }).spec, { limits: null })
  const { metadata } = range.body as { metadata: { resourceVersion: string } }
  // Who puts back what he was shown changes nothing.
  assert.equal((made.ask(`PUT ${ranges}/r`, range.body).body as { metadata: { resourceVersion: string } }).metadata.resourceVersion, metadata.resourceVersion)
  const patched = made.ask(`PATCH ${ranges}/r`, { metadata: { labels: { a: 'b' } } }, { headers: { 'content-type': 'application/merge-patch+json' } })
  assert.deepEqual((patched.body as { spec: unknown }).spec, { limits: null })
  const claim = made.ask(`POST ${claims}`, { metadata: { name: 'c' }, spec: { devices: {} } })
  assert.deepEqual((claim.body as { spec: unknown }).spec, { devices: { requests: null } })
  for (const object of [...made.store.view.list({ resource: 'limitranges' } as never), ...made.store.view.list({ resource: 'resource.k8s.io/resourceclaims' } as never)]) assert.doesNotMatch(JSON.stringify(object), /null/)
})

test('a condition that never changed has a null for its time, in lists too', () => {
  const made = aWorld()
  made.ask('POST /api/v1/namespaces', { metadata: { name: 'n' } })
  made.ask('POST /api/v1/namespaces/n/replicationcontrollers', { metadata: { name: 'r' }, spec: { selector: { a: 'b' }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } } })
  made.ask('PATCH /api/v1/namespaces/n/replicationcontrollers/r/status', { status: { conditions: [{ type: 'ReplicaFailure', status: 'True' }] } }, { headers: { 'content-type': 'application/merge-patch+json' } })
  const { items } = made.ask('GET /api/v1/namespaces/n/replicationcontrollers').body as { items: { status: { conditions: unknown } }[] }
  assert.deepEqual(items[0]?.status.conditions, [{ type: 'ReplicaFailure', status: 'True', lastTransitionTime: null }])
})
