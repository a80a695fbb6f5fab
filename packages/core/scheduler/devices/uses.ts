// Which devices are taken: by the claims they are allocated to, and by those whose allocation is being written down.
import type { DeviceRequestAllocationResult } from '../../api/generated/types.ts'
import type { ResourceClaim } from '../../api/resources.ts'
import { nanosOf } from '../../base/quantity.ts'
import type { Counters, Pool } from './pools.ts'
import { changed, type Shares, sharesIn } from './shares.ts'
import { tally } from '../tally.ts'

interface Use { readonly devices: readonly DeviceRequestAllocationResult[]; readonly underWay: boolean }

/** Devices in use, by pool: kept from changes of claims. */
export class DeviceUses {
  readonly #claims = new Map<string, Use>()
  /** By pool, 'driver/name': how many claims have each device. */
  readonly #pools = new Map<string, Map<string, number>>()
  /** What is taken of shared devices, 'driver/pool/name', by how many. */
  readonly #shared = new Map<string, { readonly users: number; readonly shares: Shares }>()
  readonly #touched: (pool: string) => void

  /** `touched` is told each pool, 'driver/name', of which more or less is taken. */
  constructor(touched: (pool: string) => void = () => {}) { this.#touched = touched }

  /** A claim as it is now: what it was counted for before is given back. */
  put(claim: ResourceClaim): void {
    const { uid } = claim.metadata
    const results = claim.status?.allocation?.devices?.results
    const before = this.#claims.get(uid)
    if (results === undefined && claim.status?.allocation === undefined && before?.underWay === true) return
    if (before?.underWay === false && before.devices === results) return
    this.#count(uid, results === undefined ? undefined : { devices: results, underWay: false })
  }

  /** The claim is gone, or its allocation did not come about. */
  drop(uid: string): void { this.#count(uid, undefined) }

  /** The claim is going to get these: they are taken from now on. */
  promise(uid: string, devices: readonly DeviceRequestAllocationResult[]): void { this.#count(uid, { devices, underWay: true }) }
  isUnderWay(uid: string): boolean { return this.#claims.get(uid)?.underWay ?? false }

  /** The devices of a pool that are taken, by name. */
  of(pool: string): ReadonlySet<string> | ReadonlyMap<string, number> { return this.#pools.get(pool) ?? none }

  /** What claims have of a shared device; undefined when nobody has any. */
  sharesOf(device: string): Shares | undefined { return this.#shared.get(device)?.shares }

  /** What is left of a pool's counters; less than nothing counts as nothing. Costs the devices of the pool. */
  left(pool: Pool): Counters {
    const left = new Map(pool.counters)
    const taken = this.of(pool.id)
    for (const { device, id } of pool.devices) if (taken.has(device.name) || this.#shared.has(id)) for (const [counter, amount] of consumptionOf(device)) {
      const there = left.get(counter)
      if (there !== undefined) left.set(counter, there - amount)
    }
    return left
  }

  /** For tests: everything by name. */
  dump(): unknown { return [[...this.#pools].map(([pool, devices]) => [pool, [...devices].sort()]).sort(), [...this.#shared].map(([device, { users, shares }]) => [device, users, [...shares].map(String)]).sort()] }

  #count(uid: string, next: Use | undefined): void {
    const before = this.#claims.get(uid)
    if (before !== undefined) this.#add(before, -1)
    if (next === undefined) { this.#claims.delete(uid); return }
    this.#claims.set(uid, next)
    this.#add(next, 1)
  }

  #add({ devices }: Use, by: 1 | -1): void {
    for (const { driver, pool, device, adminAccess, shareID, consumedCapacity } of devices) {
      // Who only looks after a device takes it from nobody.
      if (adminAccess === true) continue
      const id = `${driver}/${pool}`
      this.#touched(id)
      if (shareID !== undefined) { this.#share(`${id}/${device}`, sharesIn(consumedCapacity), by); continue }
      const here = this.#pools.get(id) ?? new Map<string, number>()
      tally(here, device, by)
      if (here.size > 0) this.#pools.set(id, here)
      else this.#pools.delete(id)
    }
  }

  #share(device: string, more: Shares, by: 1 | -1): void {
    const { users, shares } = this.#shared.get(device) ?? { users: 0, shares: new Map() }
    if (users + by > 0) this.#shared.set(device, { users: users + by, shares: changed(shares, more, by === 1 ? 1n : -1n) })
    else this.#shared.delete(device)
  }
}
const none: ReadonlySet<string> = new Set()

/** What a device takes of its pool's counters. */
export function consumptionOf({ consumesCounters = [] }: { readonly consumesCounters?: readonly { readonly counterSet: string; readonly counters: Readonly<Record<string, { readonly value: string }>> }[] }): readonly (readonly [string, bigint])[] {
  return consumesCounters.flatMap(({ counterSet, counters }) => Object.entries(counters).map(([counter, { value }]) => [`${counterSet}/${counter}`, nanosOf(value)] as const))
}
