// A body in many parts goes out in few writes: small parts are put together, and what the client does not take yet waits.
import type { Writable } from 'node:stream'

/** What is written at once. Larger parts go as they are. */
const chunkBytes = 128 << 10

export const bytesOf = (parts: readonly Uint8Array[]): number => parts.reduce((sum, part) => sum + part.length, 0)

/** The parts as one run of bytes. */
export const whole = (parts: readonly Uint8Array[]): Uint8Array => (parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts))

// Chunks are used again: as garbage, the bytes of large lists would keep the collector busy.
const freeMax = 64
const free: Buffer[] = []

/** Who takes nothing for so long is cut off: what waits for him takes memory. */
export const slowReaderMs = 60_000

/** Writes the parts and ends, at the pace of the reader. Without an error when he goes away. */
export function writeParts(writer: Writable, parts: readonly Uint8Array[], length = bytesOf(parts)): void {
  if (length <= chunkBytes) { writer.end(whole(parts)); return }
  let at = 0
  const pump = (): void => {
    while (!writer.destroyed) {
      if (at === parts.length) { writer.end(); return }
      const first = parts[at] as Uint8Array
      if (first.length > chunkBytes / 2) {
        at += 1
        if (writer.write(first)) continue
      } else {
        const chunk = free.pop() ?? Buffer.allocUnsafeSlow(chunkBytes)
        let size = 0
        for (; at < parts.length && size + (parts[at] as Uint8Array).length <= chunkBytes; at++) {
          chunk.set(parts[at] as Uint8Array, size)
          size += (parts[at] as Uint8Array).length
        }
        // The bytes have left, or nobody wants them any more.
        if (writer.write(chunk.subarray(0, size), () => { if (free.length < freeMax) free.push(chunk) })) continue
      }
      const late = setTimeout(() => { writer.destroy() }, slowReaderMs).unref()
      writer.once('drain', () => { clearTimeout(late); pump() })
      return
    }
  }
  pump()
}
