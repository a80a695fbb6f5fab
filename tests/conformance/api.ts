// What a conformance story is told to: the API server, reached in one of two ways.
import assert from 'node:assert/strict'

export type Fields = Readonly<Record<string, unknown>>
export interface Reply { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly text: string; readonly body: Fields }
export interface Sending {
  /** An object is sent as JSON. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Without the administrator's certificate. */
  readonly anonymous?: boolean
}
export interface WatchEvent { readonly type: string; readonly object: Fields }
export interface Watch {
  /** The next event; bookmarks count. Throws when none comes in about ten seconds of the server's time. */
  next(): Promise<WatchEvent>
  /** What has come that was not taken yet, after the server had time to tell all. */
  rest(): Promise<readonly WatchEvent[]>
  stop(): void
}

/** One way to reach a control plane, as its administrator unless a request says otherwise. */
export interface Api {
  readonly way: Way
  request(method: string, path: string, sending?: Sending): Promise<Reply>
  watch(path: string, headers?: Readonly<Record<string, string>>): Promise<Watch>
  now(): number
  /** Lets the server's time pass, timers and controllers at work. */
  advance(milliseconds: number): Promise<void>
  /** Lets the server work for a moment, before one looks again. */
  pause(): Promise<void>
  stop(): Promise<void>
}
export const ways = ['over HTTPS', 'in process'] as const
export type Way = (typeof ways)[number]

const looksMax = 400

/** What `look` finds, once it finds something. */
export async function until<T>(api: Api, what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  for (let looks = 0; looks < looksMax; looks++) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    await api.pause()
  }
  throw new Error(`waited in vain until ${what}`)
}

/** The value at a path into JSON; undefined where there is none. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((inner, step) => (typeof inner === 'object' && inner !== null ? (inner as Fields)[step] : undefined), value)
}
export const text = (value: unknown, ...path: readonly (string | number)[]): string => {
  const found = at(value, ...path)
  return typeof found === 'string' ? found : ''
}
export const list = (value: unknown, ...path: readonly (string | number)[]): readonly Fields[] => {
  const found = at(value, ...path)
  return Array.isArray(found) ? found as readonly Fields[] : []
}
export const nameOf = (object: unknown): string => text(object, 'metadata', 'name')
export const versionOf = (object: unknown): string => text(object, 'metadata', 'resourceVersion')

/** The body of a reply that has to be good. */
export function good(reply: Reply, status?: number): Fields {
  assert.ok(status === undefined ? reply.status >= 200 && reply.status < 300 : reply.status === status, `expected ${status ?? 'success'}, was answered ${reply.status} ${reply.text.slice(0, 1000)}`)
  return reply.body
}

/** Holds a refusal against what it must be: code, reason, and what its message says. */
export function refused(reply: Reply, code: number, reason: string, message?: string | RegExp): Fields {
  assert.deepEqual([reply.status, reply.body['kind'], reply.body['status'], reply.body['reason'] ?? ''], [code, 'Status', 'Failure', reason], reply.text.slice(0, 1000))
  if (typeof message === 'string') assert.equal(reply.body['message'], message)
  else if (message !== undefined) assert.match(text(reply.body, 'message'), message)
  return reply.body
}
