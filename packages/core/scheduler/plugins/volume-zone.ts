import { type PersistentVolume, persistentVolumeClaims, persistentVolumes, type Pod, storageClasses } from '../../api/resources.ts'
import type { ClusterView } from '../../api/view.ts'
import { type NodeRefusal, nodeSides, type SchedulerPlugin } from '../types.ts'
import { claimNames } from './claims.ts'

const elsewhere: NodeRefusal = { reasons: ['node(s) had no available volume zone'], forGood: true }
const current = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'] as const
const formers: ReadonlyMap<string, string> = new Map([['failure-domain.beta.kubernetes.io/zone', current[0]], ['failure-domain.beta.kubernetes.io/region', current[1]]])
const keys = [...current, ...formers.keys()]

/** A pod goes where the labels of its volumes say they are: zone and region. */
export const volumeZone: SchedulerPlugin = {
  name: 'VolumeZone', weight: 0, fixed: 'by more',
  start: ({ nodes, view }) => ({
    study: (pod) => {
      const { lost, volumes } = boundVolumes(pod, view)
      if (lost !== undefined) return { refusal: `persistentvolume ${JSON.stringify(lost)} not found` }
      const wanted = volumes.flatMap(zonesOf)
      if (wanted.length === 0) return undefined
      return {
        refuses: (node) => {
          const labels = nodes.node(node)?.metadata.labels
          // As upstream: a node without any such label is of a cluster that has no zones.
          if (labels === undefined || !keys.some((key) => labels[key] !== undefined)) return false
          return !wanted.every(({ key, values }) => { const value = labels[key] ?? labels[formers.get(key) ?? '']; return value !== undefined && values.includes(value) })
        },
        why: () => elsewhere,
      }
    },
    wakes: (_pod, change) => {
      if (watched.has(change.key.resource)) return true
      if (change.key.resource !== 'nodes') return false
      const { before, after } = nodeSides(change)
      return after !== undefined && keys.some((key) => before?.metadata.labels?.[key] !== after.metadata.labels?.[key])
    },
  }),
}
const watched: ReadonlySet<string> = new Set([persistentVolumeClaims.resource, persistentVolumes.resource, storageClasses.resource])

/** The volumes that the pod's claims are bound to, and the first that is not there. As upstream: that matters for claims that the pod names. */
function boundVolumes(pod: Pod, view: ClusterView): { readonly volumes: readonly PersistentVolume[]; readonly lost: string | undefined } {
  const volumes: PersistentVolume[] = []
  let lost: string | undefined
  for (const { name, ephemeral } of claimNames(pod)) {
    const volumeName = view.get(persistentVolumeClaims, pod.metadata.namespace ?? '', name)?.spec.volumeName
    const volume = volumeName ? view.get(persistentVolumes, '', volumeName) : undefined
    if (volume !== undefined) volumes.push(volume)
    else if (volumeName && !ephemeral) lost ??= volumeName
  }
  return { volumes, lost }
}

/** A label may name several zones, 'a__b'. */
const zonesOf = ({ metadata: { labels } }: PersistentVolume): readonly { readonly key: string; readonly values: readonly string[] }[] =>
  keys.flatMap((key) => { const value = labels?.[key]; return value === undefined ? [] : [{ key, values: value.split('__').map((each) => each.trim()) }] })
