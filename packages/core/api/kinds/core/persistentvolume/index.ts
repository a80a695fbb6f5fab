import { canonicalQuantity } from '../../../../base/quantity.ts'
import { timestamp } from '../../../../base/timestamp.ts'
import type { PersistentVolume as PersistentVolumeModel } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import { type PersistentVolume, persistentVolumes } from '../../../resources.ts'
import { ageColumn, nameColumn, text, wideText } from '../../columns.ts'
import { eachValue, filling, withDefaults, withField, withParts } from '../../filling.ts'
import { accessModesText } from '../amounts.ts'
import { check } from './validation.ts'

function fill(draft: PersistentVolumeModel): PersistentVolumeModel {
  const shaped = withField(withParts(draft, 'spec', 'status'), 'status', (status) => withDefaults(status, { phase: 'Pending' }))
  return withField(shaped, 'spec', (given) => {
    const spec = withDefaults(given, { persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem' })
    const measured = withField(spec, 'capacity', (amounts) => eachValue(amounts, canonicalQuantity))
    return withField(measured, 'hostPath', (source) => withDefaults(source, { type: '' }))
  })
}

export const persistentVolume: Kind<PersistentVolume> = {
  ...persistentVolumes,
  singular: 'persistentvolume', shortNames: ['pv'], categories: [],
  hasStatus: true,
  served: [{
    group: '', version: 'v1', definition: 'io.k8s.api.core.v1.PersistentVolume', fill: filling(fill),
    columns: [
      nameColumn,
      text('Capacity', "capacity is the description of the persistent volume's resources and capacity. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#capacity", ({ spec }) => spec.capacity?.['storage'] ?? '0'),
      text('Access Modes', 'accessModes contains all ways the volume can be mounted. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#access-modes', ({ spec }) => accessModesText(spec.accessModes)),
      text('Reclaim Policy', 'persistentVolumeReclaimPolicy defines what happens to a persistent volume when released from its claim. Valid options are Retain (default for manually created PersistentVolumes), Delete (default for dynamically provisioned PersistentVolumes), and Recycle (deprecated). Recycle must be supported by the volume plugin underlying this PersistentVolume. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#reclaiming', ({ spec }) => spec.persistentVolumeReclaimPolicy ?? ''),
      text('Status', 'phase indicates if a volume is available, bound to a claim, or released by a claim. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#phase', ({ metadata, status }) => (metadata.deletionTimestamp === undefined ? status.phase ?? '' : 'Terminating')),
      text('Claim', 'claimRef is part of a bi-directional binding between PersistentVolume and PersistentVolumeClaim. Expected to be non-nil when bound. claim.VolumeName is the authoritative bind between PV and PVC. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#binding', ({ spec: { claimRef } }) => (claimRef === undefined ? '' : `${claimRef.namespace ?? ''}/${claimRef.name ?? ''}`)),
      text('StorageClass', 'storageClassName is the name of StorageClass to which this persistent volume belongs. Empty value means that this volume does not belong to any StorageClass.', ({ metadata, spec }) => metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec.storageClassName ?? ''),
      text('VolumeAttributesClass', 'Name of VolumeAttributesClass to which this persistent volume belongs.', ({ spec }) => spec.volumeAttributesClassName ?? '<unset>'),
      text('Reason', 'reason is a brief CamelCase string that describes any failure and is meant for machine parsing and tidy display in the CLI.', ({ status }) => status.reason ?? ''),
      ageColumn,
      wideText('VolumeMode', 'volumeMode defines if a volume is intended to be used with a formatted filesystem or to remain in raw block state. Value of Filesystem is implied when not included in spec.', ({ spec }) => spec.volumeMode ?? '<unset>'),
    ],
  }],
  prepare: (next, before, { now }) => ({ ...next, status: before?.status ?? { phase: 'Pending', lastPhaseTransitionTime: timestamp(now) } }),
  check,
  subresources: [{ name: 'status', is: 'status' }],
}
