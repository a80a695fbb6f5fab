// What must not be: each row is a way that was, or could be, tried to get at what is another's.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bootstrap } from '../bootstrap/index.ts'
import { aPod, aWorld, type Said, settle, type World } from '../testing.ts'
import type { Request } from '../types.ts'

const rbac = '/apis/rbac.authorization.k8s.io/v1'
const core = '/api/v1/namespaces/default'
const as = (name: string, ...organizations: readonly string[]): Partial<Request> => ({ certificate: { commonName: name, organizations } })
const n1 = as('system:node:n1', 'system:nodes')
const messageOf = ({ body }: Said): string => (body as { message: string }).message
function world(): World {
  const made = aWorld()
  bootstrap(made.server, made.store, { address: '192.0.2.1', port: 6443 })
  settle(made)
  made.ask('POST /api/v1/nodes', { metadata: { name: 'n1', labels: { 'kubernetes.io/hostname': 'n1', 'node-restriction.kubernetes.io/team': 'a' } }, spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } })
  made.ask(`POST ${core}/serviceaccounts`, { metadata: { name: 'builder' } })
  for (const [name, node] of [['mine', 'n1'], ['theirs', 'n2']] as const) {
    made.ask(`POST ${core}/pods`, { ...aPod(name), spec: { nodeName: node, containers: [{ name: 'c', image: 'i' }], volumes: [{ name: 'v', secret: { secretName: `of-${name}` } }] } })
    made.ask(`POST ${core}/secrets`, { metadata: { name: `of-${name}` } })
  }
  return made
}
const uidOf = (made: World, pod: string): string => (made.ask(`GET ${core}/pods/${pod}`).body as { metadata: { uid: string } }).metadata.uid

test('a selector is authorised as it selects: what is escaped in it names nothing', () => {
  const made = world()
  made.ask(`POST ${rbac}/namespaces/default/roles`, { metadata: { name: 'one' }, rules: [{ apiGroups: [''], resources: ['secrets'], resourceNames: ['of-mine'], verbs: ['list', 'watch', 'deletecollection'] }] })
  made.ask(`POST ${rbac}/namespaces/default/rolebindings`, { metadata: { name: 'one' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'one' }, subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'alice' }] })
  for (const [line, who, status] of [
    [`GET ${core}/secrets?fieldSelector=metadata.name%3Dof-mine`, as('alice'), 200],
    [`GET ${core}/secrets?fieldSelector=type!%3Dx\\,metadata.name%3Dof-mine`, as('alice'), 403],
    [`GET ${core}/secrets?watch=1&fieldSelector=type!%3Dx\\,metadata.name%3Dof-mine`, as('alice'), 403],
    [`DELETE ${core}/secrets?fieldSelector=metadata.name%3Dof-mine`, as('alice'), 403],
    [`GET ${core}/secrets?fieldSelector=type!%3Dx\\,metadata.name%3Dof-mine`, n1, 403],
    ['GET /api/v1/pods?fieldSelector=spec.nodeName%3Dn1', n1, 200],
    ['GET /api/v1/pods?fieldSelector=metadata.name!%3Dx\\,spec.nodeName%3Dn1', n1, 403],
    ['GET /api/v1/pods?fieldSelector=spec.nodeName!%3Dn1', n1, 403],
  ] as const) assert.equal(made.ask(line, undefined, who).status, status, line)
})

test('a node asks for tokens of the pods that run on it, and of no others', () => {
  const made = world()
  const token = (account: string, boundObjectRef: object | undefined, who: Partial<Request>): string => {
    const outcome = made.server.handler.step({ method: 'POST', path: `${core}/serviceaccounts/${account}/token`, query: '', headers: {}, body: new TextEncoder().encode(JSON.stringify({ spec: { boundObjectRef } })), ...who }, new Map())
    if (outcome.is === 'asks') return 'signed'
    return outcome.is === 'bytes' ? (JSON.parse(new TextDecoder().decode(outcome.body[0])) as { message: string }).message : outcome.is
  }
  const pod = (name: string, uid = uidOf(made, name)): object => ({ apiVersion: 'v1', kind: 'Pod', name, uid })
  const admin = as('admin', 'system:masters')
  const forbidden = 'serviceaccounts "default" is forbidden: '
  for (const [account, bound, who, said] of [
    ['default', pod('mine'), n1, 'signed'],
    ['default', undefined, n1, `${forbidden}node requested token not bound to a pod`],
    ['default', { apiVersion: 'v1', kind: 'Node', name: 'n1' }, n1, `${forbidden}node requested token not bound to a pod`],
    ['default', { apiVersion: 'v1', kind: 'Pod', name: 'mine' }, n1, `${forbidden}node requested token with a pod binding without a uid`],
    ['default', pod('mine', 'old'), n1, `${forbidden}the UID in the bound object reference (old) does not match the UID in record. The object might have been deleted and then recreated`],
    ['default', pod('theirs'), n1, `${forbidden}node requested token bound to a pod scheduled on a different node`],
    ['builder', pod('mine'), admin, 'cannot bind token for serviceaccount "builder" to pod running with different serviceaccount name.'],
    ['default', { apiVersion: 'v1', kind: 'Secret', name: 'of-mine' }, admin, 'signed'],
    ['default', { apiVersion: 'v1', kind: 'Secret', name: 'none' }, admin, 'secrets "none" not found'],
    ['default', { apiVersion: 'v1', kind: 'ConfigMap', name: 'x' }, admin, 'cannot bind token to object of type v1, Kind=ConfigMap'],
    ['default', undefined, admin, 'signed'],
  ] as const) assert.equal(token(account, bound, who), said)
})

test('a node changes neither its taints nor the labels that keep workloads apart', () => {
  const made = world()
  const patch = (what: object, path = '/api/v1/nodes/n1'): readonly unknown[] => {
    const said = made.ask(`PATCH ${path}`, what, { ...n1, headers: { 'content-type': 'application/merge-patch+json' } })
    return said.status === 200 ? [200] : [said.status, messageOf(said)]
  }
  const refused = (name: string, why: string): readonly unknown[] => [403, `${name} is forbidden: ${why}`]
  assert.deepEqual(patch({ metadata: { labels: { 'example.com/disk': 'ssd', 'kubernetes.io/os': 'linux', 'kubelet.kubernetes.io/x': '1' } } }), [200])
  assert.deepEqual(patch({ metadata: { labels: { 'node-restriction.kubernetes.io/team': 'b', 'node-role.kubernetes.io/control-plane': '' } } }), refused('nodes "n1"', 'is not allowed to modify labels: node-restriction.kubernetes.io/team, node-role.kubernetes.io/control-plane'))
  assert.deepEqual(patch({ metadata: { labels: { 'node-restriction.kubernetes.io/team': null } } }, '/api/v1/nodes/n1/status'), refused('nodes "n1"', 'is not allowed to modify labels: node-restriction.kubernetes.io/team'))
  assert.deepEqual(patch({ spec: { taints: null } }), refused('nodes "n1"', 'node "n1" is not allowed to modify taints'))
  assert.deepEqual(patch({ metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'a', uid: 'u' }] } }), refused('nodes "n1"', 'node "n1" is not allowed to modify ownerReferences'))
  assert.deepEqual(patch({ metadata: { labels: { app: 'bank' } } }, `${core}/pods/mine/status`), refused('pods "mine"', 'node "n1" cannot update labels through pod status'))
  assert.deepEqual(patch({ metadata: { annotations: { a: 'b' } } }, `${core}/pods/mine/status`), refused('pods "mine"', 'node "n1" cannot update annotations through pod status'))
  assert.deepEqual(patch({ status: { message: 'fine' } }, `${core}/pods/mine/status`), [200])
  made.ask('DELETE /api/v1/nodes/n1')
  assert.equal(messageOf(made.ask('POST /api/v1/nodes', { metadata: { name: 'n1', labels: { 'node-role.kubernetes.io/control-plane': '' } } }, n1)), 'nodes "n1" is forbidden: node "n1" is not allowed to set the following labels: node-role.kubernetes.io/control-plane')
})

test('a role is not bound before it is there, save by those who may bind it', () => {
  const made = world()
  made.ask(`POST ${rbac}/namespaces/default/rolebindings`, { metadata: { name: 'admin' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'admin' }, subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'alice' }] })
  const early = { metadata: { name: 'early' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'to-come' }, subjects: [] }
  assert.equal(messageOf(made.ask(`POST ${rbac}/namespaces/default/rolebindings`, early, as('alice'))), 'rolebindings.rbac.authorization.k8s.io "to-come" not found')
  assert.equal(made.ask(`POST ${rbac}/namespaces/default/rolebindings`, early).status, 201)
})

test('paths and queries that say strange things are answered, and give nothing', () => {
  const made = world()
  const nobody = { headers: { authorization: '' } }
  for (const [line, who, status] of [
    ['GET /api/v1/namespaces/default%2Fsecrets/secrets/of-mine', n1, 404],
    ['GET /api/v1/namespaces/other/../default/secrets/of-mine', n1, 404],
    ['GET //metrics', nobody, 403], ['GET /metrics/', nobody, 403], ['GET /healthz/../metrics', nobody, 403], ['GET /api', nobody, 403], ['GET /openapi/v2', nobody, 403], ['GET /openid/v1/jwks', nobody, 403],
    ['GET /api/v1/nodes?fieldSelector=constructor%3Dx', as('admin', 'system:masters'), 400],
    ['GET /api/v1/nodes?fieldSelector=__proto__%3Dx', as('admin', 'system:masters'), 400],
    ...[-1, 1.5, 1e300, 9e15, null].map((rv) => [`GET /api/v1/nodes?continue=${btoa(JSON.stringify({ v: 'meta.k8s.io/v1', rv, start: '/a' })).replaceAll('=', '')}`, as('admin', 'system:masters'), rv === null || rv === -1 || rv === 1.5 || rv === 1e300 ? 400 : 410] as const),
  ] as const) assert.equal(made.ask(line, undefined, who).status, status, line)
})
