// How many pods of a group are where: by node, and by the value of a label of nodes.
import type { LabelSelector } from '../../api/generated/types.ts'
import { podsByLabel } from '../../api/indexes.ts'
import type { Node, Pod } from '../../api/resources.ts'
import { isTerminating } from '../../rules/pods.ts'
import { isEmptySelector, selectorMatches } from '../../rules/selectors.ts'
import type { NodeTable } from '../nodes.ts'
import type { Surroundings } from '../types.ts'

/** Groups that were asked for; the oldest are dropped beyond this, and counted again when asked for. */
const groupsMost = 4096
const terrainsMost = 256
const talliesMost = 16

/** The pods of a namespace that every one of these selectors matches; equal groups have one identity. */
export interface Group {
  readonly identity: string
  readonly namespace: string
  readonly selectors: readonly LabelSelector[]
}

/** The nodes that count, and the label that divides them into domains; equal terrains have one identity. */
export interface Terrain {
  readonly identity: string
  readonly topologyKey: string
  includes(node: Node): boolean
}

/** Is the pod one of the group, if it were running? */
export const belongsTo = ({ namespace, selectors }: Group, pod: Pod): boolean =>
  pod.metadata.namespace === namespace && selectors.every((selector) => selectorMatches(selector, pod.metadata.labels))

/** As upstream: a pod that is on its way out counts nowhere, and a selector that asks for nothing counts nobody. */
const counts = (group: Group, pod: Pod): boolean => !isTerminating(pod) && belongsTo(group, pod) && !group.selectors.every(isEmptySelector)

/**
 * Counts of the groups that were asked for, kept up to date from placements. A placement costs the groups that share a label
 * with the pod; the first question about a group costs the pods with one of its labels, and about a terrain the nodes.
 */
export class TopologyCounts {
  readonly #surroundings: Surroundings
  readonly #groups = new Map<string, GroupCounts>()
  /** Groups by a pair of their labels, 'namespace/key=value', or by namespace when they have none. */
  readonly #groupsBySign = new Map<string, Set<GroupCounts>>()
  readonly #terrains = new Map<string, Domains>()
  /** Counts the changes of nodes: domains of before are no longer true. */
  #nodesAsOf = 0

  constructor(surroundings: Surroundings) { this.#surroundings = surroundings }

  placed(pod: Pod, node: number): void { this.#count(pod, node, 1) }
  removed(pod: Pod, node: number): void { this.#count(pod, node, -1) }

  /** Labels or taints of nodes changed, or there are others. */
  nodesChanged(): void {
    this.#nodesAsOf++
    this.#terrains.clear()
  }

  of(group: Group): GroupCounts {
    const known = this.#groups.get(group.identity)
    if (known !== undefined) return known
    if (this.#groups.size >= groupsMost) for (const oldest of this.#groups.values()) { this.#drop(oldest); break }
    const sign = this.#signOf(group)
    const made = new GroupCounts(group, sign)
    for (const { pod, node } of this.#candidates(group, sign)) if (counts(group, pod)) made.add(node, 1, this.#nodesAsOf)
    this.#groups.set(group.identity, made)
    const alike = this.#groupsBySign.get(sign) ?? new Set()
    this.#groupsBySign.set(sign, alike.add(made))
    return made
  }

  /** The group's pods by domain. */
  tally(group: Group, terrain: Terrain): DomainTally {
    const { tallies, perNode } = this.of(group)
    const known = tallies.get(terrain.identity)
    if (known?.domains.asOf === this.#nodesAsOf) return known
    const made = new DomainTally(this.#domainsOf(terrain), this.#surroundings.nodes)
    for (const [node, count] of perNode) made.add(node, count)
    makeRoom(tallies, talliesMost)
    tallies.set(terrain.identity, made)
    return made
  }

  #count(pod: Pod, node: number, by: 1 | -1): void {
    if (this.#groups.size === 0) return
    const { namespace = '', labels } = pod.metadata
    const add = (sign: string): void => {
      const groups = this.#groupsBySign.get(sign)
      if (groups !== undefined) for (const group of groups) if (counts(group.group, pod)) group.add(node, by, this.#nodesAsOf)
    }
    add(namespace)
    for (const key in labels) add(`${namespace}/${key}=${labels[key]}`)
  }

  /** The pair of a group's labels that the fewest groups share. */
  #signOf({ namespace, selectors }: Group): string {
    let sign = namespace
    let fewest = Infinity
    for (const { matchLabels } of selectors) {
      for (const key in matchLabels) {
        const pair = `${namespace}/${key}=${matchLabels[key]}`
        const sharing = this.#groupsBySign.get(pair)?.size ?? 0
        if (sharing < fewest) { fewest = sharing; sign = pair }
      }
    }
    return sign
  }

  *#candidates({ namespace }: Group, sign: string): Iterable<{ readonly pod: Pod; readonly node: number }> {
    const { nodes, view } = this.#surroundings
    if (sign === namespace) return yield* nodes.placements
    for (const { metadata: { uid } } of view.by(podsByLabel, sign)) {
      const pod = nodes.placedPod(uid)
      const node = nodes.placeOf(uid)
      if (pod !== undefined && node !== undefined) yield { pod, node }
    }
  }

  #drop(group: GroupCounts): void {
    this.#groups.delete(group.group.identity)
    const alike = this.#groupsBySign.get(group.sign)
    alike?.delete(group)
    if (alike?.size === 0) this.#groupsBySign.delete(group.sign)
  }

  #domainsOf(terrain: Terrain): Domains {
    const known = this.#terrains.get(terrain.identity)
    if (known !== undefined) return known
    makeRoom(this.#terrains, terrainsMost)
    const made = domainsIn(this.#surroundings.nodes, terrain, this.#nodesAsOf)
    this.#terrains.set(terrain.identity, made)
    return made
  }
}

/** Drops the oldest entry of a full map. */
function makeRoom(map: Map<string, unknown>, most: number): void {
  if (map.size >= most) for (const oldest of map.keys()) { map.delete(oldest); break }
}

/** The domains of a terrain, numbered: by node number (-1: the node does not count), and by value of the label. */
interface Domains {
  readonly asOf: number
  readonly topologyKey: string
  readonly byNode: Int32Array
  readonly byValue: ReadonlyMap<string, number>
}

function domainsIn(nodes: NodeTable, { topologyKey, includes }: Terrain, asOf: number): Domains {
  const byValue = new Map<string, number>()
  const byNode = new Int32Array(nodes.order.reduce((most, node) => Math.max(most, node), -1) + 1).fill(-1)
  for (const number of nodes.order) {
    const node = nodes.node(number)
    const value = node?.metadata.labels?.[topologyKey]
    if (node === undefined || value === undefined || !includes(node)) continue
    const domain = byValue.get(value) ?? byValue.size
    byValue.set(value, domain)
    byNode[number] = domain
  }
  return { asOf, topologyKey, byNode, byValue }
}

class GroupCounts {
  readonly group: Group
  readonly sign: string
  readonly perNode = new Map<number, number>()
  readonly tallies = new Map<string, DomainTally>()

  constructor(group: Group, sign: string) { this.group = group; this.sign = sign }

  at(node: number): number { return this.perNode.get(node) ?? 0 }

  add(node: number, by: 1 | -1, nodesAsOf: number): void {
    const next = this.at(node) + by
    if (next === 0) this.perNode.delete(node)
    else this.perNode.set(node, next)
    for (const [identity, tally] of this.tallies) {
      if (tally.domains.asOf === nodesAsOf) tally.add(node, by)
      else this.tallies.delete(identity)
    }
  }
}

/** A group's pods by domain, with the smallest number that any domain has. */
export class DomainTally {
  readonly domains: Domains
  readonly #nodes: NodeTable
  /** By domain; those without pods are left out. */
  readonly #counts = new Map<number, number>()
  /** How many domains have so many pods. */
  readonly #domainsWith: Map<number, number>
  #least = 0

  constructor(domains: Domains, nodes: NodeTable) {
    this.domains = domains
    this.#nodes = nodes
    this.#domainsWith = new Map([[0, domains.byValue.size]])
  }

  /** The fewest pods in a domain; 0 when there are fewer domains than that. */
  least(minDomains: number): number { return this.domains.byValue.size < minDomains ? 0 : this.#least }

  /** The domain of a node, -1 for a node that does not count. */
  domainOf(node: number): number { return this.domains.byNode[node] ?? -1 }

  /** How many pods are in the node's domain; undefined for a node without the label. */
  at(node: number): number | undefined {
    const domain = this.domainOf(node)
    if (domain >= 0) return this.#counts.get(domain) ?? 0
    const value = this.#nodes.node(node)?.metadata.labels?.[this.domains.topologyKey]
    return value === undefined ? undefined : this.#counts.get(this.domains.byValue.get(value) ?? -1) ?? 0
  }

  add(node: number, by: number): void {
    const domain = this.domainOf(node)
    if (domain < 0) return
    const before = this.#counts.get(domain) ?? 0
    const after = before + by
    if (after === 0) this.#counts.delete(domain)
    else this.#counts.set(domain, after)
    this.#domainsWith.set(before, (this.#domainsWith.get(before) ?? 0) - 1)
    this.#domainsWith.set(after, (this.#domainsWith.get(after) ?? 0) + 1)
    // Ends at `after` at the latest: one domain has as many.
    this.#least = Math.min(this.#least, after)
    while ((this.#domainsWith.get(this.#least) ?? 0) === 0) this.#least++
  }
}
