import type { Pod } from '../../api/resources.ts'
import { podRequests } from '../../rules/requests.ts'
import { isTerminal } from '../../rules/pods.ts'
import { bestScore } from '../normalise.ts'
import { scoredRequests } from '../nodes.ts'
import { type NodeRefusal, nodeSides, podSides, type SchedulerPlugin } from '../types.ts'

/** Requests fit into what is allocatable and not requested yet; the emptiest nodes score best (LeastAllocated). */
export const resourcesFit: SchedulerPlugin = {
  name: 'NodeResourcesFit', weight: 1,
  start: ({ nodes }) => ({
    study: (pod) => {
      const wanted = Object.entries(podRequests(pod.spec)).filter(([, amount]) => amount > 0)
      const requests = wanted.map(([resource, amount]) => ({ resource, amount, allocatable: nodes.allocatable(resource), requested: nodes.requested(resource) }))
      const pods = nodes.allocatable('pods')
      const refusals = new Map<number, NodeRefusal>()
      const scored = scoredRequests(pod)
      const cpu = scored['cpu'] ?? 0
      const memory = scored['memory'] ?? 0
      const allocatableCpu = nodes.allocatable('cpu')
      const allocatableMemory = nodes.allocatable('memory')
      const { podCount, scoredCpu, scoredMemory } = nodes
      return {
        refuses: (node) => {
          if ((podCount[node] ?? 0) + 1 > (pods?.[node] ?? 0)) return true
          for (const { amount, allocatable, requested } of requests) if (amount + (requested?.[node] ?? 0) > (allocatable?.[node] ?? 0)) return true
          return false
        },
        why: (node) => {
          // Which resources are short, as bits; the lowest are the number of pods and whether it is for good.
          const tooMany = (podCount[node] ?? 0) + 1 > (pods?.[node] ?? 0)
          let kind = tooMany ? 2 : 0
          for (let at = 0; at < requests.length; at++) {
            const { amount = 0, allocatable, requested } = requests[at] ?? {}
            if (amount + (requested?.[node] ?? 0) > (allocatable?.[node] ?? 0)) kind |= 4 << at
            if (amount > (allocatable?.[node] ?? 0)) kind |= 1
          }
          const known = refusals.get(kind)
          if (known !== undefined) return known
          const short = requests.filter((_, at) => (kind & (4 << at)) !== 0).map(({ resource }) => `Insufficient ${resource}`)
          const refusal: NodeRefusal = { reasons: tooMany ? ['Too many pods', ...short] : short, forGood: (kind & 1) !== 0 }
          refusals.set(kind, refusal)
          return refusal
        },
        score: (node) => {
          const ofCpu = leastAllocated(allocatableCpu?.[node] ?? 0, (scoredCpu[node] ?? 0) + cpu)
          const ofMemory = leastAllocated(allocatableMemory?.[node] ?? 0, (scoredMemory[node] ?? 0) + memory)
          if (ofCpu === undefined) return ofMemory ?? 0
          return ofMemory === undefined ? ofCpu : Math.floor((ofCpu + ofMemory) / 2)
        },
      }
    },
    concerns: (change) => change.key.resource === 'nodes' || (change.key.resource === 'pods' && freesResources(podSides(change))),
    wakes: (_pod, change) => {
      if (change.key.resource === 'pods') return freesResources(podSides(change))
      if (change.key.resource !== 'nodes') return false
      const { before, after } = nodeSides(change)
      return after !== undefined && (before === undefined || JSON.stringify(before.status?.allocatable) !== JSON.stringify(after.status?.allocatable))
    },
  }),
}

/** The share of a resource that stays free, 0..100; undefined where the node has none of it. */
function leastAllocated(capacity: number, requested: number): number | undefined {
  if (capacity === 0) return undefined
  return requested > capacity ? 0 : Math.floor(((capacity - requested) * bestScore) / capacity)
}

/** A pod on a node ended, went, or asks for less. */
function freesResources({ before, after }: { readonly before: Pod | undefined; readonly after: Pod | undefined }): boolean {
  if (!before?.spec.nodeName || isTerminal(before)) return false
  if (after === undefined || isTerminal(after)) return true
  if (before.spec === after.spec) return false
  const now = podRequests(after.spec)
  return Object.entries(podRequests(before.spec)).some(([resource, amount]) => (now[resource] ?? 0) < amount)
}
