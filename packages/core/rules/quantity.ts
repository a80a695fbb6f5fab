// Quantities ('100m', '1.5Gi', '2e3') as numbers, exact before they are rounded up.
const grammar = /^([+-]?)(\d*)(?:\.(\d*))?(?:([eE][+-]?\d+)|(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E))?$/
const decimalExponents: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 }
const binaryExponents: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 }

const rememberedMost = 4096
const remembered = new Map<string, number>()

/** The quantity in thousandths, rounded up; 0 for a text that is no quantity. Beyond 2^53 thousandths it is approximate. */
export function millisOf(quantity: string | number | undefined): number {
  if (quantity === undefined) return 0
  const text = String(quantity)
  const known = remembered.get(text)
  if (known !== undefined) return known
  const millis = parseMillis(text)
  if (remembered.size >= rememberedMost) remembered.clear()
  remembered.set(text, millis)
  return millis
}

/** The quantity in whole units, rounded up: bytes, counts. */
export const unitsOf = (quantity: string | number | undefined): number => Math.ceil(millisOf(quantity) / 1000)

function parseMillis(text: string): number {
  const match = grammar.exec(text)
  if (!match) return 0
  const [, sign = '', whole = '', fraction = '', exponent, suffix = ''] = match
  if (whole === '' && fraction === '') return 0
  const tens = (exponent === undefined ? decimalExponents[suffix] ?? 0 : Number(exponent.slice(1))) - fraction.length + 3
  if (Math.abs(tens) > 60) return 0
  const digits = BigInt(whole + fraction) << BigInt(binaryExponents[suffix] ?? 0)
  const scaled = tens >= 0 ? digits * 10n ** BigInt(tens) : ceilDivide(digits, 10n ** BigInt(-tens))
  return sign === '-' ? -Number(scaled) : Number(scaled)
}

const ceilDivide = (dividend: bigint, divisor: bigint): bigint => (dividend + divisor - 1n) / divisor
