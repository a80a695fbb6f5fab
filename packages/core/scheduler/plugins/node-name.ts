import type { NodeRefusal, SchedulerPlugin } from '../types.ts'

const another: NodeRefusal = { reasons: ["node(s) didn't match the requested node name"], forGood: true }

/** A pod that names its node goes nowhere else. */
export const nodeName: SchedulerPlugin = {
  name: 'NodeName', weight: 0, fixed: 'by node and pod',
  start: ({ nodes }) => ({
    study: (pod) => {
      const name = pod.spec.nodeName
      if (!name) return undefined
      return {
        refuses: (node) => nodes.nameOf(node) !== name,
        why: () => another,
      }
    },
    wakes: (_pod, change) => change.key.resource === 'nodes' && change.before === undefined,
  }),
}
