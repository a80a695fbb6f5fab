// Posts to scheduler extenders, over HTTP or HTTPS as the scheduler's configuration says. Never throws, never follows a redirect.
import { readFileSync } from 'node:fs'
import { type ClientRequest, request as plainRequest } from 'node:http'
import { request as secureRequest } from 'node:https'
import { wordsOf } from '@kubeskiff/core/base'
import type { ExtenderAnswer, ExtenderPost, ExtenderTls } from '@kubeskiff/core/scheduler'
import { askOnce } from './post.ts'

/** Thousands of nodes may be told of as objects, and told back. */
const replyBytesMax = 256 << 20

/** Posts JSON to an extender, on a connection of its own. */
export function postToExtender({ url, timeoutMs, tls, body }: ExtenderPost): Promise<ExtenderAnswer> {
  return new Promise((resolve) => {
    const place = URL.parse(url)
    if (place === null || (place.protocol !== 'http:' && place.protocol !== 'https:')) { resolve({ is: 'unreached', why: `unsupported protocol scheme ${JSON.stringify(place?.protocol.replace(':', '') ?? '')}` }); return }
    const text = Buffer.from(JSON.stringify(body))
    const options = { method: 'POST', agent: false as const, headers: { 'content-type': 'application/json', 'content-length': text.length } }
    const unreached = (why: string): void => { resolve({ is: 'unreached', why }) }
    let outgoing: ClientRequest
    try { outgoing = place.protocol === 'https:' ? secureRequest(place, { ...options, ...tlsOptions(tls) }) : plainRequest(place, options) } catch (error) {
      unreached(wordsOf(error))
      return
    }
    const tooLate = 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
    const at = { host: place.hostname, port: Number(place.port) || (place.protocol === 'https:' ? 443 : 80), name: tls?.serverName ?? place.hostname }
    askOnce(outgoing, text, { timeoutMs, tooLate, replyBytesMax, place: at, unreached }, ({ statusCode = 0 }, said) => { resolve({ is: 'answered', status: statusCode, text: said }) })
  })
}

function tlsOptions(tls: ExtenderTls | undefined): object {
  if (tls === undefined) return {}
  const pem = (data: string | undefined, file: string | undefined): string | undefined => (data !== undefined ? Buffer.from(data, 'base64').toString() : file === undefined ? undefined : readFileSync(file, 'utf8'))
  const [ca, cert, key] = [pem(tls.caData, tls.caFile), pem(tls.certData, tls.certFile), pem(tls.keyData, tls.keyFile)]
  return { ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert }), ...(key !== undefined && { key }), ...(tls.serverName !== undefined && { servername: tls.serverName }), ...(tls.insecure === true && { rejectUnauthorized: false }) }
}
