// Quantities as numbers, for arithmetic that is done for every pod and node: each text is read once.
import { milliValue } from '../base/quantity.ts'

const rememberedMost = 4096
const remembered = new Map<string, number>()

/** The quantity in thousandths, rounded up; 0 for a text that is no quantity. Beyond 2^53 thousandths it is approximate. */
export function millisOf(quantity: string | number | undefined): number {
  if (quantity === undefined) return 0
  const text = String(quantity)
  const known = remembered.get(text)
  if (known !== undefined) return known
  const millis = milliValue(text)
  if (remembered.size >= rememberedMost) remembered.clear()
  remembered.set(text, millis)
  return millis
}

/** The quantity in whole units, rounded up: bytes, counts. */
export const unitsOf = (quantity: string | number | undefined): number => Math.ceil(millisOf(quantity) / 1000)
