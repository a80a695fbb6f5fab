import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testServer } from './testing.ts'
import { timeoutOf } from './timeout.ts'

test('a request has a minute, or less if it says so; what runs long has no bound', () => {
  const msOf = (query: string, path = '/api/v1/pods'): unknown => { const found = timeoutOf({ path, query }); return typeof found === 'number' ? found : found.status }
  assert.deepEqual([msOf(''), msOf('timeout=32s'), msOf('timeout=10m'), msOf('timeout=0'), msOf('timeout=x'), msOf('watch=1&timeout=x'), msOf('timeoutSeconds=3'), msOf('timeout=x', '/api/v1/namespaces/a/pods/b/log')],
    [60_000, 32_000, 60_000, 60_000, 400, 60_000, 60_000, 60_000])
})

test('who waits longer than he said is told 504', async () => {
  const { url, close } = await testServer({ tls: 'none', answer: () => new Promise(() => {}) })
  const reply = await fetch(`${url}/ask?timeout=20ms`)
  assert.deepEqual([reply.status, await reply.json()], [504, { metadata: {}, status: 'Failure', message: 'Timeout: request did not complete within the allotted timeout', reason: 'Timeout', details: {}, code: 504 }])
  const wrong = await fetch(`${url}/write/a?timeout=soon`, { method: 'POST' })
  assert.equal(wrong.status, 400)
  await close()
})
