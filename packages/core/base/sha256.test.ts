import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { sha256 } from './sha256.ts'

test('digests are those of everybody else, around the sizes of blocks too', () => {
  for (const text of ['', 'abc', 'apps/v1/Deployment', 'ü', ...[55, 56, 63, 64, 65, 119, 120, 500].map((length) => 'x'.repeat(length))]) {
    assert.equal(Buffer.from(sha256(text)).toString('hex'), createHash('sha256').update(text).digest('hex'), text)
  }
})
