import assert from 'node:assert/strict'
import { request } from 'node:https'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import type { Ending, OpenStream } from '../streams/index.ts'
import { testServer } from './testing.ts'

/** Writes one line, and ends as its command says. */
const open: OpenStream = async ({ command: [how] }) => {
  const stdout = new PassThrough()
  stdout.write('a line\n')
  if (how === 'broken') setImmediate(() => { stdout.destroy() })
  else stdout.end()
  const ending: Ending = how === 'whole' ? { is: 'exited', code: 0 } : { is: 'failed', message: 'the connection to the node was lost' }
  return { is: 'process', stdin: undefined, stdout, stderr: undefined, resize: () => {}, ended: Promise.resolve(ending), close: () => { stdout.destroy() } }
}

test('a log that was cut, as by the end of the agent that read it, is not passed off as whole', async () => {
  const { url, authority, close } = await testServer({ open })
  const ending = (path: string): Promise<string> => new Promise((resolve) => {
    request(`${url}${path}`, { ca: authority.certificate, agent: false }, (message) => {
      message.on('error', () => { resolve('cut') }).on('end', () => { resolve('whole') }).resume()
    }).on('error', () => { resolve('cut') }).end()
  })
  const frames = (path: string): Promise<number> => new Promise((resolve) => { new WebSocket(`${url.replace('https', 'wss')}${path}`, ['binary.k8s.io'], { ca: authority.certificate }).once('close', resolve) })
  try {
    assert.deepEqual(await Promise.all(['whole', 'cut', 'broken'].map((how) => ending(`/connect/log?command=${how}`))), ['whole', 'cut', 'cut'])
    // 1006: without a closing frame.
    assert.deepEqual(await Promise.all(['whole', 'cut', 'broken'].map((how) => frames(`/connect/log?command=${how}`))), [1000, 1006, 1006])
  } finally { await close() }
})
