// The search for devices on one node: every request of every claim, one device after the other, and back where it leads nowhere.
// Behaviour: upstream's structured allocator; the first solution is taken.
import type { DeviceAttribute, DeviceConstraint, DeviceSelector, DeviceTaint, DeviceToleration } from '../../api/generated/types.ts'
import { deviceSatisfies } from '../../api/kinds/resource/expressions.ts'
import type { DeviceClass, ResourceClaim } from '../../api/resources.ts'
import { nanosOf } from '../../base/quantity.ts'
import { toleratesDeviceTaint } from '../../rules/device-taints.ts'
import type { PooledDevice, ReachablePool } from './pools.ts'
import { changed, hasLeft, isShared, type Shares, sharesOf } from './shares.ts'
import { consumptionOf, type DeviceUses } from './uses.ts'

/** As upstream: a claim gets so many devices at most. */
const resultsMax = 32
/** So many devices are tried on a node at most. Upstream stops after a time instead. What is alike is tried once: few searches come near. */
const triesMax = 20_000

/** One way to fulfil a request. */
export interface Alternative {
  /** As results name it: the request, or 'request/alternative'. */
  readonly name: string
  readonly deviceClass: DeviceClass
  readonly selectors: readonly DeviceSelector[]
  readonly mode: 'ExactCount' | 'All'
  readonly count: number
  readonly adminAccess: boolean
  readonly tolerations: readonly DeviceToleration[]
  /** What a device must have of a capacity at least. */
  readonly capacity: Readonly<Record<string, string>>
}

export interface RequestWish { readonly name: string; readonly alternatives: readonly Alternative[] }
/** What a claim that has no devices yet wants. */
export interface ClaimWish { readonly claim: ResourceClaim; readonly requests: readonly RequestWish[] }

/** `shares`: of a device that others may use besides. */
export interface FoundDevice { readonly pooled: PooledDevice; readonly alternative: Alternative; readonly shares?: Shares }
/** The devices of each claim, in the order of the claims. */
export type Found = readonly (readonly FoundDevice[])[]

export type SearchResult =
  | { readonly is: 'found'; readonly devices: Found }
  /** Not on this node. */
  | { readonly is: 'none'; readonly why: string }
  /** The claim or its class cannot be understood: no other node will do either. */
  | { readonly is: 'fault'; readonly fault: string }

/** Looks for devices for all claims together. */
export function searchDevices(wishes: readonly ClaimWish[], pools: readonly ReachablePool[], uses: DeviceUses): SearchResult {
  const search = new Search(wishes, pools, uses)
  const done = search.run()
  if (search.fault !== undefined) return { is: 'fault', fault: search.fault }
  if (done) return { is: 'found', devices: search.results }
  if (search.isTooLong) return { is: 'none', why: 'timed out trying to allocate devices' }
  return { is: 'none', why: pools.some(({ pool }) => pool.invalid) ? 'invalid resource pools were encountered' : 'cannot allocate all claims' }
}

class Search {
  fault: string | undefined
  readonly results: FoundDevice[][]
  readonly #wishes: readonly ClaimWish[]
  readonly #pools: readonly ReachablePool[]
  readonly #uses: DeviceUses
  readonly #constraints: readonly (readonly Constraint[])[]
  /** The claims that a device was chosen for here, by its id. */
  readonly #chosen = new Map<string, Set<number>>()
  /** What is left of counters, once somebody asked; what was chosen is taken off. */
  readonly #left = new Map<string, Map<string, bigint>>()
  /** What was chosen here of shared devices. */
  readonly #shares = new Map<string, Shares>()
  readonly #all = new Map<Alternative, readonly PooledDevice[]>()
  /** What stands for all that the search can tell of a device, by device and by likeness. */
  readonly #likenesses = new Map<PooledDevice, number>()
  readonly #known = new Map<string, number>()
  #tries = 0

  constructor(wishes: readonly ClaimWish[], pools: readonly ReachablePool[], uses: DeviceUses) {
    this.#wishes = wishes
    this.#pools = pools
    this.#uses = uses
    this.results = wishes.map(() => [])
    this.#constraints = wishes.map(({ claim }) => (claim.spec.devices?.constraints ?? []).map((constraint) => new Constraint(constraint)))
  }

  get isTooLong(): boolean { return this.#tries > triesMax }
  get #stopped(): boolean { return this.fault !== undefined || this.isTooLong }

  run(): boolean {
    for (const { claim, requests } of this.#wishes) {
      let least = 0
      for (const { alternatives } of requests) least += Math.min(...alternatives.map((alternative) => this.#wantedOf(alternative, claim)))
      if (this.fault === undefined && least > resultsMax) this.fault = `claim ${named(claim)}: number of requested devices ${least} exceeds the claim limit of ${resultsMax}`
      if (this.fault !== undefined) return false
    }
    return this.#request(0, 0)
  }

  /** How many devices an alternative takes. */
  #wantedOf(alternative: Alternative, claim: ResourceClaim): number {
    if (alternative.mode === 'ExactCount') return alternative.count
    const { name } = alternative
    const all: PooledDevice[] = []
    for (const { pool, devices } of this.#pools) {
      // As upstream: who wants all waits until it is known what all is.
      if (!pool.complete || pool.invalid) {
        this.fault ??= `claim ${named(claim)}, request ${name.slice(name.indexOf('/') + 1)}: asks for all devices, but resource pool ${pool.id} is currently ${pool.complete ? 'invalid' : 'being updated'}`
        return 0
      }
      for (const pooled of devices) if (this.#suits(pooled, alternative, claim)) all.push(pooled)
    }
    this.#all.set(alternative, all)
    return all.length
  }

  #request(claimAt: number, requestAt: number): boolean {
    const wish = this.#wishes[claimAt]
    if (wish === undefined) return true
    const request = wish.requests[requestAt]
    if (request === undefined) return this.#request(claimAt + 1, 0)
    for (const alternative of request.alternatives) {
      if (this.#stopped) return false
      if (this.#devices({ claimAt, requestAt, request, alternative, claim: wish.claim }, 0, { pool: 0, device: 0 })) return true
    }
    return false
  }

  /**
   * Chooses the rest of an alternative's devices, and all that comes after. Devices of one request are equals: each set of them is tried once. `without`: what is
   * like devices that led nowhere beside those that are chosen; beside more of them it does not lead further.
   */
  #devices(step: Step, have: number, from: Place, without?: ReadonlySet<number>): boolean {
    const { alternative, claimAt, requestAt } = step
    const all = this.#all.get(alternative)
    const wanted = all?.length ?? alternative.count
    if (all?.length === 0) return false
    if (have >= wanted) return this.#request(claimAt, requestAt + 1)
    if ((this.results[claimAt]?.length ?? 0) + wanted - have > resultsMax) return false
    if (all !== undefined) {
      const pooled = all[have]
      return pooled !== undefined && this.#with(pooled, step, () => this.#devices(step, have + 1, from))
    }
    let failed = without
    for (let poolAt = from.pool; poolAt < this.#pools.length; poolAt++) {
      const { pool, devices } = this.#pools[poolAt] ?? nowhere
      if (!pool.complete || pool.invalid) continue
      for (let at = poolAt === from.pool ? from.device : 0; at < devices.length; at++) {
        const pooled = devices[at]
        if (pooled === undefined || this.#taken(pooled, step) || !this.#suits(pooled, alternative, step.claim)) { if (this.fault !== undefined) return false; continue }
        // Where one of two devices that are alike led nowhere, the other does not lead further: whatever it allows was allowed before.
        if (failed?.has(this.#likenessOf(pooled)) === true) continue
        if (this.#with(pooled, step, () => this.#devices(step, have + 1, { pool: poolAt, device: isShared(pooled.device) && !alternative.adminAccess ? at : at + 1 }, failed))) return true
        if (this.#stopped) return false
        const likeness = this.#likenessOf(pooled)
        if (likeness !== unique) failed = new Set(failed).add(likeness)
      }
    }
    return false
  }

  /** Equal numbers: for this search the devices are the same. A device that some claim here has, or that is shared, is like no other. */
  #likenessOf(pooled: PooledDevice): number {
    const { device, pool, id, taints } = pooled
    if (isShared(device) || (this.#chosen.get(id)?.size ?? 0) > 0) return unique
    const known = this.#likenesses.get(pooled)
    if (known !== undefined) return known
    const answers = this.#wishes.flatMap(({ claim, requests }) => requests.flatMap(({ alternatives }) => alternatives.map((alternative) => (isTolerated(taints, alternative) ? this.#suitsQuietly(pooled, alternative, claim) : '-'))))
    const counted = device.consumesCounters === undefined ? '' : `${pool.id} ${JSON.stringify(device.consumesCounters)}`
    const text = JSON.stringify([answers.join(''), this.#uses.of(pool.id).has(device.name), this.#constraints.flatMap((each) => each.map((constraint) => constraint.valueOf(pooled) ?? 0)), counted])
    const likeness = this.#known.get(text) ?? this.#known.size
    this.#known.set(text, likeness)
    this.#likenesses.set(pooled, likeness)
    return likeness
  }

  /** As `#suits`; that nobody can tell is a fault only when the search gets there. */
  #suitsQuietly(pooled: PooledDevice, alternative: Alternative, claim: ResourceClaim): string {
    const before = this.fault
    const suits = this.#suits(pooled, alternative, claim)
    const isFault = this.fault !== before
    this.fault = before
    return isFault ? '?' : suits ? '1' : '0'
  }

  /** Goes on as if the device were chosen; gives it back when that leads nowhere. */
  #with(pooled: PooledDevice, step: Step, next: () => boolean): boolean {
    const { claimAt, request, alternative, claim } = step
    this.#tries++
    if (this.#taken(pooled, step)) return false
    if (!isTolerated(pooled.taints, alternative)) return false
    const shares = isShared(pooled.device) && !alternative.adminAccess ? sharesOf(pooled.device, alternative.capacity) : undefined
    const [taken, chosen] = [this.#uses.sharesOf(pooled.id), this.#shares.get(pooled.id)]
    if (shares !== undefined && !hasLeft(pooled.device, changed(taken ?? nothing, chosen ?? nothing, 1n), shares)) return false
    // A shared device takes of its pool's counters once, whoever uses it.
    const counts = shares === undefined || (taken === undefined && chosen === undefined)
    if (counts && !this.#counters(pooled, 1)) return false
    const giveBack = (): void => {
      if (counts) this.#counters(pooled, -1)
      if (shares === undefined) return
      if (chosen === undefined) this.#shares.delete(pooled.id)
      else this.#shares.set(pooled.id, chosen)
    }
    const constraints = this.#constraints[claimAt] ?? []
    const added: Constraint[] = []
    for (const constraint of constraints) {
      if (constraint.add(pooled, request.name, alternative.name)) { added.push(constraint); continue }
      if (alternative.mode === 'All') this.fault ??= `claim ${named(claim)}, request ${alternative.name.slice(alternative.name.indexOf('/') + 1)}: cannot add device ${pooled.id} because a claim constraint would not be satisfied`
      for (const each of added) each.remove(request.name, alternative.name)
      giveBack()
      return false
    }
    if (shares !== undefined) this.#shares.set(pooled.id, changed(chosen ?? nothing, shares, 1n))
    const users = this.#chosen.get(pooled.id) ?? new Set<number>()
    const isFirst = !users.has(claimAt)
    this.#chosen.set(pooled.id, users.add(claimAt))
    const results = this.results[claimAt] ?? []
    results.push({ pooled, alternative, ...(shares !== undefined && { shares }) })
    if (next()) return true
    results.pop()
    if (isFirst) users.delete(claimAt)
    for (const constraint of added) constraint.remove(request.name, alternative.name)
    giveBack()
    return false
  }

  /** Who looks after devices shares them with their users, but asks once for each. */
  #taken({ id, pool, device }: PooledDevice, { alternative, claimAt }: Step): boolean {
    const users = this.#chosen.get(id)
    if (alternative.adminAccess) return users?.has(claimAt) ?? false
    if (isShared(device)) return this.#uses.of(pool.id).has(device.name)
    return (users !== undefined && users.size > 0) || this.#uses.of(pool.id).has(device.name)
  }

  /** Is the device of the class, as the request selects, with the capacity it needs? */
  #suits({ device, pool: { driver } }: PooledDevice, { deviceClass, selectors, capacity }: Alternative, claim: ResourceClaim): boolean {
    if (isShared(device) && sharesOf(device, capacity) === undefined) return false
    for (const name in capacity) if (!hasCapacity(device.capacity?.[name]?.value, capacity[name])) return false
    return this.#satisfies(deviceClass.spec.selectors ?? [], driver, device, () => `class ${deviceClass.metadata.name}`) && this.#satisfies(selectors, driver, device, () => `claim ${named(claim)}`)
  }

  #satisfies(selectors: readonly DeviceSelector[], driver: string, device: PooledDevice['device'], whose: () => string): boolean {
    for (let at = 0; at < selectors.length; at++) {
      const verdict = deviceSatisfies(selectors[at]?.cel?.expression ?? '', driver, device)
      if (typeof verdict !== 'boolean') this.fault ??= `${whose()}: selector #${at}: ${verdict.fault}`
      if (verdict !== true) return false
    }
    return true
  }

  /** Takes what the device consumes of its pool's counters, or gives it back; false when there is not enough. */
  #counters({ device, pool }: PooledDevice, sign: 1 | -1): boolean {
    if (device.consumesCounters === undefined) return true
    const left = this.#left.get(pool.id) ?? new Map(this.#uses.left(pool))
    this.#left.set(pool.id, left)
    const consumed = consumptionOf(device)
    if (sign === 1 && consumed.some(([counter, amount]) => amount > (left.get(counter) ?? 0n))) return false
    for (const [counter, amount] of consumed) left.set(counter, (left.get(counter) ?? 0n) - BigInt(sign) * amount)
    return true
  }
}

interface Step { readonly claimAt: number; readonly requestAt: number; readonly request: RequestWish; readonly alternative: Alternative; readonly claim: ResourceClaim }
/** Where to look on: the devices before it have been tried. */
interface Place { readonly pool: number; readonly device: number }
const nowhere: { readonly pool: { readonly complete: boolean; readonly invalid: boolean }; readonly devices: readonly PooledDevice[] } = { pool: { complete: false, invalid: false }, devices: [] }

const nothing: Shares = new Map()
/** Like no other. */
const unique = -1
const isTolerated = (taints: readonly DeviceTaint[], { tolerations }: Alternative): boolean => taints.every((taint) => !prevents(taint.effect) || tolerations.some((toleration) => toleratesDeviceTaint(toleration, taint)))
const named = ({ metadata: { namespace, name } }: ResourceClaim): string => `${namespace}/${name}`
const prevents = (effect: string): boolean => effect === 'NoSchedule' || effect === 'NoExecute'
const hasCapacity = (has: string | undefined, wanted: string | undefined): boolean => has !== undefined && nanosOf(has) >= nanosOf(wanted)

/** Devices of some requests of a claim have the same value of an attribute, or all different ones. */
class Constraint {
  readonly #attribute: string
  readonly #distinct: boolean
  readonly #requests: readonly string[]
  readonly #values: string[] = []

  constructor({ matchAttribute, distinctAttribute, requests = [] }: DeviceConstraint) {
    this.#attribute = matchAttribute ?? distinctAttribute ?? ''
    this.#distinct = matchAttribute === undefined
    this.#requests = requests
  }

  /** May the device join those that were added? A device without the attribute may not. */
  add(pooled: PooledDevice, request: string, alternative: string): boolean {
    if (!this.#concerns(request, alternative)) return true
    const value = this.valueOf(pooled)
    if (value === undefined) return false
    if (this.#distinct ? this.#values.includes(value) : this.#values.length > 0 && this.#values[0] !== value) return false
    this.#values.push(value)
    return true
  }

  /** The value of the attribute that this is about. */
  valueOf({ device, pool: { driver } }: PooledDevice): string | undefined {
    const slash = this.#attribute.indexOf('/')
    const attribute = device.attributes?.[this.#attribute] ?? (this.#attribute.slice(0, slash) === driver ? device.attributes?.[this.#attribute.slice(slash + 1)] : undefined)
    return attribute && valueOf(attribute)
  }

  /** Takes back what was added last. */
  remove(request: string, alternative: string): void { if (this.#concerns(request, alternative)) this.#values.pop() }

  #concerns(request: string, alternative: string): boolean { return this.#requests.length === 0 || this.#requests.includes(request) || this.#requests.includes(alternative) }
}

/** An attribute's value with its type, as one text; lists cannot be compared. */
function valueOf({ string, int, bool, version }: DeviceAttribute): string | undefined {
  return string !== undefined ? `s${string}` : int !== undefined ? `i${int}` : bool !== undefined ? `b${bool}` : version !== undefined ? `v${version}` : undefined
}
