// Points about bodies, writes and refusals; and those that other tests show.
import assert from 'node:assert/strict'
import { at, good, list, nameOf, refused, text, until, versionOf } from '../api.ts'
import { contains, sees } from '../operations.ts'
import type { World } from '../story.ts'
import { customResourcesRefuseStrategicMerge } from './asking.ts'
import type { Point } from './point.ts'
import { envelope, field, message } from './protobuf.ts'

const maps = (world: World, name?: string): string => world.path('v1', 'configmaps', name)
const pods = (world: World, name?: string): string => world.path('v1', 'pods', name)
const deployments = (world: World, name?: string): string => world.path('apps/v1', 'deployments', name)
const protobuf = { 'content-type': 'application/vnd.kubernetes.protobuf' }
const aDeployment = (name: string, replicas: number): object => ({ metadata: { name }, spec: { replicas, selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'a', image: 'a:1' }, { name: 'b', image: 'b:1' }] } } } })
const aPod = (name: string, more: object = {}): object => ({ metadata: { name, labels: { app: name } }, spec: { containers: [{ name: 'a', image: 'a:1' }], ...more } })

export const writing: readonly Point[] = [
  {
    number: 1, says: 'bodies of built-in kinds come in protobuf, whatever the answer is in',
    tell: async (world) => {
      const body = envelope('v1', 'ConfigMap', message(field(1, field(1, 'one')), field(2, message(field(1, 'key'), field(2, 'value')))))
      contains(good(await world.ask('POST', maps(world), body, protobuf), 201), { metadata: { name: 'one' }, data: { key: 'value' } })
      const reply = await world.ask('GET', maps(world, 'one'), undefined, { accept: 'application/vnd.kubernetes.protobuf,application/json' })
      assert.ok(reply.headers['content-type'] === 'application/json' || (reply.headers['content-type'] === 'application/vnd.kubernetes.protobuf' && reply.text.startsWith('k8s\0')))
    },
  },
  {
    number: 2, says: 'an empty time in protobuf is no time, and inlined messages are fields of their own',
    tell: async (world) => {
      // ObjectMeta.creationTimestamp is field 8; Volume inlines its source as field 2, whose emptyDir is field 2.
      const metadata = message(field(1, 'one'), field(8, new Uint8Array()))
      const spec = message(field(1, message(field(1, 'data'), field(2, field(2, new Uint8Array())))), field(2, message(field(1, 'main'), field(2, 'main:1'))))
      const made = good(await world.ask('POST', pods(world), envelope('v1', 'Pod', message(field(1, metadata), field(2, spec))), protobuf), 201)
      assert.ok(Math.abs(Date.parse(text(made, 'metadata', 'creationTimestamp')) - world.api.now()) < 60_000)
      assert.deepEqual(list(made, 'spec', 'volumes').find(({ name }) => name === 'data'), { name: 'data', emptyDir: {} })
    },
  },
  {
    number: 3, says: 'a body without a Content-Type is JSON',
    tell: async (world) => { good(await world.ask('POST', maps(world), { metadata: { name: 'one' } }, { 'content-type': '' }), 201) },
  },
  {
    number: 4, says: 'a body need not say its kind',
    tell: async (world) => { contains(await world.create(maps(world), { metadata: { name: 'one' } }), { apiVersion: 'v1', kind: 'ConfigMap' }) },
  },
  {
    number: 24, says: 'refusals name the plural, those of what is invalid the kind, with causes',
    tell: async (world) => {
      const details = async (method: string, path: string, body?: unknown): Promise<unknown> => at((await world.ask(method, path, body)).body, 'details')
      assert.deepEqual(await details('GET', deployments(world, 'absent')), { name: 'absent', group: 'apps', kind: 'deployments' })
      const invalid = await details('POST', deployments(world), aDeployment('bad', -1))
      contains(invalid, { name: 'bad', group: 'apps', kind: 'Deployment', causes: [{ reason: 'FieldValueInvalid', field: 'spec.replicas' }] })
    },
  },
  {
    number: 25, says: '409 is AlreadyExists or Conflict by its reason',
    tell: async (world) => {
      const made = await world.create(maps(world), { metadata: { name: 'one' } })
      refused(await world.ask('POST', maps(world), { metadata: { name: 'one' } }), 409, 'AlreadyExists')
      await world.merge(maps(world, 'one'), { data: { a: 'b' } })
      refused(await world.ask('PUT', maps(world, 'one'), made), 409, 'Conflict')
    },
  },
  {
    number: 26, says: 'an eviction that a budget forbids is 429, and does not ask to be tried again',
    tell: async (world) => {
      await world.create(pods(world), aPod('one'))
      await until(world.api, 'it is ready', async () => list(await world.get(pods(world, 'one')), 'status', 'conditions').some(({ type, status }) => type === 'Ready' && status === 'True'))
      await world.create(world.path('policy/v1', 'poddisruptionbudgets'), { metadata: { name: 'one' }, spec: { minAvailable: 1, selector: { matchLabels: { app: 'one' } } } })
      await until(world.api, 'the budget is counted', async () => at(await world.get(world.path('policy/v1', 'poddisruptionbudgets', 'one')), 'status', 'currentHealthy') === 1)
      const reply = await world.ask('POST', `${pods(world, 'one')}/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'one' } })
      const body = refused(reply, 429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.")
      assert.deepEqual([list(body, 'details', 'causes')[0]?.['reason'], reply.headers['retry-after']], ['DisruptionBudget', undefined])
    },
  },
  {
    number: 27, says: 'options of a DELETE stand in its body or in its query, and the answer tells the uid',
    tell: async (world) => {
      const made = await world.create(maps(world), { metadata: { name: 'one' } })
      good(await world.ask('DELETE', maps(world, 'one'), { kind: 'DeleteOptions', apiVersion: 'v1', dryRun: ['All'] }), 200)
      good(await world.ask('DELETE', `${maps(world, 'one')}?dryRun=All`), 200)
      refused(await world.ask('DELETE', maps(world, 'one'), { preconditions: { uid: 'another' } }), 409, 'Conflict')
      const status = good(await world.ask('DELETE', maps(world, 'one'), { propagationPolicy: 'Background' }), 200)
      assert.deepEqual([status['kind'], status['status'], at(status, 'details', 'uid')], ['Status', 'Success', text(made, 'metadata', 'uid')])
    },
  },
  {
    number: 28, says: 'a pod that is deleted is told of twice: that it shall go, and that it is gone',
    tell: async (world) => {
      await world.create(pods(world), aPod('one', { terminationGracePeriodSeconds: 2 }))
      await until(world.api, 'it runs', async () => text(await world.get(pods(world, 'one')), 'status', 'phase') === 'Running')
      const watch = await world.api.watch(`${pods(world)}?watch=true&resourceVersion=${versionOf(await world.get(pods(world, 'one')))}&fieldSelector=metadata.name%3Done`)
      const answer = await world.remove(pods(world, 'one'))
      assert.deepEqual([answer['kind'], at(answer, 'metadata', 'deletionGracePeriodSeconds')], ['Pod', 2])
      await sees(watch, 'MODIFIED', ['one'], ({ object }) => text(object, 'metadata', 'deletionTimestamp') !== '')
      await sees(watch, 'DELETED', ['one'])
      watch.stop()
      // A finalizer holds what it names; its owner goes first, last or alone, as was asked.
      await world.create(maps(world), { metadata: { name: 'held', finalizers: ['example.com/held'] } })
      assert.notEqual(text(await world.remove(maps(world, 'held')), 'metadata', 'deletionTimestamp'), '')
      await world.merge(maps(world, 'held'), { metadata: { finalizers: null } })
      assert.ok(await world.isGone(maps(world, 'held')))
    },
  },
  {
    number: 29, says: 'strategic merge knows its keys and directives, and custom resources do not know it',
    tell: async (world) => {
      await world.create(deployments(world), aDeployment('web', 0))
      const containers = async (patch: object): Promise<readonly unknown[]> => list(await world.patch(deployments(world, 'web'), { spec: { template: { spec: patch } } }, 'strategic-merge'), 'spec', 'template', 'spec', 'containers').map((one) => `${text(one, 'name')} ${text(one, 'image')} ${list(one, 'ports').map(({ containerPort }) => containerPort).join()}`.trim())
      assert.deepEqual(await containers({ containers: [{ name: 'b', image: 'b:2', ports: [{ containerPort: 80 }] }] }), ['a a:1', 'b b:2 80'])
      assert.deepEqual(await containers({ containers: [{ name: 'b', ports: [{ containerPort: 81 }] }] }), ['a a:1', 'b b:2 81,80'])
      assert.deepEqual(await containers({ '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }], containers: [{ name: 'a', image: 'a:2' }] }), ['b b:2 81,80', 'a a:2'])
      assert.deepEqual(await containers({ containers: [{ name: 'b', $patch: 'delete' }] }), ['a a:2'])
      const strategy = await world.patch(deployments(world, 'web'), { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } }, 'strategic-merge')
      assert.deepEqual(at(strategy, 'spec', 'strategy'), { type: 'Recreate' })
      await world.merge(deployments(world, 'web'), { metadata: { finalizers: ['example.com/a', 'example.com/b'] } })
      assert.deepEqual(at(await world.patch(deployments(world, 'web'), { metadata: { '$deleteFromPrimitiveList/finalizers': ['example.com/a'] } }, 'strategic-merge'), 'metadata', 'finalizers'), ['example.com/b'])
      await world.merge(deployments(world, 'web'), { metadata: { finalizers: null } })
      await customResourcesRefuseStrategicMerge(world)
    },
  },
  {
    number: 30, says: 'an operation of a JSON patch that fails is 422, and templates may be replaced whole',
    tell: async (world) => {
      const made = await world.create(deployments(world), aDeployment('web', 0))
      refused(await world.ask('PATCH', deployments(world, 'web'), [{ op: 'test', path: '/spec/replicas', value: 5 }], { 'content-type': 'application/json-patch+json' }), 422, 'Invalid')
      const template = { ...at(made, 'spec', 'template') as object, metadata: { labels: { app: 'web', undone: 'yes' } } }
      const patched = await world.patch(deployments(world, 'web'), [{ op: 'replace', path: '/spec/template', value: template }, { op: 'replace', path: '/metadata/annotations', value: { a: 'b' } }], 'json').catch(() => undefined)
      assert.equal(at(patched ?? await world.patch(deployments(world, 'web'), [{ op: 'replace', path: '/spec/template', value: template }], 'json'), 'spec', 'template', 'metadata', 'labels', 'undone'), 'yes')
    },
  },
  {
    number: 31, says: 'a scale is read, put and patched, and its selector is text',
    tell: async (world) => {
      await world.create(deployments(world), aDeployment('web', 1))
      const scale = await world.get(`${deployments(world, 'web')}/scale`)
      assert.deepEqual([at(scale, 'status', 'selector'), at(scale, 'spec', 'replicas')], ['app=web', 1])
      assert.equal(at(await world.merge(`${deployments(world, 'web')}/scale`, { spec: { replicas: 0 } }), 'spec', 'replicas') ?? 0, 0)
    },
  },
  {
    number: 32, says: 'spec and status are written apart, and only the spec makes a generation',
    tell: async (world) => {
      await world.create(deployments(world), aDeployment('web', 0))
      await until(world.api, 'the controller has seen it', async () => at(await world.get(deployments(world, 'web')), 'status', 'observedGeneration') === 1)
      const object = await world.get(deployments(world, 'web'))
      assert.equal(at(object, 'metadata', 'annotations', 'deployment.kubernetes.io/revision'), '1')
      const labelled = await world.merge(deployments(world, 'web'), { metadata: { labels: { a: 'b' } }, status: { replicas: 7 } })
      assert.deepEqual([at(labelled, 'metadata', 'generation'), at(labelled, 'status', 'replicas')], [1, undefined])
      const byStatus = await world.merge(`${deployments(world, 'web')}/status`, { spec: { replicas: 9 }, status: { collisionCount: 1 } })
      assert.deepEqual([at(byStatus, 'spec', 'replicas'), at(byStatus, 'metadata', 'generation'), at(byStatus, 'status', 'collisionCount')], [0, 1, 1])
      assert.equal(at(await world.merge(deployments(world, 'web'), { spec: { paused: true } }), 'metadata', 'generation'), 2)
    },
  },
  {
    number: 33, says: 'an apply needs a manager, tells conflicts by their fields, and owns what it says',
    tell: async (world) => {
      const apply = { 'content-type': 'application/apply-patch+yaml' }
      const body = (value: string): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one' }, data: { key: value } })
      refused(await world.ask('PATCH', maps(world, 'one'), body('a'), apply), 422, 'Invalid', /fieldManager: Required value: is required for apply patch/)
      good(await world.ask('PATCH', `${maps(world, 'one')}?fieldManager=first`, body('a'), apply), 201)
      const conflict = refused(await world.ask('PATCH', `${maps(world, 'one')}?fieldManager=second`, body('b'), apply), 409, 'Conflict', /^Apply failed with 1 conflict: conflict with "first": \.data\.key$/)
      assert.deepEqual(list(conflict, 'details', 'causes'), [{ reason: 'FieldManagerConflict', message: 'conflict with "first"', field: '.data.key' }])
      const forced = good(await world.ask('PATCH', `${maps(world, 'one')}?fieldManager=second&force=true`, body('b'), apply), 200)
      assert.deepEqual(list(forced, 'metadata', 'managedFields').map(({ manager, operation }) => [manager, operation]), [['second', 'Apply']])
      assert.equal(at(good(await world.ask('PATCH', `${maps(world, 'one')}?fieldManager=second`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one' } }, apply)), 'data'), undefined)
    },
  },
  {
    number: 34, says: 'unknown fields are refused, or warned of in a quoted header',
    tell: async (world) => {
      const odd = { metadata: { name: 'one' }, colour: 'red' }
      refused(await world.ask('POST', `${maps(world)}?fieldValidation=Strict`, odd), 400, 'BadRequest', 'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "colour"')
      assert.equal((await world.ask('POST', maps(world), odd)).headers['warning'], '299 - "unknown field \\"colour\\""')
    },
  },
  { number: 35, says: 'SPDY: one zlib context a connection, the error stream first, exit codes in it', shownBy: 'packages/host/streams/streams.test.ts' },
  { number: 36, says: 'WebSocket v5: channels, closing, and a refusal that lets clients fall back to SPDY', shownBy: 'packages/host/streams/streams.test.ts' },
  { number: 37, says: 'three dialects of port-forward', shownBy: 'packages/host/streams/streams.test.ts' },
  { number: 38, says: 'watches over WebSockets, and tokens in their subprotocol', shownBy: 'packages/host/streams/streams.test.ts' },
  {
    number: 39, says: 'what clients take for granted is filled in',
    tell: async (world) => {
      const pod = await world.create(pods(world), aPod('one'))
      assert.deepEqual([at(pod, 'spec', 'securityContext'), at(pod, 'spec', 'dnsPolicy'), at(pod, 'spec', 'restartPolicy'), at(pod, 'status', 'phase')], [{}, 'ClusterFirst', 'Always', 'Pending'])
      const service = await world.create(world.path('v1', 'services'), { metadata: { name: 'one' }, spec: { selector: { app: 'one' }, ports: [{ port: 80 }] } })
      assert.deepEqual([at(service, 'spec', 'clusterIPs', 0), list(service, 'spec', 'ports')[0]], [text(service, 'spec', 'clusterIP'), { protocol: 'TCP', port: 80, targetPort: 80 }])
      const job = await world.create(world.path('batch/v1', 'jobs'), { metadata: { name: 'one' }, spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a' }] } } } })
      assert.deepEqual(at(job, 'spec', 'selector', 'matchLabels'), { 'batch.kubernetes.io/controller-uid': text(job, 'metadata', 'uid') })
      contains(at(job, 'spec', 'template', 'metadata', 'labels'), { 'job-name': 'one', 'batch.kubernetes.io/job-name': 'one', 'controller-uid': text(job, 'metadata', 'uid') })
      await until(world.api, 'the pod has its addresses', async () => list(await world.get(pods(world, 'one')), 'status', 'podIPs').length === 1)
      await until(world.api, 'the service has both its forms of endpoints', async () => nameOf((await world.ask('GET', world.path('v1', 'endpoints', 'one'))).body) === 'one' && (await world.names(`${world.path('discovery.k8s.io/v1', 'endpointslices')}?labelSelector=kubernetes.io/service-name%3Done`)).length === 1)
    },
  },
]
