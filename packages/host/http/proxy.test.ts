import assert from 'node:assert/strict'
import { createServer as createPlain, type IncomingMessage, request as requestPlain } from 'node:http'
import { createServer as createSecure, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type Pod, pods } from '@kubeskiff/core/api'
import type { Handler, Proxy } from '@kubeskiff/core/server'
import { createStore } from '@kubeskiff/core/store'
import { WebSocket } from 'ws'
import { Certificates } from '../credentials/index.ts'
import { fakePod } from '../streams/testing.ts'
import type { Exchange } from './exchange.ts'
import { fetchThrough, kubeletExchange } from './proxy.ts'
import { testServer } from './testing.ts'

const root = mkdtempSync(join(tmpdir(), 'skiff-proxy-'))
after(() => { rmSync(root, { recursive: true }) })

/** A handler that sends everything on. */
const sendingTo = (proxy: Partial<Proxy>): Handler => ({
  step: ({ path, query }) => ({ is: 'proxy', asOf: 0, proxy: { scheme: 'http', address: '127.0.0.1', port: 1, path: `${path}${query === '' ? '' : `?${query}`}`, prefix: '/before', verify: { is: 'never' }, identity: 'none', headers: {}, ...proxy } }),
})
const listening = (server: ReturnType<typeof createPlain>): Promise<number> => new Promise((resolve) => { server.listen(0, '127.0.0.1', () => { resolve((server.address() as AddressInfo).port) }) })

interface Answered { readonly status: number; readonly headers: IncomingMessage['headers']; readonly body: string }
function ask(url: string, authority: string, { method = 'GET', headers = {}, body = '' }: { readonly method?: string; readonly headers?: Record<string, string>; readonly body?: string } = {}): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers, ca: authority, agent: false }, (message) => {
      let text = ''
      message.on('data', (chunk: Buffer) => { text += chunk.toString() }).on('end', () => { resolve({ status: message.statusCode ?? 0, headers: message.headers, body: text }) })
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

test('what is asked of an extension server is answered, also where the question cannot be sent', async () => {
  const proxy: Proxy = { scheme: 'http', address: '127.0.0.1', port: 1, path: '/openapi v2', prefix: '', verify: { is: 'never' }, identity: 'none', headers: {} }
  assert.deepEqual(await fetchThrough({ proxy, timeoutMs: 1000 }, undefined), { is: 'unreached', why: 'Request path contains unescaped characters' })
})

test('what cannot be sent on is told; a name that is not plain is sent as its bytes', async () => {
  const behind = createPlain((message, response) => { response.end(`${Buffer.from(String(message.headers['x-remote-user']), 'latin1').toString()} ${message.headers['x-remote-group']}`) })
  const port = await listening(behind)
  const named = await testServer({ handler: sendingTo({ port, headers: { 'x-remote-user': 'Жан', 'x-remote-group': 'a\nb' } }) })
  const unsendable = await testServer({ handler: sendingTo({ port, path: '/a b' }) })
  try {
    assert.equal((await ask(`${named.url}/who`, named.authority.certificate)).body, 'Жан a, b')
    const { status, body } = await ask(`${unsendable.url}/who`, unsendable.authority.certificate)
    assert.deepEqual([status, (JSON.parse(body) as { readonly message: string }).message], [503, 'error trying to reach service: Request path contains unescaped characters'])
  } finally { await named.close(); await unsendable.close(); behind.close() }
})

test('a request goes on without what says who its client is, and its answer comes back as it is', async () => {
  const behind = createPlain((message, response) => {
    let body = ''
    message.on('data', (chunk: Buffer) => { body += chunk.toString() }).on('end', () => {
      response.writeHead(302, { location: '/next', 'x-mine': 'yes' })
      response.end(JSON.stringify({ method: message.method, url: message.url, headers: message.headers, body }))
    })
  })
  const port = await listening(behind)
  const front = await testServer({ handler: sendingTo({ port, headers: { 'x-remote-user': 'ann', 'x-remote-group': 'a\nb' } }) })
  try {
    const answered = await ask(`${front.url}/some/path?x=1`, front.authority.certificate, {
      method: 'POST', body: 'hello', headers: { authorization: 'Bearer secret', 'x-remote-user': 'root', 'impersonate-user': 'root', 'x-own': 'kept' },
    })
    const { headers, ...seen } = JSON.parse(answered.body) as { readonly headers: Readonly<Record<string, string>> }
    assert.deepEqual([answered.status, answered.headers['location'], answered.headers['x-mine']], [302, '/before/next', 'yes'])
    assert.deepEqual(seen, { method: 'POST', url: '/some/path?x=1', body: 'hello' })
    assert.deepEqual(
      [headers['authorization'], headers['x-remote-user'], headers['x-remote-group'], headers['impersonate-user'], headers['x-own'], headers['x-forwarded-for'], headers['host']],
      [undefined, 'ann', 'a, b', undefined, 'kept', '127.0.0.1', `127.0.0.1:${port}`],
    )
  } finally { await front.close(); behind.close() }
})

test('an aggregated server is known by its authority and name, and knows us by our certificate', async () => {
  const certificates = new Certificates(join(root, 'aggregated'), Date.now)
  const [authority, server, client] = [await certificates.authority(), await certificates.server({ names: ['metrics.kube-system.svc'], addresses: [] }), await certificates.client('front-proxy', { commonName: 'front-proxy-client', organizations: [] })]
  const behind = createSecure({ cert: server.certificate, key: server.key, ca: authority.certificate, requestCert: true, rejectUnauthorized: true }, (message, response) => {
    response.end((message.socket as unknown as { getPeerCertificate(): { subject: { CN: string } } }).getPeerCertificate().subject.CN)
  })
  const port = await listening(behind as unknown as ReturnType<typeof createPlain>)
  const to = (serverName: string, authorityText?: string): Handler => sendingTo({ scheme: 'https', port, identity: 'front-proxy', verify: { is: 'as', serverName, ...(authorityText !== undefined && { authority: authorityText }) } })
  try {
    for (const [handler, status, body] of [
      [to('metrics.kube-system.svc', authority.certificate), 200, /^front-proxy-client$/],
      [to('other.kube-system.svc', authority.certificate), 503, /error trying to reach service: .*altnames/],
      [to('metrics.kube-system.svc'), 503, /error trying to reach service: .*certificate/],
    ] as const) {
      const front = await testServer({ handler, frontProxy: client })
      try {
        const answered = await ask(`${front.url}/apis/metrics.k8s.io/v1beta1`, front.authority.certificate)
        assert.equal(answered.status, status, answered.body)
        assert.match(answered.body, body)
      } finally { await front.close() }
    }
  } finally { behind.close() }
})

test('nobody there is told as upstream tells it', async () => {
  const gone = createPlain()
  const port = await listening(gone)
  gone.close()
  const front = await testServer({ handler: sendingTo({ port }) })
  try {
    const answered = await ask(`${front.url}/x`, front.authority.certificate)
    assert.deepEqual([answered.status, JSON.parse(answered.body).message], [503, `error trying to reach service: dial tcp 127.0.0.1:${port}: connect: connection refused`])
  } finally { await front.close() }
})

test('a connection that is upgraded carries bytes both ways', async () => {
  const behind = createPlain()
  behind.on('upgrade', (_message, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
    socket.pipe(socket)
  })
  const port = await listening(behind)
  const front = await testServer({ handler: sendingTo({ port }), tls: 'none' })
  try {
    const echoed = await new Promise<string>((resolve, reject) => {
      const asked = requestPlain(`${front.url}/ws`, { headers: { connection: 'Upgrade', upgrade: 'echo' } })
      asked.on('upgrade', (_message, socket) => {
        socket.once('data', (chunk: Buffer) => { resolve(chunk.toString()); socket.destroy() })
        socket.write('ping')
      })
      asked.on('error', reject)
      asked.end()
    })
    assert.equal(echoed, 'ping')
  } finally { await front.close(); behind.close() }
})

test('a stream of a node\'s kubelet is opened by the node\'s agent, as the kubelet\'s own path says', async () => {
  const store = createStore({ historyMax: 1 })
  store.load([{ key: { resource: pods.resource, namespace: 'ns', name: 'web' }, revision: 1, object: { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'ns', name: 'web', uid: 'u1', resourceVersion: '1', creationTimestamp: '' }, spec: { nodeName: 'node-1', containers: [{ name: 'main' }] }, status: {} } as unknown as Pod }])
  const front = await testServer({ store, open: fakePod(), handler: sendingTo({ kubelet: 'node-1' }) })
  const said = (path: string): Promise<string> => new Promise((resolve) => {
    const socket = new WebSocket(`${front.url.replace('https', 'wss')}${path}`, ['v5.channel.k8s.io'], { ca: front.authority.certificate })
    socket.on('message', (data: Buffer) => { if (data[0] === 1 && data.length > 1) resolve(data.subarray(1).toString()) })
    socket.on('error', (error) => { resolve(error.message) })
  })
  try {
    assert.deepEqual(await Promise.all(['/exec/ns/web/main?output=1&command=say&command=hello', '/exec/ns/other/main?output=1&command=say', '/exec/ns/web/other?output=1&command=say', '/run/ns/web/main?cmd=ls', '/pods'].map(said)), ['hello', ...[404, 500, 404, 404].map((status) => `Unexpected server response: ${status}`)])
  } finally { await front.close() }
})

test('a kubelet gets all that follows the first question mark', async () => {
  const proxy: Proxy = { scheme: 'https', address: '', port: 0, kubelet: 'node-1', path: '/logs?query=a?b&c=?', prefix: '', verify: { is: 'never' }, identity: 'none', headers: {} }
  const asked = await new Promise((resolve) => {
    const exchange: Partial<Exchange> = {} // refused: nothing is answered by it
    kubeletExchange(exchange as Exchange, { method: 'GET', path: '', query: '', headers: {}, body: new Uint8Array(0) }, proxy, async (node, request) => { resolve([node, request]); return { refused: true, code: 404, reason: 'NotFound', message: 'gone' } }, () => {})
  })
  assert.deepEqual(asked, ['node-1', { method: 'GET', path: '/logs', query: 'query=a?b&c=?' }])
})
