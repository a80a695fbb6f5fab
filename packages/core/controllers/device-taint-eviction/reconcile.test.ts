import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeviceTaint, DeviceToleration } from '../../api/generated/types.ts'
import { deviceTaintRules, pods, resourceClaims, resourceSlices } from '../../api/index.ts'
import { timestamp } from '../../rules/time.ts'
import { anObject, aPod, dawn } from '../builders.ts'
import { stage } from '../stage.ts'
import { deviceTaintEvictionController } from './reconcile.ts'

const driver = 'gpu.example.com'
const broken: DeviceTaint = { key: 'broken', effect: 'NoExecute', timeAdded: timestamp(dawn) }
const aSlice = (taints: readonly DeviceTaint[] = [], generation = 1, name = 'slice') => anObject(resourceSlices, name, { spec: { driver, nodeName: 'n', pool: { name: 'n', generation, resourceSliceCount: 1 }, devices: [{ name: 'gpu-0', taints }, { name: 'gpu-1' }] } })
const aRule = (taint: Partial<DeviceTaint> = {}, deviceSelector: object | null = { driver }) => anObject(deviceTaintRules, 'rule', { metadata: { generation: 1 }, spec: { ...(deviceSelector && { deviceSelector }), taint: { ...broken, ...taint } }, status: {} })
const aClaim = (tolerations: readonly DeviceToleration[] = [], name = 'c', users: readonly string[] = ['p']) => anObject(resourceClaims, name, {
  spec: { devices: { requests: [] } },
  status: { allocation: { devices: { results: [{ request: 'r', driver, pool: 'n', device: 'gpu-0', tolerations }] } }, reservedFor: users.map((user) => ({ resource: 'pods', name: user, uid: `uid-${user}` })) },
})
const user = (name = 'p', claim = 'c') => aPod(name, { node: 'n', phase: 'Running', spec: { resourceClaims: [{ name: 'gpu', resourceClaimName: claim }] } })
const stands = (more: Partial<DeviceToleration> = {}): DeviceToleration => ({ key: 'broken', operator: 'Exists', effect: 'NoExecute', ...more })
const on = (...objects: Parameters<typeof stage>[1][]) => stage([deviceTaintEvictionController], ...objects)
type Stage = ReturnType<typeof stage>
const isLeaving = (here: Stage, name = 'p'): boolean => { const pod = here.world.store.view.get(pods, 'default', name); return pod === undefined || pod.metadata.deletionTimestamp !== undefined }
const said = (here: Stage) => { const { status } = here.world.store.view.get(deviceTaintRules, '', 'rule') ?? {}; return status?.conditions?.map(({ type, status: is, reason, message }) => [type, is, reason, message]) }

for (const [what, objects, expected] of [
  ['a taint of the device', [aSlice([broken]), aClaim()], true],
  ['a taint that only keeps others away', [aSlice([{ ...broken, effect: 'NoSchedule' }]), aClaim()], false],
  ['a taint of an older generation', [aSlice([broken]), aSlice([], 2, 'newer'), aClaim()], false],
  ['a rule for its driver', [aSlice(), aRule(), aClaim()], true],
  ['a rule for devices that are published no more', [aRule(), aClaim()], true],
  ['a rule for another device', [aSlice(), aRule({}, { driver, pool: 'n', device: 'gpu-1' }), aClaim()], false],
  ['a rule for one device', [aSlice(), aRule({}, { driver, pool: 'n', device: 'gpu-0' }), aClaim()], true],
  ['a rule for all devices', [aSlice(), aRule({}, {}), aClaim()], true],
  ['a rule for none', [aSlice(), aRule({}, null), aClaim()], false],
  ['a rule without effect', [aSlice(), aRule({ effect: 'None' }), aClaim()], false],
  ['a taint that its claim stands', [aSlice([broken]), aClaim([stands()])], false],
  ['a taint that its claim stands for another effect', [aSlice([broken]), aClaim([stands({ effect: 'NoSchedule' })])], true],
  ['a taint with another value', [aSlice([{ ...broken, value: 'x' }]), aClaim([stands({ operator: 'Equal', value: 'y' })])], true],
  ['a taint of a claim that is another\'s', [aSlice([broken]), aClaim([], 'c', ['q'])], false],
] as const) test(`${what} ends the pod: ${expected}`, () => { assert.equal(isLeaving(on(...objects as readonly ReturnType<typeof aSlice>[], user())), expected) })

test('a pod that is ended says why', () => {
  const kept = user()
  const here = on(aSlice(), aClaim(), { ...kept, metadata: { ...kept.metadata, finalizers: ['example.com/look'] } })
  here.world.put(aSlice([broken]))
  here.settle()
  assert.deepEqual([here.pod('p').status.conditions?.map(({ type, status, reason, message }) => [type, status, reason, message]), here.news()], [
    [['DisruptionTarget', 'True', 'DeletionByDeviceTaintManager', 'Device Taint manager: deleting due to NoExecute taint']], ['DeviceTaintManagerEviction: Marking for deletion'],
  ])
})

test('a taint is stood as long as the shortest toleration says, from when it was put there', () => {
  const here = on(aSlice([broken]), aClaim([stands({ tolerationSeconds: 300 }), stands({ tolerationSeconds: 60 })]), user())
  here.advance(59_000)
  assert.equal(isLeaving(here), false)
  here.advance(1000)
  assert.equal(isLeaving(here), true)
})

test('a pod stays when the taint goes in time', () => {
  const here = on(aSlice([broken]), aClaim([stands({ tolerationSeconds: 60 })]), user())
  here.world.put(aSlice())
  here.settle()
  here.advance(120_000)
  assert.deepEqual([isLeaving(here), here.news()], [false, ['DeviceTaintManagerEviction: Cancelling deletion']])
})

test('a pod that is placed later goes too', () => {
  const waiting = aPod('p', { spec: { resourceClaims: [{ name: 'gpu', resourceClaimName: 'c' }] } })
  const here = on(aSlice([broken]), aClaim(), waiting)
  assert.equal(isLeaving(here), false)
  here.world.put(user())
  here.settle()
  assert.equal(isLeaving(here), true)
})

for (const [what, objects, expected] of [
  ['nobody to end', [aRule(), aSlice()], ['False', 'NotStarted', '']],
  ['pods to end', [aRule(), aSlice(), aClaim([stands({ tolerationSeconds: 600 })], 'c', ['p', 'q']), user(), user('q')], ['True', 'PodsPendingEviction', '2 pods need to be evicted in 1 namespace.']],
  ['another effect', [aRule({ effect: 'NoSchedule' }), aSlice()], ['False', 'OtherEffect', 'Eviction only happens for the NoExecute effect.']],
  ['no effect', [aRule({ effect: 'None' }), aSlice(), aClaim(), user()],
    ['False', 'NoEffect', '2 published devices selected. 1 allocated device selected. 1 pod would be evicted in 1 namespace if the effect was NoExecute. This information will not be updated again. Recreate the DeviceTaintRule to trigger an update.']],
] as const) test(`a rule with ${what} says so`, () => { assert.deepEqual(said(on(...objects as readonly ReturnType<typeof aSlice>[])), [['EvictionInProgress', ...expected]]) })

test('a rule counts whom it ended, ten seconds after it last spoke', () => {
  const here = on(aRule(), aSlice(), aClaim([stands({ tolerationSeconds: 12 })]), user())
  here.advance(12_000)
  assert.equal(isLeaving(here), true)
  here.advance(8000)
  assert.deepEqual(said(here), [['EvictionInProgress', 'False', 'Completed', '1 pod evicted since starting the controller.']])
})
test('a new rule knows those that it ends at once', () => {
  const here = on(aSlice(), aClaim(), user())
  here.world.put(aRule())
  here.settle()
  assert.deepEqual(said(here), [['EvictionInProgress', 'True', 'PodsPendingEviction', '1 pod needs to be evicted in 1 namespace.']])
  here.advance(10_000)
  assert.deepEqual(said(here), [['EvictionInProgress', 'False', 'Completed', '1 pod evicted since starting the controller.']])
})
