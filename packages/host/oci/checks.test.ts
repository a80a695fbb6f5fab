import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runCheck, type CheckPlace } from './checks.ts'
import { placesIn } from './places.ts'

test('a check that cannot be made fails in words, and throws nothing at who looks after all containers', async () => {
  const places = placesIn('/nowhere')
  const place: CheckPlace = { tools: { runtime: 'none', conmon: 'none', flags: [], signals: 'by-number' }, places, at: places.pod('u').attempt('main', 0), id: 'x', address: '', namespace: '/nowhere' }
  const http = { is: 'http', scheme: 'HTTP', port: 80, path: '/', headers: [] } as const
  assert.deepEqual(await runCheck({ ...http, host: 'a b' }, 1, place), { ok: false, output: 'parse "http://a b:80/": invalid host' })
  assert.deepEqual(await runCheck({ ...http, host: '' }, 1, place), { ok: false, output: 'parse "http://:80/": invalid host' })
  const { ok, output } = await runCheck({ is: 'exec', command: ['true'] }, 1, place)
  assert.equal(ok, false)
  assert.match(output, /^ENOENT: /)
})
