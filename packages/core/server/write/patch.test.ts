import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aWorld, settle, type Said, type World } from '../testing.ts'

const maps = '/api/v1/namespaces/default/configmaps'
const sets = '/apis/apps/v1/namespaces/default/deployments'
const types = { json: 'application/json-patch+json', merge: 'application/merge-patch+json', strategic: 'application/strategic-merge-patch+json', apply: 'application/apply-patch+yaml' }
const patch = (made: World, url: string, type: keyof typeof types, body: unknown): Said => made.ask(`PATCH ${url}`, body, { headers: { 'content-type': types[type], 'user-agent': 'test/1' } })
type Body = { readonly message: string; readonly reason: string; readonly metadata: Record<string, unknown>; readonly spec: { template: { spec: { containers: unknown } } }; readonly data: unknown; readonly details: unknown }
const bodyOf = (said: Said): Body => said.body as Body
function world(): World {
  const made = aWorld()
  settle(made)
  made.ask(`POST ${maps}`, { metadata: { name: 'm', labels: { x: '1' } }, data: { a: '1', b: '2' } })
  return made
}

test('each kind of patch does what it says', () => {
  for (const [type, body, data] of [
    ['json', [{ op: 'replace', path: '/data/a', value: '9' }, { op: 'remove', path: '/data/b' }], { a: '9' }],
    ['merge', { data: { b: null, c: '3' } }, { a: '1', c: '3' }],
    ['strategic', { data: { $patch: 'replace', z: '0' } }, { z: '0' }],
  ] as const) {
    const said = patch(world(), `${maps}/m`, type, body)
    assert.deepEqual([said.status, bodyOf(said).data], [200, data], type)
  }
})

test('a strategic patch merges containers by name', () => {
  const made = world()
  made.ask(`POST ${sets}`, {
    metadata: { name: 'web' }, spec: { selector: { matchLabels: { app: 'w' } }, template: { metadata: { labels: { app: 'w' } }, spec: { containers: [{ name: 'a', image: 'a:1' }, { name: 'b', image: 'b:1' }] } } },
  })
  const body = bodyOf(patch(made, `${sets}/web`, 'strategic', { spec: { template: { spec: { containers: [{ name: 'b', image: 'b:2' }] } } } }))
  assert.deepEqual((body.spec.template.spec.containers as { name: string; image: string }[]).map(({ name, image }) => `${name} ${image}`), ['b b:2', 'a a:1'].sort())
  assert.equal(body.metadata['generation'], 2)
})

test('a patch may carry its precondition, and what it leaves must be valid', () => {
  const made = world()
  for (const [type, body, status, message] of [
    ['merge', { metadata: { resourceVersion: '1' }, data: {} }, 409, 'Operation cannot be fulfilled on configmaps "m": the object has been modified; please apply your changes to the latest version and try again'],
    ['merge', { metadata: { labels: { x: 'not valid!' } } }, 422, 'ConfigMap "m" is invalid: metadata.labels: Invalid value: "not valid!": a valid label must be an empty string or consist of alphanumeric characters, \'-\', \'_\' or \'.\', and must start and end with an alphanumeric character (e.g. \'MyValue\',  or \'my_value\',  or \'12345\', regex used for validation is \'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?\')'],
    ['json', [{ op: 'test', path: '/data/a', value: 'x' }], 422, 'the server rejected our request due to an error in our request'],
    ['merge', { metadata: { name: 'other' } }, 400, 'the name of the object (other) does not match the name on the URL (m)'],
  ] as const) {
    const said = patch(made, `${maps}/m`, type, body)
    assert.deepEqual([said.status, bodyOf(said).message], [status, message])
  }
  assert.equal(made.ask(`PATCH ${maps}/m`, {}, { headers: { 'content-type': 'application/json' } }).status, 415)
  assert.equal(patch(made, `${maps}/x`, 'merge', {}).status, 404)
})

test('apply creates, owns what it says, and meets conflicts over what others own', () => {
  const made = world()
  const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'n' }, data: { a: '1' } }
  assert.equal(patch(made, `${maps}/n`, 'apply', config).status, 422)
  const created = patch(made, `${maps}/n?fieldManager=me`, 'apply', config)
  assert.deepEqual([created.status, bodyOf(created).metadata['managedFields']],
    [201, [{ apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: { 'f:data': { 'f:a': {} } }, manager: 'me', operation: 'Apply', time: '2026-01-01T00:00:00Z' }]])
  const revision = made.store.view.revision
  assert.deepEqual([patch(made, `${maps}/n?fieldManager=me`, 'apply', config).status, made.store.view.revision], [200, revision])
  const other = patch(made, `${maps}/n?fieldManager=you`, 'apply', { ...config, data: { a: '2' } })
  assert.deepEqual([other.status, bodyOf(other).message, bodyOf(other).details],
    [409, 'Apply failed with 1 conflict: conflict with "me": .data.a', { causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "me"', field: '.data.a' }] }])
  assert.deepEqual(bodyOf(patch(made, `${maps}/n?fieldManager=you&force=true`, 'apply', { ...config, data: { a: '2' } })).data, { a: '2' })
})

test('who may not create may not create by applying', () => {
  const made = world()
  const rbac = '/apis/rbac.authorization.k8s.io/v1'
  made.ask(`POST ${rbac}/clusterroles`, { metadata: { name: 'patcher' }, rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['patch'] }] })
  made.ask(`POST ${rbac}/clusterrolebindings`, { metadata: { name: 'patcher' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'patcher' }, subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'alice' }] })
  const said = made.ask(`PATCH ${maps}/n?fieldManager=a`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'n' } }, { headers: { 'content-type': types.apply }, certificate: { commonName: 'alice', organizations: [] } })
  assert.deepEqual([said.status, bodyOf(said).message], [403, 'configmaps "n" is forbidden: User "alice" cannot create resource "configmaps" in API group "" in the namespace "default"'])
})
