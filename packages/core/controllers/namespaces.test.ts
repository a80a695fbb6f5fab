import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Controller } from '../api/controller.ts'
import type { Resource } from '../api/resource.ts'
import { configMaps, namespaces, nodes, pods, serviceAccounts } from '../api/resources.ts'
import { timestamp } from '../rules/time.ts'
import { anObject, aPod, dawn, testWorld } from './builders.ts'
import { namespaceController } from './namespace/reconcile.ts'
import { podGarbageCollector } from './pod-gc/reconcile.ts'
import { rootCaController } from './root-ca/reconcile.ts'
import { createRunner } from './runner.ts'
import { serviceAccountController } from './service-account/reconcile.ts'

const aNamespace = (name: string, metadata: object = {}) => anObject(namespaces, name, { metadata, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } })
const going = { deletionTimestamp: timestamp(dawn) }

function run(controller: Controller<unknown>, ...objects: readonly Resource[]) {
  const world = testWorld()
  world.put(...objects)
  const runner = createRunner({ controllers: [controller], view: world.store.view, changes: (after) => world.store.changes(after), submit: world.submit, clock: world.clock })
  const settle = (): void => { for (let steps = 0; runner.step(); steps++) assert.ok(steps < 1000, 'settles') }
  settle()
  return { world, settle }
}

test('every namespace has a default ServiceAccount, again when it is deleted', () => {
  const { world, settle } = run(serviceAccountController, aNamespace('one'), aNamespace('two', going))
  const names = (): readonly string[] => [...world.store.view.list(serviceAccounts)].map((one) => `${one.metadata.namespace}/${one.metadata.name}`)
  assert.deepEqual(names(), ['one/default'])
  world.remove(serviceAccounts, 'default', 'one')
  settle()
  assert.deepEqual(names(), ['one/default'])
})

test('every namespace has the CA, and nothing else in that map', () => {
  const { world, settle } = run(rootCaController('PEM'), aNamespace('one'))
  const data = (): unknown => world.store.view.get(configMaps, 'one', 'kube-root-ca.crt')?.data
  assert.deepEqual(data(), { 'ca.crt': 'PEM' })
  world.update(configMaps, 'kube-root-ca.crt', (map) => ({ ...map, data: { 'ca.crt': 'forged', more: 'x' } }), 'one')
  settle()
  assert.deepEqual(data(), { 'ca.crt': 'PEM' })
})

test('a namespace is emptied, pods first, and then goes', () => {
  const { world, settle } = run(namespaceController(), aNamespace('one', going), aPod('p', { namespace: 'one', metadata: { finalizers: ['test/hold'] } }), anObject(configMaps, 'c', { metadata: { namespace: 'one' } }), anObject(configMaps, 'safe'))
  const namespace = () => world.store.view.get(namespaces, '', 'one')
  assert.deepEqual(namespace()?.status.conditions?.map((condition) => [condition.type, condition.status, condition.message]), [
    ['NamespaceDeletionDiscoveryFailure', 'False', 'All resources successfully discovered'],
    ['NamespaceDeletionGroupVersionParsingFailure', 'False', 'All legacy kube types successfully parsed'],
    ['NamespaceDeletionContentFailure', 'False', 'All content successfully deleted, may be waiting on finalization'],
    ['NamespaceContentRemaining', 'True', 'Some resources are remaining: configmaps. has 1 resource instances, pods. has 1 resource instances'],
    ['NamespaceFinalizersRemaining', 'True', 'Some content in the namespace has finalizers remaining: test/hold in 1 resource instances'],
  ])
  world.remove(pods, 'p', 'one')
  settle()
  assert.deepEqual([namespace(), [...world.store.view.list(configMaps)].map((map) => map.metadata.name)], [undefined, ['safe']])
})

test('pods of a node that is no more go after a while', () => {
  const { world, settle } = run(podGarbageCollector(), anObject(nodes, 'a', { spec: {}, status: {} }), aPod('stays', { node: 'a' }), aPod('orphan', { node: 'gone' }))
  const names = (): readonly string[] => [...world.store.view.list(pods)].map((pod) => pod.metadata.name)
  world.clock.advanceTo(dawn + 39_999)
  settle()
  assert.deepEqual(names(), ['orphan', 'stays'])
  world.clock.advanceTo(dawn + 40_000)
  settle()
  assert.deepEqual(names(), ['stays'])
})

test('the oldest finished pods beyond the limit go', () => {
  const finished = (name: string, hour: number) => aPod(name, { node: 'a', phase: 'Succeeded', metadata: { creationTimestamp: `2026-01-01T0${hour}:00:00Z` } })
  const { world } = run(podGarbageCollector(2), anObject(nodes, 'a', { spec: {}, status: {} }), finished('young', 3), finished('old', 1), finished('middle', 2), aPod('running', { node: 'a', phase: 'Running' }))
  assert.deepEqual([...world.store.view.list(pods)].map((pod) => pod.metadata.name), ['middle', 'running', 'young'])
})

test('pods that are to go from a node that is out of service are gone at once, the others stay', () => {
  const out = (ready: string) => anObject(nodes, 'a', { spec: { taints: [{ key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute' }] }, status: { conditions: [{ type: 'Ready', status: ready }] } })
  const leaving = (name: string, node: string) => aPod(name, { node, phase: 'Running', metadata: going })
  const { world, settle } = run(podGarbageCollector(), out('True'), anObject(nodes, 'b', { spec: {}, status: {} }), leaving('one', 'a'), leaving('other', 'b'), aPod('stays', { node: 'a', phase: 'Running' }))
  const names = (): readonly string[] => [...world.store.view.list(pods)].map((pod) => pod.metadata.name)
  assert.deepEqual(names(), ['one', 'other', 'stays'])
  world.put(out('Unknown'))
  settle()
  assert.deepEqual(names(), ['other', 'stays'])
  assert.deepEqual(world.log.map((action) => action.do === 'patch' ? action.patch : action.do), [{ status: { phase: 'Failed' } }, 'delete'])
})
