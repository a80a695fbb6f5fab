import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Pod, pods, type ReplicaSet, replicaSets, replicationControllers } from '../../api/resources.ts'
import { anObject, aPod, dawn, testWorld } from '../builders.ts'
import { createRunner } from '../runner.ts'
import { replicaSetController, replicationControllerController } from './reconcile.ts'
import { timestamp } from '../../rules/time.ts'

const labels = { app: 'web' }
const aSet = (fields: { readonly replicas?: number; readonly minReadySeconds?: number; readonly metadata?: Partial<ReplicaSet['metadata']> } = {}): ReplicaSet => anObject(replicaSets, 'web', {
  metadata: { generation: 1, ...fields.metadata },
  spec: { replicas: fields.replicas ?? 2, ...(fields.minReadySeconds && { minReadySeconds: fields.minReadySeconds }), selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'web:1' }] } } },
  status: { replicas: 0 },
})
const owned = { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'uid-web', controller: true, blockOwnerDeletion: true }] }

function settle(...objects: readonly (Pod | ReplicaSet)[]) {
  const world = testWorld()
  world.put(...objects)
  const runner = createRunner({ controllers: [replicaSetController], view: world.store.view, changes: (after) => world.store.changes(after), submit: world.submit, clock: world.clock })
  const settleAgain = (): void => { for (let steps = 0; runner.step(); steps++) assert.ok(steps < 10_000, 'settles') }
  settleAgain()
  return { ...world, world, runner, settleAgain, set: () => world.store.view.get(replicaSets, 'default', 'web'), pods: () => [...world.store.view.list(pods)] }
}

test('pods are made from the template, owned, and told about', () => {
  const { pods: made, events, set } = settle(aSet({ replicas: 2 }))
  assert.deepEqual(made().map((pod) => [pod.metadata.generateName, pod.metadata.labels, pod.metadata.ownerReferences, pod.spec]),
    Array(2).fill(['web-', labels, owned.ownerReferences, { containers: [{ name: 'c', image: 'web:1' }] }]))
  assert.deepEqual(events.toSorted(), made().map((pod) => `SuccessfulCreate: Created pod: ${pod.metadata.name}`))
  assert.match(made()[0]?.metadata.name ?? '', /^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
  assert.deepEqual(set()?.status, { replicas: 2, fullyLabeledReplicas: 2, terminatingReplicas: 0, observedGeneration: 1 })
})

test('status counts what is ready and available, and looks again when a pod becomes available', () => {
  const { clock, set, settleAgain } = settle(aSet({ replicas: 2, minReadySeconds: 10 }), aPod('a', { labels, ready: dawn - 20_000, metadata: owned }), aPod('b', { labels, ready: dawn - 4000, metadata: owned }))
  assert.deepEqual(set()?.status, { replicas: 2, fullyLabeledReplicas: 2, readyReplicas: 2, availableReplicas: 1, terminatingReplicas: 0, observedGeneration: 1 })
  clock.advanceTo(dawn + 5999)
  settleAgain()
  assert.equal(set()?.status.availableReplicas, 1)
  clock.advanceTo(dawn + 6000)
  settleAgain()
  assert.equal(set()?.status.availableReplicas, 2)
})

test('the pod that is worth least goes first', () => {
  const { pods: left, events } = settle(aSet({ replicas: 1 }), aPod('ready', { labels, node: 'a', ready: dawn - 1000, metadata: owned }), aPod('unready', { labels, node: 'a', phase: 'Running', metadata: owned }))
  assert.deepEqual(left().map((pod) => pod.metadata.name), ['ready'])
  assert.deepEqual(events, ['SuccessfulDelete: Deleted pod: unready'])
})

test('finished and terminating pods are replaced, and those on their way out are counted', () => {
  const { pods: all, set } = settle(aSet({ replicas: 1 }), aPod('done', { labels, phase: 'Failed', metadata: owned }), aPod('going', { labels, metadata: { ...owned, deletionTimestamp: timestamp(dawn) } }))
  assert.equal(all().length, 3)
  assert.deepEqual([set()?.status.replicas, set()?.status.terminatingReplicas], [1, 1])
})

test('a matching orphan is adopted, one that no longer matches is released', () => {
  const { pods: all, set } = settle(aSet({ replicas: 1 }), aPod('orphan', { labels }), aPod('stray', { labels: { app: 'debug' }, metadata: owned }))
  assert.deepEqual(all().map((pod) => [pod.metadata.name, pod.metadata.ownerReferences]), [['orphan', owned.ownerReferences], ['stray', undefined]])
  assert.equal(set()?.status.replicas, 1)
})

test('a set that is being deleted makes nothing and adopts nothing', () => {
  const { log } = settle(aSet({ metadata: { deletionTimestamp: timestamp(dawn), finalizers: ['foregroundDeletion'] } }), aPod('orphan', { labels }))
  assert.deepEqual(log.map((action) => action.do), ['replace'])
})

test('a refused pod is told in an event and a condition, and forgotten when it works', () => {
  const { world, clock, set, settleAgain, events, pods: all } = settle()
  world.refuse = (action) => (action.do === 'create' ? { refused: true, code: 403, reason: 'Forbidden', message: 'pods "x" is forbidden: exceeded quota' } : undefined)
  world.put(aSet({ replicas: 1 }))
  settleAgain()
  clock.advanceTo(dawn + 100)
  settleAgain()
  assert.deepEqual(set()?.status.conditions, [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'pods "x" is forbidden: exceeded quota', lastTransitionTime: timestamp(dawn) }])
  assert.equal(events[0], 'FailedCreate: Error creating: pods "x" is forbidden: exceeded quota')
  world.refuse = undefined
  clock.advanceTo(dawn + 10_000)
  settleAgain()
  assert.deepEqual([all().length, set()?.status.conditions], [1, undefined])
})

test('five hundred at a time', () => {
  const { pods: all, log } = settle(aSet({ replicas: 1200 }))
  assert.equal(all().length, 1200)
  assert.equal(log.filter((action) => action.do === 'create').length, 1200)
})

test('a ReplicationController is kept the same way, by the labels it selects', () => {
  const world = testWorld()
  const selecting = (selector: Readonly<Record<string, string>>) => anObject(replicationControllers, 'web', { metadata: { generation: 1 }, spec: { replicas: 2, selector, template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'web:1' }] } } }, status: { replicas: 0 } })
  world.put(selecting(labels), aPod('orphan', { labels }), aPod('other', { labels: { app: 'other' } }))
  const runner = createRunner({ controllers: [replicationControllerController], view: world.store.view, changes: (after) => world.store.changes(after), submit: world.submit, clock: world.clock })
  const settleAgain = (): void => { for (let steps = 0; runner.step(); steps++) assert.ok(steps < 100, 'settles') }
  settleAgain()
  const reference = { apiVersion: 'v1', kind: 'ReplicationController', name: 'web', uid: 'uid-web', controller: true, blockOwnerDeletion: true }
  const ownersOf = (name: string) => [...world.store.view.list(pods)].find((pod) => pod.metadata.name.startsWith(name))?.metadata.ownerReferences
  assert.deepEqual([ownersOf('orphan'), ownersOf('other'), ownersOf('web-')], [[reference], undefined, [reference]])
  assert.deepEqual(world.store.view.get(replicationControllers, 'default', 'web')?.status, { replicas: 2, fullyLabeledReplicas: 2, observedGeneration: 1 })
  world.update(pods, 'orphan', (pod) => ({ ...pod, metadata: { ...pod.metadata, labels: { app: 'debug' } } }))
  settleAgain()
  assert.deepEqual([ownersOf('orphan'), [...world.store.view.list(pods)].length], [undefined, 4])
})
