// Tells kubelets how long they may keep Secrets and ConfigMaps, by the size of the cluster. Behaviour: upstream's ttl controller.
import { type Controller, keyOf, type Node, nodes } from '../../api/index.ts'
import { sidesOf } from '../../rules/changes.ts'
import { settled } from '../settled.ts'

const annotation = 'node.alpha.kubernetes.io/ttl'
/** From how many nodes on, and up to how many: they overlap, so that a node more or less does not change all. */
const steps = [
  { least: 0, most: 100, seconds: 0 }, { least: 90, most: 500, seconds: 15 }, { least: 450, most: 1000, seconds: 30 },
  { least: 900, most: 2000, seconds: 60 }, { least: 1800, most: 10_000, seconds: 300 }, { least: 9000, most: Infinity, seconds: 600 },
] as const

/** What a node should say in a cluster of so many, given what it says. */
export function ttlSeconds(count: number, said: string | undefined): number {
  const before = steps.findIndex(({ seconds }) => String(seconds) === said)
  const fits = ({ least, most }: (typeof steps)[number]): boolean => count >= least && count <= most
  const standing = steps[before]
  if (standing !== undefined && fits(standing)) return standing.seconds
  // Growing it takes the lowest step that fits, shrinking the highest.
  const grows = standing === undefined || count > standing.most
  return (grows ? steps.find(fits) : steps.findLast(fits))?.seconds ?? 0
}

const wantedOf = (node: Node, count: number): string | undefined => {
  const said = node.metadata.annotations?.[annotation]
  const wanted = String(ttlSeconds(count, said))
  return said === wanted ? undefined : wanted
}

/** A key is a node's name. As upstream, a node is told at its next own change that the cluster has another size by now. */
export const nodeTtlController: Controller = {
  name: 'ttl-controller',
  watches: [{ resource: nodes.resource, affected: (change, view) => { const node = sidesOf(nodes, change)?.after; return node !== undefined && wantedOf(node, view.count(nodes)) !== undefined ? [node.metadata.name] : [] } }],
  reconcile(name, { view }) {
    const node = view.get(nodes, '', name)
    const wanted = node && wantedOf(node, view.count(nodes))
    return node === undefined || wanted === undefined ? settled : { actions: [{ do: 'patch', key: keyOf(nodes, node), uid: node.metadata.uid, part: 'main', patch: { metadata: { annotations: { [annotation]: wanted } } } }] }
  },
}
