import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node } from '@kubeskiff/core/api'
import { createStore } from '@kubeskiff/core/store'
import { machineAddressMark, machineKeyMark, machineNetworkMark } from './machine-marks.ts'
import { followMachines, otherMachines } from './machines.ts'

const settings = { nodeNetwork: '172.30.0.0/24', nodeNetworks: ['172.30.0.0/24', '172.30.192.0/18'], podNetwork: '10.244.0.0/16' }
const machine = { address: '10.0.0.1', overlay: 'vxlan' } as const
const node = (name: string, [address, network]: readonly [string, string], podCIDR: string, creationTimestamp = '2026-01-01T00:00:00Z'): Node => ({
  apiVersion: 'v1', kind: 'Node', metadata: { name, uid: name, resourceVersion: '1', creationTimestamp, annotations: { [machineAddressMark]: address, [machineNetworkMark]: network } }, spec: { podCIDR: podCIDR.split(',')[0] ?? '', podCIDRs: podCIDR.split(',') }, status: {},
})
const [own, far] = [['10.0.0.1', '172.30.0.0/24'], ['10.0.0.2', '172.30.192.0/24']] as const

test('machines are told from each other by the network of their nodes', () => {
  const third = ['10.0.0.3', '172.30.194.0/24'] as const
  assert.deepEqual(otherMachines([node('a', own, '10.244.0.0/24'), node('c', far, '10.244.193.0/24'), node('b', far, '10.244.192.0/24'), node('d', third, '10.244.194.0/24')], settings, machine), [
    { networks: [{ address: '10.0.0.2', hub: '172.30.192.2', nodeNetwork: '172.30.192.0/24', podNetworks: ['10.244.192.0/24', '10.244.193.0/24'] }] },
    { networks: [{ address: '10.0.0.3', hub: '172.30.194.2', nodeNetwork: '172.30.194.0/24', podNetworks: ['10.244.194.0/24'] }] },
  ])
})

test('a network is written as kernels take it, or leads to no machine', () => {
  for (const network of ['172.30.192.7/24', '172.30.192.0/25', '172.30.999.0/24']) assert.deepEqual(otherMachines([node('a', own, '10.244.0.0/24'), node('b', ['10.0.0.2', network], '10.244.192.0/24')], settings, machine), [], network)
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
    const machines = otherMachines([node('a', own, '10.244.0.0/24'), node('old', ['10.0.0.9', '172.30.200.0/24'], '10.244.200.0/24'), other], settings, machine).flatMap(({ networks }) => networks)
    assert.deepEqual(machines.find(({ nodeNetwork }) => nodeNetwork === '172.30.192.0/24')?.podNetworks, podNetworks, what)
  }
})

test('a machine has networks of each family, behind one address for packets of UDP and one of each for plain routes', () => {
  const dual = { ...settings, second: { nodeNetwork: 'fd00:172:30::/112', nodeNetworks: ['fd00:172:30::/112', 'fd00:172:30:c0::/58'], podNetwork: 'fd00:10:244::/56', serviceNetwork: 'fd00:10:96::/112', balancedNetwork: 'fd00:172:30:1::/112', dnsAddress: 'fd00:10:96::a' } }
  const all = [
    node('a', ['10.0.0.1,2001:db8::1', '172.30.0.0/24,fd00:172:30::/112'], '10.244.0.0/24,fd00:10:244::/64'),
    node('b', ['10.0.0.2,2001:db8::2', '172.30.192.0/24,fd00:172:30:c0::/112'], '10.244.192.0/24,fd00:10:244:c0::/64'),
    node('c', ['10.0.0.3', '172.30.193.0/24,fd00:172:30:c1::/112'], '10.244.193.0/24,fd00:10:244:c1::/64'),
    // What another has, and what is written otherwise than kernels write it.
    node('d', ['10.0.0.4,2001:db8::4', '172.30.194.0/24,fd00:172:30:c0::/112'], '10.244.194.0/24,fd00:10:244:c0::/64'),
    node('e', ['10.0.0.5,2001:db8::5', '172.30.195.0/24,fd00:172:30:00c3::/112'], '10.244.195.0/24,fd00:10:244:c3::/56'),
  ]
  const led = (own: Parameters<typeof otherMachines>[2], told = dual): readonly string[] => otherMachines(all, told, own).map(({ networks }) => networks.map(({ address, nodeNetwork, podNetworks }) => `${nodeNetwork} ${podNetworks.join()} at ${address}`).join('; '))
  assert.deepEqual(led({ address: '10.0.0.1', overlay: 'vxlan' }), [
    '172.30.192.0/24 10.244.192.0/24 at 10.0.0.2; fd00:172:30:c0::/112 fd00:10:244:c0::/64 at 10.0.0.2', '172.30.193.0/24 10.244.193.0/24 at 10.0.0.3; fd00:172:30:c1::/112 fd00:10:244:c1::/64 at 10.0.0.3',
    '172.30.194.0/24 10.244.194.0/24 at 10.0.0.4', '172.30.195.0/24 10.244.195.0/24 at 10.0.0.5',
  ])
  assert.deepEqual(led({ address: '2001:db8::1', overlay: 'vxlan' }).map((text) => text.split(' at ').at(-1)), ['2001:db8::2', '2001:db8::4', '2001:db8::5'], 'who has no address of the family that packets go by is not reached')
  assert.deepEqual(led({ address: '10.0.0.1', second: '2001:db8::1', overlay: 'routes' }).slice(0, 2), ['172.30.192.0/24 10.244.192.0/24 at 10.0.0.2; fd00:172:30:c0::/112 fd00:10:244:c0::/64 at 2001:db8::2', '172.30.193.0/24 10.244.193.0/24 at 10.0.0.3'])
})

test('where packets are sealed a machine is known by its key, and who has none or another machine\'s is not reached', () => {
  const [one, two] = [Buffer.alloc(32, 1).toString('base64'), Buffer.alloc(32, 2).toString('base64')]
  const keyed = (name: string, network: string, podCIDR: string, key: string | undefined): Node => {
    const made = node(name, [`10.0.0.${network.split('.')[2]}`, network], podCIDR)
    return { ...made, metadata: { ...made.metadata, annotations: { ...made.metadata.annotations, ...(key !== undefined && { [machineKeyMark]: key }) } } }
  }
  const all = [keyed('b', '172.30.192.0/24', '10.244.192.0/24', one), keyed('b2', '172.30.192.0/24', '10.244.196.0/24', one), keyed('c', '172.30.193.0/24', '10.244.193.0/24', one), keyed('d', '172.30.194.0/24', '10.244.194.0/24', undefined), keyed('e', '172.30.195.0/24', '10.244.195.0/24', two)]
  assert.deepEqual(otherMachines(all, settings, { address: '10.0.0.1', overlay: 'wireguard' }).map(({ key, networks }) => [key, networks[0]?.nodeNetwork, networks[0]?.podNetworks.length]), [[one, '172.30.192.0/24', 2], [two, '172.30.195.0/24', 1]])
  assert.deepEqual(otherMachines(all, settings, machine).map(({ key }) => key), [undefined, undefined, undefined, undefined])
})

test('ways between machines that go away are made again', (context) => {
  context.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] })
  const [done, troubles]: [string[], string[]] = [[], []]
  let found: boolean | Error = false
  const quiet = followMachines({
    store: createStore(), machine, cluster: 'one', connections: new Map(), onTrouble: (message) => { troubles.push(message) },
    network: {
      settings: { ...settings, serviceNetwork: '10.96.0.0/16', balancedNetwork: '172.30.1.0/24', dnsAddress: '10.96.0.10', reachableFromHost: true, egress: false },
      otherMachines: () => ({
        reach: () => { done.push('reach') }, close: () => { done.push('close') },
        restore() { done.push('restore'); if (found instanceof Error) throw found; return found },
      }),
    },
  })
  const looked = (now: boolean | Error, milliseconds: number): readonly (readonly string[])[] => {
    found = now
    context.mock.timers.tick(milliseconds)
    return [done.splice(0), troubles.splice(0)]
  }
  assert.deepEqual(looked(false, 10_000), [['reach', 'restore', 'restore'], []])
  assert.deepEqual(looked(true, 5_000), [['restore'], ['other machines: the device that packets to them go into was gone, and has been made again']])
  // What cannot be made is tried sooner, as a whole.
  assert.deepEqual(looked(new Error('no device'), 5_000), [['restore'], ['other machines: no device']])
  assert.deepEqual(looked(false, 2_000), [['reach'], []])
  quiet()
  assert.deepEqual(looked(true, 60_000), [['close'], []])
})
