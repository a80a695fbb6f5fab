import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aWorld, type Said, settle } from '../testing.ts'
import { readAuthenticators } from './authenticators.ts'
import { evaluateClaims } from './claim-expressions.ts'
import { userOfJwt } from './jwt.ts'

const configuration = (jwt: string): string => `apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\njwt:\n${jwt}`
const issuer = `- issuer: {url: "https://login.example", audiences: [skiff]}\n`
const mapped = `${issuer}  claimMappings:\n    username: {claim: email, prefix: "oidc:"}\n    groups: {claim: roles, prefix: ""}\n    uid: {claim: sub}\n  claimValidationRules: [{claim: tenant, requiredValue: red}]\n`
const first = (text: string) => {
  const read = readAuthenticators(configuration(text))
  if ('fault' in read || read.jwt[0] === undefined) throw new Error(JSON.stringify(read))
  return read.jwt[0]
}
const never = () => ({ error: 'no expression here' })
const claims = { iss: 'https://login.example', aud: 'skiff', sub: '17', email: 'ann@example.com', roles: ['dev', 'ops'], tenant: 'red' }

test('claims become a user as the authenticator maps them', () => {
  assert.deepEqual(userOfJwt(first(mapped), claims, never), { name: 'oidc:ann@example.com', groups: ['dev', 'ops'], uid: '17' })
})

test('a token for others, without its claims, or against a rule makes no user', () => {
  for (const [changed, why] of [
    [{ aud: ['other'] }, 'oidc: expected audience in ["skiff"] got ["other"]'],
    [{ email: undefined }, 'oidc: parse username claims "email": claim not present'],
    [{ email: '' }, 'oidc: username claim value is empty'],
    [{ email_verified: false }, 'oidc: email not verified'],
    [{ tenant: 'blue' }, 'oidc: required claim tenant value does not match. Got = blue, want = red'],
    [{ tenant: undefined }, 'oidc: required claim tenant not present in ID token'],
  ] as const) assert.deepEqual(userOfJwt(first(mapped), { ...claims, ...changed }, never), { why }, why)
})

test('what is wrong with a configuration is told with its path', () => {
  for (const [text, fault] of [
    [configuration('- issuer: {url: "http://login.example", audiences: [a]}\n  claimMappings: {username: {claim: sub, prefix: ""}}\n'), 'jwt[0].issuer.url: URL scheme must be https'],
    [configuration(issuer), 'jwt[0].claimMappings.username: claim or expression is required'],
    [configuration(`${issuer}  claimMappings: {username: {claim: sub}}\n`), 'jwt[0].claimMappings.username.prefix: prefix is required when claim is set. It can be set to an empty string to disable prefixing'],
    [configuration(`${issuer}  claimMappings: {username: {claim: sub, prefix: ""}}\n${issuer}  claimMappings: {username: {claim: sub, prefix: ""}}\n`), 'jwt[1].issuer.url: duplicate value "https://login.example"'],
    ['kind: Other', 'expected kind AuthenticationConfiguration of apiserver.config.k8s.io/v1, found "Other" of undefined'],
  ]) assert.deepEqual(readAuthenticators(text ?? ''), { fault })
})

test('expressions map claims and hold rules', () => {
  const authenticator = first(`${issuer}  claimMappings:
    username: {expression: "'x:' + claims.sub"}
    groups: {expression: "claims.roles.filter(r, r != 'ops')"}
    extra: [{key: example.com/tenant, valueExpression: claims.tenant}]
  claimValidationRules: [{expression: "claims.sub.size() < 5", message: short subjects only}]
  userValidationRules: [{expression: "!user.username.startsWith('system:')", message: not the system}]
`)
  assert.deepEqual(userOfJwt(authenticator, claims, evaluateClaims), { name: 'x:17', groups: ['dev'], extra: { 'example.com/tenant': ['red'] } })
  assert.deepEqual(userOfJwt(authenticator, { ...claims, sub: 'too long' }, evaluateClaims), { why: 'oidc: error evaluating claim validation expression: short subjects only' })
  const broken = readAuthenticators(configuration(`${issuer}  claimMappings: {username: {expression: "claim.sub"}}\n`))
  assert.match('fault' in broken ? broken.fault : '', /^jwt\[0\]\.claimMappings\.username\.expression: .*undeclared reference to 'claim'/)
})

const secret = (data: object): object => ({ metadata: { name: 'bootstrap-token-abcdef' }, type: 'bootstrap.kubernetes.io/token', stringData: { 'token-id': 'abcdef', 'token-secret': '0123456789abcdef', 'usage-bootstrap-authentication': 'true', ...data } })
const whoAmI = (said: Said): unknown => (said.body as { readonly status?: { readonly userInfo?: unknown } }).status?.userInfo ?? said.status

test('a bootstrap token signs in as long as its Secret says so', () => {
  for (const [data, token, expected] of [
    [{ 'auth-extra-groups': 'system:bootstrappers:workers' }, 'abcdef.0123456789abcdef', { username: 'system:bootstrap:abcdef', groups: ['system:bootstrappers', 'system:bootstrappers:workers', 'system:authenticated'] }],
    [{}, 'abcdef.0123456789abcdeX', 401], [{}, 'abcdef.fedcba9876543210', 401], [{}, 'ghijkl.0123456789abcdef', 401],
    [{ expiration: '2025-12-31T23:59:59Z' }, 'abcdef.0123456789abcdef', 401], [{ 'usage-bootstrap-authentication': 'false' }, 'abcdef.0123456789abcdef', 401],
    [{ 'auth-extra-groups': 'system:masters' }, 'abcdef.0123456789abcdef', 401],
  ] as const) {
    const world = aWorld({})
    settle(world, 'kube-system')
    world.ask('POST /api/v1/namespaces/kube-system/secrets', secret(data))
    world.ask('POST /apis/rbac.authorization.k8s.io/v1/clusterroles', { metadata: { name: 'self' }, rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] })
    world.ask('POST /apis/rbac.authorization.k8s.io/v1/clusterrolebindings', { metadata: { name: 'self' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'self' }, subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:bootstrappers' }] })
    const said = world.ask('POST /apis/authentication.k8s.io/v1/selfsubjectreviews', {}, { headers: { authorization: `Bearer ${token}` } })
    assert.deepEqual(whoAmI(said), expected, token)
  }
})

test('a token of a configured issuer signs in once the host has checked it', () => {
  const world = aWorld({ authenticators: [first(mapped)] })
  const token = `e30.${btoa(JSON.stringify(claims))}.x`
  const request = { method: 'POST', path: '/apis/authentication.k8s.io/v1/selfsubjectreviews', query: '', headers: { authorization: `Bearer ${token}` }, body: new TextEncoder().encode('{}') }
  const asked = world.server.handler.step(request, new Map())
  assert.deepEqual(asked, { is: 'asks', asks: [{ id: `verify-token ${token}`, what: 'verify-token', input: { token } }] })
  for (const [answer, status] of [[{ is: 'valid', claims }, 403], [{ is: 'valid', claims: { ...claims, iss: 'https://elsewhere.example' } }, 401], [{ is: 'invalid', why: 'signature' }, 401]] as const) {
    const reply = world.server.handler.step(request, new Map([[`verify-token ${token}`, answer]]))
    assert.equal(reply.is === 'bytes' && reply.status, status)
  }
})
