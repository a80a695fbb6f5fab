// Where a node is, as its labels say: what a pod on it is labelled with too. Behaviour: upstream's PodTopologyLabels admission.
import { nodes } from './resources.ts'
import type { ClusterView } from './view.ts'

const copied = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'] as const

/** The labels with those of the node's place; the same object when there are none to add. */
export function withTopologyOf(view: ClusterView, node: string, labels: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> | undefined {
  const found = view.get(nodes, '', node)?.metadata.labels
  if (found === undefined) return labels
  let next = labels
  for (const label of copied) {
    const value = found[label]
    if (value !== undefined && next?.[label] !== value) next = { ...next, [label]: value }
  }
  return next
}
