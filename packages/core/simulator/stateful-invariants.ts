import { byOwner, type ClusterView, namespaces, pods, type Pod, type StatefulSet, statefulSets } from '../api/index.ts'
import { Broken } from './broken.ts'
import { disruptionOf } from './disruption-invariants.ts'
import { isActive, isOver, isReady, scaledOf } from './rules.ts'

const isHealthy = (pod: Pod | undefined): boolean => pod !== undefined && isActive(pod) && isReady(pod)
const ordinalOf = (pod: Pod): number => Number(pod.metadata.name.slice(pod.metadata.name.lastIndexOf('-') + 1))
const revisionOf = (pod: Pod): string => pod.metadata.labels?.['controller-revision-hash'] ?? ''

function setOf(view: ClusterView, pod: Pod): StatefulSet | undefined {
  const owner = pod.metadata.ownerReferences?.find((one) => one.controller === true && one.kind === 'StatefulSet')
  const set = owner && view.get(statefulSets, pod.metadata.namespace ?? '', owner.name)
  return set?.metadata.uid === owner?.uid ? set : undefined
}

/** A pod of a StatefulSet has come: it is one that is wanted, says who it is, and comes when those before it are ready. */
export function statefulPodBegins(view: ClusterView, pod: Pod): void {
  const set = setOf(view, pod)
  if (set === undefined) return
  const ordinal = ordinalOf(pod)
  const start = set.spec.ordinals?.start ?? 0
  const say = (what: string): never => { throw new Broken('a StatefulSet\'s pods have their identity', `${pod.metadata.name} ${what}`) }
  if (pod.metadata.name !== `${set.metadata.name}-${ordinal}` || ordinal < start || ordinal >= start + (set.spec.replicas ?? 1)) say(`is none of ${set.metadata.name} from ${start} on`)
  if (pod.spec.hostname !== pod.metadata.name || pod.metadata.labels?.['apps.kubernetes.io/pod-index'] !== String(ordinal) || pod.metadata.labels['statefulset.kubernetes.io/pod-name'] !== pod.metadata.name) say('is not labelled so')
  for (const { metadata } of set.spec.volumeClaimTemplates ?? []) {
    const claim = `${metadata?.name}-${pod.metadata.name}`
    if (pod.spec.volumes?.some((volume) => volume.persistentVolumeClaim?.claimName === claim) !== true) say(`does not use ${claim}`)
  }
  if (set.spec.podManagementPolicy === 'Parallel') return
  for (let lower = start; lower < ordinal; lower++) {
    const other = view.get(pods, pod.metadata.namespace ?? '', `${set.metadata.name}-${lower}`)
    if (other === undefined || !isHealthy(other)) throw new Broken('a StatefulSet grows in order', `${pod.metadata.name} came while ${set.metadata.name}-${lower} was ${other === undefined ? 'missing' : 'not ready'}`)
  }
}

/** The controller takes a pod away: what is beyond the scale from the top, what is old from the top and above the partition, no more at once than may be unavailable. */
export function statefulPodGoes(view: ClusterView, before: Pod, after: Pod): void {
  if (before.metadata.deletionTimestamp !== undefined || after.metadata.deletionTimestamp === undefined || disruptionOf(after) !== undefined || isOver(before)) return
  const set = setOf(view, after)
  // What goes with its namespace goes in any order.
  if (set === undefined || set.metadata.deletionTimestamp !== undefined || view.get(namespaces, '', set.metadata.namespace ?? '')?.metadata.deletionTimestamp !== undefined) return
  const own = [...view.by(byOwner, set.metadata.uid)].filter((one): one is Pod => one.kind === 'Pod')
  const ordinal = ordinalOf(after)
  const start = set.spec.ordinals?.start ?? 0
  const end = start + (set.spec.replicas ?? 1)
  if (ordinal < start || ordinal >= end) {
    if (set.spec.podManagementPolicy === 'Parallel') return
    const higher = own.find((one) => ordinalOf(one) > ordinal && ordinalOf(one) >= end)
    if (ordinal >= end && higher !== undefined) throw new Broken('a StatefulSet shrinks in order', `${after.metadata.name} goes while ${higher.metadata.name} is there`)
    return
  }
  const say = (what: string): never => { throw new Broken('a StatefulSet is updated in order', `${after.metadata.name} ${what}`) }
  const { type, rollingUpdate } = set.spec.updateStrategy ?? {}
  if (type === 'OnDelete') say('goes, and the strategy is OnDelete')
  if (ordinal - start < (rollingUpdate?.partition ?? 0)) say(`goes, and the partition is ${rollingUpdate?.partition}`)
  if (set.status?.observedGeneration === set.metadata.generation && revisionOf(after) === set.status?.updateRevision) say('goes, and is of the newest revision')
  const most = rollingUpdate?.maxUnavailable === undefined ? 1 : Math.max(1, scaledOf(rollingUpdate.maxUnavailable, end - start, 'up'))
  if (!isHealthy(before)) return
  let out = 0
  for (let each = start; each < end; each++) if (each !== ordinal && !isHealthy(own.find((one) => ordinalOf(one) === each))) out++
  // One at a time: those below may be out, they are not waited for; those above must be well.
  if (most === 1) for (let each = ordinal + 1; each < end; each++) { if (!isHealthy(own.find((one) => ordinalOf(one) === each))) say(`goes while ${set.metadata.name}-${each} is not ready`) }
  else if (out + 1 > most) say(`goes while ${out} others are not ready, and ${most} may be`)
}
