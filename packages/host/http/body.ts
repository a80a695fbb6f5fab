import type { Readable } from 'node:stream'
import type { Limits } from './limits.ts'

export type Body = { readonly is: 'whole'; readonly bytes: Uint8Array } | { readonly is: 'too large' } | { readonly is: 'too many' } | { readonly is: 'too late' } | { readonly is: 'gone' }

/** Receives request bodies, and holds all that is being received within a bound. */
export class BodyReader {
  readonly #limits: Limits
  #bytes = 0

  constructor(limits: Limits) { this.#limits = limits }

  read(stream: Readable, declaredLength: string | undefined, done: (body: Body) => void): void {
    if (Number(declaredLength ?? 0) > this.#limits.bodyBytesMax) { this.#discard(stream); done({ is: 'too large' }); return }
    const chunks: Buffer[] = []
    let length = 0
    const finish = (body: Body): void => {
      clearTimeout(timer)
      stream.off('data', take).off('end', end).off('close', lost).off('error', lost)
      this.#bytes -= length
      if (body.is !== 'whole' && body.is !== 'gone') this.#discard(stream)
      done(body)
    }
    const take = (chunk: Buffer): void => {
      chunks.push(chunk)
      length += chunk.length
      this.#bytes += chunk.length
      if (length > this.#limits.bodyBytesMax) finish({ is: 'too large' })
      else if (this.#bytes > this.#limits.bodiesBytesMax) finish({ is: 'too many' })
    }
    const end = (): void => { finish({ is: 'whole', bytes: chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, length) }) }
    const lost = (): void => { finish({ is: 'gone' }) }
    const timer = setTimeout(() => { finish({ is: 'too late' }) }, this.#limits.bodyTimeoutMs)
    stream.on('data', take).once('end', end).once('close', lost).once('error', lost)
  }

  /** Lets the rest flow away, so that the reply can be read; errors of it do not matter any more. */
  #discard(stream: Readable): void { stream.on('error', ignore).resume() }
}
const ignore = (): void => {}
