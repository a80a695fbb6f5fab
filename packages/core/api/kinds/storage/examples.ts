import type { Draft } from '../../resource.ts'

const apiVersion = 'storage.k8s.io/v1'

export const storageExamples: Readonly<Record<string, Draft>> = {
  'storage.k8s.io/csidrivers': { apiVersion, kind: 'CSIDriver', metadata: { name: 'disk.csi.example.com' }, spec: { attachRequired: false, tokenRequests: [{ audience: 'vault', expirationSeconds: 3600 }, { audience: '' }], volumeLifecycleModes: ['Persistent', 'Ephemeral'] } },
  'storage.k8s.io/csinodes': { apiVersion, kind: 'CSINode', metadata: { name: 'n1' }, spec: { drivers: [{ name: 'disk.csi.example.com', nodeID: 'i-0123', topologyKeys: ['topology.example.com/zone'], allocatable: { count: 24 } }] } },
  'storage.k8s.io/csistoragecapacities': { apiVersion, kind: 'CSIStorageCapacity', metadata: { name: 'zone-a', namespace: 'default' }, storageClassName: 'fast', capacity: '1024Gi', nodeTopology: { matchLabels: { zone: 'a' } } },
  'storage.k8s.io/storageclasses': { apiVersion, kind: 'StorageClass', metadata: { name: 'standard' }, provisioner: 'example.com/local', parameters: { type: 'fast' } },
  'storage.k8s.io/volumeattachments': { apiVersion, kind: 'VolumeAttachment', metadata: { name: 'csi-1' }, spec: { attacher: 'disk.csi.example.com', nodeName: 'n1', source: { persistentVolumeName: 'pv-1' } } },
  'storage.k8s.io/volumeattributesclasses': { apiVersion, kind: 'VolumeAttributesClass', metadata: { name: 'gold' }, driverName: 'disk.csi.example.com', parameters: { iops: '3000' } },
}
