import type { Freezable } from './freezable.ts'
import type { Random } from './random.ts'

const hex = '0123456789abcdef'
const dash = 45
const four = 52
/** As upstream's generated names: no vowels (no words), no 0 1 3 (which look like letters). */
export const suffixAlphabet = 'bcdfghjklmnpqrstvwxz2456789'

/** A generator of 32-bit whole numbers dressed as a Random. */
export function randomFrom(next32: () => number): Random {
  const below = (bound: number): number => Math.floor((next32() / 4294967296) * bound)
  const random: Random = {
    next: () => next32() / 4294967296,
    below,
    chance: (probability) => random.next() < probability,
    suffix: (length) => {
      const codes: number[] = []
      for (let at = 0; at < length; at++) codes.push(suffixAlphabet.charCodeAt(below(suffixAlphabet.length)))
      return String.fromCharCode(...codes)
    },
    uuid: () => {
      // In one piece: engines keep what was added letter by letter as so many pieces, for as long as nobody compares it.
      const codes: number[] = []
      for (let at = 0; at < 36; at++) {
        codes.push(at === 8 || at === 13 || at === 18 || at === 23 ? dash : at === 14 ? four : hex.charCodeAt(at === 19 ? 8 + below(4) : below(16)))
      }
      return String.fromCharCode(...codes)
    },
  }
  return random
}

/** Chance that a seed repeats (mulberry32). For simulations and tests only: never for credentials. */
export function seededRandom(seed: number): Random & Freezable<number> {
  let state = seed >>> 0
  const next32 = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  return { ...randomFrom(next32), freeze: () => state, thaw: (data) => { state = data >>> 0 } }
}
