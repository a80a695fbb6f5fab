import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aPod, aWorld, settle, type World } from './testing.ts'

const strategic = { headers: { 'content-type': 'application/strategic-merge-patch+json' } }
const merge = { headers: { 'content-type': 'application/merge-patch+json' } }
const at = '/api/v1/namespaces/default/pods/web'
interface Shown { readonly metadata: { readonly generation: number }; readonly spec: { readonly containers: readonly { readonly resources?: unknown; readonly image: string }[]; readonly ephemeralContainers?: readonly { readonly name: string }[] } }
const shown = (world: World): Shown => world.ask(`GET ${at}`).body as Shown
const messageOf = (said: { readonly body: unknown }): string => (said.body as { readonly message: string }).message

function withPod(spec: object = {}): World {
  const world = aWorld()
  settle(world)
  const pod = aPod('web') as { readonly spec: object }
  world.ask('POST /api/v1/namespaces/default/pods', { ...pod, spec: { ...pod.spec, ...spec } })
  return world
}

test('containers are added to look at a running pod, and stay as they were added', () => {
  const world = withPod()
  const debug = { name: 'debug', image: 'busybox', targetContainerName: 'main' }
  const added = world.ask(`PATCH ${at}/ephemeralcontainers`, { spec: { ephemeralContainers: [debug] } }, strategic)
  assert.equal(added.status, 200, messageOf(added))
  assert.deepEqual([shown(world).spec.ephemeralContainers?.map(({ name }) => name), shown(world).metadata.generation], [['debug'], 2])
  assert.equal(world.ask(`GET ${at}/ephemeralcontainers`).status, 200)
  const rows: readonly (readonly [object, string])[] = [
    [{ spec: { ephemeralContainers: [] } }, 'Pod "web" is invalid: spec.ephemeralContainers: Forbidden: existing ephemeral containers "debug" may not be removed\n'],
    [{ spec: { ephemeralContainers: [{ ...debug, image: 'other' }] } }, 'Pod "web" is invalid: spec.ephemeralContainers: Forbidden: existing ephemeral containers "debug" may not be changed\n'],
    [{ spec: { ephemeralContainers: [debug, { name: 'main', image: 'x' }] } }, 'Pod "web" is invalid: spec.ephemeralContainers[1].name: Duplicate value: "main"'],
    [{ spec: { ephemeralContainers: [debug, { name: 'two', image: 'x', targetContainerName: 'debug', ports: [{ containerPort: 1 }] }] } }, 'Pod "web" is invalid: [spec.ephemeralContainers[1].targetContainerName: Not found: "debug", spec.ephemeralContainers[1].ports: Forbidden: cannot be set for an Ephemeral Container]'],
  ]
  for (const [patch, message] of rows) {
    const refused = world.ask(`PATCH ${at}/ephemeralcontainers`, patch, merge)
    assert.deepEqual([refused.status, messageOf(refused)], [422, message])
  }
  world.ask(`PATCH ${at}/ephemeralcontainers`, { spec: { containers: [{ name: 'main', image: 'ignored' }] } }, strategic)
  assert.equal(shown(world).spec.containers[0]?.image, 'web:1')
})

test('cpu and memory of a running pod change through resize, and nothing else does', () => {
  const resources = { requests: { cpu: '1', memory: '64Mi' }, limits: { cpu: '2' } }
  const world = withPod({ containers: [{ name: 'main', image: 'web:1', resources }] })
  const resize = (asked: object, image = 'web:1') => world.ask(`PATCH ${at}/resize`, { spec: { containers: [{ name: 'main', image, resources: asked }] } }, merge)
  assert.equal(resize({ requests: { cpu: '2', memory: '32Mi' }, limits: { cpu: '3' } }, 'ignored').status, 200)
  assert.deepEqual([shown(world).spec.containers[0]?.resources, shown(world).spec.containers[0]?.image, shown(world).metadata.generation], [{ requests: { cpu: '2', memory: '32Mi' }, limits: { cpu: '3' } }, 'web:1', 2])
  const rows: readonly (readonly [object, string])[] = [
    [{ requests: { cpu: '1' }, limits: { cpu: '2' } }, 'spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed'],
    [{ requests: { cpu: '4', memory: '32Mi' }, limits: { cpu: '3' } }, 'spec.containers[0].resources.requests: Invalid value: "4": must be less than or equal to cpu limit of 3'],
    [{ requests: { cpu: '1', memory: '32Mi', 'ephemeral-storage': '1Gi' }, limits: { cpu: '3' } }, 'spec: Forbidden: only cpu and memory resources are mutable'],
    [{ requests: { cpu: '3', memory: '32Mi' }, limits: { cpu: '3', memory: '32Mi' } }, 'spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing'],
  ]
  for (const [asked, message] of rows) assert.equal(messageOf(resize(asked)), `Pod "web" is invalid: ${message}`)
  const direct = world.ask(`PATCH ${at}`, { spec: { containers: [{ name: 'main', resources: { requests: { cpu: '1' } } }] } }, strategic)
  assert.equal(direct.status, 422)
})

test('a pod on a node that does not tell what its containers have cannot be resized', () => {
  const world = withPod()
  world.ask(`PATCH ${at}/status`, { status: { containerStatuses: [{ name: 'main', image: 'web:1', imageID: '', ready: true, restartCount: 0, state: { running: {} } }] } }, merge)
  assert.equal(messageOf(world.ask(`PATCH ${at}/resize`, { metadata: { labels: { a: 'b' } } }, merge)), 'Pod "web" is invalid: spec: Forbidden: Pod running on node without support for resize')
})

test('proxies of pods, services and nodes are told of, and evictions of both versions are taken', () => {
  const world = withPod()
  const { resources } = world.ask('GET /api/v1').body as { readonly resources: readonly { readonly name: string; readonly kind: string; readonly verbs: readonly string[] }[] }
  assert.deepEqual(resources.filter(({ name }) => name.endsWith('/proxy')).map(({ name, kind, verbs }) => [name, kind, verbs.join()]), [
    ['nodes/proxy', 'NodeProxyOptions', 'create,delete,get,patch,update'], ['pods/proxy', 'PodProxyOptions', 'create,delete,get,patch,update'], ['services/proxy', 'ServiceProxyOptions', 'create,delete,get,patch,update'],
  ])
  for (const version of ['v1beta1', 'v1']) {
    world.ask('POST /api/v1/namespaces/default/pods', aPod(`old-${version}`))
    assert.equal(world.ask(`POST /api/v1/namespaces/default/pods/old-${version}/eviction`, { apiVersion: `policy/${version}`, kind: 'Eviction', metadata: { name: `old-${version}` } }).status, 201)
  }
})
