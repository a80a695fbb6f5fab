import type { SchedulerPlugin } from '../types.ts'
import { nodeSides } from '../types.ts'
import { tolerates } from '../../rules/taints.ts'
import { unschedulableTaint } from '../../rules/node-selectors.ts'

/** Cordoned nodes take only pods that tolerate it. */
export const nodeUnschedulable: SchedulerPlugin = {
  name: 'NodeUnschedulable', weight: 0,
  start: ({ nodes }) => ({
    study: (pod) => {
      if (pod.spec.tolerations?.some((toleration) => tolerates(toleration, unschedulableTaint))) return undefined
      return {
        refuses: (node) => nodes.node(node)?.spec.unschedulable === true,
        why: () => ({ reasons: ['node(s) were unschedulable'], forGood: true }),
      }
    },
    wakes: (_pod, change) => {
      if (change.key.resource !== 'nodes') return false
      const { before, after } = nodeSides(change)
      return after !== undefined && after.spec.unschedulable !== true && (before === undefined || before.spec.unschedulable === true)
    },
  }),
}
