import type { Refusal } from '@kubeskiff/core/api'

/** A reply that the host gives by itself. */
export interface PlainReply { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: readonly Uint8Array[] }

/** The Status of a refusal, as the API server words it. */
export function statusReply(refusal: Refusal): PlainReply {
  const { code, reason, message, details } = refusal
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, ...(reason !== '' && { reason }), ...(details !== undefined && { details }), code }
  const retry = details?.retryAfterSeconds
  return {
    status: code, body: [Buffer.from(`${JSON.stringify(status)}\n`)],
    headers: { 'content-type': 'application/json', 'cache-control': 'no-cache, private', ...(retry !== undefined && retry > 0 && { 'retry-after': String(retry) }) },
  }
}

export const tooLarge = (limit: number): PlainReply =>
  statusReply({ refused: true, code: 413, reason: 'RequestEntityTooLarge', message: `Request entity too large: limit is ${limit}` })
export const unauthorized = statusReply({ refused: true, code: 401, reason: 'Unauthorized', message: 'Unauthorized' })
export const timedOut = statusReply({ refused: true, code: 408, reason: 'Timeout', message: 'the body of the request did not come in time' })
export const upgradeRequired = statusReply({ refused: true, code: 400, reason: 'BadRequest', message: 'Upgrade request required' })
export const tooManyAsks = statusReply({ refused: true, code: 409, reason: 'Conflict', message: 'the request had to ask too often while the cluster changed; please try again' })
export const internalError = (message: string): PlainReply =>
  statusReply({ refused: true, code: 500, reason: 'InternalError', message: `Internal error occurred: ${message}`, details: { causes: [{ reason: '', message }] } })
export const unavailable = (message: string): PlainReply => statusReply({ refused: true, code: 503, reason: 'ServiceUnavailable', message })
/** Words without a Status: a kubelet's own error comes so through upstream's API server, and clients say then that a connection could not be upgraded, and why. */
export const plainText = (status: number, message: string, more: Readonly<Record<string, string>> = {}): PlainReply =>
  ({ status, headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff', ...more }, body: [Buffer.from(`${message}\n`)] })
/** As upstream's limit of requests in flight answers. */
export const tooManyRequests = plainText(429, 'Too many requests, please try again later.', { 'retry-after': '1' })
