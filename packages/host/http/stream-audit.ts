// What the audit log is told of requests that somebody else answers: when the answer begins, with which code, and when it ends.
import { microTimestamp } from '@kubeskiff/core/base'
import type { AuditEvent, Reply } from '@kubeskiff/core/server'
import type { Exchange } from './exchange.ts'

export interface StreamAudit { started(code: number): void; ended(): void }

/** Undefined where nothing is told: of replies that are whole, and where nobody wants it. */
export function streamAudit(reply: Reply, write: ((event: AuditEvent) => void) | undefined): StreamAudit | undefined {
  if (write === undefined || reply.audit === undefined || (reply.is !== 'connect' && reply.is !== 'proxy')) return undefined
  const { start, end } = reply.audit
  let status: object | undefined
  let isOver = false
  const tell = (event: AuditEvent | undefined): void => { if (event !== undefined) write({ ...event, responseStatus: status, stageTimestamp: microTimestamp(Date.now()) }) }
  const begin = (as: object): void => {
    if (status !== undefined) return
    status = as
    tell(start)
  }
  return {
    started: (code) => { begin({ metadata: {}, code }) },
    ended: () => {
      if (isOver) return
      isOver = true
      // As upstream: nobody was there any more to be answered.
      begin({ metadata: {}, status: 'Success', message: 'Connection closed early', code: 200 })
      tell(end)
    },
  }
}

/** An exchange that tells with what it is answered, and when it is over. */
export function auditedExchange(exchange: Exchange, told: StreamAudit | undefined): Exchange {
  if (told === undefined) return exchange
  exchange.onClose(() => { told.ended() })
  return {
    method: exchange.method, path: exchange.path, query: exchange.query, headers: exchange.headers, peer: exchange.peer, remoteAddress: exchange.remoteAddress, body: exchange.body,
    get isOver() { return exchange.isOver },
    reply(status, headers, body) { told.started(status); exchange.reply(status, headers, body) },
    begin(status, headers) { told.started(status); return exchange.begin(status, headers) },
    onClose: (tell) => { exchange.onClose(tell) },
    abort() { exchange.abort() },
  }
}
