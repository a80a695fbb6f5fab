// What claims, the claim templates of StatefulSets and ephemeral volumes share.
import { canonicalQuantity } from '../../../base/quantity.ts'
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '../../generated/types.ts'
import type { Problem } from '../../refusal.ts'
import { checkSubdomain } from '../../selectors/syntax.ts'
import { eachValue, withDefaults, withField, withParts } from '../filling.ts'
import { checkLabelSelector } from '../labelselector.ts'
import { checkOneOf, checkText, forbidden, required, unsupported } from '../problems.ts'
import { accessModes, checkPositiveAmount } from './amounts.ts'

export function fillClaim(claim: PersistentVolumeClaim): PersistentVolumeClaim {
  const shaped = withParts(claim, 'spec', 'status')
  return withField(withField(shaped, 'spec', fillClaimSpec), 'status', (status) => withDefaults(status, { phase: 'Pending' }))
}

export function fillClaimSpec(draft: PersistentVolumeClaimSpec): PersistentVolumeClaimSpec {
  let spec = withDefaults(draft, { resources: {}, volumeMode: 'Filesystem' })
  // Either name of the source says what the other does, as long as the new one needs no namespace.
  if (spec.dataSource !== undefined && spec.dataSourceRef === undefined) spec = { ...spec, dataSourceRef: spec.dataSource }
  else if (spec.dataSourceRef !== undefined && spec.dataSource === undefined && spec.dataSourceRef.namespace === undefined) spec = { ...spec, dataSource: spec.dataSourceRef }
  return withField(spec, 'resources', (resources) => {
    const requests = withField(resources, 'requests', (amounts) => eachValue(amounts, canonicalQuantity))
    return withField(requests, 'limits', (amounts) => eachValue(amounts, canonicalQuantity))
  })
}

/** The spec of a claim, wherever it stands. */
export function checkClaimSpec(spec: PersistentVolumeClaimSpec, path: string): readonly Problem[] {
  const modes = spec.accessModes ?? []
  const storage = spec.resources?.requests?.['storage']
  return [
    ...(modes.length === 0 ? [required(`${path}.accessModes`, 'at least 1 access mode is required')] : []),
    ...modes.filter((mode) => !accessModes.has(mode)).map((mode) => unsupported(`${path}.accessModes`, mode, [...accessModes.keys()].sort())),
    ...(modes.length > 1 && modes.includes('ReadWriteOncePod') ? [forbidden(`${path}.accessModes`, 'may not use ReadWriteOncePod with other access modes')] : []),
    ...checkLabelSelector(spec.selector, `${path}.selector`),
    ...(storage === undefined ? [required(`${path}.resources[storage]`)] : checkPositiveAmount(`${path}.resources[storage]`, storage)),
    ...(spec.storageClassName ? checkText(`${path}.storageClassName`, spec.storageClassName, checkSubdomain) : []),
    ...checkOneOf(`${path}.volumeMode`, spec.volumeMode, ['Block', 'Filesystem']),
  ]
}
