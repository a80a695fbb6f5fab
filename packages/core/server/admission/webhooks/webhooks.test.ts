import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ask } from '../../../api/action.ts'
import type { Post, Posted } from '../../post.ts'
import { admin, aPod, aWorld, type Said, settle, type World } from '../../testing.ts'
import type { Request } from '../../types.ts'

type Fields = Readonly<Record<string, unknown>>
interface Review { readonly request: Fields & { readonly uid: string; readonly name: string; readonly operation: string; readonly object: Fields | null; readonly oldObject: Fields | null; readonly subResource?: string; readonly options: Fields | null } }
/** What a webhook says to a review; what it is asked is kept. */
type Respond = (request: Review['request']) => Fields | Posted
const allow: Respond = () => ({ allowed: true })
const namespace = '/api/v1/namespaces/default'
const group = '/apis/admissionregistration.k8s.io/v1'

class Outside {
  readonly hooks = new Map<string, Respond>()
  readonly asked: { readonly url: string; readonly post: Post; readonly request: Review['request'] }[] = []

  answer(ask: Ask): Posted {
    const post = ask.input as Post
    const url = post.to.is === 'url' ? post.to.url : post.to.name
    const { request } = post.body as Review
    this.asked.push({ url, post, request })
    const said = (this.hooks.get(url) ?? allow)(request)
    if (said['is'] !== undefined) return said as Posted
    return { is: 'answered', text: JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid: request.uid, ...said } }) }
  }
}

function worldWith(): World & { readonly outside: Outside; tell(line: string, body?: unknown, headers?: Readonly<Record<string, string>>): Said } {
  const outside = new Outside()
  const world = aWorld({ ask: (ask, done) => { done(outside.answer(ask)) } })
  settle(world)
  const tell = (line: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Said => {
    const [method = '', url = ''] = line.split(' ')
    const [path = '', query = ''] = url.split('?')
    const request: Request = { method, path, query, headers, certificate: admin, body: body === undefined ? new Uint8Array() : new TextEncoder().encode(JSON.stringify(body)) }
    const answers = new Map<string, unknown>()
    for (let round = 0; round < 20; round++) {
      const reply = world.server.handler.step(request, answers)
      if (reply.is === 'asks') { for (const ask of reply.asks) answers.set(ask.id, outside.answer(ask)); continue }
      if (reply.is !== 'bytes') throw new Error(`${line} answered with ${reply.is}`)
      const text = reply.body.map((part) => new TextDecoder().decode(part)).join('')
      return { status: reply.status, headers: reply.headers, body: JSON.parse(text) }
    }
    throw new Error(`${line} asks without end`)
  }
  return { ...world, outside, tell }
}
const rule = (resources: string, operations: readonly string[] = ['*'], apiGroups: readonly string[] = ['']): object => ({ operations, apiGroups, apiVersions: ['*'], resources: [resources] })
const hook = (name: string, more: object = {}): object => ({ name: `${name}.example.com`, clientConfig: { url: `https://${name}` }, sideEffects: 'None', admissionReviewVersions: ['v1'], rules: [rule('configmaps')], ...more })
function configure(world: ReturnType<typeof worldWith>, which: 'mutating' | 'validating', name: string, ...webhooks: readonly object[]): void {
  const said = world.ask(`POST ${group}/${which}webhookconfigurations`, { metadata: { name }, webhooks })
  assert.equal(said.status, 201, JSON.stringify(said.body))
}
const patchOf = (...steps: readonly object[]): Fields => ({ allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(steps)).toString('base64') })
const messageOf = ({ body }: Said): string => (body as { message: string }).message
const dataOf = ({ body }: Said): unknown => (body as { data?: unknown }).data
const map = (name: string, data: object = {}): object => ({ metadata: { name }, data })
const merge = { 'content-type': 'application/merge-patch+json' }

test('AdmissionWebhook should mutate configmap: one after the other, in the order of configurations\' names', () => {
  const world = worldWith()
  configure(world, 'mutating', 'b', hook('second'))
  configure(world, 'mutating', 'a', hook('first'))
  world.outside.hooks.set('https://first', () => patchOf({ op: 'add', path: '/data/stage-1', value: 'yes' }))
  world.outside.hooks.set('https://second', ({ object }) => ((object?.['data'] as Fields)['stage-1'] === 'yes' ? patchOf({ op: 'add', path: '/data/stage-2', value: 'yes' }) : { allowed: false }))
  const made = world.tell(`POST ${namespace}/configmaps`, map('m', { start: 'yes' }))
  assert.deepEqual([made.status, dataOf(made), dataOf(world.ask(`GET ${namespace}/configmaps/m`))], [201, ...Array(2).fill({ start: 'yes', 'stage-1': 'yes', 'stage-2': 'yes' })])
  assert.deepEqual(world.outside.asked.map(({ url }) => url), ['https://first', 'https://second'])
})

test('AdmissionWebhook should mutate pod and apply defaults after mutation', () => {
  const world = worldWith()
  configure(world, 'mutating', 'a', hook('inject', { rules: [rule('pods', ['CREATE'])] }))
  world.outside.hooks.set('https://inject', () => patchOf({ op: 'add', path: '/spec/initContainers', value: [{ name: 'setup', image: 'i', resources: {} }] }))
  const { spec } = world.tell(`POST ${namespace}/pods`, aPod('p')).body as { spec: { initContainers: readonly Fields[] } }
  const [setup] = spec.initContainers
  assert.deepEqual([setup?.['terminationMessagePolicy'], setup?.['terminationMessagePath'], setup?.['imagePullPolicy']], ['File', '/dev/termination-log', 'Always'])
  // What is built in sees what was injected: the account's token is mounted there too.
  assert.ok((setup?.['volumeMounts'] as readonly Fields[]).some(({ mountPath }) => mountPath === '/var/run/secrets/kubernetes.io/serviceaccount'))
})

test('a webhook is asked all that upstream tells it', () => {
  const world = worldWith()
  configure(world, 'validating', 'a', hook('check', { timeoutSeconds: 7 }))
  world.tell(`POST ${namespace}/configmaps?fieldManager=me`, map('m'))
  world.tell(`PATCH ${namespace}/configmaps/m?dryRun=All`, { data: { a: 'b' } }, merge)
  world.tell(`DELETE ${namespace}/configmaps/m`, { gracePeriodSeconds: 3 })
  const [create, update, remove] = world.outside.asked.map(({ request }) => request)
  const { uid, object, oldObject, ...rest } = create ?? assert.fail()
  assert.deepEqual(rest, {
    kind: { group: '', version: 'v1', kind: 'ConfigMap' }, resource: { group: '', version: 'v1', resource: 'configmaps' }, requestKind: { group: '', version: 'v1', kind: 'ConfigMap' }, requestResource: { group: '', version: 'v1', resource: 'configmaps' },
    name: 'm', namespace: 'default', operation: 'CREATE', userInfo: { username: 'admin', groups: ['system:masters', 'system:authenticated'] }, dryRun: false,
    options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'me' },
  })
  assert.match(uid, /^[0-9a-f-]{36}$/)
  assert.deepEqual([object?.['kind'], oldObject], ['ConfigMap', null])
  assert.deepEqual([update?.operation, update?.['dryRun'], (update?.object as Fields)['data'], (update?.oldObject as Fields)['data']], ['UPDATE', true, { a: 'b' }, undefined])
  assert.deepEqual([remove?.operation, remove?.object, (remove?.oldObject as { metadata: Fields }).metadata['name']], ['DELETE', null, 'm'])
  assert.equal(world.outside.asked[0]?.post.timeoutMs, 7000)
})

test('AdmissionWebhook should be able to deny pod and configmap creation', () => {
  const world = worldWith()
  configure(world, 'validating', 'a', hook('deny'))
  for (const [response, expected] of [
    [{ allowed: false, status: { message: 'it is bad', code: 403, reason: 'Forbidden' } }, [403, 'Forbidden', 'admission webhook "deny.example.com" denied the request: it is bad']],
    [{ allowed: false, status: { reason: 'because' } }, [400, 'because', 'admission webhook "deny.example.com" denied the request: because']],
    [{ allowed: false, status: { code: 200 } }, [400, '', 'admission webhook "deny.example.com" denied the request without explanation']],
  ] as const) {
    world.outside.hooks.set('https://deny', () => response)
    const said = world.tell(`POST ${namespace}/configmaps`, map('m'))
    assert.deepEqual([said.status, (said.body as { reason?: string }).reason ?? '', messageOf(said)], expected)
  }
  assert.equal(world.ask(`GET ${namespace}/configmaps/m`).status, 404)
})

test('AdmissionWebhook should honor timeout: a webhook that cannot be asked refuses, unless its policy says otherwise', () => {
  const world = worldWith()
  configure(world, 'validating', 'a', hook('slow', { timeoutSeconds: 1 }))
  world.outside.hooks.set('https://slow', () => ({ is: 'unreached', why: 'context deadline exceeded' }))
  const refused = world.tell(`POST ${namespace}/configmaps`, map('m'))
  assert.deepEqual([refused.status, messageOf(refused)], [500, 'Internal error occurred: failed calling webhook "slow.example.com": failed to call webhook: Post "https://slow/?timeout=1s": context deadline exceeded'])
  const { metadata } = world.ask(`GET ${group}/validatingwebhookconfigurations/a`).body as { readonly metadata: object }
  assert.equal(world.ask(`PUT ${group}/validatingwebhookconfigurations/a`, { metadata, webhooks: [hook('slow', { failurePolicy: 'Ignore' })] }).status, 200)
  assert.equal(world.tell(`POST ${namespace}/configmaps`, map('m')).status, 201)
})

for (const [rule, response, why] of [
  ['another uid', { allowed: true, uid: 'x' }, /^received invalid webhook response: expected response.uid="[0-9a-f-]{36}", got "x"$/],
  ['a patch of a validating webhook', { allowed: true, patch: 'W10=', patchType: 'JSONPatch' }, /^received invalid webhook response: validating webhook may not return response.patch$/],
  ['no JSON', { is: 'answered', text: '<html>' }, /^failed to call webhook: couldn't get version\/kind; json parse error: /],
  ['another kind', { is: 'answered', text: '{"kind":"Pod","apiVersion":"v1"}' }, /^failed to call webhook: no kind "Pod" is registered for version "v1" in scheme "pkg\/runtime\/scheme.go:111"$/],
  ['a kind that is no text', { is: 'answered', text: '{"kind":{"toString":1},"apiVersion":"v1"}' }, /^failed to call webhook: no kind "\{\\"toString\\":1\}" is registered for version "v1"/],
  ['no response', { is: 'answered', text: '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}' }, /^received invalid webhook response: webhook response was absent$/],
  ['a bad status', { is: 'rejected', why: 'the server could not find the requested resource' }, /^failed to call webhook: the server could not find the requested resource$/],
] as const) {
  test(`an answer that is none is a failure: ${rule}`, () => {
    const world = worldWith()
    configure(world, 'validating', 'a', hook('odd'))
    world.outside.hooks.set('https://odd', () => response as unknown as Fields)
    assert.match(messageOf(world.tell(`POST ${namespace}/configmaps`, map('m'))).replace('Internal error occurred: failed calling webhook "odd.example.com": ', ''), why)
  })
}

test('AdmissionWebhook should not be able to mutate or prevent deletion of webhook configuration objects', () => {
  const world = worldWith()
  configure(world, 'validating', 'a', hook('deny', { rules: [rule('*/*', ['*'], ['*'])] }))
  world.outside.hooks.set('https://deny', () => ({ allowed: false }))
  assert.equal(world.tell(`DELETE ${group}/validatingwebhookconfigurations/a`).status, 200)
  assert.equal(world.tell(`POST ${namespace}/configmaps`, map('m')).status, 201)
})

test('AdmissionWebhook should mutate everything except \'skip-me\' configmaps: conditions', () => {
  const world = worldWith()
  configure(world, 'mutating', 'a', hook('add', { matchConditions: [{ name: 'not-me', expression: 'object.metadata.name != "skip-me"' }] }))
  world.outside.hooks.set('https://add', () => patchOf({ op: 'add', path: '/data', value: { added: 'yes' } }))
  assert.deepEqual(['skip-me', 'other'].map((name) => dataOf(world.tell(`POST ${namespace}/configmaps`, map(name)))), [undefined, { added: 'yes' }])
})

test('a condition that cannot be told refuses, unless the policy says otherwise', () => {
  for (const [failurePolicy, status] of [['Fail', 403], ['Ignore', 201]] as const) {
    const world = worldWith()
    configure(world, 'validating', 'a', hook('check', { failurePolicy, matchConditions: [{ name: 'a', expression: 'object.nothing == "x"' }] }))
    const said = world.tell(`POST ${namespace}/configmaps`, map('m'))
    assert.deepEqual([said.status, world.outside.asked.length], [status, 0])
  }
})

test('only what is selected is asked about: namespaces, objects, operations, subresources', () => {
  const world = worldWith()
  configure(world, 'validating', 'a', hook('check', { objectSelector: { matchLabels: { watch: 'me' } }, namespaceSelector: { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['default'] }] }, rules: [rule('configmaps', ['CREATE'])] }))
  settle(world, 'other')
  const labelled = (name: string): object => ({ metadata: { name, labels: { watch: 'me' } } })
  world.tell(`POST ${namespace}/configmaps`, map('plain'))
  world.tell(`POST ${namespace}/configmaps`, labelled('a'))
  world.tell(`PATCH ${namespace}/configmaps/a`, { data: { a: 'b' } }, merge)
  assert.deepEqual(world.outside.asked.map(({ request }) => request.name), ['a'])
})

test('a dry run is told to webhooks, which then have no side effects', () => {
  const world = worldWith()
  configure(world, 'validating', 'a', hook('check', { sideEffects: 'NoneOnDryRun' }))
  assert.equal(world.tell(`POST ${namespace}/configmaps?dryRun=All`, map('m')).status, 201)
  assert.equal(world.outside.asked[0]?.request['dryRun'], true)
})

test('a webhook that wants to sees the object again after others have changed it, once', () => {
  const world = worldWith()
  configure(world, 'mutating', 'a', hook('again', { reinvocationPolicy: 'IfNeeded' }), hook('once'), hook('changer'))
  world.outside.hooks.set('https://changer', () => patchOf({ op: 'add', path: '/data/changed', value: 'yes' }))
  world.outside.hooks.set('https://again', ({ object }) => ((object?.['data'] as Fields)['changed'] === 'yes' ? patchOf({ op: 'add', path: '/data/seen', value: 'yes' }) : { allowed: true }))
  assert.deepEqual(dataOf(world.tell(`POST ${namespace}/configmaps`, map('m', { a: 'b' }))), { a: 'b', changed: 'yes', seen: 'yes' })
  assert.deepEqual(world.outside.asked.map(({ url }) => url.slice('https://'.length)), ['again', 'once', 'changer', 'again'])
})

test('what is said besides is told, also when one refuses', () => {
  const world = worldWith()
  configure(world, 'validating', 'a', hook('check'))
  world.outside.hooks.set('https://check', () => ({ allowed: true, warnings: ['mind this'], auditAnnotations: { key: 'value' } }))
  assert.equal(world.tell(`POST ${namespace}/configmaps`, map('m')).headers['warning'], '299 - "mind this"')
  world.outside.hooks.set('https://check', () => ({ allowed: false, warnings: ['mind that'] }))
  assert.equal(world.tell(`POST ${namespace}/configmaps`, map('n')).headers['warning'], '299 - "mind that"')
})

test('components\' own writes are asked about too', () => {
  const world = worldWith()
  configure(world, 'mutating', 'a', hook('add'))
  world.outside.hooks.set('https://add', () => patchOf({ op: 'add', path: '/data', value: { added: 'yes' } }))
  let outcome: unknown
  world.server.submit({ do: 'create', object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm', namespace: 'default' } } }, { user: 'system:c', groups: [], component: 'c' }, (done) => { outcome = done })
  assert.equal((outcome as { object: { data: Fields } }).object.data['added'], 'yes')
})

test('a patch may name what is made, and cannot move it', () => {
  const world = worldWith()
  configure(world, 'mutating', 'a', hook('rename'))
  world.outside.hooks.set('https://rename', () => patchOf({ op: 'replace', path: '/metadata/name', value: 'other' }, { op: 'replace', path: '/metadata/uid', value: 'x' }))
  const { metadata } = world.tell(`POST ${namespace}/configmaps`, map('m')).body as { metadata: Fields }
  assert.equal(metadata['name'], 'other')
  assert.notEqual(metadata['uid'], 'x')
  world.outside.hooks.set('https://rename', () => patchOf({ op: 'replace', path: '/metadata/namespace', value: 'elsewhere' }))
  const moved = world.tell(`POST ${namespace}/configmaps`, map('n'))
  assert.deepEqual([moved.status, messageOf(moved)], [400, 'the namespace of the provided object does not match the namespace sent on the request'])
})

test('AdmissionWebhook should be able to deny attaching pod: a connection is asked about with its options', () => {
  const world = worldWith()
  configure(world, 'validating', 'a', hook('deny', { rules: [rule('pods/attach', ['CONNECT'])] }))
  world.outside.hooks.set('https://deny', () => ({ allowed: false, status: { message: 'attaching to pod is not allowed' } }))
  world.tell(`POST ${namespace}/pods`, aPod('p'))
  const said = world.tell(`POST ${namespace}/pods/p/attach?container=main&stdout=true`)
  assert.deepEqual([said.status, messageOf(said)], [400, 'admission webhook "deny.example.com" denied the request: attaching to pod is not allowed'])
  const { request } = world.outside.asked[0] ?? assert.fail()
  assert.deepEqual([request.operation, request.subResource, request.object?.['kind'], request['kind'], request.options], ['CONNECT', 'attach', 'PodAttachOptions', { group: '', version: 'v1', kind: 'PodAttachOptions' }, null])
})
