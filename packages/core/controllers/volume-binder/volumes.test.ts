import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Node, nodes, type PersistentVolume, type PersistentVolumeClaim, persistentVolumeClaims, persistentVolumes, pods, type Resource, type StorageClass, storageClasses, volumeAttributesClasses } from '../../api/index.ts'
import { anObject, aPod } from '../builders.ts'
import { nodeAddressController } from '../node-addresses/reconcile.ts'
import { localProvisioner } from '../provisioner/reconcile.ts'
import { stage } from '../stage.ts'
import { attributesClassProtectionController, claimProtectionController, volumeProtectionController } from '../volume-protection/reconcile.ts'
import { volumeBinderController } from './reconcile.ts'

const aClass = (binding: string, reclaimPolicy = 'Delete', provisioner = 'skiff.dev/local'): StorageClass => anObject(storageClasses, 'standard', { provisioner, reclaimPolicy, volumeBindingMode: binding })
const aClaim = (spec: object = {}, metadata: object = {}): PersistentVolumeClaim =>
  anObject(persistentVolumeClaims, 'data', { metadata, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'standard', volumeMode: 'Filesystem', ...spec }, status: { phase: 'Pending' } })
const aVolume = (name: string, storage: string, spec: object = {}): PersistentVolume =>
  anObject(persistentVolumes, name, { spec: { accessModes: ['ReadWriteOnce'], capacity: { storage }, storageClassName: '', persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem', hostPath: { path: '/x' }, ...spec }, status: { phase: 'Pending' } })
const aNode = (name: string, simulated = true): Node =>
  anObject(nodes, name, { metadata: { labels: { 'kubernetes.io/hostname': name }, annotations: { 'skiff.dev/simulated': String(simulated) } }, spec: {}, status: { conditions: [{ type: 'Ready', status: 'True' }] } })

const at = (...objects: readonly Resource[]) => {
  const on = stage([volumeBinderController, localProvisioner({ volumesBelow: '/data/volumes' }), claimProtectionController, volumeProtectionController], ...objects)
  const view = on.world.store.view
  const claim = () => view.get(persistentVolumeClaims, 'default', 'data')
  const volumes = () => [...view.list(persistentVolumes)]
  return {
    ...on, claim, volumes,
    state: () => ({ claim: `${claim()?.status?.phase} ${claim()?.spec.volumeName ?? '-'}`, volumes: volumes().map(({ metadata, status }) => `${metadata.name} ${status?.phase}`) }),
    select: (node: string) => { on.world.update(persistentVolumeClaims, 'data', (before) => ({ ...before, metadata: { ...before.metadata, annotations: { ...before.metadata.annotations, 'volume.kubernetes.io/selected-node': node } } })); on.settle() },
    remove: () => {
      const { uid = '', namespace = '', name = '' } = claim()?.metadata ?? {}
      on.world.submit({ do: 'delete', key: { resource: persistentVolumeClaims.resource, namespace, name }, uid }, { user: 'me', groups: [], component: 'me' }, () => {})
      on.settle()
    },
  }
}

test('a claim takes the smallest volume that is large enough', () => {
  const on = at(aVolume('big', '10Gi'), aVolume('fit', '2Gi'), aVolume('small', '500Mi'), aClaim({ storageClassName: '' }))
  assert.deepEqual(on.state(), { claim: 'Bound fit', volumes: ['big Available', 'fit Bound', 'small Available'] })
  assert.deepEqual([on.claim()?.status?.capacity, on.claim()?.metadata.annotations, on.claim()?.metadata.finalizers], [
    { storage: '2Gi' }, { 'pv.kubernetes.io/bind-completed': 'yes', 'pv.kubernetes.io/bound-by-controller': 'yes' }, ['kubernetes.io/pvc-protection'],
  ])
  const fit = on.volumes().find(({ metadata }) => metadata.name === 'fit')
  assert.deepEqual([fit?.spec.claimRef?.uid, fit?.metadata.annotations, fit?.metadata.finalizers], ['uid-data', { 'pv.kubernetes.io/bound-by-controller': 'yes' }, ['kubernetes.io/pv-protection']])
})
test('class, mode and selector keep volumes away; without a class the claim says so once', () => {
  const on = at(aVolume('other', '2Gi', { storageClassName: 'fast' }), aVolume('block', '2Gi', { volumeMode: 'Block' }), aClaim({ storageClassName: '', selector: { matchLabels: { a: 'b' } } }))
  assert.deepEqual([on.state().claim, on.news()], ['Pending -', ['FailedBinding: no persistent volumes available for this claim and no storage class is set']])
  on.world.put({ ...aVolume('late', '1Gi'), metadata: { ...aVolume('late', '1Gi').metadata, labels: { a: 'b' } } })
  on.settle()
  assert.equal(on.state().claim, 'Bound late')
})
test('a volume set aside for a claim goes to that claim, and a claim that names a volume gets that one', () => {
  const aside = at(aVolume('a', '1Gi'), aVolume('mine', '50Gi', { claimRef: { namespace: 'default', name: 'data' } }), aClaim({ storageClassName: '' }))
  assert.equal(aside.state().claim, 'Bound mine')
  const named = at(aVolume('a', '1Gi'), aVolume('b', '50Gi'), aClaim({ storageClassName: '', volumeName: 'b' }))
  assert.deepEqual(named.state(), { claim: 'Bound b', volumes: ['a Available', 'b Bound'] })
})
test('a claim that names a volume of another is told so, once, and waits', () => {
  const on = at(aVolume('taken', '1Gi', { claimRef: { namespace: 'default', name: 'other', uid: 'uid-other' } }), aClaim({ storageClassName: '', volumeName: 'taken' }))
  on.world.update(persistentVolumeClaims, 'data', (claim) => ({ ...claim, metadata: { ...claim.metadata, labels: { touched: 'yes' } } }))
  on.settle()
  assert.deepEqual([on.state().claim, on.news()], ['Pending taken', ['FailedBinding: volume "taken" already bound to a different claim.']])
})
test('a claim waits for its first consumer, then a volume is made on the chosen node', () => {
  const on = at(aClass('WaitForFirstConsumer'), aNode('a'), aNode('b'), aClaim())
  assert.deepEqual([on.state(), on.news()], [{ claim: 'Pending -', volumes: [] }, ['WaitForFirstConsumer: waiting for first consumer to be created before binding']])
  on.world.put(aPod('p', { spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] } }))
  on.settle()
  assert.deepEqual(on.news(), ['WaitForPodScheduled: waiting for pod p to be scheduled'])
  on.select('b')
  assert.deepEqual(on.state(), { claim: 'Bound pvc-uid-data', volumes: ['pvc-uid-data Bound'] })
  assert.deepEqual(on.news(), [
    "ExternalProvisioning: Waiting for a volume to be created either by the external provisioner 'skiff.dev/local' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.",
    'Provisioning: External provisioner is provisioning volume for claim "default/data"', 'ProvisioningSucceeded: Successfully provisioned volume pvc-uid-data',
  ])
  const [volume] = on.volumes()
  assert.deepEqual([volume?.spec.local, volume?.spec.capacity, volume?.spec.persistentVolumeReclaimPolicy, volume?.spec.nodeAffinity], [
    { path: '/data/volumes/pvc-uid-data' }, { storage: '1Gi' }, 'Delete', { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['b'] }] }] } },
  ])
})
test('with immediate binding any ready node will do', () => {
  assert.equal(at(aClass('Immediate'), aNode('a'), aClaim()).state().claim, 'Bound pvc-uid-data')
})
test('a claim in use stays until its pod has gone; then its volume is reclaimed', () => {
  const mounting = aPod('p', { node: 'a', spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] } })
  const on = at(aClass('Immediate'), aNode('a'), aClaim(), mounting)
  on.remove()
  assert.deepEqual([on.claim()?.metadata.deletionTimestamp, on.state().volumes], ['2026-01-01T00:00:00Z', ['pvc-uid-data Bound']])
  on.world.remove(pods, 'p')
  on.settle()
  assert.deepEqual([on.claim(), on.volumes()], [undefined, []])
})
test('on a real node the directory goes before its volume does', () => {
  const on = at(aClass('Immediate'), aNode('a', false), aClaim())
  on.remove()
  assert.deepEqual(on.state().volumes, ['pvc-uid-data Released'])
  const volume = on.volumes()[0]
  assert.ok(volume)
  const { reconcile } = localProvisioner({ volumesBelow: '/data/volumes' })
  const look = (memory: { attempt: number; told: string } | undefined, observed: ReadonlyMap<string, unknown>) => reconcile('volume:pvc-uid-data', { view: on.world.store.view, now: 0, memory, last: undefined, observed })
  const first = look(undefined, new Map())
  assert.deepEqual(first.actions, [{ do: 'ask', ask: { id: `unprovision/${volume.metadata.uid}/0`, what: 'unprovision', input: { path: '/data/volumes/pvc-uid-data' } } }])
  assert.deepEqual(look(first.memory, new Map([[`unprovision/${volume.metadata.uid}/0`, { done: true }]])).actions, [{ do: 'delete', key: { resource: 'persistentvolumes', namespace: '', name: 'pvc-uid-data' }, uid: volume.metadata.uid }])
  const failed = look(first.memory, new Map([[`unprovision/${volume.metadata.uid}/0`, { error: 'busy' }]]))
  assert.deepEqual([failed.actions.map((action) => action.do), failed.memory, failed.again], [['record'], { attempt: 1, told: 'busy' }, 15_000])
})
test('a retained volume stays Released', () => {
  const on = at(aVolume('keep', '1Gi'), aClaim({ storageClassName: '' }))
  on.remove()
  assert.deepEqual(on.state().volumes, ['keep Released'])
})
test('a claim whose volume vanishes is lost', () => {
  const on = at(aVolume('v', '1Gi'), aClaim({ storageClassName: '' }))
  on.world.remove(persistentVolumes, 'v')
  on.settle()
  assert.deepEqual([on.state().claim, on.news()], ['Lost v', ['ClaimLost: Bound claim has lost its PersistentVolume. Data on the volume is lost!']])
})
test('a chosen node that is gone is chosen anew', () => {
  const on = at(aClass('WaitForFirstConsumer'), aNode('a'), aClaim())
  on.select('gone')
  assert.deepEqual([on.claim()?.metadata.annotations?.['volume.kubernetes.io/selected-node'], on.volumes()], [undefined, []])
})
test('nodes without pod addresses get the lowest free block', () => {
  const taken: Node = { ...aNode('a'), spec: { podCIDR: '10.244.0.0/24', podCIDRs: ['10.244.0.0/24'] } }
  const on = stage([nodeAddressController()], taken, aNode('b'), aNode('c'))
  assert.deepEqual([...on.world.store.view.list(nodes)].map(({ spec }) => spec.podCIDR), ['10.244.0.0/24', '10.244.1.0/24', '10.244.2.0/24'])
})

test('a class of attributes stays until no claim and no volume names it', () => {
  const on = stage([attributesClassProtectionController], anObject(volumeAttributesClasses, 'gold', { driverName: 'd' }), aClaim({ volumeAttributesClassName: 'gold' }), aVolume('one', '1Gi', { volumeAttributesClassName: 'gold' }))
  const gold = () => on.world.store.view.get(volumeAttributesClasses, '', 'gold')
  assert.deepEqual(gold()?.metadata.finalizers, ['kubernetes.io/vac-protection'])
  on.world.update(volumeAttributesClasses, 'gold', (before) => ({ ...before, metadata: { ...before.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }))
  on.settle()
  assert.deepEqual(gold()?.metadata.finalizers, ['kubernetes.io/vac-protection'])
  on.world.update(persistentVolumeClaims, 'data', (before) => ({ ...before, spec: { ...before.spec, volumeAttributesClassName: 'silver' } }))
  on.settle()
  assert.ok(gold())
  on.world.update(persistentVolumes, 'one', (before) => ({ ...before, spec: { ...before.spec, volumeAttributesClassName: 'silver' } }))
  on.settle()
  assert.equal(gold()?.metadata.finalizers, undefined)
})

test('a volume that was to be scrubbed fails: nobody here does that', () => {
  const on = at(aVolume('old', '1Gi', { persistentVolumeReclaimPolicy: 'Recycle' }), aClaim({ storageClassName: '' }))
  on.news()
  on.remove()
  assert.deepEqual([on.state().volumes, on.news()], [['old Failed'], ['VolumeFailedRecycle: error getting recycler volume plugin for volume "old": no recyclable volume plugin matched']])
})
