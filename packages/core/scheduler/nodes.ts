import type { Node, Pod } from '../api/resources.ts'
import { type Amounts, amountsOf, podRequests, podUsage } from '../rules/requests.ts'
import { isTerminal } from '../rules/pods.ts'
import { mostImportantFirst, priorityOf } from './priority.ts'

/** What upstream counts for a container that requests nothing, when it scores nodes: 0.1 cores, 200 MiB. */
const assumedRequests: Amounts = { cpu: 100, memory: 200 * 1024 * 1024 }

/** A pod where it counts, with what it counts for. */
export interface Placement { pod: Pod; readonly node: number; readonly requests: Amounts; readonly scored: Amounts }

/** Columns by node number. A number stays with its node while that has a Node object or pods; then it is used again. */
export class NodeTable {
  /** The numbers of the nodes there are, in the order in which they came. */
  readonly order: number[] = []
  readonly #numbers = new Map<string, number>()
  readonly #names: (string | undefined)[] = []
  readonly #nodes: (Node | undefined)[] = []
  readonly #free: number[] = []
  readonly #allocatable = new Map<string, Float64Array>()
  readonly #requested = new Map<string, Float64Array>()
  #podCount = new Float64Array(64)
  #scoredCpu = new Float64Array(64)
  #scoredMemory = new Float64Array(64)
  readonly #placements = new Map<string, Placement>()
  /** Those of each node, and in order of importance once somebody asked. */
  readonly #here = new Map<number, Set<Placement>>()
  readonly #sorted = new Map<number, readonly Placement[]>()
  /** By node: when it or its pods changed last, counted in changes of all. */
  readonly #versions: number[] = []
  #changes = 0
  /** By priority: how many pods of it each node has. There are few priorities. */
  readonly #priorities = new Map<number, Map<number, number>>()
  #capacity = 64

  /** Of the nodes that have a Node object. */
  get count(): number { return this.order.length }
  get placements(): Iterable<{ readonly pod: Pod; readonly node: number }> { return this.#placements.values() }

  node(number: number): Node | undefined { return this.#nodes[number] }
  nameOf(number: number): string { return this.#names[number] ?? '' }
  numberOf(name: string): number | undefined {
    const number = this.#numbers.get(name)
    return number !== undefined && this.#nodes[number] !== undefined ? number : undefined
  }

  /** A column of what nodes offer of a resource, in units of rules/requests. Undefined when none offers it. Good until a node or pod changes. */
  allocatable(resource: string): Float64Array | undefined { return this.#allocatable.get(resource) }
  requested(resource: string): Float64Array | undefined { return this.#requested.get(resource) }
  get podCount(): Float64Array { return this.#podCount }
  get scoredCpu(): Float64Array { return this.#scoredCpu }
  get scoredMemory(): Float64Array { return this.#scoredMemory }

  put(node: Node): number {
    const number = this.#number(node.metadata.name)
    if (this.#nodes[number] === undefined) this.order.push(number)
    this.#nodes[number] = node
    this.#changed(number)
    const allocatable = amountsOf(node.status?.allocatable)
    for (const [resource, column] of this.#allocatable) column[number] = allocatable[resource] ?? 0
    for (const resource in allocatable) this.#column(this.#allocatable, resource)[number] = allocatable[resource] ?? 0
    return number
  }

  drop(name: string): void {
    const number = this.#numbers.get(name)
    if (number === undefined || this.#nodes[number] === undefined) return
    this.#nodes[number] = undefined
    this.order.splice(this.order.indexOf(number), 1)
    for (const column of this.#allocatable.values()) column[number] = 0
    this.#release(number)
  }

  /** Where a pod counts; undefined when it counts nowhere. */
  placeOf(uid: string): number | undefined { return this.#placements.get(uid)?.node }
  placedPod(uid: string): Pod | undefined { return this.#placements.get(uid)?.pod }

  /** Counts a pod on a node: bound, or about to be. Finished pods use nothing; terminating ones still do. */
  place(pod: Pod, nodeName: string): number | undefined {
    if (isTerminal(pod)) return undefined
    const number = this.#number(nodeName)
    const placement: Placement = { pod, node: number, requests: podUsage(pod), scored: podUsage(pod, assumedRequests) }
    this.#placements.set(pod.metadata.uid, placement)
    this.#account(placement, 1)
    return number
  }

  /** A newer state of a pod that counts as before: the old one need not be kept. */
  refresh(pod: Pod): void {
    const placement = this.#placements.get(pod.metadata.uid)
    if (placement === undefined) return
    placement.pod = pod
    this.#changed(placement.node)
  }

  /** Takes a pod off; what comes back can be put back. */
  remove(uid: string): Placement | undefined {
    const placement = this.#placements.get(uid)
    if (placement === undefined) return undefined
    this.#placements.delete(uid)
    this.#account(placement, -1)
    this.#release(placement.node)
    return placement
  }

  /** As before it was taken off; its node must not have gone since. */
  putBack(placement: Placement): void {
    this.#placements.set(placement.pod.metadata.uid, placement)
    this.#account(placement, 1)
  }

  /** Has the node a pod that matters less than this? Costs the number of different priorities. */
  hasLesser(node: number, priority: number): boolean {
    for (const [each, perNode] of this.#priorities) if (each < priority && perNode.has(node)) return true
    return false
  }

  /** The pods that count on a node, the most important first. Costs their number when one came or changed since. */
  podsOn(node: number): readonly Placement[] {
    const known = this.#sorted.get(node)
    if (known !== undefined) return known
    const here = [...this.#here.get(node) ?? []].sort((a, b) => mostImportantFirst(a.pod, b.pod))
    this.#sorted.set(node, here)
    return here
  }

  /** Another number whenever the node or a pod on it is another: what was found out of them holds while it stays. */
  version(node: number): number { return this.#versions[node] ?? 0 }

  /** For tests: everything by name, so that a rebuilt table can be compared. */
  dump(): unknown {
    const rows = this.#names.flatMap((name, number) => (name === undefined ? [] : [{
      name, known: this.#nodes[number] !== undefined, priorities: [...this.#priorities].flatMap(([priority, perNode]) => (perNode.has(number) ? [`${priority}: ${perNode.get(number)}`] : [])).sort(), pods: this.#podCount[number], scored: [this.#scoredCpu[number], this.#scoredMemory[number]],
      allocatable: amountsAt(this.#allocatable, number), requested: amountsAt(this.#requested, number),
    }]))
    return rows.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  #changed(node: number): void {
    this.#sorted.delete(node)
    this.#versions[node] = ++this.#changes
  }

  #account(placement: Placement, sign: 1 | -1): void {
    const { pod, node, requests, scored } = placement
    const here = this.#here.get(node) ?? new Set<Placement>()
    if (sign === 1) here.add(placement)
    else here.delete(placement)
    if (here.size > 0) this.#here.set(node, here)
    else this.#here.delete(node)
    this.#changed(node)
    for (const resource in requests) {
      const column = this.#column(this.#requested, resource)
      column[node] = (column[node] ?? 0) + sign * (requests[resource] ?? 0)
    }
    this.#countPriority(priorityOf(pod), node, sign)
    this.#podCount[node] = (this.#podCount[node] ?? 0) + sign
    this.#scoredCpu[node] = (this.#scoredCpu[node] ?? 0) + sign * (scored['cpu'] ?? 0)
    this.#scoredMemory[node] = (this.#scoredMemory[node] ?? 0) + sign * (scored['memory'] ?? 0)
  }

  #countPriority(priority: number, node: number, sign: 1 | -1): void {
    const perNode = this.#priorities.get(priority) ?? new Map<number, number>()
    const count = (perNode.get(node) ?? 0) + sign
    if (count === 0) perNode.delete(node)
    else perNode.set(node, count)
    if (perNode.size === 0) this.#priorities.delete(priority)
    else this.#priorities.set(priority, perNode)
  }

  #number(name: string): number {
    const known = this.#numbers.get(name)
    if (known !== undefined) return known
    const number = this.#free.pop() ?? this.#names.length
    if (number >= this.#capacity) this.#grow()
    this.#numbers.set(name, number)
    this.#names[number] = name
    this.#nodes[number] = undefined
    return number
  }

  #release(number: number): void {
    if (this.#nodes[number] !== undefined || this.#podCount[number] !== 0) return
    this.#numbers.delete(this.nameOf(number))
    this.#names[number] = undefined
    this.#free.push(number)
  }

  #column(columns: Map<string, Float64Array>, resource: string): Float64Array {
    const known = columns.get(resource)
    if (known !== undefined) return known
    const column = new Float64Array(this.#capacity)
    columns.set(resource, column)
    return column
  }

  #grow(): void {
    this.#capacity *= 2
    const grown = (column: Float64Array): Float64Array<ArrayBuffer> => { const next = new Float64Array(this.#capacity); next.set(column); return next }
    for (const columns of [this.#allocatable, this.#requested]) for (const [resource, column] of columns) columns.set(resource, grown(column))
    this.#podCount = grown(this.#podCount)
    this.#scoredCpu = grown(this.#scoredCpu)
    this.#scoredMemory = grown(this.#scoredMemory)
  }
}

/** What upstream counts for a pod when it scores nodes. */
export const scoredRequests = (pod: Pod): Amounts => podRequests(pod.spec, assumedRequests)

function amountsAt(columns: ReadonlyMap<string, Float64Array>, number: number): Amounts {
  const amounts: Record<string, number> = {}
  for (const resource of [...columns.keys()].sort()) {
    const amount = columns.get(resource)?.[number] ?? 0
    if (amount !== 0) amounts[resource] = amount
  }
  return amounts
}
