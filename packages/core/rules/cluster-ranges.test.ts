import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressBlock, blockHolds } from './addresses.ts'
import { clusterRanges, readFamilies, shareOf, simulatedPlace } from './cluster-ranges.ts'

test('families are one or two, each once, in the order that they are named', () => {
  for (const words of [['IPv4'], ['IPv6'], ['IPv4', 'IPv6'], ['IPv6', 'IPv4']]) assert.deepEqual(readFamilies(words), words)
  for (const words of [[], [''], ['ipv4'], ['IPv4', 'IPv4'], ['IPv4', ''], ['IPv4', 'IPv6', 'IPv4']]) assert.equal(readFamilies(words), undefined, words.join())
})

test('names are asked for at the tenth address, simulated nodes are in their ranges, and there is an end to ranges', () => {
  for (const family of ['IPv4', 'IPv6'] as const) {
    const { services, dns, simulatedNodes, simulatedPods } = clusterRanges[family]
    const holds = (range: string, address: string): boolean => { const block = addressBlock(range); return block !== undefined && blockHolds(block, address) }
    assert.ok(holds(services, dns) && dns.endsWith(family === 'IPv4' ? '.10' : ':a'))
    for (const index of [0, 255, 256, 29_999]) {
      const { address, podCidr } = simulatedPlace(index, [family])
      assert.ok(holds(simulatedNodes, address) && holds(simulatedPods, podCidr.split('/')[0] ?? ''), `${index} ${address} ${podCidr}`)
    }
  }
  assert.deepEqual(simulatedPlace(256, ['IPv6', 'IPv4']), { address: 'fd00:172:31::100', podCidr: 'fd00:10:128:100::/64', second: { address: '172.31.1.0', podCidr: '10.129.0.0/24' } })
  assert.equal(shareOf('fd00:10:244::/56', 64, 255), 'fd00:10:244:ff::/64')
  assert.throws(() => shareOf('fd00:10:244::/56', 64, 256), /has no share 256 of 64 bits/)
})
