import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Resource } from '../../api/resource.ts'
import { nodes, type Service, services } from '../../api/resources.ts'
import { anObject, type TestWorld, testWorld } from '../builders.ts'
import { createRunner, loadBalancerController } from '../index.ts'

const aService = (name: string, spec: object = {}): Service => anObject(services, name, { spec: { type: 'LoadBalancer', ...spec }, status: { loadBalancer: {} } })
const aNode = anObject(nodes, 'node-1', { metadata: { namespace: '' }, spec: {}, status: {} })
function aWorld(...objects: readonly Resource[]): { readonly world: TestWorld; readonly settle: () => void; readonly given: () => unknown } {
  const world = testWorld()
  const runner = createRunner({ controllers: [loadBalancerController({ pools: ['172.30.1.0/29', 'fd00:172:30:1::/125'] })], view: world.store.view, changes: (after) => world.store.changes(after), submit: world.submit, clock: world.clock })
  const settle = (): void => { for (let steps = 0; runner.step(); steps++) assert.ok(steps < 100) }
  world.put(...objects)
  settle()
  return { world, settle, given: () => Object.fromEntries([...world.store.view.list(services)].map(({ metadata, status }) => [metadata.name, status.loadBalancer?.ingress?.map(({ ip }) => ip).join()])) }
}

test('each gets an address of the pool, the one that it asks for if that is free', () => {
  const { given } = aWorld(aNode, aService('a', { loadBalancerIP: '172.30.1.1' }), aService('b'), aService('c', { loadBalancerIP: '192.0.2.1' }))
  assert.deepEqual(given(), { a: '172.30.1.1', b: '172.30.1.2', c: undefined })
})
test('other types, another\'s class and what a client has written are left alone', () => {
  const written = { ...aService('written'), status: { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } } }
  const { given } = aWorld(aNode, aService('plain', { type: 'ClusterIP' }), aService('classed', { loadBalancerClass: 'example.com/other' }), written)
  assert.deepEqual(given(), { plain: undefined, classed: undefined, written: '203.0.113.1' })
})
test('nothing is given where no real node could answer, and it is as soon as there is one', () => {
  const { world, settle, given } = aWorld(anObject(nodes, 'sim-1', { metadata: { namespace: '', labels: { 'skiff.dev/simulated': 'true' } }, spec: {}, status: {} }), aService('a'))
  assert.deepEqual(given(), { a: undefined })
  world.put(aNode)
  settle()
  assert.deepEqual(given(), { a: '172.30.1.1' })
})
test('who is no balancer any more gives its address back, and one that waits has it then', () => {
  const { world, settle, given } = aWorld(aNode, ...['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => aService(name)))
  assert.deepEqual(Object.values(given() as object).filter((address) => address === undefined).length, 1)
  world.update(services, 'b', (service) => ({ ...service, spec: { ...service.spec, type: 'ClusterIP' } }))
  settle()
  assert.deepEqual([(given() as { b?: string }).b, (given() as { g?: string }).g], [undefined, '172.30.1.2'])
})
test('each family that a Service has gets an address, and goes with it', () => {
  const { world, settle, given } = aWorld(aNode, aService('a', { ipFamilies: ['IPv6', 'IPv4'] }), aService('b', { ipFamilies: ['IPv4'] }))
  assert.deepEqual(given(), { a: 'fd00:172:30:1::1,172.30.1.1', b: '172.30.1.2' })
  for (const ipFamilies of [['IPv4', 'IPv6'], ['IPv4']]) {
    world.update(services, 'b', (service) => ({ ...service, spec: { ...service.spec, ipFamilies } }))
    settle()
    assert.equal((given() as { b?: string }).b, ipFamilies.length === 2 ? '172.30.1.2,fd00:172:30:1::2' : '172.30.1.2')
  }
})
