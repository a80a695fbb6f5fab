import { persistentVolumeClaims, type Pod } from '../../api/resources.ts'
import { tally } from '../tally.ts'
import { type NodeRefusal, podSides, type SchedulerPlugin } from '../types.ts'
import { claimNames } from './claims.ts'

const used: NodeRefusal = { reasons: ['node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode'], forGood: false }

/** A ReadWriteOncePod claim is for one pod at a time, wherever it runs. */
export const volumeRestrictions: SchedulerPlugin = {
  name: 'VolumeRestrictions', weight: 0,
  start: ({ view }) => {
    /** How many pods that have a node mount a claim, 'namespace/name'. */
    const users = new Map<string, number>()
    const count = (pod: Pod, by: 1 | -1): void => {
      for (const { name } of claimNames(pod)) tally(users, `${pod.metadata.namespace}/${name}`, by)
    }
    return {
      placed: (pod) => count(pod, 1),
      removed: (pod) => count(pod, -1),
      study: (pod) => {
        const { namespace = '' } = pod.metadata
        const exclusive = claimNames(pod).filter(({ name }) => view.get(persistentVolumeClaims, namespace, name)?.spec.accessModes?.includes('ReadWriteOncePod'))
        if (exclusive.length === 0) return undefined
        const taken = exclusive.some(({ name }) => (users.get(`${namespace}/${name}`) ?? 0) > 0)
        return { refuses: () => taken, why: () => used }
      },
      wakes: (pod, change) => {
        if (change.key.resource === persistentVolumeClaims.resource) return true
        if (change.key.resource !== 'pods') return false
        const { before } = podSides(change)
        if (!before?.spec.nodeName || before.metadata.namespace !== pod.metadata.namespace) return false
        const mine = new Set(claimNames(pod).map(({ name }) => name))
        return claimNames(before).some(({ name }) => mine.has(name))
      },
    }
  },
}
