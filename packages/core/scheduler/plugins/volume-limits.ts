import { csiNodes, persistentVolumeClaims, persistentVolumes, type Pod, storageClasses } from '../../api/resources.ts'
import type { ClusterView } from '../../api/view.ts'
import { type NodeRefusal, podSides, type SchedulerPlugin } from '../types.ts'
import { claimNames } from './claims.ts'
import { NodeCounts } from './node-counts.ts'

const full: NodeRefusal = { reasons: ['node(s) exceed max volume count'], forGood: false }

interface Attached { readonly driver: string; readonly handle: string }

/** A node takes as many volumes of a CSI driver as its CSINode says. */
export const volumeLimits: SchedulerPlugin = {
  name: 'NodeVolumeLimits', weight: 0,
  start: ({ nodes, view }) => {
    /** Several pods of a node share an attachment. */
    const attached = new NodeCounts()
    /** What was counted for a pod: what its claims resolve to may change later. */
    const counted = new Map<string, readonly Attached[]>()
    return {
      placed: (pod, node) => {
        const volumes = volumesOf(pod, view)
        if (volumes.length === 0) return
        counted.set(pod.metadata.uid, volumes)
        for (const { driver, handle } of volumes) attached.add(node, driver, handle, 1)
      },
      removed: (pod, node) => {
        for (const { driver, handle } of counted.get(pod.metadata.uid) ?? []) attached.add(node, driver, handle, -1)
        counted.delete(pod.metadata.uid)
      },
      study: (pod) => {
        const volumes = volumesOf(pod, view)
        if (volumes.length === 0) return undefined
        return {
          refuses: (node) => {
            const drivers = view.get(csiNodes, '', nodes.nameOf(node))?.spec.drivers ?? []
            return drivers.some(({ name, allocatable }) => {
              const limit = allocatable?.count
              if (limit === undefined) return false
              const there = attached.of(node)?.get(name)
              const more = new Set(volumes.filter(({ driver, handle }) => driver === name && there?.has(handle) !== true).map(({ handle }) => handle))
              return more.size > 0 && (there?.size ?? 0) + more.size > limit
            })
          },
          why: () => full,
        }
      },
      wakes: (_pod, change) => {
        if (change.key.resource === csiNodes.resource || change.key.resource === persistentVolumeClaims.resource || (change.key.resource === 'nodes' && change.before === undefined)) return true
        if (change.key.resource !== 'pods') return false
        const { before } = podSides(change)
        return !!before?.spec.nodeName && claimNames(before).length > 0
      },
    }
  },
}

/** The volumes of CSI drivers that a pod mounts; one that is not made yet counts by its claim. */
function volumesOf(pod: Pod, view: ClusterView): readonly Attached[] {
  const { namespace = '' } = pod.metadata
  return claimNames(pod).flatMap(({ name }) => {
    const claim = view.get(persistentVolumeClaims, namespace, name)
    if (claim === undefined) return []
    const csi = claim.spec.volumeName ? view.get(persistentVolumes, '', claim.spec.volumeName)?.spec.csi : undefined
    if (csi !== undefined) return [{ driver: csi.driver, handle: csi.volumeHandle }]
    const driver = claim.spec.volumeName ? undefined : view.get(storageClasses, '', claim.spec.storageClassName ?? '')?.provisioner
    return driver === undefined ? [] : [{ driver, handle: `${namespace}/${name}` }]
  })
}
