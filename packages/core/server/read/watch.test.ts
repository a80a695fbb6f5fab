import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aPod, aWorld, dawn, settle, type World } from '../testing.ts'

const pods = '/api/v1/namespaces/default/pods'
function world(): World {
  const made = aWorld()
  settle(made)
  made.ask(`POST ${pods}`, aPod('a', { labels: { app: 'web' } }))
  return made
}
type Told = ReturnType<ReturnType<World['watch']>['read']>
const brief = (events: Told): readonly string[] => events.map(({ type, object }) => {
  const { name, resourceVersion } = (object['metadata'] ?? {}) as { name?: string; resourceVersion?: string }
  return [type, name, resourceVersion].filter((each) => each !== undefined).join(' ')
})
const label = (made: World, app: string): void => { made.ask(`PATCH ${pods}/a`, { metadata: { labels: { app } } }, { headers: { 'content-type': 'application/merge-patch+json' } }) }

test('without a resourceVersion a watch starts with what is there', () => {
  const made = world()
  const watch = made.watch(`${pods}?watch=1`)
  assert.deepEqual(brief(watch.read()), ['ADDED a 3'])
  made.ask(`POST ${pods}`, aPod('b'))
  made.ask(`DELETE ${pods}/a`)
  assert.deepEqual(brief(watch.read()), ['ADDED b 4', 'MODIFIED a 5', 'DELETED a 6'])
  assert.deepEqual(brief(watch.read()), [])
})

test('a watch resumes after a resourceVersion, and other kinds or namespaces do not disturb it', () => {
  const made = world()
  settle(made, 'other')
  made.ask('POST /api/v1/namespaces/other/pods', aPod('x'))
  label(made, 'db')
  assert.deepEqual(brief(made.watch(`${pods}?watch=true&resourceVersion=3`).read()), ['MODIFIED a 7'])
  assert.deepEqual(brief(made.watch('/api/v1/pods?watch=true&resourceVersion=3').read()), ['ADDED x 6', 'MODIFIED a 7'])
})

test('a selector turns changes into comings and goings, and never tells of what was not seen', () => {
  const made = world()
  const web = made.watch(`${pods}?watch=true&labelSelector=app%3Dweb&resourceVersion=3`)
  const named = made.watch(`${pods}?watch=true&fieldSelector=metadata.name%3Dother&resourceVersion=3`)
  label(made, 'db')
  label(made, 'cache')
  label(made, 'web')
  made.ask(`DELETE ${pods}/a`)
  assert.deepEqual(brief(web.read()), ['DELETED a 4', 'ADDED a 6', 'MODIFIED a 7', 'DELETED a 8'])
  assert.deepEqual(brief(named.read()), [])
})

test('one object is watched by its name, as a field or in the old form; with its name in the path it is read', () => {
  const made = world()
  made.ask(`POST ${pods}`, aPod('b'))
  assert.deepEqual(brief(made.watch(`${pods}?watch=true&fieldSelector=metadata.name%3Da`).read()), ['ADDED a 3'])
  assert.equal((made.ask(`GET ${pods}/a?watch=true`).body as { kind: string }).kind, 'Pod')
  assert.deepEqual(brief(made.watch(`/api/v1/watch/namespaces/default/pods/b`).read()), ['ADDED b 4'])
})

test('sendInitialEvents ends the initial events with a bookmark', () => {
  const made = world()
  const query = 'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
  const events = made.watch(`${pods}?${query}`).read()
  assert.deepEqual(brief(events), ['ADDED a 3', 'BOOKMARK 3'])
  assert.deepEqual(events[1]?.object, { kind: 'Pod', apiVersion: 'v1', metadata: { resourceVersion: '3', annotations: { 'k8s.io/initial-events-end': 'true' } } })
  const { status, body } = made.ask(`GET ${pods}?watch=true&sendInitialEvents=true`)
  assert.deepEqual([status, (body as { message: string }).message],
    [422, 'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'])
})

test('bookmarks come once a minute to those who allow them', () => {
  const made = world()
  const watch = made.watch(`${pods}?watch=true&resourceVersion=3&allowWatchBookmarks=true`)
  settle(made, 'other')
  assert.deepEqual(brief(watch.read()), [])
  made.clock.advanceTo(dawn + 60_000)
  assert.deepEqual(brief(watch.read()), ['BOOKMARK 5'])
})

test('a watch ends when its time is over', () => {
  const made = world()
  const { reader } = made.watch(`${pods}?watch=true&resourceVersion=3&timeoutSeconds=10`)
  assert.deepEqual([reader.deadline, reader.read(1000).done], [dawn + 10_000, false])
  made.clock.advanceTo(dawn + 10_000)
  assert.deepEqual(reader.read(1000), { frames: [], asOf: 3, more: false, done: true })
})

test('a watch of what is forgotten is told so in the stream', () => {
  const made = world()
  made.ask(`POST ${pods}`, aPod('b'))
  made.store.compact(4)
  const watch = made.watch(`${pods}?watch=true&resourceVersion=1`)
  assert.deepEqual(watch.read(), [{ type: 'ERROR', object: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: 'too old resource version: 1 (4)', reason: 'Expired', code: 410 } }])
  assert.equal(watch.reader.read(1000).done, true)
})

test('tables in a watch say their columns once', () => {
  const made = world()
  const watch = made.watch(`${pods}?watch=true`, { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } })
  made.ask(`POST ${pods}`, aPod('b'))
  const events = watch.read() as readonly { readonly type: string; readonly object: { kind: string; columnDefinitions: unknown[] | null; rows: { cells: unknown[] }[] } }[]
  assert.deepEqual(events.map(({ type, object }) => [type, object.kind, object.columnDefinitions?.length, object.rows[0]?.cells[0]]), [['ADDED', 'Table', 9, 'a'], ['ADDED', 'Table', undefined, 'b']])
})

test('a small limit is kept, and what is left comes next', () => {
  const made = world()
  for (const name of ['b', 'c', 'd']) made.ask(`POST ${pods}`, aPod(name))
  const { reader } = made.watch(`${pods}?watch=true&resourceVersion=3`)
  const reads = [reader.read(1), reader.read(1), reader.read(1), reader.read(1)]
  assert.deepEqual(reads.map(({ frames, more, asOf }) => [frames.length, more, asOf]), [[1, true, 4], [1, true, 5], [1, false, 6], [0, false, 6]])
})

test('watchers of one kind share the bytes of a frame', () => {
  const made = world()
  const [one, two] = [made.watch(`${pods}?watch=true&resourceVersion=3`), made.watch('/api/v1/pods?watch=true&resourceVersion=3')]
  made.ask(`POST ${pods}`, aPod('b'))
  assert.equal(one.reader.read(1_000_000).frames[0], two.reader.read(1_000_000).frames[0])
})

test('a watch of what is yet to come waits for it', () => {
  const made = world()
  const watch = made.watch(`${pods}?watch=true&resourceVersion=5&timeoutSeconds=10&allowWatchBookmarks=true`)
  for (const name of ['b', 'c', 'd']) { assert.deepEqual(brief(watch.read()), []); made.ask(`POST ${pods}`, aPod(name)) }
  assert.deepEqual(brief(watch.read()), ['ADDED d 6'])
  const never = made.watch(`${pods}?watch=true&resourceVersion=999&timeoutSeconds=10&allowWatchBookmarks=true`)
  made.clock.advanceTo(dawn + 10_000)
  assert.deepEqual(never.reader.read(1000), { frames: [], asOf: 6, more: false, done: true })
})
