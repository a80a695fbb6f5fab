import assert from 'node:assert/strict'
import { request } from 'node:https'
import { PassThrough } from 'node:stream'
import { setImmediate as soon } from 'node:timers/promises'
import { test } from 'node:test'
import type { Refusal } from '@kubeskiff/core/api'
import type { AuditEvent, Reply } from '@kubeskiff/core/server'
import { createStore } from '@kubeskiff/core/store'
import { WebSocket } from 'ws'
import type { OpenStream, ProcessStream } from '../streams/index.ts'
import { exampleHandler, testServer } from './testing.ts'

const event = (stage: AuditEvent['stage']): AuditEvent => ({ kind: 'Event', apiVersion: 'audit.k8s.io/v1', level: 'Metadata', auditID: 'a', stage, stageTimestamp: '', responseStatus: { metadata: {}, code: 0 } })

test('a stream is told when it begins, with the code it began with, and when it ends, whoever ended it', async () => {
  const store = createStore()
  const handler = exampleHandler(store)
  const told: string[] = []
  const stdout: PassThrough[] = []
  const gone: Refusal = { refused: true, code: 404, reason: 'NotFound', message: 'gone' }
  const open: OpenStream = async ({ command }) => {
    if (command[0] === 'gone') return gone
    const out = new PassThrough()
    stdout.push(out)
    const stream: ProcessStream = { is: 'process', stdin: undefined, stdout: out, stderr: undefined, resize: () => {}, ended: new Promise((resolve) => { out.once('end', () => { resolve({ is: 'exited', code: 0 }) }) }), close: () => { out.destroy() } }
    return stream
  }
  const { url, authority, close } = await testServer({
    store, open, audit: ({ stage, responseStatus }) => { told.push(`${stage} ${(responseStatus as { readonly code: number }).code}`) },
    handler: { ...handler, step: (asked, answers) => { const reply = handler.step(asked, answers); return reply.is === 'connect' ? { ...reply, audit: { events: [event('RequestReceived')], start: event('ResponseStarted'), end: event('ResponseComplete') } } satisfies Reply : reply } },
  })
  const wait = async (stage: string): Promise<readonly string[]> => { while (!told.some((line) => line.startsWith(stage))) await soon(); return told.splice(0) }
  const get = (path: string): Promise<number> => new Promise((resolve, reject) => { request(`${url}${path}`, { ca: authority.certificate, agent: false }, (message) => { message.resume(); resolve(message.statusCode ?? 0) }).on('error', reject).end() })
  const all = (code: number): readonly string[] => ['RequestReceived 0', `ResponseStarted ${code}`, `ResponseComplete ${code}`]
  try {
    assert.equal(await get('/connect/log?command=a'), 200)
    assert.deepEqual(await wait('ResponseStarted'), ['RequestReceived 0', 'ResponseStarted 200'])
    stdout.at(-1)?.end('line\n')
    assert.deepEqual(await wait('ResponseComplete'), ['ResponseComplete 200'])

    for (const [path, code] of [['/connect/log?command=gone', 404], ['/connect/exec?command=a', 400]] as const) {
      assert.equal(await get(path), code)
      assert.deepEqual(await wait('ResponseComplete'), all(code), path)
    }

    for (const ends of ['the process', 'the client']) {
      const socket = new WebSocket(`${url.replace('https', 'wss')}/connect/exec?command=a&stdout=true`, ['v5.channel.k8s.io'], { ca: authority.certificate })
      await new Promise((resolve) => { socket.once('open', resolve) })
      assert.deepEqual(await wait('ResponseStarted'), ['RequestReceived 0', 'ResponseStarted 101'], ends)
      if (ends === 'the client') socket.terminate()
      else stdout.at(-1)?.end()
      assert.deepEqual(await wait('ResponseComplete'), ['ResponseComplete 101'], ends)
    }
  } finally { await close() }
})
