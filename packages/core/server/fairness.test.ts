import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aWorld, admin, settle } from './testing.ts'

const flows = '/apis/flowcontrol.apiserver.k8s.io/v1'
const everything = { resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true }], nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }] }

test('every answer names the flow of its request: the first schema by precedence that matches', () => {
  const made = aWorld()
  settle(made)
  const level = (name: string): void => { made.ask(`POST ${flows}/prioritylevelconfigurations`, { metadata: { name }, spec: { type: 'Limited', limited: { nominalConcurrencyShares: 5, limitResponse: { type: 'Reject' } } } }) }
  const schema = (name: string, matchingPrecedence: number, rule: object): void => {
    const { status, body } = made.ask(`POST ${flows}/flowschemas`, { metadata: { name }, spec: { priorityLevelConfiguration: { name: 'a' }, matchingPrecedence, rules: [rule] } })
    assert.equal(status, 201, JSON.stringify(body))
  }
  level('a')
  schema('pods', 100, { subjects: [{ kind: 'Group', group: { name: 'system:masters' } }], resourceRules: [{ verbs: ['list'], apiGroups: [''], resources: ['pods'], namespaces: ['default'] }] })
  schema('health', 200, { subjects: [{ kind: 'User', user: { name: 'admin' } }], nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/livez', '/readyz/*'] }] })
  schema('accounts', 300, { subjects: [{ kind: 'ServiceAccount', serviceAccount: { namespace: 'default', name: '*' } }], ...everything })
  schema('rest', 9000, { subjects: [{ kind: 'Group', group: { name: 'system:authenticated' } }], ...everything })
  const names = new Map((made.ask(`GET ${flows}/flowschemas`).body as { items: { metadata: { name: string; uid: string } }[] }).items.map(({ metadata }) => [metadata.uid, metadata.name]))
  const flowOf = (line: string, headers: Record<string, string> = {}): string | undefined => names.get(made.ask(line, undefined, { headers, certificate: admin }).headers['x-kubernetes-pf-flowschema-uid'] ?? '')
  assert.deepEqual([
    flowOf('GET /api/v1/namespaces/default/pods'), flowOf('GET /api/v1/pods'), flowOf('GET /livez'), flowOf('GET /readyz/ping'), flowOf('GET /version'),
    flowOf('GET /api/v1/pods', { 'impersonate-user': 'system:serviceaccount:default:x' }),
  ], ['pods', 'rest', 'health', 'health', 'rest', 'accounts'])
  made.ask(`DELETE ${flows}/flowschemas/pods`)
  assert.equal(flowOf('GET /api/v1/namespaces/default/pods'), 'rest')
  assert.match(made.ask('GET /version').headers['x-kubernetes-pf-prioritylevel-uid'] ?? '', /^[0-9a-f-]{36}$/)
})
