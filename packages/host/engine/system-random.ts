import { randomFillSync } from 'node:crypto'
import { type Random, randomFrom } from '@kubeskiff/core/base'

/** Chance from the operating system, taken in blocks: for real clusters, whose uids must not be guessable. */
export function systemRandom(): Random {
  const block = new Uint32Array(256)
  let at = block.length
  return randomFrom(() => {
    if (at === block.length) { randomFillSync(block); at = 0 }
    return block[at++] ?? 0
  })
}
