// The functions of the language's definition: sizes, texts, conversions, dates, membership, optionals.
import { compilePattern } from '../../pattern/index.ts'
import { scaled, times as product } from '../static-types.ts'
import { datePart, durationFrom, durationText, secondsOf, timestampFrom, timestampText, timestampOf, type DatePart } from '../times.ts'
import type { Overload, Range } from '../types.ts'
import { Double, doubleOf, Duration, entryOf, equal, Fault, intOf, keyOf, Optional, sizeOf, Timestamp, toDouble, TypeValue, typeNameOf, Uint, uintOf, type Int } from '../values.ts'
import { A, anyType, B, bool, bytes, declared, double, duration, int, list, map, member, optional, string, timestamp, traversal, type, uint, type Costs } from './declare.ts'
import { doubleText } from './number-text.ts'

const nothing: Range = { min: 0, max: Infinity }
const sizes = [
  ...[string, bytes, list(A), map(A, B)].flatMap((of) => [declared('size', [of], int, sizeOf), member('size', [of], int, sizeOf)]),
]

const regexCost: Costs = {
  cost: ([text, pattern]) => Math.ceil((1 + sizeOf(text)) * traversal) * Math.ceil(sizeOf(pattern) * 0.25),
  estimate: ([text = nothing, pattern = nothing]) => ({ cost: product(scaled({ min: text.min + 1, max: text.max + 1 }, traversal), scaled(pattern, 0.25)) }),
}
const partCost: Costs = {
  cost: ([, part]) => Math.ceil(sizeOf(part) * traversal),
  estimate: ([, part = nothing]) => ({ cost: scaled(part, traversal) }),
}
const containsCost: Costs = {
  cost: ([text, part]) => Math.ceil(sizeOf(text) * traversal) * Math.ceil(sizeOf(part) * traversal),
  estimate: ([text = nothing, part = nothing]) => ({ cost: product(scaled(text, traversal), scaled(part, traversal)) }),
}
const matches = (text: string, pattern: string): boolean | Fault => {
  const compiled = compilePattern(pattern)
  return 'fault' in compiled ? new Fault(`error parsing regexp: ${compiled.fault}`) : compiled.test(text)
}

const texts: readonly Overload[] = [
  member('contains', [string, string], bool, (text, part) => text.includes(part), containsCost),
  member('startsWith', [string, string], bool, (text, part) => text.startsWith(part), partCost),
  member('endsWith', [string, string], bool, (text, part) => text.endsWith(part), partCost),
  member('matches', [string, string], bool, matches, regexCost),
  declared('matches', [string, string], bool, matches, regexCost),
]

const converted: Costs = {
  cost: ([value]) => typeof value === 'string' || value instanceof Uint8Array ? Math.ceil(value.length * traversal) : 1,
  estimate: ([size = nothing], [of]) => of?.is === 'string' || of?.is === 'bytes' ? { cost: scaled(size, traversal), size } : { cost: { min: 1, max: 1 } },
}
/** As cel-go says it of every text that is not what it should be. */
const unconvertible = (name: string): Fault => new Fault(`type conversion error from 'string' to '${name}'`)
const notInt = unconvertible('int'), notUint = unconvertible('uint'), notDouble = unconvertible('double'), notBool = unconvertible('bool')
const range = new Fault('integer overflow'), unsignedRange = new Fault('unsigned integer overflow')
const truths: Readonly<Record<string, boolean>> = { '1': true, t: true, true: true, True: true, TRUE: true, T: true, '0': false, f: false, false: false, False: false, FALSE: false, F: false }
const decode = (value: Uint8Array): string | Fault => {
  try { return new TextDecoder('utf-8', { fatal: true }).decode(value) } catch { return new Fault('invalid UTF-8 in bytes, cannot convert to string') /* The decoder throws for other bytes. */ }
}
const fromDouble = (value: number, from: bigint, to: bigint, fault: Fault): bigint | Fault => {
  if (!Number.isFinite(value) || value <= Number(from) - 1 || value >= Number(to)) return fault
  return BigInt(Math.trunc(value))
}
const toInt = (value: bigint): Int | Fault => intOf(value) ?? range
const toUint = (value: bigint): Uint | Fault => uintOf(value) ?? unsignedRange

const conversions: readonly Overload[] = [
  declared('dyn', [A], anyType, (value) => value),
  declared('type', [A], type, (value) => new TypeValue(typeNameOf(value))),
  declared('int', [int], int, (value) => value),
  declared('int', [uint], int, (value) => toInt(value.value)),
  declared('int', [double], int, (value) => { const whole = fromDouble(doubleOf(value), -(2n ** 63n), 2n ** 63n, range); return whole instanceof Fault ? whole : toInt(whole) }),
  declared('int', [string], int, (text) => (/^[+-]?\d+$/.test(text) ? intOf(BigInt(text.replace(/^\+/, ''))) : undefined) ?? notInt, converted),
  declared('int', [timestamp], int, (value) => toInt(secondsOf(value))),
  declared('uint', [uint], uint, (value) => value),
  declared('uint', [int], uint, (value) => toUint(BigInt(value))),
  declared('uint', [double], uint, (value) => { const whole = fromDouble(doubleOf(value), 0n, 2n ** 64n, unsignedRange); return whole instanceof Fault ? whole : toUint(whole) }),
  declared('uint', [string], uint, (text) => (/^\d+$/.test(text) ? uintOf(BigInt(text)) : undefined) ?? notUint, converted),
  declared('double', [double], double, (value) => value),
  declared('double', [int], double, (value) => new Double(Number(value))),
  declared('double', [uint], double, (value) => toDouble(Number(value.value))),
  declared('double', [string], double, (text) => {
    const special = /^([+-]?)(inf|infinity|nan)$/i.exec(text)
    if (special !== null) return special[2]?.toLowerCase() === 'nan' ? NaN : special[1] === '-' ? -Infinity : Infinity
    return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) ? toDouble(Number(text)) : notDouble
  }, converted),
  declared('string', [string], string, (value) => value),
  declared('string', [int], string, String),
  declared('string', [uint], string, (value) => String(value.value)),
  declared('string', [double], string, (value) => doubleText(doubleOf(value))),
  declared('string', [bool], string, String),
  declared('string', [bytes], string, decode, converted),
  declared('string', [timestamp], string, timestampText),
  declared('string', [duration], string, durationText),
  declared('bool', [bool], bool, (value) => value),
  declared('bool', [string], bool, (text) => (Object.hasOwn(truths, text) ? truths[text] : undefined) ?? notBool, converted),
  declared('bytes', [bytes], bytes, (value) => value),
  declared('bytes', [string], bytes, (text) => new TextEncoder().encode(text), converted),
  declared('timestamp', [timestamp], timestamp, (value) => value),
  declared('timestamp', [string], timestamp, timestampFrom),
  declared('timestamp', [int], timestamp, (seconds) => timestampOf(BigInt(seconds) * 1_000_000_000n)),
  declared('duration', [duration], duration, (value) => value),
  declared('duration', [string], duration, durationFrom),
  declared('duration', [int], duration, (nanos) => new Duration(BigInt(nanos))),
]

const dateNames: readonly (readonly [string, DatePart, number])[] = [
  ['getFullYear', 'fullYear', 0], ['getMonth', 'month', 0], ['getDate', 'date', 0], ['getDayOfMonth', 'date', -1], ['getDayOfWeek', 'dayOfWeek', 0],
  ['getDayOfYear', 'dayOfYear', 0], ['getHours', 'hours', 0], ['getMinutes', 'minutes', 0], ['getSeconds', 'seconds', 0], ['getMilliseconds', 'milliseconds', 0],
]
const dates = dateNames.flatMap(([name, part, offset]) => {
  const read = (value: Timestamp, zone: string): number | Fault => { const found = datePart(value, part, zone); return found instanceof Fault ? found : found + offset }
  return [member(name, [timestamp], int, (value) => read(value, '')), member(name, [timestamp, string], int, read)]
})
const perUnit: readonly (readonly [string, bigint])[] = [['getHours', 3_600_000_000_000n], ['getMinutes', 60_000_000_000n], ['getSeconds', 1_000_000_000n], ['getMilliseconds', 1_000_000n]]
const lengths = perUnit.map(([name, unit]) => member(name, [duration], int, (value) => intOf(value.nanos / unit) ?? 0))

const membership: readonly Overload[] = [
  declared('@in', [A, list(A)], bool, (wanted, items) => items.some((item) => equal(wanted, item)), {
    cost: ([, items]) => Math.max(1, sizeOf(items)), estimate: ([, items = nothing]) => ({ cost: items }),
  }),
  declared('@in', [A, map(A, B)], bool, (key, held) => held instanceof Map ? held.has(keyOf(key)) : entryOf(held, key) !== undefined),
]

const zeroes = (value: unknown): boolean => value === null || value === false || value === 0 || value === '' || (value instanceof Double && value.value === 0) || (value instanceof Uint && value.value === 0n)
  || (value instanceof Duration && value.nanos === 0n) || ((Array.isArray(value) || value instanceof Map || value instanceof Uint8Array) && sizeOf(value) === 0) || (typeNameOf(value) === 'map' && sizeOf(value) === 0)
const optionals: readonly Overload[] = [
  declared('optional.of', [A], optional(A), (value) => new Optional(value)),
  declared('optional.ofNonZeroValue', [A], optional(A), (value) => zeroes(value) ? Optional.none : new Optional(value)),
  declared('optional.none', [], optional(A), () => Optional.none),
  member('hasValue', [optional(A)], bool, (held) => held.value !== undefined),
  member('value', [optional(A)], A, (held) => held.value === undefined ? new Fault('optional.none() dereference') : held.value),
  member('or', [optional(A), optional(A)], optional(A), (held, other) => held.value === undefined ? other : held),
  member('orValue', [optional(A), A], A, (held, other) => held.value === undefined ? other : held.value),
]

export const standard: readonly Overload[] = [...sizes, ...texts, ...conversions, ...dates, ...lengths, ...membership, ...optionals]
