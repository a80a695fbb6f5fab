import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NetworkPolicySpec } from '../api/generated/types.ts'
import type { NetworkPolicy } from '../api/index.ts'
import { type OpenWay, PolicyBook, type PolicyPod } from './policy-book.ts'

const policy = (name: string, spec: NetworkPolicySpec): NetworkPolicy =>
  ({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, namespace: 'x', uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }, spec })
const pod = (namespace: string, name: string, address: string, more: Partial<PolicyPod> = {}): PolicyPod =>
  ({ namespace, labels: { pod: name }, node: 'n1', addresses: [address], ports: [{ name: 'serve-80', protocol: 'TCP', port: 80 }, { name: 'serve-81', protocol: 'UDP', port: 81 }], ...more })
const world: Readonly<Record<string, PolicyPod>> = {
  'x/a': pod('x', 'a', '10.0.0.1'), 'x/b': pod('x', 'b', '10.0.0.2'), 'y/a': pod('y', 'a', '10.0.1.1'), 'y/b': pod('y', 'b', '10.0.1.2'),
}
function bookOf(...policies: readonly NetworkPolicy[]): PolicyBook {
  const book = new PolicyBook()
  for (const name of ['x', 'y']) book.setNamespace(name, { ns: name })
  for (const one of policies) book.setPolicy(`x/${one.metadata.name}`, one)
  for (const [key, one] of Object.entries(world)) book.setPod(key, one)
  return book
}

/** Reads a book as a node does: may `from` (a pod, or an address) open a connection to `to` at this port? */
function mayConnect(book: PolicyBook, from: string, to: string, protocol: 'TCP' | 'UDP' | 'SCTP', port: number): boolean {
  const [source, target] = [from, to].map((end) => book.pod(end)?.addresses[0] ?? end)
  const holds = (group: string, address: string | undefined, withPort: boolean): boolean =>
    book.members(group).some((member) => member.address === address && (!withPort || (member.protocol === protocol && member.port === port)))
  const opens = ({ peer, ports }: OpenWay, other: string | undefined): boolean =>
    (peer.is === 'anyone' || (peer.is === 'group' ? holds(peer.group, other, false) : isIn(other, peer.cidr) && !peer.except.some((cidr) => isIn(other, cidr)))) &&
    (ports.is === 'all' || (ports.is === 'range' ? ports.protocol === protocol && port >= ports.first && port <= ports.last : holds(ports.group, target, true)))
  const passes = (end: string, direction: 'ingress' | 'egress', other: string | undefined): boolean => {
    const holding = book.isolation(end)?.[direction]
    return holding === undefined || holding.some((name) => book.policy(name)?.[direction]?.some((way) => opens(way, other)))
  }
  return passes(from, 'egress', target) && passes(to, 'ingress', source)
}
const isIn = (address = '', cidr: string): boolean => cidr === '0.0.0.0/0' || address.startsWith(cidr.replace(/\.0\/24$/, '.')) || cidr === `${address}/32`

const all = { podSelector: {} }
const A = { podSelector: { matchLabels: { pod: 'a' } } }
const fromYA = [{ namespaceSelector: { matchLabels: { ns: 'y' } }, podSelector: { matchLabels: { pod: 'a' } } }]
/** Who of x/b, y/a, y/b and 192.0.2.7 reaches x/a, and whom x/a reaches: + or -, at TCP 80, TCP 81, UDP 81. */
const rows: readonly (readonly [rule: string, policies: readonly NetworkPolicySpec[], inwards: string, outwards: string])[] = [
  ['without a policy all is open', [], '+++ +++ +++ +++', '+++ +++ +++ +++'],
  ['default deny inwards', [{ ...all, policyTypes: ['Ingress'] }], '--- --- --- ---', '--- +++ +++ +++'],
  ['default deny outwards', [{ ...all, policyTypes: ['Egress'] }], '--- +++ +++ +++', '--- --- --- ---'],
  ['default deny both ways', [{ ...all, policyTypes: ['Ingress', 'Egress'] }], '--- --- --- ---', '--- --- --- ---'],
  ['an empty rule opens everything', [{ ...A, policyTypes: ['Ingress'], ingress: [{}] }], '+++ +++ +++ +++', '+++ +++ +++ +++'],
  ['a pod selector alone means the policy\'s namespace', [{ ...A, policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: {} }] }] }], '+++ --- --- ---', '+++ +++ +++ +++'],
  ['a namespace selector alone means all of its pods', [{ ...A, policyTypes: ['Ingress'], ingress: [{ from: [{ namespaceSelector: { matchLabels: { ns: 'y' } } }] }] }], '--- +++ +++ ---', '+++ +++ +++ +++'],
  ['both in one peer must hold', [{ ...A, policyTypes: ['Ingress'], ingress: [{ from: fromYA }] }], '--- +++ --- ---', '+++ +++ +++ +++'],
  ['peers of one rule add up', [{ ...A, policyTypes: ['Ingress'], ingress: [{ from: [...fromYA, { podSelector: { matchLabels: { pod: 'b' } } }] }] }], '+++ +++ --- ---', '+++ +++ +++ +++'],
  ['a block without an exception', [{ ...A, policyTypes: ['Ingress'], ingress: [{ from: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.1.0/24'] } }] }] }], '+++ --- --- +++', '+++ +++ +++ +++'],
  ['an exception opened by another rule', [{ ...A, policyTypes: ['Ingress'], ingress: [{ from: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.1.0/24'] } }] }, { from: [{ ipBlock: { cidr: '10.0.1.2/32' } }] }] }], '+++ --- +++ +++', '+++ +++ +++ +++'],
  ['a port by number', [{ ...A, policyTypes: ['Ingress'], ingress: [{ ports: [{ protocol: 'TCP', port: 80 }] }] }], '+-- +-- +-- +--', '+++ +++ +++ +++'],
  ['a range of ports', [{ ...A, policyTypes: ['Ingress'], ingress: [{ ports: [{ protocol: 'TCP', port: 80, endPort: 90 }] }] }], '++- ++- ++- ++-', '+++ +++ +++ +++'],
  ['a protocol without a port', [{ ...A, policyTypes: ['Ingress'], ingress: [{ ports: [{ protocol: 'UDP' }] }] }], '--+ --+ --+ --+', '+++ +++ +++ +++'],
  ['a port by name, of the pod that is reached', [{ ...A, policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: {} }], ports: [{ protocol: 'TCP', port: 'serve-80' }, { protocol: 'UDP', port: 'serve-81' }] }] }], '+-+ --- --- ---', '+++ +++ +++ +++'],
  ['a port by name outwards', [{ ...A, policyTypes: ['Egress'], egress: [{ to: fromYA, ports: [{ protocol: 'TCP', port: 'serve-80' }] }] }], '+++ +++ +++ +++', '--- +-- --- ---'],
  ['a port by name outwards to anyone', [{ ...A, policyTypes: ['Egress'], egress: [{ ports: [{ protocol: 'UDP', port: 'serve-81' }] }] }], '+++ +++ +++ +++', '--+ --+ --+ ---'],
  ['a name that is of another protocol', [{ ...A, policyTypes: ['Ingress'], ingress: [{ ports: [{ protocol: 'UDP', port: 'serve-80' }] }] }], '--- --- --- ---', '+++ +++ +++ +++'],
  ['a port by name opens nothing at a block', [{ ...A, policyTypes: ['Egress'], egress: [{ to: [{ ipBlock: { cidr: '0.0.0.0/0' } }], ports: [{ protocol: 'TCP', port: 'serve-80' }] }] }], '+++ +++ +++ +++', '--- --- --- ---'],
  ['policies add up', [{ ...all, policyTypes: ['Ingress'] }, { ...A, policyTypes: ['Ingress'], ingress: [{ from: fromYA }] }, { ...A, policyTypes: ['Ingress'], ingress: [{ ports: [{ protocol: 'TCP', port: 81 }] }] }], '-+- +++ -+- -+-', '--- +++ +++ +++'],
  ['a direction that is named without a rule is shut', [{ ...A, policyTypes: ['Ingress', 'Egress'], egress: [{ to: fromYA }] }], '--- --- --- ---', '--- +++ --- ---'],
  ['expressions select, too', [{ podSelector: { matchExpressions: [{ key: 'pod', operator: 'NotIn', values: ['b'] }] }, policyTypes: ['Ingress'], ingress: [{ from: [{ namespaceSelector: { matchExpressions: [{ key: 'ns', operator: 'In', values: ['y'] }] } }] }] }], '--- +++ +++ ---', '+++ +++ +++ +++'],
  ['who is not selected is not held', [{ podSelector: { matchLabels: { pod: 'c' } }, policyTypes: ['Ingress', 'Egress'] }], '+++ +++ +++ +++', '+++ +++ +++ +++'],
]
const ports = [['TCP', 80], ['TCP', 81], ['UDP', 81]] as const
const others = ['x/b', 'y/a', 'y/b', '192.0.2.7']
const seen = (book: PolicyBook): readonly string[] => [(other: string): readonly [string, string] => [other, 'x/a'], (other: string): readonly [string, string] => ['x/a', other]].map((ends) =>
  others.map((other) => ports.map(([protocol, port]) => (mayConnect(book, ends(other)[0], ends(other)[1], protocol, port) ? '+' : '-')).join('')).join(' '))

for (const [rule, specs, inwards, outwards] of rows) test(rule, () => {
  const policies = specs.map((spec, index) => policy(`p${index}`, spec))
  assert.deepEqual(seen(bookOf(...policies)), [inwards, outwards])
  // In another order, and after other things have come and gone, it is the same.
  const late = bookOf(policy('p0', { ...all, policyTypes: ['Ingress', 'Egress'] }), policy('gone', { ...A, policyTypes: ['Ingress'], ingress: [{ from: fromYA }] }))
  late.setPolicy('x/gone', undefined)
  late.setPolicy('x/p0', undefined)
  late.setPod('y/a', pod('y', 'other', '10.0.1.1'))
  for (const one of policies) late.setPolicy(`x/${one.metadata.name}`, one)
  late.setNamespace('y', { ns: 'z' })
  late.setPod('y/a', world['y/a'])
  late.setNamespace('y', { ns: 'y' })
  assert.deepEqual(seen(late), [inwards, outwards])
})

test('a change tells what it touches, and nothing else', () => {
  const book = bookOf(policy('p', { ...A, policyTypes: ['Ingress'], ingress: [{ from: fromYA }] }), policy('q', { podSelector: { matchLabels: { pod: 'b' } }, policyTypes: ['Egress'] }))
  const told = () => {
    const { pods, policies, groups } = book.take()
    return [[...pods], [...policies], [...groups.values()].map(({ added, removed }) => [added.map(({ address }) => address), removed.map(({ address }) => address)])]
  }
  told()
  assert.deepEqual(told(), [[], [], []])
  book.setPod('y/a', world['y/a'])
  assert.deepEqual(told(), [[], [], []])
  book.setPod('y/a', pod('y', 'a', '10.0.1.9'))
  assert.deepEqual(told(), [['y/a'], [], [[['10.0.1.9'], ['10.0.1.1']]]])
  book.setPod('y/c', pod('y', 'c', '10.0.1.3'))
  assert.deepEqual(told(), [['y/c'], [], []])
  // An address that has passed on stays while anyone has it.
  book.setPod('y/a2', pod('y', 'a', '10.0.1.9'))
  book.setPod('y/a', undefined)
  assert.deepEqual(told(), [['y/a2', 'y/a'], [], []])
  book.setPolicy('x/q', undefined)
  assert.deepEqual(told(), [['x/b'], ['x/q'], [[[], ['10.0.0.2']]].slice(1)])
  assert.deepEqual([book.isolation('x/b'), book.isolation('x/a')], [undefined, { addresses: ['10.0.0.1'], ingress: ['x/p'] }])
})
