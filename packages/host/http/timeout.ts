// How long a request may take: a minute, or less when the client says so. Watches and streams are not bound by it.
import { goDurationMs } from '@kubeskiff/core/base'
import type { PlainReply } from './status.ts'
import { statusReply } from './status.ts'

/** As upstream's request timeout. */
export const requestTimeoutMs = 60_000

const longRunning = /\/(?:watch|exec|attach|portforward|proxy|log)(?:\/|$)/
/** The time a request has, by its query; or the refusal of a time that is none. */
export function timeoutOf({ path, query }: { readonly path: string; readonly query: string }): number | PlainReply {
  if (!query.includes('timeout=') || query.includes('watch=') || longRunning.test(path)) return requestTimeoutMs
  const text = new URLSearchParams(query).get('timeout') ?? ''
  if (text === '') return requestTimeoutMs
  const asked = goDurationMs(text)
  if (asked === undefined) return statusReply({ refused: true, code: 400, reason: 'BadRequest', message: `invalid timeout specified in the request URL - time: invalid duration ${JSON.stringify(text)}` })
  return asked > 0 ? Math.min(asked, requestTimeoutMs) : requestTimeoutMs
}

/** What a client sees whose request took too long: upstream's Status, which says no kind here. */
export const tookTooLong: PlainReply = {
  status: 504, headers: { 'content-type': 'application/json', 'cache-control': 'no-cache, private' },
  body: [Buffer.from(`${JSON.stringify({ metadata: {}, status: 'Failure', message: 'Timeout: request did not complete within the allotted timeout', reason: 'Timeout', details: {}, code: 504 })}\n`)],
}
