import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aPod, aWorld, settle } from './testing.ts'

const warning = '299 - "v1 ComponentStatus is deprecated in v1.19+"'
type Listed = { readonly items: readonly { readonly metadata: { readonly name: string } }[] }
type Table = { readonly rows: readonly { readonly cells: readonly unknown[] }[] }

test('components are listed and read with a warning, and nothing else is done with them', () => {
  const world = aWorld()
  const list = world.ask('GET /api/v1/componentstatuses')
  assert.deepEqual([list.status, list.headers['warning'], (list.body as Listed).items.map(({ metadata }) => metadata.name)], [200, warning, ['scheduler', 'controller-manager', 'etcd-0']])
  const one = world.ask('GET /api/v1/componentstatuses/scheduler')
  assert.deepEqual([one.status, one.headers['warning'], one.body], [200, warning, { apiVersion: 'v1', kind: 'ComponentStatus', metadata: { name: 'scheduler' }, conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }] }])
  const table = world.ask('GET /api/v1/componentstatuses?fieldSelector=metadata.name=etcd-0', undefined, { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } })
  assert.deepEqual((table.body as Table).rows.map(({ cells }) => cells), [['etcd-0', 'Healthy', 'ok', '']])
  assert.deepEqual(['GET /api/v1/componentstatuses/nobody', 'POST /api/v1/componentstatuses', 'DELETE /api/v1/componentstatuses/scheduler', 'GET /api/v1/componentstatuses?watch=1'].map((line) => world.ask(line).status), [404, 405, 405, 405])
})

test('a pod is bound through the collection of bindings as through its own', () => {
  const world = aWorld()
  settle(world)
  world.ask('POST /api/v1/namespaces/default/pods', aPod('web'))
  const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'web' }, target: { kind: 'Node', name: 'n1' } }
  assert.equal(world.ask('POST /api/v1/namespaces/default/bindings', { ...binding, metadata: { name: 'other' } }).status, 404)
  assert.equal(world.ask('POST /api/v1/namespaces/default/bindings', binding).status, 201)
  assert.equal((world.ask('GET /api/v1/namespaces/default/pods/web').body as { readonly spec: { readonly nodeName?: string } }).spec.nodeName, 'n1')
  assert.equal(world.ask('POST /api/v1/namespaces/default/bindings', binding).status, 409)
  assert.equal(world.ask('GET /api/v1/namespaces/default/bindings').status, 405)
  const { resources } = world.ask('GET /api/v1').body as { readonly resources: readonly { readonly name: string }[] }
  assert.deepEqual(resources.find(({ name }) => name === 'bindings'), { name: 'bindings', singularName: 'binding', namespaced: true, kind: 'Binding', verbs: ['create'] })
})

test('the generation of PodTemplates grows with their template, and an event is found under both groups', () => {
  const world = aWorld()
  settle(world)
  const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'web:1' }] } }
  world.ask('POST /api/v1/namespaces/default/podtemplates', { metadata: { name: 'web' }, template })
  const patched = (patch: object) => (world.ask('PATCH /api/v1/namespaces/default/podtemplates/web', patch, { headers: { 'content-type': 'application/merge-patch+json' } }).body as { readonly metadata: { readonly generation: number } }).metadata.generation
  assert.deepEqual([patched({ metadata: { labels: { a: 'b' } } }), patched({ template: { metadata: { labels: { app: 'other' } } } })], [1, 2])
  const event = { metadata: { name: 'web.1' }, eventTime: '2026-01-01T00:00:00.000000Z', type: 'Normal', reason: 'Started', action: 'Starting', reportingController: 'example.com/c', reportingInstance: 'c-1', regarding: { kind: 'Pod', namespace: 'default', name: 'web' }, note: 'started' }
  const made = world.ask('POST /apis/events.k8s.io/v1/namespaces/default/events', event)
  assert.equal(made.status, 201, JSON.stringify(made.body))
  const old = world.ask('GET /api/v1/namespaces/default/events?fieldSelector=involvedObject.name=web,reportingComponent=example.com/c').body as { readonly items: readonly { readonly message: string }[] }
  assert.deepEqual(old.items.map(({ message }) => message), ['started'])
  const refused = world.ask('GET /apis/events.k8s.io/v1/namespaces/default/events?fieldSelector=involvedObject.name=web')
  assert.deepEqual([refused.status, (refused.body as { readonly message: string }).message], [400, 'field label not supported: involvedObject.name'])
})

test('what is used on real nodes is asked of the outside, and told as metrics-server tells it', () => {
  const world = aWorld()
  settle(world)
  world.ask('POST /api/v1/nodes', { metadata: { name: 'real' } })
  world.ask('PATCH /api/v1/nodes/real/status', { status: { conditions: [{ type: 'Ready', status: 'True' }] } }, { headers: { 'content-type': 'application/merge-patch+json' } })
  const created = world.ask('POST /api/v1/namespaces/default/pods', { ...aPod('web'), spec: { nodeName: 'real', containers: [{ name: 'main', image: 'web:1' }] } })
  const { uid } = (created.body as { readonly metadata: { readonly uid: string } }).metadata
  const at = Date.UTC(2026, 0, 1)
  const use = new Map([['real', { at, cpu: 250, memory: 3 << 20, pods: new Map([[uid, [{ name: 'main', cpu: 1.234567, memory: 2048 }]]]) }]])
  const told = (path: string): unknown => {
    const request = world.request(`GET /apis/metrics.k8s.io/v1beta1/${path}`, undefined, {})
    const asked = world.server.handler.step(request, new Map())
    if (asked.is !== 'asks') return asked.is
    assert.deepEqual(asked.asks.map(({ what, input }) => [what, input]), [['metrics', { nodes: ['real'] }]])
    const reply = world.server.handler.step(request, new Map(asked.asks.map(({ id }) => [id, use])))
    return reply.is === 'bytes' && reply.status === 200 ? JSON.parse(new TextDecoder().decode(reply.body[0])) : reply
  }
  const { usage, timestamp } = told('nodes/real') as { readonly usage: unknown; readonly timestamp: unknown }
  assert.deepEqual([usage, timestamp], [{ cpu: '250m', memory: '3072Ki' }, '2026-01-01T00:00:00Z'])
  assert.deepEqual((told('namespaces/default/pods/web') as { readonly containers: unknown }).containers, [{ name: 'main', usage: { cpu: '1234567n', memory: '2Ki' } }])
})

test('metrics.k8s.io is explained, and given to a metrics-server that registers for it', () => {
  const world = aWorld()
  settle(world)
  const schemas = (world.ask('GET /openapi/v3/apis/metrics.k8s.io/v1beta1').body as { readonly components: { readonly schemas: Readonly<Record<string, { readonly description?: string; readonly properties?: object }>> } }).components.schemas
  const { description, properties } = schemas['io.k8s.metrics.pkg.apis.metrics.v1beta1.PodMetrics'] ?? {}
  assert.deepEqual([description, Object.keys(properties ?? {})], ['PodMetrics is what one pod used.', ['apiVersion', 'kind', 'metadata', 'timestamp', 'window', 'containers']])
  assert.equal(world.ask('GET /apis/metrics.k8s.io/v1beta1/nodes').status, 200)
  const spec = { group: 'metrics.k8s.io', version: 'v1beta1', groupPriorityMinimum: 100, versionPriority: 100, insecureSkipTLSVerify: true, service: { namespace: 'kube-system', name: 'metrics-server' } }
  assert.equal(world.ask('POST /apis/apiregistration.k8s.io/v1/apiservices', { metadata: { name: 'v1beta1.metrics.k8s.io' }, spec }).status, 201)
  // Its Service is not there yet.
  assert.deepEqual([world.ask('GET /apis/metrics.k8s.io/v1beta1/nodes').status, world.ask('GET /apis/metrics.k8s.io/v1/nodes').status], [503, 200])
  const { groups } = world.ask('GET /apis').body as { readonly groups: readonly { readonly name: string; readonly versions: readonly { readonly version: string }[] }[] }
  assert.deepEqual(groups.find(({ name }) => name === 'metrics.k8s.io')?.versions.map(({ version }) => version), ['v1', 'v1beta1'])
})
