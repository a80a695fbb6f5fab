import assert from 'node:assert/strict'
import { at, list, text, until } from '../api.ts'
import { contains, supports, update } from '../operations.ts'
import type { Story, World } from '../story.ts'
import { emptied } from './lists-and-watches.ts'

const jobTemplate = { spec: { template: { spec: { restartPolicy: 'OnFailure', containers: [{ name: 'work', image: 'work:1', command: ['true'] }] } } } }
const budgets = (world: World, name?: string): string => world.path('policy/v1', 'poddisruptionbudgets', name)

export const appStories: readonly Story[] = [
  {
    row: '[sig-apps] CronJob should support CronJob API operations [Conformance]',
    tell: (world) => supports(world, {
      apiVersion: 'batch/v1', plural: 'cronjobs', kind: 'CronJob', scope: 'Namespaced', fields: { spec: { schedule: '0 0 1 1 *', suspend: true, jobTemplate } },
      status: [{ lastScheduleTime: '2026-01-01T00:00:00Z' }, { lastScheduleTime: '2026-01-02T00:00:00Z' }],
    }),
  },
  {
    row: '[sig-apps] CronJob should not schedule jobs when suspended [Conformance] [Slow]',
    tell: async (world) => {
      const path = world.path('batch/v1', 'cronjobs')
      await world.create(path, { metadata: { name: 'tick' }, spec: { schedule: '*/1 * * * *', suspend: true, jobTemplate } })
      await world.api.advance(5 * 60_000)
      assert.deepEqual([await world.names(world.path('batch/v1', 'jobs')), list(await world.get(`${path}/tick`), 'status', 'active')], [[], []])
      await world.merge(`${path}/tick`, { spec: { suspend: false } })
      await world.api.advance(2 * 60_000)
      await until(world.api, 'it goes on', async () => (await world.names(world.path('batch/v1', 'jobs'))).length > 0)
      await world.remove(`${path}/tick`)
    },
  },
  {
    row: '[sig-apps] DisruptionController should create a PodDisruptionBudget [Conformance]',
    tell: async (world) => {
      const created = await world.create(budgets(world), { metadata: { name: 'web' }, spec: { minAvailable: '1%', selector: { matchLabels: { app: 'web' } } } })
      assert.equal(at(created, 'spec', 'minAvailable'), '1%')
      const updated = await update(world, budgets(world, 'web'), (object) => ({ ...object, spec: { ...object['spec'] as object, minAvailable: '2%' } }))
      const patched = await world.patch(budgets(world, 'web'), { spec: { minAvailable: '3%' } }, 'merge')
      assert.deepEqual([at(updated, 'spec', 'minAvailable'), at(patched, 'spec', 'minAvailable'), at(patched, 'metadata', 'generation')], ['2%', '3%', 3])
      const versions = [created, updated, patched].map((object) => Number(text(object, 'metadata', 'resourceVersion')))
      assert.deepEqual(versions, [...versions].sort((a, b) => a - b))
      await until(world.api, 'the controller has seen it', async () => at(await world.get(budgets(world, 'web')), 'status', 'observedGeneration') === 3)
      await world.remove(budgets(world, 'web'))
      await until(world.api, 'it is gone', () => world.isGone(budgets(world, 'web')))
    },
  },
  {
    row: '[sig-apps] DisruptionController Listing PodDisruptionBudgets for all namespaces should list and delete a collection of PodDisruptionBudgets [Conformance]',
    tell: async (world) => {
      const other = world.unique('more')
      await world.create('/api/v1/namespaces', { metadata: { name: other } })
      const elsewhere = `/apis/policy/v1/namespaces/${other}/poddisruptionbudgets`
      const aBudget = (name: string): object => ({ metadata: { name, labels: { story: world.namespace } }, spec: { minAvailable: 1, selector: { matchLabels: { app: name } } } })
      for (const [path, name] of [[budgets(world), 'one'], [budgets(world), 'two'], [elsewhere, 'three']] as const) await world.create(path, aBudget(name))
      const everywhere = `${world.everywhere('policy/v1', 'poddisruptionbudgets')}?labelSelector=story%3D${world.namespace}`
      assert.deepEqual([...await world.names(everywhere)].sort(), ['one', 'three', 'two'])
      await emptied(world, budgets(world), `story=${world.namespace}`)
      assert.deepEqual(await world.names(everywhere), ['three'])
      contains(await world.get(`${elsewhere}/three`), { spec: { minAvailable: 1 } })
      await world.remove(`/api/v1/namespaces/${other}`)
    },
  },
]
