import assert from 'node:assert/strict'
import { at, type Fields, good, list, refused } from '../api.ts'
import { contains, update } from '../operations.ts'
import type { Story, World } from '../story.ts'
import { becomes, hasReady, pods, template } from '../workloads.ts'

const budgets = (world: World, name?: string): string => world.path('policy/v1', 'poddisruptionbudgets', name)
const sets = (world: World, name?: string): string => world.path('apps/v1', 'replicasets', name)
const aBudget = (spec: object): object => ({ metadata: { name: 'web' }, spec: { selector: { matchLabels: { app: 'web' } }, ...spec } })
const allows = (world: World, disruptionsAllowed: number): Promise<Fields> => becomes(world, budgets(world, 'web'), `${disruptionsAllowed} may go`, ({ metadata, status }) =>
  at(status, 'disruptionsAllowed') === disruptionsAllowed && at(status, 'observedGeneration') === at(metadata, 'generation'))

async function runs(world: World, replicas: number): Promise<string> {
  await world.create(sets(world), { metadata: { name: 'web' }, spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: template('web') } })
  await hasReady(world, sets(world, 'web'), replicas)
  return (await world.names(pods(world)))[0] ?? ''
}
const evict = (world: World, name: string) => world.ask('POST', `${pods(world, name)}/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } })

export const disruptionStories: readonly Story[] = [
  {
    row: '[sig-apps] DisruptionController should block an eviction until the PDB is updated to allow it [Conformance]',
    tell: async (world) => {
      const victim = await runs(world, 3)
      await world.create(budgets(world), aBudget({ minAvailable: 3 }))
      await allows(world, 0)
      refused(await evict(world, victim), 429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.")
      await update(world, budgets(world, 'web'), (budget) => ({ ...budget, spec: { ...at(budget, 'spec') as Fields, minAvailable: 2 } }))
      await allows(world, 1)
      good(await evict(world, victim), 201)
      await hasReady(world, sets(world, 'web'), 3)
      await allows(world, 1)
      await world.patch(budgets(world, 'web'), { spec: { minAvailable: 3 } }, 'strategic-merge')
      await allows(world, 0)
      const another = (await world.names(pods(world)))[0] ?? ''
      refused(await evict(world, another), 429, 'TooManyRequests')
      await world.remove(budgets(world, 'web'))
      good(await evict(world, another), 201)
    },
  },
  {
    row: '[sig-apps] DisruptionController should observe PodDisruptionBudget status updated [Conformance]',
    tell: async (world) => {
      await world.create(budgets(world), aBudget({ minAvailable: 1 }))
      await allows(world, 0)
      await runs(world, 3)
      const budget = await allows(world, 2)
      contains(at(budget, 'status'), { currentHealthy: 3, desiredHealthy: 1, expectedPods: 3 })
      assert.equal(list(budget, 'status', 'conditions').find(({ type }) => type === 'DisruptionAllowed')?.['reason'], 'SufficientPods')
    },
  },
  {
    row: '[sig-apps] DisruptionController should update/patch PodDisruptionBudget status [Conformance]',
    tell: async (world) => {
      await runs(world, 2)
      await world.create(budgets(world), aBudget({ minAvailable: 1 }))
      await allows(world, 1)
      const written = await update(world, budgets(world, 'web'), (budget) => ({ ...budget, status: { ...at(budget, 'status') as Fields, disruptedPods: { gone: '2026-01-01T00:00:00Z' } } }), '/status')
      contains(at(written, 'status', 'disruptedPods'), { gone: '2026-01-01T00:00:00Z' })
      // Nobody of that name is there any more: the controller forgets him.
      await becomes(world, budgets(world, 'web'), 'who is gone is forgotten', ({ status }) => at(status, 'disruptedPods', 'gone') === undefined)
      await world.merge(`${budgets(world, 'web')}/status`, { status: { disruptedPods: { other: '2026-01-01T00:00:00Z' } } })
      await becomes(world, budgets(world, 'web'), 'who is gone is forgotten', ({ status }) => at(status, 'disruptedPods', 'other') === undefined)
    },
  },
]
