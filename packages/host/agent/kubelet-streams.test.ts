import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { type Pod, pods } from '@kubeskiff/core/api'
import { createStore } from '@kubeskiff/core/store'
import { placeInRoot } from '../oci/root-files.ts'
import { streamAsked } from '../streams/index.ts'
import { runToEnd } from './kubelet-streams.ts'
import { nodeLog } from './node-logs.ts'
import { fakePod, type Seen } from '../streams/testing.ts'

const store = createStore({ historyMax: 1 })
store.load([{ key: { resource: pods.resource, namespace: 'ns', name: 'web' }, revision: 1, object: { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'ns', name: 'web', uid: 'u1', resourceVersion: '1', creationTimestamp: '' }, spec: { nodeName: 'n', containers: [{ name: 'main' }], ephemeralContainers: [{ name: 'debugger' }] }, status: {} } as unknown as Pod }])
const asked = (target: string, node = 'n'): unknown => {
  const [path = '', query = ''] = target.split('?')
  return streamAsked(store.view, node, path, new URLSearchParams(query))
}

test('a stream is asked for by pod and container, with or without the pod\'s uid, and by the kubelet\'s own words', () => {
  const wanted = (what: string, more: object): object => ({ what, node: 'n', pod: { namespace: 'ns', name: 'web', uid: 'u1' }, container: 'main', command: [], ports: [], streams: { stdin: false, stdout: true, stderr: false, tty: false }, ...more })
  assert.deepEqual(asked('/exec/ns/web/main?command=sh&command=-c&input=1&output=1&error=1'), wanted('exec', { command: ['sh', '-c'], streams: { stdin: true, stdout: true, stderr: true, tty: false } }))
  assert.deepEqual(asked('/exec/ns/web/u1/debugger?command=sh&output=1&error=1&tty=1'), wanted('exec', { container: 'debugger', command: ['sh'], streams: { stdin: false, stdout: true, stderr: false, tty: true } }))
  assert.deepEqual(asked('/attach/ns/web/main?output=1'), wanted('attach', {}))
  assert.deepEqual(asked('/portForward/ns/web?port=80&port=x'), wanted('portforward', { container: '', ports: [80], streams: { stdin: false, stdout: false, stderr: false, tty: false } }))
  assert.deepEqual(asked('/run/ns/web/main?cmd=ls%20-l'), wanted('exec', { command: ['ls', '-l'], streams: { stdin: false, stdout: true, stderr: true, tty: false } }))
})

test('what cannot be is told as a kubelet tells it, and other paths are none of these', () => {
  const refused = (status: number, message: string): object => ({ is: 'refused', status, message })
  const rows: readonly (readonly [target: string, answer: unknown])[] = [
    ['/exec/ns/none/main?output=1', refused(404, 'pod does not exist')], ['/exec/ns/web/u2/main?output=1', refused(404, 'pod does not exist')], ['/exec/ns/web/other?output=1', refused(500, 'container not found ("other")')],
    ['/exec/ns/web/main', refused(400, 'you must specify at least 1 of stdin, stdout, stderr')], ['/exec/ns/web?output=1', refused(404, '404: Page Not Found')], ['/exec/%', refused(404, '404: Page Not Found')],
    ['/pods', undefined], ['/constructor/ns/web/main', undefined],
  ]
  for (const [target, answer] of rows) assert.deepEqual(asked(target), answer, target)
  assert.deepEqual(asked('/exec/ns/web/main?output=1', 'another'), refused(404, 'pod does not exist'))
})

test('a command that /run began ends with who asked, and its whole output is the answer', async () => {
  const seen: Seen = { sizes: [], closed: 0 }
  const run = (command: readonly string[], gone: AbortSignal): ReturnType<typeof runToEnd> => runToEnd({ what: 'exec', node: 'n', pod: { namespace: 'ns', name: 'web', uid: 'u' }, container: 'main', command, ports: [], streams: { stdin: false, stdout: true, stderr: true, tty: false } }, fakePod(seen), gone)
  assert.deepEqual((await run(['say', 'hello'], new AbortController().signal)).body, 'hello')
  const asker = new AbortController()
  const waits = run(['wait'], asker.signal)
  const before = seen.closed
  asker.abort()
  assert.equal((await waits).status, 500)
  assert.equal((await run(['wait'], asker.signal)).status, 500, 'it had gone before')
  assert.ok(seen.closed >= before + 2)
})

const work = mkdtempSync(`${tmpdir()}/skiff-logs-`)
after(() => { rmSync(work, { recursive: true, force: true }) })

test('a node\'s logs are files below its /var/log, and nothing that a link leads to elsewhere', async () => {
  mkdirSync(`${work}/var/log/deep`, { recursive: true })
  mkdirSync(`${work}/etc`)
  writeFileSync(`${work}/etc/shadow`, 'secret')
  writeFileSync(`${work}/var/log/sys<log`, 'line\n')
  writeFileSync(`${work}/var/log/deep/more`, 'deeper\n')
  symlinkSync('/etc/shadow', `${work}/var/log/out`)
  symlinkSync('../../etc', `${work}/var/log/up`)
  symlinkSync('deep/more', `${work}/var/log/within`)
  const read = async (path: string, placeOf = (of: string): string => placeInRoot(work, of)): Promise<string> => {
    const { status, body } = nodeLog(path, placeOf)
    const text = typeof body === 'string' ? body : (await (body as Readable).toArray()).join('')
    return `${status} ${text}`
  }
  assert.equal(await read(''), '200 <!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n<a href="deep/">deep/</a>\n<a href="out">out</a>\n<a href="sys%3Clog">sys&lt;log</a>\n<a href="up">up</a>\n<a href="within">within</a>\n</pre>\n')
  assert.deepEqual([await read('sys%3Clog'), await read('deep/more'), await read('within')], ['200 line\n', '200 deeper\n', '200 deeper\n'])
  for (const path of ['out', 'up/shadow', 'up', '../etc/shadow', '%2e%2e/etc/shadow', 'none', 'deep/..%2f..%2f..%2fetc/shadow', '%00', '%']) assert.equal(await read(path), '404 404 page not found\n', path)
  // Where the node's files are the machine's own, nobody follows links before; and what was a file when it was looked for may be a link by now.
  symlinkSync(`${work}/etc/shadow`, `${work}/var/log/away`)
  for (const [path, answer] of [['away', '404 404 page not found\n'], ['up/shadow', '404 404 page not found\n'], ['within', '200 deeper\n']] as const) assert.equal(await read(path, (of) => `${work}${of}`), answer, path)
  assert.equal(readFileSync(`${work}/etc/shadow`, 'utf8'), 'secret')
})
