import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type IPAddress, ipAddresses, type ServiceCIDR, serviceCIDRs } from '../../api/resources.ts'
import { timestamp } from '../../rules/time.ts'
import { anObject, dawn, type TestWorld, testWorld } from '../builders.ts'
import { createRunner, serviceCIDRController } from '../index.ts'

const finalizer = 'networking.k8s.io/service-cidr-finalizer'
const aRange = (name: string, cidr: string, leaving = false): ServiceCIDR =>
  anObject(serviceCIDRs, name, { metadata: leaving ? { finalizers: [finalizer], deletionTimestamp: timestamp(dawn), deletionGracePeriodSeconds: 0 } : {}, spec: { cidrs: [cidr] }, status: {} })
const anAddress = (name: string, labels: Readonly<Record<string, string>> = { 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' }): IPAddress =>
  anObject(ipAddresses, name, { metadata: { labels }, spec: { parentRef: { resource: 'services', namespace: 'default', name: 'web' } } })
function aWorld(): { readonly world: TestWorld; readonly settle: () => void } {
  const world = testWorld()
  const runner = createRunner({ controllers: [serviceCIDRController], view: world.store.view, changes: (after) => world.store.changes(after), submit: world.submit, clock: world.clock })
  return { world, settle: () => { for (let steps = 0; runner.step(); steps++) assert.ok(steps < 100) } }
}

test('a new ServiceCIDR is ready and may not just go', () => {
  const { world, settle } = aWorld()
  world.put(aRange('more', '10.97.0.0/24'))
  settle()
  const range = world.store.view.get(serviceCIDRs, '', 'more')
  assert.deepEqual([range?.metadata.finalizers, range?.status.conditions], [[finalizer], [{ type: 'Ready', status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready', lastTransitionTime: timestamp(dawn) }]])
})

test('a ServiceCIDR waits for the last address that is in no other', () => {
  const { world, settle } = aWorld()
  world.put(aRange('more', '10.97.0.0/24', true), anAddress('10.97.0.7'), anAddress('10.98.0.7'), anAddress('10.97.0.9', {}))
  settle()
  assert.deepEqual(world.store.view.get(serviceCIDRs, '', 'more')?.status.conditions, [{
    type: 'Ready', status: 'False', reason: 'Terminating', message: 'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR', lastTransitionTime: timestamp(dawn),
  }])
  world.remove(ipAddresses, '10.97.0.7')
  settle()
  assert.equal(world.store.view.get(serviceCIDRs, '', 'more'), undefined)
})

test('a ServiceCIDR inside another one, or whose addresses are all in others, goes at once', () => {
  for (const cidr of ['10.96.0.0/11', '10.97.0.0/29']) {
    const { world, settle } = aWorld()
    world.put(aRange('more', '10.97.0.0/24', true), anAddress('10.97.0.3'))
    settle()
    assert.ok(world.store.view.get(serviceCIDRs, '', 'more'))
    world.put(aRange('wide', cidr))
    settle()
    assert.equal(world.store.view.get(serviceCIDRs, '', 'more'), undefined, cidr)
  }
})
