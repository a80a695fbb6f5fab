// The devices that drivers publish: ResourceSlices by pool, and which of them a node reaches. Behaviour: upstream's structured allocator.
import type { Device, DeviceTaint, NodeSelector } from '../../api/generated/types.ts'
import type { DeviceTaintRule, Node, ResourceSlice } from '../../api/resources.ts'
import { nanosOf } from '../../base/quantity.ts'
import { ruleSelects } from '../../rules/device-taints.ts'
import { nodeSelectorMatches } from '../../rules/node-selectors.ts'
import { compareText } from '../../rules/pods.ts'
import { tally } from '../tally.ts'

/** Where a device can be used; neither: everywhere. */
export interface Reach { readonly nodeName?: string; readonly nodeSelector?: NodeSelector }

/** A device as it is published, in its pool. */
export interface PooledDevice {
  readonly device: Device
  readonly pool: Pool
  /** Of all devices, 'driver/pool/name'. */
  readonly id: string
  readonly reach: Reach
  /** Its own and those that rules put on it. */
  readonly taints: readonly DeviceTaint[]
}

/** What counter sets hold, or devices take of them: billionths by 'set/counter'. */
export type Counters = ReadonlyMap<string, bigint>

/** The newest generation of a pool. */
export interface Pool {
  /** 'driver/name'. */
  readonly id: string
  readonly driver: string
  readonly name: string
  /** All slices of its generation are there. */
  readonly complete: boolean
  /** Two devices have the same name. */
  readonly invalid: boolean
  readonly devices: readonly PooledDevice[]
  readonly counters: Counters
  /** Some of its devices have to be made ready before pods are bound. */
  readonly hasConditions: boolean
}

/** What a node reaches of a pool, in the order in which it is offered. */
export interface ReachablePool { readonly pool: Pool; readonly devices: readonly PooledDevice[] }

/** A pool, with its devices by where they can be used. */
interface KnownPool extends Pool {
  readonly byNode: ReadonlyMap<string, readonly PooledDevice[]>
  readonly wide: readonly PooledDevice[]
}

export const poolIdOf = ({ spec: { driver, pool } }: ResourceSlice): string => `${driver}/${pool.name}`

/** All pools, kept from changes. A node's pools cost the number of those that it may reach. */
export class DevicePools {
  readonly #slices = new Map<string, Map<string, ResourceSlice>>()
  readonly #poolOf = new Map<string, string>()
  readonly #known = new Map<string, KnownPool>()
  /** The pools that have something for a node, by its name. */
  readonly #byNode = new Map<string, Map<string, number>>()
  /** Those that have something for nodes by other means. */
  readonly #wide = new Map<string, number>()
  #wideSorted: readonly string[] | undefined
  readonly #rules = new Map<string, DeviceTaintRule>()

  /** A slice as it is now; undefined when it is gone. */
  putSlice(name: string, slice: ResourceSlice | undefined): void {
    const before = this.#poolOf.get(name)
    if (before !== undefined) {
      const slices = this.#slices.get(before)
      const old = slices?.get(name)
      if (old !== undefined) this.#reach(before, old, -1)
      slices?.delete(name)
      if (slices?.size === 0) this.#slices.delete(before)
      this.#poolOf.delete(name)
      this.#known.delete(before)
    }
    if (slice === undefined) return
    const id = poolIdOf(slice)
    const slices = this.#slices.get(id) ?? new Map<string, ResourceSlice>()
    this.#slices.set(id, slices.set(name, slice))
    this.#poolOf.set(name, id)
    this.#known.delete(id)
    this.#reach(id, slice, 1)
  }

  /** A rule as it is now. There are few, and they hardly ever change: all pools are looked at anew. */
  putRule(name: string, rule: DeviceTaintRule | undefined): void {
    if (rule === undefined) this.#rules.delete(name)
    else this.#rules.set(name, rule)
    this.#known.clear()
  }

  /** The nodes that a pool's devices are for, by name; undefined when that is not said by names. */
  nodesOf(id: string): readonly string[] | undefined {
    const pool = this.#pool(id)
    return pool === undefined ? [] : pool.wide.length > 0 ? undefined : [...pool.byNode.keys()]
  }

  /** What the node reaches, sorted by driver and pool, as upstream with those last of which devices have to be made ready; drivers that name their slices well are served in that order. */
  of(node: Node): readonly ReachablePool[] {
    const own = this.#byNode.get(node.metadata.name)
    this.#wideSorted ??= [...this.#wide.keys()].sort(compareText)
    const ids = own === undefined ? this.#wideSorted : this.#wideSorted.length === 0 ? own.keys() : new Set([...own.keys(), ...this.#wideSorted])
    const reachable: ReachablePool[] = []
    for (const id of ids) {
      const pool = this.#pool(id)
      const devices = pool === undefined ? [] : devicesFor(pool, node)
      if (pool !== undefined && devices.length > 0) reachable.push({ pool, devices })
    }
    return reachable.length < 2 ? reachable : reachable.sort((a, b) => Number(a.pool.hasConditions) - Number(b.pool.hasConditions) || compareText(a.pool.id, b.pool.id))
  }

  #reach(id: string, { spec: { nodeName, perDeviceNodeSelection, devices = [] } }: ResourceSlice, by: 1 | -1): void {
    const names = perDeviceNodeSelection === true ? devices.map((device) => device.nodeName ?? '') : [nodeName ?? '']
    for (const name of names) {
      if (name === '') { tally(this.#wide, id, by); this.#wideSorted = undefined; continue }
      const here = this.#byNode.get(name) ?? new Map<string, number>()
      tally(here, id, by)
      if (here.size > 0) this.#byNode.set(name, here)
      else this.#byNode.delete(name)
    }
  }

  #pool(id: string): KnownPool | undefined {
    const known = this.#known.get(id)
    if (known !== undefined) return known
    const slices = this.#slices.get(id)
    if (slices === undefined) return undefined
    const made = poolOf(id, [...slices.values()], [...this.#rules.values()])
    this.#known.set(id, made)
    return made
  }
}

/** Slices of older generations count no more. */
function poolOf(id: string, all: readonly ResourceSlice[], rules: readonly DeviceTaintRule[]): KnownPool {
  const generation = Math.max(...all.map(({ spec }) => spec.pool.generation))
  const slices = all.filter(({ spec }) => spec.pool.generation === generation).sort((a, b) => compareText(a.metadata.name, b.metadata.name))
  const [first] = slices
  const [driver, name] = [first?.spec.driver ?? '', first?.spec.pool.name ?? '']
  const devices: PooledDevice[] = []
  const byNode = new Map<string, PooledDevice[]>()
  const wide: PooledDevice[] = []
  const counters = new Map<string, bigint>()
  const names = new Set<string>()
  let count = 0
  const pool: KnownPool = {
    id, driver, name, devices, byNode, wide, counters, complete: slices.length === first?.spec.pool.resourceSliceCount,
    get invalid() { return names.size < count },
    hasConditions: slices.some(({ spec }) => spec.devices?.some(({ bindingConditions = [] }) => bindingConditions.length > 0) === true),
  }
  for (const { spec } of slices) {
    for (const set of spec.sharedCounters ?? []) for (const [counter, { value }] of Object.entries(set.counters)) counters.set(`${set.name}/${counter}`, nanosOf(value))
    for (const device of spec.devices ?? []) {
      const reach = reachOf(spec.perDeviceNodeSelection === true ? device : spec)
      const ruled = rules.filter((rule) => ruleSelects(rule, { driver, pool: name, device: device.name })).map((rule) => rule.spec.taint)
      const pooled: PooledDevice = { device, pool, id: `${id}/${device.name}`, reach, taints: [...(device.taints ?? []), ...ruled] }
      count++
      names.add(device.name)
      devices.push(pooled)
      if (reach.nodeName === undefined) wide.push(pooled)
      else byNode.set(reach.nodeName, [...(byNode.get(reach.nodeName) ?? []), pooled])
    }
  }
  return pool
}

const reachOf = ({ nodeName, nodeSelector }: Reach): Reach => (nodeName ? { nodeName } : nodeSelector !== undefined ? { nodeSelector } : {})

/** The devices in the pool's order that the node reaches. */
function devicesFor(pool: KnownPool, node: Node): readonly PooledDevice[] {
  const own = pool.byNode.get(node.metadata.name)
  if (pool.wide.length === 0) return own ?? []
  const reaches = ({ reach }: PooledDevice): boolean => reach.nodeSelector === undefined ? reach.nodeName === undefined || reach.nodeName === node.metadata.name : nodeSelectorMatches(reach.nodeSelector, node)
  return own === undefined ? pool.wide.filter(reaches) : pool.devices.filter(reaches)
}
