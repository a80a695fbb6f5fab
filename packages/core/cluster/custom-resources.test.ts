import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCluster, type VirtualCluster } from './index.ts'

type Json = Readonly<Record<string, unknown>>
const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const tabs = '/apis/stable.example.com/v1/namespaces/default/crontabs'
const aDefinition = (plural = 'crontabs', kind = 'CronTab'): Json => ({
  apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: `${plural}.stable.example.com` },
  spec: {
    group: 'stable.example.com', scope: 'Namespaced', names: { plural, kind },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } }],
  },
})
const aTab = (name: string, more: Json = {}): Json => ({ apiVersion: 'stable.example.com/v1', kind: 'CronTab', metadata: { name, ...more } })
const conditionsOf = (cluster: VirtualCluster, name: string): readonly string[] => {
  const { status } = cluster.request('GET', `${definitions}/${name}`).body as { readonly status?: { readonly conditions?: readonly Json[] } }
  return (status?.conditions ?? []).map((condition) => `${String(condition['type'])}=${String(condition['status'])} ${String(condition['reason'])}`)
}
function world(): VirtualCluster {
  const cluster = createCluster({ nodes: 1 })
  assert.equal(cluster.request('POST', definitions, aDefinition()).status, 201)
  cluster.advance('1s')
  return cluster
}

test('a definition is established at once, and its resources live under all that holds for others', () => {
  const cluster = world()
  assert.deepEqual(conditionsOf(cluster, 'crontabs.stable.example.com'), ['NamesAccepted=True NoConflicts', 'Established=True InitialNamesAccepted'])
  const owner = cluster.request('POST', tabs, aTab('owner')).body as { readonly metadata: { readonly uid: string } }
  const reference = { apiVersion: 'stable.example.com/v1', kind: 'CronTab', name: 'owner', uid: owner.metadata.uid }
  cluster.request('POST', tabs, aTab('owned', { ownerReferences: [reference] }))
  cluster.request('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'owned', ownerReferences: [reference] } })
  cluster.request('DELETE', `${tabs}/owner`)
  cluster.advance('1s')
  assert.deepEqual([`${tabs}/owned`, '/api/v1/namespaces/default/configmaps/owned'].map((path) => cluster.request('GET', path).status), [404, 404])
})

test('deleting a namespace deletes its custom resources', () => {
  const cluster = world()
  cluster.request('POST', '/api/v1/namespaces', { metadata: { name: 'other' } })
  assert.equal(cluster.request('POST', tabs.replace('default', 'other'), aTab('a')).status, 201)
  cluster.request('DELETE', '/api/v1/namespaces/other')
  cluster.advance('1s')
  assert.equal(cluster.request('GET', '/api/v1/namespaces/other').status, 404)
  assert.deepEqual((cluster.request('GET', '/apis/stable.example.com/v1/crontabs').body as { readonly items: unknown }).items, [])
})

test('deleting a definition deletes its resources first; what holds one holds the definition', () => {
  const cluster = world()
  cluster.request('POST', tabs, aTab('free'))
  cluster.request('POST', tabs, aTab('held', { finalizers: ['example.com/wait'] }))
  cluster.request('DELETE', `${definitions}/crontabs.stable.example.com`)
  cluster.advance('1s')
  assert.deepEqual(conditionsOf(cluster, 'crontabs.stable.example.com').at(-1), 'Terminating=True InstanceDeletionInProgress')
  assert.deepEqual([cluster.request('GET', `${tabs}/free`).status, cluster.request('GET', `${tabs}/held`).status], [404, 200])
  const held = cluster.request('GET', `${tabs}/held`).body as Json
  assert.equal(cluster.request('DELETE', `${tabs}/held`).status, 200)
  assert.equal(cluster.request('PATCH', `${tabs}/held`, { metadata: { finalizers: null } }, { 'content-type': 'application/merge-patch+json' }).status, 200, JSON.stringify(held))
  cluster.advance('1s')
  assert.deepEqual([cluster.request('GET', `${definitions}/crontabs.stable.example.com`).status, cluster.request('GET', tabs).status], [404, 404])
})

test('a name that another definition has is not accepted until it is free', () => {
  const cluster = world()
  cluster.request('POST', definitions, aDefinition('tables', 'CronTab'))
  cluster.advance('1s')
  assert.deepEqual(conditionsOf(cluster, 'tables.stable.example.com'), ['NamesAccepted=False ListKindConflict', 'Established=False NotAccepted'])
  assert.equal(cluster.request('GET', '/apis/stable.example.com/v1/namespaces/default/tables').status, 404)
  cluster.request('DELETE', `${definitions}/crontabs.stable.example.com`)
  cluster.advance('1s')
  assert.deepEqual(conditionsOf(cluster, 'tables.stable.example.com'), ['NamesAccepted=True NoConflicts', 'Established=True InitialNamesAccepted'])
  assert.equal(cluster.request('GET', '/apis/stable.example.com/v1/namespaces/default/tables').status, 200)
})
