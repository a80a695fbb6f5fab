import type { Readable } from 'node:stream'

const textMax = 64 << 20

/** All of a body; throws when it is longer than anything expected. */
export async function textOf(body: Readable): Promise<string> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of body as AsyncIterable<Buffer>) {
    size += part.length
    if (size > textMax) throw new Error(`an answer longer than ${textMax} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}
