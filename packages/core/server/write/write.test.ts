import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aPod, aWorld, settle, type World } from '../testing.ts'

const pods = '/api/v1/namespaces/default/pods'
const maps = '/api/v1/namespaces/default/configmaps'
const sets = '/apis/apps/v1/namespaces/default/deployments'
function world(): World { const made = aWorld(); settle(made); return made }
type Body = { readonly message: string; readonly reason: string; readonly metadata: Record<string, unknown>; readonly spec: Record<string, unknown>; readonly data: Record<string, unknown>; readonly status: unknown; readonly details: unknown }
const bodyOf = (said: { readonly body: unknown }): Body => said.body as Body
const aSet = (replicas: number, more: object = {}): object => ({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', ...more },
  spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image: 'web:1' }] } } },
})

test('a create sets what only the server sets, and forgets what a client may not', () => {
  const made = world()
  const { status, body } = made.ask(`POST ${maps}`, {
    metadata: { name: 'm', uid: 'mine', creationTimestamp: '2020-01-01T00:00:00Z', generation: 7, deletionTimestamp: '2020-01-01T00:00:00Z', selfLink: '/x' }, data: { a: 'b' },
  })
  const { managedFields, uid, ...metadata } = (body as Body).metadata
  assert.deepEqual([status, metadata, (body as { kind: string }).kind], [201, { name: 'm', namespace: 'default', creationTimestamp: '2026-01-01T00:00:00Z', resourceVersion: '3' }, 'ConfigMap'])
  assert.match(String(uid), /^[0-9a-f]{8}-[0-9a-f]{4}-4/)
  assert.deepEqual(managedFields, [{ apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: { 'f:data': { '.': {}, 'f:a': {} } }, manager: 'unknown', operation: 'Update', time: '2026-01-01T00:00:00Z' }])
})

test('writes that cannot be are refused in upstream\'s words', () => {
  const made = world()
  made.ask(`POST ${maps}`, { metadata: { name: 'm' } })
  for (const [line, body, status, reason, message] of [
    [`POST ${maps}`, { metadata: { name: 'm' } }, 409, 'AlreadyExists', 'configmaps "m" already exists'],
    [`POST ${maps}`, { metadata: { name: 'n', namespace: 'other' } }, 400, 'BadRequest', 'the namespace of the provided object does not match the namespace sent on the request'],
    [`POST ${maps}`, { apiVersion: 'v2', kind: 'ConfigMap', metadata: { name: 'n' } }, 400, 'BadRequest', 'ConfigMap in version "v2" cannot be handled as a ConfigMap: no kind "ConfigMap" is registered for version "v2" in scheme "pkg/runtime/scheme.go:111"'],
    [`POST ${maps}`, { metadata: { name: 'n', resourceVersion: '1' } }, 500, '', 'resourceVersion should not be set on objects to be created'],
    [`POST ${maps}`, {}, 422, 'Invalid', 'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required'],
    ['POST /api/v1/namespaces/none/configmaps', { metadata: { name: 'n' } }, 404, 'NotFound', 'namespaces "none" not found'],
    [`PUT ${maps}/m`, { metadata: { name: 'n' } }, 400, 'BadRequest', 'the name of the object (n) does not match the name on the URL (m)'],
    [`PUT ${maps}/m`, { metadata: { name: 'm', resourceVersion: '1' } }, 409, 'Conflict', 'Operation cannot be fulfilled on configmaps "m": the object has been modified; please apply your changes to the latest version and try again'],
    [`PUT ${maps}/x`, { metadata: { name: 'x' } }, 404, 'NotFound', 'configmaps "x" not found'],
    [`POST ${maps}?dryRun=Some`, { metadata: { name: 'n' } }, 422, 'Invalid', 'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"'],
    [`POST ${maps}?fieldValidation=Hard`, { metadata: { name: 'n' } }, 422, 'Invalid', 'CreateOptions.meta.k8s.io "" is invalid: fieldValidation: Unsupported value: "Hard": supported values: "", "Ignore", "Strict", "Warn"'],
  ] as const) {
    const said = made.ask(line, body)
    assert.deepEqual([said.status, bodyOf(said).reason ?? '', bodyOf(said).message], [status, reason, message], line)
  }
  assert.deepEqual(bodyOf(made.ask(`PUT ${maps}/m`, { metadata: { name: 'm', uid: 'other' } })).message.replace(/[0-9a-f-]{36}/, 'UID'),
    'Operation cannot be fulfilled on configmaps "m": StorageError: invalid object, Code: 4, Key: /configmaps/default/m, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: other, UID in object meta: UID')
})

test('a body of another type is refused, and none at all is JSON', () => {
  const made = world()
  const statusWith = (type: string): number => made.ask(`POST ${maps}?dryRun=All`, { metadata: { name: 'm' } }, { headers: { 'content-type': type } }).status
  assert.deepEqual(['', 'application/json; charset=utf-8', 'application/yaml', 'text/plain'].map(statusWith), [201, 201, 201, 415])
  assert.equal(made.ask(`POST ${maps}`, 'x'.repeat(3 * 1024 * 1024 + 1)).status, 413)
})

test('names are made from generateName', () => {
  const made = world()
  const { metadata } = bodyOf(made.ask(`POST ${maps}`, { metadata: { generateName: 'job-' } }))
  assert.match(String(metadata['name']), /^job-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
  const long = bodyOf(made.ask(`POST ${maps}`, { metadata: { generateName: 'x'.repeat(70) } })).metadata['name']
  assert.equal(String(long).length, 63)
})

test('unknown fields are warned of, refused, or nobody\'s business', () => {
  const made = world()
  const post = (mode: string) => made.ask(`POST ${maps}?dryRun=All&fieldValidation=${mode}`, { metadata: { name: 'm' }, datum: {} })
  assert.deepEqual([post('Warn').status, post('Warn').headers['warning']], [201, '299 - "unknown field \\"datum\\""'])
  assert.deepEqual([post('Ignore').status, post('Ignore').headers['warning']], [201, undefined])
  assert.deepEqual([post('Strict').status, bodyOf(post('Strict')).message], [400, 'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "datum"'])
})

test('a dry run answers as if, and changes nothing', () => {
  const made = world()
  const before = made.store.view.revision
  assert.equal(made.ask(`POST ${maps}?dryRun=All`, { metadata: { name: 'm' } }).status, 201)
  assert.deepEqual([made.ask(`GET ${maps}/m`).status, made.store.view.revision], [404, before])
})

test('an update that changes nothing makes no revision', () => {
  const made = world()
  const created = made.ask(`POST ${maps}`, { metadata: { name: 'm' }, data: { a: 'b' } }).body
  const again = bodyOf(made.ask(`PUT ${maps}/m`, created))
  assert.deepEqual([again.metadata['resourceVersion'], made.store.view.revision], ['3', 3])
  const changed = bodyOf(made.ask(`PUT ${maps}/m`, { ...(created as object), data: { a: 'c' } }))
  assert.deepEqual([changed.metadata['resourceVersion'], changed.metadata['uid'] === (created as Body).metadata['uid']], ['4', true])
})

test('generation follows the spec, and the two halves of an object have doors of their own', () => {
  const made = world()
  const created = bodyOf(made.ask(`POST ${sets}`, { ...aSet(1), status: { replicas: 9 } }))
  assert.deepEqual([created.metadata['generation'], created.status], [1, {}])
  const scaled = bodyOf(made.ask(`PUT ${sets}/web`, { ...aSet(2), status: { replicas: 9 } }))
  assert.deepEqual([scaled.metadata['generation'], scaled.status], [2, {}])
  const labelled = bodyOf(made.ask(`PUT ${sets}/web`, aSet(2, { labels: { a: 'b' } })))
  assert.equal(labelled.metadata['generation'], 2)
  const status = bodyOf(made.ask(`PUT ${sets}/web/status`, { ...aSet(5), status: { observedGeneration: 2, replicas: 2 } }))
  assert.deepEqual([status.metadata['generation'], status.spec['replicas'], status.status], [2, 2, { observedGeneration: 2, replicas: 2 }])
})

test('scale reads and writes replicas, by PUT and by patch', () => {
  const made = world()
  made.ask(`POST ${sets}`, aSet(1))
  const scale = made.ask(`GET ${sets}/web/scale`).body as Body & { kind: string }
  assert.deepEqual([scale.kind, scale.spec, scale.status], ['Scale', { replicas: 1 }, { replicas: 0, selector: 'app=web' }])
  assert.deepEqual(bodyOf(made.ask(`PUT ${sets}/web/scale`, { ...scale, spec: { replicas: 3 } })).spec, { replicas: 3 })
  assert.deepEqual(bodyOf(made.ask(`PATCH ${sets}/web/scale`, { spec: { replicas: 4 } }, { headers: { 'content-type': 'application/merge-patch+json' } })).spec, { replicas: 4 })
  assert.deepEqual([bodyOf(made.ask(`GET ${sets}/web`)).spec['replicas'], bodyOf(made.ask(`PUT ${sets}/web/scale`, scale)).reason], [4, 'Conflict'])
})

test('binding is posted to a pod once', () => {
  const made = world()
  made.ask(`POST ${pods}`, aPod('a'))
  const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'a' }, target: { kind: 'Node', name: 'n1' } }
  const bound = made.ask(`POST ${pods}/a/binding`, binding)
  assert.deepEqual([bound.status, (bound.body as { status: string }).status, bodyOf(made.ask(`GET ${pods}/a`)).spec['nodeName']], [201, 'Success', 'n1'])
  assert.deepEqual(bodyOf(made.ask(`POST ${pods}/a/binding`, binding)).reason, 'Conflict')
})

test('an empty selector is no absent one: an update from one to the other is a change', () => {
  const world = aWorld()
  settle(world)
  const path = '/apis/networking.k8s.io/v1/namespaces/default/networkpolicies'
  const policy = (peer: object): object => ({ metadata: { name: 'web' }, spec: { podSelector: {}, ingress: [{ from: [{ podSelector: {}, ...peer }] }] } })
  world.ask(`POST ${path}`, policy({ namespaceSelector: {} }))
  const generations = [policy({ namespaceSelector: {} }), policy({}), policy({})].map((body) => {
    const { metadata, spec } = world.ask(`PUT ${path}/web`, body).body as { readonly metadata: { readonly generation: number }; readonly spec: { readonly ingress: readonly unknown[] } }
    return [metadata.generation, spec.ingress[0]]
  })
  const own = { from: [{ podSelector: {} }] }
  assert.deepEqual(generations, [[1, { from: [{ podSelector: {}, namespaceSelector: {} }] }], [2, own], [2, own]])
})

test('kinds whose updates are conditional say so by their resource', () => {
  const world = aWorld()
  settle(world)
  const path = '/apis/policy/v1/namespaces/default/poddisruptionbudgets'
  const budget = { metadata: { name: 'web' }, spec: { minAvailable: 1 } }
  world.ask(`POST ${path}`, budget)
  const { status, body } = world.ask(`PUT ${path}/web`, budget)
  assert.deepEqual([status, (body as { readonly message: string }).message], [422, 'poddisruptionbudgets.policy "web" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update'])
})

test('an update makes what is not there, of the kinds that upstream makes so, for those who may create', () => {
  const made = aWorld()
  made.ask('POST /api/v1/namespaces', { metadata: { name: 'n' } })
  const leases = '/apis/coordination.k8s.io/v1/namespaces/n/leases'
  assert.equal(made.ask(`PUT ${leases}/held`, { metadata: { name: 'held' }, spec: { holderIdentity: 'me' } }).status, 201)
  assert.equal((made.ask(`GET ${leases}/held`).body as { spec: { holderIdentity: string } }).spec.holderIdentity, 'me')
  assert.equal(made.ask('PUT /api/v1/namespaces/n/configmaps/held', { metadata: { name: 'held' } }).status, 404)
  const rbac = '/apis/rbac.authorization.k8s.io/v1'
  made.ask(`POST ${rbac}/clusterroles`, { metadata: { name: 'updater' }, rules: [{ apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['update'] }] })
  made.ask(`POST ${rbac}/clusterrolebindings`, { metadata: { name: 'updater' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'updater' }, subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'alice' }] })
  assert.equal(made.ask(`PUT ${leases}/other`, { metadata: { name: 'other' } }, { certificate: { commonName: 'alice', organizations: [] } }).status, 403)
})
