import { gzip } from 'node:zlib'
import type { Ask } from '@kubeskiff/core/api'
import { microTimestamp, wordsOf } from '@kubeskiff/core/base'
import type { AuditEvent, Handler, Reply, Request } from '@kubeskiff/core/server'
import type { Store } from '@kubeskiff/core/store'
import type { Limits } from './limits.ts'
import { bytesOf, whole } from './parts.ts'
import { internalError, tooManyAsks, unavailable, type PlainReply } from './status.ts'
import { timeoutOf, tookTooLong } from './timeout.ts'

/** Answers what only the outside can. */
export type Answer = (ask: Ask) => Promise<unknown>
export type Outcome = { readonly is: 'reply'; readonly reply: Reply } | { readonly is: 'plain'; readonly plain: PlainReply }

export interface PipelineOptions {
  readonly handler: Handler
  readonly store: Pick<Store, 'durable' | 'durableRevision' | 'view'>
  readonly answer: Answer
  readonly limits: Limits
  /** Told of what broke while a request was served; the client sees 500. */
  readonly onError: (error: unknown) => void
  /** Writes an entry of the audit log. */
  readonly audit?: ((event: AuditEvent) => void) | undefined
}

/** Takes a request through the handler and gives the reply once it may leave the process. `done` may be called before this returns. */
export function carry(options: PipelineOptions, request: Request, finished: (outcome: Outcome) => void): void {
  const timeout = timeoutOf(request)
  if (typeof timeout !== 'number') { finished({ is: 'plain', plain: timeout }); return }
  const began = performance.now()
  let timer: NodeJS.Timeout | undefined
  let over = false
  const done = (outcome: Outcome): void => {
    if (over) { if (outcome.is === 'reply' && outcome.reply.is === 'watch') outcome.reply.watch.close(); return }
    over = true
    clearTimeout(timer)
    if (timer !== undefined) options.handler.left?.(request)
    if (outcome.is === 'reply' && outcome.reply.series !== undefined) options.handler.took?.(outcome.reply.series, (performance.now() - began) / 1000)
    finished(outcome)
  }
  begin(options, request, done)
  if (over) return
  // It waits for the disk, or for somebody outside.
  timer = setTimeout(() => { done({ is: 'plain', plain: tookTooLong }) }, timeout)
}

function begin(options: PipelineOptions, request: Request, done: (outcome: Outcome) => void): void {
  const plain = (reply: PlainReply): void => { done({ is: 'plain', plain: reply }) }
  const broke = (error: unknown): void => {
    options.onError(error)
    plain(internalError(wordsOf(error)))
  }
  let first
  try {
    first = options.handler.step(request, noAnswers)
  } catch (error) { broke(error); return }
  if (first.is === 'asks') {
    withAnswers(options, request, first.asks).then((reply) => { if (reply === undefined) plain(tooManyAsks); else release(options, request, reply, done) }, broke)
  } else release(options, request, first, done)
}
const noAnswers: ReadonlyMap<string, unknown> = new Map()

async function withAnswers({ handler, store, answer, limits }: PipelineOptions, request: Request, firstAsks: readonly Ask[]): Promise<Reply | undefined> {
  const answers = new Map<string, unknown>()
  let asks = firstAsks
  for (let round = 0; round < limits.asksMax; round++) {
    // What is asked was derived from what is in memory, and leaves the process.
    await store.durable(store.view.revision)
    const answered = await Promise.all(asks.map(async (ask) => [ask.id, await answer(ask)] as const))
    for (const [id, value] of answered) answers.set(id, value)
    const next = handler.step(request, answers)
    if (next.is !== 'asks') return next
    asks = next.asks
  }
  return undefined
}

/** Holds a reply back until the revision it tells of is durable. */
function release({ store, audit }: PipelineOptions, request: Request, made: Reply, done: (outcome: Outcome) => void): void {
  const reply = audit === undefined || made.audit === undefined ? made : audited(made, made.audit, audit)
  const leave = (): void => {
    if (audit !== undefined) for (const event of made.audit?.events ?? []) audit(event)
    done({ is: 'reply', reply })
  }
  if (reply.is === 'watch' || reply.asOf <= store.durableRevision) { leave(); return }
  store.durable(reply.asOf).then(leave, (error: unknown) => {
    const why = wordsOf(error)
    // A read may be tried again; whether a write will come to be is not known.
    done({ is: 'plain', plain: request.method === 'GET' || request.method === 'HEAD' ? unavailable(why) : internalError(why) })
  })
}

/** A watch tells the audit log of its end, too. */
function audited(reply: Reply, { end }: NonNullable<Reply['audit']>, audit: (event: AuditEvent) => void): Reply {
  if (reply.is !== 'watch' || end === undefined) return reply
  const { watch } = reply
  let open = true
  return {
    ...reply,
    watch: {
      get deadline() { return watch.deadline },
      ...(watch.resource !== undefined && { resource: watch.resource }),
      read: (limitBytes) => watch.read(limitBytes),
      answer: (answers) => watch.answer?.(answers),
      close: () => {
        watch.close()
        if (open) audit({ ...end, stageTimestamp: microTimestamp(Date.now()) })
        open = false
      },
    },
  }
}

/** As upstream: bodies above 128 KiB are compressed, at the fastest level, when the client can read that. */
const compressFromBytes = 128 << 10

/** The body as it is sent, with the headers that tell. */
export function encodeBody(accepts: string | undefined, headers: Readonly<Record<string, string>>, parts: readonly Uint8Array[], done: (headers: Readonly<Record<string, string>>, body: readonly Uint8Array[]) => void): void {
  if (accepts === undefined || !/\bgzip\b/.test(accepts) || headers['content-encoding'] !== undefined || bytesOf(parts) <= compressFromBytes) { done(headers, parts); return }
  gzip(whole(parts), { level: 1 }, (error, compressed) => {
    if (error !== null) { done(headers, parts); return }
    const vary = headers['vary'] === undefined ? 'Accept-Encoding' : `${headers['vary']}, Accept-Encoding`
    done({ ...headers, 'content-encoding': 'gzip', vary }, [compressed])
  })
}
