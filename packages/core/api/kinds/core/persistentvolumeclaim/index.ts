import { compareQuantities } from '../../../../base/quantity.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../../resources.ts'
import { ageColumn, nameColumn, text, wideText } from '../../columns.ts'
import { sameMeaning } from '../../equal.ts'
import { filling } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { forbidden, immutable, invalid, unsupported } from '../../problems.ts'
import { accessModesText, amountOf } from '../amounts.ts'
import { checkClaimSpec, fillClaim } from '../claims.ts'

const oldClassAnnotation = 'volume.beta.kubernetes.io/storage-class'

/** The class of a claim: what kubectl shows and binding compares. */
export const classOfClaim = ({ metadata, spec }: PersistentVolumeClaim): string => metadata.annotations?.[oldClassAnnotation] ?? spec.storageClassName ?? ''

function checkChange(next: PersistentVolumeClaim, before: PersistentVolumeClaim): readonly Problem[] {
  const bound = before.status.phase === 'Bound'
  const asked = amountOf(next.spec.resources?.requests?.['storage'])
  const had = amountOf(before.spec.resources?.requests?.['storage'])
  const annotated = before.metadata.annotations?.[oldClassAnnotation]
  const fixed = ({ volumeName, storageClassName, volumeAttributesClassName, resources, ...spec }: PersistentVolumeClaim['spec']): unknown => ({
    ...spec,
    // The binder fills these in, once.
    ...(before.spec.volumeName ? { volumeName } : {}),
    ...(before.spec.storageClassName === undefined && next.spec.storageClassName !== undefined && (annotated === undefined || annotated === next.spec.storageClassName) ? {} : { storageClassName }),
    resources: bound ? { ...resources, requests: { ...resources?.requests, storage: '' } } : resources,
    ...(bound ? {} : { volumeAttributesClassName }),
  })
  const least = amountOf(before.status.capacity?.['storage'])
  const [attributes, hadAttributes] = [next.spec.volumeAttributesClassName, before.status.currentVolumeAttributesClassName]
  const annotation = next.metadata.annotations?.[oldClassAnnotation]
  return [
    ...(annotation === annotated || (annotation === undefined && annotated === next.spec.storageClassName) ? [] : [immutable(`metadata.annotations[${oldClassAnnotation}]`, annotation ?? '')]),
    ...(sameMeaning(fixed(next.spec), fixed(before.spec)) ? [] : [forbidden('spec', 'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims')]),
    ...(compareQuantities(asked, had) < 0 && compareQuantities(asked, least) <= 0 ? [forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity')] : []),
    // As upstream: told once more, at the top.
    ...(next.spec.volumeMode === before.spec.volumeMode ? [] : [immutable('volumeMode', next.spec.volumeMode ?? null)]),
    ...(hadAttributes === undefined || attributes ? [] : [forbidden('spec.volumeAttributesClassName', `update to ${attributes === undefined ? 'nil' : 'empty string'} is forbidden when status.currentVolumeAttributesClassName is not nil`)]),
  ]
}

const resizeStates: readonly string[] = ['ControllerResizeInProgress', 'ControllerResizeInfeasible', 'NodeResizePending', 'NodeResizeInProgress', 'NodeResizeInfeasible']

function checkStatus({ status }: PersistentVolumeClaim): readonly Problem[] {
  const negative = (path: string, amounts: Readonly<Record<string, string>> = {}): readonly Problem[] => Object.entries(amounts)
    .flatMap(([name, amount]) => (compareQuantities(amountOf(amount), amountOf('0')) < 0 ? [invalid(`${path}[${name}]`, amount, 'must be a valid resource quantity')] : []))
  return [
    ...negative('status.capacity', status.capacity),
    // As upstream: the resource is shown, not its state.
    ...Object.entries(status.allocatedResourceStatuses ?? {}).flatMap(([name, state]) => (resizeStates.includes(state) ? [] : [unsupported('status.allocatedResourceStatuses', name, [...resizeStates].sort())])),
    ...negative('status.allocatedResources', status.allocatedResources),
  ]
}

export const persistentVolumeClaim: Kind<PersistentVolumeClaim> = {
  ...persistentVolumeClaims,
  singular: 'persistentvolumeclaim', shortNames: ['pvc'], categories: [],
  hasStatus: true,
  served: [{
    group: '', version: 'v1', definition: 'io.k8s.api.core.v1.PersistentVolumeClaim', fill: filling(fillClaim),
    columns: [
      nameColumn,
      text('Status', 'phase represents the current phase of PersistentVolumeClaim.', ({ metadata, status }) => (metadata.deletionTimestamp === undefined ? status.phase ?? '' : 'Terminating')),
      text('Volume', 'volumeName is the binding reference to the PersistentVolume backing this claim.', ({ spec }) => spec.volumeName ?? ''),
      text('Capacity', 'capacity represents the actual resources of the underlying volume.', ({ spec, status }) => (spec.volumeName ? status.capacity?.['storage'] ?? '0' : '')),
      text('Access Modes', 'accessModes contains the actual access modes the volume backing the PVC has. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#access-modes-1', ({ spec, status }) => (spec.volumeName ? accessModesText(status.accessModes) : '')),
      text('StorageClass', 'storageClassName is the name of the StorageClass required by the claim. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#class-1', classOfClaim),
      text('VolumeAttributesClass', 'volumeAttributesClassName may be used to set the VolumeAttributesClass used by this claim.', ({ spec }) => spec.volumeAttributesClassName ?? '<unset>'),
      ageColumn,
      wideText('VolumeMode', 'volumeMode defines what type of volume is required by the claim. Value of Filesystem is implied when not included in claim spec.', ({ spec }) => spec.volumeMode ?? '<unset>'),
    ],
  }],
  prepare: (next, before) => ({ ...next, status: before?.status ?? { phase: 'Pending' } }),
  check: (next, before) => [
    ...checkMetadata(next, before, { scope: 'Namespaced' }),
    ...checkClaimSpec(next.spec, 'spec'),
    ...(before === undefined ? [] : checkChange(next, before)),
  ],
  checkStatus,
  subresources: [{ name: 'status', is: 'status' }],
}
