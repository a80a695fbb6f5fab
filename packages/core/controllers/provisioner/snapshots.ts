// What is known here of the custom resources of snapshot.storage.k8s.io: facts of their published definitions.
import type { Resource, ResourceType } from '../../api/index.ts'

export const snapshotGroup = 'snapshot.storage.k8s.io'
export interface SnapshotError { readonly message?: string; readonly time?: string }
export interface VolumeSnapshot extends Resource {
  readonly spec: { readonly source: { readonly persistentVolumeClaimName?: string; readonly volumeSnapshotContentName?: string }; readonly volumeSnapshotClassName?: string }
  readonly status?: { readonly boundVolumeSnapshotContentName?: string; readonly readyToUse?: boolean; readonly creationTime?: string; readonly restoreSize?: string; readonly error?: SnapshotError }
}
export interface VolumeSnapshotContent extends Resource {
  readonly spec: {
    readonly driver: string; readonly deletionPolicy: 'Delete' | 'Retain'; readonly volumeSnapshotClassName?: string
    readonly source: { readonly volumeHandle?: string; readonly snapshotHandle?: string }
    readonly volumeSnapshotRef: { readonly name?: string; readonly namespace?: string; readonly uid?: string }
  }
  readonly status?: { readonly snapshotHandle?: string; readonly readyToUse?: boolean; readonly creationTime?: number; readonly restoreSize?: number; readonly error?: SnapshotError }
}
export interface VolumeSnapshotClass extends Resource { readonly driver: string; readonly deletionPolicy: 'Delete' | 'Retain' }

const type = <Hub extends Resource>(plural: string, kind: string, scope: 'Namespaced' | 'Cluster'): ResourceType<Hub> => ({ resource: `${snapshotGroup}/${plural}`, group: snapshotGroup, version: 'v1', plural, kind, scope })
export const volumeSnapshots = type<VolumeSnapshot>('volumesnapshots', 'VolumeSnapshot', 'Namespaced')
export const volumeSnapshotContents = type<VolumeSnapshotContent>('volumesnapshotcontents', 'VolumeSnapshotContent', 'Cluster')
export const volumeSnapshotClasses = type<VolumeSnapshotClass>('volumesnapshotclasses', 'VolumeSnapshotClass', 'Cluster')
