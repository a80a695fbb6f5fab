import { deviceClasses, type Pod } from '../../api/resources.ts'
import { mayUseDifferently, podRequests, podUsage } from '../../rules/requests.ts'
import { isTerminal } from '../../rules/pods.ts'
import { type NodeRefusal, nodeSides, podSides, type SchedulerPlugin } from '../types.ts'
import { nodeHas, resourcesBehindClasses } from '../devices/extended.ts'
import { allocationColumns, allocationScore, cpuAndMemory, type ScoringStrategy } from './allocation.ts'

export interface ResourcesFitArguments {
  /** Extended resources that are somebody else's to count, by name, or all of a group ('example.com'). */
  readonly ignoredResources: readonly string[]
  readonly ignoredResourceGroups: readonly string[]
  readonly strategy: ScoringStrategy
}

/** Requests fit into what is allocatable and not requested yet; how a node is filled best is a matter of strategy. */
export const resourcesFitOf = ({ ignoredResources, ignoredResourceGroups, strategy }: ResourcesFitArguments): SchedulerPlugin => ({
  name: 'NodeResourcesFit', weight: 1,
  start: ({ nodes, view }) => {
    /** The same pod is studied again and again while room is sought for it. */
    let last: { readonly pod: Pod; readonly wanted: readonly (readonly [string, number])[] } | undefined
    return {
      study: (pod) => {
        const ignored = (resource: string): boolean => resource.includes('/') && (ignoredResources.includes(resource) || ignoredResourceGroups.includes(resource.slice(0, resource.indexOf('/'))))
        const wanted = pod === last?.pod ? last.wanted : Object.entries(podRequests(pod.spec)).filter(([resource, amount]) => amount > 0 && !ignored(resource))
        last = { pod, wanted }
        // What classes of devices stand for is asked for by claims on nodes that do not have it themselves.
        const delegable = wanted.some(([resource]) => resource.includes('/')) ? resourcesBehindClasses(pod, view) : noClasses
        const isDelegated = (resource: string, number: number): boolean => { const node = delegable.has(resource) ? nodes.node(number) : undefined; return node !== undefined && !nodeHas(node, resource) }
        const requests = wanted.map(([resource, amount]) => ({ resource, amount, allocatable: nodes.allocatable(resource), requested: nodes.requested(resource) }))
        const pods = nodes.allocatable('pods')
        const refusals = new Map<number, NodeRefusal>()
        let scoring: ((node: number) => number) | undefined
        const { podCount } = nodes
        /** What is short on a node with so many pods that use so much, or what they use as things are. */
        const refusalOf = (node: number, count: number, used?: readonly number[]): NodeRefusal | undefined => {
          // Which resources are short, as bits; the lowest are the number of pods and whether it is for good.
          const tooMany = count + 1 > (pods?.[node] ?? 0)
          let kind = tooMany ? 2 : 0
          for (let at = 0; at < requests.length; at++) {
            const request = requests[at]
            if (request === undefined || isDelegated(request.resource, node)) continue
            const offered = request.allocatable?.[node] ?? 0
            if (request.amount + ((used === undefined ? request.requested?.[node] : used[at]) ?? 0) > offered) kind |= 4 << at
            if (request.amount > offered) kind |= 1
          }
          if (kind < 2) return undefined
          const known = refusals.get(kind)
          if (known !== undefined) return known
          const short = requests.filter((_, at) => (kind & (4 << at)) !== 0).map(({ resource }) => `Insufficient ${resource}`)
          const refusal: NodeRefusal = { reasons: tooMany ? ['Too many pods', ...short] : short, forGood: (kind & 1) !== 0 }
          refusals.set(kind, refusal)
          return refusal
        }
        return {
          refuses: (node) => {
            if ((podCount[node] ?? 0) + 1 > (pods?.[node] ?? 0)) return true
            for (const { resource, amount, allocatable, requested } of requests) if (amount + (requested?.[node] ?? 0) > (allocatable?.[node] ?? 0) && !isDelegated(resource, node)) return true
            return false
          },
          suppose: (node) => {
            let count = podCount[node] ?? 0
            const used = requests.map(({ requested }) => requested?.[node] ?? 0)
            return {
              change: (more, by) => { count += by; for (let at = 0; at < wanted.length; at++) used[at] = (used[at] ?? 0) + by * (more[wanted[at]?.[0] ?? ''] ?? 0) },
              refusal: () => refusalOf(node, count, used),
            }
          },
          why: (node) => refusalOf(node, podCount[node] ?? 0) ?? fine,
          // Made when the first node is scored: a dry run of preemption never gets there.
          score: (node) => (scoring ??= allocationScore(strategy, allocationColumns(pod, nodes, strategy.resources, { assumed: true })))(node),
        }
      },
      concerns: (change) => change.key.resource === 'nodes' || change.key.resource === deviceClasses.resource || (change.key.resource === 'pods' && freesResources(podSides(change))),
      wakes: (pod, change) => {
        // A class may stand for a resource now.
        if (change.key.resource === deviceClasses.resource) return change.after !== undefined && resourcesBehindClasses(pod, view).size > 0
        if (change.key.resource === 'pods') return freesResources(podSides(change))
        if (change.key.resource !== 'nodes') return false
        const { before, after } = nodeSides(change)
        return after !== undefined && (before === undefined || JSON.stringify(before.status?.allocatable) !== JSON.stringify(after.status?.allocatable))
      },
    }
  },
})

export const resourcesFit = resourcesFitOf({ ignoredResources: [], ignoredResourceGroups: [], strategy: { type: 'LeastAllocated', resources: cpuAndMemory } })

const noClasses: ReadonlyMap<string, unknown> = new Map()
const fine: NodeRefusal = { reasons: [], forGood: false }

/** A pod on a node ended, went, or asks for less. */
function freesResources({ before, after }: { readonly before: Pod | undefined; readonly after: Pod | undefined }): boolean {
  if (!before?.spec.nodeName || isTerminal(before)) return false
  if (after === undefined || isTerminal(after)) return true
  if (!mayUseDifferently(before, after)) return false
  const now = podUsage(after)
  return Object.entries(podUsage(before)).some(([resource, amount]) => (now[resource] ?? 0) < amount)
}
