import assert from 'node:assert/strict'
import { at, list, until } from '../api.ts'
import { contains, sees, update } from '../operations.ts'
import type { Story, World } from '../story.ts'
import { emptied } from './lists-and-watches.ts'

const time = '2026-01-01T00:00:00.000000Z'
const core = (world: World, name?: string): string => world.path('v1', 'events', name)
const newer = (world: World, name?: string): string => world.path('events.k8s.io/v1', 'events', name)
const about = (world: World): object => ({ apiVersion: 'v1', kind: 'Pod', name: 'web', namespace: world.namespace })

const aCoreEvent = (world: World, name: string): object => ({ metadata: { name, labels: { story: world.namespace } }, involvedObject: about(world), reason: 'Told', message: 'This is told', type: 'Normal', source: { component: 'story' }, firstTimestamp: '2026-01-01T00:00:00Z', lastTimestamp: '2026-01-01T00:00:00Z', count: 1 })
const aNewerEvent = (world: World, name: string): object => ({ metadata: { name, labels: { story: world.namespace } }, regarding: about(world), reason: 'Told', note: 'This is told', type: 'Normal', action: 'Telling', reportingController: 'example.com/story', reportingInstance: 'story-1', eventTime: time })

async function collectionGoes(world: World, path: string, make: (name: string) => object): Promise<void> {
  for (const name of ['one', 'two', 'three']) await world.create(path, make(name))
  const selected = `${path}?labelSelector=story%3D${world.namespace}`
  assert.deepEqual([...await world.names(selected)].sort(), ['one', 'three', 'two'])
  await emptied(world, path, `story=${world.namespace}`)
  assert.deepEqual(await world.names(selected), [])
}

export const eventStories: readonly Story[] = [
  { row: '[sig-instrumentation] Events should delete a collection of events [Conformance]', tell: (world) => collectionGoes(world, core(world), (name) => aCoreEvent(world, name)) },
  { row: '[sig-instrumentation] Events API should delete a collection of events [Conformance]', tell: (world) => collectionGoes(world, newer(world), (name) => aNewerEvent(world, name)) },
  {
    row: '[sig-instrumentation] Events should manage the lifecycle of an event [Conformance]',
    tell: async (world) => {
      const everywhere = `${world.everywhere('v1', 'events')}?labelSelector=story%3D${world.namespace}`
      await world.create(core(world), aCoreEvent(world, 'one'))
      assert.deepEqual(await world.names(everywhere), ['one'])
      const patched = await world.patch(core(world, 'one'), { message: 'This was patched' }, 'strategic-merge')
      assert.equal(patched['message'], 'This was patched')
      const updated = await update(world, core(world, 'one'), (object) => ({ ...object, message: 'This was updated', count: 2 }))
      contains(updated, { message: 'This was updated', count: 2 })
      contains(await world.get(core(world, 'one')), { message: 'This was updated', count: 2 })
      await emptied(world, core(world), `story=${world.namespace}`)
      assert.deepEqual(await world.names(everywhere), [])
    },
  },
  {
    row: '[sig-instrumentation] Events API should ensure that an event can be fetched, patched, deleted, and listed [Conformance]',
    tell: async (world) => {
      const watch = await world.api.watch(`${newer(world)}?watch=true&labelSelector=story%3D${world.namespace}`)
      await world.create(newer(world), aNewerEvent(world, 'one'))
      await sees(watch, 'ADDED', ['one'])
      assert.deepEqual(await world.names(`${world.everywhere('events.k8s.io/v1', 'events')}?labelSelector=story%3D${world.namespace}`), ['one'])
      assert.deepEqual(await world.names(`${newer(world)}?fieldSelector=reportingController%3Dexample.com/story`), ['one'])
      assert.deepEqual(await world.names(`${newer(world)}?fieldSelector=reportingController%3Dother`), [])
      // It is the same object as in the older API.
      contains(await world.get(core(world, 'one')), { message: 'This is told', involvedObject: about(world), reportingComponent: 'example.com/story' })
      const patched = await world.patch(newer(world, 'one'), { series: { count: 2, lastObservedTime: '2014-01-01T00:00:00.000000Z' } }, 'strategic-merge')
      assert.equal(at(patched, 'series', 'count'), 2)
      await sees(watch, 'MODIFIED', ['one'])
      await update(world, newer(world, 'one'), (object) => ({ ...object, series: { count: 100, lastObservedTime: '2014-01-02T00:00:00.000000Z' } }))
      contains(await world.get(newer(world, 'one')), { note: 'This is told', series: { count: 100, lastObservedTime: '2014-01-02T00:00:00.000000Z' } })
      await world.remove(newer(world, 'one'))
      await until(world.api, 'it is gone', () => world.isGone(newer(world, 'one')))
      assert.deepEqual(list(await world.get(newer(world)), 'items').filter((one) => at(one, 'metadata', 'name') === 'one'), [])
      watch.stop()
    },
  },
]
