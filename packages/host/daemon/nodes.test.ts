import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCluster } from '@kubeskiff/core/cluster'
import { familiesIn, machineAddressesIn, networksOf, newSimulatedNodes, shapesOf } from './nodes.ts'

test('nodes and the machine have addresses of each family, and tell later with which their cluster was made', () => {
  const settings = newSimulatedNodes([], [{ count: 2 }])
  for (const families of [['IPv4'], ['IPv6'], ['IPv6', 'IPv4']] as const) {
    const cluster = createCluster({ nodes: shapesOf(settings, '/nowhere', families), ipFamilies: families })
    assert.equal(familiesIn(cluster.store.view, settings), families.join())
    assert.equal(familiesIn(cluster.store.view, []), undefined)
    cluster.stop()
  }
  const real = shapesOf([{ ...settings[0] ?? assert.fail(), simulated: false, index: 20 }], '/nowhere', ['IPv4', 'IPv6'])
  assert.deepEqual(real.map(({ address, podCidr, second }) => [address, podCidr, second]), [['172.30.0.31', '10.244.20.0/24', { address: 'fd00:172:30::1f', podCidr: 'fd00:10:244:14::/64' }]])
  assert.deepEqual(machineAddressesIn(['IPv6', 'IPv4']), ['fd00:172:30::1', '172.30.0.1'])
  assert.deepEqual([networksOf(['IPv4']).second, networksOf(['IPv4', 'IPv6']).second?.dnsAddress], [undefined, 'fd00:10:96::a'])
})
