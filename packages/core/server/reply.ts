import { writeObject } from '../api/protobuf/index.ts'
import type { Refusal } from '../api/refusal.ts'
import type { Revision } from '../api/resource.ts'
import { printYaml } from '../api/text/index.ts'
import { type Media, mediaTypes } from './negotiate.ts'
import { statusOf } from './refusals.ts'
import type { Reply } from './types.ts'

const encoder = new TextEncoder()
export const utf8 = (text: string): Uint8Array => encoder.encode(text)

/** What a verb answers, before headers that all answers share. */
export type Answer =
  | { readonly is: 'value'; readonly status: number; readonly value: unknown; readonly contentType?: string; readonly headers?: Readonly<Record<string, string>>; readonly warnings?: readonly string[]; readonly annotations?: Readonly<Record<string, string>> }
  | { readonly is: 'raw'; readonly status: number; readonly contentType: string; readonly body: readonly Uint8Array[]; readonly headers?: Readonly<Record<string, string>>; readonly warnings?: readonly string[]; readonly annotations?: Readonly<Record<string, string>> }
  | Extract<Reply, { readonly is: 'watch' | 'connect' | 'proxy' }>

export const value = (object: unknown, status = 200): Answer => ({ is: 'value', status, value: object })
export const text = (body: string, status = 200): Answer => ({
  is: 'raw', status, contentType: 'text/plain; charset=utf-8', body: [utf8(body)], headers: { 'x-content-type-options': 'nosniff' },
})
/** As upstream answers whom a priority level has no seat for. */
export const tooManyRequests: Answer = { ...text('Too many requests, please try again later.\n', 429), headers: { 'x-content-type-options': 'nosniff', 'retry-after': '1' } } as Answer
/** What upstream's mux says of a path nobody serves. */
export const pageNotFound: Answer = text('404 page not found\n', 404)

export interface Manner {
  readonly pretty: boolean
  /** What the client reads best, for answers that say their kind. */
  readonly media: Media
  readonly auditId: string
  /** What else every answer to this client carries. */
  readonly headers: Readonly<Record<string, string>>
  readonly asOf: Revision
}

const json = 'application/json'
/** Turns an answer or a refusal into bytes and headers. */
export function replyOf(answer: Answer | Refusal, manner: Manner): Reply {
  const shared = {
    'audit-id': manner.auditId, 'cache-control': 'no-cache, private', ...manner.headers,
    ...('warnings' in answer && answer.warnings !== undefined && answer.warnings.length > 0 && { warning: warningHeader(answer.warnings) }),
  }
  if ('refused' in answer) {
    const retry = answer.details?.retryAfterSeconds
    const { body, contentType } = valueBytes(statusOf(answer), manner)
    const headers = { ...shared, 'content-type': contentType, ...(retry !== undefined && retry > 0 && { 'retry-after': String(retry) }) }
    return { is: 'bytes', status: answer.code, headers, body, asOf: manner.asOf }
  }
  switch (answer.is) {
    case 'value': {
      const { body, contentType } = answer.contentType === undefined ? valueBytes(answer.value, manner) : { body: [jsonBytes(answer.value, manner.pretty)], contentType: answer.contentType }
      return { is: 'bytes', status: answer.status, headers: { ...shared, 'content-type': contentType, ...answer.headers }, body, asOf: manner.asOf }
    }
    case 'raw': {
      const indent = manner.pretty && answer.contentType === json
      const body = indent ? [jsonBytes(JSON.parse(joined(answer.body)), true)] : answer.body
      return { is: 'bytes', status: answer.status, headers: { ...shared, 'content-type': answer.contentType, ...answer.headers }, body, asOf: manner.asOf }
    }
    case 'watch': return { ...answer, headers: { ...shared, ...answer.headers } }
    case 'connect': case 'proxy': return answer
  }
}
/** A value in the client's bytes. Only what says its kind has other forms than JSON. */
function valueBytes(value: unknown, { media, pretty }: Manner): { readonly body: readonly Uint8Array[]; readonly contentType: string } {
  if (media !== 'json' && typeof value === 'object' && value !== null && 'kind' in value) {
    const body = media === 'yaml' ? [utf8(printYaml(value))] : writeObject(value)
    if (body !== undefined) return { body, contentType: mediaTypes[media] }
  }
  return { body: [jsonBytes(value, pretty)], contentType: json }
}
const jsonBytes = (object: unknown, pretty: boolean): Uint8Array => utf8(pretty ? JSON.stringify(object, undefined, 2) : `${JSON.stringify(object)}\n`)

const decoder = new TextDecoder()
const joined = (parts: readonly Uint8Array[]): string => parts.map((part) => decoder.decode(part)).join('')

const warningsMax = 4096
/** RFC 7234 warnings in one header; over 4 KiB each is cut to 256 characters, as upstream does. */
export function warningHeader(warnings: readonly string[]): string {
  const unique = [...new Set(warnings)]
  const total = unique.reduce((sum, warning) => sum + warning.length, 0)
  const shown = total > warningsMax ? unique.map((warning) => warning.slice(0, 256)) : unique
  return shown.map((warning) => `299 - "${warning.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll(/[\r\n\t]/g, ' ')}"`).join(', ')
}
