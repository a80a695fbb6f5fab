// Values that JSON has no form for, and what all values have in common: names, sizes, equality, order, keys.
import { exactInteger } from '../text/index.ts'
import { Fields, type Value } from './types.ts'

/** An error of an expression: a value that && and || may absorb, unless it is fatal (the budget is spent). */
export class Fault {
  readonly message: string
  readonly fatal: boolean
  constructor(message: string, fatal = false) { this.message = message; this.fatal = fatal }
}
/** A double that is a whole number: plain whole numbers are ints. */
export class Double { readonly value: number; constructor(value: number) { this.value = value } }
export class Uint { readonly value: bigint; constructor(value: bigint) { this.value = value } }
/** Nanoseconds since 1970, and the offset that its text had, in minutes. */
export class Timestamp { readonly nanos: bigint; readonly offset: number; constructor(nanos: bigint, offset = 0) { this.nanos = nanos; this.offset = offset } }
export class Duration { readonly nanos: bigint; constructor(nanos: bigint) { this.nanos = nanos } }
export class TypeValue { readonly name: string; constructor(name: string) { this.name = name } }
export class Optional {
  static readonly none = new Optional(undefined)
  /** Absent: none. */
  readonly value: Value
  constructor(value: Value) { this.value = value }
}
/** A computed map: canonical key to value. */
export type CelMap = ReadonlyMap<Value, Value>
/** An object that an expression constructed: its type's name and its fields by property name. */
export class Struct {
  readonly typeName: string
  readonly fields: Readonly<Record<string, Value>>
  constructor(typeName: string, fields: Readonly<Record<string, Value>>) { this.typeName = typeName; this.fields = fields }
}
/** A value of a library's own type. */
export abstract class Opaque {
  abstract readonly typeName: string
  equals(other: Opaque): boolean { return this === other }
}

export const noSuchOverload = new Fault('no such overload')
export const exceeded = new Fault('operation cancelled: actual cost limit exceeded', true)

export type Int = number | bigint
export const isInt = (value: Value): value is Int => typeof value === 'bigint' || Number.isSafeInteger(value)
export const isDouble = (value: Value): value is number | Double => value instanceof Double || (typeof value === 'number' && !Number.isSafeInteger(value))
export const isNumber = (value: Value): value is Int | Double | Uint => typeof value === 'number' || typeof value === 'bigint' || value instanceof Double || value instanceof Uint
export const isList = (value: Value): value is readonly Value[] => Array.isArray(value)
export const toDouble = (value: number): number | Double => Number.isSafeInteger(value) ? new Double(value) : value
export const doubleOf = (value: number | Double): number => typeof value === 'number' ? value : value.value

type Plain = Readonly<Record<string, Value>>
/** A map that came from JSON. */
export const isPlain = (value: Value): value is Plain => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
export const isMap = (value: Value): value is Plain | CelMap => value instanceof Map || isPlain(value)

const min64 = -(2n ** 63n), max64 = 2n ** 63n - 1n, maxUnsigned = 2n ** 64n - 1n
/** An int from a whole number of any size, or undefined where 64 bits do not hold it. */
export function intOf(value: bigint): Int | undefined {
  if (value < min64 || value > max64) return undefined
  const small = Number(value)
  return Number.isSafeInteger(small) ? small : value
}
export const uintOf = (value: bigint): Uint | undefined => value < 0n || value > maxUnsigned ? undefined : new Uint(value)
export const durationOf = (nanos: bigint): Duration | undefined => nanos < min64 || nanos > max64 ? undefined : new Duration(nanos)

/** The name of a value's type, as type() and messages say it. */
export function typeNameOf(value: Value): string {
  if (value === null) return 'null_type'
  switch (typeof value) {
    case 'string': return 'string'
    case 'boolean': return 'bool'
    case 'bigint': return 'int'
    case 'number': return Number.isSafeInteger(value) ? 'int' : 'double'
    default: break
  }
  if (Array.isArray(value)) return 'list'
  if (value instanceof Double) return 'double'
  if (value instanceof Uint) return 'uint'
  if (value instanceof Uint8Array) return 'bytes'
  if (value instanceof Timestamp) return 'google.protobuf.Timestamp'
  if (value instanceof Duration) return 'google.protobuf.Duration'
  if (value instanceof TypeValue) return 'type'
  if (value instanceof Optional) return 'optional_type'
  if (value instanceof Opaque || value instanceof Struct) return value.typeName
  if (value instanceof Fields) return 'object'
  return 'map'
}

const surrogate = /[\ud800-\udfff]/
/** True when every unit of a text is a character. */
export const isSimpleText = (text: string): boolean => !surrogate.test(text)
/** Characters of a text, as CEL counts them: code points. */
export const charactersOf = (text: string): readonly string[] => surrogate.test(text) ? [...text] : text.split('')
export function lengthOf(text: string): number {
  if (!surrogate.test(text)) return text.length
  let length = 0
  for (const _ of text) length++
  return length
}
/** A value's size as costs count it: 1 for scalars. */
export function sizeOf(value: Value): number {
  if (typeof value === 'string') return lengthOf(value)
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length
  if (value instanceof Map) return value.size
  if (value instanceof Opaque) return value.typeName === 'net.IP' || value.typeName === 'net.CIDR' ? 16 : 1
  return isPlain(value) ? plainKeys(value).length : 1
}

const widths = (value: Int | Double | Uint): number | bigint => value instanceof Double || value instanceof Uint ? value.value : value
/** Less than, equal, greater: -1, 0, 1; NaN has no order: undefined. JavaScript compares numbers and bigints exactly. */
export function compareNumbers(left: Int | Double | Uint, right: Int | Double | Uint): number | undefined {
  const a = widths(left), b = widths(right)
  return a < b ? -1 : a > b ? 1 : a == b ? 0 : undefined
}

/** By code points: UTF-16 units sort surrogates before U+E000 and up. */
export function compareTexts(left: string, right: string): number {
  if (left === right) return 0
  if (!surrogate.test(left) && !surrogate.test(right)) return left < right ? -1 : 1
  const a = [...left], b = [...right]
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const difference = (a[index]?.codePointAt(0) ?? 0) - (b[index]?.codePointAt(0) ?? 0)
    if (difference !== 0) return Math.sign(difference)
  }
  return Math.sign(a.length - b.length)
}
function compareBytes(left: Uint8Array, right: Uint8Array): number {
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0)
    if (difference !== 0) return Math.sign(difference)
  }
  return Math.sign(left.length - right.length)
}

/** The order of two values of comparable types; undefined where there is none. */
export function compareValues(left: Value, right: Value): number | undefined {
  if (isNumber(left) && isNumber(right)) return compareNumbers(left, right)
  if (typeof left === 'string' && typeof right === 'string') return compareTexts(left, right)
  if (typeof left === 'boolean' && typeof right === 'boolean') return Number(left) - Number(right)
  if (left instanceof Uint8Array && right instanceof Uint8Array) return compareBytes(left, right)
  if (left instanceof Timestamp && right instanceof Timestamp || left instanceof Duration && right instanceof Duration) {
    return left.nanos < right.nanos ? -1 : left.nanos > right.nanos ? 1 : 0
  }
  return undefined
}

/** The key under which a computed map holds a key, the same for 1, 1u and 1.0; undefined for what cannot be one. */
export function keyOf(key: Value): Value {
  if (typeof key === 'string' || typeof key === 'boolean') return key
  if (typeof key === 'number' || typeof key === 'bigint') return key
  if (key instanceof Double) return key.value
  if (key instanceof Uint) { const small = Number(key.value); return Number.isSafeInteger(small) ? small : key.value }
  return undefined
}
/** What a map holds under a key; undefined: nothing. */
export function entryOf(map: Plain | CelMap, key: Value): Value {
  if (map instanceof Map) return map.get(keyOf(key))
  return typeof key === 'string' && Object.hasOwn(map, key) ? exactly((map as Plain)[key]) : undefined
}
/** A whole number that JSON keeps as its digits is an int. */
export const exactly = (value: Value): Value => {
  const digits = typeof value === 'object' && value !== null ? exactInteger(value) : undefined
  return digits === undefined ? value : intOf(BigInt(digits)) ?? Number(digits)
}
export const keysOf = (map: Plain | CelMap): readonly Value[] => map instanceof Map ? [...map.keys()] : plainKeys(map as Plain)
// Objects do not change while expressions run: the keys of a large one are listed once, however often it is asked for its size.
const keysFrom = 64
const knownKeys = new WeakMap<object, readonly string[]>()
function plainKeys(map: Plain): readonly string[] {
  const known = knownKeys.get(map)
  if (known !== undefined) return known
  const keys = Object.keys(map)
  if (keys.length >= keysFrom) knownKeys.set(map, keys)
  return keys
}
export const entriesOf = (map: Plain | CelMap): readonly (readonly [Value, Value])[] => map instanceof Map ? [...map.entries()] : Object.entries(map)

const depthMax = 1_000
/** Values compared since it was last taken: what comparing big objects costs besides upstream's price. */
let compared = 0
export function takeCompared(): number {
  const count = compared
  compared = 0
  return count
}
/** Deep equality; values of different types are different, numbers are equal by value. */
export function equal(left: Value, right: Value, depth = 0): boolean {
  if (left === right) return true
  compared++
  if (isNumber(left)) return isNumber(right) && compareNumbers(left, right) === 0
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null || depth > depthMax) return false
  if (Array.isArray(left)) return Array.isArray(right) && left.length === right.length && left.every((item, index) => equal(item, right[index], depth + 1))
  if (left instanceof Uint8Array) return right instanceof Uint8Array && compareBytes(left, right) === 0
  if (left instanceof Timestamp) return right instanceof Timestamp && left.nanos === right.nanos
  if (left instanceof Duration) return right instanceof Duration && left.nanos === right.nanos
  if (left instanceof TypeValue) return right instanceof TypeValue && left.name === right.name
  if (left instanceof Optional) return right instanceof Optional && (left.value === undefined || right.value === undefined ? left.value === right.value : equal(left.value, right.value, depth + 1))
  if (left instanceof Opaque) return right instanceof Opaque && left.typeName === right.typeName && left.equals(right)
  if (left instanceof Struct) return right instanceof Struct && left.typeName === right.typeName && equal(left.fields, right.fields, depth + 1)
  if (!isMap(left) || !isMap(right)) return false
  const size = sizeOf(left), other = sizeOf(right)
  if (size !== other) return false
  return entriesOf(left).every(([key, value]) => { const found = entryOf(right, key); return found !== undefined && equal(value, found, depth + 1) })
}
