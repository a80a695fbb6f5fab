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
