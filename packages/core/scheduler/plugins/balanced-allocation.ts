import { bestScore } from '../normalise.ts'
import type { SchedulerPlugin } from '../types.ts'
import { allocationColumns, cpuAndMemory, type WeightedResource } from './allocation.ts'

/** Nodes whose resources would be used to a more similar degree than they are score best: 50 to 100, and 75 where it stays as it is. As upstream since 1.36. */
export const balancedAllocationOf = (resources: readonly WeightedResource[]): SchedulerPlugin => ({
  name: 'NodeResourcesBalancedAllocation', weight: 1,
  start: ({ nodes }) => ({
    study: (pod) => {
      const columns = allocationColumns(pod, nodes, resources, { assumed: false })
      // As upstream: a pod that requests nothing cannot unbalance a node.
      if (columns.every(({ added }) => added === 0)) return undefined
      const shares = new Float64Array(columns.length)
      const balance = (node: number, withPod: 0 | 1): number => {
        let count = 0
        let sum = 0
        for (const { allocatable, requested, added } of columns) {
          const capacity = allocatable?.[node] ?? 0
          if (capacity === 0) continue
          const share = Math.min(1, ((requested?.[node] ?? 0) + withPod * added) / capacity)
          shares[count++] = share
          sum += share
        }
        return Math.floor((1 - deviation(shares, count, sum)) * bestScore)
      }
      return { score: (node) => bestScore / 2 + Math.floor((bestScore / 2 + balance(node, 1) - balance(node, 0)) / 2) }
    },
  }),
})

export const balancedAllocation = balancedAllocationOf(cpuAndMemory)

/** The standard deviation; of two numbers it is half their distance, and of one nothing. */
function deviation(shares: Float64Array, count: number, sum: number): number {
  if (count < 2) return 0
  if (count === 2) return Math.abs((shares[0] ?? 0) - (shares[1] ?? 0)) / 2
  let squares = 0
  for (let at = 0; at < count; at++) squares += ((shares[at] ?? 0) - sum / count) ** 2
  return Math.sqrt(squares / count)
}
