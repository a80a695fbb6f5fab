import assert from 'node:assert/strict'
import { at, list, text, until } from '../api.ts'
import { contains, update } from '../operations.ts'
import type { Story, World } from '../story.ts'

const namespaces = '/api/v1/namespaces'
async function aNamespace(world: World): Promise<string> {
  const name = world.unique('more')
  await world.create(namespaces, { metadata: { name } })
  return `${namespaces}/${name}`
}
const finalizer = 'example.com/story'

export const namespaceStories: readonly Story[] = [
  {
    row: '[sig-api-machinery] Namespaces should patch a Namespace [Conformance] [Serial]',
    tell: async (world) => {
      const path = await aNamespace(world)
      await world.patch(path, { metadata: { labels: { testLabel: 'testValue' } } }, 'strategic-merge')
      assert.equal(at(await world.get(path), 'metadata', 'labels', 'testLabel'), 'testValue')
    },
  },
  {
    row: '[sig-api-machinery] Namespaces should apply an update to a Namespace [Conformance] [Serial]',
    tell: async (world) => {
      const path = await aNamespace(world)
      await update(world, path, (object) => ({ ...object, metadata: { ...object['metadata'] as object, labels: { updated: 'yes' } } }))
      assert.equal(at(await world.get(path), 'metadata', 'labels', 'updated'), 'yes')
    },
  },
  {
    row: '[sig-api-machinery] Namespaces should apply changes to a namespace status [Conformance] [Serial]',
    tell: async (world) => {
      const path = await aNamespace(world)
      assert.equal(text(await world.get(`${path}/status`), 'status', 'phase'), 'Active')
      const condition = (type: string) => ({ type, status: 'True', reason: 'Story', message: 'Set by a story', lastTransitionTime: '2026-01-01T00:00:00Z' })
      contains(await world.merge(`${path}/status`, { metadata: { annotations: { patched: 'yes' } }, status: { conditions: [condition('StatusPatch')] } }), { status: { phase: 'Active', conditions: [condition('StatusPatch')] } })
      await update(world, path, (object) => ({ ...object, status: { ...object['status'] as object, conditions: [...list(object, 'status', 'conditions'), condition('StatusUpdate')] } }), '/status')
      assert.deepEqual(list(await world.get(path), 'status', 'conditions').map(({ type }) => type), ['StatusPatch', 'StatusUpdate'])
    },
  },
  {
    row: '[sig-api-machinery] Namespaces should apply a finalizer to a Namespace [Conformance] [Serial]',
    tell: async (world) => {
      const path = await aNamespace(world)
      const finalizers = async (change: (before: readonly unknown[]) => readonly unknown[]): Promise<unknown> => {
        const object = await world.get(path)
        return at(await world.replace(`${path}/finalize`, { ...object, spec: { finalizers: change(list(object, 'spec', 'finalizers')) } }), 'spec', 'finalizers')
      }
      assert.deepEqual(await finalizers((before) => [...before, finalizer]), ['kubernetes', finalizer])
      // It holds the namespace until it is taken away.
      await world.remove(path)
      const held = await until(world.api, 'only this finalizer is left', async () => {
        const object = await world.get(path)
        return list(object, 'spec', 'finalizers').length === 1 && object
      })
      assert.deepEqual([at(held, 'spec', 'finalizers'), text(held, 'status', 'phase')], [[finalizer], 'Terminating'])
      await finalizers(() => [])
      await until(world.api, 'it is gone', () => world.isGone(path))
    },
  },
  {
    row: '[sig-api-machinery] Namespaces should ensure that all services are removed when a namespace is deleted [Conformance] [Serial]',
    tell: async (world) => {
      const path = await aNamespace(world)
      await world.create(`${path}/services`, { metadata: { name: 'web' }, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } })
      await world.remove(path)
      await until(world.api, 'it is gone', () => world.isGone(path))
      await world.create(namespaces, { metadata: { name: path.split('/').at(-1) } })
      assert.deepEqual(await world.names(`${path}/services`), [])
    },
  },
]
