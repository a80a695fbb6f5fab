// Bytes of a message, written from its end to its start: then a length is known when it is to be written.

const encoder = new TextEncoder()
const startSize = 1 << 16

/** Grows towards the front. One is enough for a process: a message is written in one go. */
export class BackwardBytes {
  #bytes = new Uint8Array(startSize)
  #at = startSize

  /** How much was written: the difference of two marks is a length. */
  get mark(): number { return this.#bytes.length - this.#at }

  /** What was written, and a fresh start. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.#bytes.slice(this.#at)
    this.#at = this.#bytes.length
    return taken
  }
  /** Forgets what was written: something went wrong halfway. */
  drop(): void { this.#at = this.#bytes.length }

  byte(value: number): void {
    this.#room(1)
    this.#bytes[--this.#at] = value
  }
  varint(value: number): void {
    if (value < 128 && value >= 0) { this.byte(value); return }
    if (value < 0 || !Number.isSafeInteger(value)) { this.long(BigInt(value)); return }
    let length = 1
    for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length += 1
    this.#room(length)
    this.#at -= length
    let at = this.#at
    let rest = value
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#bytes[at++] = (rest % 128) | 128
    this.#bytes[at] = rest
  }
  /** A 64-bit integer; a negative one takes ten bytes. */
  long(value: bigint): void {
    const parts: number[] = []
    let rest = BigInt.asUintN(64, value)
    for (; rest >= 128n; rest >>= 7n) parts.push(Number(rest & 127n) | 128)
    parts.push(Number(rest))
    for (let at = parts.length - 1; at >= 0; at--) this.byte(parts[at] ?? 0)
  }
  double(value: number): void {
    this.#room(8)
    this.#at -= 8
    new DataView(this.#bytes.buffer).setFloat64(this.#at, value, true)
  }
  run(bytes: Uint8Array): void {
    this.#room(bytes.length)
    this.#at -= bytes.length
    this.#bytes.set(bytes, this.#at)
  }
  /** Text as UTF-8. Most of it is short ASCII. */
  text(value: string): void {
    const { length } = value
    if (length > shortText) { this.run(encoder.encode(value)); return }
    this.#room(length)
    const start = this.#at - length
    for (let at = 0; at < length; at++) {
      const code = value.charCodeAt(at)
      if (code > 127) { this.run(encoder.encode(value)); return }
      this.#bytes[start + at] = code
    }
    this.#at = start
  }

  #room(wanted: number): void {
    if (this.#at >= wanted) return
    const used = this.#bytes.length - this.#at
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, used + wanted))
    grown.set(this.#bytes.subarray(this.#at), grown.length - used)
    this.#at = grown.length - used
    this.#bytes = grown
  }
}
const shortText = 64
