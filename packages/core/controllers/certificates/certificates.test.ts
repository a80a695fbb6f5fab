import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { World } from '../../api/controller.ts'
import { type CertificateSigningRequest, certificateSigningRequests, podCertificateRequests } from '../../api/resources.ts'
import { annRequest, annRequestPem, leafPem, nodeRequest, nodeRequestPem } from '../../api/x509/testing.ts'
import { timestamp } from '../../rules/time.ts'
import { anObject, dawn, testWorld } from '../builders.ts'
import { certificateController, type MayRequest } from './reconcile.ts'
import { podCertificateRequestCleaner } from './pod-requests.ts'
import { signers } from './signers.ts'

const clientUsages = ['client auth', 'digital signature']
const condition = (type: string, lastUpdateTime = timestamp(dawn)): object => ({ type, status: 'True', reason: 'R', message: '', lastUpdateTime })
function look(spec: Partial<CertificateSigningRequest['spec']>, status: object, around: Partial<World<{ attempt: number }>> = {}, mayRequest: MayRequest = () => false) {
  const world = testWorld()
  world.put(anObject(certificateSigningRequests, 'r', { spec: { request: annRequest, signerName: 'kubernetes.io/kube-apiserver-client', usages: clientUsages, username: 'ann', ...spec }, status }))
  return certificateController(mayRequest).reconcile('r', { view: world.store.view, now: dawn, memory: undefined, last: undefined, observed: new Map(), ...around })
}
const firstOf = (plan: ReturnType<typeof look>) => plan.actions[0]

test('what each signer refuses', () => {
  const rows: readonly (readonly [signer: string, request: { organizations?: readonly string[]; commonName?: string; dns?: readonly string[] }, usages: readonly string[], fault: string | undefined])[] = [
    ['kube-apiserver-client', {}, ['client auth'], undefined],
    ['kube-apiserver-client', {}, ['client auth', 'server auth'], 'invalid usage for client certificate: server auth'],
    ['kube-apiserver-client', {}, ['digital signature'], 'missing required usage for client certificate: client auth'],
    ['kube-apiserver-client-kubelet', {}, clientUsages, undefined],
    ['kube-apiserver-client-kubelet', {}, [...clientUsages, 'key encipherment'], undefined],
    ['kube-apiserver-client-kubelet', {}, ['client auth'], 'usages did not match [digital signature key encipherment client auth]'],
    ['kube-apiserver-client-kubelet', { organizations: ['devs'] }, clientUsages, 'subject organization is not system:nodes'],
    ['kube-apiserver-client-kubelet', { commonName: 'n1' }, clientUsages, 'subject common name does not begin with system:node:'],
    ['kube-apiserver-client-kubelet', { dns: ['n1'] }, clientUsages, 'DNS subjectAltNames are not allowed'],
    ['kubelet-serving', { dns: ['n1'] }, ['server auth', 'digital signature'], undefined],
    ['kubelet-serving', {}, ['server auth', 'digital signature'], 'DNS or IP subjectAltName is required'],
    ['legacy-unknown', { organizations: [] }, ['code signing'], undefined],
  ]
  for (const [signer, { organizations = ['system:nodes'], commonName = 'system:node:n1', dns = [] }, usages, fault] of rows) {
    const request = { subject: { organizations, commonName, other: 0 }, names: { dns, emails: [], uris: [], addresses: [] }, publicKey: new Uint8Array(), bytes: new Uint8Array() }
    assert.equal(signers[`kubernetes.io/${signer}`]?.(request, usages), fault, `${signer} ${JSON.stringify(usages)}`)
  }
})

test('nobody is approved by himself but a kubelet that may', () => {
  assert.deepEqual(look({}, {}, {}, () => true).actions, [])
  // A serving certificate has alternative names, which a client's must not.
  assert.deepEqual(look({ request: nodeRequest, signerName: 'kubernetes.io/kube-apiserver-client-kubelet' }, {}, {}, () => true).actions, [])
})

test('what is approved is signed by the host, and its answer is written down', () => {
  const asked = look({}, { conditions: [condition('Approved')] })
  const ask = firstOf(asked)
  assert.ok(ask?.do === 'ask')
  assert.deepEqual([ask.ask.what, (ask.ask.input as { usages: unknown }).usages], ['sign-certificate', clientUsages])
  const signed = firstOf(look({}, { conditions: [condition('Approved')] }, { memory: { attempt: 0 }, observed: new Map([[ask.ask.id, { certificate: leafPem }]]) }))
  assert.deepEqual(signed?.do === 'patch' && [signed.part, signed.patch], ['status', { status: { certificate: new TextEncoder().encode(leafPem).toBase64() } }])
  const later = look({}, { conditions: [condition('Approved')] }, { memory: { attempt: 0 }, observed: new Map([[ask.ask.id, { error: 'the disk' }]]) })
  assert.deepEqual([later.actions, later.memory, later.again], [[], { attempt: 1 }, dawn + 15_000])
})

test('only the block that was checked is signed, whatever else the text holds', () => {
  const request = new TextEncoder().encode(`-----BEGIN CERTIFICATE REQUEST-----\n%\n-----END CERTIFICATE REQUEST-----\n${annRequestPem}\n${nodeRequestPem}`).toBase64()
  const ask = firstOf(look({ request }, { conditions: [condition('Approved')] }))
  assert.ok(ask?.do === 'ask')
  assert.equal((ask.ask.input as { request: string }).request, `${annRequestPem}\n`)
})

test('what a signer refuses has failed, and says why', () => {
  const conditionIn = (plan: ReturnType<typeof look>): unknown => { const action = firstOf(plan); return action?.do === 'patch' && (action.patch as { status: { conditions: { type: string; reason: string; message: string }[] } }).status.conditions.map(({ type, reason, message }) => [type, reason, message]).at(-1) }
  assert.deepEqual(conditionIn(look({ usages: ['server auth'] }, { conditions: [condition('Approved')] })), ['Failed', 'SignerValidationFailure', 'invalid usage for client certificate: server auth'])
  const id = /sign-certificate.*/.exec(JSON.stringify(look({}, { conditions: [condition('Approved')] })))?.[0].split('"')[0] ?? ''
  assert.deepEqual(conditionIn(look({}, { conditions: [condition('Approved')] }, { observed: new Map([[id, { refused: 'the signature is wrong' }]]) })), ['Failed', 'SignerValidationFailure', 'the signature is wrong'])
  assert.deepEqual(look({ signerName: 'example.com/mine' }, { conditions: [condition('Approved')] }).actions, [], 'others sign for themselves')
  assert.deepEqual(look({}, { conditions: [condition('Approved'), condition('Failed')] }).actions, [])
})

test('requests are forgotten an hour after their end, or after a day without an answer', () => {
  const hour = 3_600_000
  const gone = (status: object, after: number): boolean => firstOf(look({ signerName: 'example.com/mine' }, status, { now: dawn + after }))?.do === 'delete'
  for (const type of ['Approved', 'Denied', 'Failed']) assert.deepEqual([gone({ conditions: [condition(type)] }, hour - 1), gone({ conditions: [condition(type)] }, hour)], [false, true], type)
  assert.deepEqual([gone({}, 24 * hour - 1), gone({}, 24 * hour)], [false, true])
  assert.equal(look({ signerName: 'example.com/mine' }, {}).again, dawn + 24 * hour)
})

test('a pod\'s request is forgotten after a quarter of an hour', () => {
  const world = testWorld()
  world.put(anObject(podCertificateRequests, 'p', { metadata: { namespace: 'default' } }))
  const at = (now: number) => podCertificateRequestCleaner.reconcile('default/p', { view: world.store.view, now, memory: undefined, last: undefined, observed: new Map() })
  assert.equal(at(dawn).again, dawn + 900_000)
  assert.equal(at(dawn + 900_000).actions[0]?.do, 'delete')
})
