import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bootstrap } from '../bootstrap/index.ts'
import { aPod, aWorld, type Said, settle, version, type World } from '../testing.ts'
import type { Request } from '../types.ts'
import type { VerifiedToken } from './authenticate.ts'

const rbac = '/apis/rbac.authorization.k8s.io/v1'
const as = (name: string, ...organizations: readonly string[]): Partial<Request> => ({ certificate: { commonName: name, organizations } })
const messageOf = ({ body }: Said): string => (body as { message: string }).message
const subject = (name: string): object => ({ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name })
const roleRef = (kind: string, name: string): object => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name })
function world(): World {
  const made = aWorld({ version })
  bootstrap(made.server, made.store, { address: '192.0.2.1', port: 6443 })
  settle(made)
  settle(made, 'other')
  return made
}

test('whoever is not known is anonymous, and may read what is public', () => {
  const made = world()
  const nobody = { headers: { authorization: '' } }
  const codes = ['/version', '/version/', '/healthz', '/readyz?verbose', '/api', '/apis', '/metrics', '/api/v1/pods'].map((path) => made.ask(`GET ${path}`, undefined, nobody).status)
  assert.deepEqual(codes, [200, 200, 200, 200, 403, 403, 403, 403])
  assert.equal(messageOf(made.ask('GET /api/v1/pods', undefined, nobody)), 'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" at the cluster scope')
  assert.equal(made.ask('GET /version', undefined, { headers: { authorization: 'Bearer wrong' } }).status, 401)
  assert.equal(made.ask('GET /api', undefined, as('alice')).status, 200)
})

test('what is forbidden is told word for word', () => {
  const made = world()
  for (const [line, message] of [
    ['GET /api/v1/namespaces/default/pods', 'pods is forbidden: User "alice" cannot list resource "pods" in API group "" in the namespace "default"'],
    ['GET /api/v1/namespaces/default/pods/x', 'pods "x" is forbidden: User "alice" cannot get resource "pods" in API group "" in the namespace "default"'],
    ['GET /api/v1/namespaces/default/pods?fieldSelector=metadata.name%3Dx', 'pods "x" is forbidden: User "alice" cannot list resource "pods" in API group "" in the namespace "default"'],
    ['GET /apis/apps/v1/deployments', 'deployments.apps is forbidden: User "alice" cannot list resource "deployments" in API group "apps" at the cluster scope'],
    ['GET /api/v1/namespaces/default/pods/x/log', 'pods "x" is forbidden: User "alice" cannot get resource "pods/log" in API group "" in the namespace "default"'],
    ['GET /api/v1/nodes?watch=1', 'nodes is forbidden: User "alice" cannot watch resource "nodes" in API group "" at the cluster scope'],
    ['DELETE /api/v1/namespaces/default/pods', 'pods is forbidden: User "alice" cannot deletecollection resource "pods" in API group "" in the namespace "default"'],
    ['GET /metrics', 'forbidden: User "alice" cannot get path "/metrics"'],
  ] as const) {
    const said = made.ask(line, undefined, as('alice'))
    assert.deepEqual([said.status, messageOf(said)], [403, message], line)
  }
})

test('rules give verbs on resources, names, subresources and URLs, where they are bound', () => {
  const made = world()
  made.ask(`POST ${rbac}/namespaces/default/roles`, { metadata: { name: 'r' }, rules: [{ apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get'] }, { apiGroups: [''], resources: ['configmaps'], resourceNames: ['one'], verbs: ['*'] }] })
  made.ask(`POST ${rbac}/namespaces/default/rolebindings`, { metadata: { name: 'r' }, roleRef: roleRef('Role', 'r'), subjects: [subject('alice')] })
  made.ask(`POST ${rbac}/namespaces/default/rolebindings`, { metadata: { name: 'v' }, roleRef: roleRef('ClusterRole', 'view'), subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: 'other' }] })
  const may = (who: string, line: string): boolean => made.ask(line, undefined, as(who)).status !== 403
  const account = 'system:serviceaccount:other:default'
  for (const [who, line, allowed] of [
    ['alice', 'GET /api/v1/namespaces/default/pods/x', true], ['alice', 'GET /api/v1/namespaces/other/pods/x', false], ['alice', 'GET /api/v1/namespaces/default/pods', false],
    ['alice', 'GET /api/v1/namespaces/default/pods/x/log', true], ['alice', 'GET /api/v1/namespaces/default/pods/x/status', false],
    ['alice', 'GET /api/v1/namespaces/default/configmaps/one', true], ['alice', 'GET /api/v1/namespaces/default/configmaps/two', false], ['alice', 'GET /api/v1/namespaces/default/configmaps', false],
    ['alice', 'GET /api/v1/namespaces/default/configmaps?fieldSelector=metadata.name%3Done', true],
    [account, 'GET /apis/apps/v1/namespaces/default/deployments', true], [account, 'GET /api/v1/namespaces/default/secrets', false], [account, 'GET /api/v1/namespaces/other/pods', false],
  ] as const) assert.equal(may(who, line), allowed, `${who} ${line}`)
  made.ask(`DELETE ${rbac}/namespaces/default/rolebindings/r`)
  assert.equal(may('alice', 'GET /api/v1/namespaces/default/pods/x'), false, 'a binding that is gone gives nothing')
})

test('nobody gives what he does not have', () => {
  const made = world()
  made.ask(`POST ${rbac}/namespaces/default/rolebindings`, { metadata: { name: 'admin' }, roleRef: roleRef('ClusterRole', 'admin'), subjects: [subject('alice')] })
  const bind = (role: string): Said => made.ask(`POST ${rbac}/namespaces/default/rolebindings`, { metadata: { generateName: 'b-' }, roleRef: roleRef('ClusterRole', role), subjects: [subject('bob')] }, as('alice'))
  assert.deepEqual([bind('view').status, bind('edit').status, bind('cluster-admin').status], [201, 201, 403])
  const said = made.ask(`POST ${rbac}/namespaces/default/roles`, { metadata: { name: 'all' }, rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] }, as('alice'))
  assert.equal(messageOf(said), 'roles.rbac.authorization.k8s.io "all" is forbidden: user "alice" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:["*"], Resources:["*"], Verbs:["*"]}')
})

test('impersonation takes the right to it', () => {
  const made = world()
  const headers = { 'impersonate-user': 'bob', 'impersonate-group': 'dev, ops' }
  assert.deepEqual((made.ask('POST /apis/authentication.k8s.io/v1/selfsubjectreviews', {}, { headers }).body as { status: unknown }).status, { userInfo: { username: 'bob', groups: ['dev', 'ops', 'system:authenticated'] } })
  assert.equal(messageOf(made.ask('GET /api/v1/pods', undefined, { ...as('alice'), headers })), 'users "bob" is forbidden: User "alice" cannot impersonate resource "users" in API group "" at the cluster scope')
  assert.equal(messageOf(made.ask('GET /api/v1/pods', undefined, { headers })), 'pods is forbidden: User "bob" cannot list resource "pods" in API group "" at the cluster scope')
})

test('reviews answer, and keep nothing', () => {
  const made = world()
  const before = made.store.view.revision
  const ask = (plural: string, spec: object, extra: Partial<Request> = as('alice')): unknown => {
    const { status, body } = made.ask(`POST /apis/authorization.k8s.io/v1/${plural}`, { spec }, extra)
    return status === 201 ? (body as { status: unknown }).status : messageOf({ status, body, headers: {} })
  }
  const pods = { resourceAttributes: { verb: 'list', resource: 'pods', namespace: 'default' } }
  assert.deepEqual(ask('selfsubjectaccessreviews', pods), { allowed: false })
  assert.deepEqual(ask('selfsubjectaccessreviews', pods, {}), { allowed: true })
  assert.deepEqual(ask('subjectaccessreviews', { ...pods, user: 'x', groups: ['system:masters'] }, {}), { allowed: true })
  assert.deepEqual(ask('selfsubjectaccessreviews', { nonResourceAttributes: { verb: 'get', path: '/version' } }), { allowed: true, reason: 'RBAC: allowed by ClusterRoleBinding "system:discovery" of ClusterRole "system:discovery" to Group "system:authenticated"' })
  assert.deepEqual(ask('selfsubjectaccessreviews', {}), '.authorization.k8s.io "" is invalid: spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified')
  assert.deepEqual(ask('namespaces/default/localsubjectaccessreviews', { ...pods, user: 'x' }, {}), { allowed: false })
  assert.equal((ask('selfsubjectrulesreviews', { namespace: 'default' }) as { incomplete: boolean }).incomplete, false)
  assert.equal(made.ask('GET /apis/authorization.k8s.io/v1/selfsubjectaccessreviews').status, 405)
  assert.equal(made.store.view.revision, before)
})

test('a service account\'s token is verified by the outside, and its account must still be there', () => {
  const made = world()
  const uid = (made.ask('GET /api/v1/namespaces/default/serviceaccounts/default').body as { metadata: { uid: string } }).metadata.uid
  const step = (found?: VerifiedToken): unknown => {
    const request: Request = { method: 'POST', path: '/apis/authentication.k8s.io/v1/selfsubjectreviews', query: '', headers: { authorization: 'Bearer a.b.c' }, body: new TextEncoder().encode('{}') }
    const outcome = made.server.handler.step(request, new Map(found === undefined ? [] : [['verify-token a.b.c', found]]))
    if (outcome.is === 'asks') return outcome.asks
    return outcome.is === 'bytes' ? [outcome.status, (JSON.parse(new TextDecoder().decode(outcome.body[0])) as { status?: { userInfo?: unknown } }).status?.userInfo] : outcome.is
  }
  const claims = (of: string) => ({ iss: 'i', sub: 's', aud: ['i'], exp: 1, iat: 0, nbf: 0, jti: 'j', 'kubernetes.io': { namespace: 'default', serviceaccount: { name: 'default', uid: of } } })
  assert.deepEqual(step(), [{ id: 'verify-token a.b.c', what: 'verify-token', input: { token: 'a.b.c' } }])
  assert.deepEqual(step({ is: 'invalid', why: 'expired' }), [401, undefined])
  assert.deepEqual(step({ is: 'valid', claims: claims('old') }), [401, undefined])
  assert.deepEqual(step({ is: 'valid', claims: claims(uid) }), [201, {
    username: 'system:serviceaccount:default:default', uid, groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'], extra: { 'authentication.kubernetes.io/credential-id': ['JTI=j'] },
  }])
})

test('the token that a Secret holds signs in, for the API, as long as the Secret holds it', () => {
  const made = world()
  const uid = (made.ask('GET /api/v1/namespaces/default/serviceaccounts/default').body as { metadata: { uid: string } }).metadata.uid
  const claims = (of: string) => ({ iss: 'kubernetes/serviceaccount', sub: 'system:serviceaccount:default:default', 'kubernetes.io/serviceaccount/namespace': 'default', 'kubernetes.io/serviceaccount/secret.name': 'kept', 'kubernetes.io/serviceaccount/service-account.name': 'default', 'kubernetes.io/serviceaccount/service-account.uid': of })
  const step = (of: string, token = 'a.b.c'): unknown => {
    const request: Request = { method: 'POST', path: '/apis/authentication.k8s.io/v1/selfsubjectreviews', query: '', headers: { authorization: `Bearer ${token}` }, body: new TextEncoder().encode('{}') }
    const outcome = made.server.handler.step(request, new Map([[`verify-token ${token}`, { is: 'valid', claims: claims(of) }]]))
    return outcome.is === 'bytes' ? [outcome.status, (JSON.parse(new TextDecoder().decode(outcome.body[0])) as { status?: { userInfo?: { username?: string } } }).status?.userInfo?.username] : outcome.is
  }
  assert.deepEqual(step(uid), [401, undefined])
  made.ask('POST /api/v1/namespaces/default/secrets', { metadata: { name: 'kept', annotations: { 'kubernetes.io/service-account.name': 'default' } }, type: 'kubernetes.io/service-account-token', stringData: { token: 'a.b.c' } })
  assert.deepEqual([step(uid), step('another'), step(uid, 'd.e.f')], [[201, 'system:serviceaccount:default:default'], [401, undefined], [401, undefined]])
  made.ask('DELETE /api/v1/namespaces/default/secrets/kept')
  assert.deepEqual(step(uid), [401, undefined])
})

test('a token request is signed by the outside', () => {
  const made = world()
  const step = (body: object, answers: ReadonlyMap<string, unknown>) => made.server.handler.step({
    method: 'POST', path: '/api/v1/namespaces/default/serviceaccounts/default/token', query: '', headers: {}, body: new TextEncoder().encode(JSON.stringify(body)), certificate: { commonName: 'a', organizations: ['system:masters'] },
  }, answers)
  const first = step({ spec: { expirationSeconds: 600, audiences: ['x'] } }, new Map())
  assert.equal(first.is, 'asks')
  const claims = first.is === 'asks' ? (first.asks[0]?.input as { claims: Record<string, unknown> }).claims : {}
  assert.deepEqual([claims['sub'], claims['aud'], Number(claims['exp']) - Number(claims['iat'])], ['system:serviceaccount:default:default', ['x'], 600])
  const reply = step({ spec: { expirationSeconds: 600 } }, new Map([['sign-token', { token: `h.${btoa(JSON.stringify({ exp: 1_767_226_200 }))}.s` }]]))
  assert.deepEqual([reply.is === 'bytes' && reply.status, reply.is === 'bytes' && (JSON.parse(new TextDecoder().decode(reply.body[0])) as { status: { expirationTimestamp: string } }).status.expirationTimestamp], [201, '2026-01-01T00:10:00Z'])
  const short = step({ spec: { expirationSeconds: 60 } }, new Map())
  assert.equal(short.is === 'bytes' && short.status, 422)
})

test('a node reads what its own pods need, and writes only of itself and of them', () => {
  const made = world()
  const node = (name: string): Partial<Request> => as(`system:node:${name}`, 'system:nodes')
  for (const name of ['n1', 'n2']) made.ask('POST /api/v1/nodes', { metadata: { name } })
  for (const [name, secret] of [['mine', 's1'], ['theirs', 's2']] as const) {
    made.ask('POST /api/v1/namespaces/default/pods', { ...aPod(name), spec: { containers: [{ name: 'c', image: 'i', envFrom: [{ configMapRef: { name: `map-${name}` } }] }], volumes: [{ name: 'v', secret: { secretName: secret } }] } })
    made.ask(`POST /api/v1/namespaces/default/pods/${name}/binding`, { metadata: { name }, target: { kind: 'Node', name: name === 'mine' ? 'n1' : 'n2' } })
    made.ask('POST /api/v1/namespaces/default/secrets', { metadata: { name: secret } })
  }
  const may = (line: string, body?: object): boolean => made.ask(line, body, { ...node('n1'), ...(line.startsWith('PATCH') && { headers: { 'content-type': 'application/merge-patch+json' } }) }).status !== 403
  for (const [line, allowed] of [
    ['GET /api/v1/namespaces/default/secrets/s1', true], ['GET /api/v1/namespaces/default/secrets/s2', false], ['GET /api/v1/secrets', false], ['GET /api/v1/namespaces/default/secrets', false],
    ['GET /api/v1/namespaces/default/secrets?fieldSelector=metadata.name%3Ds1', true], ['GET /api/v1/namespaces/other/secrets/s1', false],
    ['GET /api/v1/namespaces/default/configmaps/map-mine', true], ['GET /api/v1/namespaces/default/configmaps/map-theirs', false], ['GET /api/v1/namespaces/default/configmaps/kube-root-ca.crt', true],
    ['GET /api/v1/pods', false], ['GET /api/v1/pods?fieldSelector=spec.nodeName%3Dn1', true], ['GET /api/v1/pods?fieldSelector=spec.nodeName%3Dn2', false],
    ['GET /api/v1/namespaces/default/pods/mine', true], ['GET /api/v1/namespaces/default/pods/theirs', false], ['GET /api/v1/nodes', true], ['GET /api/v1/services', true],
    ['DELETE /api/v1/namespaces/default/pods/theirs', false], ['DELETE /api/v1/nodes/n1', false], ['GET /apis/apps/v1/deployments', false],
  ] as const) assert.equal(may(line), allowed, line)
  for (const [line, body, allowed] of [
    ['POST /api/v1/nodes', { metadata: { name: 'n2' } }, false], ['PATCH /api/v1/nodes/n1/status', {}, true], ['PATCH /api/v1/nodes/n2/status', {}, false],
    ['PUT /api/v1/namespaces/default/pods/mine/status', {}, true], ['PATCH /api/v1/namespaces/default/pods/theirs/status', { status: { message: 'x' } }, false], ['PUT /api/v1/namespaces/default/pods/mine', {}, false],
    ['POST /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases', { metadata: { name: 'n1' } }, true], ['POST /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases', { metadata: { name: 'n2' } }, false],
    ['POST /api/v1/namespaces/default/events', {}, true], ['POST /api/v1/namespaces/default/pods', aPod('x'), false],
  ] as const) assert.equal(may(line, body), allowed, line)
})
