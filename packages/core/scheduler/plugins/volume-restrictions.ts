import type { Volume } from '../../api/generated/types.ts'
import { persistentVolumeClaims, type Pod } from '../../api/resources.ts'
import { tally } from '../tally.ts'
import { type NodeRefusal, podSides, type SchedulerPlugin } from '../types.ts'
import { claimNames } from './claims.ts'
import { NodeCounts } from './node-counts.ts'

const used: NodeRefusal = { reasons: ['node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode'], forGood: false }
const diskTaken: NodeRefusal = { reasons: ['node(s) had no available disk'], forGood: false }

/** A ReadWriteOncePod claim is for one pod at a time, wherever it runs; a disk that pods name themselves is for one on a node, but for readers where its kind allows them. */
export const volumeRestrictions: SchedulerPlugin = {
  name: 'VolumeRestrictions', weight: 0,
  start: ({ view }) => {
    /** How many pods that have a node mount a claim, 'namespace/name'. */
    const users = new Map<string, number>()
    const disks = new NodeCounts()
    const count = (pod: Pod, node: number, by: 1 | -1): void => {
      for (const { name } of claimNames(pod)) tally(users, `${pod.metadata.namespace}/${name}`, by)
      for (const { places, reads } of disksOf(pod)) for (const place of places) disks.add(node, place, reads ? 'read' : 'written', by)
    }
    return {
      placed: (pod, node) => count(pod, node, 1),
      removed: (pod, node) => count(pod, node, -1),
      study: (pod) => {
        const { namespace = '' } = pod.metadata
        const exclusive = claimNames(pod).filter(({ name }) => view.get(persistentVolumeClaims, namespace, name)?.spec.accessModes?.includes('ReadWriteOncePod'))
        const mine = disksOf(pod)
        if (exclusive.length === 0 && mine.length === 0) return undefined
        const taken = exclusive.some(({ name }) => (users.get(`${namespace}/${name}`) ?? 0) > 0)
        const conflicts = (node: number): boolean => {
          const there = mine.length === 0 ? undefined : disks.of(node)
          return there !== undefined && mine.some(({ places, reads }) => places.some((place) => { const found = there.get(place); return found !== undefined && (!reads || found.has('written')) }))
        }
        return { refuses: (node) => taken || conflicts(node), why: (node) => (conflicts(node) ? diskTaken : used) }
      },
      wakes: (pod, change) => {
        if (change.key.resource === persistentVolumeClaims.resource) return true
        if (change.key.resource === 'nodes') return change.before === undefined && disksOf(pod).length > 0
        if (change.key.resource !== 'pods') return false
        const { before } = podSides(change)
        if (!before?.spec.nodeName) return false
        const wanted = new Set(disksOf(pod).flatMap(({ places }) => places))
        if (wanted.size > 0 && disksOf(before).some(({ places }) => places.some((place) => wanted.has(place)))) return true
        if (before.metadata.namespace !== pod.metadata.namespace) return false
        const mine = new Set(claimNames(pod).map(({ name }) => name))
        return claimNames(before).some(({ name }) => mine.has(name))
      },
    }
  },
}

/** A disk by its names: one that has a name of another one's is the same. `reads`: it may be shared with others who only read. */
interface Disk { readonly places: readonly string[]; readonly reads: boolean }

const none: readonly Disk[] = []
function disksOf({ spec: { volumes } }: Pod): readonly Disk[] {
  let found: Disk[] | undefined
  for (const volume of volumes ?? []) { const disk = diskOf(volume); if (disk !== undefined) (found ??= []).push(disk) }
  return found ?? none
}

function diskOf({ gcePersistentDisk: gce, awsElasticBlockStore: aws, iscsi, rbd }: Volume): Disk | undefined {
  if (gce !== undefined) return { places: [`gce ${gce.pdName}`], reads: gce.readOnly === true }
  if (aws !== undefined) return { places: [`aws ${aws.volumeID}`], reads: false }
  if (iscsi !== undefined) return { places: [`iscsi ${iscsi.iqn}`], reads: iscsi.readOnly === true }
  return rbd === undefined ? undefined : { places: rbd.monitors.map((monitor) => `rbd ${monitor} ${rbd.pool ?? 'rbd'}/${rbd.image}`), reads: rbd.readOnly === true }
}
