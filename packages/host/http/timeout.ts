// How long a request may take: a minute, or less when the client says so. Watches and streams are not bound by it.
import type { PlainReply } from './status.ts'
import { statusReply } from './status.ts'

/** As upstream's request timeout. */
export const requestTimeoutMs = 60_000

const units: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, 'µs': 1e-3, 'μs': 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
const form = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/

/** A duration as Go writes it ('1h2m3.5s', '0') in milliseconds; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  if (/^[+-]?0$/.test(text)) return 0
  if (!form.test(text)) return undefined
  let ms = 0
  for (const [, amount = '', unit = ''] of text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) ms += Number(amount) * (units[unit] ?? 0)
  return text.startsWith('-') ? -ms : ms
}

const longRunning = /\/(?:watch|exec|attach|portforward|proxy|log)(?:\/|$)/
/** The time a request has, by its query; or the refusal of a time that is none. */
export function timeoutOf({ path, query }: { readonly path: string; readonly query: string }): number | PlainReply {
  if (!query.includes('timeout=') || query.includes('watch=') || longRunning.test(path)) return requestTimeoutMs
  const text = new URLSearchParams(query).get('timeout') ?? ''
  if (text === '') return requestTimeoutMs
  const asked = parseDuration(text)
  if (asked === undefined) return statusReply({ refused: true, code: 400, reason: 'BadRequest', message: `invalid timeout specified in the request URL - time: invalid duration ${JSON.stringify(text)}` })
  return asked > 0 ? Math.min(asked, requestTimeoutMs) : requestTimeoutMs
}

/** What a client sees whose request took too long: upstream's Status, which says no kind here. */
export const tookTooLong: PlainReply = {
  status: 504, headers: { 'content-type': 'application/json', 'cache-control': 'no-cache, private' },
  body: [Buffer.from(`${JSON.stringify({ metadata: {}, status: 'Failure', message: 'Timeout: request did not complete within the allotted timeout', reason: 'Timeout', details: {}, code: 504 })}\n`)],
}
