import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fuzz } from './fuzz.ts'

test('random requests break nothing and are never the server\'s own fault', () => {
  const { findings, statuses } = fuzz({ seed: 7, requests: 6_000, now: () => performance.now() })
  assert.deepEqual(findings, [])
  // The requests must reach what they are to test.
  for (const status of [200, 201, 400, 403, 404, 405, 409, 415, 422]) assert.ok((statuses.get(status) ?? 0) > 5, `few answers ${status}`)
})
