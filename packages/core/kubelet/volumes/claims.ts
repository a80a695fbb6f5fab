import type { PersistentVolume, PersistentVolumeClaim } from '../../api/resources.ts'
import { persistentVolumeClaims, persistentVolumes } from '../../api/resources.ts'
import type { VolumeSpec } from '../runtime.ts'
import type { Draft, VolumeCircumstances } from './draft.ts'

/** What is mounted for a claim, or why that is not known. Messages: upstream's desired state of the world populator. */
export function claimVolume(name: string, claimName: string, around: VolumeCircumstances, draft: Draft): VolumeSpec | { readonly unknown: string } | string {
  const namespace = around.pod.metadata.namespace ?? ''
  const unknown = (why: string): { readonly unknown: string } => ({ unknown: `error processing PVC ${namespace}/${claimName}: ${why}` })
  const claim = around.view.get(persistentVolumeClaims, namespace, claimName)
  draft.dependsOn.push(`${persistentVolumeClaims.resource}/${namespace}/${claimName}`)
  if (claim === undefined) return unknown(`failed to fetch PVC from API server: persistentvolumeclaims "${claimName}" not found`)
  if (claim.metadata.deletionTimestamp !== undefined) return unknown('PVC is being deleted')
  const bound = claim.spec.volumeName
  if (bound === undefined || bound === '' || claim.status?.phase !== 'Bound') return unknown('PVC is not bound')
  const volume = around.view.get(persistentVolumes, '', bound)
  draft.dependsOn.push(`${persistentVolumes.resource}//${bound}`)
  if (volume === undefined) return unknown(`failed to fetch PV ${bound} from API server: persistentvolumes "${bound}" not found`)
  if (volume.spec.claimRef?.uid !== claim.metadata.uid) return unknown(`failed to fetch PV ${bound} from API server: found claim with UID "${volume.spec.claimRef?.uid ?? ''}" but expected "${claim.metadata.uid}"`)
  draft.prints.push(`${bound}@${claim.status.capacity?.['storage'] ?? ''}`)
  return volumeSpec(name, claim, volume, around) ?? 'no volume plugin matched'
}

function volumeSpec(name: string, _claim: PersistentVolumeClaim, { spec, metadata }: PersistentVolume, { node, pod }: VolumeCircumstances): VolumeSpec | undefined {
  const group = pod.spec.securityContext?.fsGroup
  const owner = group === undefined ? {} : { group, ...(pod.spec.securityContext?.fsGroupChangePolicy === 'OnRootMismatch' ? { groupOnMismatch: true as const } : {}) }
  if (spec.local !== undefined) return { name, is: 'directory', path: spec.local.path, ...owner }
  // As upstream: what a hostPath leads to keeps its owners.
  if (spec.hostPath !== undefined) return { name, is: 'hostPath', path: spec.hostPath.path, type: spec.hostPath.type ?? '' }
  return node.simulated ? { name, is: 'directory', path: `/${metadata.name}` } : undefined
}
