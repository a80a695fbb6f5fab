import assert from 'node:assert/strict'
import { request } from 'node:http'
import type { Duplex, Readable } from 'node:stream'
import { after, test } from 'node:test'
import { WebSocket, createWebSocketStream } from 'ws'
import { testServer } from '../http/testing.ts'
import { SpdySession, type SpdyStream } from './spdy.ts'
import { fakePod, type Seen } from './testing.ts'

const seen: Seen = { sizes: [], closed: 0 }
const server = await testServer({ tls: 'none', open: fakePod(seen) })
after(() => server.close())

async function text(readable: Readable): Promise<string> {
  let all = ''
  for await (const chunk of readable.setEncoding('utf8')) all += chunk
  return all
}

/** Upgrades to SPDY as old kubectl does; a refusal is its status and body. */
function upgrade(path: string, protocols: readonly string[]): Promise<{ readonly is: 'upgraded'; readonly socket: Duplex; readonly protocol: string } | { readonly is: 'refused'; readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const asking = request(`${server.url}${path}`, { method: 'POST', headers: { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': [...protocols] } })
    asking.on('upgrade', (message, socket) => { resolve({ is: 'upgraded', socket, protocol: String(message.headers['x-stream-protocol-version']) }) })
    asking.on('response', (message) => { void text(message).then((body) => { resolve({ is: 'refused', status: message.statusCode ?? 0, body }) }) })
    asking.on('error', reject).end()
  })
}

async function execOverSpdy(query: string, input: string | undefined, protocols = ['v4.channel.k8s.io', 'v3.channel.k8s.io']): Promise<Record<string, string>> {
  const outcome = await upgrade(`/connect/exec?${query}`, protocols)
  if (outcome.is === 'refused') return { refused: `${outcome.status} ${JSON.parse(outcome.body).message}` }
  const session = new SpdySession(outcome.socket, { isServer: false, onStream() {}, onClose() {} })
  const asked = new URLSearchParams(query)
  const open = (name: string): SpdyStream | undefined => (asked.get(name) === 'true' ? session.open({ streamtype: name }) : undefined)
  const error = session.open({ streamtype: 'error' })
  const [stdin, stdout, stderr] = [open('stdin'), open('stdout'), asked.get('tty') === 'true' ? undefined : open('stderr')]
  if (asked.get('tty') === 'true') session.open({ streamtype: 'resize' }).write('{"Width":120,"Height":40}\n{"Width":80')
  stdin?.end(input)
  const [status, out, err] = await Promise.all([text(error), stdout === undefined ? '' : text(stdout), stderr === undefined ? '' : text(stderr)])
  session.close()
  return { status, ...(out !== '' && { out }), ...(err !== '' && { err }) }
}

/** Exec over WebSocket with one subprotocol; in base64 dialects frames are text. */
function execOverWebSocket(query: string, input: string | undefined, protocol: string): Promise<Record<string, string>> {
  return new Promise((resolve, reject) => {
    const webSocket = new WebSocket(`${server.url.replace('http', 'ws')}/connect/exec?${query}`, protocol === '' ? [] : [protocol])
    const base64 = protocol.includes('base64')
    const got: Record<string, string> = { protocol: '' }
    const names = ['stdin', 'out', 'err', 'status']
    webSocket.on('message', (frame: Buffer) => {
      const name = names[base64 ? Number(frame.toString('latin1', 0, 1)) : frame[0] ?? 0] ?? 'unknown'
      got[name] = (got[name] ?? '') + (base64 ? Buffer.from(frame.toString('latin1', 1), 'base64') : frame.subarray(1)).toString()
    })
    webSocket.on('open', () => {
      got['protocol'] = webSocket.protocol
      if (input === undefined) return
      if (base64) webSocket.send(`0${Buffer.from(input).toString('base64')}`)
      else webSocket.send(Buffer.from(`\0${input}`))
      webSocket.send(Buffer.from([255, 0]))
    })
    webSocket.on('close', (code) => { resolve({ ...got, code: String(code) }) })
    webSocket.on('unexpected-response', (_request, message) => { void text(message).then((body) => { resolve({ refused: `${message.statusCode} ${JSON.parse(body).message}` }) }) })
    webSocket.on('error', reject)
  })
}

const success = '{"metadata":{},"status":"Success"}'
const failure = '{"metadata":{},"status":"Failure","reason":"NonZeroExitCode","message":"command terminated with non-zero exit code: exit status 3","details":{"causes":[{"reason":"ExitCode","message":"3"}]}}'
const all = 'stdout=true&stderr=true'

const rows: readonly { readonly what: string; readonly query: string; readonly input?: string; readonly expected: Record<string, string> }[] = [
  { what: 'output', query: `${all}&command=say&command=hello`, expected: { status: success, out: 'hello' } },
  { what: 'errors', query: `${all}&command=!&command=oh`, expected: { status: success, err: 'oh' } },
  { what: 'an exit code', query: `${all}&command=exit&command=3`, expected: { status: failure } },
  { what: 'input and its end', query: `${all}&stdin=true&command=shout`, input: 'aloud', expected: { status: success, out: 'ALOUD' } },
  { what: 'a refusal', query: `${all}&command=missing`, expected: { refused: '404 container not found ("main")' } },
  { what: 'much output', query: `${all}&command=bytes&command=3000000`, expected: { status: success, out: 'x'.repeat(3_000_000) } },
]
for (const { what, query, input, expected } of rows) {
  test(`${what} over SPDY`, async () => { assert.deepEqual(await execOverSpdy(query, input), expected) })
  test(`${what} over WebSocket`, async () => {
    const more = 'refused' in expected ? {} : { protocol: 'v5.channel.k8s.io', code: '1000' }
    assert.deepEqual(await execOverWebSocket(query, input, 'v5.channel.k8s.io'), { ...expected, ...more })
  })
}

for (const [protocol, status] of [['v4.channel.k8s.io', failure], ['v4.base64.channel.k8s.io', failure], ['base64.channel.k8s.io', 'command terminated with non-zero exit code: exit status 3'], ['', 'command terminated with non-zero exit code: exit status 3']]) {
  test(`the older WebSocket dialect ${JSON.stringify(protocol)} is spoken`, async () => {
    assert.deepEqual(await execOverWebSocket(`${all}&command=exit&command=3`, undefined, protocol ?? ''), { protocol, status, code: '1000' })
  })
}

test('a terminal has its size told and no separate errors', async () => {
  seen.sizes.length = 0
  assert.deepEqual(await execOverSpdy(`${all}&tty=true&stdin=true&command=shout`, 'x'), { status: success, out: 'X' })
  assert.deepEqual(seen.sizes, [{ width: 120, height: 40 }])
})

test('a client that goes away closes what was made for it', async () => {
  const before = seen.closed
  const webSocket = new WebSocket(`${server.url.replace('http', 'ws')}/connect/exec?${all}&command=wait`, ['v5.channel.k8s.io'])
  await new Promise((resolve) => webSocket.once('open', resolve))
  webSocket.terminate()
  while (seen.closed === before) await new Promise((resolve) => { setTimeout(resolve, 1) })
})

test('exec without an upgrade, and an upgrade nobody speaks, are bad requests', async () => {
  const plain = await fetch(`${server.url}/connect/exec?${all}&command=say`, { method: 'POST' })
  assert.deepEqual([plain.status, JSON.parse(await plain.text()).message], [400, 'Upgrade request required'])
  const odd = await upgrade(`/connect/exec?${all}&command=say`, ['v99.channel.k8s.io'])
  assert.equal(odd.is === 'refused' && odd.status, 400)
})

test('a log is the body of its reply', async () => {
  const response = await fetch(`${server.url}/connect/log`)
  assert.deepEqual([response.headers.get('content-type'), await response.text()], ['text/plain', 'a line\n'])
})

/** One forwarded connection within a SPDY session: what came back, and what the error stream said. */
async function forward(session: SpdySession, port: number, request: string, input: string): Promise<readonly [string, string]> {
  const headers = { port: String(port), requestid: request }
  const error = session.open({ ...headers, streamtype: 'error' })
  error.end()
  const data = session.open({ ...headers, streamtype: 'data' })
  data.on('error', () => {})
  data.end(input)
  const answer = text(data).catch(() => 'cut')
  return [await answer, await text(error)]
}

test('ports are forwarded over SPDY, several connections in one session', async () => {
  const outcome = await upgrade('/connect/portforward', ['portforward.k8s.io'])
  assert.equal(outcome.is, 'upgraded')
  if (outcome.is !== 'upgraded') return
  assert.equal(outcome.protocol, 'portforward.k8s.io')
  const session = new SpdySession(outcome.socket, { isServer: false, onStream() {}, onClose() {} })
  const answers = await Promise.all([forward(session, 80, '0', 'one'), forward(session, 80, '1', 'y'.repeat(500_000)), forward(session, 1, '2', 'x')])
  assert.deepEqual(answers, [['ONE', ''], ['Y'.repeat(500_000), ''], ['cut', 'error forwarding port 1 to pod uid-1, uid : connection refused']])
  session.close()
})

test('ports are forwarded over SPDY within WebSocket, as kubectl since 1.31 does', async () => {
  // The library's client refuses the name with a '/' as its server does: the handshake is made by hand.
  const socket = await new Promise<Duplex>((resolve, reject) => {
    const headers = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==', 'sec-websocket-protocol': 'SPDY/3.1+portforward.k8s.io' }
    request(`${server.url}/connect/portforward`, { headers }).on('upgrade', (message, upgraded) => {
      assert.equal(message.headers['sec-websocket-protocol'], 'SPDY/3.1+portforward.k8s.io')
      resolve(upgraded)
    }).on('error', reject).end()
  })
  const { default: WebSocketClient } = await import('ws')
  // A client end without a handshake: masks what it sends, as clients must.
  const webSocket = Reflect.construct(WebSocketClient, [null, undefined, {}]) as WebSocket & { setSocket(socket: Duplex, head: Buffer, options: object): void; _isServer: boolean }
  webSocket._isServer = false
  webSocket.setSocket(socket, Buffer.alloc(0), { maxPayload: 1 << 20, skipUTF8Validation: false })
  const session = new SpdySession(createWebSocketStream(webSocket), { isServer: false, onStream() {}, onClose() {} })
  assert.deepEqual(await forward(session, 80, '0', 'through the tunnel'), ['THROUGH THE TUNNEL', ''])
  session.close()
})

test('ports are forwarded over WebSocket channels, each of which tells its port first', async () => {
  const webSocket = new WebSocket(`${server.url.replace('http', 'ws')}/connect/portforward?ports=80&ports=1`, ['v4.channel.k8s.io'])
  const channels: Record<number, Buffer[]> = {}
  webSocket.on('message', (frame: Buffer) => { (channels[frame[0] ?? 0] ??= []).push(frame.subarray(1)) })
  await new Promise((resolve) => webSocket.once('open', resolve))
  webSocket.send(Buffer.from('\0hello'))
  while ((channels[0]?.length ?? 0) < 2 || (channels[3]?.length ?? 0) < 2) await new Promise((resolve) => { setTimeout(resolve, 1) })
  webSocket.close()
  assert.deepEqual(Object.fromEntries(Object.entries(channels).map(([number, [first, ...rest]]) => [number, [first?.readUInt16LE(), Buffer.concat(rest).toString()]])), {
    0: [80, 'HELLO'], 1: [80, ''], 2: [1, ''], 3: [1, 'error forwarding port 1 to pod uid-1, uid : connection refused'],
  })
})

test('a watch over WebSocket is one text frame an event, and a token may come as a subprotocol', async () => {
  const webSocket = new WebSocket(`${server.url.replace('http', 'ws')}/watch`, ['base64url.bearer.authorization.k8s.io.dG9rZW4', 'base64.binary.k8s.io'])
  const frames: string[] = []
  webSocket.on('message', (frame: Buffer) => frames.push(frame.toString()))
  await new Promise((resolve) => webSocket.once('open', resolve))
  assert.equal(webSocket.protocol, 'base64.binary.k8s.io')
  for (const name of ['a', 'b']) server.store.commit([{ key: { resource: 'configmaps', namespace: 'default', name }, expect: 'any', object: undefined }])
  while (frames.length < 2) await new Promise((resolve) => { setTimeout(resolve, 1) })
  assert.deepEqual(frames, ['a', 'b'])
  webSocket.close()
})
