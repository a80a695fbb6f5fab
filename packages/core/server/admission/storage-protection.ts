import { persistentVolumeClaims, persistentVolumes, volumeAttributesClasses } from '../../api/resources.ts'
import type { Plugin } from './types.ts'

const finalizers: Readonly<Record<string, string>> = {
  [persistentVolumeClaims.resource]: 'kubernetes.io/pvc-protection', [persistentVolumes.resource]: 'kubernetes.io/pv-protection', [volumeAttributesClasses.resource]: 'kubernetes.io/vac-protection',
}

/** Volumes and claims have from the start what keeps them while they are in use. */
export const storageObjectInUseProtection: Plugin = {
  name: 'StorageObjectInUseProtection', operations: ['create'], resources: Object.keys(finalizers),
  mutate({ kind, object, subresource }) {
    const finalizer = subresource === '' ? finalizers[kind.resource] : undefined
    if (finalizer === undefined || object.metadata.finalizers?.includes(finalizer) === true) return object
    return { ...object, metadata: { ...object.metadata, finalizers: [...(object.metadata.finalizers ?? []), finalizer] } }
  },
}
