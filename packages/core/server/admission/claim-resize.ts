import { type PersistentVolumeClaim, persistentVolumeClaims, storageClasses } from '../../api/resources.ts'
import { compareQuantities, parseQuantity } from '../../base/quantity.ts'
import { forbidden } from '../refusals.ts'
import type { Plugin } from './types.ts'
import { classOfClaim } from '../../api/kinds/index.ts'

/** Only a bound claim whose class lets volumes grow may ask for more. */
export const persistentVolumeClaimResize: Plugin = {
  name: 'PersistentVolumeClaimResize', operations: ['update'], resources: [persistentVolumeClaims.resource],
  validate({ kind, object, before, subresource, circumstances: { view } }) {
    if (subresource !== '' || before === undefined) return undefined
    const claim = object as PersistentVolumeClaim
    const old = before as PersistentVolumeClaim
    const [size, oldSize] = [sizeOf(claim), sizeOf(old)]
    if (size === undefined || oldSize === undefined || compareQuantities(size, oldSize) <= 0) return undefined
    if (old.status.phase !== 'Bound') return forbidden(kind, claim.metadata.name, 'only bound persistent volume claims can be expanded')
    const className = classOfClaim(claim)
    return view.get(storageClasses, '', className)?.allowVolumeExpansion === true ? undefined
      : forbidden(kind, claim.metadata.name, 'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize')
  },
}
const sizeOf = ({ spec }: PersistentVolumeClaim) => parseQuantity(spec.resources?.requests?.['storage'] ?? '')
