import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createStore } from '../../store/index.ts'
import { aPod, aWorld, settle, type World } from '../testing.ts'

const pods = '/api/v1/namespaces/default/pods'
const tableForm = { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' } }

function world(): World {
  const made = aWorld()
  settle(made)
  for (const name of ['a', 'b', 'c']) made.ask(`POST ${pods}`, aPod(name, { labels: { app: name } }))
  return made
}
const messageOf = (body: unknown): string => (body as { message: string }).message
const namesOf = (body: unknown): readonly string[] => (body as { items: { metadata: { name: string } }[] }).items.map(({ metadata }) => metadata.name)
const metadataOf = (body: unknown): Record<string, unknown> => (body as { metadata: Record<string, unknown> }).metadata

test('a list says its kind, its revision and every object, and an empty one has items', () => {
  const made = world()
  const { body } = made.ask(`GET ${pods}`)
  assert.deepEqual({ ...(body as object), items: namesOf(body) }, { kind: 'PodList', apiVersion: 'v1', metadata: { resourceVersion: '5' }, items: ['a', 'b', 'c'] })
  assert.deepEqual(made.ask('GET /api/v1/namespaces/none/pods').body, { kind: 'PodList', apiVersion: 'v1', metadata: { resourceVersion: '5' }, items: [] })
})

test('selectors choose by label and by field', () => {
  const made = world()
  for (const [query, names] of [
    ['labelSelector=app%3Da', ['a']], ['labelSelector=app+in+%28a%2Cb%29', ['a', 'b']], ['labelSelector=app%21%3Da', ['b', 'c']], ['labelSelector=%21app', []],
    ['fieldSelector=metadata.name%3Db', ['b']], ['fieldSelector=metadata.name!=b', ['a', 'c']], ['fieldSelector=spec.nodeName%3D', ['a', 'b', 'c']], ['fieldSelector=status.phase=Running', []],
  ] as const) assert.deepEqual(namesOf(made.ask(`GET ${pods}?${query}`).body), names, query)
})

test('pages show one revision, however much changes between them', () => {
  const made = world()
  const first = made.ask(`GET ${pods}?limit=2`).body
  assert.deepEqual([namesOf(first), metadataOf(first)['remainingItemCount'], metadataOf(first)['resourceVersion']], [['a', 'b'], 1, '5'])
  made.ask(`DELETE ${pods}/c`)
  made.ask(`POST ${pods}`, aPod('d'))
  const second = made.ask(`GET ${pods}?limit=2&continue=${String(metadataOf(first)['continue'])}`).body
  assert.deepEqual([namesOf(second), metadataOf(second)], [['c'], { resourceVersion: '5' }])
})

test('a page that comes too late is told how to go on', () => {
  const made = world()
  const first = made.ask(`GET ${pods}?limit=1`).body
  made.ask(`POST ${pods}`, aPod('d'))
  made.store.compact(6)
  const late = made.ask(`GET ${pods}?limit=1&continue=${String(metadataOf(first)['continue'])}`)
  assert.deepEqual([late.status, (late.body as { reason: string }).reason], [410, 'Expired'])
  const rest = made.ask(`GET ${pods}?continue=${String(metadataOf(late.body)['continue'])}`).body
  assert.deepEqual(namesOf(rest), ['b', 'c', 'd'])
})

test('a resourceVersion asks for a state', () => {
  const made = world()
  for (const [query, status, said] of [
    ['resourceVersion=0', 200, ['a', 'b', 'c']], ['resourceVersion=3', 200, ['a', 'b', 'c']], ['resourceVersion=3&resourceVersionMatch=NotOlderThan', 200, ['a', 'b', 'c']],
    ['resourceVersion=3&resourceVersionMatch=Exact', 200, ['a']], ['resourceVersion=4&limit=5', 200, ['a', 'b']],
    ['resourceVersion=99', 504, 'Timeout: Too large resource version: 99, current: 5'],
    ['resourceVersion=x', 400, 'invalid resource version: resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid syntax'],
    ['resourceVersionMatch=Foo&resourceVersion=5', 422, 'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Unsupported value: "Foo": supported values: "Exact", "NotOlderThan", ""'],
    ['sendInitialEvents=true', 422, 'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list'],
    ['continue=abc&resourceVersionMatch=Exact', 422, 'ListOptions.meta.k8s.io "" is invalid: [resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided, resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided]'],
    ['continue=abc', 400, "invalid continue token: continue key is not valid: invalid character 'i' looking for beginning of value"],
    ['continue=%25', 400, 'invalid continue token: continue key is not valid: illegal base64 data at input byte 0'],
    ['resourceVersionMatch=Exact', 422, 'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided'],
    ['resourceVersion=0&resourceVersionMatch=Exact', 422, 'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"'],
    ['limit=many', 400, 'strconv.ParseInt: parsing "many": invalid syntax'],
  ] as const) {
    const { status: found, body } = made.ask(`GET ${pods}?${query}`)
    assert.deepEqual([found, found === 200 ? namesOf(body) : messageOf(body)], [status, said], query)
  }
})

test('bad selectors are told in upstream\'s words', () => {
  const made = world()
  for (const [url, message] of [
    [`${pods}?fieldSelector=foo%3Dbar`, 'field label not supported: foo'],
    ['/api/v1/configmaps?fieldSelector=foo%3Dbar', '"foo" is not a known field selector: only "metadata.name", "metadata.namespace"'],
    [`${pods}?fieldSelector=foo`, "invalid selector: 'foo'; can't understand 'foo'"],
  ] as const) {
    const { status, body } = made.ask(`GET ${url}`)
    assert.deepEqual([status, messageOf(body)], [400, message], url)
  }
})

test('a table has all columns, and rows that carry as much of the object as is asked', () => {
  const made = world()
  const { body, headers } = made.ask(`GET ${pods}?labelSelector=app%3Da`, undefined, tableForm)
  const table = body as { kind: string; columnDefinitions: { name: string; priority: number }[]; rows: { cells: unknown[]; object: { kind: string; metadata: { name: string } } }[] }
  assert.equal(headers['content-type'], 'application/json')
  assert.deepEqual(table.columnDefinitions.map(({ name, priority }) => `${name} ${priority}`),
    ['Name 0', 'Ready 0', 'Status 0', 'Restarts 0', 'Age 0', 'IP 1', 'Node 1', 'Nominated Node 1', 'Readiness Gates 1'])
  assert.deepEqual(table.rows.map(({ cells, object }) => [...cells, object.kind, object.metadata.name]),
    [['a', '0/1', 'Pending', '0', '0s', '<none>', '<none>', '<none>', '<none>', 'PartialObjectMetadata', 'a']])
  const kinds = ['None', 'Object'].map((include) => (made.ask(`GET ${pods}/a?includeObject=${include}`, undefined, tableForm).body as { rows: { object?: { kind: string } }[] }).rows[0]?.object?.kind)
  assert.deepEqual(kinds, [undefined, 'Pod'])
  assert.equal(messageOf(made.ask(`GET ${pods}?includeObject=x`, undefined, tableForm).body), `Unable to convert to Table as requested: includeObject: Invalid value: "x": must be 'Metadata', 'Object', 'None', or empty`)
})

test('the Accept header chooses the form, and what cannot be made is refused', () => {
  const made = world()
  const kindFor = (accept: string): unknown => { const { status, body } = made.ask(`GET ${pods}/a`, undefined, { headers: { accept } }); return status === 200 ? (body as { kind: string }).kind : status }
  assert.deepEqual([
    '', '*/*', 'application/cbor,application/json', 'application/cbor;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1', 'text/html', 'application/cbor',
  ].map(kindFor), ['Pod', 'Pod', 'Pod', 'PartialObjectMetadata', 406, 406])
  assert.equal((made.ask(`GET ${pods}`, undefined, { headers: { accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1' } }).body as { kind: string }).kind, 'PartialObjectMetadataList')
})

test('people get indented JSON', () => {
  const made = world()
  const lines = (headers: Record<string, string>, query = ''): number => {
    const reply = made.server.handler.step({ method: 'GET', path: `${pods}/a`, query, headers, body: new Uint8Array(), certificate: { commonName: 'x', organizations: ['system:masters'] } }, new Map())
    return reply.is === 'bytes' ? new TextDecoder().decode(reply.body[0]).trim().split('\n').length : 0
  }
  assert.deepEqual([lines({}), lines({ 'user-agent': 'curl/8' }) > 10, lines({}, 'pretty=1') > 10, lines({ 'user-agent': 'curl/8' }, 'pretty=false')], [1, true, true, 1])
})

test('what is not there is told in upstream\'s words', () => {
  const made = aWorld({ store: createStore({ indexes: [] }) })
  const [missing, notAllowed] = ['the server could not find the requested resource', 'the server does not allow this method on the requested resource']
  for (const [url, status, said] of [
    [`GET ${pods}/x`, 404, 'pods "x" not found'], ['GET /apis/apps/v1/namespaces/default/deployments/x', 404, 'deployments.apps "x" not found'],
    ['GET /api/v1/pods/x', 404, missing], ['GET /api/v1/nothings', 404, missing], ['GET /api/v1//pods', 404, missing], ['GET /api/v1/namespaces/a%2Fb', 404, missing],
    ['GET /api/v1/pods/', 200, undefined], ['HEAD /api/v1/pods', 405, notAllowed], ['OPTIONS /api/v1/pods', 405, notAllowed], ['FOO /api/v1/pods', 405, notAllowed], ['GET /api/v1/namespaces/%zz', 400, '400 Bad Request'],
    ['POST /livez', 200, 'ok'], ['GET /readyz?exclude=nope&verbose', 200, '[+]ping ok\n[+]log ok\n[+]etcd ok\nwarn: some health checks cannot be excluded: no matches for "nope"\nreadyz check passed\n'], ['GET /apis/none.example/v1/things', 404, '404 page not found\n'],
    ['GET /apis/apiextensions.k8s.io/v1/nothing/x', 404, missing], ['GET /nothing', 404, '404 page not found\n'], ['GET /api/v1/namespaces/default/pods/x/nothing', 404, missing],
    ['POST /api/v1/pods', 405, 'the server does not allow this method on the requested resource'],
    ['DELETE /api/v1/namespaces', 405, 'the server does not allow this method on the requested resource'],
    ['PUT /version', 405, 'the server does not allow this method on the requested resource'],
  ] as const) {
    const { status: found, body } = made.ask(url)
    assert.deepEqual([found, typeof body === 'string' ? body : messageOf(body)], [status, said], url)
  }
})
