import { isRefusal, nodes } from '@kubeskiff/core/api'
import type { ClusterView } from '@kubeskiff/core/api'
import { machineNetworkMark } from '../agent/machine-marks.ts'
import type { AgentHub } from '../agent-link/index.ts'
import { type VolumeWork, volumeWorker } from '../oci/volumes/work.ts'
import { textOf } from './texts.ts'

/**
 * Does work on volumes on the machine that has them. Nothing tells which that is once its node is gone, so all are asked: what
 * a machine does not have is nothing for it to do.
 */
export function volumesOfMachines({ volumesBelow, hub, view, ownNetwork }: { readonly volumesBelow: string; readonly hub: Pick<AgentHub, 'askVolumes'>; readonly view: () => ClusterView; /** Of this machine's nodes, as they tell of them. */ readonly ownNetwork: string }): (work: VolumeWork) => Promise<unknown> {
  const here = volumeWorker(volumesBelow)
  return async (work) => {
    const told = await here(work)
    if ('error' in told) return told
    const query = new URLSearchParams({ do: work.do, path: work.path, from: work.from }).toString()
    const answers = await Promise.all([...oneOfEachMachine(view(), ownNetwork)].map(async (node) => {
      const answer = await hub.askVolumes(node, query)
      if (isRefusal(answer)) return answer.message
      const body = await textOf(answer.body)
      return answer.status === 200 ? undefined : body.trim()
    }))
    const problem = answers.find((answer) => answer !== undefined)
    // A copy of what is on a machine that is away must not be taken for one of nothing; what is to go there must not hold up all else.
    return problem === undefined || work.do === 'unprovision' ? told : { error: problem }
  }
}

/** A node of each other machine. */
function oneOfEachMachine(view: ClusterView, ownNetwork: string): Iterable<string> {
  const found = new Map<string, string>()
  for (const { metadata } of view.list(nodes)) {
    const network = metadata.annotations?.[machineNetworkMark]
    if (network !== undefined && network !== ownNetwork) found.set(network, metadata.name)
  }
  return found.values()
}
