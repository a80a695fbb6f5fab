import { type Action, type ClusterView, keyOf, type PersistentVolume, type PersistentVolumeClaim, persistentVolumeClaims, persistentVolumes } from '../../api/index.ts'
import { timestamp } from '../../rules/time.ts'
import { isProvisionedHere } from '../../rules/volumes.ts'
import { unitsOf } from '../../rules/quantity.ts'
import { isOnSimulatedNode } from './nodes.ts'

/** Grows the volume of a claim that asks for more: at once where a directory has no size, else up to where the node goes on. Behaviour: upstream's external resizer. */
export function resize(claim: PersistentVolumeClaim, view: ClusterView, now: number): readonly Action[] {
  const wanted = claim.spec.resources?.requests?.['storage']
  const volume = view.get(persistentVolumes, '', claim.spec.volumeName ?? '')
  if (volume === undefined || wanted === undefined || claim.status?.phase !== 'Bound' || !isProvisionedHere(volume) || volume.spec.claimRef?.uid !== claim.metadata.uid) return []
  const grows = unitsOf(wanted) > unitsOf(volume.spec.capacity?.['storage'])
  if (!grows && !isHalfway(claim, volume)) return []
  const told = (type: 'Normal', reason: string, message: string): Action => ({ do: 'record', about: claim, type, reason, message })
  const status = (fields: object): Action => ({ do: 'patch', key: keyOf(persistentVolumeClaims, claim), uid: claim.metadata.uid, part: 'status', patch: { status: { allocatedResources: { storage: wanted }, ...fields } } })
  const begin = grows ? [
    told('Normal', 'Resizing', `External resizer is resizing volume ${volume.metadata.name}`),
    { do: 'patch', key: keyOf(persistentVolumes, volume), uid: volume.metadata.uid, part: 'main', patch: { spec: { capacity: { storage: wanted } } } } satisfies Action,
  ] : []
  if (!needsNode(volume, view)) return [...begin, status({ capacity: { storage: wanted }, conditions: [], allocatedResourceStatuses: null }), told('Normal', 'VolumeResizeSuccessful', 'Resize volume succeeded')]
  const pending = {
    type: 'FileSystemResizePending', status: 'True', lastProbeTime: null, lastTransitionTime: timestamp(now),
    message: 'Waiting for user to (re-)start a pod to finish file system resize of volume on node.',
  }
  return [...begin, status({ conditions: [pending], allocatedResourceStatuses: { storage: 'NodeResizePending' } }), told('Normal', 'FileSystemResizeRequired', 'Require file system resize of volume on node')]
}

/** The volume is large enough and its claim has not been told: a stop came between. */
const isHalfway = (claim: PersistentVolumeClaim, volume: PersistentVolume): boolean =>
  unitsOf(claim.status?.capacity?.['storage']) < unitsOf(volume.spec.capacity?.['storage']) && !(claim.status?.conditions ?? []).some(({ type }) => type === 'FileSystemResizePending')

/** A disk grows where it is used, a directory has no size of its own. */
const needsNode = (volume: PersistentVolume, view: ClusterView): boolean => (volume.spec.volumeMode === 'Block' || volume.spec.local?.fsType !== undefined) && !isOnSimulatedNode(volume, view)
