// What binding, provisioning and reclaiming of volumes agree on.
import type { PersistentVolume, PersistentVolumeClaim } from '../api/index.ts'

export const annotations = {
  bindCompleted: 'pv.kubernetes.io/bind-completed',
  boundByController: 'pv.kubernetes.io/bound-by-controller',
  provisionedBy: 'pv.kubernetes.io/provisioned-by',
  selectedNode: 'volume.kubernetes.io/selected-node',
  storageProvisioner: 'volume.kubernetes.io/storage-provisioner',
  oldStorageProvisioner: 'volume.beta.kubernetes.io/storage-provisioner',
} as const

/** The provisioner of directories on the pod's own node. */
export const localProvisionerName = 'skiff.dev/local'

/** The name of the volume that is made for a claim. */
export const provisionedName = (claim: PersistentVolumeClaim): string => `pvc-${claim.metadata.uid}`

/** Whether a volume was made by that provisioner. */
export const isProvisionedHere = (volume: PersistentVolume): boolean => volume.metadata.annotations?.[annotations.provisionedBy] === localProvisionerName

export type ClaimReference = NonNullable<PersistentVolume['spec']['claimRef']>

/** Is the volume set aside for this claim: by name, and by uid where it names one? */
export function isFor(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const reference = volume.spec.claimRef
  if (reference === undefined) return false
  return reference.name === claim.metadata.name && reference.namespace === claim.metadata.namespace && (!reference.uid || reference.uid === claim.metadata.uid)
}
