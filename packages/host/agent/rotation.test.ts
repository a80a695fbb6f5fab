import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Certificates } from '../credentials/index.ts'
import { dueAt, NodeCredentials, rotateIfDue } from './rotation.ts'

const folder = mkdtempSync(join(tmpdir(), 'skiff-rotation-'))
after(() => { rmSync(folder, { recursive: true }) })
const dayMs = 86_400_000
const start = Date.parse('2026-01-01T00:00:00Z')
let now = start
const certificates = new Certificates(join(folder, 'credentials'), () => now)
const authority = (await certificates.authority()).certificate
const given = await certificates.node('n1')
const credentials = (): NodeCredentials => new NodeCredentials({ node: 'n1', given, authority, directory: join(folder, 'pki') })

interface Spec { readonly signerName: string; readonly request: string; readonly usages: readonly string[] }
/** An API whose signer signs at the second look, or says no. */
function api(verdict: 'signed' | 'denied'): { readonly specs: Spec[]; readonly connection: { request(method: string, path: string, options?: { readonly body?: string | Uint8Array }): Promise<{ readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }> } } {
  const specs: Spec[] = []
  return {
    specs,
    connection: {
      async request(method, _path, options) {
        if (method === 'POST') {
          specs.push((JSON.parse(String(options?.body)) as { readonly spec: Spec }).spec)
          return { status: 201, headers: {}, body: JSON.stringify({ metadata: { name: 'csr-1' } }) }
        }
        const [spec] = specs
        if (verdict === 'denied') return { status: 200, headers: {}, body: JSON.stringify({ metadata: { name: 'csr-1' }, status: { conditions: [{ type: 'Denied', message: 'no' }] } }) }
        const signed = await certificates.sign({ request: Buffer.from(spec?.request ?? '', 'base64').toString(), usages: spec?.usages ?? [] })
        return { status: 200, headers: {}, body: JSON.stringify({ metadata: { name: 'csr-1' }, status: 'certificate' in signed ? { certificate: Buffer.from(signed.certificate).toString('base64') } : {} }) }
      },
    },
  }
}
const rotate = (own: NodeCredentials, cluster: ReturnType<typeof api>) => rotateIfDue({ credentials: own, connection: cluster.connection, now: () => now, say: () => {}, chance: 0.5, pollMs: 1 })

test('a certificate is due between seven and nine tenths of its life', () => {
  const days = [0, 0.5, 1].map((chance) => Math.round((dueAt(given, chance) - start) / dayMs))
  assert.deepEqual(days, [255, 292, 328])
})

test('one that is due is made anew with another key, and kept for the next agent; before, nobody asks', async () => {
  const own = credentials()
  const cluster = api('signed')
  assert.deepEqual([await rotate(own, cluster), cluster.specs], [false, []])
  now = start + 300 * dayMs
  assert.equal(await rotate(own, cluster), true)
  assert.deepEqual(cluster.specs.map(({ signerName, usages }) => [signerName, usages]), [['kubernetes.io/kube-apiserver-client-kubelet', ['digital signature', 'client auth']]])
  const fresh = new X509Certificate(own.certificate)
  assert.deepEqual([fresh.subject.split('\n').sort(), fresh.checkPrivateKey(createPrivateKey(own.key)), own.key === given.key, fresh.validToDate.getTime() > now + 300 * dayMs], [['CN=system:node:n1', 'O=system:nodes'], true, false, true])
  assert.equal(credentials().certificate, own.certificate)
  assert.equal(statSync(join(folder, 'pki/n1.json')).mode & 0o777, 0o600)
  assert.equal(await rotate(own, cluster), false, 'the new one is not due')
})

test('a refusal leaves the old one, and another cluster\'s is not taken', async () => {
  const other = new Certificates(join(folder, 'other'), () => now)
  const own = new NodeCredentials({ node: 'n1', given: await other.node('n1'), authority: (await other.authority()).certificate, directory: join(folder, 'pki') })
  const before = own.certificate
  assert.notEqual(before, credentials().certificate)
  now += 300 * dayMs
  await assert.rejects(rotate(own, api('denied')), { message: 'csr-1 was refused: no' })
  assert.equal(own.certificate, before)
})
