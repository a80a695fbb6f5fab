import assert from 'node:assert/strict'
import { test } from 'node:test'
import { annRequest, authorityPem, eveRequest, leafPem } from '../../api/x509/testing.ts'
import { aWorld, type World } from '../testing.ts'

const url = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
const rbac = '/apis/rbac.authorization.k8s.io/v1'
const as = (name: string) => ({ certificate: { commonName: name, organizations: ['devs'] } })
type Body = { readonly message?: string; readonly spec: Record<string, unknown>; readonly status: { readonly conditions?: readonly Record<string, unknown>[]; readonly certificate?: string }; readonly metadata: { readonly resourceVersion: string } }
const signerName = 'example.com/mine'
const request = { metadata: { name: 'r' }, spec: { request: annRequest, signerName, usages: ['client auth'], username: 'somebody', groups: ['system:masters'] } }

/** A world in which every developer may write requests, and one of them `verb` for these signers. */
function world(verb: string, names: readonly string[]): World {
  const made = aWorld()
  const bind = (name: string, subject: object, rule: object): void => {
    made.ask(`POST ${rbac}/clusterroles`, { metadata: { name }, rules: [rule] })
    made.ask(`POST ${rbac}/clusterrolebindings`, { metadata: { name }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name }, subjects: [subject] })
  }
  bind('writers', { kind: 'Group', name: 'devs', apiGroup: 'rbac.authorization.k8s.io' }, { verbs: ['*'], apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests', 'certificatesigningrequests/*', 'certificatesigningrequests/approval', 'certificatesigningrequests/status', 'clustertrustbundles'] })
  bind('signers', { kind: 'User', name: 'bob', apiGroup: 'rbac.authorization.k8s.io' }, { verbs: [verb], apiGroups: ['certificates.k8s.io'], resources: ['signers'], resourceNames: names })
  return made
}
const approved = { type: 'Approved', status: 'True', reason: 'R', message: 'm' }

test('the server says who has asked, and nobody asks for himself to be approved', () => {
  const made = world('approve', [])
  const { spec, status } = made.ask(`POST ${url}`, { ...request, status: { conditions: [approved] } }, as('ann')).body as Body
  assert.deepEqual([spec['username'], spec['groups'], status], ['ann', ['devs', 'system:authenticated'], {}])
  const { spec: kept } = made.ask(`PATCH ${url}/r`, { spec: { signerName: 'example.com/other', usages: ['any'] } }, { headers: { 'content-type': 'application/merge-patch+json' } }).body as Body
  assert.deepEqual([kept['signerName'], kept['usages']], [signerName, ['client auth']])
})

test('approving needs the verb for the signer, or for all of its domain', () => {
  for (const names of [[signerName], ['example.com/*']]) {
    const made = world('approve', names)
    const created = made.ask(`POST ${url}`, request, as('ann')).body as Body
    const body = { ...created, status: { conditions: [approved] } }
    const refused = made.ask(`PUT ${url}/r/approval`, body, as('ann'))
    assert.deepEqual([refused.status, (refused.body as Body).message], [403, 'certificatesigningrequests.certificates.k8s.io "r" is forbidden: user not permitted to approve requests with signerName "example.com/mine"'])
    const done = made.ask(`PUT ${url}/r/approval`, body, as('bob'))
    assert.deepEqual([done.status, (done.body as Body).status.conditions], [200, [{ ...approved, lastUpdateTime: '2026-01-01T00:00:00Z', lastTransitionTime: '2026-01-01T00:00:00Z' }]])
    const taken = made.ask(`PUT ${url}/r/approval`, { ...done.body as object, status: {} }, as('bob'))
    assert.deepEqual([taken.status, (taken.body as Body).message], [422, 'CertificateSigningRequest.certificates.k8s.io "r" is invalid: status.conditions: Forbidden: updates may not remove a condition of type "Approved"'])
  }
})

test('signing needs the verb for the signer', () => {
  const made = world('sign', [signerName])
  const created = made.ask(`POST ${url}`, request, as('ann')).body as Body
  const body = { ...created, status: { certificate: new TextEncoder().encode(leafPem).toBase64() } }
  const refused = made.ask(`PUT ${url}/r/status`, body, as('ann'))
  assert.deepEqual([refused.status, (refused.body as Body).message], [403, 'certificatesigningrequests.certificates.k8s.io "r" is forbidden: user not permitted to sign requests with signerName "example.com/mine"'])
  assert.equal((made.ask(`PUT ${url}/r/status`, body, as('bob')).body as Body).status.certificate, body.status.certificate)
  assert.equal(made.ask(`PUT ${url}/r/status`, { ...created, metadata: { name: 'r' }, status: body.status }, as('ann')).status, 200, 'what changes nothing needs no right')
})

test('attesting needs the verb for the signer of a bundle', () => {
  const made = world('attest', [signerName])
  const bundle = { metadata: { name: 'example.com:mine:a' }, spec: { signerName, trustBundle: authorityPem } }
  const bundles = '/apis/certificates.k8s.io/v1/clustertrustbundles'
  const refused = made.ask(`POST ${bundles}`, bundle, as('ann'))
  assert.deepEqual([refused.status, (refused.body as Body).message], [403, 'clustertrustbundles.certificates.k8s.io "example.com:mine:a" is forbidden: user not permitted to attest for signerName "example.com/mine"'])
  assert.equal(made.ask(`POST ${bundles}`, bundle, as('bob')).status, 201)
  assert.equal(made.ask(`POST ${bundles}`, { metadata: { name: 'free' }, spec: { trustBundle: authorityPem } }, as('ann')).status, 201)
})

test('nobody becomes an administrator by a request', () => {
  const made = world('approve', [])
  const eve = { metadata: { name: 'eve' }, spec: { request: eveRequest, signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'] } }
  const refused = made.ask(`POST ${url}`, eve, as('ann'))
  assert.deepEqual([refused.status, (refused.body as Body).message], [403, 'certificatesigningrequests.certificates.k8s.io "eve" is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed'])
  assert.equal(made.ask(`POST ${url}`, { ...eve, spec: { ...eve.spec, signerName } }, as('ann')).status, 201)
})
