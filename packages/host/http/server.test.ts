import assert from 'node:assert/strict'
import { KeyObject, webcrypto } from 'node:crypto'
import { connect as connectHttp2, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2'
import { request as requestPlain, type IncomingMessage } from 'node:http'
import { request as requestHttp1 } from 'node:https'
import { gunzipSync } from 'node:zlib'
import { after, test } from 'node:test'
import { createStore } from '@kubeskiff/core/store'
import type { KeyPair } from '../credentials/index.ts'
import { loadX509 } from '../credentials/issue.ts'
import { openHttpServer } from './index.ts'
import { aConfigMap, exampleHandler, testServer, type TestServer } from './testing.ts'

const shared = await testServer()
after(() => shared.close())

interface Answered { readonly status: number; readonly headers: IncomingHttpHeaders | IncomingMessage['headers']; readonly body: Buffer }
interface Asked { readonly path: string; readonly method?: string; readonly headers?: Record<string, string>; readonly body?: string | Buffer; readonly client?: KeyPair }

function over1(server: TestServer, { path, method = 'GET', headers = {}, body, client }: Asked): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const request = requestHttp1(`${server.url}${path}`, { method, headers, ca: server.authority.certificate, ...(client !== undefined && { cert: client.certificate, key: client.key }), agent: false }, (message) => {
      const chunks: Buffer[] = []
      message.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => { resolve({ status: message.statusCode ?? 0, headers: message.headers, body: Buffer.concat(chunks) }) })
    })
    request.on('error', reject).end(body)
  })
}

function session(server: TestServer, client?: KeyPair): ClientHttp2Session {
  return connectHttp2(server.url, { ca: server.authority.certificate, ...(client !== undefined && { cert: client.certificate, key: client.key }) })
}
function ask(of: ClientHttp2Session, { path, method = 'GET', headers = {}, body }: Asked): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const stream = of.request({ ':path': path, ':method': method, ...headers }, { endStream: body === undefined })
    let head: IncomingHttpHeaders = {}
    const chunks: Buffer[] = []
    stream.on('response', (found) => { head = found }).on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject)
    stream.on('end', () => { resolve({ status: Number(head[':status']), headers: head, body: Buffer.concat(chunks) }) })
    if (body !== undefined) stream.end(body)
  })
}
async function over2(server: TestServer, asked: Asked): Promise<Answered> {
  const opened = session(server, asked.client)
  try { return await ask(opened, asked) } finally { opened.close() }
}

for (const [protocol, over] of [['HTTP/1.1', over1], ['HTTP/2', over2]] as const) {
  test(`${protocol}: a request arrives as it was sent`, async () => {
    const { status, body } = await over(shared, { path: '/echo/a%20b?x=1&y=%3f', method: 'POST', body: '{"a":1}', headers: { 'content-type': 'application/json' } })
    assert.equal(status, 200)
    assert.deepEqual(JSON.parse(body.toString()), {
      method: 'POST', path: '/echo/a%20b', query: 'x=1&y=%3f', body: '{"a":1}', headers: { 'content-type': 'application/json', host: shared.url.slice('https://'.length) },
    })
  })

  test(`${protocol}: a certificate of our authority is who it says, another's is nobody, and a token may still be somebody`, async () => {
    const client = await shared.certificates.client('someone', { commonName: 'jane', organizations: ['devs', 'system:masters'] })
    const { body } = await over(shared, { path: '/echo', client })
    assert.deepEqual(JSON.parse(body.toString()).certificate, { commonName: 'jane', organizations: ['devs', 'system:masters'] })

    const stranger = await testServer()
    const other = await stranger.certificates.admin()
    await stranger.close()
    assert.equal((await over(shared, { path: '/echo', client: other })).status, 401)
    const withToken = await over(shared, { path: '/echo', client: other, headers: { authorization: 'Bearer x' } })
    assert.equal(JSON.parse(withToken.body.toString()).certificate, undefined)
  })

  test(`${protocol}: of a certificate's common names the last counts, the one that whoever approved its request has read`, async () => {
    const x509 = await loadX509()
    const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
    const asked = await x509.Pkcs10CertificateRequestGenerator.create({ keys, signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' }, name: [{ CN: ['skiff:network'] }, { CN: ['jane'] }] })
    const signed = await shared.certificates.sign({ request: asked.toString('pem'), usages: ['client auth', 'digital signature'] })
    assert.ok('certificate' in signed)
    const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString()
    const { body } = await over(shared, { path: '/echo', client: { certificate: signed.certificate, key } })
    assert.equal(JSON.parse(body.toString()).certificate.commonName, 'jane')
  })

  test(`${protocol}: long bodies are compressed for clients that can read them, short ones never`, async () => {
    const headers = { 'accept-encoding': 'gzip' }
    const big = await over(shared, { path: '/big', headers })
    assert.deepEqual([big.headers['content-encoding'], big.headers['vary'], gunzipSync(big.body).length], ['gzip', 'Accept-Encoding', 300_000])
    assert.equal((await over(shared, { path: '/big' })).body.length, 300_000)
    assert.equal((await over(shared, { path: '/echo', headers })).headers['content-encoding'], undefined)
  })

  test(`${protocol}: a body over the limit is refused with 413`, async () => {
    const server = await testServer({ limits: { bodyBytesMax: 1000 } })
    const { status, body } = await over(server, { path: '/echo', method: 'POST', body: Buffer.alloc(1001) })
    assert.equal(`${status} ${JSON.parse(body.toString()).reason}: ${JSON.parse(body.toString()).message}`, '413 RequestEntityTooLarge: Request entity too large: limit is 1000')
    assert.equal((await over(server, { path: '/echo', method: 'POST', body: Buffer.alloc(1000) })).status, 200)
    await server.close()
  })

  test(`${protocol}: what only the outside can answer is asked, a bounded number of times`, async () => {
    assert.equal((await over(shared, { path: '/ask' })).body.toString(), 'answered a')
    assert.equal((await over(shared, { path: '/asking' })).status, 409)
  })

  test(`${protocol}: a header with any text in it arrives`, async () => {
    const { status, headers } = await over(shared, { path: '/warn' })
    assert.deepEqual([status, Buffer.from(String(headers['warning']), 'latin1').toString()], [200, '299 - "größe\u2028  日本"'])
  })

  test(`${protocol}: a mistake of ours is a 500, and told`, async () => {
    const told: unknown[] = []
    const server = await testServer({ onError: (error) => told.push(error) })
    const { status, body } = await over(server, { path: '/throw' })
    assert.deepEqual([status, JSON.parse(body.toString()).message, told.length], [500, 'Internal error occurred: a mistake of ours', 1])
    await server.close()
  })

  test(`${protocol}: no reply leaves before what it tells is durable, and none when it is lost`, async () => {
    const store = createStore({ journaled: true })
    const server = await testServer({ store })
    const order: string[] = []
    const written = over(server, { path: '/write/a', method: 'POST' }).then((reply) => { order.push(`replied ${reply.body}`) })
    await committed(store, 1)
    // A read that has seen the write waits for it too.
    const read = over(server, { path: '/none' }).then((reply) => { order.push(`read ${reply.status}`) })
    setTimeout(() => { order.push('durable'); store.confirm(1) }, 50)
    await Promise.all([written, read])
    assert.deepEqual([order[0], order.toSorted()], ['durable', ['durable', 'read 404', 'replied at 1']])

    const lost = over(server, { path: '/write/b', method: 'POST' })
    await committed(store, 2)
    store.refuse('no space left')
    assert.deepEqual([(await lost).status, (await over(server, { path: '/echo' })).status], [500, 503])
    await server.close()
  })
}

async function committed(store: TestServer['store'], revision: number): Promise<void> {
  while (store.view.revision < revision) await new Promise((resolve) => { setTimeout(resolve, 1) })
}
const write = ({ store }: Pick<TestServer, 'store'>, ...names: readonly string[]): void => {
  for (const name of names) store.commit([{ key: { resource: 'configmaps', namespace: 'default', name }, expect: 'any', object: aConfigMap(name) }])
}

test('a watch gets its head at once, then what happens, never before it is durable', async () => {
  const store = createStore({ journaled: true })
  const server = await testServer({ store })
  const opened = session(server)
  const stream = opened.request({ ':path': '/watch' })
  assert.equal((await new Promise<IncomingHttpHeaders>((resolve) => stream.once('response', resolve)))[':status'], 200)
  const chunks: string[] = []
  stream.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk))
  write(server, 'a', 'b')
  setTimeout(() => { chunks.push('durable'); store.confirm(2) }, 30)
  while (!chunks.includes('a\nb\n')) await new Promise((resolve) => { setTimeout(resolve, 1) })
  assert.deepEqual(chunks, ['durable', 'a\nb\n'])

  write(server, 'c')
  const ended = new Promise((resolve) => stream.on('error', () => {}).once('close', resolve))
  store.refuse('no space left')
  await ended
  assert.deepEqual(chunks, ['durable', 'a\nb\n'])
  opened.destroy()
  await server.close()
})

test('a watch ends at its deadline, and when the server closes', async () => {
  const store = createStore()
  const example = exampleHandler(store)
  const { promise: asked, resolve: isAsked } = Promise.withResolvers<void>()
  const server = await testServer({ store, handler: { step: (request, answers) => { if (request.path === '/watch') isAsked(); return example.step(request, answers) } } })
  const timed = await over1(server, { path: `/watch/${Date.now() + 20}` })
  assert.equal(timed.status, 200)
  const endless = over1(server, { path: '/watch' })
  await asked
  await new Promise((resolve) => { setImmediate(resolve) })
  const [closed] = await Promise.all([endless, server.close()])
  assert.equal(closed.status, 200)
})

test('a client that does not read holds back only its own watch', async () => {
  const server = await testServer()
  const [slow, quick] = [session(server), session(server)]
  const slowStream = slow.request({ ':path': '/watch' })
  const quickStream = quick.request({ ':path': '/watch' })
  let seen = ''
  quickStream.setEncoding('utf8').on('data', (chunk: string) => { seen += chunk })
  await new Promise((resolve) => quickStream.once('response', resolve))
  for (let batch = 0; batch < 200; batch++) {
    write(server, ...Array.from({ length: 100 }, (_, index) => `${'long-name-'.repeat(20)}${batch}-${index}`))
    await new Promise((resolve) => { setImmediate(resolve) })
  }
  while (seen.split('\n').length < 20_001) await new Promise((resolve) => { setTimeout(resolve, 5) })
  let slowSeen = ''
  slowStream.setEncoding('utf8').on('data', (chunk: string) => { slowSeen += chunk })
  while (slowSeen.length < seen.length) await new Promise((resolve) => { setTimeout(resolve, 5) })
  assert.equal(slowSeen, seen)
  slow.destroy()
  quick.destroy()
  await server.close()
})

test('more requests at once than the limit are told to come back', async () => {
  const store = createStore({ journaled: true })
  const server = await testServer({ store, limits: { requestsMax: 2 } })
  const waiting = [over1(server, { path: '/write/a' }), over1(server, { path: '/write/b' })]
  await committed(store, 2)
  const refused = await over1(server, { path: '/echo' })
  assert.deepEqual([refused.status, refused.headers['retry-after'], refused.body.toString()], [429, '1', 'Too many requests, please try again later.\n'])
  store.confirm(2)
  assert.deepEqual((await Promise.all(waiting)).map(({ status }) => status), [201, 201])
  assert.equal((await over1(server, { path: '/none' })).status, 404)
  await server.close()
})

test('a port in use is told with what to do', async () => {
  const again = await openHttpServer({ handler: exampleHandler(shared.store), store: shared.store, answer: async () => undefined, host: '127.0.0.1', port: shared.server.port, tls: 'none' })
  assert.deepEqual(again, { is: 'problem', code: 'EADDRINUSE', message: `port ${shared.server.port} on 127.0.0.1 is in use by another program: stop it, or choose another with --port` })
})

test('plain HTTP is for loopback addresses only', async () => {
  const server = await testServer({ tls: 'none' })
  const status = await new Promise((resolve) => requestPlain(`${server.url}/echo`, { agent: false }, (message) => { message.resume(); resolve(message.statusCode) }).end())
  assert.equal(status, 200)
  await server.close()
  const open = await openHttpServer({ handler: exampleHandler(shared.store), store: shared.store, answer: async () => undefined, host: '0.0.0.0', port: 0, tls: 'none' })
  assert.equal(open.is, 'problem')
})

test('who asks for heads only gets heads, over both versions', async () => {
  const { url, close } = await testServer()
  const { connect } = await import('node:http2')
  const session = connect(url, { rejectUnauthorized: false })
  const stream = session.request({ ':method': 'HEAD', ':path': '/big' })
  const status = await new Promise((resolve, reject) => { stream.once('response', (headers) => { resolve([headers[':status'], headers['content-length']]) }); stream.once('error', reject); stream.resume() })
  assert.deepEqual(status, [200, '300000'])
  session.close()
  await close()
})
