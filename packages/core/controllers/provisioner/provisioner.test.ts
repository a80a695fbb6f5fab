import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Action, type Node, nodes, type PersistentVolume, type PersistentVolumeClaim, persistentVolumeClaims, persistentVolumes, type Resource, type StorageClass, storageClasses } from '../../api/index.ts'
import { anObject } from '../builders.ts'
import { stage } from '../stage.ts'
import { localProvisioner } from './reconcile.ts'

const provisioner = localProvisioner({ volumesBelow: '/data/volumes' })
const aNode = (simulated: boolean): Node => anObject(nodes, 'a', { metadata: { labels: { 'kubernetes.io/hostname': 'a' }, annotations: { 'skiff.dev/simulated': String(simulated) } }, spec: {}, status: { conditions: [{ type: 'Ready', status: 'True' }] } })
const aClass = (parameters?: Record<string, string>): StorageClass => anObject(storageClasses, 'standard', { provisioner: 'skiff.dev/local', reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate', ...(parameters && { parameters }) })
const aClaim = (name: string, spec: object = {}, status: object = { phase: 'Pending' }): PersistentVolumeClaim => anObject(persistentVolumeClaims, name, {
  metadata: { annotations: { 'volume.kubernetes.io/storage-provisioner': 'skiff.dev/local' } },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'standard', volumeMode: 'Filesystem', ...spec }, status,
})
const aVolume = (claim: string, spec: object = {}): PersistentVolume => anObject(persistentVolumes, `pvc-uid-${claim}`, {
  metadata: { annotations: { 'pv.kubernetes.io/provisioned-by': 'skiff.dev/local' } },
  spec: {
    capacity: { storage: '1Gi' }, local: { path: `/data/volumes/pvc-uid-${claim}` }, claimRef: { namespace: 'default', name: claim, uid: `uid-${claim}` },
    nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['a'] }] }] } }, ...spec,
  }, status: { phase: 'Bound' },
})
const bound = { phase: 'Bound', capacity: { storage: '1Gi' } }

test('what is made for a claim: a directory, a disk of its own size where the class says so, or a bare disk', () => {
  const made = (parameters: Record<string, string> | undefined, spec: object): unknown => {
    const on = stage([provisioner], aNode(false), aClass(parameters), aClaim('data', spec))
    const { local, volumeMode } = on.world.store.view.get(persistentVolumes, '', 'pvc-uid-data')?.spec ?? {}
    return [local, volumeMode]
  }
  const path = '/data/volumes/pvc-uid-data'
  assert.deepEqual([made(undefined, {}), made({ capacity: 'enforced' }, {}), made({ capacity: 'enforced', fsType: 'xfs' }, {}), made({ capacity: 'enforced' }, { volumeMode: 'Block' })], [
    [{ path }, 'Filesystem'], [{ path, fsType: 'ext4' }, 'Filesystem'], [{ path, fsType: 'xfs' }, 'Filesystem'], [{ path }, 'Block'],
  ])
})

test('a claim that asks for more: a directory has grown at once, a disk waits for its node', () => {
  const grown = (volume: object, simulated = false): unknown => {
    const on = stage([provisioner], aNode(simulated), aClass(), aVolume('data', volume), aClaim('data', { volumeName: 'pvc-uid-data', resources: { requests: { storage: '2Gi' } } }, bound))
    const claim = on.world.store.view.get(persistentVolumeClaims, 'default', 'data')
    const { capacity, conditions = [], allocatedResourceStatuses } = claim?.status ?? {}
    return [on.world.store.view.get(persistentVolumes, '', 'pvc-uid-data')?.spec.capacity?.['storage'], capacity?.['storage'], conditions.map(({ type }) => type).join(), allocatedResourceStatuses?.['storage'], on.news().map((event) => event.split(':')[0]).join(' ')]
  }
  const waits = ['2Gi', '1Gi', 'FileSystemResizePending', 'NodeResizePending', 'Resizing FileSystemResizeRequired']
  const done = ['2Gi', '2Gi', '', undefined, 'Resizing VolumeResizeSuccessful']
  assert.deepEqual([grown({}), grown({ volumeMode: 'Block' }), grown({ local: { path: '/data/volumes/x', fsType: 'ext4' } }), grown({ volumeMode: 'Block' }, true)], [done, waits, waits, done])
})

test('a clone is copied before there is a volume; what cannot be copied is told and tried again', () => {
  const clone = aClaim('copy', { dataSource: { kind: 'PersistentVolumeClaim', name: 'data' } })
  const source = [aVolume('data'), aClaim('data', { volumeName: 'pvc-uid-data' }, bound)]
  const look = (objects: readonly Resource[], observed: ReadonlyMap<string, unknown> = new Map()) => {
    const on = stage([], aNode(false), aClass(), clone, ...objects)
    return provisioner.reconcile('claim:default/copy', { view: on.world.store.view, now: 0, memory: undefined, last: undefined, observed })
  }
  const short = (action: Action): string => (action.do === 'record' ? `${action.reason}: ${action.message}` : action.do === 'ask' ? `ask ${action.ask.what} ${JSON.stringify(action.ask.input)}` : action.do)
  const id = 'provision/uid-copy/0'
  const prefix = 'ProvisioningFailed: failed to provision volume with StorageClass "standard": '
  assert.deepEqual([
    look(source).actions.map(short).at(-1),
    look(source, new Map([[id, { done: true }]])).actions.map(short)[0],
    look(source, new Map([[id, { error: 'no space' }]])).actions.map(short),
    look([]).actions.map(short),
    look([aVolume('data'), aClaim('data', { volumeName: 'pvc-uid-data' }, { phase: 'Bound', capacity: { storage: '2Gi' } })]).actions.map(short),
  ], [
    'ask provision {"path":"/data/volumes/pvc-uid-copy","from":"/data/volumes/pvc-uid-data"}', 'create', [`${prefix}no space`],
    [`${prefix}error getting handle for DataSource Type PersistentVolumeClaim by Name data: error getting PVC data (namespace "default") from api server: persistentvolumeclaim "data" not found`],
    [`${prefix}error getting handle for DataSource Type PersistentVolumeClaim by Name data: error, new PVC request must be greater than or equal in size to the specified PVC data source, requested 1073741824 but source is 2147483648`],
  ])
})
