import { type ClusterView, type PersistentVolumeClaim, persistentVolumeClaims, persistentVolumes } from '../../api/index.ts'
import { unitsOf } from '../../rules/quantity.ts'
import { snapshotGroup, volumeSnapshotContents, volumeSnapshots } from './snapshots.ts'

/** What a new volume is filled with: a path of this provisioner's; why that is not possible (yet); or nothing. */
export type Filling = { readonly is: 'empty' } | { readonly is: 'copy'; readonly from: string } | { readonly is: 'refused'; readonly why: string }

/** The content that a claim asks for. Messages: upstream's external provisioner. */
export function fillingOf(claim: PersistentVolumeClaim, view: ClusterView): Filling {
  const source = claim.spec.dataSource
  if (source === undefined) return { is: 'empty' }
  const refused = (why: string): Filling => ({ is: 'refused', why: `error getting handle for DataSource Type ${source.kind} by Name ${source.name}: ${why}` })
  const wanted = unitsOf(claim.spec.resources?.requests?.['storage'])
  if (source.kind === 'PersistentVolumeClaim' && !source.apiGroup) {
    const namespace = claim.metadata.namespace ?? ''
    const from = view.get(persistentVolumeClaims, namespace, source.name)
    if (from === undefined) return refused(`error getting PVC ${source.name} (namespace "${namespace}") from api server: persistentvolumeclaim "${source.name}" not found`)
    if (from.metadata.deletionTimestamp !== undefined) return refused(`the PVC ${source.name} is being deleted`)
    if (from.status?.phase !== 'Bound' || !from.spec.volumeName) return refused(`the PVC ${source.name} not bound status`)
    const volume = view.get(persistentVolumes, '', from.spec.volumeName)
    if (volume?.spec.local === undefined) return refused(`the source PVC ${source.name} is of another provisioner`)
    if ((volume.spec.volumeMode ?? 'Filesystem') !== (claim.spec.volumeMode ?? 'Filesystem')) return refused('the source PVC and destination PVCs do not have the same volume mode for the clone operation')
    if (wanted < unitsOf(from.status.capacity?.['storage'])) return refused(`error, new PVC request must be greater than or equal in size to the specified PVC data source, requested ${wanted} but source is ${unitsOf(from.status.capacity?.['storage'])}`)
    return { is: 'copy', from: volume.spec.local.path }
  }
  if (source.kind !== 'VolumeSnapshot' || source.apiGroup !== snapshotGroup) return refused('the data source is not supported')
  const snapshot = view.get(volumeSnapshots, claim.metadata.namespace ?? '', source.name)
  if (snapshot === undefined) return refused(`error getting snapshot ${source.name} from api server: volumesnapshots.${snapshotGroup} "${source.name}" not found`)
  const content = view.get(volumeSnapshotContents, '', snapshot.status?.boundVolumeSnapshotContentName ?? '')
  if (snapshot.status?.readyToUse !== true || content?.status?.snapshotHandle === undefined) return refused(`snapshot ${source.name} is not Ready`)
  const size = content.status.restoreSize ?? 0
  if (wanted < size) return refused(`requested volume size ${wanted} is less than the size ${size} for the source snapshot ${source.name}`)
  return { is: 'copy', from: content.status.snapshotHandle }
}
