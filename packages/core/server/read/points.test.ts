// What servers most often get wrong in what they read, point by point as clients were seen to depend on it. The numbers are the
// list's own; points about writes, streams and documents have their tests where those are.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aPod, aWorld, settle, type World } from '../testing.ts'

const pods = '/api/v1/namespaces/default/pods'
const asTable = { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json' } }

function world(): World {
  const made = aWorld()
  settle(made)
  for (const name of ['a', 'b']) made.ask(`POST ${pods}`, aPod(name, { labels: { app: name } }))
  return made
}
type Listed = { readonly kind: string; readonly metadata: Record<string, string>; readonly items: { readonly metadata: { readonly name: string; readonly resourceVersion: string } }[] }
type Table = { readonly kind: string; readonly columnDefinitions: { readonly name: string; readonly priority: number }[] | null; readonly rows: { readonly cells: unknown[]; readonly object?: { readonly kind: string; readonly metadata: { readonly name: string } } }[] }
const list = (made: World, url: string): Listed => made.ask(`GET ${url}`).body as Listed
const names = (made: World, url: string): readonly string[] => list(made, url).items.map(({ metadata }) => metadata.name)
const brief = (events: readonly { readonly type: string; readonly object: Readonly<Record<string, unknown>> }[]): readonly string[] =>
  events.map(({ type, object }) => `${type} ${(object['metadata'] as { name?: string }).name ?? ''} ${(object['metadata'] as { resourceVersion?: string }).resourceVersion ?? ''}`.replace('  ', ' '))

test('3 and 4: a body without Content-Type is JSON, and needs neither kind nor apiVersion', () => {
  const { status, body } = world().ask('POST /api/v1/namespaces/default/configmaps', { metadata: { name: 'c' } }, { headers: {} })
  assert.deepEqual([status, (body as { kind: string }).kind], [201, 'ConfigMap'])
})

test('10 and 11: a table has all columns, ages as text, and rows with as much of the object as is asked', () => {
  const made = world()
  const { kind, columnDefinitions, rows } = made.ask(`GET ${pods}`, undefined, asTable).body as Table
  assert.deepEqual([kind, columnDefinitions?.some(({ priority }) => priority === 1), typeof rows[0]?.cells[4], rows[0]?.object?.kind, rows[0]?.object?.metadata.name], ['Table', true, 'string', 'PartialObjectMetadata', 'a'])
  const kinds = ['None', 'Metadata', 'Object'].map((include) => (made.ask(`GET ${pods}?includeObject=${include}`, undefined, asTable).body as Table).rows[0]?.object?.kind)
  assert.deepEqual(kinds, [undefined, 'PartialObjectMetadata', 'Pod'])
})

test('12: a watch of tables has its columns once, and its errors are a Status', () => {
  const made = world()
  const events = made.watch(`${pods}?watch=true`, asTable).read() as unknown as readonly { readonly object: Table }[]
  assert.deepEqual(events.map(({ object }) => object.columnDefinitions === null), [false, true])
  made.store.compact(4)
  assert.deepEqual(made.watch(`${pods}?watch=true&resourceVersion=1`, asTable).read().map(({ type, object }) => [type, object['kind']]), [['ERROR', 'Status']])
})

test('13: a watch from resourceVersion 0, or none, starts with what is there', () => {
  const made = world()
  for (const from of ['&resourceVersion=0', '']) assert.deepEqual(brief(made.watch(`${pods}?watch=true&fieldSelector=metadata.name%3Da${from}`).read()), ['ADDED a 3'])
})

test('14 and 15: a selector makes comings and goings of changes, a deletion has a revision of its own, and what never matched is not told', () => {
  const made = world()
  const watch = made.watch(`${pods}?watch=true&resourceVersion=4&labelSelector=app%3Da`)
  const label = (name: string, app: string): void => { made.ask(`PATCH ${pods}/${name}`, { metadata: { labels: { app } } }, { headers: { 'content-type': 'application/merge-patch+json' } }) }
  label('a', 'x')
  label('b', 'y')
  label('a', 'a')
  made.ask(`DELETE ${pods}/b`)
  made.ask(`DELETE ${pods}/a`)
  assert.deepEqual(brief(watch.read()), ['DELETED a 5', 'ADDED a 7', 'MODIFIED a 10', 'DELETED a 11'])
})

test('16: sendInitialEvents ends what is there with its bookmark', () => {
  const watch = world().watch(`${pods}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`)
  assert.deepEqual(brief(watch.read()), ['ADDED a 3', 'ADDED b 4', 'BOOKMARK 4'])
})

test('17: what is too old is told inside the watch, what is too new as a time-out of the list', () => {
  const made = world()
  made.store.compact(4)
  const [event] = made.watch(`${pods}?watch=true&resourceVersion=1`).read()
  assert.deepEqual([event?.type, event?.object['code'], event?.object['reason']], ['ERROR', 410, 'Expired'])
  const { status, body } = made.ask(`GET ${pods}?resourceVersion=999`)
  assert.deepEqual([status, (body as { details: { causes: { reason: string }[] } }).details.causes[0]?.reason], [504, 'ResourceVersionTooLarge'])
})

test('19: only absence, 0 and false are false', () => {
  const made = world()
  for (const [value, kind] of [['True', 'watch'], ['1', 'watch'], ['', 'watch'], ['yes', 'watch'], ['0', 'list'], ['false', 'list'], ['False', 'list']] as const) {
    if (kind === 'watch') assert.equal(made.watch(`${pods}?watch=${value}`).read().length, 2, value)
    else assert.equal(list(made, `${pods}?watch=${value}`).kind, 'PodList', value)
  }
})

test('20: one counter for all kinds, which a write that changes nothing leaves alone', () => {
  const made = world()
  const before = list(made, pods).metadata['resourceVersion']
  made.ask(`PATCH ${pods}/a`, { metadata: { labels: { app: 'a' } } }, { headers: { 'content-type': 'application/merge-patch+json' } })
  assert.equal(list(made, '/api/v1/configmaps').metadata['resourceVersion'], before)
})

test('21: nothing found is an empty list, never null', () => assert.deepEqual(list(aWorld(), '/api/v1/pods').items, []))

test('22: field selectors have empty values and inequality, and a list of fields by kind', () => {
  const made = world()
  assert.deepEqual([names(made, `${pods}?fieldSelector=spec.nodeName%3D`), names(made, `${pods}?fieldSelector=metadata.name!%3Da`)], [['a', 'b'], ['b']])
  assert.deepEqual((made.ask(`GET ${pods}?fieldSelector=x%3Dy`).body as { message: string }).message, 'field label not supported: x')
})

test('23: != and notin choose what lacks the label', () => {
  const made = world()
  made.ask(`POST ${pods}`, aPod('c'))
  assert.deepEqual([names(made, `${pods}?labelSelector=app!%3Da`), names(made, `${pods}?labelSelector=app+notin+(a)`)], [['b', 'c'], ['b', 'c']])
})

test('24: a Status names the plural resource where something is missing', () => {
  const { body } = world().ask('GET /apis/apps/v1/namespaces/default/deployments/x')
  assert.deepEqual((body as { details: object }).details, { name: 'x', group: 'apps', kind: 'deployments' })
})

test('40: the version has a trailing slash if need be, and health says all when asked', () => {
  const made = world()
  assert.deepEqual([made.ask('GET /version/').status, /check passed/.test(String(made.ask('GET /readyz?verbose').body))], [200, true])
})
