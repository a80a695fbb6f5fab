import { tolerates, untolerated } from '../../rules/taints.ts'
import { type NodeRefusal, nodeSides, type SchedulerPlugin } from '../types.ts'
import { normalised } from '../normalise.ts'

const hard = ['NoSchedule', 'NoExecute']
const refusal: NodeRefusal = { reasons: ['node(s) had untolerated taint(s)'], forGood: true }

/** Keeps pods off tainted nodes, and away from those with PreferNoSchedule taints. */
export const taintToleration: SchedulerPlugin = {
  name: 'TaintToleration', weight: 3, fixed: 'by node and pod',
  start: ({ nodes }) => {
    // Where none is tainted, all are equal.
    const tainted = new Set<number>()
    return {
      nodePut: (number, _before, node) => { if ((node.spec.taints ?? []).length > 0) tainted.add(number); else tainted.delete(number) },
      study: (pod) => {
        if (tainted.size === 0) return undefined
        const { tolerations } = pod.spec
        const soft = tolerations?.filter((toleration) => !toleration.effect || toleration.effect === 'PreferNoSchedule') ?? []
        return {
          refuses: (node) => {
            const taints = tainted.has(node) ? nodes.node(node)?.spec.taints : undefined
            return taints !== undefined && untolerated(taints, tolerations, hard) !== undefined
          },
          why: () => refusal,
          score: (node) => {
            if (!tainted.has(node)) return 0
            let count = 0
            for (const taint of nodes.node(node)?.spec.taints ?? []) {
              if (taint.effect === 'PreferNoSchedule' && !soft.some((toleration) => tolerates(toleration, taint))) count++
            }
            return count
          },
          normalise: (scores) => normalised(scores, 'fewest is best'),
        }
      },
      wakes: (_pod, change) => {
        if (change.key.resource !== 'nodes') return false
        const { before, after } = nodeSides(change)
        return after !== undefined && (before === undefined || JSON.stringify(before.spec.taints) !== JSON.stringify(after.spec.taints))
      },
    }
  },
}
