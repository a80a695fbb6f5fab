import assert from 'node:assert/strict'
import { at, good, list, refused, text, until } from '../api.ts'
import { contains, statusIsWritten, supports, update } from '../operations.ts'
import type { Story, World } from '../story.ts'
import { emptied } from './lists-and-watches.ts'

const storage = 'storage.k8s.io/v1'
const condition = { type: 'Resizing', status: 'True', reason: 'Story', message: 'Set by a story' }

/** Data may change until it is said that it may not, and then nothing but the metadata. */
async function immutable(world: World, plural: string, kind: string, encode: (plain: string) => string): Promise<void> {
  const path = world.path('v1', plural)
  const withData = (value: string, more: object = {}) => ({ data: { key: encode(value) }, ...more })
  await world.create(path, { metadata: { name: 'one' }, ...withData('a') })
  await update(world, `${path}/one`, (object) => ({ ...object, ...withData('b') }))
  await update(world, `${path}/one`, (object) => ({ ...object, immutable: true }))
  const before = await world.get(`${path}/one`)
  for (const change of [withData('c'), { immutable: false }, { immutable: null }]) refused(await world.ask('PUT', `${path}/one`, { ...before, ...change }), 422, 'Invalid', new RegExp(`^${kind} "one" is invalid: .*Forbidden: field is immutable when \`immutable\` is set`))
  await world.merge(`${path}/one`, { metadata: { labels: { still: 'yes' } } })
  assert.equal(at(await world.get(`${path}/one`), 'data', 'key'), encode('b'))
  await world.remove(`${path}/one`)
}

interface Pair { readonly volume: string; readonly claim: string; readonly volumes: string }
/** A volume and a claim that are for each other only. */
async function volumeAndClaim(world: World): Promise<Pair> {
  const name = world.unique('volume')
  const label = { story: world.namespace }
  const storageClassName = world.unique('class')
  const volumes = '/api/v1/persistentvolumes'
  await world.create(volumes, {
    metadata: { name, labels: label },
    spec: { capacity: { storage: '10Gi' }, accessModes: ['ReadWriteOnce'], storageClassName, persistentVolumeReclaimPolicy: 'Retain', csi: { driver: 'stories.example.com', volumeHandle: 'handle' } },
  })
  await world.create(world.path('v1', 'persistentvolumeclaims'), { metadata: { name: 'claim', labels: label }, spec: { storageClassName, accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } } } })
  return { volume: `${volumes}/${name}`, claim: world.path('v1', 'persistentvolumeclaims', 'claim'), volumes: `${volumes}?labelSelector=story%3D${world.namespace}` }
}
const bound = async (world: World, { volume, claim }: Pair): Promise<void> => {
  for (const path of [volume, claim]) await until(world.api, `${path} is bound`, async () => text(await world.get(path), 'status', 'phase') === 'Bound')
}
const attachment = { spec: { attacher: 'stories.example.com', nodeName: 'nobody', source: { persistentVolumeName: 'absent' } } }

export const storageStories: readonly Story[] = [
  { row: '[sig-storage] ConfigMap should be immutable if `immutable` field is set [Conformance]', tell: (world) => immutable(world, 'configmaps', 'ConfigMap', (plain) => plain) },
  { row: '[sig-storage] Secrets should be immutable if `immutable` field is set [Conformance]', tell: (world) => immutable(world, 'secrets', 'Secret', (plain) => Buffer.from(plain).toString('base64')) },
  {
    row: '[sig-storage] PersistentVolumes CSI Conformance should run through the lifecycle of a PV and a PVC [Conformance]',
    tell: async (world) => {
      const pair = await volumeAndClaim(world)
      await bound(world, pair)
      assert.equal((await world.names(pair.volumes)).length, 1)
      assert.deepEqual(await world.names(world.path('v1', 'persistentvolumeclaims')), ['claim'])
      for (const path of [pair.volume, pair.claim]) {
        assert.equal(at(await world.merge(path, { metadata: { labels: { patched: 'yes' } } }), 'metadata', 'labels', 'patched'), 'yes')
        await update(world, path, (object) => ({ ...object, metadata: { ...object['metadata'] as object, labels: { story: world.namespace, updated: 'yes' } } }))
      }
      assert.equal((await world.names(`${pair.volumes},updated%3Dyes`)).length, 1)
      await world.remove(pair.claim)
      await until(world.api, 'the claim is gone', () => world.isGone(pair.claim))
      await until(world.api, 'the volume is released', async () => text(await world.get(pair.volume), 'status', 'phase') === 'Released')
      await world.remove(pair.volume)
      await until(world.api, 'the volume is gone', () => world.isGone(pair.volume))
      const again = await volumeAndClaim(world)
      await bound(world, again)
      await emptied(world, world.path('v1', 'persistentvolumeclaims'), `story=${world.namespace}`)
      await emptied(world, '/api/v1/persistentvolumes', `story=${world.namespace}`)
    },
  },
  {
    row: '[sig-storage] PersistentVolumes CSI Conformance should apply changes to a pv/pvc status [Conformance]',
    tell: async (world) => {
      const pair = await volumeAndClaim(world)
      await bound(world, pair)
      for (const path of [pair.volume, pair.claim]) assert.equal(text(await world.get(`${path}/status`), 'status', 'phase'), 'Bound')
      await statusIsWritten(world, pair.claim, [{ conditions: [condition] }, { conditions: [{ ...condition, message: 'updated' }] }])
      await statusIsWritten(world, pair.volume, [{ message: 'patched', reason: 'Story' }, { message: 'updated', reason: 'Story' }])
      await world.remove(pair.claim)
      await world.remove(pair.volume)
      await until(world.api, 'the volume is gone', () => world.isGone(pair.volume))
    },
  },
  {
    row: '[sig-storage] StorageClasses CSI Conformance should run through the lifecycle of a StorageClass [Conformance]',
    tell: (world) => supports(world, { apiVersion: storage, plural: 'storageclasses', kind: 'StorageClass', scope: 'Cluster', fields: { provisioner: 'stories.example.com' } }),
  },
  {
    row: '[sig-storage] CSIInlineVolumes should run through the lifecycle of a CSIDriver [Conformance]',
    tell: (world) => supports(world, { apiVersion: storage, plural: 'csidrivers', kind: 'CSIDriver', scope: 'Cluster', fields: { spec: { attachRequired: false, podInfoOnMount: true, volumeLifecycleModes: ['Ephemeral'] } } }),
  },
  {
    row: '[sig-storage] CSIInlineVolumes should support CSIVolumeSource in Pod API [Conformance]',
    tell: async (world) => {
      const pods = world.path('v1', 'pods')
      const csi = { driver: world.unique('driver'), volumeAttributes: { foo: 'bar' } }
      await world.create(pods, {
        metadata: { name: 'inline', labels: { story: 'life' } },
        // No node has the driver: it never runs.
        spec: { terminationGracePeriodSeconds: 0, nodeName: 'nobody', containers: [{ name: 'main', image: 'main:1', volumeMounts: [{ name: 'data', mountPath: '/data' }] }], volumes: [{ name: 'data', csi }] },
      })
      const volumes = async (): Promise<unknown> => list(list(await world.get(`${world.everywhere('v1', 'pods')}?labelSelector=story%3Dlife`), 'items').find((pod) => text(pod, 'metadata', 'namespace') === world.namespace), 'spec', 'volumes').find(({ name }) => name === 'data')
      assert.deepEqual(await volumes(), { name: 'data', csi })
      await world.patch(`${pods}/inline`, { metadata: { labels: { patched: 'yes' } } }, 'strategic-merge')
      contains(await world.get(`${pods}/inline`), { metadata: { labels: { story: 'life', patched: 'yes' } } })
      good(await world.ask('DELETE', `${pods}/inline`, { gracePeriodSeconds: 0 }), 200)
      await until(world.api, 'it is gone', () => world.isGone(`${pods}/inline`))
    },
  },
  {
    row: '[sig-storage] CSINodes CSI Conformance should run through the lifecycle of a csinode [Conformance]',
    tell: (world) => supports(world, { apiVersion: storage, plural: 'csinodes', kind: 'CSINode', scope: 'Cluster', fields: { spec: { drivers: [] } } }),
  },
  {
    row: '[sig-storage] CSIStorageCapacity should support CSIStorageCapacities API operations [Conformance]',
    tell: (world) => supports(world, { apiVersion: storage, plural: 'csistoragecapacities', kind: 'CSIStorageCapacity', scope: 'Namespaced', fields: { storageClassName: 'absent', nodeTopology: { matchLabels: { zone: 'a' } }, capacity: '1Gi' } }),
  },
  {
    row: '[sig-storage] VolumeAttachment Conformance should run through the lifecycle of a VolumeAttachment [Conformance]',
    tell: (world) => supports(world, { apiVersion: storage, plural: 'volumeattachments', kind: 'VolumeAttachment', scope: 'Cluster', fields: attachment }),
  },
  {
    row: '[sig-storage] VolumeAttachment Conformance should apply changes to a volumeattachment status [Conformance]',
    tell: async (world) => {
      const name = world.unique('attachment')
      const path = `/apis/${storage}/volumeattachments/${name}`
      await world.create(`/apis/${storage}/volumeattachments`, { metadata: { name }, ...attachment })
      assert.equal(at(await world.get(`${path}/status`), 'status', 'attached'), false)
      await statusIsWritten(world, path, [{ attached: true }, { attached: true, attachmentMetadata: { device: 'sda' } }])
      assert.equal(at(await world.get(path), 'status', 'attached'), true)
      await world.remove(path)
      await until(world.api, 'it is gone', () => world.isGone(path))
    },
  },
  {
    row: '[sig-storage] VolumeAttributesClass [FeatureGate:VolumeAttributesClass] should run through the lifecycle of a VolumeAttributesClass [Conformance]',
    tell: (world) => supports(world, { apiVersion: storage, plural: 'volumeattributesclasses', kind: 'VolumeAttributesClass', scope: 'Cluster', fields: { driverName: 'stories.example.com', parameters: { iops: '500' } } }),
  },
]
