import type { Pod } from '../../api/resources.ts'
import { nodeMatches, nodeTermMatches } from '../../rules/node-selectors.ts'
import { normalised } from '../normalise.ts'
import { type NodeRefusal, nodeSides, type SchedulerPlugin } from '../types.ts'

const unlike: NodeRefusal = { reasons: ["node(s) didn't match Pod's node affinity/selector"], forGood: true }

/** nodeSelector and node affinity: required terms filter, preferred ones score. */
export const nodeAffinity: SchedulerPlugin = {
  name: 'NodeAffinity', weight: 2,
  start: ({ nodes }) => ({
    study: (pod) => {
      const affinity = pod.spec.affinity?.nodeAffinity
      const preferred = (affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).filter((term) => term.weight !== 0)
      const filters = pod.spec.nodeSelector !== undefined || affinity?.requiredDuringSchedulingIgnoredDuringExecution !== undefined
      if (!filters && preferred.length === 0) return undefined
      const names = namedNodes(pod)
      return {
        ...(names && { only: names.map((name) => nodes.numberOf(name)).filter((number) => number !== undefined) }),
        ...(filters && {
          refuses: (node: number) => { const object = nodes.node(node); return object === undefined || !nodeMatches(pod.spec, object) },
          why: () => unlike,
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
      return after !== undefined && nodeMatches(pod.spec, after) && (before === undefined || !nodeMatches(pod.spec, before))
    },
  }),
}

/** The nodes that the pod's affinity names in every term, as a DaemonSet's pods do; undefined when some term names none. */
function namedNodes(pod: Pod): readonly string[] | undefined {
  const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  if (terms === undefined || terms.length === 0) return undefined
  const names = new Set<string>()
  for (const term of terms) {
    const named = term.matchFields?.find((field) => field.key === 'metadata.name' && field.operator === 'In')?.values
    if (named === undefined) return undefined
    for (const name of named) names.add(name)
  }
  return [...names]
}
