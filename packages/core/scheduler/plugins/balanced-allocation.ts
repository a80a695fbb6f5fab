import { podRequests } from '../../rules/requests.ts'
import { bestScore } from '../normalise.ts'
import type { SchedulerPlugin } from '../types.ts'

/** Nodes whose cpu and memory would be used to a similar degree score best. */
export const balancedAllocation: SchedulerPlugin = {
  name: 'NodeResourcesBalancedAllocation', weight: 1,
  start: ({ nodes }) => ({
    study: (pod) => {
      const { cpu = 0, memory = 0 } = podRequests(pod.spec)
      // As upstream: a pod that requests nothing cannot unbalance a node.
      if (cpu === 0 && memory === 0) return undefined
      const allocatable = [nodes.allocatable('cpu'), nodes.allocatable('memory')] as const
      const requested = [nodes.requested('cpu'), nodes.requested('memory')] as const
      const share = (capacity: number, used: number): number => (capacity === 0 ? 0 : Math.min(1, used / capacity))
      return {
        score: (node) => {
          const ofCpu = share(allocatable[0]?.[node] ?? 0, (requested[0]?.[node] ?? 0) + cpu)
          const ofMemory = share(allocatable[1]?.[node] ?? 0, (requested[1]?.[node] ?? 0) + memory)
          // The standard deviation of two numbers is half their distance.
          return Math.floor((1 - Math.abs(ofCpu - ofMemory) / 2) * bestScore)
        },
      }
    },
  }),
}
