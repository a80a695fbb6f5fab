import assert from 'node:assert/strict'
import { test } from 'node:test'
import { authorityPem, leafPem, nodeRequest } from '../../x509/testing.ts'
import { problems, specOf, statusProblems } from '../testing.ts'

const requests = 'certificates.k8s.io/certificatesigningrequests'
const bundles = 'certificates.k8s.io/clustertrustbundles'
const podRequests = 'certificates.k8s.io/podcertificaterequests'

test('what upstream refuses of a CertificateSigningRequest, in its words', () => {
  const spec = specOf(requests)
  const rows: readonly (readonly [object, readonly string[]])[] = [
    [{ request: 'AAAA' }, ['spec.request: Invalid value: "AAAA": PEM block type must be CERTIFICATE REQUEST']],
    [{ usages: [] }, ['spec.usages: Required value']],
    [{ usages: ['client auth', 'client auth'] }, ['spec.usages[1]: Duplicate value: "client auth"']],
    [{ signerName: 'kubernetes.io/legacy-unknown' }, ['spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via this API version']],
    [{ signerName: 'signer' }, ['spec.signerName: Invalid value: "signer": must be a fully qualified domain and path of the form \'example.com/signer-name\'']],
    [{ signerName: 'example/signer' }, ['spec.signerName: Invalid value: "example": should be a domain with at least two segments separated by dots']],
    [{ signerName: '' }, ['spec.signerName: Required value']],
    [{ expirationSeconds: 599 }, ['spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)']],
  ]
  for (const [change, expected] of rows) assert.deepEqual(problems(requests, { spec: { ...spec, ...change } }), expected, JSON.stringify(change))
  assert.match(problems(requests, { spec: { ...spec, usages: ['reading'] } })[0] ?? '', /^spec\.usages\[0\]: Unsupported value: "reading": supported values: "any", "cert sign", /)
  assert.deepEqual(problems(requests, { spec: { ...spec, request: nodeRequest } }), [])
})

test('a certificate is set once, and only approvals approve', () => {
  const certificate = new TextEncoder().encode(leafPem).toBase64()
  const rows: readonly (readonly [object, readonly string[]])[] = [
    [{ certificate }, []],
    [{ certificate: 'AAAA' }, ['status.certificate: Invalid value: "<certificate data>": must contain at least one CERTIFICATE PEM block']],
    [{ certificate: nodeRequest }, ['status.certificate: Invalid value: "<certificate data>": only CERTIFICATE PEM blocks are allowed, found "CERTIFICATE REQUEST"']],
    [{ conditions: [{ type: 'Approved', status: 'True' }] }, ['status.conditions: Forbidden: updates may not add a condition of type "Approved"']],
    [{ conditions: [{ type: 'Failed', status: 'False' }] }, ['status.conditions[0].status: Unsupported value: "False": supported values: "True"']],
    [{ conditions: [{ type: 'Mine', status: 'Unknown' }, { type: 'Mine', status: '' }] }, ['status.conditions[1].status: Required value', 'status.conditions[1].type: Duplicate value: "Mine"']],
  ]
  for (const [status, expected] of rows) assert.deepEqual(statusProblems(requests, status), expected, JSON.stringify(status))
})

test('a bundle holds authorities, each once, and is named after its signer', () => {
  const spec = specOf(bundles)
  const of = (trustBundle: string): readonly string[] => problems(bundles, { spec: { ...spec, trustBundle } })
  assert.deepEqual(of(''), ['spec.trustBundle: Invalid value: "<value omitted>": at least one trust anchor must be provided'])
  assert.deepEqual(of(`${authorityPem}\n${authorityPem}\n`), ['spec.trustBundle: Invalid value: "<value omitted>": duplicate trust anchor (indices [0 1])'])
  assert.deepEqual(of(`${leafPem}\n`), ['spec.trustBundle: Invalid value: "<value omitted>": entry 0 does not have the CA bit set'])
  assert.deepEqual(of('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'), ['spec.trustBundle: Invalid value: "<value omitted>": entry 0 does not parse as X.509'])
  assert.deepEqual(problems(bundles, { spec: { ...spec, signerName: 'other.com/x' } }), ['metadata.name: Invalid value: "example.com:signer:one": ClusterTrustBundle for signerName other.com/x must be named with prefix other.com:x:'])
  assert.deepEqual(problems(bundles, { spec: { ...spec, signerName: undefined } }), ['metadata.name: Invalid value: "example.com:signer:one": ClusterTrustBundle without signer name must not have ":" in its name'])
  assert.deepEqual(problems(bundles, { metadata: { name: 'plain' }, spec: { trustBundle: authorityPem } }), [])
})

test('what a pod may ask of a signer', () => {
  const spec = specOf(podRequests)
  const rows: readonly (readonly [object, readonly string[]])[] = [
    [{ maxExpirationSeconds: 3599 }, ['spec.maxExpirationSeconds: Invalid value: 3599: must be in the range [3600, 7862400]']],
    [{ signerName: 'kubernetes.io/kube-apiserver-client-pod', maxExpirationSeconds: 86_401 }, ['spec.maxExpirationSeconds: Invalid value: 86401: must be in the range [3600, 86400]']],
    [{ podUID: '' }, ['spec.podUID: Invalid value: "": must not be empty']],
    [{ stubPKCS10Request: 'AAAA' }, ['spec.stubPKCS10Request: Invalid value: "AAAA": must be a valid PKCS#10 certificate signing request']],
    [{ unverifiedUserAnnotations: { path: '/a' } }, ['spec.unverifiedUserAnnotations: Invalid value: "path": must be a domain-prefixed key (such as "acme.io/foo")']],
  ]
  for (const [change, expected] of rows) assert.deepEqual(problems(podRequests, { spec: { ...spec, ...change } }), expected, JSON.stringify(change))
  assert.equal(problems(podRequests, { spec: { ...spec, podName: 'other' } }, true).length, 1, 'the spec does not change')
})

test('a pod\'s request ends once: issued, denied or failed', () => {
  const condition = (type: string, status = 'True'): object => ({ type, status, reason: 'R', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' })
  assert.deepEqual(statusProblems(podRequests, { conditions: [condition('Denied')] }), [])
  assert.deepEqual(statusProblems(podRequests, { conditions: [condition('Denied')], certificateChain: leafPem }).length, 1)
  assert.deepEqual(statusProblems(podRequests, { conditions: [condition('Denied', 'False')] }), ['status.conditions.[0].status: Unsupported value: "False": supported values: "True"'])
  assert.deepEqual(statusProblems(podRequests, { conditions: [condition('Issued')], certificateChain: '' }), ['status.certificateChain: Invalid value: "": issued certificate chain must contain at least one certificate'])
  assert.deepEqual(statusProblems(podRequests, { conditions: [condition('Issued')], certificateChain: leafPem }), [
    'status.notBefore: Required value: must be present and consistent with the issued certificate', 'status.notAfter: Required value: must be present and consistent with the issued certificate',
    'status.beginRefreshAt: Required value: must be present and in the range [notbefore+10min, notafter-10min]',
  ])
  assert.deepEqual(statusProblems(podRequests, { conditions: [condition('Issued')], certificateChain: authorityPem }).length, 3, 'the authority\'s key is the request\'s here')
})
