import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admin, aWorld, dawn, settle } from '../testing.ts'
import { type AuditEvent, type AuditPolicy, readAuditPolicy } from './index.ts'

const policy = (rules: string): AuditPolicy => {
  const read = readAuditPolicy(`apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n${rules}`)
  if ('fault' in read) throw new Error(read.fault)
  return read
}
const eventsOf = (rules: string, method: string, target: string, body?: object, groups: readonly string[] = ['system:masters']): readonly AuditEvent[] => {
  const world = aWorld({ audit: policy(rules) })
  settle(world)
  const [path = '', query = ''] = target.split('?')
  const request = { method, path, query, headers: { 'user-agent': 'kubectl/v1.36', 'audit-id': 'one' }, remoteAddress: '127.0.0.1', certificate: { commonName: 'ann', organizations: groups }, body: body === undefined ? new Uint8Array() : new TextEncoder().encode(JSON.stringify(body)) }
  const reply = world.server.handler.step(request, new Map())
  return reply.is === 'asks' ? [] : [...reply.audit?.events ?? [], ...(reply.audit?.end === undefined ? [] : [reply.audit.end])]
}
const configMap = { metadata: { name: 'c' }, data: { a: 'b' } }

test('a write is told at its start and at its end, with who asked for what', () => {
  const [received, complete] = eventsOf('- level: Metadata', 'POST', '/api/v1/namespaces/default/configmaps?dryRun=All', configMap)
  const shared = {
    kind: 'Event', apiVersion: 'audit.k8s.io/v1', level: 'Metadata', auditID: 'one', requestURI: '/api/v1/namespaces/default/configmaps?dryRun=All', verb: 'create',
    user: { username: 'ann', groups: ['system:masters', 'system:authenticated'] }, sourceIPs: ['127.0.0.1'], userAgent: 'kubectl/v1.36',
    objectRef: { resource: 'configmaps', namespace: 'default', apiVersion: 'v1' }, requestReceivedTimestamp: '2026-01-01T00:00:00.000000Z',
  }
  assert.equal(dawn, Date.UTC(2026, 0, 1))
  assert.deepEqual(received, { ...shared, stage: 'RequestReceived', stageTimestamp: '2026-01-01T00:00:00.000000Z' })
  assert.deepEqual(complete, {
    ...shared, objectRef: { resource: 'configmaps', namespace: 'default', name: 'c', apiVersion: 'v1' }, stage: 'ResponseComplete', responseStatus: { metadata: {}, code: 201 }, stageTimestamp: '2026-01-01T00:00:00.000000Z',
    annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': '' },
  })
})

test('the level says whether bodies are told', () => {
  const told = (level: string): readonly [boolean, boolean] => {
    const event = eventsOf(`- level: ${level}\n  omitStages: [RequestReceived]`, 'POST', '/api/v1/namespaces/default/configmaps', configMap)[0]
    return [event?.['requestObject'] !== undefined, event?.['responseObject'] !== undefined]
  }
  assert.deepEqual([told('Metadata'), told('Request'), told('RequestResponse')], [[false, false], [true, false], [true, true]])
  assert.deepEqual(eventsOf('- level: None', 'POST', '/api/v1/namespaces/default/configmaps', configMap), [])
  const [slim] = eventsOf('- level: RequestResponse\n  omitStages: [RequestReceived]\n  omitManagedFields: true', 'POST', '/api/v1/namespaces/default/configmaps', configMap)
  assert.equal((slim?.['responseObject'] as { readonly metadata: { readonly managedFields?: unknown } }).metadata.managedFields, undefined)
})

test('a refusal is told with its status; a watch when it starts and when it ends', () => {
  const [refused] = eventsOf('- level: Metadata\n  omitStages: [RequestReceived]', 'GET', '/api/v1/namespaces/default/secrets/x', undefined, [])
  assert.deepEqual([refused?.['responseStatus'], refused?.['annotations']], [
    { metadata: {}, status: 'Failure', message: 'secrets "x" is forbidden: User "ann" cannot get resource "secrets" in API group "" in the namespace "default"', reason: 'Forbidden', details: { name: 'x', kind: 'secrets' }, code: 403 },
    { 'authorization.k8s.io/decision': 'forbid', 'authorization.k8s.io/reason': '' },
  ])
  assert.deepEqual(eventsOf('- level: Metadata', 'GET', '/api/v1/pods?watch=1').map(({ stage }) => stage), ['RequestReceived', 'ResponseStarted', 'ResponseComplete'])
})

test('what goes on for long tells of its beginning, however it goes; what a node or another server answers is told by it', () => {
  const stages = (method: string, target: string, groups?: readonly string[]): string => eventsOf('- level: Metadata', method, target, undefined, groups).map(({ stage }) => stage.replace('Response', '')).join(' ')
  const pod = '/api/v1/namespaces/default/pods/none'
  assert.deepEqual([stages('GET', '/api/v1/pods?watch=1', []), stages('GET', `${pod}/log`), stages('POST', `${pod}/exec`), stages('GET', pod)], ['RequestReceived Started Complete', 'RequestReceived Started Complete', 'RequestReceived Started Complete', 'RequestReceived Complete'])
  const world = aWorld({ audit: policy('- level: Metadata') })
  settle(world)
  world.ask('POST /api/v1/nodes', { metadata: { name: 'n' }, status: { addresses: [{ type: 'InternalIP', address: '10.0.0.1' }], daemonEndpoints: { kubeletEndpoint: { Port: 10250 } } } })
  const reply = world.server.handler.step(world.request('GET /api/v1/nodes/n/proxy/healthz', undefined, {}), new Map())
  const { events, start, end } = reply.is === 'asks' || reply.audit === undefined ? { events: [], start: undefined, end: undefined } : reply.audit
  assert.deepEqual([events.map(({ stage }) => stage), start?.stage, end?.stage], [['RequestReceived'], 'ResponseStarted', 'ResponseComplete'])
})

test('who gives his right away with a request was allowed to', () => {
  const world = aWorld({ audit: policy('- level: Metadata\n  omitStages: [RequestReceived]') })
  settle(world)
  const group = '/apis/rbac.authorization.k8s.io/v1/namespaces/default'
  world.ask(`POST ${group}/roles`, { metadata: { name: 'own' }, rules: [{ apiGroups: ['rbac.authorization.k8s.io'], resources: ['rolebindings'], verbs: ['delete'] }] })
  world.ask(`POST ${group}/rolebindings`, { metadata: { name: 'own' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'own' }, subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'ann' }] })
  const reply = world.server.handler.step(world.request(`DELETE ${group}/rolebindings/own`, undefined, { certificate: { commonName: 'ann', organizations: [] } }), new Map())
  const [event] = reply.is === 'asks' ? [] : reply.audit?.events ?? []
  assert.deepEqual([(event?.['responseStatus'] as { readonly code: number }).code, (event?.['annotations'] as Readonly<Record<string, string>>)['authorization.k8s.io/decision']], [200, 'allow'])
})

test('the first rule that fits decides', () => {
  const rules = `
- {level: None, users: ["system:kube-proxy"]}
- {level: Request, verbs: [get], resources: [{group: "", resources: ["pods/log", "*/status"]}]}
- {level: None, nonResourceURLs: ["/healthz*", "/version"]}
- {level: RequestResponse, namespaces: [kube-system], resources: [{group: "", resources: [secrets], resourceNames: [one]}]}
- {level: Metadata, userGroups: [devs], resources: [{group: apps}]}
`
  const { of } = policy(rules)
  const resource = (more: object) => ({ is: 'resource' as const, user: { name: 'ann', groups: ['devs'] }, verb: 'get', group: '', version: 'v1', resource: 'pods', subresource: '', namespace: 'default', name: 'x', ...more })
  const path = (text: string) => ({ is: 'path' as const, user: { name: 'ann', groups: [] }, verb: 'get', path: text })
  for (const [attributes, level] of [
    [resource({ user: { name: 'system:kube-proxy', groups: [] } }), 'None'], [resource({}), 'None'], [resource({ subresource: 'log' }), 'Request'], [resource({ subresource: 'status' }), 'Request'],
    [resource({ subresource: 'log', verb: 'list' }), 'None'], [path('/healthz/ping'), 'None'], [resource({ resource: 'secrets', namespace: 'kube-system', name: 'one' }), 'RequestResponse'],
    [resource({ resource: 'secrets', namespace: 'kube-system' }), 'None'], [resource({ group: 'apps', resource: 'deployments' }), 'Metadata'],
  ] as const) assert.equal(of(attributes).level, level, JSON.stringify(attributes))
})

test('what is wrong with a policy is told with its path', () => {
  for (const [text, fault] of [
    ['kind: Policy', 'expected apiVersion audit.k8s.io/v1 and kind Policy, found undefined and "Policy"'],
    ['apiVersion: audit.k8s.io/v1\nkind: Policy', 'rules: at least one rule is required'],
    ['apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: All}]', 'rules[0].level: expected one of None, Metadata, Request, RequestResponse, found "All"'],
    ['apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: None, nonResourceURLs: [healthz], namespaces: [a]}]', 'rules[0].nonResourceURLs: rules cannot apply to both regular resources and non-resource URLs; rules[0].nonResourceURLs: "healthz" must start with \'/\''],
    ['apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: None, resources: [{group: apps/v1}]}]', 'rules[0].resources[0].group: expected the name of a group, without its version, found "apps/v1"'],
  ]) assert.deepEqual(readAuditPolicy(text ?? ''), { fault })
  assert.equal(admin.commonName, 'admin')
})
