import { type ClusterView, type PersistentVolume, type PersistentVolumeClaim, persistentVolumeClaims, persistentVolumes, type Pod, podsByClaim } from '../api/index.ts'
import { Broken } from './broken.ts'

const nameOf = (object: PersistentVolumeClaim | PersistentVolume): string => `${object.kind} ${object.metadata.name}`

/** A claim keeps its volume, and stays while a pod runs on it. */
export function claimGoesOn(view: ClusterView, before: PersistentVolumeClaim | undefined, after: PersistentVolumeClaim | undefined): void {
  if (before !== undefined && before.metadata.uid !== after?.metadata.uid) {
    const running = [...view.by(podsByClaim, `${before.metadata.namespace}/${before.metadata.name}`)].find((pod) => pod.status.phase === 'Running')
    if (running !== undefined) throw new Broken('a claim outlives the pods that use it', `${nameOf(before)} has gone under ${running.metadata.name}`)
    return
  }
  if (before?.spec.volumeName && before.spec.volumeName !== after?.spec.volumeName) throw new Broken('a claim keeps its volume', `${nameOf(before)} went from ${before.spec.volumeName} to ${after?.spec.volumeName}`)
  if (after?.status?.phase === 'Bound') {
    const volume = view.get(persistentVolumes, '', after.spec.volumeName ?? '')
    if (before?.status.phase !== 'Bound' && volume?.spec.claimRef?.uid !== after.metadata.uid) throw new Broken('a bound claim has a volume of its own', `${nameOf(after)}: ${after.spec.volumeName} is of ${volume?.spec.claimRef?.uid}`)
  }
}

/** A volume that is bound goes only when its claim has gone. */
export function volumeGoesOn(view: ClusterView, before: PersistentVolume, after: PersistentVolume | undefined): void {
  const claim = before.spec.claimRef
  if (claim?.uid === undefined || (after !== undefined && after.spec.claimRef?.uid === claim.uid)) return
  const standing = view.get(persistentVolumeClaims, claim.namespace ?? '', claim.name ?? '')
  if (standing?.metadata.uid === claim.uid && standing.status.phase === 'Bound') throw new Broken('a volume stays as long as its claim', `${nameOf(before)} of ${standing.metadata.name}`)
}

/** A pod runs on claims that are bound. */
export function podRunsOnClaims(view: ClusterView, pod: Pod): void {
  for (const value of podsByClaim.values(pod)) {
    const [namespace = '', name = ''] = value.split('/')
    const claim = view.get(persistentVolumeClaims, namespace, name)
    if (claim?.status.phase !== 'Bound') throw new Broken('a pod runs on claims that are bound', `${pod.metadata.name} on ${name}, which is ${claim?.status.phase ?? 'missing'}`)
  }
}
