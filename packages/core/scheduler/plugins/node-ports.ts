import type { Pod } from '../../api/resources.ts'
import { NodeCounts } from './node-counts.ts'
import { type NodeRefusal, podSides, type SchedulerPlugin } from '../types.ts'

/** `place` is 'TCP/80'. */
interface HostPort { readonly place: string; readonly ip: string }

/** Host ports on a node are taken once per protocol and address. */
export const nodePorts: SchedulerPlugin = {
  name: 'NodePorts', weight: 0,
  start: () => {
    const taken = new NodeCounts()
    const count = (pod: Pod, node: number, by: 1 | -1): void => {
      for (const { place, ip } of hostPorts(pod)) taken.add(node, place, ip, by)
    }
    return {
      placed: (pod, node) => count(pod, node, 1),
      removed: (pod, node) => count(pod, node, -1),
      study: (pod) => {
        const wanted = hostPorts(pod)
        if (wanted.length === 0) return undefined
        return {
          refuses: (node) => {
            const ports = taken.of(node)
            return ports !== undefined && wanted.some(({ place, ip }) => {
              const addresses = ports.get(place)
              return addresses !== undefined && (ip === anyAddress || addresses.has(ip) || addresses.has(anyAddress))
            })
          },
          why: () => portsTaken,
        }
      },
      wakes: (_pod, change) => {
        if (change.key.resource === 'nodes') return change.before === undefined
        if (change.key.resource !== 'pods') return false
        const { before } = podSides(change)
        return before?.spec.nodeName !== undefined && hostPorts(before).length > 0
      },
    }
  },
}
const portsTaken: NodeRefusal = { reasons: ["node(s) didn't have free ports for the requested pod ports"], forGood: false }
const anyAddress = '0.0.0.0'

const none: readonly HostPort[] = []
function hostPorts(pod: Pod): readonly HostPort[] {
  let ports: HostPort[] | undefined
  const sidecars = (pod.spec.initContainers ?? []).filter((container) => container.restartPolicy === 'Always')
  for (const container of sidecars.length > 0 ? [...pod.spec.containers, ...sidecars] : pod.spec.containers) {
    for (const port of container.ports ?? []) {
      if (port.hostPort) (ports ??= []).push({ place: `${port.protocol ?? 'TCP'}/${port.hostPort}`, ip: port.hostIP || anyAddress })
    }
  }
  return ports ?? none
}
