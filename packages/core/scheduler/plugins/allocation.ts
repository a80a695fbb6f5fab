// How well a node would be filled, by resource: what NodeResourcesFit scores by.
import type { Pod } from '../../api/resources.ts'
import { podRequests } from '../../rules/requests.ts'
import { bestScore } from '../normalise.ts'
import { type NodeTable, scoredRequests } from '../nodes.ts'

export interface WeightedResource { readonly name: string; readonly weight: number }
/** What a node scores (0..100) that is used to so many percent; straight lines between the points. */
export type Shape = readonly { readonly utilization: number; readonly score: number }[]
export type ScoringStrategy =
  | { readonly type: 'LeastAllocated' | 'MostAllocated'; readonly resources: readonly WeightedResource[] }
  | { readonly type: 'RequestedToCapacityRatio'; readonly resources: readonly WeightedResource[]; readonly shape: Shape }

export const cpuAndMemory: readonly WeightedResource[] = [{ name: 'cpu', weight: 1 }, { name: 'memory', weight: 1 }]

/** The columns of one resource with what a pod adds. Resources that the pod does not ask for and that are no node's basics are left out. */
export interface AllocationColumn { readonly weight: number; readonly allocatable: Float64Array | undefined; readonly requested: Float64Array | undefined; readonly added: number }

/** `assumed`: containers without a request for cpu or memory count as if they had a small one, as upstream does where nodes are compared. */
export function allocationColumns(pod: Pod, nodes: NodeTable, resources: readonly WeightedResource[], { assumed }: { readonly assumed: boolean }): readonly AllocationColumn[] {
  const wanted = assumed ? scoredRequests(pod) : podRequests(pod.spec)
  return resources.flatMap(({ name, weight }) => {
    const added = wanted[name] ?? 0
    if (added === 0 && !basics.has(name)) return []
    const requested = assumed && name === 'cpu' ? nodes.scoredCpu : assumed && name === 'memory' ? nodes.scoredMemory : nodes.requested(name)
    return [{ weight, allocatable: nodes.allocatable(name), requested, added }]
  })
}
const basics: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage'])

/** The score of a node by a strategy. */
export function allocationScore(strategy: ScoringStrategy, columns: readonly AllocationColumn[]): (node: number) => number {
  const { type } = strategy
  if (type === 'RequestedToCapacityRatio') {
    const { shape } = strategy
    return (node) => weighted(node, columns, (used, capacity) => onShape(shape, used > capacity ? bestScore : Math.trunc((used * 100) / capacity)), { onlyPositive: true })
  }
  return type === 'LeastAllocated'
    ? (node) => weighted(node, columns, (used, capacity) => (used > capacity ? 0 : Math.floor(((capacity - used) * bestScore) / capacity)))
    : (node) => weighted(node, columns, (used, capacity) => Math.floor((Math.min(used, capacity) * bestScore) / capacity))
}

/** As upstream: resources that the node does not have do not count; by a shape neither do those that score nothing, and the mean is rounded. */
function weighted(node: number, columns: readonly AllocationColumn[], score: (used: number, capacity: number) => number, { onlyPositive = false } = {}): number {
  let sum = 0
  let weights = 0
  for (let at = 0; at < columns.length; at++) {
    const column = columns[at]
    const capacity = column?.allocatable?.[node] ?? 0
    if (column === undefined || capacity === 0) continue
    const points = score((column.requested?.[node] ?? 0) + column.added, capacity)
    if (onlyPositive && points <= 0) continue
    sum += points * column.weight
    weights += column.weight
  }
  if (weights === 0) return 0
  return onlyPositive ? Math.round(sum / weights) : Math.floor(sum / weights)
}

function onShape(shape: Shape, utilization: number): number {
  let before: Shape[number] | undefined
  for (const point of shape) {
    if (utilization <= point.utilization) {
      return before === undefined ? point.score : before.score + Math.trunc(((point.score - before.score) * (utilization - before.utilization)) / (point.utilization - before.utilization))
    }
    before = point
  }
  return before?.score ?? 0
}
