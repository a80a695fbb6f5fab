import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ask } from '../api/action.ts'
import { aDefinition, establish } from './custom.testing.ts'
import type { Post, Posted } from './post.ts'
import { admin, aWorld, settle, type World } from './testing.ts'
import type { Request } from './types.ts'

type Json = Readonly<Record<string, unknown>>
interface Review { readonly request: { readonly uid: string; readonly desiredAPIVersion: string; readonly objects: readonly Json[] } }
const group = 'stable.example.com'
const at = (version: string): string => `/apis/${group}/${version}/namespaces/default/crontabs`
const aTab = (version: string, name: string, spec: Json, more: Json = {}): Json => ({ apiVersion: `${group}/${version}`, kind: 'CronTab', metadata: { name, ...more }, spec })
const specOf = (body: unknown): Json => (body as { readonly spec: Json }).spec

/** v1 has host and port in two fields, v2 in one. */
function convert(object: Json, to: string): Json {
  const { spec } = object as { readonly spec: Json }
  const made = to.endsWith('/v2') ? { hostPort: `${String(spec['host'])}:${String(spec['port'])}` } : { host: String(spec['hostPort']).split(':')[0], port: String(spec['hostPort']).split(':')[1] }
  return { ...object, apiVersion: to, spec: made }
}
const answered = (review: Json): Posted => ({ is: 'answered', text: JSON.stringify(review) })
function converter({ body }: Post): Posted {
  const { request } = body as Review
  return answered({
    kind: 'ConversionReview', apiVersion: 'apiextensions.k8s.io/v1',
    response: { uid: request.uid, convertedObjects: request.objects.map((object) => convert(object, request.desiredAPIVersion)), result: { status: 'Success' } },
  })
}

interface Asking { readonly world: World; readonly asked: Ask[]; ask(line: string, body?: unknown): { readonly status: number; readonly body: Json } }
function world(answer: (post: Post) => Posted = converter): Asking {
  const made = aWorld()
  settle(made)
  const text = { type: 'string' }
  const version = (name: string, storage: boolean, properties: Json, required: readonly string[]): Json =>
    ({ name, served: true, storage, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties, required } } } }, selectableFields: [{ jsonPath: `.spec.${Object.keys(properties)[0]}` }] })
  const said = establish(made, aDefinition({
    versions: [version('v1', true, { host: text, port: { ...text, maxLength: 4 } }, ['host', 'port']), version('v2', false, { hostPort: { ...text, maxLength: 20 } }, ['hostPort'])],
    spec: { conversion: { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1'], clientConfig: { url: 'https://hooks.example.com/convert' } } } },
  }))
  assert.equal(said.status, 200, JSON.stringify(said.body))
  const asked: Ask[] = []
  return {
    world: made, asked,
    ask: (line, body) => {
      const [method = '', url = ''] = line.split(' ')
      const [path = '', query = ''] = url.split('?')
      const headers: Readonly<Record<string, string>> = method === 'PATCH' ? { 'content-type': 'application/merge-patch+json' } : {}
      const request: Request = { method, path, query, headers, body: new TextEncoder().encode(body === undefined ? '' : JSON.stringify(body)), certificate: admin }
      const answers = new Map<string, unknown>()
      for (let round = 0; round < 10; round++) {
        const reply = made.server.handler.step(request, answers)
        if (reply.is === 'bytes') return { status: reply.status, body: JSON.parse(reply.body.map((part) => new TextDecoder().decode(part)).join('')) as Json }
        assert.equal(reply.is, 'asks')
        for (const each of (reply as Extract<ReturnType<typeof made.server.handler.step>, { readonly is: 'asks' }>).asks) { asked.push(each); answers.set(each.id, answer(each.input as Post)) }
      }
      throw new Error('asked without end')
    },
  }
}

test('an object written in one version is read in another; what was converted once is not asked for again', () => {
  const made = world()
  assert.equal(made.ask(`POST ${at('v1')}`, aTab('v1', 'a', { host: 'h', port: '80' })).status, 201)
  assert.equal(made.asked.length, 0)
  const shown = made.ask(`GET ${at('v2')}/a`)
  assert.deepEqual([shown.body['apiVersion'], specOf(shown.body), made.asked.map(({ what }) => what)], [`${group}/v2`, { hostPort: 'h:80' }, ['convert']])
  assert.deepEqual([specOf(made.ask(`GET ${at('v2')}/a`).body), made.asked.length], [{ hostPort: 'h:80' }, 1])
  const { to, body } = made.asked[0]?.input as Post
  assert.deepEqual([to, (body as Review).request.desiredAPIVersion, (body as Review).request.objects.map(({ apiVersion }) => apiVersion)], [{ is: 'url', url: 'https://hooks.example.com/convert' }, `${group}/v2`, [`${group}/v1`]])
})

test('an object is stored in the storage version, whichever it came in, and answered as it came', () => {
  const made = world()
  const created = made.ask(`POST ${at('v2')}`, aTab('v2', 'b', { hostPort: 'x:1' }))
  assert.deepEqual([created.status, created.body['apiVersion'], specOf(created.body)], [201, `${group}/v2`, { hostPort: 'x:1' }])
  const [stored] = [...made.world.store.view.list({ resource: `${group}/crontabs`, group, version: 'v1', plural: 'crontabs', kind: 'CronTab', scope: 'Namespaced' })]
  assert.deepEqual([stored?.apiVersion, specOf(stored)], [`${group}/v1`, { host: 'x', port: '1' }])
  const patched = made.ask(`PATCH ${at('v2')}/b`, { spec: { hostPort: 'y:2' } })
  assert.deepEqual([patched.status, specOf(patched.body), specOf(made.ask(`GET ${at('v1')}/b`).body)], [200, { hostPort: 'y:2' }, { host: 'y', port: '2' }])
  assert.equal((created.body['metadata'] as Json)['uid'], (patched.body['metadata'] as Json)['uid'])
})

test('a list is converted by one question; each version selects by its own fields', () => {
  const made = world()
  for (const name of ['a', 'b', 'c']) made.ask(`POST ${at('v1')}`, aTab('v1', name, { host: name, port: '80' }))
  const list = made.ask(`GET ${at('v2')}`).body as { readonly items: readonly Json[] } & Json
  assert.deepEqual([list.items.map(specOf), made.asked.length], [[{ hostPort: 'a:80' }, { hostPort: 'b:80' }, { hostPort: 'c:80' }], 1])
  const found = made.ask(`GET ${at('v2')}?fieldSelector=spec.hostPort%3Db:80`).body as { readonly items: readonly Json[] } & Json
  assert.deepEqual([found.items.map(({ metadata }) => (metadata as Json)['name']), made.asked.length], [['b'], 1])
})

test('each version judges by its own schema, and nothing is stored that the stored one refuses', () => {
  const made = world()
  const long = made.ask(`POST ${at('v2')}`, aTab('v2', 'a', { hostPort: 'x'.repeat(30) }))
  assert.equal(long.status, 422)
  const port = made.ask(`POST ${at('v2')}`, aTab('v2', 'a', { hostPort: 'h:123456' }))
  assert.deepEqual([port.status, port.body['message']], [422, 'CronTab.stable.example.com "a" is invalid: spec.port: Too long: may not be more than 4 bytes'])
  assert.equal(made.ask(`GET ${at('v1')}/a`).status, 404)
})

test('a watch waits for its conversions and tells everything once', () => {
  const made = world()
  made.ask(`POST ${at('v1')}`, aTab('v1', 'a', { host: 'a', port: '1' }))
  const { reader } = made.world.watch(`${at('v2')}?watch=true`)
  const told: string[] = []
  const step = (): number => {
    const { frames, asks = [] } = reader.read(1_000_000)
    for (const frame of frames) { const event = JSON.parse(new TextDecoder().decode(frame)) as { readonly type: string; readonly object: Json }; told.push(`${event.type} ${String(specOf(event.object)['hostPort'])}`) }
    reader.answer?.(new Map(asks.map((each) => [each.id, converter(each.input as Post)])))
    return asks.length
  }
  assert.deepEqual([step(), step(), step(), told], [1, 0, 0, ['ADDED a:1']])
  made.ask(`POST ${at('v1')}`, aTab('v1', 'b', { host: 'b', port: '2' }))
  made.ask(`DELETE ${at('v1')}/a`)
  while (step() > 0) continue
  assert.deepEqual(told, ['ADDED a:1', 'ADDED b:2', 'DELETED a:1'])
})

test('what is wrong with a converter is told in upstream\'s words, and changes nothing', () => {
  const review = (response: Json): Posted => answered({ kind: 'ConversionReview', apiVersion: 'apiextensions.k8s.io/v1', response })
  const uidOf = ({ body }: Post): string => (body as Review).request.uid
  const objectsOf = ({ body }: Post): readonly Json[] => (body as Review).request.objects
  for (const [answer, message] of [
    [() => ({ is: 'unreached', why: 'dial tcp: connection refused' }), 'conversion webhook for stable.example.com/v1, Kind=CronTab failed: Post "https://hooks.example.com/convert?timeout=30s": dial tcp: connection refused'],
    [(post) => review({ uid: uidOf(post), result: { status: 'Failed', message: 'no way' } }), 'conversion webhook for stable.example.com/v1, Kind=CronTab failed: no way'],
    [() => review({ uid: 'other', result: { status: 'Success' } }), /^conversion webhook for stable\.example\.com\/v1, Kind=CronTab failed: expected response\.uid="[-0-9a-f]+", got "other"$/],
    [(post) => review({ uid: uidOf(post), result: { status: 'Success' }, convertedObjects: [] }), 'conversion webhook for stable.example.com/v1, Kind=CronTab returned 0 objects, expected 1'],
    [(post) => review({ uid: uidOf(post), result: { status: 'Success' }, convertedObjects: objectsOf(post) }), 'conversion webhook for stable.example.com/v1, Kind=CronTab returned invalid object at index 0: invalid groupVersion (expected stable.example.com/v2, received stable.example.com/v1)'],
    [() => answered({}), 'conversion webhook for stable.example.com/v1, Kind=CronTab failed: expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got , Kind='],
  ] as readonly (readonly [(post: Post) => Posted, string | RegExp])[]) {
    const made = world(answer)
    made.ask(`POST ${at('v1')}`, aTab('v1', 'a', { host: 'a', port: '1' }))
    const said = made.ask(`GET ${at('v2')}/a`)
    assert.equal(said.status, 500)
    if (typeof message === 'string') assert.equal(said.body['message'], message)
    else assert.match(String(said.body['message']), message)
    const { revision } = made.world.store.view
    assert.equal(made.ask(`PATCH ${at('v2')}/a`, { spec: { hostPort: 'q:9' } }).status, 500)
    assert.equal(made.world.store.view.revision, revision)
  }
})

