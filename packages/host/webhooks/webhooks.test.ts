import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createServer as createPlainServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Resource } from '@kubeskiff/core/api'
import { seededRandom } from '@kubeskiff/core/base'
import { createStore } from '@kubeskiff/core/store'
import type { Post, Posted } from '@kubeskiff/core/server'
import { Certificates } from '../credentials/index.ts'
import { createPoster } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'skiff-webhooks-'))
const seen: { readonly path: string; readonly host: string; readonly body: unknown; readonly port: number | undefined }[] = []
let server: Server
let port = 0
let caBundle = ''

before(async () => {
  const certificates = new Certificates(folder, Date.now)
  const { certificate } = await certificates.authority()
  caBundle = Buffer.from(certificate).toString('base64')
  const serving = await certificates.server({ names: ['localhost', 'hook.default.svc'], addresses: ['127.0.0.1'] })
  server = createServer({ cert: serving.certificate, key: serving.key }, (request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => { parts.push(part) })
    request.on('end', () => {
      const path = request.url ?? ''
      seen.push({ path, host: request.headers.host ?? '', body: JSON.parse(Buffer.concat(parts).toString()), port: request.socket.remotePort })
      const status = Number(/\/status\/(\d+)/.exec(path)?.[1] ?? 200)
      if (path.startsWith('/silent')) return
      if (path.startsWith('/long')) { response.end(Buffer.alloc(4 << 20)); return }
      if (path.startsWith('/empty')) { response.end(); return }
      if (path.startsWith('/gone')) { response.destroy(); return }
      response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end(status === 200 ? 'fine' : 'broken')
    })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  port = (server.address() as AddressInfo).port
})
after(() => { server.closeAllConnections(); server.close(); rmSync(folder, { recursive: true }) })

const store = createStore()
const poster = createPoster({ view: store.view, random: seededRandom(1) })
after(() => { poster.close() })
const url = (path: string, more: Partial<Post> = {}): Post => ({ to: { is: 'url', url: `https://127.0.0.1:${port}${path}` }, caBundle, timeoutMs: 5000, body: { a: 'b' }, ...more })
const why = (posted: Posted): string => (posted.is === 'answered' ? 'answered' : posted.why)

test('JSON is posted, and connections are kept for the next time', async () => {
  const before = seen.length
  assert.deepEqual([await poster.post(url('/a')), await poster.post(url('/b?c=d'))], [{ is: 'answered', text: 'fine' }, { is: 'answered', text: 'fine' }])
  const [first, second] = seen.slice(before)
  assert.deepEqual([first?.path, second?.path, first?.body], ['/a?timeout=5s', '/b?c=d&timeout=5s', { a: 'b' }])
  assert.equal(first?.port, second?.port)
})

test('a Service is called at an endpoint, by the name that its certificate must have', async () => {
  const put = (resource: string, object: object): void => {
    const full = { metadata: { name: 'hook', namespace: 'default', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', labels: { 'kubernetes.io/service-name': 'hook' } }, ...object } as unknown as Resource
    store.commit([{ key: { resource, namespace: 'default', name: 'hook' }, expect: 'any', object: full }])
  }
  const toService = (more: object = {}): Promise<Posted> => poster.post({ to: { is: 'service', namespace: 'default', name: 'hook', port: 443, path: '/review', ...more }, caBundle, timeoutMs: 10_000, body: {} })
  assert.equal(why(await toService()), 'service "hook" not found')
  put('services', { apiVersion: 'v1', kind: 'Service', spec: { ports: [{ port: 443, targetPort: 8443 }] } })
  assert.equal(why(await toService()), 'no endpoints available for service "hook"')
  put('discovery.k8s.io/endpointslices', { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4', endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }], ports: [{ name: '', port }] })
  assert.deepEqual(await toService(), { is: 'answered', text: 'fine' })
  assert.deepEqual([seen.at(-1)?.path, seen.at(-1)?.host], ['/review?timeout=10s', 'hook.default.svc:443'])
  assert.match(why(await toService({ port: 444 })), /^no service port "?444"? found for service "hook"$/)
})

test('what fails is told in upstream\'s words', async (context) => {
  const free = createPlainServer()
  await new Promise<void>((resolve) => { free.listen(0, '127.0.0.1', resolve) })
  const closed = (free.address() as AddressInfo).port
  await new Promise((resolve) => { free.close(resolve) })
  const plain = createPlainServer((socket) => { socket.end('HTTP/1.1 400 Bad Request\r\n\r\n') })
  context.after(() => { plain.close() })
  await new Promise<void>((resolve) => { plain.listen(0, '127.0.0.1', resolve) })
  const plainPort = (plain.address() as AddressInfo).port
  for (const [post, expected] of [
    [url('/silent', { timeoutMs: 100 }), 'context deadline exceeded'],
    [{ ...url('/'), to: { is: 'url', url: `https://127.0.0.1:${closed}/` } }, `dial tcp 127.0.0.1:${closed}: connect: connection refused`],
    [{ to: { is: 'url', url: `https://127.0.0.1:${port}/` }, timeoutMs: 5000, body: {} }, 'tls: failed to verify certificate: x509: certificate signed by unknown authority'],
    [{ ...url('/'), to: { is: 'url', url: `https://127.0.0.1:${plainPort}/` } }, 'http: server gave HTTP response to HTTPS client'],
    [url('/gone'), 'EOF'],
    [url('/long'), `the reply is longer than ${3 << 20} bytes`],
    [url('/status/404'), 'the server could not find the requested resource'],
    [url('/status/500'), 'an error on the server ("unknown") has prevented the request from succeeding'],
    [url('/status/302'), 'the server responded with the status code 302 but did not return more information'],
    [url('/empty'), '0-length response with status code: 200 and content type: '],
    [{ ...url('/'), to: { is: 'url', url: 'http://127.0.0.1/' } }, 'unsupported protocol scheme "http"'],
  ] as const) assert.equal(why(await poster.post(post as Post)), expected)
})

test('a redirect is not followed', async () => {
  const before = seen.length
  await poster.post(url('/status/302'))
  assert.equal(seen.length, before + 1)
})
