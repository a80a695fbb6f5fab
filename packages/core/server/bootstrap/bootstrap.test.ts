import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clusterRoleBindings, clusterRoles, endpointSlices, namespaces, priorityClasses, services, storageClasses } from '../../api/resources.ts'
import { aWorld } from '../testing.ts'
import { bootstrap } from './index.ts'

const advertised = { address: '192.0.2.1', port: 6443 }

test('a fresh cluster holds what every cluster holds', () => {
  const { server, store: { view }, store } = aWorld()
  bootstrap(server, store, advertised)
  const names = (objects: Iterable<{ readonly metadata: { readonly name: string } }>): readonly string[] => [...objects].map(({ metadata }) => metadata.name)
  assert.deepEqual(names(view.list(namespaces)), ['default', 'kube-node-lease', 'kube-public', 'kube-system'])
  assert.deepEqual([...view.list(priorityClasses)].map(({ metadata, value }) => [metadata.name, value]), [['system-cluster-critical', 2000000000], ['system-node-critical', 2000001000]])
  assert.deepEqual([...view.list(services)].map(({ spec }) => [spec.clusterIP, spec.ports?.[0]?.targetPort]), [['10.96.0.1', 6443]])
  assert.deepEqual([...view.list(endpointSlices)].map(({ endpoints }) => endpoints?.[0]?.addresses), [['192.0.2.1']])
  assert.deepEqual([...view.list(storageClasses)].map(({ metadata, provisioner, volumeBindingMode }) => [metadata.name, provisioner, volumeBindingMode]), [['standard', 'skiff.dev/local', 'WaitForFirstConsumer']])
  for (const { roleRef } of view.list(clusterRoleBindings)) assert.ok(view.get(clusterRoles, '', roleRef.name), `${roleRef.name} is there to be bound`)
})

test('a second start changes nothing but what has moved', () => {
  const { server, store } = aWorld()
  bootstrap(server, store, advertised)
  const { revision } = store.view
  bootstrap(server, store, advertised)
  assert.equal(store.view.revision, revision)
  bootstrap(server, store, { ...advertised, port: 7443 })
  assert.equal(store.view.revision, revision + 2)
})

test('defaults grow back, and what users add to them stays', () => {
  const { server, store, ask } = aWorld()
  bootstrap(server, store, advertised)
  const url = '/apis/rbac.authorization.k8s.io/v1/clusterroles/system:discovery'
  const own = { apiGroups: [''], resources: ['pods'], verbs: ['get'] }
  ask(`PATCH ${url}`, { rules: [own] }, { headers: { 'content-type': 'application/merge-patch+json' } })
  bootstrap(server, store, advertised)
  assert.deepEqual((ask(`GET ${url}`).body as { rules: unknown[] }).rules.length, 2)
})
