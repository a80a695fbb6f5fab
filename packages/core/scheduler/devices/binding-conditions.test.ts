import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Resource } from '../../api/resource.ts'
import { nodes, pods, type ResourceClaim, resourceClaims } from '../../api/resources.ts'
import { aNode, schedulingWorld } from '../builders.ts'
import { aClaim, aClass, aSlice, aUser, driver, gpus } from './builders.ts'

type World = ReturnType<typeof schedulingWorld>
const slow = (count: number, more: object = {}) => gpus(count, () => ({ bindingConditions: ['attached'], bindingFailureConditions: ['broken'], ...more }))
const claimOf = (world: World): ResourceClaim => world.store.view.get(resourceClaims, 'default', 'c') as ResourceClaim
const deviceOf = (world: World): string => { const [one] = claimOf(world).status.allocation?.devices?.results ?? []; return `${one?.pool}/${one?.device}` }
/** The driver says how its device of the claim is. */
function tell(world: World, ...conditions: readonly (readonly [type: string, status: string])[]): void {
  const claim = claimOf(world)
  const [result] = claim.status.allocation?.devices?.results ?? []
  const told = conditions.map(([type, status]) => ({ type, status, reason: 'Cable', message: 'the cable', lastTransitionTime: '2026-01-01T00:00:00Z' }))
  world.put({ ...claim, status: { ...claim.status, devices: [{ driver, pool: result?.pool ?? '', device: result?.device ?? '', conditions: told }] } } as ResourceClaim)
  world.settle()
}
const start = (...objects: readonly Resource[]): World => schedulingWorld([aNode('a'), aClass(), aClaim('c'), aUser('p', 'c'), ...objects])
const advance = (world: World, ms: number): void => { world.clock.advanceTo(world.clock.now() + ms); world.settle() }
const pending = 'BindingConditionsPending: waiting for binding conditions for device on node a'

test('a pod is bound when its device is ready, not before', () => {
  const world = start(aSlice('a', slow(1)))
  const [result] = claimOf(world).status.allocation?.devices?.results ?? []
  assert.deepEqual([world.nodeOf('p'), world.events, result?.bindingConditions, result?.bindingFailureConditions, claimOf(world).status.allocation?.allocationTimestamp], [undefined, [pending], ['attached'], ['broken'], '2026-01-01T00:00:00Z'])
  tell(world, ['attached', 'False'])
  assert.equal(world.nodeOf('p'), undefined)
  tell(world, ['attached', 'True'])
  assert.deepEqual([world.nodeOf('p'), world.events], ['a', [pending, 'Scheduled: Successfully assigned default/p to a']])
})

test('while it waits its node\'s room is taken, also after nodes have changed', () => {
  const world = start(aSlice('a', slow(1)))
  world.put({ ...aUser('p2'), spec: { containers: [{ name: 'c', resources: { requests: { cpu: '100m' } } }] } } as Resource, aNode('a', { pods: '1' }), aNode('b', { cpu: '1', pods: '0' }))
  world.remove(nodes, 'b')
  world.settle()
  assert.match(world.events.at(-1) ?? '', /^FailedScheduling: 0\/1 nodes are available: 1 Too many pods/)
})

test('a device that cannot be made ready is given back, and another one is looked for', () => {
  const world = start(aSlice('a', slow(1)))
  tell(world, ['broken', 'True'])
  assert.deepEqual(world.events.slice(1), ['FailedScheduling: running PreBind plugin "DynamicResources": claim c binding failed: reason=Cable, message="the cable"'])
  world.put(aSlice('b', gpus(1), {}, 'other'), aNode('b'))
  advance(world, 1000)
  assert.match(world.events[2] ?? '', /^FailedScheduling: 0\/2 nodes are available: 2 resourceclaim not available on the node. deallocation of ResourceClaim completed/)
  advance(world, 2000)
  assert.deepEqual([world.nodeOf('p') === 'b' || deviceOf(world) === 'a/gpu-0', claimOf(world).status.devices], [true, undefined])
})

test('a device that is not made ready within ten minutes is given back too', () => {
  const world = start(aSlice('a', slow(1)))
  advance(world, 599_999)
  assert.equal(world.events.length, 1)
  advance(world, 1)
  assert.deepEqual(world.events.slice(1), ['FailedScheduling: running PreBind plugin "DynamicResources": device binding timeout'])
  advance(world, 1000)
  assert.match(world.events[2] ?? '', /1 resourceclaim not available on the node. deallocation of ResourceClaim completed/)
})

test('a pod that goes while it waits leaves its claim to others', () => {
  const world = start(aSlice('a', slow(1)))
  assert.equal(claimOf(world).status.reservedFor?.length, 1)
  world.remove(pods, 'p')
  world.settle()
  assert.deepEqual([claimOf(world).status.reservedFor, world.events], [undefined, [pending]])
})

test('a second pod of the claim waits with the first', () => {
  const world = start(aSlice('a', slow(1)))
  world.put(aUser('q', 'c'))
  world.settle()
  tell(world, ['attached', 'True'])
  assert.deepEqual(['p', 'q'].map((name) => world.nodeOf(name)), ['a', 'a'])
})

for (const [rule, objects, device, selector] of [
  ['a device that binds to a node is for that node only', [aSlice('x', slow(1, { bindsToNode: true }), { nodeName: '', allNodes: true } as object)], 'x/gpu-0', 'a'],
  ['one that does not is for all that reach it', [aSlice('x', slow(1), { nodeName: '', allNodes: true } as object)], 'x/gpu-0', undefined],
  ['pools whose devices are ready come first', [aSlice('early', slow(1), { nodeName: 'a' }), aSlice('late', gpus(1), { nodeName: 'a' })], 'late/gpu-0', 'a'],
] as const) test(rule, () => {
  const world = start(...objects)
  assert.deepEqual([deviceOf(world), claimOf(world).status.allocation?.nodeSelector?.nodeSelectorTerms[0]?.matchFields?.[0]?.values?.[0]], [device, selector])
})
