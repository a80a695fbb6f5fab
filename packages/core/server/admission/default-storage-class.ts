import { type PersistentVolumeClaim, persistentVolumeClaims, type StorageClass, storageClasses } from '../../api/resources.ts'
import type { ClusterView } from '../../api/view.ts'
import type { Plugin } from './types.ts'

const mark = 'storageclass.kubernetes.io/is-default-class'

/** A claim that names no class takes the default one. '' means: none, on purpose. */
export const defaultStorageClass: Plugin = {
  name: 'DefaultStorageClass', operations: ['create'], resources: [persistentVolumeClaims.resource],
  mutate({ object, circumstances: { view } }) {
    const claim = object as PersistentVolumeClaim
    if (claim.spec.storageClassName !== undefined || claim.metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] !== undefined) return claim
    const found = defaultClass(view)
    return found === undefined ? claim : { ...claim, spec: { ...claim.spec, storageClassName: found.metadata.name } }
  },
}

/** Of several, the newest; of equally old ones the first by name, as upstream. */
function defaultClass(view: ClusterView): StorageClass | undefined {
  let found: StorageClass | undefined
  for (const each of view.list(storageClasses)) {
    if (each.metadata.annotations?.[mark] === 'true' && (found === undefined || each.metadata.creationTimestamp > found.metadata.creationTimestamp)) found = each
  }
  return found
}
