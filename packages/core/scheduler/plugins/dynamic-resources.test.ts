import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AllocationResult, DeviceClaim, DeviceTaint } from '../../api/generated/types.ts'
import type { Resource } from '../../api/resource.ts'
import { pods, resourceClaims, resourceSlices } from '../../api/resources.ts'
import { seededRandom } from '../../base/index.ts'
import { aNode, aPod, dawn, schedulingWorld } from '../builders.ts'
import { aClaim, aClass, allocated, aRule, aSlice, aUser, driver, exactly, gpus, selecting } from '../devices/builders.ts'
import { isHopeless } from '../types.ts'
import { dynamicResources } from './dynamic-resources.ts'

type World = ReturnType<typeof schedulingWorld>
const claimOf = (world: World, name = 'c') => world.store.view.get(resourceClaims, 'default', name)
const devicesOf = (allocation: AllocationResult | undefined): string => (allocation?.devices?.results ?? []).map(({ request, device }) => `${request}=${device}`).join(' ')
const requests = (...list: NonNullable<DeviceClaim['requests']>): DeviceClaim => ({ requests: list })
const one = (request: Parameters<typeof exactly>[0]): DeviceClaim => requests({ name: 'r', exactly: exactly(request) })
const after = (world: World, ms: number): void => { world.clock.advanceTo(world.clock.now() + ms); world.settle() }
const tainted = (...taints: readonly DeviceTaint[]) => gpus(1, () => ({ taints }))
const broken: DeviceTaint = { key: 'broken', effect: 'NoSchedule' }

for (const [what, devices, objects, expected] of [
  ['one device of a class', one({}), [], 'r=gpu-0'],
  ['several devices', one({ count: 3 }), [], 'r=gpu-0 r=gpu-1 r=gpu-2'],
  ['more than there are', one({ count: 5 }), [], undefined],
  ['all of them', one({ allocationMode: 'All' }), [], 'r=gpu-0 r=gpu-1 r=gpu-2 r=gpu-3'],
  ['all that are selected', one({ allocationMode: 'All', ...selecting(`device.attributes['${driver}'].model == 'b'`) }), [], 'r=gpu-1 r=gpu-3'],
  ['all of none', one({ allocationMode: 'All', ...selecting('false') }), [], undefined],
  ['all, of which one is taken', one({ allocationMode: 'All' }), [allocated('x', 'a', ['gpu-2'])], undefined],
  ['what is not taken', one({ count: 2 }), [allocated('x', 'a', ['gpu-0', 'gpu-2'])], 'r=gpu-1 r=gpu-3'],
  ['by an attribute', one(selecting(`device.attributes['${driver}'].index == 2`)), [], 'r=gpu-2'],
  ['by a domain that it has not', one(selecting(`'other.example.com' in device.attributes || device.attributes['${driver}'].?index.orValue(0) == 1`)), [], 'r=gpu-1'],
  ['by a capacity', one(selecting(`device.capacity['${driver}'].memory.compareTo(quantity('11Gi')) >= 0`)), [], undefined],
  ['by a name for a part', one(selecting(`cel.bind(own, device.attributes['${driver}'], own.index == 3 && own.model == 'b')`)), [], 'r=gpu-3'],
  ['with as much capacity', one({ capacity: { requests: { memory: '10Gi' } } }), [], 'r=gpu-0'],
  ['with more capacity than any has', one({ capacity: { requests: { memory: '11Gi' } } }), [], undefined],
  ['two requests', requests({ name: 'first', exactly: exactly(selecting(`device.attributes['${driver}'].model == 'b'`)) }, { name: 'second', exactly: exactly() }), [], 'first=gpu-1 second=gpu-0'],
  ['two requests of which the second leaves the first less', requests({ name: 'any', exactly: exactly() }, { name: 'zero', exactly: exactly(selecting(`device.attributes['${driver}'].index == 0`)) }), [], 'any=gpu-1 zero=gpu-0'],
  ['the first of alternatives', requests({ name: 'r', firstAvailable: [{ name: 'many', deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 4 }, { name: 'few', deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1 }] }), [], 'r/many=gpu-0 r/many=gpu-1 r/many=gpu-2 r/many=gpu-3'],
  ['the second where the first is not there', requests({ name: 'r', firstAvailable: [{ name: 'many', deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 4 }, { name: 'few', deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1 }] }), [allocated('x', 'a', ['gpu-0'])], 'r/few=gpu-1'],
  ['devices that are alike', { ...one({ count: 2 }), constraints: [{ matchAttribute: `${driver}/model` }] }, [], 'r=gpu-0 r=gpu-2'],
  ['devices that are alike where too few are', { ...one({ count: 3 }), constraints: [{ matchAttribute: `${driver}/model` }] }, [], undefined],
  ['devices alike in what they have not', { ...one({ count: 2 }), constraints: [{ matchAttribute: `${driver}/absent` }] }, [], undefined],
  ['devices that differ', { ...one({ count: 2 }), constraints: [{ distinctAttribute: `${driver}/model` }] }, [], 'r=gpu-0 r=gpu-1'],
  ['a constraint of other requests', { ...requests({ name: 'one', exactly: exactly() }, { name: 'two', exactly: exactly() }), constraints: [{ matchAttribute: `${driver}/model`, requests: ['one'] }] }, [], 'one=gpu-0 two=gpu-1'],
  ['a constraint of both', { ...requests({ name: 'one', exactly: exactly() }, { name: 'two', exactly: exactly() }), constraints: [{ matchAttribute: `${driver}/model`, requests: ['one', 'two'] }] }, [], 'one=gpu-0 two=gpu-2'],
  ['access of an administrator to what others use', one({ adminAccess: true, allocationMode: 'All' }), [allocated('x', 'a', ['gpu-0'])], 'r=gpu-0 r=gpu-1 r=gpu-2 r=gpu-3'],
] as const satisfies readonly (readonly [string, DeviceClaim, readonly Resource[], string | undefined])[]) {
  test(`a claim for ${what}`, () => {
    const world = schedulingWorld([aNode('a'), aClass(), aSlice('a', gpus(4)), ...objects, aClaim('c', devices), aUser('p', 'c')])
    assert.deepEqual([world.nodeOf('p'), devicesOf(claimOf(world)?.status.allocation)], [expected === undefined ? undefined : 'a', expected ?? ''])
  })
}

test('what an administrator looks after is taken from nobody', () => {
  const world = schedulingWorld([aNode('a'), aClass(), aSlice('a', gpus(1)), aClaim('admin', one({ adminAccess: true })), aUser('q', 'admin'), aClaim('c'), aUser('p', 'c')])
  assert.deepEqual([devicesOf(claimOf(world, 'admin')?.status.allocation), devicesOf(claimOf(world)?.status.allocation)], ['r=gpu-0', 'r=gpu-0'])
})

const pool = (generation: number, resourceSliceCount: number, name = 'a') => ({ pool: { name, generation, resourceSliceCount } })
const term = (zone: string) => ({ nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: [zone] }] }] })
const [zero, first] = [gpus(1), gpus(2).slice(1)]
for (const [what, slices, expected] of [
  ['nothing published', [], 'cannot allocate all claims'],
  ['another node\'s', [aSlice('b', gpus(1))], 'cannot allocate all claims'],
  ['the node\'s own', [aSlice('a', gpus(1))], 'gpu-0'],
  ['one slice of two', [aSlice('a', zero, pool(1, 2))], 'cannot allocate all claims'],
  ['two slices of two', [aSlice('a', first, pool(1, 2), 'one'), aSlice('a', zero, pool(1, 2), 'two')], 'gpu-1'],
  ['an old generation beside a new one', [aSlice('a', zero, pool(1, 1), 'one'), aSlice('a', first, pool(2, 1), 'two')], 'gpu-1'],
  ['a new generation that is not all there', [aSlice('a', zero, pool(1, 1), 'one'), aSlice('a', first, pool(2, 2), 'two')], 'cannot allocate all claims'],
  ['the same name twice', [aSlice('a', zero, pool(1, 2), 'one'), aSlice('a', zero, pool(1, 2), 'two')], 'invalid resource pools were encountered'],
  ['all nodes\'', [aSlice('', gpus(1), { nodeName: undefined, allNodes: true })], 'gpu-0'],
  ['those of nodes that are selected', [aSlice('', gpus(1), { nodeName: undefined, nodeSelector: term('x') })], 'gpu-0'],
  ['those of nodes that are not selected', [aSlice('', gpus(1), { nodeName: undefined, nodeSelector: term('y') })], 'cannot allocate all claims'],
  ['each device its own nodes', [aSlice('', gpus(3, (at) => (at === 0 ? { nodeName: 'b' } : at === 1 ? { nodeSelector: term('y') } : { allNodes: true })), { nodeName: undefined, perDeviceNodeSelection: true })], 'gpu-2'],
] as const) {
  test(`devices: ${what}`, () => {
    const world = schedulingWorld([aNode('a', { labels: { zone: 'x' } }), aClass(), ...slices as readonly Resource[], aClaim('c'), aUser('p', 'c')])
    const found = claimOf(world)?.status.allocation?.devices?.results?.[0]?.device
    assert.equal(found ?? world.events[0], expected.startsWith('gpu') ? expected
      : `FailedScheduling: 0/1 nodes are available: 1 ${expected}. still not schedulable, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.`)
  })
}

for (const [what, selected, expected] of [
  ['one node', aSlice('a', gpus(1)), { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a'] }] }] }],
  ['the nodes that are selected', aSlice('', gpus(1), { nodeName: undefined, nodeSelector: term('x') }), { nodeSelectorTerms: term('x').nodeSelectorTerms }],
  ['any node', aSlice('', gpus(1), { nodeName: undefined, allNodes: true }), undefined],
] as const) test(`an allocation is for ${what}`, () => {
  const world = schedulingWorld([aNode('a', { labels: { zone: 'x' } }), aClass(), selected, aClaim('c'), aUser('p', 'c')])
  assert.deepEqual(claimOf(world)?.status.allocation?.nodeSelector, expected)
})

for (const [what, taints, tolerations, rules, fits] of [
  ['that it does not stand', [broken], [], [], false],
  ['that it stands', [broken], [{ key: 'broken', operator: 'Exists' }], [], true],
  ['that ends pods', [{ key: 'broken', effect: 'NoExecute' }], [], [], false],
  ['without effect', [{ key: 'broken', effect: 'None' }], [], [], true],
  ['another value of which it stands', [{ ...broken, value: 'x' }], [{ key: 'broken', operator: 'Equal', value: 'y' }], [], false],
  ['of a rule for its driver', [], [], [aRule('r', { driver }, broken)], false],
  ['of a rule for another pool', [], [], [aRule('r', { driver, pool: 'b' }, broken)], true],
  ['of a rule for one device', [], [], [aRule('r', { pool: 'a', device: 'gpu-0' }, broken)], false],
  ['of a rule for all devices', [], [], [aRule('r', {}, broken)], false],
  ['of a rule for none', [], [], [aRule('r', undefined, broken)], true],
] as const) test(`a device has a taint ${what}`, () => {
  const world = schedulingWorld([aNode('a'), aClass(), aSlice('a', tainted(...taints)), ...rules, aClaim('c', one({ tolerations })), aUser('p', 'c')])
  assert.equal(world.nodeOf('p'), fits ? 'a' : undefined)
  if (fits && tolerations.length > 0) assert.deepEqual(claimOf(world)?.status.allocation?.devices?.results?.[0]?.tolerations, tolerations)
})

test('parts of a device share what it has', () => {
  const slots = (value: string) => [{ counterSet: 'card', counters: { slots: { value } } }]
  const parts = [{ name: 'whole', consumesCounters: slots('4') }, { name: 'half-0', consumesCounters: slots('2') }, { name: 'half-1', consumesCounters: slots('2') }]
  const counters = aSlice('a', [], { ...pool(1, 2), devices: undefined, sharedCounters: [{ name: 'card', counters: { slots: { value: '4' } } }] }, 'counters')
  const place = (count: number, ...taken: readonly string[]): string => devicesOf(claimOf(schedulingWorld([aNode('a'), aClass(), counters, aSlice('a', parts, pool(1, 2)), ...(taken.length > 0 ? [allocated('x', 'a', taken)] : []), aClaim('c', one({ count })), aUser('p', 'c')]))?.status.allocation)
  assert.deepEqual([place(1), place(2), place(1, 'half-0'), place(2, 'half-0'), place(1, 'whole')], ['r=whole', 'r=half-0 r=half-1', 'r=half-1', '', ''])
})

test('the class and the claim say how devices are set up', () => {
  const opaque = (at: string) => ({ opaque: { driver, parameters: { at } } })
  const world = schedulingWorld([
    aNode('a'), aClass('gpu', { config: [opaque('class')] }), aSlice('a', gpus(3)),
    aClaim('c', { ...requests({ name: 'one', exactly: exactly() }, { name: 'two', exactly: exactly() }), config: [opaque('all'), { ...opaque('two'), requests: ['two'] }, { ...opaque('other'), requests: ['three'] }] }), aUser('p', 'c'),
  ])
  assert.deepEqual(claimOf(world)?.status.allocation?.devices?.config, [
    { source: 'FromClass', requests: ['one', 'two'], ...opaque('class') }, { source: 'FromClaim', ...opaque('all') }, { source: 'FromClaim', requests: ['two'], ...opaque('two') },
  ])
})

test('an allocated claim is kept from deletion, reserved for its pod, and other pods may share it', () => {
  const world = schedulingWorld([aNode('a'), aNode('b'), aClass(), aSlice('b', gpus(1)), aClaim('c'), aUser('p', 'c'), aUser('q', 'c')])
  assert.deepEqual([world.nodeOf('p'), world.nodeOf('q'), claimOf(world)?.metadata.finalizers, claimOf(world)?.status.reservedFor], [
    'b', 'b', ['resource.kubernetes.io/delete-protection'], [{ resource: 'pods', name: 'p', uid: 'uid-p' }, { resource: 'pods', name: 'q', uid: 'uid-q' }],
  ])
})

test('no device is given twice, and one that becomes free wakes who waits for it', () => {
  const world = schedulingWorld([aNode('a'), aClass(), aSlice('a', gpus(1)), aClaim('c'), aClaim('d'), aUser('p', 'c'), aUser('q', 'd')])
  assert.deepEqual([world.nodeOf('p'), world.nodeOf('q')], ['a', undefined])
  const given = claimOf(world)
  world.put({ ...given, status: {} } as NonNullable<typeof given>)
  world.settle()
  after(world, 1000)
  assert.equal(world.nodeOf('q'), 'a')
})

for (const [what, objects, pod, message] of [
  ['a class that is not there', [aClaim('c', one({ deviceClassName: 'tpu' }))], aUser('p', 'c'), 'request r: device class tpu does not exist'],
  ['an alternative\'s class that is not there', [aClaim('c', requests({ name: 'r', firstAvailable: [{ name: 'x', deviceClassName: 'tpu' }] }))], aUser('p', 'c'), 'request r/x: device class tpu does not exist'],
] as const) test(`no node will do for ${what}`, () => {
  const world = schedulingWorld([aNode('a'), aClass(), ...objects, pod])
  assert.deepEqual(world.events, [`FailedScheduling: 0/1 nodes are available: ${message}. no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.`])
})

test('an expression that fails is told as an error, and the pod is tried again', () => {
  const world = schedulingWorld([aNode('a'), aClass(), aSlice('a', gpus(1)), aClaim('c', one(selecting(`device.attributes['${driver}'].absent == 1`))), aUser('p', 'c')])
  assert.deepEqual(world.events, ['FailedScheduling: running "DynamicResources" filter plugin: claim default/c: selector #0: CEL runtime error: no such key: absent'])
  assert.equal(world.pod('p')?.status.conditions?.[0]?.reason, 'SchedulerError')
  after(world, 1000)
  assert.equal(world.events.length, 2)
})

const mine = { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'uid-p', controller: true }] }
const templated = aPod('p', { spec: { resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 'one' }] } })
const told = { ...templated, status: { ...templated.status, resourceClaimStatuses: [{ name: 'gpu', resourceClaimName: 'c' }] } } as typeof templated
test('a pod waits in silence until its claims are there and told to it, and goes on at once', () => {
  const world = schedulingWorld([aNode('a'), aClass(), aSlice('a', gpus(1)), templated])
  const claim = aClaim('c')
  world.put({ ...claim, metadata: { ...claim.metadata, ...mine } })
  world.settle()
  assert.deepEqual([world.events, world.pod('p')?.status.conditions], [[], undefined])
  world.put(told)
  world.settle()
  assert.equal(world.nodeOf('p'), 'a')
})
for (const [what, objects] of [
  ['that is not there', []], ['that is somebody else\'s', [aClaim('c')]], ['that is on its way out', [{ ...aClaim('c'), metadata: { ...aClaim('c').metadata, ...mine, deletionTimestamp: '2026-01-01T00:00:00Z' } }]],
] as const) test(`a pod waits for a claim ${what}`, () => {
  const world = schedulingWorld([aNode('a'), aClass(), aSlice('a', gpus(1)), ...objects as readonly Resource[], told])
  assert.deepEqual([world.nodeOf('p'), world.events], [undefined, []])
})

test('devices that come are seen', () => {
  const world = schedulingWorld([aNode('a'), aClass(), aClaim('c'), aUser('p', 'c')])
  world.put(aSlice('a', gpus(1)))
  world.settle()
  after(world, 1000)
  assert.equal(world.nodeOf('p'), 'a')
  world.remove(resourceSlices, 'a-slice')
  world.put(aClaim('d'), aUser('q', 'd'))
  world.settle()
  assert.equal(world.nodeOf('q'), undefined)
})

test('a claim whose devices are where the pod does not fit is given back where nobody else uses it', () => {
  const full = [aNode('a', { pods: '0' }), aNode('b'), aClass(), aSlice('a', gpus(1)), aSlice('b', gpus(1)), aUser('p', 'c')]
  const kept = schedulingWorld([...full, allocated('c', 'a', ['gpu-0'], { reservedFor: [{ resource: 'pods', name: 'x', uid: 'x' }] })])
  assert.match(kept.events[0] ?? '', /^FailedScheduling: 0\/2 nodes are available: 1 Too many pods, 1 resourceclaim not available on the node\. still not schedulable, preemption: /)
  const world = schedulingWorld([...full, allocated('c', 'a', ['gpu-0'])])
  assert.match(world.events[0] ?? '', /\. deallocation of ResourceClaim completed, preemption: /)
  assert.deepEqual([world.nodeOf('p'), claimOf(world)?.status.allocation?.devices?.results?.[0]?.pool], ['b', 'b'])
})

test('an allocation that is refused takes nothing, and is tried again', () => {
  const world = schedulingWorld([aNode('a', { cpu: '1' }), aClass(), aSlice('a', gpus(1)), aClaim('c')])
  world.refuse = (action) => (action.do === 'patch' && action.part === 'status' && action.key.resource === resourceClaims.resource ? { refused: true, code: 409, reason: 'Conflict', message: 'no' } : undefined)
  world.put(aUser('p', 'c'))
  world.settle()
  assert.deepEqual(world.events, ['FailedScheduling: running PreBind plugin "DynamicResources": add allocation and reservation to claim default/c: no'])
  world.refuse = undefined
  world.put(aClaim('d'), aUser('q', 'd'))
  world.settle()
  assert.equal(world.nodeOf('q'), 'a')
  world.remove(pods, 'p')
  world.settle()
})

test('a pod that is not bound after all does not keep its reservation', () => {
  const world = schedulingWorld([aNode('a'), aClass(), aSlice('a', gpus(1)), aClaim('c')])
  world.refuse = (action) => (action.do === 'invoke' ? { refused: true, code: 500, reason: 'InternalError', message: 'no' } : undefined)
  world.put(aUser('p', 'c'))
  world.settle()
  assert.deepEqual([devicesOf(claimOf(world)?.status.allocation), claimOf(world)?.status.reservedFor], ['r=gpu-0', undefined])
  world.refuse = undefined
  after(world, 1000)
  assert.deepEqual([world.nodeOf('p'), claimOf(world)?.status.reservedFor?.length], ['a', 1])
})

test('the node with the better alternative is preferred', () => {
  const large = { name: 'large', deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1, ...selecting(`device.attributes['${driver}'].index == 1`) }
  const small = { name: 'small', deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1 }
  const world = schedulingWorld([aNode('a'), aNode('b'), aClass(), aSlice('a', gpus(1)), aSlice('b', gpus(2)), aClaim('c', requests({ name: 'r', firstAvailable: [large, small] })), aUser('p', 'c')])
  assert.deepEqual([world.nodeOf('p'), devicesOf(claimOf(world)?.status.allocation)], ['b', 'r/large=gpu-1'])
})

const backed = aClass('gpu', { extendedResourceName: 'example.com/gpu' })
const asksFor = (count: number, more: object = {}) => aPod('p', { spec: { containers: [{ name: 'c', resources: { requests: { cpu: '1', 'example.com/gpu': String(count) } } }], ...more } })
const made = (world: World) => [...world.store.view.list(resourceClaims)].find(({ metadata }) => metadata.annotations?.['resource.kubernetes.io/extended-resource-claim'] === 'true')
for (const [what, objects, pod, node, devices] of [
  ['a class that stands for it', [backed, aSlice('a', gpus(2))], asksFor(2), 'a', 'container-0-request-0=gpu-0 container-0-request-0=gpu-1'],
  ['the name that every class has', [aClass(), aSlice('a', gpus(2))], aPod('p', { requests: { 'deviceclass.resource.kubernetes.io/gpu': '1' } }), 'a', 'container-0-request-0=gpu-0'],
  ['too few devices', [backed, aSlice('a', gpus(1))], asksFor(2), undefined, ''],
  ['no class', [aClass(), aSlice('a', gpus(2))], asksFor(1), undefined, ''],
  ['a node that has it itself', [backed, aNode('b', { more: { 'example.com/gpu': '4' } })], asksFor(2), 'b', ''],
  ['init containers, which share', [backed, aSlice('a', gpus(2))], asksFor(1, { initContainers: [{ name: 'i', resources: { requests: { 'example.com/gpu': '2' } } }] }), 'a', 'container-1-request-0=gpu-0 container-0-request-0=gpu-1'],
] as const) test(`an extended resource comes from ${what}`, () => {
  const world = schedulingWorld([aNode('a'), ...objects as readonly Resource[], pod])
  assert.deepEqual([world.nodeOf('p'), devicesOf(made(world)?.status.allocation)], [node, devices])
})

test('the claim for extended resources is the pod\'s own, and the pod is told what of it is for which container', () => {
  const world = schedulingWorld([aNode('a'), backed, aSlice('a', gpus(3)), asksFor(1, { initContainers: [{ name: 'i', resources: { requests: { 'example.com/gpu': '2' } } }] })])
  const claim = made(world)
  assert.deepEqual([claim?.metadata.ownerReferences, claim?.metadata.finalizers, claim?.status.reservedFor, world.pod('p')?.status.extendedResourceClaimStatus], [
    [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'uid-p', controller: true, blockOwnerDeletion: true }], ['resource.kubernetes.io/delete-protection'], [{ resource: 'pods', name: 'p', uid: 'uid-p' }],
    { resourceClaimName: claim?.metadata.name, requestMappings: [
      { containerName: 'c', resourceName: 'example.com/gpu', requestName: 'container-1-request-0' }, { containerName: 'i', resourceName: 'example.com/gpu', requestName: 'container-1-request-0' }, { containerName: 'i', resourceName: 'example.com/gpu', requestName: 'container-0-request-0' },
    ] },
  ])
})

test('a class that comes to stand for a resource lets pods go on that had none', () => {
  const world = schedulingWorld([aNode('a'), aSlice('a', gpus(1)), asksFor(1)])
  assert.match(world.events[0] ?? '', /1 Insufficient example\.com\/gpu\./)
  world.put(backed)
  world.settle()
  assert.equal(world.nodeOf('p'), 'a')
})

test('what is remembered of nodes for claims that are alike is what is found anew', () => {
  const names = ['a', 'b', 'c', 'd']
  let [fits, refusals] = [0, 0]
  for (let seed = 1; seed <= 5; seed++) {
    const random = seededRandom(seed * 13)
    const world = schedulingWorld([...names.map((name) => aNode(name, { labels: { zone: 'x' } })), aClass()])
    for (let round = 0; round < 120; round++) {
      const node = names[random.below(names.length)] ?? 'a'
      const act = random.below(10)
      const shared = random.chance(0.3)
      if (act < 4) world.put(aSlice(node, gpus(1 + random.below(3)), { ...pool(1 + random.below(2), 1 + random.below(2), shared ? 'shared' : node), ...(random.chance(0.15) && { nodeName: undefined, nodeSelector: term(random.chance(0.5) ? 'x' : 'y') }) }, `s${random.below(6)}`))
      else if (act < 5) world.remove(resourceSlices, `s${random.below(6)}`)
      else if (act < 7) world.put(allocated(`taken-${random.below(4)}`, random.chance(0.3) ? 'shared' : node, [`gpu-${random.below(3)}`]))
      else if (act < 8) world.remove(resourceClaims, `taken-${random.below(4)}`)
      else if (act < 9) world.put(aRule('rule', { pool: node }, { key: 'broken', effect: random.chance(0.5) ? 'NoSchedule' : 'None' }))
      else world.put(aNode(node, { labels: { zone: random.chance(0.5) ? 'x' : 'y' } }), aClass('gpu', random.chance(0.2) ? { selectors: [{ cel: { expression: 'false' } }] } : {}))
      world.put(aClaim('probe', one({ count: 1 + random.below(2) })))
      world.settle()
      const { board } = world.scheduler
      const kept = board.states.get(dynamicResources)?.study(aUser('p', 'probe'))
      const anew = dynamicResources.start({ nodes: board.nodes, view: world.store.view, now: () => dawn }).study(aUser('p', 'probe'))
      assert.ok(kept !== undefined && anew !== undefined && !isHopeless(kept) && !isHopeless(anew))
      for (const number of board.nodes.order) {
        const told: readonly (string | readonly string[] | undefined)[] = [kept, anew].map((study) => (study.refuses?.(number) === true ? study.why?.(number).reasons : 'fits'))
        assert.deepEqual(told[0], told[1], `seed ${seed}, round ${round}, node ${board.nodes.nameOf(number)}`)
        if (told[0] === 'fits') fits++
        else refusals++
      }
    }
  }
  assert.ok(fits > 300 && refusals > 300, `${fits} ${refusals}`)
})

const sliced = (requestPolicy?: object) => aSlice('a', [{ name: 'gpu-0', allowMultipleAllocations: true, capacity: { memory: { value: '10Gi', ...(requestPolicy && { requestPolicy }) } } }])
const gib = (count: number) => ({ capacity: { requests: { memory: `${count}Gi` } } })
const consumed = (world: World, name = 'c') => claimOf(world, name)?.status.allocation?.devices?.results?.map(({ device, consumedCapacity, shareID }) => [device, consumedCapacity?.['memory'], shareID !== undefined])
for (const [what, policy, wanted, expected] of [
  ['as much as it wants', undefined, gib(4), '4Gi'],
  ['all where it says nothing', undefined, {}, '10Gi'],
  ['what is usual where it says nothing', { default: '2Gi', validRange: { min: '1Gi' } }, {}, '2Gi'],
  ['the least there is', { default: '2Gi', validRange: { min: '2Gi' } }, gib(1), '2Gi'],
  ['whole steps', { default: '1Gi', validRange: { min: '1Gi', step: '3Gi' } }, gib(2), '4Gi'],
  ['nothing beyond the most', { default: '1Gi', validRange: { min: '1Gi', max: '4Gi' } }, gib(5), undefined],
  ['the next of some amounts', { default: '2Gi', validValues: ['2Gi', '8Gi'] }, gib(3), '8Gi'],
  ['nothing where it has not so much', undefined, gib(11), undefined],
] as const) test(`of a shared device a claim gets ${what}`, () => {
  const world = schedulingWorld([aNode('a'), aClass(), sliced(policy), aClaim('c', one(wanted)), aUser('p', 'c')])
  assert.deepEqual(consumed(world), expected === undefined ? undefined : [['gpu-0', expected, true]])
})

test('a shared device is given until it is used up, and is free again when a claim goes', () => {
  const world = schedulingWorld([aNode('a'), aClass(), sliced(), ...['c', 'd', 'e'].flatMap((name) => [aClaim(name, one(gib(4))), aUser(`p-${name}`, name)])])
  assert.deepEqual([consumed(world), consumed(world, 'd'), consumed(world, 'e'), world.nodeOf('p-e')], [[['gpu-0', '4Gi', true]], [['gpu-0', '4Gi', true]], undefined, undefined])
  const ids = ['c', 'd'].map((name) => claimOf(world, name)?.status.allocation?.devices?.results?.[0]?.shareID)
  assert.ok(ids[0] !== ids[1] && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(ids[0] ?? ''))
  world.put(aClaim('c', one(gib(4))))
  world.settle()
  assert.equal(world.nodeOf('p-e'), 'a')
})

test('one request may have several shares of a device, unless they have to be distinct', () => {
  const place = (devices: DeviceClaim) => consumed(schedulingWorld([aNode('a'), aClass(), aSlice('a', [{ name: 'gpu-0', attributes: { slot: { int: 0 } }, allowMultipleAllocations: true, capacity: { memory: { value: '10Gi' } } }]), aClaim('c', devices), aUser('p', 'c')]))
  assert.deepEqual([place(one({ count: 2, ...gib(5) }))?.length, place(one({ count: 3, ...gib(5) })), place({ ...one({ count: 2, ...gib(5) }), constraints: [{ distinctAttribute: `${driver}/slot` }] })], [2, undefined, undefined])
})
