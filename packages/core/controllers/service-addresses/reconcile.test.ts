import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ipAddresses, type Service, services } from '../../api/resources.ts'
import { anObject, type TestWorld, testWorld } from '../builders.ts'
import { createRunner, serviceAddressController } from '../index.ts'

const aService = (name: string, ...clusterIPs: readonly string[]): Service => anObject(services, name, { spec: { clusterIPs }, status: {} })
function aWorld(): { readonly world: TestWorld; readonly settle: () => void } {
  const world = testWorld()
  const runner = createRunner({ controllers: [serviceAddressController], view: world.store.view, changes: (after) => world.store.changes(after), submit: world.submit, clock: world.clock })
  return { world, settle: () => { for (let steps = 0; runner.step(); steps++) assert.ok(steps < 100) } }
}
const held = (world: TestWorld): unknown => Object.fromEntries([...world.store.view.list(ipAddresses)].map(({ metadata, spec }) => [metadata.name, spec.parentRef.name]))

test('each ClusterIP is an IPAddress that names its Service, as long as that has it', () => {
  const { world, settle } = aWorld()
  world.put(aService('web', '10.96.0.5', 'fd00::5'), aService('headless', 'None'))
  settle()
  assert.deepEqual(held(world), { '10.96.0.5': 'web', 'fd00::5': 'web' })
  assert.deepEqual(world.store.view.get(ipAddresses, '', '10.96.0.5')?.metadata.labels, { 'ipaddress.kubernetes.io/ip-family': 'IPv4', 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' })
  assert.deepEqual(world.store.view.get(ipAddresses, '', 'fd00::5')?.spec, { parentRef: { group: '', resource: 'services', namespace: 'default', name: 'web' } })
  world.update(services, 'web', (service) => ({ ...service, spec: { ...service.spec, clusterIPs: ['10.96.0.6'] } }))
  settle()
  assert.deepEqual(held(world), { '10.96.0.6': 'web' })
  world.remove(services, 'web')
  settle()
  assert.deepEqual(held(world), {})
})

test('what someone deletes comes back, what someone else holds is left alone, what is stale changes hands', () => {
  const { world, settle } = aWorld()
  const labels = { 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' }
  world.put(
    aService('web', '10.96.0.5'), aService('api', '10.96.0.6'),
    anObject(ipAddresses, '10.96.0.5', { metadata: { labels }, spec: { parentRef: { resource: 'services', namespace: 'default', name: 'gone' } } }),
    anObject(ipAddresses, '10.96.0.6', { spec: { parentRef: { group: 'gateway.example.com', resource: 'gateways', name: 'edge' } } }),
  )
  settle()
  assert.deepEqual(held(world), { '10.96.0.5': 'web', '10.96.0.6': 'edge' })
  world.remove(ipAddresses, '10.96.0.5')
  world.remove(ipAddresses, '10.96.0.6')
  settle()
  assert.deepEqual(held(world), { '10.96.0.5': 'web', '10.96.0.6': 'api' })
})
