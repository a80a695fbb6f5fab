import type { NodeRefusal, SchedulerPlugin } from '../types.ts'
import { nodeSides } from '../types.ts'
import { tolerates } from '../../rules/taints.ts'
import { unschedulableTaint } from '../../rules/node-selectors.ts'

const cordoned: NodeRefusal = { reasons: ['node(s) were unschedulable'], forGood: true }

/** Cordoned nodes take only pods that tolerate it. */
export const nodeUnschedulable: SchedulerPlugin = {
  name: 'NodeUnschedulable', weight: 0, fixed: 'by node and pod',
  start: () => {
    // Few are: the others need not be looked at.
    const here = new Set<number>()
    return {
      nodePut: (number, _before, node) => { if (node.spec.unschedulable === true) here.add(number); else here.delete(number) },
      study: (pod) => {
        if (here.size === 0 || pod.spec.tolerations?.some((toleration) => tolerates(toleration, unschedulableTaint))) return undefined
        return {
          refuses: (node) => here.has(node),
          why: () => cordoned,
        }
      },
      wakes: (_pod, change) => {
        if (change.key.resource !== 'nodes') return false
        const { before, after } = nodeSides(change)
        return after !== undefined && after.spec.unschedulable !== true && (before === undefined || before.spec.unschedulable === true)
      },
    }
  },
}
