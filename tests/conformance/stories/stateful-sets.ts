import assert from 'node:assert/strict'
import { at, type Fields, nameOf, text, until } from '../api.ts'
import type { Story, World } from '../story.ts'
import { becomes, conditionsAreWritten, hasReady, patchedAndDeleted, pods, podsOf, scales, template } from '../workloads.ts'

const sets = (world: World, name?: string): string => world.path('apps/v1', 'statefulsets', name)
const aSet = (name: string, replicas: number, more: object = {}, label = name): object =>
  ({ metadata: { name, labels: { story: label } }, spec: { replicas, serviceName: 'web', selector: { matchLabels: { app: name } }, template: template(name), ...more } })
const images = async (world: World): Promise<readonly string[]> => [...await podsOf(world, 'web')].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)).map((pod) => text(pod, 'spec', 'containers', 0, 'image'))
const revision = (pod: Fields): string => text(pod, 'metadata', 'labels', 'controller-revision-hash')
const rolls = (world: World, image: string, partition: number): Promise<Fields> =>
  world.patch(sets(world, 'web'), { spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition } }, template: { spec: { containers: [{ name: 'web', image }] } } } }, 'strategic-merge')
/** So many pods are of the new revision, and all run. */
const hasUpdated = (world: World, updated: number): Promise<Fields> => becomes(world, sets(world, 'web'), `${updated} updated`, ({ metadata, status }) =>
  (at(status, 'updatedReplicas') ?? 0) === updated && at(status, 'readyReplicas') === 3 && at(status, 'observedGeneration') === at(metadata, 'generation'))

export const statefulSetStories: readonly Story[] = [
  {
    row: '[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should have a working scale subresource [Conformance]',
    tell: async (world) => {
      await world.create(sets(world), aSet('web', 1))
      await hasReady(world, sets(world, 'web'), 1)
      await scales(world, sets(world, 'web'), 1)
      assert.deepEqual((await podsOf(world, 'web')).map(nameOf).sort(), ['web-0', 'web-1', 'web-2', 'web-3'])
    },
  },
  {
    row: '[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should list, patch and delete a collection of StatefulSets [Conformance]',
    tell: async (world) => {
      await world.create(sets(world), aSet('web', 1, {}, 'many'))
      await hasReady(world, sets(world, 'web'), 1)
      await world.patch(sets(world, 'web'), { metadata: { labels: { patched: 'yes' } }, spec: { replicas: 2, template: { spec: { containers: [{ name: 'web', image: 'web:2' }] } } } }, 'strategic-merge')
      await becomes(world, sets(world, 'web'), 'both pods are new', ({ status }) => at(status, 'readyReplicas') === 2 && at(status, 'updatedReplicas') === 2)
      assert.deepEqual(await world.names(`${world.everywhere('apps/v1', 'statefulsets')}?labelSelector=story%3Dmany,patched%3Dyes`), ['web'])
      await patchedAndDeleted(world, sets(world), 'story=many', {})
    },
  },
  {
    row: '[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should perform canary updates and phased rolling updates of template modifications [Conformance]',
    tell: async (world) => {
      await world.create(sets(world), aSet('web', 3, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 3 } } }))
      const before = await hasReady(world, sets(world, 'web'), 3)
      assert.equal(at(before, 'status', 'currentRevision'), at(before, 'status', 'updateRevision'))
      // Beyond the partition there is nobody: a new revision, and no new pod.
      const held = await rolls(world, 'web:2', 3).then(() => becomes(world, sets(world, 'web'), 'it has a new revision', ({ status }) => at(status, 'currentRevision') !== at(status, 'updateRevision')))
      assert.deepEqual(await images(world), ['web:1', 'web:1', 'web:1'])
      // The canary is the highest.
      await rolls(world, 'web:2', 2)
      await hasUpdated(world, 1)
      assert.deepEqual(await images(world), ['web:1', 'web:1', 'web:2'])
      // Whoever goes comes back as he was.
      for (const name of ['web-0', 'web-2']) {
        const uid = text(await world.get(pods(world, name)), 'metadata', 'uid')
        await world.remove(pods(world, name))
        const back = await becomes(world, pods(world, name), 'it is back', (pod) => text(pod, 'metadata', 'uid') !== uid && at(pod, 'status', 'phase') === 'Running')
        assert.equal(revision(back), text(held, 'status', name === 'web-0' ? 'currentRevision' : 'updateRevision'))
      }
      for (const [partition, expected] of [[1, ['web:1', 'web:2', 'web:2']], [0, ['web:2', 'web:2', 'web:2']]] as const) {
        await rolls(world, 'web:2', partition)
        await hasUpdated(world, 3 - partition)
        assert.deepEqual(await images(world), expected)
      }
      await until(world.api, 'the update is over', async () => { const set = await world.get(sets(world, 'web')); return at(set, 'status', 'currentRevision') === at(held, 'status', 'updateRevision') && at(set, 'status', 'currentReplicas') === 3 })
    },
  },
  {
    row: '[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should validate Statefulset Status endpoints [Conformance]',
    tell: async (world) => {
      await world.create(sets(world), aSet('web', 1))
      await hasReady(world, sets(world, 'web'), 1)
      await conditionsAreWritten(world, sets(world, 'web'))
    },
  },
]
