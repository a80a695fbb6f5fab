import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Certificates, kubeconfig, openTokenSigner } from './index.ts'

const root = mkdtempSync(join(tmpdir(), 'skiff-credentials-'))
after(() => { rmSync(root, { recursive: true }) })
const start = Date.UTC(2026, 0, 1)
const day = 86_400_000
const names = { names: ['localhost', 'kubernetes.default.svc'], addresses: ['127.0.0.1', '10.96.0.1', '::1'] }

test('certificates are made once, kept, and signed by the authority', async () => {
  const directory = join(root, 'pki')
  const first = new Certificates(directory, () => start)
  const again = new Certificates(directory, () => start + 10 * day)
  const [authority, server, node] = [await first.authority(), await first.server(names), await first.node('node-1')]
  assert.deepEqual([await again.authority(), await again.server(names), await again.node('node-1')], [authority, server, node])

  const ca = new X509Certificate(authority.certificate)
  const [serving, client] = [new X509Certificate(server.certificate), new X509Certificate(node.certificate)]
  assert.deepEqual([serving.verify(ca.publicKey), client.verify(ca.publicKey), ca.ca, client.ca], [true, true, true, false])
  assert.equal(serving.subjectAltName, 'DNS:localhost, DNS:kubernetes.default.svc, IP Address:127.0.0.1, IP Address:10.96.0.1, IP Address:0:0:0:0:0:0:0:1')
  assert.equal(client.subject, 'O=system:nodes\nCN=system:node:node-1')
  assert.ok(client.checkPrivateKey(createPrivateKey(node.key)))
  assert.deepEqual([...new Set(readdirSync(directory).map((name) => statSync(join(directory, name)).mode & 0o777))], [0o600])
  assert.equal(statSync(directory).mode & 0o777, 0o700)
})

test('a certificate near its end, of another authority, or for too few names is made anew', async () => {
  const directory = join(root, 'renewed')
  const first = new Certificates(directory, () => start)
  const server = await first.server(names)
  const later = new Certificates(directory, () => start + 340 * day)
  const renewed = await later.server(names)
  assert.notEqual(renewed.certificate, server.certificate)
  assert.equal((await later.authority()).certificate, (await first.authority()).certificate)
  assert.notEqual((await later.server({ ...names, addresses: ['192.0.2.7'] })).certificate, renewed.certificate)

  const admin = await later.admin()
  rmSync(join(directory, 'ca.crt'))
  assert.notEqual((await later.admin()).certificate, admin.certificate)
})

test('a token is good until it ends, and only as it was signed', () => {
  const signer = openTokenSigner(join(root, 'tokens'))
  const claims = { iss: 'https://kubernetes.default.svc', sub: 'system:serviceaccount:default:web', exp: start / 1000 + 60 }
  const token = signer.sign(claims)
  const [head, body, signature] = token.split('.')
  const forged = Buffer.from(JSON.stringify({ ...claims, sub: 'system:admin' })).toString('base64url')
  const none = Buffer.from('{"alg":"none"}').toString('base64url')
  const rows: [string, number, unknown][] = [
    [token, start, { is: 'good', claims }],
    [token, start + 60_000, { is: 'bad', why: 'token has expired' }],
    [`${head}.${forged}.${signature}`, start, { is: 'bad', why: 'its signature is wrong' }],
    [`${none}.${body}.`, start, { is: 'bad', why: 'it is no token' }],
    [`${none}.${body}.x`, start, { is: 'bad', why: 'it is signed by another key' }],
    ['nonsense', start, { is: 'bad', why: 'it is no token' }],
  ]
  for (const [given, now, expected] of rows) assert.deepEqual(openTokenSigner(join(root, 'tokens')).verify(given, now), expected)
})

test('the kubeconfig holds all that a client needs', () => {
  const text = kubeconfig({ name: 'skiff', server: 'https://127.0.0.1:6443', authority: 'CA', client: { certificate: 'CERT', key: 'KEY' } })
  assert.match(text, /server: "https:\/\/127\.0\.0\.1:6443"\n {4}certificate-authority-data: Q0E=\n/)
  assert.match(text, /client-certificate-data: Q0VSVA==\n {4}client-key-data: S0VZ\n/)
})

test('what was approved is signed: subject, names and key of the request, for what it may be used', async () => {
  const certificates = new Certificates(join(root, 'signing'), () => start)
  const { nodeRequestPem } = await import('../../core/api/x509/testing.ts')
  const signed = await certificates.sign({ request: nodeRequestPem, usages: ['server auth', 'digital signature'], expirationSeconds: 3600 })
  assert.ok('certificate' in signed)
  const certificate = new X509Certificate(signed.certificate)
  assert.ok(certificate.verify(new X509Certificate((await certificates.authority()).certificate).publicKey))
  assert.deepEqual([certificate.subject, certificate.subjectAltName, certificate.keyUsage, certificate.ca], ['O=system:nodes\nCN=system:node:n1', 'DNS:n1, IP Address:10.0.0.1, IP Address:FD00:0:0:0:0:0:0:1', ['1.3.6.1.5.5.7.3.1'], false])
  assert.deepEqual([certificate.validFromDate.getTime(), certificate.validToDate.getTime()], [start - 300_000, start + 3_300_000])
  const lines = nodeRequestPem.split('\n')
  const forged = await certificates.sign({ request: [...lines.slice(0, -3), lines.at(-3)?.replace(/^./, (letter) => (letter === 'A' ? 'B' : 'A')), ...lines.slice(-2)].join('\n'), usages: ['client auth'] })
  assert.ok('refused' in forged, 'a request that its key has not signed')
})

test('the front proxy has an authority of its own', async () => {
  const certificates = new Certificates(join(root, 'front'), () => start)
  const { authority, client } = await certificates.frontProxy()
  const certificate = new X509Certificate(client.certificate)
  assert.deepEqual([certificate.subject, certificate.verify(new X509Certificate(authority.certificate).publicKey), certificate.verify(new X509Certificate((await certificates.authority()).certificate).publicKey)], ['CN=front-proxy-client', true, false])
  assert.deepEqual(await certificates.frontProxy(), { authority, client })
})
