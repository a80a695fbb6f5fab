// The search for devices against one that is slow and obviously right: every choice there is, each judged as a whole.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Device, DeviceConstraint, DeviceRequest, DeviceTaint } from '../../api/generated/types.ts'
import type { DeviceClass, ResourceClaim } from '../../api/resources.ts'
import { type Random, seededRandom } from '../../base/index.ts'
import { aNode, schedulingWorld } from '../builders.ts'
import { wishOf } from './allocation.ts'
import { aClaim, aClass, allocated, aSlice, driver } from './builders.ts'
import { DevicePools, type PooledDevice } from './pools.ts'
import { type Alternative, type ClaimWish, type FoundDevice, searchDevices } from './search.ts'
import { DeviceUses } from './uses.ts'

const worlds = 1500
const models = ['a', 'b'] as const
const broken: DeviceTaint = { key: 'broken', effect: 'NoSchedule' }

function draw(random: Random) {
  const one = <T>(items: readonly T[]): T => items[random.below(items.length)] as T
  const device = (at: number): Device => ({
    name: `d${at}`, attributes: { model: { string: one(models) }, ...(random.chance(0.8) && { slot: { int: random.below(3) } }) }, capacity: { memory: { value: one(['1Gi', '2Gi']) } },
    ...(random.chance(0.15) && { taints: [broken] }), ...(random.chance(0.3) && { consumesCounters: [{ counterSet: 'card', counters: { slots: { value: String(1 + random.below(2)) } } }] }),
  })
  const wanted = () => ({
    deviceClassName: 'gpu', allocationMode: random.chance(0.1) ? 'All' : 'ExactCount', count: 1 + random.below(3), ...(random.chance(0.4) && { selectors: [{ cel: { expression: `device.attributes['${driver}'].model == '${one(models)}'` } }] }),
    ...(random.chance(0.3) && { tolerations: [{ operator: 'Exists' }] }), ...(random.chance(0.2) && { capacity: { requests: { memory: '2Gi' } } }),
  })
  const request = (at: number): DeviceRequest => random.chance(0.25) ? { name: `r${at}`, firstAvailable: [0, 1].map((nth) => ({ name: `x${nth}`, ...wanted() })) } : { name: `r${at}`, exactly: { ...wanted(), ...(random.chance(0.1) && { adminAccess: true }) } }
  const constraint = (): DeviceConstraint => ({ [random.chance(0.5) ? 'matchAttribute' : 'distinctAttribute']: `${driver}/${one(['model', 'slot'])}`, ...(random.chance(0.4) && { requests: ['r0'] }) })
  const claim = (name: string): ResourceClaim => aClaim(name, { requests: Array.from({ length: 1 + random.below(2) }, (_, at) => request(at)), ...(random.chance(0.3) && { constraints: [constraint()] }) })
  return { device, claim }
}

/** Everything that can be chosen for one request: each set of as many devices as an alternative takes, in the order of alternatives. */
function* choices(alternatives: readonly Alternative[], devices: readonly PooledDevice[]): Iterable<readonly FoundDevice[]> {
  for (const alternative of alternatives) {
    const suiting = devices.filter(({ device }) => suits(device, alternative))
    if (alternative.mode === 'All') { if (suiting.length > 0) yield suiting.map((pooled) => ({ pooled, alternative })); continue }
    for (const set of subsets(suiting, alternative.count)) yield set.map((pooled) => ({ pooled, alternative }))
  }
}
function* subsets<T>(items: readonly T[], size: number): Iterable<readonly T[]> {
  if (size === 0) { yield []; return }
  for (let at = 0; at < items.length; at++) for (const rest of subsets(items.slice(at + 1), size - 1)) yield [items[at] as T, ...rest]
}

const suits = (device: Device, { selectors, capacity }: Alternative): boolean =>
  selectors.every(({ cel }) => cel?.expression === undefined || cel.expression.includes(`'${device.attributes?.['model']?.string}'`)) && (capacity['memory'] === undefined || device.capacity?.['memory']?.value === '2Gi')

/** Does a choice for all claims keep every rule? */
function isValid(wishes: readonly ClaimWish[], chosen: readonly (readonly FoundDevice[])[], taken: ReadonlySet<string>, all: readonly PooledDevice[], slots: number): boolean {
  const used = chosen.flat().filter(({ alternative }) => !alternative.adminAccess).map(({ pooled }) => pooled.id)
  if (new Set(used).size < used.length || used.some((id) => taken.has(id))) return false
  if (chosen.some((devices) => new Set(devices.map(({ pooled }) => pooled.id)).size < devices.length)) return false
  // As the search in order: who looks after a device shares it, whoever comes first; nobody takes what somebody looks after already.
  const seen = new Set<string>()
  for (const { pooled, alternative } of chosen.flat()) { if (!alternative.adminAccess && seen.has(pooled.id)) return false; seen.add(pooled.id) }
  if (chosen.flat().some(({ pooled, alternative }) => pooled.taints.length > 0 && alternative.tolerations.length === 0)) return false
  const consumed = [...chosen.flat().map(({ pooled }) => pooled), ...all.filter(({ id }) => taken.has(id))].reduce((sum, { device }) => sum + Number(device.consumesCounters?.[0]?.counters['slots']?.value ?? 0), 0)
  if (chosen.flat().some(({ pooled }) => pooled.device.consumesCounters !== undefined) && consumed > slots) return false
  return wishes.every(({ claim }, at) => (claim.spec.devices?.constraints ?? []).every(({ matchAttribute, distinctAttribute, requests = [] }) => {
    const concerned = (chosen[at] ?? []).filter(({ alternative }) => requests.length === 0 || requests.includes(alternative.name.split('/')[0] ?? ''))
    const name = (matchAttribute ?? distinctAttribute ?? '').split('/')[1] ?? ''
    const values = concerned.map(({ pooled }) => { const { string, int } = pooled.device.attributes?.[name] ?? {}; return string ?? int })
    if (values.some((value) => value === undefined)) return false
    return new Set(values).size === (matchAttribute === undefined ? values.length : Math.min(1, values.length))
  }))
}

/** The first valid choice for all claims. */
function exhaustively(wishes: readonly ClaimWish[], devices: readonly PooledDevice[], taken: ReadonlySet<string>, slots: number): readonly (readonly FoundDevice[])[] | undefined {
  const requests = wishes.flatMap(({ requests: each }, claimAt) => each.map(({ alternatives }) => ({ claimAt, alternatives })))
  const visit = (at: number, chosen: readonly (readonly FoundDevice[])[]): readonly (readonly FoundDevice[])[] | undefined => {
    const request = requests[at]
    if (request === undefined) return isValid(wishes, chosen, taken, devices, slots) ? chosen : undefined
    for (const choice of choices(request.alternatives, devices)) {
      const found = visit(at + 1, chosen.map((before, claimAt) => (claimAt === request.claimAt ? [...before, ...choice] : before)))
      if (found !== undefined) return found
    }
    return undefined
  }
  return visit(0, wishes.map(() => []))
}

test('the search finds devices where there are any, and the same as one that tries everything', () => {
  let [found, none] = [0, 0]
  const node = aNode('a')
  const gpu: DeviceClass = aClass('gpu', { selectors: [] })
  const { view } = schedulingWorld([gpu]).store
  for (let seed = 1; seed <= worlds; seed++) {
    const random = seededRandom(seed)
    const made = draw(random)
    const slots = 1 + random.below(4)
    const pools = new DevicePools()
    const pool = { name: 'a', generation: 1, resourceSliceCount: 2 }
    pools.putSlice('counters', aSlice('a', [], { pool, devices: undefined, sharedCounters: [{ name: 'card', counters: { slots: { value: String(slots) } } }] }, 'counters'))
    pools.putSlice('devices', aSlice('a', Array.from({ length: 2 + random.below(6) }, (_, at) => made.device(at)), { pool }, 'devices'))
    const reachable = pools.of(node)
    const devices = reachable.flatMap((each) => each.devices)
    const uses = new DeviceUses()
    const taken = devices.filter(() => random.chance(0.2))
    uses.put(allocated('x', 'a', taken.map(({ device }) => device.name)))
    const wishes = Array.from({ length: 1 + random.below(2) }, (_, at) => wishOf(made.claim(`c${at}`), view)).filter((wish) => !('refusal' in wish)) as ClaimWish[]
    const result = searchDevices(wishes, reachable, uses)
    // Who wants all, and a constraint forbids one: that is told as a fault.
    if (result.is === 'fault') { assert.match(result.fault, /cannot add device/); continue }
    const expected = exhaustively(wishes, devices, new Set(taken.map(({ id }) => id)), slots)
    const told = (choice: readonly (readonly FoundDevice[])[] | undefined) => choice?.map((each) => each.map(({ pooled, alternative }) => `${alternative.name}=${pooled.device.name}`))
    assert.deepEqual(result.is === 'found' ? told(result.devices) : undefined, told(expected), `seed ${seed}: ${JSON.stringify(wishes.map(({ claim }) => claim.spec))}`)
    if (expected === undefined) none++
    else found++
  }
  assert.ok(found > 300 && none > 300, `${found} found, ${none} not`)
})

test('what is kept of slices and claims from changes is what would be built anew', () => {
  const random = seededRandom(5)
  const nodes = ['a', 'b', 'c'].map((name) => aNode(name, { labels: { zone: name === 'c' ? 'y' : 'x' } }))
  const [pools, uses] = [new DevicePools(), new DeviceUses()]
  const slices = new Map<string, ReturnType<typeof aSlice>>()
  const claims = new Map<string, ResourceClaim>()
  const dump = (from: DevicePools) => nodes.map((node) => from.of(node).map(({ pool, devices }) => [pool.id, pool.complete, pool.invalid, devices.map(({ id }) => id)]))
  for (let round = 0; round < 600; round++) {
    const name = `s${random.below(8)}`
    const node = ['a', 'b', 'c'][random.below(3)] ?? 'a'
    const where = random.below(4)
    const spec = where === 0 ? { nodeName: undefined, allNodes: true } : where === 1 ? { nodeName: undefined, nodeSelector: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['x'] }] }] } } : {}
    if (random.chance(0.3)) { slices.delete(name); pools.putSlice(name, undefined) }
    else {
      const slice = aSlice(node, [{ name: `d${random.below(6)}` }], { ...spec, pool: { name: `p${random.below(3)}`, generation: 1 + random.below(2), resourceSliceCount: 1 + random.below(3) } }, name)
      slices.set(name, slice)
      pools.putSlice(name, slice)
    }
    const uid = `c${random.below(6)}`
    if (random.chance(0.4)) { const gone = claims.get(uid); claims.delete(uid); if (gone !== undefined) uses.drop(gone.metadata.uid) }
    else {
      const claim = random.chance(0.3) ? aClaim(uid) : allocated(uid, node, [`d${random.below(6)}`])
      claims.set(uid, claim)
      uses.put(claim)
    }
    const fresh = { pools: new DevicePools(), uses: new DeviceUses() }
    for (const [each, slice] of slices) fresh.pools.putSlice(each, slice)
    for (const claim of claims.values()) fresh.uses.put(claim)
    assert.deepEqual([dump(pools), uses.dump()], [dump(fresh.pools), fresh.uses.dump()], `round ${round}`)
  }
})
