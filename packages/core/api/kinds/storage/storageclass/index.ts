import type { StorageClass as StorageClassModel } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type StorageClass, storageClasses } from '../../../resources.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { sameMeaning } from '../../equal.ts'
import { filling, withDefaults } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { deprecation } from '../../nodelabels.ts'
import { checkRequiredOneOf, immutable } from '../../problems.ts'
import { checkParameters, checkProvisioner } from '../names.ts'

const defaultAnnotations = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'] as const

/** Is this the class of claims that name none? */
export const isDefaultClass = ({ metadata }: StorageClass): boolean => defaultAnnotations.some((annotation) => metadata.annotations?.[annotation] === 'true')

const fill = (draft: StorageClassModel): StorageClassModel => withDefaults(draft, { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' })

function check(next: StorageClass, before: StorageClass | undefined): readonly Problem[] {
  return [
    ...checkMetadata(next, before, { scope: 'Cluster' }),
    ...checkProvisioner('provisioner', next.provisioner),
    ...checkParameters('parameters', next.parameters),
    ...checkRequiredOneOf('reclaimPolicy', next.reclaimPolicy, ['Delete', 'Retain']),
    ...checkRequiredOneOf('volumeBindingMode', next.volumeBindingMode, ['Immediate', 'WaitForFirstConsumer']),
    ...(before === undefined ? [] : [
      ...(sameMeaning(next.parameters, before.parameters) ? [] : [immutable('parameters', next.parameters)]),
      ...(next.provisioner === before.provisioner ? [] : [immutable('provisioner', next.provisioner ?? '')]),
      ...(next.reclaimPolicy === before.reclaimPolicy ? [] : [immutable('reclaimPolicy', next.reclaimPolicy)]),
      ...(next.volumeBindingMode === before.volumeBindingMode ? [] : [immutable('volumeBindingMode', next.volumeBindingMode)]),
    ]),
  ]
}

export const storageClass: Kind<StorageClass> = {
  ...storageClasses,
  singular: 'storageclass', shortNames: ['sc'], categories: [],
  hasStatus: false,
  served: [{
    group: 'storage.k8s.io', version: 'v1', definition: 'io.k8s.api.storage.v1.StorageClass', fill: filling(fill),
    columns: [
      { ...nameColumn, cell: (object) => (isDefaultClass(object) ? `${object.metadata.name} (default)` : object.metadata.name) },
      text('Provisioner', 'provisioner indicates the type of the provisioner.', ({ provisioner }) => provisioner ?? ''),
      text('ReclaimPolicy', 'reclaimPolicy controls the reclaimPolicy for dynamically provisioned PersistentVolumes created by this storage class. Defaults to Delete.', ({ reclaimPolicy }) => reclaimPolicy ?? 'Delete'),
      text('VolumeBindingMode', 'volumeBindingMode indicates how PersistentVolumeClaims should be provisioned and bound.  When unset, VolumeBindingImmediate is used.', ({ volumeBindingMode }) => volumeBindingMode ?? 'Immediate'),
      text('AllowVolumeExpansion', 'allowVolumeExpansion shows whether the storage class allow volume expand.', ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false),
      ageColumn,
    ],
  }],
  check,
  warn: ({ allowedTopologies = [] }) => allowedTopologies.flatMap(({ matchLabelExpressions = [] }, term) => matchLabelExpressions.flatMap(({ key }, index) => {
    const words = deprecation(key)
    return words === undefined ? [] : [`allowedTopologies[${term}].matchLabelExpressions[${index}].key: ${words}`]
  })),
}
