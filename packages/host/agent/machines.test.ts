import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node } from '@kubeskiff/core/api'
import { machineAddressMark, machineNetworkMark } from './machine-marks.ts'
import { otherMachines } from './machines.ts'

const settings = { nodeNetwork: '172.30.0.0/24', nodeNetworks: ['172.30.0.0/24', '172.30.192.0/18'], podNetwork: '10.244.0.0/16' }
const node = (name: string, [address, network]: readonly [string, string], podCIDR: string, creationTimestamp = '2026-01-01T00:00:00Z'): Node => ({
  apiVersion: 'v1', kind: 'Node', metadata: { name, uid: name, resourceVersion: '1', creationTimestamp, annotations: { [machineAddressMark]: address, [machineNetworkMark]: network } }, spec: { podCIDR, podCIDRs: [podCIDR] }, status: {},
})
const [own, far] = [['10.0.0.1', '172.30.0.0/24'], ['10.0.0.2', '172.30.192.0/24']] as const

test('machines are told from each other by the network of their nodes', () => {
  const third = ['10.0.0.3', '172.30.194.0/24'] as const
  assert.deepEqual(otherMachines([node('a', own, '10.244.0.0/24'), node('c', far, '10.244.193.0/24'), node('b', far, '10.244.192.0/24'), node('d', third, '10.244.194.0/24')], settings), [
    { address: '10.0.0.2', hub: '172.30.192.2', nodeNetwork: '172.30.192.0/24', podNetworks: ['10.244.192.0/24', '10.244.193.0/24'] },
    { address: '10.0.0.3', hub: '172.30.194.2', nodeNetwork: '172.30.194.0/24', podNetworks: ['10.244.194.0/24'] },
  ])
})

test('a network is written as kernels take it, or leads to no machine', () => {
  for (const network of ['172.30.192.7/24', '172.30.192.0/25', '172.30.999.0/24']) assert.deepEqual(otherMachines([node('a', own, '10.244.0.0/24'), node('b', ['10.0.0.2', network], '10.244.192.0/24')], settings), [], network)
})

test('a node leads no network to its machine that is not a share of its own', () => {
  const rows: readonly (readonly [what: string, other: Node, podNetworks: readonly string[] | undefined])[] = [
    ['all of the world', node('b', far, '0.0.0.0/0'), []],
    ['a network of no pods', node('b', far, '192.168.1.0/24'), []],
    ["this machine's own pods", node('b', far, '10.244.0.0/24'), []],
    ["an older node's pods", node('b', far, '10.244.200.0/24', '2026-01-02T00:00:00Z'), []],
    ['nodes that are none', node('b', ['10.0.0.2', '192.168.1.0/24'], '10.244.192.0/24'), undefined],
    ['an address that no kernel takes', node('b', ['10.0.0.999', '172.30.192.0/24'], '10.244.192.0/24'), undefined],
    ['pods of a network that no kernel takes', node('b', far, '10.244.192.7/24'), []],
    ['no address', node('b', ['example.com', '172.30.192.0/24'], '10.244.192.0/24'), undefined],
  ]
  for (const [what, other, podNetworks] of rows) {
    const machines = otherMachines([node('a', own, '10.244.0.0/24'), node('old', ['10.0.0.9', '172.30.200.0/24'], '10.244.200.0/24'), other], settings)
    assert.deepEqual(machines.find(({ nodeNetwork }) => nodeNetwork === '172.30.192.0/24')?.podNetworks, podNetworks, what)
  }
})
