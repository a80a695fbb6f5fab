import type { NodeAffinity } from '../../api/generated/types.ts'
import type { Node, Pod } from '../../api/resources.ts'
import { nodeMatches, nodeSelectorMatches, nodeTermMatches } from '../../rules/node-selectors.ts'
import { normalised } from '../normalise.ts'
import { type NodeRefusal, nodeSides, type SchedulerPlugin } from '../types.ts'

const unlike: NodeRefusal = { reasons: ["node(s) didn't match Pod's node affinity/selector"], forGood: true }

const unlikeAdded: NodeRefusal = { reasons: ["node(s) didn't match scheduler-enforced node affinity"], forGood: true }

/** nodeSelector and node affinity: required terms filter, preferred ones score. What is added holds for every pod. */
export const nodeAffinityOf = (added: NodeAffinity | undefined): SchedulerPlugin => {
  const enforced = added?.requiredDuringSchedulingIgnoredDuringExecution
  const fits = (pod: Pod, node: Node): boolean => nodeMatches(pod.spec, node) && (enforced === undefined || nodeSelectorMatches(enforced, node))
  return {
    name: 'NodeAffinity', weight: 2, fixed: 'by node and pod',
    start: ({ nodes }) => ({
      study: (pod) => {
        const affinity = pod.spec.affinity?.nodeAffinity
        const preferred = [...added?.preferredDuringSchedulingIgnoredDuringExecution ?? [], ...affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []].filter((term) => term.weight !== 0)
        const filters = enforced !== undefined || pod.spec.nodeSelector !== undefined || affinity?.requiredDuringSchedulingIgnoredDuringExecution !== undefined
        if (!filters && preferred.length === 0) return undefined
        const names = namedNodes(pod)
        if (names?.length === 0) return { refusal: 'pod affinity terms conflict' }
        return {
          ...(names && { only: names.map((name) => nodes.numberOf(name)).filter((number) => number !== undefined) }),
          ...(filters && {
            refuses: (node: number) => { const object = nodes.node(node); return object === undefined || !fits(pod, object) },
            why: (node: number) => { const object = nodes.node(node); return object !== undefined && enforced !== undefined && !nodeSelectorMatches(enforced, object) ? unlikeAdded : unlike },
          }),
          ...(preferred.length > 0 && {
            score: (node: number) => {
              const object = nodes.node(node)
              return object === undefined ? 0 : preferred.reduce((sum, term) => sum + (nodeTermMatches(term.preference, object) ? term.weight : 0), 0)
            },
            normalise: (scores: Float64Array) => normalised(scores, 'most is best'),
          }),
        }
      },
      wakes: (pod, change) => {
        if (change.key.resource !== 'nodes') return false
        const { before, after } = nodeSides(change)
        return after !== undefined && fits(pod, after) && (before === undefined || !fits(pod, before))
      },
    }),
  }
}

export const nodeAffinity = nodeAffinityOf(undefined)

/** The nodes that the pod's affinity names in every term, as a DaemonSet's pods do; undefined when some term names none; none where terms contradict themselves. */
function namedNodes(pod: Pod): readonly string[] | undefined {
  const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  if (terms === undefined || terms.length === 0) return undefined
  const names = new Set<string>()
  for (const term of terms) {
    // What a term says of names holds all at once.
    const [first, ...rest] = (term.matchFields ?? []).filter((field) => field.key === 'metadata.name' && field.operator === 'In').map(({ values = [] }) => values)
    if (first === undefined) return undefined
    for (const name of first) if (rest.every((values) => values.includes(name))) names.add(name)
  }
  return [...names]
}
