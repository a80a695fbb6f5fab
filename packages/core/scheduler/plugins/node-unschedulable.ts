import type { NodeRefusal, SchedulerPlugin } from '../types.ts'
import { nodeSides } from '../types.ts'
import { tolerates } from '../../rules/taints.ts'
import { unschedulableTaint } from '../../rules/node-selectors.ts'

const cordoned: NodeRefusal = { reasons: ['node(s) were unschedulable'], forGood: true }

/** Cordoned nodes take only pods that tolerate it. */
export const nodeUnschedulable: SchedulerPlugin = {
  name: 'NodeUnschedulable', weight: 0,
  start: ({ nodes }) => ({
    study: (pod) => {
      if (pod.spec.tolerations?.some((toleration) => tolerates(toleration, unschedulableTaint))) return undefined
      return {
        refuses: (node) => nodes.node(node)?.spec.unschedulable === true,
        why: () => cordoned,
      }
    },
    wakes: (_pod, change) => {
      if (change.key.resource !== 'nodes') return false
      const { before, after } = nodeSides(change)
      return after !== undefined && after.spec.unschedulable !== true && (before === undefined || before.spec.unschedulable === true)
    },
  }),
}
