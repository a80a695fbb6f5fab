import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aPod, aWorld, dawn, settle, type Said, type World } from '../testing.ts'

const pods = '/api/v1/namespaces/default/pods'
const maps = '/api/v1/namespaces/default/configmaps'
function world(): World { const made = aWorld(); settle(made); return made }
type Body = { readonly kind: string; readonly message: string; readonly metadata: Record<string, unknown>; readonly status: unknown; readonly details: Record<string, unknown>; readonly items: { metadata: { name: string } }[] }
const bodyOf = (said: Said): Body => said.body as Body
const merge = { headers: { 'content-type': 'application/merge-patch+json' } }
function bound(made: World): void {
  made.ask(`POST ${pods}`, aPod('a'))
  made.ask(`POST ${pods}/a/binding`, { metadata: { name: 'a' }, target: { kind: 'Node', name: 'n1' } })
}
const marks = ({ metadata }: Body): readonly unknown[] => [metadata['deletionTimestamp'], metadata['deletionGracePeriodSeconds'], metadata['finalizers']]

test('what nothing holds goes at once; most kinds are answered with a Status', () => {
  const made = world()
  const { metadata } = bodyOf(made.ask(`POST ${maps}`, { metadata: { name: 'm' } }))
  assert.deepEqual(made.ask(`DELETE ${maps}/m`).body, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details: { name: 'm', kind: 'configmaps', uid: metadata['uid'] } })
  assert.equal(made.ask(`DELETE ${maps}/m`).status, 404)
})

test('a pod that runs has its grace; a second delete can only shorten it', () => {
  const made = world()
  bound(made)
  assert.deepEqual(marks(bodyOf(made.ask(`DELETE ${pods}/a`))), ['2026-01-01T00:00:30Z', 30, undefined])
  made.clock.advanceTo(dawn + 5000)
  assert.deepEqual(marks(bodyOf(made.ask(`DELETE ${pods}/a?gracePeriodSeconds=60`))), ['2026-01-01T00:00:30Z', 30, undefined])
  assert.deepEqual(marks(bodyOf(made.ask(`DELETE ${pods}/a`, { gracePeriodSeconds: 10 }))), ['2026-01-01T00:00:10Z', 10, undefined])
  assert.equal(bodyOf(made.ask(`DELETE ${pods}/a`, { gracePeriodSeconds: 0 })).kind, 'Pod')
  assert.equal(made.ask(`GET ${pods}/a`).status, 404)
})

test('a pod on no node goes at once, and is answered with itself', () => {
  const made = world()
  made.ask(`POST ${pods}`, aPod('a'))
  // As a stock server: that it goes is written before it goes.
  assert.deepEqual(marks(bodyOf(made.ask(`DELETE ${pods}/a`))), ['2026-01-01T00:00:00Z', 0, undefined])
  assert.equal(made.ask(`GET ${pods}/a`).status, 404)
})

test('finalizers hold an object until the last is taken away', () => {
  const made = world()
  made.ask(`POST ${maps}`, { metadata: { name: 'm', finalizers: ['example.com/a', 'example.com/b'] } })
  const held = made.ask(`DELETE ${maps}/m`)
  assert.deepEqual([held.status, bodyOf(held).kind, ...marks(bodyOf(held))], [200, 'ConfigMap', '2026-01-01T00:00:00Z', 0, ['example.com/a', 'example.com/b']])
  made.ask(`PATCH ${maps}/m`, { metadata: { finalizers: ['example.com/b'] } }, merge)
  const more = made.ask(`PATCH ${maps}/m`, { metadata: { finalizers: ['example.com/b', 'example.com/c'] } }, merge)
  assert.deepEqual([more.status, bodyOf(more).message], [422, 'ConfigMap "m" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers ["example.com/c"]'])
  const last = made.ask(`PATCH ${maps}/m`, { metadata: { finalizers: null } }, merge)
  assert.deepEqual([last.status, made.ask(`GET ${maps}/m`).status], [200, 404])
})

test('what becomes of dependents is a finalizer for the garbage collector', () => {
  for (const [policy, finalizers] of [['Foreground', ['foregroundDeletion']], ['Orphan', ['orphan']]] as const) {
    const made = world()
    made.ask(`POST ${maps}`, { metadata: { name: 'm' } })
    assert.deepEqual(marks(bodyOf(made.ask(`DELETE ${maps}/m`, { propagationPolicy: policy }))), ['2026-01-01T00:00:00Z', 0, finalizers])
    assert.equal(bodyOf(made.ask(`DELETE ${maps}/m`, { propagationPolicy: 'Background' })).kind, 'Status', 'the background needs nobody')
  }
})

test('Jobs and ReplicationControllers leave their pods to themselves unless the client says otherwise', () => {
  const made = world()
  const controllers = '/api/v1/namespaces/default/replicationcontrollers'
  made.ask(`POST ${controllers}`, { metadata: { name: 'r' }, spec: { selector: { app: 'a' }, template: { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'a', image: 'a' }] } } } })
  assert.deepEqual(marks(bodyOf(made.ask(`DELETE ${controllers}/r`)))[2], ['orphan'])
  assert.equal(bodyOf(made.ask(`DELETE ${controllers}/r`, { propagationPolicy: 'Background' })).kind, 'Status')
  const jobs = '/apis/batch/v1/namespaces/default/jobs'
  made.ask(`POST ${jobs}`, { metadata: { name: 'j' }, spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a' }] } } } })
  const deleted = made.ask(`DELETE ${jobs}/j`)
  assert.deepEqual(marks(bodyOf(deleted))[2], ['orphan'])
  assert.match(deleted.headers['warning'] ?? '', /child pods are preserved by default when jobs are deleted/)
})

test('preconditions and options that contradict themselves are refused', () => {
  const made = world()
  made.ask(`POST ${maps}`, { metadata: { name: 'm' } })
  for (const [body, status, message] of [
    [{ preconditions: { uid: 'x' } }, 409, 'Operation cannot be fulfilled on ConfigMap "m": the UID in the precondition (x) does not match the UID in record (UID). The object might have been deleted and then recreated'],
    [{ preconditions: { resourceVersion: '1' } }, 409, 'Operation cannot be fulfilled on ConfigMap "m": the ResourceVersion in the precondition (1) does not match the ResourceVersion in record (3). The object might have been modified'],
    [{ propagationPolicy: 'Orphan', orphanDependents: true }, 422, 'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set'],
    [{ dryRun: ['Some'] }, 422, 'DeleteOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"'],
  ] as const) {
    const said = made.ask(`DELETE ${maps}/m`, body)
    assert.deepEqual([said.status, bodyOf(said).message.replace(/[0-9a-f-]{36}/, 'UID')], [status, message])
  }
  assert.deepEqual([made.ask(`DELETE ${maps}/m`, { dryRun: ['All'] }).status, made.ask(`GET ${maps}/m`).status], [200, 200])
})

test('a namespace terminates first and goes when it is finalized', () => {
  const made = world()
  const marked = bodyOf(made.ask('DELETE /api/v1/namespaces/default2'))
  assert.equal(marked.message, 'namespaces "default2" not found')
  settle(made, 'work')
  const terminating = bodyOf(made.ask('DELETE /api/v1/namespaces/work'))
  assert.deepEqual([terminating.kind, terminating.status], ['Namespace', { phase: 'Terminating' }])
  made.ask('PUT /api/v1/namespaces/work/finalize', { metadata: { name: 'work' }, spec: { finalizers: [] } })
  assert.equal(made.ask('GET /api/v1/namespaces/work').status, 404)
})

test('a collection is deleted by selector and answered as a list', () => {
  const made = world()
  for (const name of ['a', 'b', 'c']) made.ask(`POST ${maps}`, { metadata: { name, labels: { keep: name === 'b' ? 'yes' : 'no' } } })
  const { kind, items } = bodyOf(made.ask(`DELETE ${maps}?labelSelector=keep%3Dno`))
  assert.deepEqual([kind, items.map(({ metadata }) => metadata.name)], ['ConfigMapList', ['a', 'c']])
  assert.deepEqual(bodyOf(made.ask(`GET ${maps}`)).items.map(({ metadata }) => metadata.name), ['b'])
})
