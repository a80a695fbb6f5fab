// SHA-256 (FIPS 180-4) of a short text, for names that clients compare: core has no other. Secrets are the host's business.
const wordBits = 32
const blockBytes = 64
const rounds = 64
const rotated = (word: number, by: number): number => (word >>> by) | (word << (wordBits - by))

/** The first 32 bits of the fractional part of a root of each prime. */
const fractionsOf = (root: (prime: number) => number, count: number): readonly number[] => primes(count).map((prime) => ((root(prime) % 1) * 2 ** wordBits) | 0)
function primes(count: number): readonly number[] {
  const found: number[] = []
  for (let candidate = 2; found.length < count; candidate++) if (found.every((prime) => candidate % prime !== 0)) found.push(candidate)
  return found
}
const start = fractionsOf(Math.sqrt, 8)
const constants = fractionsOf(Math.cbrt, rounds)

/** The 32 bytes of the digest of this text in UTF-8. */
export function sha256(text: string): Uint8Array {
  const message = new TextEncoder().encode(text)
  const padded = new DataView(new ArrayBuffer(Math.ceil((message.length + 9) / blockBytes) * blockBytes))
  for (const [at, byte] of message.entries()) padded.setUint8(at, byte)
  padded.setUint8(message.length, 0x80)
  padded.setBigUint64(padded.byteLength - 8, BigInt(message.length) * 8n)
  let state = start
  for (let block = 0; block < padded.byteLength; block += blockBytes) state = mixed(state, scheduleOf(padded, block))
  const digest = new DataView(new ArrayBuffer(wordBits))
  for (const [at, word] of state.entries()) digest.setInt32(at * 4, word)
  return new Uint8Array(digest.buffer)
}

function scheduleOf(padded: DataView, block: number): readonly number[] {
  const words: number[] = []
  for (let at = 0; at < 16; at++) words.push(padded.getInt32(block + at * 4))
  const word = (at: number): number => words[at] ?? 0
  for (let at = 16; at < rounds; at++) {
    const [early, late] = [word(at - 15), word(at - 2)]
    const small = rotated(early, 7) ^ rotated(early, 18) ^ (early >>> 3)
    const great = rotated(late, 17) ^ rotated(late, 19) ^ (late >>> 10)
    words.push((word(at - 16) + small + word(at - 7) + great) | 0)
  }
  return words
}

function mixed(state: readonly number[], schedule: readonly number[]): readonly number[] {
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state
  for (const [at, word] of schedule.entries()) {
    const great = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)
    const first = (h + great + ((e & f) ^ (~e & g)) + (constants[at] ?? 0) + word) | 0
    const small = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)
    const second = (small + ((a & b) ^ (a & c) ^ (b & c))) | 0
    ;[h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0]
  }
  return [a, b, c, d, e, f, g, h].map((word, at) => (word + (state[at] ?? 0)) | 0)
}
