import assert from 'node:assert/strict'
import { at, type Fields, list, nameOf, text, until } from '../api.ts'
import type { Story, World } from '../story.ts'
import { becomes, conditionsAreWritten, imagesOf, ownersOf, patchedAndDeleted, pods, podsOf, template } from '../workloads.ts'

const sets = (world: World, name?: string): string => world.path('apps/v1', 'daemonsets', name)
const revisions = (world: World, name?: string): string => world.path('apps/v1', 'controllerrevisions', name)
const nodes = '/api/v1/nodes'
const aSet = (name: string, more: object = {}, label = name): object => ({ metadata: { name, labels: { story: label } }, spec: { selector: { matchLabels: { app: name } }, template: template(name), ...more } })
/** On so many nodes, all of the newest template and available. */
const runsOn = (world: World, name: string, count: number): Promise<Fields> => becomes(world, sets(world, name), `it runs on ${count}`, ({ metadata, status }) =>
  at(status, 'desiredNumberScheduled') === count && ['numberReady', 'numberAvailable', 'updatedNumberScheduled'].every((field) => (at(status, field) ?? 0) === count) && at(status, 'observedGeneration') === at(metadata, 'generation'))
const placesOf = async (world: World, name: string): Promise<readonly string[]> => (await podsOf(world, name)).map((pod) => text(pod, 'spec', 'nodeName')).sort()
/** Those that take any pod. */
async function openNodes(world: World): Promise<readonly string[]> {
  return list(await world.get(nodes), 'items').filter(({ spec }) => at(spec, 'unschedulable') !== true && list(spec, 'taints').length === 0).map(nameOf).sort()
}

export const daemonSetStories: readonly Story[] = [
  {
    row: '[sig-architecture] Conformance Tests should have at least two untainted nodes [Conformance]',
    tell: async (world) => { assert.ok((await openNodes(world)).length >= 2) },
  },
  {
    row: '[sig-apps] Daemon set should run and stop simple daemon [Conformance] [Serial]',
    tell: async (world) => {
      const everywhere = await openNodes(world)
      await world.create(sets(world), aSet('agent'))
      await runsOn(world, 'agent', everywhere.length)
      assert.deepEqual(await placesOf(world, 'agent'), everywhere)
      const victim = (await podsOf(world, 'agent'))[0] ?? {}
      await world.remove(pods(world, nameOf(victim)))
      await until(world.api, 'another comes', async () => (await podsOf(world, 'agent')).filter((pod) => nameOf(pod) !== nameOf(victim)).length === everywhere.length)
      await runsOn(world, 'agent', everywhere.length)
      await world.remove(`${sets(world, 'agent')}?propagationPolicy=Foreground`)
      await until(world.api, 'its pods are gone', async () => (await podsOf(world, 'agent')).length === 0)
    },
  },
  {
    row: '[sig-apps] Daemon set should run and stop complex daemon [Conformance] [Serial]',
    tell: async (world) => {
      const colour = `${world.namespace}-colour`
      const [node = ''] = await openNodes(world)
      const label = (value: string | null): Promise<Fields> => world.merge(`${nodes}/${node}`, { metadata: { labels: { [colour]: value } } })
      await world.create(sets(world), aSet('agent', { template: template('agent', 'web:1', { nodeSelector: { [colour]: 'blue' } }) }))
      await runsOn(world, 'agent', 0)
      await label('blue')
      await runsOn(world, 'agent', 1)
      assert.deepEqual(await placesOf(world, 'agent'), [node])
      await label('green')
      await runsOn(world, 'agent', 0)
      await until(world.api, 'its pod is gone', async () => (await podsOf(world, 'agent')).length === 0)
      await world.patch(sets(world, 'agent'), { spec: { updateStrategy: { type: 'RollingUpdate' }, template: { spec: { nodeSelector: { [colour]: 'green' } } } } }, 'strategic-merge')
      await runsOn(world, 'agent', 1)
      await label(null)
      await runsOn(world, 'agent', 0)
    },
  },
  {
    row: '[sig-apps] Daemon set should retry creating failed daemon pods [Conformance] [Serial]',
    tell: async (world) => {
      const { length } = await openNodes(world)
      await world.create(sets(world), aSet('agent'))
      await runsOn(world, 'agent', length)
      const victim = nameOf((await podsOf(world, 'agent'))[0])
      await world.merge(`${pods(world, victim)}/status`, { status: { phase: 'Failed' } })
      await until(world.api, 'the failed one is gone', () => world.isGone(pods(world, victim)))
      await runsOn(world, 'agent', length)
    },
  },
  {
    row: '[sig-apps] Daemon set should update pod when spec was updated and update strategy is RollingUpdate [Conformance] [Serial]',
    tell: async (world) => {
      const { length } = await openNodes(world)
      await world.create(sets(world), aSet('agent', { updateStrategy: { type: 'RollingUpdate' } }))
      await runsOn(world, 'agent', length)
      const hashOf = async (): Promise<readonly string[]> => [...new Set((await podsOf(world, 'agent')).map((pod) => text(pod, 'metadata', 'labels', 'controller-revision-hash')))]
      const [before] = await hashOf()
      await world.patch(sets(world, 'agent'), { spec: { template: { spec: { containers: [{ name: 'web', image: 'web:2' }] } } } }, 'strategic-merge')
      await runsOn(world, 'agent', length)
      const after = await hashOf()
      assert.deepEqual([after.length, after[0] === before, new Set(imagesOf(await podsOf(world, 'agent')))], [1, false, new Set(['web:2'])])
      const kept = list(await world.get(revisions(world)), 'items').map((one) => [text(one, 'metadata', 'labels', 'controller-revision-hash'), one['revision']])
      assert.deepEqual(new Map(kept as [string, number][]), new Map([[before, 1], [after[0], 2]]))
    },
  },
  {
    row: '[sig-apps] Daemon set should list and delete a collection of DaemonSets [Conformance] [Serial]',
    tell: async (world) => {
      const { length } = await openNodes(world)
      await world.create(sets(world), aSet('agent', {}, 'many'))
      await runsOn(world, 'agent', length)
      assert.deepEqual(await world.names(`${world.everywhere('apps/v1', 'daemonsets')}?labelSelector=story%3Dmany`), ['agent'])
      await patchedAndDeleted(world, sets(world), 'story=many', {})
    },
  },
  {
    row: '[sig-apps] Daemon set should verify changes to a daemon set status [Conformance] [Serial]',
    tell: async (world) => {
      const { length } = await openNodes(world)
      await world.create(sets(world), aSet('agent'))
      await runsOn(world, 'agent', length)
      await conditionsAreWritten(world, sets(world, 'agent'))
    },
  },
  {
    row: '[sig-apps] ControllerRevision should manage the lifecycle of a ControllerRevision [Conformance] [Serial]',
    tell: async (world) => {
      const { length } = await openNodes(world)
      await world.create(sets(world), aSet('agent'))
      await runsOn(world, 'agent', length)
      const [first] = list(await world.get(`${revisions(world)}?labelSelector=app%3Dagent`), 'items')
      assert.deepEqual(ownersOf(first ?? {}), ['DaemonSet agent'])
      const patched = await world.patch(revisions(world, nameOf(first)), { metadata: { labels: { patched: 'yes' } } }, 'strategic-merge')
      assert.equal(at(patched, 'metadata', 'labels', 'patched'), 'yes')
      const own = async (): Promise<readonly Fields[]> => list(await world.get(`${revisions(world)}?labelSelector=app%3Dagent`), 'items')
      const { labels, ownerReferences } = at(first, 'metadata') as Fields
      const next = await world.create(revisions(world), { metadata: { name: 'by-hand', labels: { ...labels as Fields, story: 'by-hand' }, ownerReferences }, data: first?.['data'], revision: 2 })
      assert.deepEqual([next['revision'], (await own()).length], [2, 2])
      await world.remove(revisions(world, nameOf(first)))
      await until(world.api, 'the one by hand is left', async () => (await own()).map(nameOf).join() === 'by-hand')
      await world.replace(revisions(world, 'by-hand'), { ...await world.get(revisions(world, 'by-hand')), revision: 3 })
      assert.equal((await world.get(revisions(world, 'by-hand')))['revision'], 3)
      await world.patch(sets(world, 'agent'), { spec: { template: { spec: { containers: [{ name: 'web', image: 'web:2' }] } } } }, 'strategic-merge')
      await runsOn(world, 'agent', length)
      assert.deepEqual((await own()).map(({ revision }) => revision).sort(), [3, 4])
      assert.equal((await world.ask('DELETE', `${revisions(world)}?labelSelector=story%3Dby-hand`)).status, 200)
      await until(world.api, 'the newest is left', async () => (await own()).map(({ revision }) => revision).join() === '4')
    },
  },
]
