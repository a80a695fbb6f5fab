import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ServiceRoute } from '@kubeskiff/core/network'
import { nextAddress } from './addresses.ts'
import { changeScript, rulesOf, type Forwarding } from './rules.ts'

const route = (changed: Partial<ServiceRoute>): ServiceRoute => ({ name: 'default/web:http', protocol: 'TCP', addresses: ['10.96.0.100'], port: 80, endpoints: [{ address: '10.244.1.2', port: 8080 }], ...changed })
const forwarding = (changed: Partial<Forwarding>): Forwarding => ({ address: '172.30.0.11', podNetwork: '10.244.1.0/24', clusterNetworks: ['10.244.0.0/16', '172.30.0.0/24'], served: ['10.96.0.10'], routes: [], hostPorts: [], ...changed })
const script = (before: Forwarding, after: Forwarding): readonly string[] => changeScript(rulesOf(before), rulesOf(after)).replaceAll(/-[0-9a-f]{12}/g, '-ID').split('\n').filter((line) => line !== '')

test('a service becomes a chain and the way to it', () => {
  assert.deepEqual(script(forwarding({}), forwarding({ routes: [route({ nodePort: 30080 })] })), [
    'add chain ip skiff outside-ID', 'add chain ip skiff service-ID',
    'add rule ip skiff outside-ID meta mark set meta mark or 0x4000', 'add rule ip skiff outside-ID goto service-ID',
    'add rule ip skiff service-ID meta l4proto tcp dnat ip addr . port to numgen random mod 1 map { 0 : 10.244.1.2 . 8080 }',
    'add element ip skiff services { 10.96.0.100 . tcp . 80 : goto service-ID }', 'add element ip skiff node-ports { tcp . 30080 : goto outside-ID }',
    'add element ip skiff cluster-ips { 10.96.0.100 }', 'add element ip skiff hairpin { 10.244.1.2 . 10.244.1.2 }',
  ])
})

test('new endpoints change one chain, and only that', () => {
  const other = route({ name: 'default/other:', addresses: ['10.96.0.101'] })
  assert.deepEqual(script(forwarding({ routes: [route({}), other] }), forwarding({ routes: [route({ endpoints: [{ address: '10.244.2.9', port: 8080 }] }), other] })), [
    'flush chain ip skiff service-ID',
    'add rule ip skiff service-ID meta l4proto tcp dnat ip addr . port to numgen random mod 1 map { 0 : 10.244.2.9 . 8080 }',
  ])
})

test('a service without endpoints keeps its address, to be refused', () => {
  assert.deepEqual(script(forwarding({ routes: [route({})] }), forwarding({ routes: [route({ endpoints: [] })] })), [
    'delete element ip skiff services { 10.96.0.100 . tcp . 80 : goto service-ID }', 'delete element ip skiff hairpin { 10.244.1.2 . 10.244.1.2 }',
    'flush chain ip skiff service-ID', 'delete chain ip skiff service-ID',
  ])
})

test('clients that stick are remembered per endpoint', () => {
  assert.deepEqual(script(forwarding({}), forwarding({ routes: [route({ affinitySeconds: 60, endpoints: [{ address: '10.244.2.2', port: 80 }] })] })), [
    'add set ip skiff clients-ID-ID { type ipv4_addr; flags dynamic,timeout; timeout 60s; }', 'add chain ip skiff endpoint-ID-ID', 'add chain ip skiff service-ID',
    'add rule ip skiff endpoint-ID-ID update @clients-ID-ID { ip saddr }', 'add rule ip skiff endpoint-ID-ID meta l4proto tcp dnat ip to 10.244.2.2:80',
    'add rule ip skiff service-ID ip saddr @clients-ID-ID goto endpoint-ID-ID', 'add rule ip skiff service-ID numgen random mod 1 vmap { 0 : goto endpoint-ID-ID }',
    'add element ip skiff services { 10.96.0.100 . tcp . 80 : goto service-ID }', 'add element ip skiff cluster-ips { 10.96.0.100 }',
  ])
})

test('what a socket of the node answers is not forwarded, and the same rules need no step', () => {
  const dns = forwarding({ routes: [route({ addresses: ['10.96.0.10'], port: 53, protocol: 'UDP' })] })
  assert.deepEqual([...rulesOf(dns).elements.get('services') ?? []], [])
  assert.deepEqual(script(dns, dns), [])
})

test('addresses go round and are not given again at once', () => {
  const taken = new Set(['10.244.1.2', '10.244.1.4'])
  assert.deepEqual([nextAddress('10.244.1.0/24', undefined, taken), nextAddress('10.244.1.0/24', '10.244.1.3', taken), nextAddress('10.244.1.0/24', '10.244.1.254', new Set()), nextAddress('10.244.1.0/30', undefined, new Set(['10.244.1.2']))], ['10.244.1.3', '10.244.1.5', '10.244.1.2', undefined])
})
