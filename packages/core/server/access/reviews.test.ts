import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bootstrap } from '../bootstrap/index.ts'
import { aWorld, settle, version, type World } from '../testing.ts'

const authz = '/apis/authorization.k8s.io/v1'
function world(): World {
  const made = aWorld({ version })
  bootstrap(made.server, made.store, { address: '192.0.2.1', port: 6443 })
  settle(made)
  return made
}
interface Body { readonly metadata: object; readonly spec?: object; readonly status: Readonly<Record<string, unknown>>; readonly message?: string; readonly details?: { readonly group: string; readonly kind?: string; readonly causes: readonly { readonly field: string }[] } }

test('a question that cannot be answered is refused with everything that is wrong with it', () => {
  const made = world()
  const pods = (more: object = {}): object => ({ user: 'u', resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'default', ...more } })
  const selector = 'spec.resourceAttributes.labelSelector', fields = 'spec.resourceAttributes.fieldSelector'
  for (const [plural, body, ...problems] of [
    ['subjectaccessreviews', {}, 'spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified', 'spec.user: Invalid value: "": at least one of user or group must be specified'],
    ['subjectaccessreviews', { spec: { ...pods(), nonResourceAttributes: { path: '/x' } } }, 'spec.nonResourceAttributes: Invalid value: {"Path":"/x","Verb":""}: cannot be specified in combination with resourceAttributes'],
    ['subjectaccessreviews', { metadata: { name: 'x' }, spec: pods() }, 'metadata: Invalid value: {"name":"x"}: must be empty'],
    ['namespaces/other/localsubjectaccessreviews', { metadata: { name: 'x' }, spec: pods() }, 'metadata: Invalid value: {"name":"x","namespace":"other"}: must be empty except for namespace', 'spec.resourceAttributes.namespace: Invalid value: "default": must match metadata.namespace'],
    ['namespaces/default/localsubjectaccessreviews', { spec: { user: 'u', nonResourceAttributes: { path: '/', verb: 'get' } } }, 'spec.nonResourceAttributes: Invalid value: {"Path":"/","Verb":"get"}: disallowed on this kind of request'],
    ['subjectaccessreviews', { spec: pods({ labelSelector: { rawSelector: 'a=b', requirements: [{ key: 'a', operator: 'Exists' }] } }) }, `${selector}.rawSelector: Invalid value: "a=b": may not specified at the same time as requirements`],
    ['subjectaccessreviews', { spec: pods({ labelSelector: {} }) }, `${selector}.requirements: Required value: when ${selector} is specified, requirements or rawSelector is required`],
    ['subjectaccessreviews', { spec: pods({ labelSelector: { requirements: [{ key: 'a', operator: 'In' }] } }) }, `${selector}.requirements[0].values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`],
    ['subjectaccessreviews', { spec: pods({ labelSelector: { requirements: [{ key: 'a', operator: 'Exists', values: ['x'] }] } }) }, `${selector}.requirements[0].values: Forbidden: may not be specified when \`operator\` is 'Exists' or 'DoesNotExist'`],
    ['subjectaccessreviews', { spec: pods({ fieldSelector: { requirements: [{ operator: 'Is' }] } }) }, `${fields}.requirements[0].key: Required value: must be specified`],
  ] as const) {
    const said = made.ask(`POST ${authz}/${plural}`, body)
    const { message, details } = said.body as Body
    assert.deepEqual([said.status, message], [422, `.authorization.k8s.io "" is invalid: ${problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`}`])
    assert.deepEqual([details?.group, details?.kind], ['authorization.k8s.io', undefined])
  }
})

test('what cannot be read of a selector is told, and the question answered without it', () => {
  const made = world()
  const pods = { verb: 'list', resource: 'pods', namespace: '' }
  const node = { user: 'system:node:n1', groups: ['system:nodes'] }
  const own = [{ key: 'spec.nodeName', operator: 'In', values: ['n1'] }]
  for (const [attributes, allowed, evaluationError] of [
    [{ fieldSelector: { rawSelector: 'spec.nodeName=n1' } }, true, undefined], [{ fieldSelector: { rawSelector: 'spec.nodeName=n2' } }, false, undefined],
    [{ fieldSelector: { requirements: own } }, true, undefined], [{ fieldSelector: { requirements: [{ ...own[0], operator: 'NotIn' }] } }, false, undefined],
    [{ fieldSelector: { requirements: [...own, { key: 'a', operator: 'Exists' }] } }, true, 'spec.resourceAttributes.fieldSelector partially ignored due to parse error'],
    [{ fieldSelector: { requirements: [{ key: 'spec.nodeName', operator: 'Is', values: ['n1'] }] } }, false, 'spec.resourceAttributes.fieldSelector ignored due to parse error'],
    [{ labelSelector: { rawSelector: '!!' }, fieldSelector: { rawSelector: 'x' } }, false, 'spec.resourceAttributes.labelSelector ignored due to parse error, spec.resourceAttributes.fieldSelector ignored due to parse error'],
  ] as const) {
    const { status } = made.ask(`POST ${authz}/subjectaccessreviews`, { spec: { ...node, resourceAttributes: { ...pods, ...attributes } } }).body as Body
    assert.deepEqual([status['allowed'], status['evaluationError']], [allowed, evaluationError], JSON.stringify(attributes))
  }
})

test('the reply is the question with its answer', () => {
  const made = world()
  const bodyOf = (line: string, spec: object, user = ''): Body => made.ask(`POST ${line}`, { spec }, user === '' ? {} : { certificate: { commonName: user, organizations: user.startsWith('system:node:') ? ['system:nodes'] : [] } }).body as Body
  const spec = { user: 'u', resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'default' } }
  assert.deepEqual(bodyOf(`${authz}/subjectaccessreviews`, spec), { kind: 'SubjectAccessReview', apiVersion: 'authorization.k8s.io/v1', metadata: {}, spec, status: { allowed: false } })
  assert.deepEqual(bodyOf(`${authz}/namespaces/default/localsubjectaccessreviews`, spec).metadata, { namespace: 'default' })
  const rules = (user: string): Body => bodyOf(`${authz}/selfsubjectrulesreviews`, { namespace: 'default' }, user)
  assert.deepEqual(rules('u').spec, {})
  assert.deepEqual(rules('u').status['resourceRules'], [
    { verbs: ['create'], apiGroups: ['authorization.k8s.io'], resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'] }, { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'] },
  ])
  assert.deepEqual([rules('u').status['incomplete'], rules('system:node:n1').status['incomplete'], rules('system:node:n1').status['evaluationError']], [false, true, 'node authorizer does not support user rule resolution'])
  assert.ok(JSON.stringify(rules('').status['resourceRules']).includes('{"verbs":["*"],"apiGroups":["*"],"resources":["*"]}'))
  assert.deepEqual(bodyOf('/apis/authentication.k8s.io/v1/tokenreviews', { token: 'nonsense' }).status, { user: {}, error: 'invalid bearer token' })
})

test('impersonating without a user is told with what was asked', () => {
  const made = world()
  for (const [headers, shown] of [
    [{ 'impersonate-uid': '1' }, 'UID:"1", Groups:[]string(nil), Extra:map[string][]string(nil)'], [{ 'impersonate-group': 'devs' }, 'UID:"", Groups:[]string{"devs"}, Extra:map[string][]string(nil)'],
    [{ 'impersonate-extra-scopes': 'x' }, 'UID:"", Groups:[]string(nil), Extra:map[string][]string{"scopes":[]string{"x"}}'],
  ] as const) {
    const said = made.ask('GET /api/v1/pods', undefined, { headers })
    assert.deepEqual([said.status, (said.body as Body).message], [400, `requested &user.DefaultInfo{Name:"", ${shown}} without impersonating a user name`])
  }
})
