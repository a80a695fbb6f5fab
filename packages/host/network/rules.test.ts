import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NetworkPolicy } from '@kubeskiff/core/api'
import { PolicyBook, type ServiceRoute } from '@kubeskiff/core/network'
import { nextAddress } from './addresses.ts'
import { NodePolicies } from './node-policies.ts'
import { PacketTable } from './packet-table.ts'
import { hostPortRules, hostPortsAt, type RuledPlace, serviceRules } from './rules.ts'

const route = (changed: Partial<ServiceRoute>): ServiceRoute => ({ name: 'default/web:http', protocol: 'TCP', addresses: ['10.96.0.100'], port: 80, endpoints: [{ address: '10.244.1.2', port: 8080 }], ...changed })
const place: RuledPlace = { family: 'ip', address: '172.30.0.11', podNetwork: '10.244.1.0/24', clusterNetworks: ['10.244.0.0/16', '172.30.0.0/24'], served: ['10.96.0.10'] }
/** The lines that lead from what stood to what is put, with short names for hashes. */
function steps(...puts: readonly ((table: PacketTable) => void)[]): readonly (readonly string[])[] {
  const table = new PacketTable('ip', '')
  table.begin()(true)
  return puts.map((put) => {
    put(table)
    const script = table.script()
    table.begin()(true)
    return script.replaceAll(/-[0-9a-f]{12}/g, '-ID').split('\n').filter((line) => line !== '')
  })
}
const serve = (...routes: readonly ServiceRoute[]) => (table: PacketTable): void => { table.put('service default/web', routes.length === 0 ? undefined : serviceRules(place, routes)) }

test('a service becomes a chain and the ways to it', () => {
  assert.deepEqual(steps(serve(route({ outside: { addresses: ['192.0.2.1'], nodePort: 30080 } })))[0], [
    'add chain ip skiff service-ID', 'add chain ip skiff outside-ID',
    'add rule ip skiff service-ID meta l4proto tcp dnat ip addr . port to numgen random mod 1 map { 0 : 10.244.1.2 . 8080 }',
    'add rule ip skiff outside-ID meta mark set meta mark or 0x4000', 'add rule ip skiff outside-ID goto service-ID',
    'add element ip skiff cluster-ips { 10.96.0.100 }', 'add element ip skiff hairpin { 10.244.1.2 . 10.244.1.2 }',
    'add element ip skiff services { 10.96.0.100 . tcp . 80 : goto service-ID, 192.0.2.1 . tcp . 80 : goto outside-ID }', 'add element ip skiff node-ports { tcp . 30080 : goto outside-ID }',
  ])
})

test('new endpoints change one chain, and only that; the same again changes nothing', () => {
  const moved = serve(route({ endpoints: [{ address: '10.244.2.9', port: 8080 }] }))
  const other = (table: PacketTable): void => { table.put('service default/other', serviceRules(place, [route({ name: 'default/other:', addresses: ['10.96.0.101'] })])) }
  assert.deepEqual(steps((table) => { serve(route({}))(table); other(table) }, moved, moved).slice(1), [[
    'flush chain ip skiff service-ID',
    'add rule ip skiff service-ID meta l4proto tcp dnat ip addr . port to numgen random mod 1 map { 0 : 10.244.2.9 . 8080 }',
  ], []])
})

test('a service without endpoints keeps its address, to be refused; without own ones it drops', () => {
  assert.deepEqual(steps(serve(route({ outside: { addresses: ['192.0.2.1'] } })), serve(route({ endpoints: 'refused', outside: { addresses: ['192.0.2.1'] } })), serve(route({ endpoints: 'dropped' }))).slice(1), [[
    'delete element ip skiff hairpin { 10.244.1.2 . 10.244.1.2 }', 'delete element ip skiff services { 10.96.0.100 . tcp . 80 : goto service-ID, 192.0.2.1 . tcp . 80 : goto outside-ID }',
    'add element ip skiff unserved { 192.0.2.1 . tcp . 80 }',
    'flush chain ip skiff service-ID', 'flush chain ip skiff outside-ID', 'delete chain ip skiff service-ID', 'delete chain ip skiff outside-ID',
  ], ['delete element ip skiff unserved { 192.0.2.1 . tcp . 80 }', 'add element ip skiff services { 10.96.0.100 . tcp . 80 : drop }']])
})

test('clients that stick are remembered per endpoint, for as long as the set says', () => {
  const sticky = (affinitySeconds: number) => serve(route({ affinitySeconds, endpoints: [{ address: '10.244.2.2', port: 80 }] }))
  const [first, second] = steps(sticky(60), sticky(90))
  assert.deepEqual(first, [
    'add set ip skiff clients-ID-ID-60 { type ipv4_addr; flags dynamic,timeout; timeout 60s; }', 'add chain ip skiff endpoint-ID-ID', 'add chain ip skiff service-ID',
    'add rule ip skiff endpoint-ID-ID update @clients-ID-ID-60 { ip saddr }', 'add rule ip skiff endpoint-ID-ID meta l4proto tcp dnat ip to 10.244.2.2:80',
    'add rule ip skiff service-ID ip saddr @clients-ID-ID-60 goto endpoint-ID-ID', 'add rule ip skiff service-ID numgen random mod 1 vmap { 0 : goto endpoint-ID-ID }',
    'add element ip skiff cluster-ips { 10.96.0.100 }', 'add element ip skiff services { 10.96.0.100 . tcp . 80 : goto service-ID }',
  ])
  assert.deepEqual([second?.[0], second?.at(-1)], ['add set ip skiff clients-ID-ID-90 { type ipv4_addr; flags dynamic,timeout; timeout 90s; }', 'delete set ip skiff clients-ID-ID-60'])
})

test('from outside, a local policy keeps to own pods, and pods and the node go to all; source ranges come first', () => {
  const all = [{ address: '10.244.2.2', port: 80 }]
  const lines = steps(serve(route({ endpoints: all, outside: { addresses: [], balanced: { addresses: ['192.0.2.9'], from: ['10.0.0.0/8', '10.1.0.0/16'] }, local: { endpoints: 'dropped', all } } })))[0] ?? []
  assert.deepEqual(lines.filter((line) => /outside|from-/.test(line)), [
    'add chain ip skiff outside-ID', 'add chain ip skiff from-ID',
    'add rule ip skiff outside-ID ip saddr 10.244.1.0/24 goto service-ID', 'add rule ip skiff outside-ID fib saddr type local meta mark set meta mark or 0x4000 goto service-ID', 'add rule ip skiff outside-ID drop',
    'add rule ip skiff from-ID ip saddr 10.0.0.0/8 goto outside-ID', 'add rule ip skiff from-ID ip saddr 10.1.0.0/16 goto outside-ID', 'add rule ip skiff from-ID drop',
    'add element ip skiff services { 10.96.0.100 . tcp . 80 : goto service-ID, 192.0.2.9 . tcp . 80 : goto from-ID }',
  ])
})

test('what a socket of the node answers is not forwarded', () => {
  assert.equal(serviceRules(place, [route({ addresses: ['10.96.0.10'], port: 53, protocol: 'UDP' })]).elements.get('services'), undefined)
})

test('the first of two owners has what both want, and the other has it after', () => {
  const want = (owner: string, address: string) => (table: PacketTable): void => { table.put(owner, hostPortRules(place, [{ protocol: 'TCP', hostIp: '', hostPort: 80, address, port: 1 }])) }
  const [, second, third] = steps(want('a', '10.244.1.2'), want('b', '10.244.1.3'), (table) => { table.put('a', undefined) })
  assert.deepEqual(second, ['add element ip skiff hairpin { 10.244.1.3 . 10.244.1.3 }'])
  assert.deepEqual(third?.filter((line) => line.includes('dnat')), ['add rule ip skiff host-port-ID meta l4proto tcp dnat ip to 10.244.1.3:1'])
})

const policy = (name: string, spec: NetworkPolicy['spec']): NetworkPolicy => ({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, namespace: 'x', uid: name, resourceVersion: '1', creationTimestamp: '' }, spec })
const pod = (name: string, node: string, address: string) => ({ namespace: 'x', labels: { pod: name }, node, addresses: [address], ports: [{ name: 'web', protocol: 'TCP' as const, port: 80 }] })

test('policies that hold a pod here become its chain; a pod that comes elsewhere is one element more', () => {
  const book = new PolicyBook()
  book.setNamespace('x', {})
  book.setPod('x/a', pod('a', 'here', '10.244.1.2'))
  const policies = (table: PacketTable): NodePolicies => (held ??= new NodePolicies('here', [table]))
  let held: NodePolicies | undefined
  const turn = (change: () => void) => (table: PacketTable): void => { change(); policies(table).update(book, book.take()) }
  const spec: NetworkPolicy['spec'] = {
    podSelector: { matchLabels: { pod: 'a' } }, policyTypes: ['Ingress', 'Egress'],
    ingress: [{ from: [{ podSelector: { matchLabels: { pod: 'b' } } }, { ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }], ports: [{ protocol: 'TCP', port: 80, endPort: 90 }] }], egress: [{ ports: [{ protocol: 'TCP', port: 'web' }] }],
  }
  const [first, second, third, fourth] = steps(turn(() => { book.setPolicy('x/p', policy('p', spec)) }), turn(() => { book.setPod('x/b', pod('b', 'there', '10.244.2.2')) }), turn(() => { book.setPod('x/a', undefined) }), turn(() => { book.setPod('x/b', pod('b', 'there', '10.244.2.3')) }))
  assert.deepEqual(first?.filter((line) => !/policies-|held-(in|e)gress (\{|ip)/.test(line)), [
    'add set ip skiff group-ID { type ipv4_addr; }', 'add set ip skiff group-ID { type ipv4_addr . inet_proto . inet_service; }',
    'add chain ip skiff held-ingress-ID', 'add chain ip skiff held-egress-ID', 'add chain ip skiff policy-ingress-ID', 'add chain ip skiff policy-egress-ID', 'add chain ip skiff let-out',
    'add rule ip skiff held-ingress-ID jump policy-ingress-ID', 'add rule ip skiff held-ingress-ID drop', 'add rule ip skiff held-egress-ID jump policy-egress-ID', 'add rule ip skiff held-egress-ID drop',
    'add rule ip skiff policy-ingress-ID ip saddr @group-ID meta l4proto tcp th dport 80-90 accept',
    'add rule ip skiff policy-ingress-ID ip saddr 10.0.0.0/8 ip saddr != 10.1.0.0/16 meta l4proto tcp th dport 80-90 accept',
    'add rule ip skiff policy-egress-ID ip daddr . meta l4proto . th dport @group-ID goto let-out',
    'add rule ip skiff let-out ip daddr vmap @held-ingress', 'add rule ip skiff let-out accept',
    'add element ip skiff group-ID { 10.244.1.2 . tcp . 80 }',
  ])
  assert.deepEqual(second, ['add element ip skiff group-ID { 10.244.2.2 }', 'add element ip skiff group-ID { 10.244.2.2 . tcp . 80 }'])
  assert.deepEqual(third?.filter((line) => line.startsWith('add')), [])
  assert.equal(third?.filter((line) => line.startsWith('delete chain')).length, 7)
  assert.deepEqual(fourth, [])
})

test('addresses go round and are not given again at once', () => {
  const taken = new Set(['10.244.1.2', '10.244.1.4'])
  assert.deepEqual([nextAddress('10.244.1.0/24', undefined, taken), nextAddress('10.244.1.0/24', '10.244.1.3', taken), nextAddress('10.244.1.0/24', '10.244.1.254', new Set()), nextAddress('10.244.1.0/30', undefined, new Set(['10.244.1.2']))], ['10.244.1.3', '10.244.1.5', '10.244.1.2', undefined])
})

const sixPlace: RuledPlace = { family: 'ip6', address: 'fd00:172:30::b', podNetwork: 'fd00:10:244:1::/64', clusterNetworks: ['fd00:10:244::/56', 'fd00:172:30::/112'], served: ['fd00:10:96::a'] }
test('each family has the routes and the ports of its own addresses', () => {
  const both = [route({}), route({ name: 'default/web:http/6', addresses: ['fd00:10:96::64'], endpoints: [{ address: 'fd00:10:244:1::2', port: 8080 }, { address: 'fd00:10:244:2::2', port: 8080 }] })]
  const { chains, elements } = serviceRules(sixPlace, both)
  assert.deepEqual([...chains.values()], [['meta l4proto tcp dnat ip6 addr . port to numgen random mod 2 map { 0 : fd00:10:244:1::2 . 8080, 1 : fd00:10:244:2::2 . 8080 }']])
  assert.deepEqual([...elements].map(([map, keys]) => [map, [...keys.keys()]]), [['cluster-ips', ['fd00:10:96::64']], ['hairpin', ['fd00:10:244:1::2 . fd00:10:244:1::2']], ['services', ['fd00:10:96::64 . tcp . 80']]])
  const ports = (hostIp: string) => hostPortsAt(['10.244.1.2', 'fd00:10:244:1::2'], [{ protocol: 'TCP', hostIp, hostPort: 8080, containerPort: 80 }])
  const opened = (at: RuledPlace, hostIp: string): readonly string[] => [...hostPortRules(at, ports(hostIp)).chains.values()].flat()
  assert.deepEqual(opened(place, ''), ['meta l4proto tcp dnat ip to 10.244.1.2:80'])
  assert.deepEqual(opened(sixPlace, ''), ['meta l4proto tcp dnat ip6 to [fd00:10:244:1::2]:80'])
  for (const [hostIp, four, six] of [['0.0.0.0', 1, 0], ['172.30.0.11', 1, 0], ['fd00:172:30::b', 0, 1]] as const) assert.deepEqual([opened(place, hostIp).length, opened(sixPlace, hostIp).length], [four, six], hostIp)
})
