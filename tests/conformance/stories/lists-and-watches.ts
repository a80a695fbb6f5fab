import assert from 'node:assert/strict'
import { at, type Fields, good, list, nameOf, refused, text, until, versionOf, type Watch } from '../api.ts'
import type { Story, World } from '../story.ts'

const templates = 400
const maps = (world: World, name?: string): string => world.path('v1', 'configmaps', name)
const podTemplate = (index: number): object => ({ metadata: { name: `template-${String(index).padStart(4, '0')}` }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } } })

async function manyTemplates(world: World): Promise<string> {
  const path = world.path('v1', 'podtemplates')
  for (let index = 0; index < templates; index++) await world.create(path, podTemplate(index))
  return path
}

/** Every event of `count`, as 'TYPE name mutation'. */
async function told(watch: Watch, count: number): Promise<readonly string[]> {
  const found: string[] = []
  while (found.length < count) {
    const { type, object } = await watch.next()
    found.push([type, nameOf(object), text(object, 'data', 'mutation')].filter((word) => word !== '').join(' '))
  }
  return found
}
const watchLabelled = (world: World, selector: string, more = ''): Promise<Watch> => world.api.watch(`${maps(world)}?watch=true&labelSelector=${encodeURIComponent(selector)}${more}`)
const aMap = (name: string, label: string): object => ({ metadata: { name, labels: { watched: label } } })
const mutate = (world: World, name: string, mutation: number): Promise<Fields> => world.merge(maps(world, name), { data: { mutation: String(mutation) } })
const from = (object: Fields): string => `&resourceVersion=${versionOf(object)}`

export const listsAndWatches: readonly Story[] = [
  {
    row: '[sig-api-machinery] Servers with support for API chunking should return chunks of results for list calls [Conformance]',
    tell: async (world) => {
      const path = await manyTemplates(world)
      for (const limit of [17, 100, 399]) {
        let [token, version, found] = ['', '', 0]
        do {
          const page = await world.get(`${path}?limit=${limit}${token === '' ? '' : `&continue=${encodeURIComponent(token)}`}`)
          const items = list(page, 'items')
          assert.equal(items.length, Math.min(limit, templates - found))
          for (const item of items) assert.equal(nameOf(item), `template-${String(found++).padStart(4, '0')}`)
          version ||= versionOf(page)
          assert.equal(versionOf(page), version)
          token = text(page, 'metadata', 'continue')
          assert.equal(at(page, 'metadata', 'remainingItemCount'), found === templates ? undefined : templates - found)
          // What comes and goes meanwhile is not in the pages to come.
          if (found === limit && limit === 17) await world.remove(`${path}/template-0399`)
        } while (token !== '')
        assert.equal(found, templates)
        if (limit === 17) await world.create(path, podTemplate(399))
      }
      assert.equal((await world.names(path)).length, templates)
      assert.equal((await world.names(`${path}?limit=${templates}`)).length, templates)
    },
  },
  {
    row: '[sig-api-machinery] Servers with support for API chunking should support continue listing from the last key if the original version has been compacted away, though the list is inconsistent [Conformance] [Slow]',
    tell: async (world) => {
      const path = await manyTemplates(world)
      const first = await world.get(`${path}?limit=40`)
      const token = text(first, 'metadata', 'continue')
      await world.remove(`${path}/template-0200`)
      let inconsistent = ''
      for (let minutes = 0; inconsistent === ''; minutes++) {
        assert.ok(minutes < 20, 'history is compacted in twenty minutes')
        await world.api.advance(60_000)
        await world.merge(`${path}/template-0000`, { metadata: { annotations: { minute: String(minutes) } } })
        const reply = await world.ask('GET', `${path}?limit=40&continue=${encodeURIComponent(token)}`)
        if (reply.status === 200) continue
        refused(reply, 410, 'Expired', /^The provided continue parameter is too old to display a consistent list result/)
        inconsistent = text(reply.body, 'metadata', 'continue')
        assert.notEqual(inconsistent, '')
      }
      const page = await world.get(`${path}?limit=40&continue=${encodeURIComponent(inconsistent)}`)
      assert.equal(nameOf(list(page, 'items')[0]), 'template-0040')
      assert.notEqual(versionOf(page), versionOf(first))
      const names = list(page, 'items').map(nameOf)
      for (let next = text(page, 'metadata', 'continue'); next !== '';) {
        const more = await world.get(`${path}?limit=40&continue=${encodeURIComponent(next)}`)
        names.push(...list(more, 'items').map(nameOf))
        next = text(more, 'metadata', 'continue')
      }
      assert.deepEqual([names.length, names.includes('template-0200')], [templates - 40 - 1, false])
    },
  },
  {
    row: '[sig-api-machinery] Watchers should observe add, update, and delete watch notifications on configmaps [Conformance]',
    tell: async (world) => {
      const [a, b, both] = [await watchLabelled(world, 'watched=a'), await watchLabelled(world, 'watched=b'), await watchLabelled(world, 'watched in (a,b)')]
      await world.create(maps(world), aMap('one', 'a'))
      await mutate(world, 'one', 1)
      await mutate(world, 'one', 2)
      await world.remove(maps(world, 'one'))
      await world.create(maps(world), aMap('two', 'b'))
      await world.remove(maps(world, 'two'))
      const [first, second] = [['ADDED one', 'MODIFIED one 1', 'MODIFIED one 2', 'DELETED one 2'], ['ADDED two', 'DELETED two']]
      assert.deepEqual([await told(a, 4), await told(b, 2), await told(both, 6)], [first, second, [...first, ...second]])
      assert.deepEqual([await a.rest(), await b.rest(), await both.rest()], [[], [], []])
      for (const watch of [a, b, both]) watch.stop()
    },
  },
  {
    row: '[sig-api-machinery] Watchers should be able to start watching from a specific resource version [Conformance]',
    tell: async (world) => {
      await world.create(maps(world), aMap('one', 'from'))
      const middle = await mutate(world, 'one', 1)
      await mutate(world, 'one', 2)
      await world.remove(maps(world, 'one'))
      const watch = await watchLabelled(world, 'watched=from', from(middle))
      assert.deepEqual(await told(watch, 2), ['MODIFIED one 2', 'DELETED one 2'])
      watch.stop()
    },
  },
  {
    row: '[sig-api-machinery] Watchers should be able to restart watching from the last resource version observed by the previous watch [Conformance]',
    tell: async (world) => {
      const first = await watchLabelled(world, 'watched=again')
      await world.create(maps(world), aMap('one', 'again'))
      await mutate(world, 'one', 1)
      await first.next()
      const last = await first.next()
      assert.equal(last.type, 'MODIFIED')
      first.stop()
      await mutate(world, 'one', 2)
      await world.remove(maps(world, 'one'))
      const second = await watchLabelled(world, 'watched=again', from(last.object))
      assert.deepEqual(await told(second, 2), ['MODIFIED one 2', 'DELETED one 2'])
      second.stop()
    },
  },
  {
    row: "[sig-api-machinery] Watchers should observe an object deletion if it stops meeting the requirements of the selector [Conformance]",
    tell: async (world) => {
      const watch = await watchLabelled(world, 'watched=yes')
      await world.create(maps(world), aMap('one', 'yes'))
      await mutate(world, 'one', 1)
      await world.merge(maps(world, 'one'), { metadata: { labels: { watched: 'no' } } })
      assert.deepEqual(await told(watch, 3), ['ADDED one', 'MODIFIED one 1', 'DELETED one 1'])
      await mutate(world, 'one', 2)
      assert.deepEqual(await watch.rest(), [])
      await world.merge(maps(world, 'one'), { metadata: { labels: { watched: 'yes' } } })
      await mutate(world, 'one', 3)
      await world.remove(maps(world, 'one'))
      assert.deepEqual(await told(watch, 3), ['ADDED one 2', 'MODIFIED one 3', 'DELETED one 3'])
      watch.stop()
    },
  },
  {
    row: '[sig-api-machinery] Watchers should receive events on concurrent watches in same order [Conformance]',
    tell: async (world) => {
      // As many watches as events, each begun where the last one had come to.
      const rounds = 40
      const main = await watchLabelled(world, 'watched=order')
      const watches: Watch[] = []
      const expected: string[] = []
      const seen = async (watch: Watch): Promise<string> => {
        const { type, object } = await watch.next()
        return `${type} ${nameOf(object)} ${versionOf(object)}`
      }
      for (let round = 0; round < rounds; round++) {
        const name = `m-${Math.floor(round / 4)}`
        if (round % 4 === 0) await world.create(maps(world), aMap(name, 'order'))
        else if (round % 4 === 3) await world.remove(maps(world, name))
        else await mutate(world, name, round)
        const event = await seen(main)
        expected.push(event)
        watches.push(await watchLabelled(world, 'watched=order', `&resourceVersion=${event.split(' ')[2] ?? ''}`))
      }
      for (const [round, watch] of watches.entries()) {
        for (const event of expected.slice(round + 1)) assert.equal(await seen(watch), event)
        watch.stop()
      }
      main.stop()
    },
  },
]

/** Deletes what a selector finds, and waits until it is gone. */
export async function emptied(world: World, path: string, selector: string): Promise<void> {
  const selected = `${path}?labelSelector=${encodeURIComponent(selector)}`
  good(await world.ask('DELETE', selected), 200)
  await until(world.api, `${path} is empty`, async () => (await world.names(selected)).length === 0)
}
