import assert from 'node:assert/strict'
import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import type { Refusal } from '@kubeskiff/core/api'
import { testServer } from './testing.ts'

test('what a kubelet cannot open is told in its own words; that it cannot be reached is a Status', async () => {
  const refusals: Readonly<Record<string, Refusal>> = {
    kubelet: { refused: true, code: 500, reason: 'InternalError', message: 'container not found ("main")' },
    unreached: { refused: true, code: 500, reason: '', message: 'error dialing backend: the agent of node a is not connected' },
  }
  const { url, authority, close } = await testServer({ open: async ({ command: [which = ''] }) => refusals[which] ?? { refused: true, code: 400, reason: 'BadRequest', message: 'no such row' } })
  const headers = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==', 'sec-websocket-protocol': 'v5.channel.k8s.io' }
  const said = (which: string): Promise<readonly unknown[]> => new Promise((resolve, reject) => {
    request(`${url}/connect/exec?command=${which}&stdout=1`, { ca: authority.certificate, agent: false, headers }, (message) => {
      text(message).then((body) => { resolve([message.statusCode, message.headers['content-type'], body]) }, reject)
    }).on('error', reject).end()
  })
  try {
    assert.deepEqual(await said('kubelet'), [500, 'text/plain; charset=utf-8', 'container not found ("main")\n'])
    assert.deepEqual(await said('unreached'), [500, 'application/json', '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"error dialing backend: the agent of node a is not connected","code":500}\n'])
  } finally { await close() }
})
