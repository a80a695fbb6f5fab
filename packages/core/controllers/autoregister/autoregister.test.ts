import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiServices, clusterRoles, customResourceDefinitions } from '../../api/resources.ts'
import type { Resource } from '../../api/resource.ts'
import type { Controller } from '../../api/controller.ts'
import { anObject, testWorld } from '../builders.ts'
import { clusterRoleAggregationController } from '../cluster-role-aggregation/reconcile.ts'
import { createRunner } from '../runner.ts'
import { autoregisterController } from './reconcile.ts'

function run(controller: Controller<unknown>, ...objects: readonly Resource[]) {
  const world = testWorld()
  world.put(...objects)
  const runner = createRunner({ controllers: [controller], view: world.store.view, changes: (after) => world.store.changes(after), submit: world.submit, clock: world.clock })
  const settle = (): void => { for (let steps = 0; runner.step(); steps++) assert.ok(steps < 1000, 'settles') }
  settle()
  return { world, settle }
}

test('the versions of a CustomResourceDefinition have their APIServices, as long as they are served', () => {
  const widgets = (served: boolean) => anObject(customResourceDefinitions, 'widgets.example.com', { spec: { group: 'example.com', versions: [{ name: 'v1', served: true }, { name: 'v1beta1', served }] } })
  const { world, settle } = run(autoregisterController, widgets(true))
  const names = (): readonly string[] => [...world.store.view.list(apiServices)].map(({ metadata }) => metadata.name)
  assert.deepEqual(names(), ['v1.example.com', 'v1beta1.example.com'])
  const [first] = world.store.view.list(apiServices)
  assert.deepEqual([first?.spec, first?.metadata.labels], [{ group: 'example.com', version: 'v1', groupPriorityMinimum: 1000, versionPriority: 100 }, { 'kube-aggregator.kubernetes.io/automanaged': 'true' }])
  world.update(customResourceDefinitions, 'widgets.example.com', () => widgets(false))
  settle()
  assert.deepEqual(names(), ['v1.example.com'])
  world.remove(customResourceDefinitions, 'widgets.example.com')
  settle()
  assert.deepEqual(names(), [])
})

test('an APIService of somebody\'s own stays as it is, and what the server answers itself is available', () => {
  const own = anObject(apiServices, 'v1.metrics.example.com', { spec: { group: 'metrics.example.com', version: 'v1', service: { name: 'm', namespace: 'n' } }, status: {} })
  const local = anObject(apiServices, 'v1.apps', { metadata: { labels: { 'kube-aggregator.kubernetes.io/automanaged': 'onstart' } }, spec: { group: 'apps', version: 'v1' }, status: { conditions: [{ type: 'Available', status: 'False' }] } })
  const { world } = run(autoregisterController, own, local)
  assert.deepEqual(world.store.view.get(apiServices, '', 'v1.metrics.example.com')?.status, {})
  assert.deepEqual(world.store.view.get(apiServices, '', 'v1.apps')?.status.conditions?.map(({ type, status, reason }) => [type, status, reason]), [['Available', 'True', 'Local']])
})

test('the rules of an aggregated role are those of the roles that it selects, each once', () => {
  const rule = (verb: string) => ({ verbs: [verb], apiGroups: [''], resources: ['pods'] })
  const role = (name: string, labels: Readonly<Record<string, string>>, rules: readonly object[]) => anObject(clusterRoles, name, { metadata: { labels }, rules })
  const all = anObject(clusterRoles, 'all', { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { to: 'all' } }] }, rules: [rule('stale')] })
  const { world, settle } = run(clusterRoleAggregationController, all, role('b', { to: 'all' }, [rule('get'), rule('list')]), role('a', { to: 'all' }, [rule('list'), rule('watch')]), role('c', { to: 'other' }, [rule('delete')]))
  const verbs = (): readonly (readonly string[])[] => world.store.view.get(clusterRoles, '', 'all')?.rules?.map((each) => each.verbs) ?? []
  assert.deepEqual(verbs(), [['list'], ['watch'], ['get']])
  world.update(clusterRoles, 'c', (found) => ({ ...found, metadata: { ...found.metadata, labels: { to: 'all' } } }))
  settle()
  assert.deepEqual(verbs(), [['list'], ['watch'], ['get'], ['delete']])
  world.remove(clusterRoles, 'a')
  settle()
  assert.deepEqual(verbs(), [['get'], ['list'], ['delete']])
})
