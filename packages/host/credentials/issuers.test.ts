import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { Certificates, readTokenFile } from './index.ts'
import { openIssuers } from './issuers.ts'

const root = mkdtempSync(join(tmpdir(), 'skiff-issuers-'))
after(() => { rmSync(root, { recursive: true }) })
const now = Date.UTC(2026, 5, 1)

/** An issuer on the loopback, with keys that can change. */
async function anIssuer() {
  const certificates = new Certificates(root, Date.now)
  const [authority, server] = [await certificates.authority(), await certificates.server({ names: ['localhost'], addresses: ['127.0.0.1'] })]
  let pair = await generateKeyPair('RS256', { extractable: true })
  let kid = 'first'
  let fetches = 0
  const listener = createServer({ cert: server.certificate, key: server.key }, (request, response) => {
    fetches++
    void (async () => {
      const document = request.url === '/keys' ? { keys: [{ ...(await exportJWK(pair.publicKey)), kid, alg: 'RS256' }] } : { issuer: url(), jwks_uri: `${url()}/keys` }
      response.end(JSON.stringify(document))
    })()
  })
  const url = (): string => `https://127.0.0.1:${(listener.address() as AddressInfo).port}`
  await new Promise<void>((resolve) => { listener.listen(0, '127.0.0.1', resolve) })
  return {
    url: url(), authority: authority.certificate, close: () => { listener.close(); listener.closeAllConnections() }, fetches: () => fetches,
    rotate: async () => { pair = await generateKeyPair('RS256', { extractable: true }); kid = 'second' },
    token: (claims: object, seconds = 60) => new SignJWT({ sub: 'ann', ...claims }).setProtectedHeader({ alg: 'RS256', kid }).setIssuer(url()).setAudience('skiff').setIssuedAt(now / 1000).setExpirationTime(now / 1000 + seconds).sign(pair.privateKey),
  }
}

test('tokens of an issuer are checked with the keys that it publishes, fetched when they are needed', async () => {
  const issuer = await anIssuer()
  try {
    const keys = openIssuers([{ url: issuer.url, certificateAuthority: issuer.authority }])
    const token = await issuer.token({ roles: ['dev'] })
    const verified = await keys.verify(token, issuer.url, now)
    assert.deepEqual(verified, { is: 'good', claims: { sub: 'ann', roles: ['dev'], iss: issuer.url, aud: 'skiff', iat: now / 1000, exp: now / 1000 + 60 } })
    await keys.verify(token, issuer.url, now)
    assert.equal(issuer.fetches(), 2, 'keys are kept')
    const why = async (text: string, from = issuer.url, at = now): Promise<string> => { const bad = await keys.verify(text, from, at); return bad.is === 'bad' ? bad.why : 'good' }
    assert.equal(await why(token, issuer.url, now + 61_000), '"exp" claim timestamp check failed')
    assert.equal(await why(`${token.slice(0, -4)}AAAA`), 'signature verification failed')
    assert.equal(await why(token, 'https://elsewhere.example'), 'nobody knows its issuer')
    await issuer.rotate()
    assert.equal(await why(await issuer.token({}), issuer.url, now + 1000), 'no applicable key found in the JSON Web Key Set')
    assert.equal(await why(await issuer.token({}), issuer.url, now + 20_000), 'good', 'new keys are found')
  } finally { issuer.close() }
})

test('an issuer that the authority does not vouch for is not believed', async () => {
  const issuer = await anIssuer()
  try {
    const verified = await openIssuers([{ url: issuer.url }]).verify(await issuer.token({}), issuer.url, now)
    assert.equal(verified.is, 'bad')
  } finally { issuer.close() }
})

test('a token file gives users by token, and names the line that is wrong', () => {
  const users = readTokenFile('# people\nabc,ann,17,"dev, ops"\n\ndef,bob,18\n')
  assert.deepEqual([...users], [['abc', { name: 'ann', uid: '17', groups: ['dev', 'ops'] }], ['def', { name: 'bob', uid: '18', groups: [] }]])
  assert.throws(() => readTokenFile('abc,ann,1\nabc,bob,2'), /^Error: line 2: this token stands in the file already$/)
  assert.throws(() => readTokenFile('onlyone'), (error: Error) => error.message.startsWith('line 1: expected') && !error.message.includes('onlyone'))
})
