// What claims, the claim templates of StatefulSets and ephemeral volumes share.
import { canonicalQuantity } from '../../../base/quantity.ts'
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '../../generated/types.ts'
import { eachValue, withDefaults, withField } from '../filling.ts'

export function fillClaim(claim: PersistentVolumeClaim): PersistentVolumeClaim {
  const shaped = withDefaults(claim, { spec: {}, status: {} })
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
