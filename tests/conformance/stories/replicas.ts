import assert from 'node:assert/strict'
import { at, type Fields, list, nameOf, until } from '../api.ts'
import { sees, update } from '../operations.ts'
import type { Story, World } from '../story.ts'
import { becomes, conditionsAreWritten, hasReady, imagesOf, ownersOf, patchedAndDeleted, pods, podsOf, scales, template } from '../workloads.ts'

const sets = (world: World, name?: string): string => world.path('apps/v1', 'replicasets', name)
const controllers = (world: World, name?: string): string => world.path('v1', 'replicationcontrollers', name)
const aSet = (name: string, replicas: number, label = name): object => ({ metadata: { name, labels: { story: label } }, spec: { replicas, selector: { matchLabels: { app: name } }, template: template(name) } })
const aController = (name: string, replicas: number): object => ({ metadata: { name, labels: { story: name } }, spec: { replicas, selector: { app: name }, template: template(name) } })
const aPod = (app: string): object => ({ ...template(app), metadata: { name: `${app}-orphan`, labels: { app } } })

/** An orphan that matches is taken in; whoever loses the label is let go, and another comes in his place. */
async function adoptsAndReleases(world: World, kind: string, collection: string, object: object): Promise<void> {
  const orphan = nameOf(await world.create(pods(world), aPod('web')))
  await world.create(collection, object)
  await becomes(world, pods(world, orphan), 'it is adopted', (pod) => ownersOf(pod).includes(`${kind} web`))
  await hasReady(world, `${collection}/web`, 1)
  assert.equal((await podsOf(world, 'web')).length, 1)
  await world.patch(pods(world, orphan), { metadata: { labels: { app: 'released' } } }, 'merge')
  await becomes(world, pods(world, orphan), 'it is released', (pod) => ownersOf(pod).length === 0)
  await until(world.api, 'another comes', async () => (await podsOf(world, 'web')).length === 1)
}

export const replicaStories: readonly Story[] = [
  {
    row: '[sig-apps] ReplicaSet Replicaset should have a working scale subresource [Conformance]',
    tell: async (world) => {
      await world.create(sets(world), aSet('web', 1))
      await hasReady(world, sets(world, 'web'), 1)
      await scales(world, sets(world, 'web'), 1)
    },
  },
  { row: '[sig-apps] ReplicaSet should adopt matching pods on creation and release no longer matching pods [Conformance]', tell: (world) => adoptsAndReleases(world, 'ReplicaSet', sets(world), aSet('web', 1)) },
  {
    row: '[sig-apps] ReplicaSet Replace and Patch tests [Conformance]',
    tell: async (world) => {
      await world.create(sets(world), aSet('web', 1))
      await hasReady(world, sets(world, 'web'), 1)
      await update(world, sets(world, 'web'), (set) => ({ ...set, spec: { ...at(set, 'spec') as Fields, replicas: 2 } }))
      await hasReady(world, sets(world, 'web'), 2)
      await world.patch(sets(world, 'web'), { metadata: { labels: { patched: 'yes' } }, spec: { replicas: 3, template: { spec: { containers: [{ name: 'web', image: 'web:2' }] } } } }, 'strategic-merge')
      const set = await hasReady(world, sets(world, 'web'), 3)
      assert.deepEqual([at(set, 'metadata', 'labels'), imagesOf(await podsOf(world, 'web'))], [{ story: 'web', patched: 'yes' }, ['web:1', 'web:1', 'web:2']])
    },
  },
  {
    row: '[sig-apps] ReplicaSet should list and delete a collection of ReplicaSets [Conformance]',
    tell: async (world) => {
      for (const name of ['one', 'two', 'three']) await world.create(sets(world), aSet(name, 1, 'many'))
      for (const name of ['one', 'two', 'three']) await hasReady(world, sets(world, name), 1)
      assert.deepEqual([...await world.names(`${world.everywhere('apps/v1', 'replicasets')}?labelSelector=story%3Dmany`)].sort(), ['one', 'three', 'two'])
      await patchedAndDeleted(world, sets(world), 'story=many', {})
    },
  },
  {
    row: '[sig-apps] ReplicaSet should validate Replicaset Status endpoints [Conformance]',
    tell: async (world) => {
      await world.create(sets(world), aSet('web', 1))
      await hasReady(world, sets(world, 'web'), 1)
      await conditionsAreWritten(world, sets(world, 'web'))
    },
  },
  {
    row: '[sig-apps] ReplicationController should adopt matching pods on creation [Conformance]',
    tell: async (world) => {
      const orphan = nameOf(await world.create(pods(world), aPod('web')))
      await world.create(controllers(world), aController('web', 1))
      await becomes(world, pods(world, orphan), 'it is adopted', (pod) => ownersOf(pod).includes('ReplicationController web'))
      assert.equal((await podsOf(world, 'web')).length, 1)
    },
  },
  { row: '[sig-apps] ReplicationController should release no longer matching pods [Conformance]', tell: (world) => adoptsAndReleases(world, 'ReplicationController', controllers(world), aController('web', 1)) },
  {
    row: '[sig-apps] ReplicationController should get and update a ReplicationController scale [Conformance]',
    tell: async (world) => {
      await world.create(controllers(world), aController('web', 1))
      await hasReady(world, controllers(world, 'web'), 1)
      await scales(world, controllers(world, 'web'), 1)
    },
  },
  {
    row: '[sig-apps] ReplicationController should surface a failure condition on a common issue like exceeded quota [Conformance]',
    tell: async (world) => {
      const quota = world.path('v1', 'resourcequotas')
      await world.create(quota, { metadata: { name: 'two' }, spec: { hard: { pods: '2' } } })
      await becomes(world, `${quota}/two`, 'it is calculated', (object) => at(object, 'status', 'hard', 'pods') === '2')
      await world.create(controllers(world), aController('web', 3))
      const failing = (object: Fields): Fields | undefined => list(object, 'status', 'conditions').find(({ type }) => type === 'ReplicaFailure')
      const told = failing(await becomes(world, controllers(world, 'web'), 'it says that it fails', (object) => failing(object) !== undefined && at(object, 'status', 'replicas') === 2))
      assert.deepEqual([told?.['status'], told?.['reason']], ['True', 'FailedCreate'])
      assert.match(String(told?.['message']), /^pods "web-[a-z0-9]{5}" is forbidden: exceeded quota: two, requested: pods=1, used: pods=2, limited: pods=2$/)
      await world.merge(controllers(world, 'web'), { spec: { replicas: 2 } })
      await becomes(world, controllers(world, 'web'), 'it fails no more', (object) => failing(object) === undefined)
    },
  },
  {
    row: '[sig-apps] ReplicationController should test the lifecycle of a ReplicationController [Conformance]',
    tell: async (world) => {
      const watch = await world.api.watch(`${controllers(world)}?watch=true&labelSelector=story%3Dweb`)
      await world.create(controllers(world), aController('web', 1))
      await sees(watch, 'ADDED', ['web'])
      await sees(watch, 'MODIFIED', ['web'], ({ object }) => at(object, 'status', 'readyReplicas') === 1)
      await world.patch(controllers(world, 'web'), { metadata: { labels: { patched: 'yes' } } }, 'strategic-merge')
      await world.patch(`${controllers(world, 'web')}/status`, { status: { readyReplicas: 0, availableReplicas: 0 } }, 'merge')
      await sees(watch, 'MODIFIED', ['web'], ({ object }) => at(object, 'status', 'readyReplicas') === 1)
      await world.patch(`${controllers(world, 'web')}/scale`, { spec: { replicas: 2 } }, 'strategic-merge')
      await hasReady(world, controllers(world, 'web'), 2)
      await update(world, controllers(world, 'web'), (object) => ({ ...object, spec: { ...at(object, 'spec') as Fields, replicas: 3 } }))
      await hasReady(world, controllers(world, 'web'), 3)
      assert.deepEqual(await world.names(`${world.everywhere('v1', 'replicationcontrollers')}?labelSelector=story%3Dweb,patched%3Dyes`), ['web'])
      assert.equal((await world.ask('DELETE', `${controllers(world)}?labelSelector=story%3Dweb`)).status, 200)
      await sees(watch, 'DELETED', ['web'])
      watch.stop()
    },
  },
]
