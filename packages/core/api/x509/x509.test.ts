import assert from 'node:assert/strict'
import { test } from 'node:test'
import { blocksOf, readCertificate, readPemRequest, readRequest } from './index.ts'
import { annRequest, authorityPem, leafPem, nodeRequest, nodeRequestPem } from './testing.ts'

test('a request says whom it is for', () => {
  const of = (request: string): unknown => { const read = readPemRequest(request); return 'fault' in read ? read.fault : { subject: read.subject, names: read.names } }
  assert.deepEqual(of(annRequest), { subject: { commonName: 'ann', organizations: ['devs'], other: 0 }, names: { dns: [], emails: [], uris: [], addresses: [] } })
  assert.deepEqual(of(nodeRequest), {
    subject: { commonName: 'system:node:n1', organizations: ['system:nodes'], other: 0 }, names: { dns: ['n1'], emails: [], uris: [], addresses: ['10.0.0.1', 'fd00:0:0:0:0:0:0:1'] },
  })
  assert.equal(of(new TextEncoder().encode(authorityPem).toBase64()), 'PEM block type must be CERTIFICATE REQUEST')
  assert.equal(of('%%%'), 'PEM block type must be CERTIFICATE REQUEST')
})

test('a certificate says what it is of, for how long, and whether it may sign others', () => {
  const read = (pem: string) => { const [block] = blocksOf(pem); return block && readCertificate(block.bytes) }
  const [authority, leaf] = [read(authorityPem), read(leafPem)]
  assert.deepEqual([authority?.subject.commonName, authority?.isAuthority], ['test-ca', true])
  assert.deepEqual([leaf?.subject.commonName, leaf?.isAuthority, leaf?.names.dns, ((leaf?.notAfter ?? 0) - (leaf?.notBefore ?? 0)) / 3_600_000], ['system:node:n1', false, ['n1'], 24])
  assert.deepEqual(leaf?.publicKey, readRequest(blocksOf(nodeRequestPem)[0]?.bytes ?? new Uint8Array())?.publicKey)
})

test('bytes that are cut off, padded or changed are no request, and nothing throws', () => {
  const bytes = blocksOf(nodeRequestPem)[0]?.bytes ?? new Uint8Array()
  for (let length = 0; length < bytes.length; length++) assert.equal(readRequest(bytes.subarray(0, length)), undefined, `${length} bytes`)
  assert.equal(readRequest(new Uint8Array([...bytes, 0])), undefined)
  for (let at = 0; at < bytes.length; at++) for (const value of [0, 0x30, 0x80, 0xff]) readRequest(bytes.with(at, value))
})

test('blocks are found between other text, and what is no base64 is none', () => {
  assert.deepEqual(blocksOf(`subject=ann\n${authorityPem}\n\n-----BEGIN X-----\nKey: value\n\nAAE=\n-----END X-----\n-----BEGIN Y-----\n%%\n-----END Y-----\n`).map(({ type, hasHeaders }) => [type, hasHeaders]), [['CERTIFICATE', false], ['X', true]])
})
