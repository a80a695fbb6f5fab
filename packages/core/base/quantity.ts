// Resource quantities as upstream's apimachinery/pkg/api/resource reads and prints them: '100m', '1.5Gi', '1e3'.
// An amount is held exactly, in billionths, which is upstream's finest step; finer input is rounded up.

/** How a quantity was written decides how it is printed. */
export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent'
/** An exact amount in billionths of one. */
export interface Quantity { readonly nanos: bigint; readonly format: QuantityFormat }

/** What upstream answers to text that is no quantity. */
export const quantityFault = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

const one = 1_000_000_000n
const binary: readonly (readonly [string, bigint])[] = [['Ei', 1n << 60n], ['Pi', 1n << 50n], ['Ti', 1n << 40n], ['Gi', 1n << 30n], ['Mi', 1n << 20n], ['Ki', 1n << 10n]]
const decimal: readonly (readonly [string, bigint])[] = [
  ['E', one * 10n ** 18n], ['P', one * 10n ** 15n], ['T', one * 10n ** 12n], ['G', one * 10n ** 9n], ['M', one * 10n ** 6n], ['k', one * 1000n],
  ['', one], ['m', 1_000_000n], ['u', 1000n], ['n', 1n],
]
const unitSizes = new Map<string, bigint>([...decimal, ...binary.map(([suffix, size]) => [suffix, size * one] as const)])
const form = /^([+-]?)(\d+\.?\d*|\.\d+)(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d{1,3}|)$/
/** Beyond this many digits upstream's answer depends on its big decimals; nobody writes them. */
const longest = 64
/** Upstream's cap: the largest 64-bit signed whole number. */
const largest = (1n << 63n) - 1n

/** A cluster's quantities are few texts, read again and again. When so many are known, all are forgotten. */
const knownMax = 1000
const known = new Map<string, Quantity | undefined>()

/** Reads a quantity; undefined when the text is none (the words for that are `quantityFault`). */
export function parseQuantity(text: string): Quantity | undefined {
  if (text.length > longest) return undefined
  const found = known.get(text)
  if (found !== undefined || known.has(text)) return found
  if (known.size >= knownMax) known.clear()
  const read = readQuantity(text)
  known.set(text, read && Object.freeze(read))
  return read
}
function readQuantity(text: string): Quantity | undefined {
  const parts = form.exec(text)
  if (!parts) return undefined
  const [, sign = '', digits = '', suffix = ''] = parts
  const exponent = /^[eE]/.test(suffix) && suffix.length > 1 ? Number(suffix.slice(1)) : undefined
  const [whole = '', fraction = ''] = digits.split('.')
  const scale = 10n ** BigInt(fraction.length)
  const unit = exponent === undefined ? unitSizes.get(suffix) ?? one : one
  let top = BigInt(whole + fraction) * unit
  let bottom = scale
  if (exponent !== undefined) {
    if (exponent >= 0) top *= 10n ** BigInt(exponent)
    else bottom *= 10n ** BigInt(-exponent)
  }
  const magnitude = roundedUp(top, bottom)
  const capped = magnitude > largest * one ? largest * one : magnitude
  const format = exponent !== undefined ? 'DecimalExponent' : suffix.endsWith('i') ? 'BinarySI' : 'DecimalSI'
  return { nanos: sign === '-' ? -capped : capped, format }
}

/** Upstream's canonical text: the largest suffix that leaves a whole number; binary quantities under 1024 and broken ones print as decimal. */
export function formatQuantity({ nanos, format }: Quantity): string {
  if (nanos === 0n) return '0'
  const sign = nanos < 0n ? '-' : ''
  const size = nanos < 0n ? -nanos : nanos
  if (format === 'BinarySI' && size >= 1024n * one && size % one === 0n) {
    const whole = size / one
    const [suffix, unit] = binary.find(([, each]) => whole % each === 0n) ?? ['', 1n]
    return `${sign}${whole / unit}${suffix}`
  }
  if (format === 'DecimalExponent') {
    let exponent = -9
    let mantissa = size
    while (mantissa % 1000n === 0n) { mantissa /= 1000n; exponent += 3 }
    return `${sign}${mantissa}${exponent === 0 ? '' : `e${exponent}`}`
  }
  const [suffix, unit] = decimal.find(([, each]) => size % each === 0n) ?? ['n', 1n]
  return `${sign}${size / unit}${suffix}`
}

const canonical = new WeakMap<Quantity, string>()
/** The canonical text of a quantity's text; the text itself when it is none. */
export function canonicalQuantity(text: string): string {
  if (plain.test(text)) return text
  const quantity = parseQuantity(text)
  if (quantity === undefined) return text
  let known = canonical.get(quantity)
  if (known === undefined) canonical.set(quantity, (known = formatQuantity(quantity)))
  return known
}
/** Already canonical, and most of what is written: whole numbers that no larger suffix divides. */
const plain = /^[1-9]\d{0,2}$/

/** Rounds up to thousandths, as upstream's defaults do for the resources of containers. */
export function roundedToMilli(text: string): string {
  const quantity = parseQuantity(text)
  if (!quantity) return text
  const step = 1_000_000n
  if (quantity.nanos % step === 0n) return canonicalQuantity(text)
  return formatQuantity({ ...quantity, nanos: awayFromZero(quantity.nanos, step) * step })
}

/** Thousandths, rounded up: what upstream's MilliValue says. 0 for text that is no quantity. */
export function milliValue(text: string): number {
  const simple = /^(\d{1,9})(m?)$/.exec(text)
  if (simple) return simple[2] === 'm' ? Number(simple[1]) : Number(simple[1]) * 1000
  const quantity = parseQuantity(text)
  return quantity ? Number(awayFromZero(quantity.nanos, 1_000_000n)) : 0
}

/** Billionths, exactly. 0 for text that is no quantity. */
export const nanosOf = (text: string | undefined): bigint => parseQuantity(text ?? '0')?.nanos ?? 0n

/** Whole units, rounded up: what upstream's Value says. 0 for text that is no quantity. */
export function wholeValue(text: string): number {
  const quantity = parseQuantity(text)
  return quantity ? Number(awayFromZero(quantity.nanos, one)) : 0
}

/** Negative, zero or positive, as the first is smaller, equal or larger. */
export function compareQuantities(left: Quantity, right: Quantity): number {
  return left.nanos < right.nanos ? -1 : left.nanos > right.nanos ? 1 : 0
}

/** The sum, printed as the first was written (as the second, when the first is zero). */
export function addQuantities(left: Quantity, right: Quantity): Quantity {
  return { nanos: left.nanos + right.nanos, format: left.nanos === 0n ? right.format : left.format }
}

/** The difference, printed as the first was written (as the second, when the first is zero). */
export function subtractQuantities(left: Quantity, right: Quantity): Quantity {
  return { nanos: left.nanos - right.nanos, format: left.nanos === 0n ? right.format : left.format }
}

/** A whole number as a quantity. */
export function quantityOf(value: number, format: QuantityFormat = 'DecimalSI'): Quantity {
  return { nanos: BigInt(value) * one, format }
}

/** A number of thousandths as a quantity. */
export function quantityOfMilli(value: number, format: QuantityFormat = 'DecimalSI'): Quantity {
  return { nanos: BigInt(value) * 1_000_000n, format }
}

function roundedUp(top: bigint, bottom: bigint): bigint {
  return (top + bottom - 1n) / bottom
}
function awayFromZero(nanos: bigint, step: bigint): bigint {
  return nanos < 0n ? -roundedUp(-nanos, step) : roundedUp(nanos, step)
}
