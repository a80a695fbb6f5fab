import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isWireguardKey, wireguardKey } from './wireguard.ts'

test("a machine keeps its key, and tells only the public half", (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'skiff-wireguard-'))
  context.after(() => { rmSync(directory, { recursive: true, force: true }) })
  const file = join(directory, 'key.json')
  const pair = wireguardKey(file)
  assert.deepEqual(wireguardKey(file), pair)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  const url = (key: string): string => Buffer.from(key, 'base64').toString('base64url')
  const own = createPublicKey(createPrivateKey({ format: 'jwk', key: { kty: 'OKP', crv: 'X25519', d: url(pair.private), x: url(pair.public) } })).export({ format: 'jwk' })
  assert.equal(own.x, url(pair.public))
  assert.deepEqual([pair.public, pair.private, '', `${pair.public}\nEndpoint = 192.0.2.9`, pair.public.slice(1)].map(isWireguardKey), [true, true, false, false, false])
})
