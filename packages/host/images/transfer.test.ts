import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askedMs } from './transfer.ts'

test('a registry asks for patience in seconds or by a date', () => {
  const now = Date.parse('2026-01-01T00:00:00Z')
  const rows = [['3', 3000], ['Thu, 01 Jan 2026 00:00:05 GMT', 5000], ['Wed, 31 Dec 2025 23:59:00 GMT', 0], ['soon', undefined], [null, undefined]] as const
  for (const [asked, ms] of rows) assert.equal(askedMs(asked, now), ms, String(asked))
})
