// What claims, the claim templates of StatefulSets and ephemeral volumes share.
import { canonicalQuantity } from '../../../base/quantity.ts'
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec, TypedLocalObjectReference, TypedObjectReference } from '../../generated/types.ts'
import type { Problem } from '../../refusal.ts'
import { checkLabelName, checkSubdomain } from '../../selectors/syntax.ts'
import { eachValue, withDefaults, withField, withParts } from '../filling.ts'
import { checkLabelSelector } from '../labelselector.ts'
import { checkOneOf, checkText, forbidden, invalid, required, unsupported } from '../problems.ts'
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
    ...(['dataSource', 'dataSourceRef'] as const).flatMap((field) => (spec[field] === undefined ? [] : checkSource(spec[field], `${path}.${field}`))),
    ...(spec.dataSource === undefined || spec.dataSourceRef === undefined ? []
      : spec.dataSourceRef.namespace ? [invalid(path, `${path}.dataSource`, 'may not be specified when dataSourceRef.namespace is specified')]
        : sameSource(spec.dataSource, spec.dataSourceRef) ? [] : [invalid(path, `${path}.dataSource`, 'must match dataSourceRef')]),
    ...(spec.volumeAttributesClassName ? checkText(`${path}.volumeAttributesClassName`, spec.volumeAttributesClassName, checkSubdomain) : []),
  ]
}

type Source = TypedLocalObjectReference | TypedObjectReference
const sameSource = (left: Source, right: Source): boolean => left.kind === right.kind && left.name === right.name && (left.apiGroup ?? '') === (right.apiGroup ?? '')

/** What a volume is filled from. */
function checkSource(source: Source, path: string): readonly Problem[] {
  const { name, kind, apiGroup } = source
  const namespace = 'namespace' in source ? source.namespace : undefined
  return [
    ...(name ? [] : [required(`${path}.name`)]),
    ...(kind ? [] : [required(`${path}.kind`)]),
    ...(apiGroup ? checkText(`${path}.apiGroup`, apiGroup, checkSubdomain) : kind === 'PersistentVolumeClaim' ? [] : [invalid(path, kind ?? '', "must be 'PersistentVolumeClaim' when referencing the default apiGroup")]),
    ...(namespace ? checkText(`${path}.namespace`, namespace, checkLabelName) : []),
  ]
}
