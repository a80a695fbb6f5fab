import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type VolumeAttributesClass, volumeAttributesClasses } from '../../../resources.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { sameMeaning } from '../../equal.ts'
import { asItIs } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { forbidden, required } from '../../problems.ts'
import { checkParameters, checkProvisioner } from '../names.ts'

function check(next: VolumeAttributesClass, before: VolumeAttributesClass | undefined): readonly Problem[] {
  const { driverName, parameters = {} } = next
  return [
    ...(before === undefined || driverName === before.driverName ? [] : [forbidden('driverName', 'updates to driverName are forbidden.')]),
    ...(before === undefined || sameMeaning(parameters, before.parameters) ? [] : [forbidden('parameters', 'updates to parameters are forbidden.')]),
    ...checkMetadata(next, before, { scope: 'Cluster' }),
    ...checkProvisioner('driverName', driverName),
    ...checkParameters('parameters', parameters),
    ...(Object.keys(parameters).length === 0 ? [required('parameters', 'must contain at least one key/value pair')] : []),
  ]
}

export const volumeAttributesClass: Kind<VolumeAttributesClass> = {
  ...volumeAttributesClasses,
  singular: 'volumeattributesclass', shortNames: ['vac'], categories: [],
  hasStatus: false,
  served: [{
    group: 'storage.k8s.io', version: 'v1', definition: 'io.k8s.api.storage.v1.VolumeAttributesClass', fill: asItIs,
    columns: [
      nameColumn,
      text('DriverName', 'Name of the CSI driver This field is immutable.', ({ driverName }) => driverName ?? ''),
      ageColumn,
    ],
  }],
  check,
}
