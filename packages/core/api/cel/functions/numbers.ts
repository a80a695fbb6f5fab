// Arithmetic and order, with the overflows of 64 bits.
import type { Overload, Value } from '../types.ts'
import { compareNumbers, compareValues, Double, doubleOf, durationOf, Fault, intOf, isNumber, sizeOf, toDouble, uintOf, type Int, type Uint } from '../values.ts'
import { timestampOf } from '../times.ts'
import { bool, bytes, declared, double, duration, int, list, A, string, timestamp, traversal, uint, type Costs, type Of } from './declare.ts'
import { plus, scaled } from '../static-types.ts'

const intOverflow = new Fault('integer overflow'), uintOverflow = new Fault('unsigned integer overflow')
const divisionByZero = new Fault('division by zero'), modulusByZero = new Fault('modulus by zero')
/** Upstream joins lists without copying; ours are copied, so that there is a bound. */
const itemsMax = 1_000_000
const tooLong = new Fault('list is too long')
const durationOverflow = new Fault('duration overflow')

const exact = (value: bigint): Int | Fault => intOf(value) ?? intOverflow
const add = (left: Int, right: Int): Int | Fault => small(left, right, (a, b) => a + b) ?? exact(BigInt(left) + BigInt(right))
const subtract = (left: Int, right: Int): Int | Fault => small(left, right, (a, b) => a - b) ?? exact(BigInt(left) - BigInt(right))
const multiply = (left: Int, right: Int): Int | Fault => small(left, right, (a, b) => a * b) ?? exact(BigInt(left) * BigInt(right))
/** The answer in plain numbers where it is exact. */
function small(left: Int, right: Int, operate: (a: number, b: number) => number): number | undefined {
  if (typeof left !== 'number' || typeof right !== 'number') return undefined
  const answer = operate(left, right)
  return Number.isSafeInteger(answer) ? answer : undefined
}
const unsigned = (value: bigint): Uint | Fault => uintOf(value) ?? uintOverflow

export const addInts = add
export const addDoubles = (left: number | Double, right: number | Double): number | Double => toDouble(doubleOf(left) + doubleOf(right))

const joined: Costs = {
  cost: ([left, right]) => Math.ceil((lengthFor(left) + lengthFor(right)) * traversal),
  estimate: ([left = { min: 0, max: Infinity }, right = { min: 0, max: Infinity }]) => ({ cost: scaled(plus(left, right), traversal), size: plus(left, right) }),
}
const lengthFor = (value: Value): number => typeof value === 'string' || value instanceof Uint8Array ? value.length : 1

export const arithmetic: readonly Overload[] = [
  declared('_+_', [int, int], int, add),
  declared('_+_', [uint, uint], uint, (left, right) => unsigned(left.value + right.value)),
  declared('_+_', [double, double], double, addDoubles),
  declared('_+_', [string, string], string, (left, right) => left + right, joined),
  declared('_+_', [bytes, bytes], bytes, (left, right) => new Uint8Array([...left, ...right]), joined),
  declared('_+_', [list(A), list(A)], list(A), (left, right) => left.length + right.length > itemsMax ? tooLong : [...left, ...right], { costOfResult: (result) => sizeOf(result) >> 5, estimate: ([left = { min: 0, max: Infinity }, right = { min: 0, max: Infinity }]) => ({ cost: { min: 1, max: 1 }, size: plus(left, right) }) }),
  declared('_+_', [timestamp, duration], timestamp, (left, right) => timestampOf(left.nanos + right.nanos)),
  declared('_+_', [duration, timestamp], timestamp, (left, right) => timestampOf(left.nanos + right.nanos)),
  declared('_+_', [duration, duration], duration, (left, right) => durationOf(left.nanos + right.nanos) ?? durationOverflow),
  declared('_-_', [int, int], int, subtract),
  declared('_-_', [uint, uint], uint, (left, right) => unsigned(left.value - right.value)),
  declared('_-_', [double, double], double, (left, right) => toDouble(doubleOf(left) - doubleOf(right))),
  declared('_-_', [timestamp, timestamp], duration, (left, right) => durationOf(left.nanos - right.nanos) ?? durationOverflow),
  declared('_-_', [timestamp, duration], timestamp, (left, right) => timestampOf(left.nanos - right.nanos)),
  declared('_-_', [duration, duration], duration, (left, right) => durationOf(left.nanos - right.nanos) ?? durationOverflow),
  declared('_*_', [int, int], int, multiply),
  declared('_*_', [uint, uint], uint, (left, right) => unsigned(left.value * right.value)),
  declared('_*_', [double, double], double, (left, right) => toDouble(doubleOf(left) * doubleOf(right))),
  declared('_/_', [int, int], int, (left, right) => right == 0 ? divisionByZero : exact(BigInt(left) / BigInt(right))),
  declared('_/_', [uint, uint], uint, (left, right) => right.value === 0n ? divisionByZero : unsigned(left.value / right.value)),
  declared('_/_', [double, double], double, (left, right) => toDouble(doubleOf(left) / doubleOf(right))),
  declared('_%_', [int, int], int, (left, right) => right == 0 ? modulusByZero : exact(BigInt(left) % BigInt(right))),
  declared('_%_', [uint, uint], uint, (left, right) => right.value === 0n ? modulusByZero : unsigned(left.value % right.value)),
  declared('-_', [int], int, (value) => exact(-BigInt(value))),
  declared('-_', [double], double, (value) => toDouble(-doubleOf(value))),
  declared('!_', [bool], bool, (value) => !value),
]

type Judge = (order: number) => boolean
const compared: Costs = {
  cost: ([left, right]) => Math.ceil(Math.min(lengthFor(left), lengthFor(right)) * traversal),
  estimate: ([left = { min: 0, max: Infinity }, right = { min: 0, max: Infinity }]) => {
    const smallest = Math.min(left.max, right.max)
    return { cost: { min: smallest > 0 ? 1 : 0, max: Math.ceil(smallest * traversal) } }
  },
}
const numeric = [int, uint, double] as const

function ordering(operator: string, judge: Judge): readonly Overload[] {
  const overload = <T>(left: Of<T>, right: Of<T>): Overload => declared(operator, [left, right], bool, (first, second) => {
    const order = compareValues(first, second)
    return order !== undefined && judge(order)
  }, left.is === 'string' || left.is === 'bytes' ? compared : {})
  // Numbers of different types compare by value.
  const crossed = numeric.flatMap((left) => numeric.filter((right) => right !== left).map((right) => declared(operator, [left as Of<Value>, right as Of<Value>], bool, (first, second) => {
    const order = isNumber(first) && isNumber(second) ? compareNumbers(first, second) : undefined
    return order !== undefined && judge(order)
  })))
  return [overload(bool, bool), overload(int, int), overload(uint, uint), overload(double, double), overload(string, string), overload(bytes, bytes), overload(timestamp, timestamp), overload(duration, duration), ...crossed]
}

export const orders: readonly Overload[] = [
  ...ordering('_<_', (order) => order < 0), ...ordering('_<=_', (order) => order <= 0), ...ordering('_>_', (order) => order > 0), ...ordering('_>=_', (order) => order >= 0),
]
