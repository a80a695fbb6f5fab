// The conformance rows about admission and conversion webhooks (class W), told twice: over HTTPS and in this process, with a webhook server of our own.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Api, at, type Fields, good, list, nameOf, text, until, type Way, ways } from './api.ts'
import { sees } from './operations.ts'
import { openHookServer, patched, type HookServer, type Review } from './hook-server.ts'
import { openInProcess } from './in-process.ts'
import { openOverHttps } from './over-https.ts'
import { anything, define, type Defined, definitionOf, objectOf } from './stories/definitions.ts'
import { World } from './story.ts'

const opened = new Map<Way, Api>()
let hooks: HookServer
before(async () => {
  hooks = await openHookServer()
  opened.set('over HTTPS', await openOverHttps())
  opened.set('in process', await openInProcess())
})
after(async () => {
  for (const api of opened.values()) await api.stop()
  hooks.stop()
})

type Which = 'mutating' | 'validating'
const group = '/apis/admissionregistration.k8s.io/v1'
const pathOf = (which: Which, name?: string): string => `${group}/${which}webhookconfigurations${name === undefined ? '' : `/${name}`}`
const rule = (plural: string, operations: readonly string[] = ['CREATE'], apiGroups: readonly string[] = [''], apiVersions: readonly string[] = ['*']): object => ({ operations, apiGroups, apiVersions, resources: [plural] })

/** A webhook for what happens in the story's namespace. */
const hookOf = (world: World, path: string, more: object): object => ({
  name: `${path.slice(1)}.example.com`, clientConfig: hooks.place(path), sideEffects: 'None', admissionReviewVersions: ['v1'], namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': world.namespace } }, ...more,
})
async function configure(world: World, which: Which, ...webhooks: readonly object[]): Promise<string> {
  const name = world.unique(which)
  await world.create(pathOf(which), { metadata: { name, labels: { story: world.namespace } }, webhooks })
  return name
}
/** What the webhook of a path does in this story. Each story and way has paths of its own. */
function on(world: World, name: string, respond: (request: Review['request']) => object, delayMs?: number): string {
  const path = `/${name}-${world.namespace}`
  hooks.on(path, respond, delayMs)
  return path
}
const refusedWith = (reply: { readonly status: number; readonly body: Fields }, message: RegExp): void => {
  assert.ok(reply.status >= 400, JSON.stringify(reply.body))
  assert.match(text(reply.body, 'message'), message)
}
const deny = (why: string) => (): object => ({ allowed: false, status: { message: why, code: 403 } })
const maps = (world: World, name?: string): string => world.path('v1', 'configmaps', name)
const pods = (world: World, name?: string): string => world.path('v1', 'pods', name)
const aPod = (name: string): object => ({ metadata: { name }, spec: { automountServiceAccountToken: false, containers: [{ name: 'main', image: 'main:1' }] } })

const admission: Readonly<Record<string, (world: World) => Promise<void>>> = {
  'should include webhook resources in discovery documents': async (world) => {
    const plurals = ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations']
    assert.ok(list(await world.get('/apis'), 'groups').some(({ name }) => name === 'admissionregistration.k8s.io'))
    assert.ok(list(await world.get('/apis/admissionregistration.k8s.io'), 'versions').some(({ version }) => version === 'v1'))
    const found = list(await world.get(group), 'resources').map(({ name }) => name)
    assert.deepEqual(plurals.filter((plural) => !found.includes(plural)), [])
  },
  'should be able to deny pod and configmap creation': async (world) => {
    const path = on(world, 'deny', ({ object }) => (JSON.stringify(object).includes('webhook-disallow') || JSON.stringify(object).includes('disallowed-pod') ? deny('the configmap contains unwanted key and value')() : { allowed: true }))
    await configure(world, 'validating', hookOf(world, path, { rules: [rule('configmaps', ['CREATE', 'UPDATE']), rule('pods')] }))
    refusedWith(await world.ask('POST', pods(world), aPod('disallowed-pod')), /denied the request: the configmap contains unwanted key and value$/)
    refusedWith(await world.ask('POST', maps(world), { metadata: { name: 'bad' }, data: { 'webhook-e2e-test': 'webhook-disallow' } }), /denied the request/)
    await world.create(maps(world), { metadata: { name: 'good' }, data: { ok: 'yes' } })
    refusedWith(await world.ask('PUT', maps(world, 'good'), { metadata: { name: 'good' }, data: { ok: 'webhook-disallow' } }), /denied the request/)
    refusedWith(await world.ask('PATCH', maps(world, 'good'), { data: { ok: 'webhook-disallow' } }), /denied the request/)
    assert.equal(text(await world.get(maps(world, 'good')), 'data', 'ok'), 'yes')
  },
  'should be able to deny attaching pod': async (world) => {
    const path = on(world, 'attach', deny('attaching to pod \'to-be-attached-pod\' is not allowed'))
    await configure(world, 'validating', hookOf(world, path, { rules: [rule('pods/attach', ['CONNECT'])] }))
    await world.create(pods(world), aPod('to-be-attached-pod'))
    refusedWith(await world.ask('POST', `${pods(world, 'to-be-attached-pod')}/attach?container=main&stdout=true`), /attaching to pod 'to-be-attached-pod' is not allowed$/)
  },
  'should unconditionally reject operations on fail closed webhook': async (world) => {
    await configure(world, 'validating', hookOf(world, '/nowhere', { clientConfig: { url: 'https://127.0.0.1:1/' }, rules: [rule('configmaps')] }))
    refusedWith(await world.ask('POST', maps(world), { metadata: { name: 'm' } }), /^Internal error occurred: failed calling webhook "nowhere.example.com": failed to call webhook: Post "https:\/\/127\.0\.0\.1:1\/\?timeout=10s": dial tcp 127\.0\.0\.1:1: connect: connection refused$/)
  },
  'should honor timeout': async (world) => {
    const path = on(world, 'slow', () => ({ allowed: true }), 2500)
    const slow = (timeoutSeconds: number | undefined, failurePolicy: string): Promise<string> => configure(world, 'validating', hookOf(world, path, { failurePolicy, ...(timeoutSeconds !== undefined && { timeoutSeconds }), rules: [rule('configmaps')] }))
    for (const [seconds, policy, passes] of [[1, 'Fail', false], [1, 'Ignore', true], [5, 'Fail', true], [undefined, 'Fail', true]] as const) {
      const name = await slow(seconds, policy)
      const reply = await world.ask('POST', maps(world), { metadata: { name: `m-${seconds ?? 'usual'}-${policy.toLowerCase()}` } })
      if (passes) good(reply, 201)
      else refusedWith(reply, /context deadline exceeded$/)
      await world.remove(pathOf('validating', name))
    }
  },
  'should mutate configmap': async (world) => {
    const stage = (which: number) => ({ object }: Review['request']): object => (at(object, 'data', `mutation-stage-${which - 1}`) === 'yes' || which === 1 ? patched({ op: 'add', path: `/data/mutation-stage-${which}`, value: 'yes' }) : { allowed: true })
    await configure(world, 'mutating', hookOf(world, on(world, 'one', stage(1)), { rules: [rule('configmaps')] }), hookOf(world, on(world, 'two', stage(2)), { rules: [rule('configmaps')] }))
    const made = await world.create(maps(world), { metadata: { name: 'm' }, data: { 'mutation-start': 'yes' } })
    assert.deepEqual(made['data'], { 'mutation-start': 'yes', 'mutation-stage-1': 'yes', 'mutation-stage-2': 'yes' })
  },
  'should mutate pod and apply defaults after mutation': async (world) => {
    const path = on(world, 'inject', () => patched({ op: 'add', path: '/spec/initContainers', value: [{ name: 'webhook-added-init-container', image: 'init:1', resources: {} }] }))
    await configure(world, 'mutating', hookOf(world, path, { rules: [rule('pods')] }))
    const [init] = list(await world.create(pods(world), aPod('p')), 'spec', 'initContainers')
    assert.deepEqual([init?.['name'], init?.['terminationMessagePolicy']], ['webhook-added-init-container', 'File'])
  },
  'should not be able to mutate or prevent deletion of webhook configuration objects': async (world) => {
    const all = rule('*/*', ['*'], ['admissionregistration.k8s.io'])
    await configure(world, 'validating', { ...hookOf(world, on(world, 'prevent', deny('no')), { rules: [all] }), namespaceSelector: {} })
    await configure(world, 'mutating', { ...hookOf(world, on(world, 'change', () => patched({ op: 'add', path: '/metadata/labels', value: { changed: 'yes' } })), { rules: [all] }), namespaceSelector: {} })
    for (const which of ['validating', 'mutating'] as const) {
      const name = await configure(world, which, hookOf(world, '/dummy', { rules: [rule('configmaps')] }))
      assert.equal(text(await world.get(pathOf(which, name)), 'metadata', 'labels', 'changed'), '')
      await world.remove(pathOf(which, name))
    }
  },
  'should mutate everything except \'skip-me\' configmaps': async (world) => {
    const path = on(world, 'except', () => patched({ op: 'add', path: '/data/mutated', value: 'yes' }))
    await configure(world, 'mutating', hookOf(world, path, { rules: [rule('configmaps')], matchConditions: [{ name: 'skip-me', expression: 'object.metadata.name != "skip-me"' }] }))
    for (const [name, expected] of [['skip-me', ''], ['other', 'yes']] as const) assert.equal(text(await world.create(maps(world), { metadata: { name }, data: { a: 'b' } }), 'data', 'mutated'), expected)
  },
  'should be able to create and update mutating webhook configurations with match conditions': (world) => withConditions(world, 'mutating'),
  'should be able to create and update validating webhook configurations with match conditions': (world) => withConditions(world, 'validating'),
  'should reject mutating webhook configurations with invalid match conditions': (world) => withoutConditions(world, 'mutating'),
  'should reject validating webhook configurations with invalid match conditions': (world) => withoutConditions(world, 'validating'),
  'listing mutating webhooks should work': (world) => listing(world, 'mutating'),
  'listing validating webhooks should work': (world) => listing(world, 'validating'),
  'patching/updating a mutating webhook should work': (world) => updating(world, 'mutating'),
  'patching/updating a validating webhook should work': (world) => updating(world, 'validating'),
  'should be able to deny custom resource creation, update and deletion': async (world) => {
    const widgets = await define(world, {})
    const path = on(world, 'custom', ({ object, oldObject }) => (JSON.stringify(object ?? oldObject).includes('webhook-disallow') ? deny('the custom resource contains unwanted data')() : { allowed: true }))
    await world.create(widgets.path('v1'), objectOf(widgets, 'kept', { data: { a: 'webhook-disallow' } }))
    await configure(world, 'validating', hookOf(world, path, { rules: [rule(widgets.plural, ['CREATE', 'UPDATE', 'DELETE'], [widgets.group])] }))
    refusedWith(await world.ask('POST', widgets.path('v1'), objectOf(widgets, 'bad', { data: { a: 'webhook-disallow' } })), /the custom resource contains unwanted data$/)
    await world.create(widgets.path('v1'), objectOf(widgets, 'good', { data: { a: 'b' } }))
    refusedWith(await world.ask('PATCH', widgets.path('v1', 'good'), { data: { a: 'webhook-disallow' } }), /unwanted data$/)
    refusedWith(await world.ask('DELETE', widgets.path('v1', 'kept')), /unwanted data$/)
    await world.merge(widgets.path('v1', 'kept'), { data: { a: 'allowed' } })
    await world.remove(widgets.path('v1', 'kept'))
  },
  'should deny crd creation': async (world) => {
    const label = { 'webhook-e2e-test': world.namespace }
    const path = on(world, 'crds', deny('the crd contains unwanted label'))
    await configure(world, 'validating', { ...hookOf(world, path, { rules: [rule('customresourcedefinitions', ['CREATE'], ['apiextensions.k8s.io'])], objectSelector: { matchLabels: label } }), namespaceSelector: {} })
    refusedWith(await world.ask('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definitionOf(world, { labels: label }).body), /the crd contains unwanted label$/)
  },
  'should mutate custom resource': async (world) => {
    const widgets = await define(world, {})
    await configure(world, 'mutating', hookOf(world, on(world, 'custom', () => patched({ op: 'add', path: '/data/mutated', value: 'yes' })), { rules: [rule(widgets.plural, ['CREATE', 'UPDATE'], [widgets.group])] }))
    assert.deepEqual((await world.create(widgets.path('v1'), objectOf(widgets, 'w', { data: { a: 'b' } })))['data'], { a: 'b', mutated: 'yes' })
  },
  'should mutate custom resource with pruning': async (world) => {
    const schema = { type: 'object', properties: { data: { type: 'object', properties: { a: { type: 'string' }, 'mutation-stage-1': { type: 'string' } } } } }
    const widgets = await define(world, { schema })
    const path = on(world, 'custom', () => patched({ op: 'add', path: '/data/mutation-stage-1', value: 'yes' }, { op: 'add', path: '/data/mutation-stage-2', value: 'yes' }))
    await configure(world, 'mutating', hookOf(world, path, { rules: [rule(widgets.plural, ['CREATE'], [widgets.group])] }))
    assert.deepEqual((await world.create(widgets.path('v1'), objectOf(widgets, 'w', { data: { a: 'b' } })))['data'], { a: 'b', 'mutation-stage-1': 'yes' })
  },
  'should mutate custom resource with different stored version': async (world) => {
    const seen: unknown[] = []
    const versions = [{ name: 'v1', storage: true, schema: anything }, { name: 'v2', storage: false, schema: anything }]
    const widgets = await define(world, { versions })
    const path = on(world, 'custom', ({ object }) => { seen.push(object?.['apiVersion']); return patched({ op: 'add', path: '/data/mutated', value: 'yes' }) })
    await configure(world, 'mutating', hookOf(world, path, { rules: [rule(widgets.plural, ['CREATE', 'UPDATE'], [widgets.group], ['v1'])] }))
    const made = await world.create(widgets.path('v1'), objectOf(widgets, 'w', { data: { a: 'b' } }))
    assert.deepEqual(made['data'], { a: 'b', mutated: 'yes' })
    const moved = await world.merge(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${widgets.name}`, { spec: { versions: [{ name: 'v1', served: true, storage: false, schema: { openAPIV3Schema: anything } }, { name: 'v2', served: true, storage: true, schema: { openAPIV3Schema: anything } }] } })
    assert.equal(list(moved, 'spec', 'versions').length, 2)
    const again = await world.merge(widgets.path('v2', 'w'), { data: { dummy: 'test' } })
    assert.deepEqual(again['data'], { a: 'b', dummy: 'test', mutated: 'yes' })
    // The webhook speaks v1 only, so it is shown v1.
    assert.deepEqual([...new Set(seen)], [`${widgets.group}/v1`])
  },
}

async function withConditions(world: World, which: Which): Promise<void> {
  const conditions = [{ name: 'expression-1', expression: 'object.metadata.namespace == "x"' }, { name: 'expression-2', expression: 'true' }]
  const name = await configure(world, which, hookOf(world, '/c', { rules: [rule('configmaps')], matchConditions: conditions }))
  assert.deepEqual(at(await world.get(pathOf(which, name)), 'webhooks', 0, 'matchConditions'), conditions)
  await world.patch(pathOf(which, name), [{ op: 'replace', path: '/webhooks/0/matchConditions/1/expression', value: 'false' }], 'json')
  assert.equal(text(await world.get(pathOf(which, name)), 'webhooks', 0, 'matchConditions', 1, 'expression'), 'false')
  await world.remove(pathOf(which, name))
}
async function withoutConditions(world: World, which: Which): Promise<void> {
  const webhooks = [hookOf(world, '/c', { rules: [rule('configmaps')], matchConditions: [{ name: 'invalid-expression-1', expression: '... [] bad expression' }] })]
  refusedWith(await world.ask('POST', pathOf(which), { metadata: { name: world.unique('bad') }, webhooks }), /compilation failed/)
}

const worksOf = (which: Which) => (which === 'mutating' ? () => patched({ op: 'add', path: '/data/mutated', value: 'yes' }) : deny('no'))
/** Whether the webhook has a say in a new ConfigMap. */
async function works(world: World, which: Which, name: string): Promise<boolean> {
  const reply = await world.ask('POST', maps(world), { metadata: { name }, data: { a: 'b' } })
  return which === 'mutating' ? text(reply.body, 'data', 'mutated') === 'yes' : reply.status === 403
}
async function listing(world: World, which: Which): Promise<void> {
  const path = on(world, 'listed', worksOf(which))
  for (let count = 0; count < 3; count++) await configure(world, which, hookOf(world, path, { rules: [rule('configmaps')] }))
  const selected = `${pathOf(which)}?labelSelector=story%3D${world.namespace}`
  assert.equal(list(await world.get(selected), 'items').length, 3)
  assert.equal(await works(world, which, 'before'), true)
  await world.remove(selected)
  assert.equal(list(await world.get(selected), 'items').length, 0)
  assert.equal(await works(world, which, 'after'), false)
}
async function updating(world: World, which: Which): Promise<void> {
  const path = on(world, 'updated', worksOf(which))
  const name = await configure(world, which, hookOf(world, path, { rules: [rule('configmaps')] }))
  assert.equal(await works(world, which, 'one'), true)
  const found = await world.get(pathOf(which, name))
  await world.replace(pathOf(which, name), { ...found, webhooks: [hookOf(world, path, { rules: [rule('configmaps', ['UPDATE'])] })] })
  assert.equal(await works(world, which, 'two'), false)
  await world.patch(pathOf(which, name), [{ op: 'replace', path: '/webhooks/0/rules/0/operations', value: ['CREATE'] }], 'json')
  assert.equal(await works(world, which, 'three'), true)
}

let serial = 0
const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const stored = (first: string): readonly object[] => [['v1', ['hostPort']], ['v2', ['host', 'port']]].map(([name, fields]) => ({
  name, served: true, storage: name === first, selectableFields: (fields as string[]).map((field) => ({ jsonPath: `.${field}` })),
  schema: { openAPIV3Schema: { type: 'object', properties: Object.fromEntries((fields as string[]).map((field) => [field, { type: 'string' }])) } },
}))
/** A kind whose v1 has `hostPort` and whose v2 has `host` and `port`; a webhook converts. */
async function converted(world: World): Promise<Defined> {
  const path = `/convert-${world.namespace}`
  hooks.converts(path, ({ hostPort, host, port, ...rest }, apiVersion) => {
    if (apiVersion.endsWith('/v2')) { const [name, number] = String(hostPort).split(':'); return { ...rest, host: name, port: number } }
    return { ...rest, hostPort: `${String(host)}:${String(port)}` }
  })
  const { body, defined } = definitionOf(world, {})
  await world.create(definitions, { ...body, spec: { ...at(body, 'spec') as Fields, versions: stored('v1'), conversion: { strategy: 'Webhook', webhook: { clientConfig: hooks.place(path), conversionReviewVersions: ['v1', 'v1beta1'] } } } })
  for (const version of ['v1', 'v2']) await until(world.api, `${version} is served`, async () => (await world.ask('GET', defined.path(version))).status === 200)
  return defined
}
const asV1 = (object: Fields): readonly unknown[] => [object['apiVersion'], object['hostPort'], object['host'], object['port']]

/** Rows by the whole codename, but for its mark. */
const custom: Readonly<Record<string, (world: World) => Promise<void>>> = {
  'CustomResourceConversionWebhook [Privileged:ClusterAdmin] should be able to convert from CR v1 to CR v2': async (world) => {
    const doors = await converted(world)
    await world.create(doors.path('v1'), objectOf(doors, 'front', { hostPort: 'localhost:8080' }))
    assert.deepEqual(asV1(await world.get(doors.path('v2', 'front'))), [`${doors.group}/v2`, undefined, 'localhost', '8080'])
    assert.deepEqual(asV1(await world.get(doors.path('v1', 'front'))), [`${doors.group}/v1`, 'localhost:8080', undefined, undefined])
  },
  'CustomResourceConversionWebhook [Privileged:ClusterAdmin] should be able to convert a non homogeneous list of CRs': async (world) => {
    const doors = await converted(world)
    await world.create(doors.path('v1'), objectOf(doors, 'front', { hostPort: 'localhost:8080' }))
    await world.merge(`${definitions}/${doors.name}`, { spec: { versions: stored('v2') } })
    await world.create(doors.path('v2'), objectOf(doors, 'rear', { host: 'localhost', port: '9090' }, 'v2'))
    assert.deepEqual(list(await world.get(doors.path('v1')), 'items').map(asV1), [[`${doors.group}/v1`, 'localhost:8080', undefined, undefined], [`${doors.group}/v1`, 'localhost:9090', undefined, undefined]])
    assert.deepEqual(list(await world.get(doors.path('v2')), 'items').map(asV1), [[`${doors.group}/v2`, undefined, 'localhost', '8080'], [`${doors.group}/v2`, undefined, 'localhost', '9090']])
  },
  'CustomResourceFieldSelectors [Privileged:ClusterAdmin] CustomResourceFieldSelectors MUST list and watch custom resources matching the field selector': async (world) => {
    const doors = await converted(world)
    const selected = { v1: `${doors.path('v1')}?fieldSelector=hostPort%3Dhost1:80`, v2: `${doors.path('v2')}?fieldSelector=host%3Dhost1,port%3D80` }
    const watches = await Promise.all(Object.values(selected).map((path) => world.api.watch(`${path}&watch=true`)))
    await world.create(doors.path('v1'), objectOf(doors, 'one', { hostPort: 'host1:80' }))
    await world.create(doors.path('v1'), objectOf(doors, 'two', { hostPort: 'host1:8080' }))
    await world.create(doors.path('v2'), objectOf(doors, 'three', { host: 'host1', port: '80' }, 'v2'))
    for (const path of Object.values(selected)) assert.deepEqual([...await world.names(path)].sort(), ['one', 'three'])
    await world.remove(doors.path('v1', 'one'))
    for (const watch of watches) {
      await sees(watch, 'ADDED', ['one', 'three'])
      await sees(watch, 'DELETED', ['one'])
      assert.deepEqual((await watch.rest()).filter(({ type }) => type !== 'BOOKMARK').map(({ object }) => nameOf(object)), [])
      watch.stop()
    }
    good(await world.ask('DELETE', selected.v2), 200)
    await until(world.api, 'those that matched are gone', async () => (await world.names(doors.path('v1'))).join() === 'two')
    refusedWith(await world.ask('GET', `${doors.path('v1')}?fieldSelector=host%3Dhost1`), /field label not supported: host$/)
  },
}

const rows = [...Object.entries(admission).map(([row, tell]) => [`AdmissionWebhook [Privileged:ClusterAdmin] ${row}`, tell] as const), ...Object.entries(custom)]
for (const [row, tell] of rows) {
  describe(`[sig-api-machinery] ${row} [Conformance]`, () => {
    for (const way of ways) {
      test(way, async () => {
        const api = opened.get(way)
        assert.ok(api)
        const world = new World(api, `hooks-${++serial}`, undefined)
        await world.create('/api/v1/namespaces', { metadata: { name: world.namespace } })
        try { await tell(world) } finally {
          for (const which of ['mutating', 'validating'] as const) await world.ask('DELETE', `${pathOf(which)}?labelSelector=story%3D${world.namespace}`)
          await world.ask('DELETE', `/api/v1/namespaces/${world.namespace}`)
        }
      })
    }
  })
}
