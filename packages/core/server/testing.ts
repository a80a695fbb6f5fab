// A server in memory for tests: literal requests in, statuses and values out.
import { builtinKinds } from '../api/kinds/index.ts'
import { loadDefinitions } from '../api/schema/index.ts'
import { seededRandom, VirtualClock } from '../base/index.ts'
import { createStore } from '../store/index.ts'
import type { Store } from '../store/types.ts'
import type { ServerOptions } from './options.ts'
import { createServer, type Server } from './server.ts'
import type { Request, WatchReader } from './types.ts'

export interface Said { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: unknown }
export interface World {
  readonly server: Server
  readonly store: Store
  readonly clock: VirtualClock
  /** The request of such a line, for those who step it themselves. */
  request(line: string, body: unknown, extra: Partial<Request>): Request
  /** Sends a request as an administrator, or as whom the extra parts say. */
  ask(line: string, body?: unknown, extra?: Partial<Request>): Said
  /** Starts a watch: what it tells each time it is read. */
  watch(path: string, extra?: Partial<Request>): { read(): readonly { readonly type: string; readonly object: Readonly<Record<string, unknown>> }[]; readonly reader: WatchReader }
}

export const version = { major: '1', minor: '36', gitVersion: 'v1.36.0', gitCommit: '', gitTreeState: 'clean', buildDate: '2026-01-01T00:00:00Z', goVersion: 'go1.26', compiler: 'gc', platform: 'linux/amd64' }
export const admin = { commonName: 'admin', organizations: ['system:masters'] }
const decoder = new TextDecoder()
const textOf = (parts: readonly Uint8Array[]): string => parts.map((part) => decoder.decode(part)).join('')

/** The instant at which test worlds start. */
export const dawn = Date.UTC(2026, 0, 1)

export function aWorld(options: Partial<ServerOptions> = {}): World {
  const store = options.store ?? createStore({ indexes: builtinKinds.flatMap((kind) => kind.indexes ?? []) })
  const clock = new VirtualClock(dawn)
  const server = createServer({ store, kinds: builtinKinds, definitions: loadDefinitions(), clock, random: seededRandom(1), version, ...options })
  const request = (line: string, body: unknown, extra: Partial<Request>): Request => {
    const [method = '', url = ''] = line.split(' ')
    const [path = '', query = ''] = url.split('?')
    const bytes = body === undefined ? new Uint8Array() : new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body))
    return { method, path, query, headers: {}, body: bytes, ...(extra.headers?.['authorization'] === undefined && { certificate: admin }), ...extra }
  }
  return {
    server, store, clock, request,
    ask: (line, body, extra = {}) => {
      const reply = server.handler.step(request(line, body, extra), new Map())
      if (reply.is !== 'bytes') throw new Error(`${line} answered with ${reply.is}`)
      const text = textOf(reply.body)
      return { status: reply.status, headers: reply.headers, body: /json/.test(reply.headers['content-type'] ?? '') && text !== '' ? JSON.parse(text) : text }
    },
    watch: (path, extra = {}) => {
      const reply = server.handler.step(request(`GET ${path}`, undefined, extra), new Map())
      if (reply.is !== 'watch') throw new Error(`${path} answered with ${reply.is === 'bytes' ? textOf(reply.body) : reply.is}`)
      return { reader: reply.watch, read: () => reply.watch.read(1_000_000).frames.map((frame) => JSON.parse(decoder.decode(frame))) }
    },
  }
}

/** Creates a namespace with its default service account, as the cluster's controllers would. */
export function settle(world: World, namespace = 'default'): void {
  world.ask('POST /api/v1/namespaces', { metadata: { name: namespace } })
  world.ask(`POST /api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: 'default' } })
}
export const aPod = (name: string, more: object = {}): object => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name, ...more }, spec: { containers: [{ name: 'main', image: 'web:1' }] } })
