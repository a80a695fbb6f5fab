import { createInflate, constants } from 'node:zlib'
import { spdyDictionary } from './spdy-dictionary.ts'

export type SpdyHeaders = Readonly<Record<string, string>>
const headersBytesMax = 16 << 10

/** Reads header blocks: one shared context for all blocks of a direction, in order. */
export class HeaderReader {
  readonly #inflate = createInflate({ dictionary: spdyDictionary, flush: constants.Z_SYNC_FLUSH })
  #chunks: Buffer[] = []
  #length = 0
  #failure: Error | undefined

  constructor() {
    this.#inflate.on('data', (chunk: Buffer) => {
      this.#length += chunk.length
      if (this.#length <= headersBytesMax) this.#chunks.push(chunk)
    })
    this.#inflate.on('error', (error) => { this.#failure = error })
  }

  async read(block: Uint8Array): Promise<SpdyHeaders> {
    this.#chunks = []
    this.#length = 0
    await new Promise<void>((resolve) => {
      this.#inflate.once('error', () => { resolve() })
      this.#inflate.write(block, () => { resolve() })
    })
    this.#inflate.removeAllListeners('error').on('error', (error) => { this.#failure = error })
    if (this.#failure !== undefined) throw this.#failure
    if (this.#length > headersBytesMax) throw new Error(`a SPDY header block of more than ${headersBytesMax} bytes`)
    return decodeHeaders(Buffer.concat(this.#chunks))
  }
  close(): void { this.#inflate.close() }
}

/** Writes header blocks as zlib's stored blocks: our headers are few and short, and this way is synchronous. */
export class HeaderWriter {
  #begun = false

  write(headers: SpdyHeaders): Buffer {
    const plain = encodeHeaders(headers)
    const begin = this.#begun ? [] : [Buffer.from([0x78, 0x01])]
    this.#begun = true
    const stored = Buffer.alloc(5)
    stored.writeUInt16LE(plain.length, 1)
    stored.writeUInt16LE(plain.length ^ 0xffff, 3)
    return Buffer.concat([...begin, stored, plain, syncMarker])
  }
}
/** An empty stored block: Go's inflate hands out what it has only when it sees one. */
const syncMarker = Buffer.from([0, 0, 0, 0xff, 0xff])

/** A count, then names and values, each with a 32-bit length. */
export function encodeHeaders(headers: SpdyHeaders): Buffer {
  const entries = Object.entries(headers)
  return Buffer.concat([number(entries.length), ...entries.flat().flatMap((text) => {
    const bytes = Buffer.from(text)
    return [number(bytes.length), bytes]
  })])
}

function decodeHeaders(block: Buffer): SpdyHeaders {
  const headers: Record<string, string> = {}
  let at = 4
  const next = (): string => {
    const end = at + 4 + block.readUInt32BE(at)
    if (end > block.length) throw new Error('a SPDY header block that ends in the middle')
    const text = block.toString('utf8', at + 4, end)
    at = end
    return text
  }
  for (let left = block.length < 4 ? 0 : block.readUInt32BE(0); left > 0; left--) {
    const name = next().toLowerCase()
    headers[name] = next()
  }
  return headers
}
function number(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
