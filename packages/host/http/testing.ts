// Stand-ins for tests: a handler of a few paths over a real store, and a server with certificates of its own.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isRefusal, type Resource } from '@kubeskiff/core/api'
import type { Connect, Handler, Reply, Request, WatchReader } from '@kubeskiff/core/server'
import { createStore, type Store } from '@kubeskiff/core/store'
import { Certificates, type KeyPair } from '../credentials/index.ts'
import { openHttpServer, type HttpServer, type HttpServerOptions } from './index.ts'

export interface TestServer {
  readonly server: HttpServer
  readonly store: Store
  readonly url: string
  readonly certificates: Certificates
  readonly authority: KeyPair
  close(): Promise<void>
}

/** A server on a free loopback port. */
export async function testServer(options: Partial<HttpServerOptions> & { readonly store?: Store } = {}): Promise<TestServer> {
  const directory = mkdtempSync(join(tmpdir(), 'skiff-http-'))
  const certificates = new Certificates(directory, Date.now)
  const authority = await certificates.authority()
  const serving = await certificates.server({ names: ['localhost'], addresses: ['127.0.0.1'] })
  const store = options.store ?? createStore()
  const server = await openHttpServer({
    handler: exampleHandler(store), store, answer: async (ask) => `answered ${ask.id}`, host: '127.0.0.1', port: 0,
    tls: { certificate: serving.certificate, key: serving.key, authority: authority.certificate }, ...options,
  })
  if (server.is === 'problem') throw new Error(server.message)
  return {
    server, store, certificates, authority, url: `${options.tls === 'none' ? 'http' : 'https'}://127.0.0.1:${server.port}`,
    async close() { await server.close(100); rmSync(directory, { recursive: true }) },
  }
}

export const aConfigMap = (name: string): Resource =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default', uid: name, resourceVersion: '', creationTimestamp: '2026-01-01T00:00:00Z' } })

/** `/echo` says what arrived, `/write/NAME` commits, `/watch` watches, `/ask` asks once, `/asking` without end, `/big` is long, `/connect/WHAT` is a stream. */
export function exampleHandler(store: Store): Handler {
  return {
    step(request, answers) {
      const [, first = '', second = ''] = request.path.split('/')
      switch (first) {
        case 'echo': return text(store, JSON.stringify({ ...request, headers: pick(request, ['content-type', 'host']), body: new TextDecoder().decode(request.body) }))
        case 'write': {
          const outcome = store.commit([{ key: { resource: 'configmaps', namespace: 'default', name: second }, expect: 'any', object: aConfigMap(second) }])
          return isRefusal(outcome) ? text(store, outcome.message, outcome.code) : text(store, `at ${store.view.revision}`, 201)
        }
        case 'ask': return answers.has('a') ? text(store, String(answers.get('a'))) : { is: 'asks', asks: [{ id: 'a', what: 'webhook', input: null }] }
        case 'asking': return { is: 'asks', asks: [{ id: `${answers.size}`, what: 'webhook', input: null }] }
        case 'big': return text(store, 'x'.repeat(300_000))
        case 'warn': return { is: 'bytes', status: 200, headers: { warning: '299 - "größe\u2028\n\0日本"' }, body: [], asOf: store.view.revision }
        case 'throw': throw new Error('a mistake of ours')
        case 'watch': return { is: 'watch', status: 200, headers: { 'content-type': 'application/json' }, watch: namesWatch(store, Number(second || 0)) }
        case 'connect': return { is: 'connect', asOf: store.view.revision, connect: connectOf(second, request) }
        default: return text(store, '404 page not found', 404)
      }
    },
  }
}
const pick = ({ headers }: Request, names: readonly string[]) => Object.fromEntries(names.map((name) => [name, headers[name]]))
const text = (store: Store, body: string, status = 200): Reply =>
  ({ is: 'bytes', status, headers: { 'content-type': 'text/plain' }, body: [new TextEncoder().encode(body)], asOf: store.view.revision })

/** One line with the name for each change. */
function namesWatch(store: Store, deadline: number): WatchReader {
  let after = 0
  return {
    deadline: deadline === 0 ? undefined : deadline,
    read() {
      const changes = store.changes(after)
      const frames = changes === 'compacted' ? [] : [...changes].map(({ key }) => new TextEncoder().encode(`${key.name}\n`))
      after = store.view.revision
      return { frames, asOf: after, more: false, done: deadline !== 0 && Date.now() >= deadline }
    },
    close() {},
  }
}

/** The connect that a request's query asks for, as the API server reads it. */
export function connectOf(what: string, { query }: Pick<Request, 'query'>): Connect {
  const asked = new URLSearchParams(query)
  const isTrue = (name: string): boolean => asked.get(name) === 'true'
  return {
    what: what as Connect['what'], // the tests' own paths
    node: 'node-1', pod: { namespace: 'default', name: 'web', uid: 'uid-1' }, container: 'main',
    command: asked.getAll('command'), ports: asked.getAll('ports').map(Number),
    streams: { stdin: isTrue('stdin'), stdout: isTrue('stdout'), stderr: isTrue('stderr'), tty: isTrue('tty') },
  }
}
