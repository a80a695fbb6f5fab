import { type ClusterView, isSimulated, type Node, nodes, type PersistentVolume } from '../../api/index.ts'
import { isNodeReady } from '../../rules/node-selectors.ts'

export const hostnameLabel = 'kubernetes.io/hostname'

/** For a claim that binds at once: the first node that could run a pod. */
export const anyNode = (view: ClusterView): Node | undefined => [...view.list(nodes)].find((node) => isNodeReady(node) && node.spec.unschedulable !== true)

/** Nothing was ever written there. */
export function isOnSimulatedNode(volume: PersistentVolume, view: ClusterView): boolean {
  const [term] = volume.spec.nodeAffinity?.required?.nodeSelectorTerms ?? []
  const name = term?.matchExpressions?.find(({ key }) => key === hostnameLabel)?.values?.[0] ?? term?.matchFields?.[0]?.values?.[0]
  const node = [...view.list(nodes)].find(({ metadata }) => (metadata.labels?.[hostnameLabel] ?? metadata.name) === name)
  return node !== undefined && isSimulated(node)
}
