import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Resource } from '../../api/resource.ts'
import { configMaps, deployments, events, persistentVolumes, pods, replicaSets } from '../../api/resources.ts'
import { anObject, aPod, testWorld } from '../builders.ts'
import { createRunner } from '../runner.ts'
import { garbageCollector } from './reconcile.ts'

const owns = (kind: string, name: string, more: object = {}) => ({ apiVersion: kind === 'ConfigMap' ? 'v1' : 'apps/v1', kind, name, uid: `uid-${name}`, controller: true, blockOwnerDeletion: true, ...more })
const aDeployment = () => anObject(deployments, 'web', { spec: {}, status: {} })
const aSet = () => anObject(replicaSets, 'web-1', { metadata: { ownerReferences: [owns('Deployment', 'web')] }, spec: {}, status: {} })
const itsPod = (name: string, metadata: object = {}) => aPod(name, { metadata: { ownerReferences: [owns('ReplicaSet', 'web-1')], ...metadata } })

function collected(...objects: readonly Resource[]) {
  const world = testWorld()
  world.put(...objects)
  const runner = createRunner({ controllers: [garbageCollector()], view: world.store.view, changes: (after) => world.store.changes(after), submit: world.submit, clock: world.clock })
  const settle = (): void => { for (let steps = 0; runner.step(); steps++) assert.ok(steps < 1000, 'settles') }
  settle()
  const left = (): readonly string[] => [...world.store.view.list(deployments), ...world.store.view.list(replicaSets), ...world.store.view.list(pods)].map((object) => object.metadata.name)
  const remove = (propagation: 'Background' | 'Foreground' | 'Orphan'): void => {
    world.submit({ do: 'delete', key: { resource: 'apps/deployments', namespace: 'default', name: 'web' }, uid: 'uid-web', propagation }, { user: '', groups: [], component: '' }, () => {})
  }
  return { world, settle, left, remove }
}

test('what is owned stays', () => {
  assert.deepEqual(collected(aDeployment(), aSet(), itsPod('a')).world.log, [])
})

test('what an Event owns stays as long as the Event', () => {
  const event = anObject(events, 'noted', { involvedObject: {} })
  const owned = (uid: string) => itsPod('a', { ownerReferences: [{ apiVersion: 'v1', kind: 'Event', name: 'noted', uid }] })
  assert.deepEqual(collected(event, owned(event.metadata.uid)).left(), ['a'])
  assert.deepEqual(collected(event, owned('another')).left(), [])
})

test('what names an owner that is not there goes, and what it owns after it', () => {
  assert.deepEqual(collected(aSet(), itsPod('a'), aPod('free')).left(), ['free'])
})

test('background: the owner goes at once, the rest follows', () => {
  const { settle, left, remove } = collected(aDeployment(), aSet(), itsPod('a'), itsPod('b'))
  remove('Background')
  assert.deepEqual(left(), ['web-1', 'a', 'b'])
  settle()
  assert.deepEqual(left(), [])
})

test('foreground: dependents go first, from the leaves up', () => {
  const { world, settle, left, remove } = collected(aDeployment(), aSet(), itsPod('a', { finalizers: ['test/hold'] }))
  remove('Foreground')
  settle()
  assert.deepEqual(left(), ['web', 'web-1', 'a'])
  world.update(pods, 'a', (pod) => ({ ...pod, metadata: { ...pod.metadata, finalizers: [] } }))
  world.remove(pods, 'a')
  settle()
  assert.deepEqual(left(), [])
})

test('orphan: dependents stay and forget their owner', () => {
  const { world, settle, left, remove } = collected(aDeployment(), aSet(), itsPod('a'))
  remove('Orphan')
  settle()
  assert.deepEqual([left(), world.store.view.get(replicaSets, 'default', 'web-1')?.metadata.ownerReferences], [['web-1', 'a'], undefined])
})

test('a second owner keeps the object, which forgets the one that is gone', () => {
  const { world, left } = collected(anObject(configMaps, 'config'), aPod('a', { metadata: { ownerReferences: [owns('ReplicaSet', 'gone'), owns('ConfigMap', 'config', { controller: false })] } }))
  assert.deepEqual([left(), world.store.view.get(pods, 'default', 'a')?.metadata.ownerReferences?.map((owner) => owner.name)], [['a'], ['config']])
})

for (const [name, owner] of [
  ['another uid', owns('ConfigMap', 'config', { uid: 'uid-of-the-one-before' })], ['another kind', owns('ReplicaSet', 'config')], ['another name', owns('ConfigMap', 'other', { uid: 'uid-config' })],
] as const) test(`an owner of ${name} is no owner`, () => assert.deepEqual(collected(anObject(configMaps, 'config'), aPod('a', { metadata: { ownerReferences: [owner] } })).left(), []))

test('an owner in another namespace is no owner, and that is told', () => {
  const { left, world } = collected(anObject(configMaps, 'config', { metadata: { namespace: 'other' } }), aPod('a', { metadata: { ownerReferences: [owns('ConfigMap', 'config')] } }))
  assert.deepEqual([left(), world.events], [[], ['OwnerRefInvalidNamespace: ownerRef [v1/ConfigMap, namespace: default, name: config, uid: uid-config] does not exist in namespace "default"']])
})

test('an object of the whole cluster is never collected for an owner in a namespace', () => {
  const volume = (name: string, owner: object) => anObject(persistentVolumes, name, { metadata: { ownerReferences: [owner] } as never, spec: {} })
  const { world } = collected(anObject(configMaps, 'config'), volume('there', owns('ConfigMap', 'config')), volume('gone', owns('ConfigMap', 'gone')), volume('of-cluster', owns('Namespace', 'gone', { apiVersion: 'v1' })))
  assert.deepEqual([...world.store.view.list(persistentVolumes)].map(({ metadata }) => metadata.name), ['gone', 'there'])
  assert.deepEqual(world.events, ['OwnerRefInvalidNamespace: ownerRef [v1/ConfigMap, namespace: , name: config, uid: uid-config] does not exist in namespace ""'])
})

test('a circle of owners does not wait for itself', () => {
  const member = (name: string, owner: string) => anObject(deployments, name, { metadata: { ownerReferences: [owns('Deployment', owner)] }, spec: {}, status: {} })
  const { settle, left, remove, world } = collected(member('web', 'third'), member('second', 'web'), member('third', 'second'))
  assert.deepEqual(world.log, [])
  remove('Foreground')
  settle()
  assert.deepEqual(left(), [])
})
