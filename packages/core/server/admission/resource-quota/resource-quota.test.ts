import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aPod, aWorld, type Said, settle, type World } from '../../testing.ts'

const namespace = '/api/v1/namespaces/default'
const messageOf = ({ body }: Said): string => (body as { message: string }).message
const usedIn = (world: World): unknown => (world.ask(`GET ${namespace}/resourcequotas/q`).body as { status: { used: unknown } }).status.used
function worldWith(hard: Readonly<Record<string, string>>): World {
  const world = aWorld()
  settle(world)
  const made = world.ask(`POST ${namespace}/resourcequotas`, { metadata: { name: 'q' }, spec: { hard } })
  const quota = made.body as { readonly metadata: object }
  // What the controller does at once.
  const counted = world.ask(`PUT ${namespace}/resourcequotas/q/status`, { ...quota, status: { hard, used: Object.fromEntries(Object.keys(hard).map((name) => [name, '0'])) } })
  assert.equal(counted.status, 200)
  return world
}

test('ResourceQuota should create a ResourceQuota and capture the life of a configMap', () => {
  const world = worldWith({ configmaps: '1' })
  assert.equal(world.ask(`POST ${namespace}/configmaps`, { metadata: { name: 'a' } }).status, 201)
  assert.deepEqual(usedIn(world), { configmaps: '1' })
  const second = world.ask(`POST ${namespace}/configmaps`, { metadata: { name: 'b' } })
  assert.deepEqual([second.status, messageOf(second)], [403, 'configmaps "b" is forbidden: exceeded quota: q, requested: configmaps=1, used: configmaps=1, limited: configmaps=1'])
  assert.equal(world.ask(`GET ${namespace}/configmaps/b`).status, 404)
  world.ask(`DELETE ${namespace}/configmaps/a`)
  assert.deepEqual(usedIn(world), { configmaps: '0' })
})

test('ResourceQuota should create a ResourceQuota and capture the life of a pod', () => {
  const world = worldWith({ pods: '2', 'requests.cpu': '1' })
  const pod = (name: string, cpu: string): object => ({ metadata: { name }, spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }] } })
  assert.equal(world.ask(`POST ${namespace}/pods`, pod('a', '600m')).status, 201)
  assert.match(messageOf(world.ask(`POST ${namespace}/pods`, pod('b', '500m'))), /exceeded quota: q, requested: requests.cpu=500m, used: requests.cpu=600m, limited: requests.cpu=1$/)
  assert.match(messageOf(world.ask(`POST ${namespace}/pods`, aPod('c'))), /failed quota: q: must specify requests.cpu for: main$/)
  assert.equal(world.ask(`POST ${namespace}/pods?dryRun=All`, pod('d', '100m')).status, 201)
  assert.deepEqual(usedIn(world), { pods: '1', 'requests.cpu': '600m' })
  world.ask(`DELETE ${namespace}/pods/a`)
  assert.deepEqual(usedIn(world), { pods: '0', 'requests.cpu': '0' })
})

test('a dry run is limited too', () => {
  const world = worldWith({ configmaps: '0' })
  assert.equal(world.ask(`POST ${namespace}/configmaps?dryRun=All`, { metadata: { name: 'a' } }).status, 403)
})
