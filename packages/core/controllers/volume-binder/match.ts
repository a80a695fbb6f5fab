import { type ClusterView, type PersistentVolume, type PersistentVolumeClaim, persistentVolumes } from '../../api/index.ts'
import { millisOf } from '../../rules/quantity.ts'
import { isEmptySelector, selectorMatches } from '../../rules/selectors.ts'
import { isFor } from '../../rules/volumes.ts'

const sizeOf = (volume: PersistentVolume): number => millisOf(volume.spec.capacity?.['storage'])

/** The volume set aside for the claim, else the smallest that does; when binding waits, only one that is set aside. */
export function bestVolume(claim: PersistentVolumeClaim, waits: boolean, view: ClusterView): PersistentVolume | undefined {
  let best: PersistentVolume | undefined
  for (const volume of view.list(persistentVolumes)) {
    if (volume.metadata.deletionTimestamp !== undefined) continue
    if (isFor(volume, claim)) { if (fits(volume, claim)) return volume; continue }
    if (waits || volume.spec.claimRef !== undefined || volume.status?.phase !== 'Available' || !fits(volume, claim)) continue
    if (claim.spec.selector !== undefined && !isEmptySelector(claim.spec.selector) && !selectorMatches(claim.spec.selector, volume.metadata.labels)) continue
    if (best === undefined || sizeOf(volume) < sizeOf(best)) best = volume
  }
  return best
}

/** Large enough, of the claim's class, mode and access modes. */
export function fits(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return whyNot(volume, claim) === undefined
}

/** What keeps a volume from a claim, in upstream's words. */
export function whyNot(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  if (sizeOf(volume) < millisOf(claim.spec.resources?.requests?.['storage'])) return 'requested PV is too small'
  if ((volume.spec.storageClassName ?? '') !== (claim.spec.storageClassName ?? '')) return 'storageClassName does not match'
  if ((volume.spec.volumeMode ?? 'Filesystem') !== (claim.spec.volumeMode ?? 'Filesystem')) return 'incompatible volumeMode'
  if (!(claim.spec.accessModes ?? []).every((mode) => volume.spec.accessModes?.includes(mode))) return 'incompatible accessMode'
  return undefined
}
