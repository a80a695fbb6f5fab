import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Action, keyOf, type Node, nodes, persistentVolumeClaims, persistentVolumes, type Resource, type ResourceType } from '../../api/index.ts'
import { createStore } from '../../store/index.ts'
import { anObject } from '../builders.ts'
import { volumeSnapshotClasses, volumeSnapshotContents, volumeSnapshots } from './snapshots.ts'
import { localSnapshotter } from './snapshotter.ts'

const types: readonly ResourceType<Resource>[] = [nodes, persistentVolumeClaims, persistentVolumes, volumeSnapshots, volumeSnapshotClasses, volumeSnapshotContents]
const handle = '/data/volumes/snapshot-uid-snapcontent-uid-before'
const aNode: Node = anObject(nodes, 'a', { metadata: { labels: { 'kubernetes.io/hostname': 'a' } }, spec: {}, status: {} })
const aVolume = anObject(persistentVolumes, 'pvc-1', { metadata: { annotations: { 'pv.kubernetes.io/provisioned-by': 'skiff.dev/local' } }, spec: { local: { path: '/data/volumes/pvc-1' }, capacity: { storage: '2Gi' } } })
const aClaim = (phase = 'Bound'): Resource => anObject(persistentVolumeClaims, 'data', { spec: { volumeName: 'pvc-1' }, status: { phase } })
const aClass = (driver = 'skiff.dev/local', mark = 'true'): Resource => anObject(volumeSnapshotClasses, 'copies', { metadata: { annotations: { 'snapshot.storage.kubernetes.io/is-default-class': mark } }, driver, deletionPolicy: 'Delete' })
const aSnapshot = (metadata: object = {}, status: object = {}): Resource => anObject(volumeSnapshots, 'before', { metadata, spec: { source: { persistentVolumeClaimName: 'data' } }, status })
const aContent = (metadata: object = {}, status: object = {}, deletionPolicy = 'Delete'): Resource => anObject(volumeSnapshotContents, 'snapcontent-uid-before', {
  metadata, spec: { driver: 'skiff.dev/local', deletionPolicy, source: { volumeHandle: '/data/volumes/pvc-1' }, volumeSnapshotRef: { namespace: 'default', name: 'before', uid: 'uid-before' } }, status,
})
const going = { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['snapshot.storage.kubernetes.io/volumesnapshot-bound-protection', 'snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection'] }

function look(key: string, objects: readonly Resource[], answers: Readonly<Record<string, unknown>> = {}): readonly string[] {
  const store = createStore({ historyMax: 10 })
  store.load(objects.map((object, at) => {
    const type = types.find(({ kind }) => kind === object.kind)
    assert.ok(type)
    return { key: keyOf(type, object), object, revision: at + 1 }
  }))
  return localSnapshotter({ volumesBelow: '/data/volumes' }).reconcile(key, { view: store.view, now: 1_000, memory: undefined, last: undefined, observed: new Map(Object.entries(answers)) }).actions.map(short)
}
function short(action: Action): string {
  if (action.do === 'record') return `${action.reason}: ${action.message}`
  if (action.do === 'ask') return `ask ${action.ask.what} ${JSON.stringify(action.ask.input)}`
  if (action.do === 'create') return `create ${action.object.kind} ${action.object.metadata.name ?? ''}`
  return action.do === 'patch' ? `${action.part} ${JSON.stringify(action.patch)}` : action.do
}
const ofSnapshot = (...objects: readonly Resource[]): readonly string[] => look('snapshot:default/before', objects)

test('a snapshot of a bound claim gets content of its class; what is missing is told', () => {
  const failed = (why: string): readonly string[] => [
    `status {"status":{"readyToUse":false,"error":{"message":${JSON.stringify(why)},"time":"1970-01-01T00:00:01Z"}}}`, `SnapshotContentCreationFailed: Failed to create snapshot content with error ${why}`,
  ]
  assert.deepEqual(ofSnapshot(aSnapshot(), aClaim(), aVolume, aClass()).slice(1), ['create VolumeSnapshotContent snapcontent-uid-before', 'CreatingSnapshot: Waiting for a snapshot default/before to be created by the CSI driver.'])
  assert.deepEqual(ofSnapshot(aSnapshot(), aVolume, aClass()), failed('snapshot controller failed to update before on API server: cannot get claim from snapshot'))
  assert.deepEqual(ofSnapshot(aSnapshot(), aClaim('Pending'), aVolume, aClass()), failed('snapshot controller failed to update before on API server: the PVC data is not yet bound to a PV, will not attempt to take a snapshot'))
  assert.deepEqual(ofSnapshot(aSnapshot(), aClaim(), aVolume, aClass('skiff.dev/local', 'false')), failed('cannot find default snapshot class'))
})

test('content of another namespace’s snapshot is not taken', () => {
  const theirs = anObject(volumeSnapshots, 'before', { metadata: { namespace: 'other', uid: 'uid-theirs' }, spec: { source: { volumeSnapshotContentName: 'snapcontent-uid-before' } } })
  const content = anObject(volumeSnapshotContents, 'snapcontent-uid-before', { spec: { driver: 'skiff.dev/local', deletionPolicy: 'Delete', source: { snapshotHandle: handle }, volumeSnapshotRef: { namespace: 'default', name: 'before' } }, status: { readyToUse: true } })
  assert.match(look('snapshot:other/before', [theirs, content])[0] ?? '', /is bound to a different snapshot/)
})

test('content is copied, then ready, and its snapshot with it; a copy that fails is told', () => {
  const id = 'provision/uid-snapcontent-uid-before/0'
  const of = (answers: Readonly<Record<string, unknown>>): readonly string[] => look('content:snapcontent-uid-before', [aContent(), aSnapshot(), aVolume, aNode], answers)
  assert.deepEqual(of({}), [`ask provision ${JSON.stringify({ path: handle, from: '/data/volumes/pvc-1' })}`])
  assert.deepEqual(of({ [id]: { done: true } }), [`status ${JSON.stringify({ status: { snapshotHandle: handle, readyToUse: true, creationTime: 1_000_000_000, error: null, restoreSize: 2 * 2 ** 30 } })}`])
  assert.deepEqual(of({ [id]: { error: 'no space' } }).at(-1), 'SnapshotCreationFailed: no space')
  const ready = aContent({}, { readyToUse: true, snapshotHandle: handle, creationTime: 1_000_000_000, restoreSize: 2 * 2 ** 30 })
  assert.deepEqual(ofSnapshot(aSnapshot(), ready), [
    'status {"status":{"boundVolumeSnapshotContentName":"snapcontent-uid-before","readyToUse":true,"creationTime":"1970-01-01T00:00:01Z","restoreSize":"2Gi","error":null}}',
    'SnapshotCreated: Successfully created snapshot default/before by the CSI driver.', 'SnapshotReady: Snapshot default/before is ready to use.',
  ])
  assert.deepEqual(ofSnapshot(aSnapshot({}, { boundVolumeSnapshotContentName: 'snapcontent-uid-before', readyToUse: true }), ready), [])
})

test('a snapshot that goes takes its content along, and that its copy, unless they are to stay', () => {
  const status = { readyToUse: true, snapshotHandle: handle }
  assert.deepEqual(ofSnapshot(aSnapshot(going), aContent({}, status)), ['delete'])
  assert.deepEqual(ofSnapshot(aSnapshot(going), aContent(going, status)), [])
  assert.equal(ofSnapshot(aSnapshot(going), aContent({}, status, 'Retain')).length, 1)
  const content = (policy: string, answers = {}): readonly string[] => look('content:snapcontent-uid-before', [aContent(going, status, policy), aSnapshot(going), aVolume, aNode], answers)
  assert.deepEqual(content('Delete'), [`ask unprovision ${JSON.stringify({ path: handle })}`])
  assert.deepEqual([content('Delete', { 'unprovision/uid-snapcontent-uid-before/0': { done: true } }).length, content('Retain').map((one) => one.startsWith('main'))], [1, [true]])
})
