import type { CsiVolumes } from '../csi/index.ts'
import { isAlive } from '../linux/processes.ts'
import type { MeasurableContainer, MeasurablePod } from '../metrics/index.ts'
import type { Attempt, Held } from './held.ts'
import type { Places } from './places.ts'
import { podGroup } from './groups.ts'
import { volumePath } from './volumes/index.ts'

/** The pods that run here now, for those who measure. */
export function measurablePods(held: Held, places: Places, cgroupRoot: string, csiOf: (node: string) => Pick<CsiVolumes, 'stats'> | undefined): readonly MeasurablePod[] {
  return [...held.pods.values()].flatMap(({ record, containers }): MeasurablePod[] => {
    const { uid, spec, sandbox, volumeSpecs } = record
    if (sandbox.is !== 'ready') return []
    const at = places.pod(uid)
    const csi = csiOf(spec.node)
    return [{
      uid, node: spec.node, namespace: spec.namespace, name: spec.name, hostNetwork: spec.hostNetwork, cgroup: podGroup(cgroupRoot, spec.qos, uid), startedAt: sandbox.at,
      containers: [...containers.values()].flatMap((attempts) => measurable(attempts.at(-1), uid, places)),
      volumes: volumeSpecs.flatMap((volume) => (volume.is === 'hostPath' || volume.is === 'image' ? [] : [{ name: volume.name, path: volumePath(volume, at.volumes), own: volume.is === 'emptyDir' && volume.medium === '', ...(volume.is === 'directory' && csi !== undefined && { told: () => csi.stats(volume.path) }) }])),
    }]
  })
}

function measurable(attempt: Attempt | undefined, uid: string, places: Places): readonly MeasurableContainer[] {
  if (attempt === undefined) return []
  const { container, cgroup, process, state, spec } = attempt.record
  if (state.is !== 'running' || process === undefined || !isAlive(process)) return []
  const own = places.pod(uid).attempt(container, state.attempt)
  return [{ name: container, id: state.id, image: spec.image, attempt: state.attempt, cgroup, process: process.pid, startedAt: state.startedAt, changes: own.upper, log: own.log }]
}
