import { type PersistentVolumeClaim, persistentVolumeClaims, storageClasses } from '../../api/resources.ts'
import { newest } from './newest.ts'
import type { Plugin } from './types.ts'

const mark = 'storageclass.kubernetes.io/is-default-class'

/** A claim that names no class takes the default one. '' means: none, on purpose. */
export const defaultStorageClass: Plugin = {
  name: 'DefaultStorageClass', operations: ['create'], resources: [persistentVolumeClaims.resource],
  mutate({ object, circumstances: { view } }) {
    const claim = object as PersistentVolumeClaim
    if (claim.spec.storageClassName !== undefined || claim.metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] !== undefined) return claim
    const found = newest(view.list(storageClasses), ({ metadata }) => metadata.annotations?.[mark] === 'true')
    return found === undefined ? claim : { ...claim, spec: { ...claim.spec, storageClassName: found.metadata.name } }
  },
}
