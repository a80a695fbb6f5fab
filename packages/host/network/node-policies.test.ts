import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NetworkPolicy } from '@kubeskiff/core/api'
import { seededRandom } from '@kubeskiff/core/base'
import { PolicyBook, type PolicyPod } from '@kubeskiff/core/network'
import { NodePolicies } from './node-policies.ts'
import { PacketTable } from './packet-table.ts'

const policy = (name: string, spec: NetworkPolicy['spec']): NetworkPolicy => ({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, namespace: 'x', uid: name, resourceVersion: '1', creationTimestamp: '' }, spec })
const seeds = 60
const turns = 40
const most = 3

/** All that a table wants, as a set of lines: the order in which things came does not count. */
function whole(table: PacketTable): readonly string[] {
  table.begin()(false)
  return table.script().split('\n').flatMap((line) => (line.startsWith('add element') ? elementsOf(line) : [line])).sort()
}
const elementsOf = (line: string): readonly string[] => {
  const [, head = '', members = ''] = /^(.*) \{ (.*) \}$/.exec(line) ?? []
  return members.split(', ').map((member) => `${head} ${member}`)
}

test('whatever comes and goes, and in whatever order, a node has what a new one would have', () => {
  for (let seed = 1; seed <= seeds; seed++) {
    const random = seededRandom(seed)
    const pick = <T>(...values: readonly [T, ...T[]]): T => values[random.below(values.length)] ?? values[0]
    const pods = new Map<string, PolicyPod>()
    const namespaces = new Map<string, Readonly<Record<string, string>>>()
    const policies = new Map<string, NetworkPolicy>()
    const book = new PolicyBook()
    const table = new PacketTable('ip', '')
    const node = new NodePolicies('here', [table])
    const selector = (): NetworkPolicy['spec']['podSelector'] & object => pick<object>({}, { matchLabels: { pod: 'a' } }, { matchLabels: { pod: 'b' } }, { matchExpressions: [{ key: 'pod', operator: 'NotIn', values: ['a'] }] })
    const change = [
      (): void => {
        const [namespace, name] = [pick('x', 'y'), pick('1', '2', '3', '4')]
        const next: PolicyPod | undefined = random.below(4) === 0 ? undefined
          : { namespace, labels: { pod: pick('a', 'b') }, node: pick('here', 'here', 'there'), addresses: [`10.0.${namespace === 'x' ? 0 : 1}.${name}${random.below(2)}`], ports: [{ name: 'web', protocol: 'TCP', port: pick(80, 81) }] }
        book.setPod(`${namespace}/${name}`, next)
        if (next === undefined) pods.delete(`${namespace}/${name}`)
        else pods.set(`${namespace}/${name}`, next)
      },
      (): void => {
        const [name, labels] = [pick('x', 'y'), { ns: pick('x', 'y', 'z') }]
        book.setNamespace(name, labels)
        namespaces.set(name, labels)
      },
      (): void => {
        const name = pick('p', 'q', 'r')
        const peer = pick<object>({ podSelector: selector() }, { namespaceSelector: { matchLabels: { ns: pick('x', 'y') } }, podSelector: selector() }, { ipBlock: { cidr: '10.0.0.0/8', except: ['10.0.0.40/31'] } })
        const next = random.below(4) === 0 ? undefined
          : policy(name, { podSelector: selector(), policyTypes: [pick('Ingress', 'Egress')], ingress: [{ from: [peer], ports: [{ protocol: 'TCP', port: pick<number | string>(80, 'web') }] }], egress: [{ to: [peer], ports: [{ port: pick<number | string>(80, 'web') }] }] })
        book.setPolicy(`x/${name}`, next)
        if (next === undefined) policies.delete(`x/${name}`)
        else policies.set(`x/${name}`, next)
      },
    ] as const
    for (let turn = 0; turn < turns; turn++) {
      for (let count = random.below(most); count >= 0; count--) pick(...change, change[0])()
      node.update(book, book.take())
      // As nft would have it: each step starts from what the steps before have made.
      table.script()
      table.begin()(true)
    }
    const [newBook, newTable] = [new PolicyBook(), new PacketTable('ip', '')]
    for (const [key, one] of policies) newBook.setPolicy(key, one)
    for (const [name, labels] of namespaces) newBook.setNamespace(name, labels)
    for (const [key, one] of pods) newBook.setPod(key, one)
    new NodePolicies('here', [newTable]).update(newBook, newBook.take())
    assert.deepEqual(whole(table), whole(newTable), `seed ${seed}`)
    for (const key of policies.keys()) book.setPolicy(key, undefined)
    node.update(book, book.take())
    assert.deepEqual(whole(table), whole(new PacketTable('ip', '')), `seed ${seed}: without policies nothing is left`)
  }
})
