import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aWorld, admin, settle } from './testing.ts'
import type { Request } from './types.ts'

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

test('a level has so many seats for requests that wait for the outside; who finds none is told to come again', () => {
  const made = aWorld({ tokens: new Map([['t', { name: 'eve', groups: ['system:authenticated'] }]]) })
  settle(made)
  const bind = { metadata: { name: 'eve' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'all' }, subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'eve' }] }
  made.ask('POST /apis/rbac.authorization.k8s.io/v1/clusterroles', { metadata: { name: 'all' }, rules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }] })
  made.ask('POST /apis/rbac.authorization.k8s.io/v1/clusterrolebindings', bind)
  const level = (name: string, shares: number): void => { made.ask(`POST ${flows}/prioritylevelconfigurations`, { metadata: { name }, spec: { type: 'Limited', limited: { nominalConcurrencyShares: shares, limitResponse: { type: 'Reject' } } } }) }
  level('few', 1)
  level('many', 299)
  made.ask(`POST ${flows}/flowschemas`, { metadata: { name: 'eve' }, spec: { priorityLevelConfiguration: { name: 'few' }, matchingPrecedence: 5, rules: [{ subjects: [{ kind: 'User', user: { name: 'eve' } }], ...everything }] } })
  // A token is signed outside: the request waits.
  const request = (): Request => ({
    method: 'POST', path: '/api/v1/namespaces/default/serviceaccounts/default/token', query: '', headers: { authorization: 'Bearer t' },
    body: new TextEncoder().encode(JSON.stringify({ spec: {} })),
  })
  const asked = [request(), request(), request()]
  const step = (each: Request | undefined): string => { assert.ok(each); const reply = made.server.handler.step(each, new Map()); return reply.is === 'bytes' ? `${reply.status} ${reply.headers['retry-after']}` : reply.is }
  assert.deepEqual(asked.map(step), ['asks', 'asks', '429 1'])
  assert.ok(asked[0])
  made.server.handler.left?.(asked[0])
  assert.deepEqual([step(asked[2]), step(asked[1])], ['asks', 'asks'])
})
