import { Readable } from 'node:stream'

/** Answers after which the same question may well be answered: too many asked, or the other side is in trouble. */
const passing: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504])
const triesMax = 5
const waitFirstMs = 250
const waitMostMs = 10_000

/** How patient one is; tests are not. */
export interface Patience { readonly waitFirstMs?: number }

/** Asks again, a few times and ever later, while the answer is one that passes; gives the last. */
export async function persistently(ask: () => Promise<Response>, patience: Patience = {}): Promise<Response> {
  for (let tries = 1; ; tries++) {
    const answer = await ask()
    if (!passing.has(answer.status) || tries === triesMax) return answer
    await answer.body?.cancel()
    await pause(answer.headers.get('retry-after'), tries, patience)
  }
}

/** A body of `size` bytes that is asked for again from where it broke off. Fails when it makes no way several times, or is longer. */
export function resumed(open: (from: number) => Promise<Response>, size: number, fail: (why: string) => Error, patience: Patience = {}): Readable {
  async function* bytes(): AsyncGenerator<Uint8Array> {
    let at = 0
    let hasBegun = false
    for (let fruitless = 0; ;) {
      const before = at
      try {
        const answer = await open(at)
        hasBegun = true
        // Who does not know ranges begins anew.
        let skip = at > 0 && answer.status !== 206 ? at : 0
        for await (const chunk of answer.body ?? []) {
          const wanted: Uint8Array = chunk.subarray(Math.min(skip, chunk.length))
          skip -= chunk.length - wanted.length
          at += wanted.length
          if (at > size) throw fail(`unexpected commit size ${at}, expected ${size}: failed precondition`)
          if (wanted.length > 0) yield wanted
        }
      } catch (error) {
        if (!hasBegun || at > size || (at <= before && fruitless + 1 >= triesMax)) throw error
        // The connection broke, or could not be made again: the rest is asked for below.
      }
      if (at === size) return
      fruitless = at > before ? 0 : fruitless + 1
      if (fruitless >= triesMax) throw fail(`unexpected commit size ${at}, expected ${size}: failed precondition`)
      await pause(null, Math.max(1, fruitless), patience)
    }
  }
  return Readable.from(bytes(), { objectMode: false })
}

/** As long as the other side asks for, within reason, or twice as long each time. */
async function pause(retryAfter: string | null, tries: number, { waitFirstMs: first = waitFirstMs }: Patience): Promise<void> {
  await new Promise((resolve) => { setTimeout(resolve, Math.min(askedMs(retryAfter, Date.now()) ?? first * 2 ** (tries - 1), waitMostMs)) })
}

/** How long a Retry-After asks for: it is a number of seconds or, as HTTP has it, a date. Undefined where it is neither. */
export function askedMs(retryAfter: string | null, now: number): number | undefined {
  if (retryAfter === null) return undefined
  if (/^\d+$/.test(retryAfter)) return Number(retryAfter) * 1000
  const at = Date.parse(retryAfter)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}
