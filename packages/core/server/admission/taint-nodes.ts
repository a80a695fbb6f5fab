import { type Node, nodes } from '../../api/resources.ts'
import type { Plugin } from './types.ts'

const taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }

/** A new node gets no pods before its conditions have been looked at: the node controller takes the taint away. */
export const taintNodesByCondition: Plugin = {
  name: 'TaintNodesByCondition', operations: ['create'], resources: [nodes.resource],
  mutate({ object, subresource }) {
    if (subresource !== '') return object
    const { spec } = object as Node
    const taints = spec.taints ?? []
    if (taints.some(({ key, effect }) => key === taint.key && effect === taint.effect)) return object
    const tainted = { ...(object as Node), spec: { ...spec, taints: [...taints, taint] } }
    return tainted
  },
}
