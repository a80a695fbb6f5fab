import { type PersistentVolume, type PersistentVolumeClaim, persistentVolumeClaims, persistentVolumes } from '../../api/resources.ts'
import { amountOf } from '../../rules/requests.ts'
import { isProvisionedHere } from '../../rules/volumes.ts'
import type { VolumeSpec } from '../runtime.ts'
import { csiClaimVolume } from './csi.ts'
import type { Draft, VolumeCircumstances } from './draft.ts'

/** What is mounted for a claim, or why that is not known, or why no driver mounts it; undefined: it has to be waited for. Messages: upstream's desired state of the world populator. */
export function claimVolume(name: string, claimName: string, readOnly: boolean, around: VolumeCircumstances, draft: Draft): VolumeSpec | { readonly unknown: string } | { readonly unfit: string; readonly shown: string } | string | undefined {
  const namespace = around.pod.metadata.namespace ?? ''
  const unknown = (why: string): { readonly unknown: string } => ({ unknown: `error processing PVC ${namespace}/${claimName}: ${why}` })
  const claim = around.view.get(persistentVolumeClaims, namespace, claimName)
  draft.dependsOn.push(`${persistentVolumeClaims.resource}/${namespace}/${claimName}`)
  if (claim === undefined) return unknown(`failed to fetch PVC from API server: persistentvolumeclaims "${claimName}" not found`)
  const bound = claim.spec.volumeName
  if (bound === undefined || bound === '' || claim.status?.phase !== 'Bound') return unknown('PVC is not bound')
  const volume = around.view.get(persistentVolumes, '', bound)
  draft.dependsOn.push(`${persistentVolumes.resource}//${bound}`)
  if (volume === undefined) return unknown(`failed to fetch PV ${bound} from API server: persistentvolumes "${bound}" not found`)
  if (volume.spec.claimRef?.uid !== claim.metadata.uid) return unknown(`failed to fetch PV ${bound} from API server: found claim with UID "${volume.spec.claimRef?.uid ?? ''}" but expected "${claim.metadata.uid}"`)
  draft.prints.push(`${bound}=${volume.spec.capacity?.['storage'] ?? ''}`)
  const grows = waitsForGrowth(claim)
  if (grows) draft.grown.push({ name, claim, volume })
  const isBlock = volume.spec.volumeMode === 'Block'
  const containers = [...around.pod.spec.initContainers ?? [], ...around.pod.spec.containers]
  const mistaken = containers.some((container) => (isBlock ? container.volumeMounts : container.volumeDevices)?.some((one) => one.name === name) === true)
  if (mistaken) return { unknown: `volume ${name} has volumeMode ${isBlock ? 'Block' : 'Filesystem'}, but is specified in ${isBlock ? 'volumeMounts' : 'volumeDevices'}` }
  if (volume.spec.csi !== undefined && !around.node.simulated) {
    const made = csiClaimVolume(name, volume, { readOnly, expandTo: grows ? amountOf('memory', volume.spec.capacity?.['storage']) : undefined }, around, draft)
    return typeof made === 'string' ? { unfit: made, shown: bound } : made === undefined ? undefined : { ...made, shown: bound }
  }
  const spec = specOf(name, volume, around)
  return spec === undefined ? 'no volume plugin matched' : { ...spec, shown: bound }
}

/** Whether a file system is to follow its volume, which has grown. */
const waitsForGrowth = ({ status }: PersistentVolumeClaim): boolean => status?.conditions?.some(({ type, status: says }) => type === 'FileSystemResizePending' && says === 'True') === true

function specOf(name: string, volume: PersistentVolume, { node, pod }: VolumeCircumstances): VolumeSpec | undefined {
  const { spec, metadata } = volume
  const { fsGroup, fsGroupChangePolicy } = pod.spec.securityContext ?? {}
  const owner = fsGroup === undefined ? {} : { group: fsGroup, ...(fsGroupChangePolicy === 'OnRootMismatch' ? { groupOnMismatch: true as const } : {}) }
  if (spec.local !== undefined) {
    const { path, fsType } = spec.local
    // What is ours is made by whoever uses it first.
    const own = isProvisionedHere(volume)
    const made = own ? { sizeBytes: amountOf('memory', spec.capacity?.['storage']) } : {}
    if (spec.volumeMode === 'Block') return { name, is: 'disk', path, ...made, ...(fsGroup === undefined ? {} : { group: fsGroup }) }
    if (fsType !== undefined) return { name, is: 'disk', path, fileSystem: { type: fsType, options: spec.mountOptions ?? [] }, ...made, ...owner }
    return { name, is: 'directory', path, ...(own ? { isMade: true as const } : {}), ...owner }
  }
  // As upstream: what a hostPath or another machine's directory leads to keeps its owners.
  if (spec.hostPath !== undefined) return { name, is: 'hostPath', path: spec.hostPath.path, type: spec.hostPath.type ?? '' }
  if (spec.nfs !== undefined) return { name, is: 'network', type: 'nfs', source: `${spec.nfs.server}:${spec.nfs.path}`, options: [...spec.mountOptions ?? [], ...(spec.nfs.readOnly === true ? ['ro'] : [])] }
  return node.simulated ? { name, is: 'directory', path: `/${metadata.name}`, isMade: true } : undefined
}
