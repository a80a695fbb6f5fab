import assert from 'node:assert/strict'
import { at, type Fields, list, nameOf, text, until, versionOf } from '../api.ts'
import { contains, sees, update } from '../operations.ts'
import type { Story, World } from '../story.ts'
import { becomes, conditionsAreWritten, hasReady, imagesOf, ownersOf, pods, podsOf, scales, template } from '../workloads.ts'

const deployments = (world: World, name?: string): string => world.path('apps/v1', 'deployments', name)
const sets = (world: World, name?: string): string => world.path('apps/v1', 'replicasets', name)
const aDeployment = (name: string, replicas: number, more: object = {}, image = 'web:1'): object =>
  ({ metadata: { name, labels: { app: name } }, spec: { replicas, selector: { matchLabels: { app: name } }, template: template(name, image), ...more } })
const isComplete = (replicas: number) => ({ status, metadata }: Fields): boolean =>
  ['replicas', 'updatedReplicas', 'readyReplicas', 'availableReplicas'].every((count) => at(status, count) === replicas) && at(status, 'observedGeneration') === at(metadata, 'generation')
const withImage = (image: string) => ({ spec: { template: { spec: { containers: [{ name: 'web', image }] } } } })
const setsOf = async (world: World, app: string): Promise<readonly Fields[]> => list(await world.get(`${sets(world)}?labelSelector=app%3D${app}`), 'items')

export const deploymentStories: readonly Story[] = [
  {
    row: '[sig-apps] Deployment Deployment should have a working scale subresource [Conformance]',
    tell: async (world) => {
      await world.create(deployments(world), aDeployment('web', 1))
      await hasReady(world, deployments(world, 'web'), 1)
      await scales(world, deployments(world, 'web'), 1)
    },
  },
  {
    row: '[sig-apps] Deployment RecreateDeployment should delete old pods and create new ones [Conformance]',
    tell: async (world) => {
      await world.create(deployments(world), aDeployment('web', 2, { strategy: { type: 'Recreate' } }))
      await becomes(world, deployments(world, 'web'), 'it is complete', isComplete(2))
      const old = new Set((await podsOf(world, 'web')).map(nameOf))
      const watch = await world.api.watch(`${pods(world)}?watch=true&labelSelector=app%3Dweb&resourceVersion=${versionOf(await world.get(pods(world)))}`)
      await world.patch(deployments(world, 'web'), withImage('web:2'), 'strategic-merge')
      await becomes(world, deployments(world, 'web'), 'it is complete again', isComplete(2))
      const events = (await watch.rest()).map(({ type, object }) => `${type} ${old.has(nameOf(object)) ? 'old' : 'new'}`)
      watch.stop()
      assert.ok(events.indexOf('ADDED new') > events.lastIndexOf('DELETED old') && events.includes('DELETED old'), events.join(', '))
      assert.deepEqual(imagesOf(await podsOf(world, 'web')), ['web:2', 'web:2'])
    },
  },
  {
    row: '[sig-apps] Deployment RollingUpdateDeployment should delete old pods and create new ones [Conformance]',
    tell: async (world) => {
      const labels = { app: 'sample', pod: 'web' }
      const given = (image: string): object => ({ ...template('sample', image), metadata: { labels } })
      await world.create(sets(world), { metadata: { name: 'rolling', annotations: { 'deployment.kubernetes.io/revision': '3546343826724305832' }, labels }, spec: { replicas: 1, selector: { matchLabels: labels }, template: given('web:1') } })
      await hasReady(world, sets(world, 'rolling'), 1)
      await world.create(deployments(world), { metadata: { name: 'rolled' }, spec: { replicas: 1, selector: { matchLabels: labels }, template: given('web:2') } })
      const done = await becomes(world, deployments(world, 'rolled'), 'it is complete', isComplete(1))
      const old = await becomes(world, sets(world, 'rolling'), 'the old set is empty', (set) => (at(set, 'status', 'replicas') ?? 0) === 0)
      assert.deepEqual([ownersOf(old), at(old, 'spec', 'replicas')], [['Deployment rolled'], 0])
      const fresh = (await setsOf(world, 'sample')).find((set) => nameOf(set) !== 'rolling')
      // The number is beyond what a double holds exactly: upstream's counts on in 64 bits.
      assert.equal(at(done, 'metadata', 'annotations', 'deployment.kubernetes.io/revision'), '3546343826724305833')
      assert.deepEqual([text(fresh, 'metadata', 'annotations', 'deployment.kubernetes.io/revision'), ownersOf(fresh ?? {}), text(fresh, 'metadata', 'labels', 'pod-template-hash') !== ''], ['3546343826724305833', ['Deployment rolled'], true])
    },
  },
  {
    row: '[sig-apps] Deployment deployment should delete old replica sets [Conformance]',
    tell: async (world) => {
      await world.create(sets(world), { metadata: { name: 'old', labels: { app: 'web' } }, spec: { replicas: 1, selector: { matchLabels: { app: 'web' } }, template: template('web') } })
      await hasReady(world, sets(world, 'old'), 1)
      await world.create(deployments(world), aDeployment('web', 1, { revisionHistoryLimit: 0 }, 'web:2'))
      await becomes(world, deployments(world, 'web'), 'it is complete', isComplete(1))
      await until(world.api, 'the old set is gone', () => world.isGone(sets(world, 'old')))
      assert.equal((await setsOf(world, 'web')).length, 1)
    },
  },
  {
    row: '[sig-apps] Deployment should run the lifecycle of a Deployment [Conformance]',
    tell: async (world) => {
      const watch = await world.api.watch(`${deployments(world)}?watch=true&labelSelector=app%3Dweb`)
      await world.create(deployments(world), aDeployment('web', 1))
      await sees(watch, 'ADDED', ['web'])
      await sees(watch, 'MODIFIED', ['web'], ({ object }) => at(object, 'status', 'readyReplicas') === 1)
      await world.patch(deployments(world, 'web'), { metadata: { labels: { patched: 'yes' } }, spec: { replicas: 2, ...withImage('web:2').spec } }, 'strategic-merge')
      await sees(watch, 'MODIFIED', ['web'], ({ object }) => isComplete(2)(object))
      assert.deepEqual(await world.names(`${world.everywhere('apps/v1', 'deployments')}?labelSelector=app%3Dweb,patched%3Dyes`), ['web'])
      await world.patch(`${deployments(world, 'web')}/status`, { metadata: { annotations: { by: 'status' } }, status: { conditions: [{ type: 'Patched', status: 'True' }] } }, 'merge')
      await update(world, deployments(world, 'web'), (object) => ({ ...object, metadata: { ...at(object, 'metadata') as Fields, annotations: { updated: 'yes' } } }))
      contains(await world.get(deployments(world, 'web')), { metadata: { annotations: { updated: 'yes' } } })
      assert.equal((await world.ask('DELETE', `${deployments(world)}?labelSelector=app%3Dweb`)).status, 200)
      await sees(watch, 'DELETED', ['web'])
      watch.stop()
    },
  },
  {
    row: '[sig-apps] Deployment should validate Deployment Status endpoints [Conformance]',
    tell: async (world) => {
      await world.create(deployments(world), aDeployment('web', 1))
      await becomes(world, deployments(world, 'web'), 'it is complete', isComplete(1))
      await conditionsAreWritten(world, deployments(world, 'web'))
    },
  },
]
