// Lists, as Kubernetes' library has them, and sets.
import { plus, scaled, sizeOfType, times as product } from '../static-types.ts'
import type { CelType, Overload, Range, Value } from '../types.ts'
import { compareValues, Double, Duration, durationOf, equal, Fault, keyOf, Optional, sizeOf, Uint, uintOf, type Int } from '../values.ts'
import { A, anyType, bool, bytes, declared, double, duration, int, list, member, optional, string, timestamp, traversal, uint, type Costs, type Of } from './declare.ts'
import { addDoubles, addInts } from './numbers.ts'

const nothing: Range = { min: 0, max: Infinity }
/** One comparison an item; texts are gone through besides. */
const walk: Costs = {
  cost: ([items]) => Array.isArray(items) ? items.reduce((sum: number, item: Value) => sum + Math.ceil((typeof item === 'string' || item instanceof Uint8Array ? item.length : 10) * traversal), 0) : 1,
  estimate: ([items = nothing], [of]) => ({ cost: product(items, elementCost(of)) }),
}
function elementCost(of: CelType | undefined): Range {
  const one: Range = { min: 1, max: 1 }
  if (of?.is !== 'list') return one
  return of.items.is === 'string' || of.items.is === 'bytes' ? plus(one, scaled(sizeOfType(of.items), traversal)) : one
}

const ordered = [int, uint, double, bool, duration, timestamp, string, bytes] as const
const isSorted = (items: readonly Value[]): boolean => items.every((item, index) => index === 0 || (compareValues(items[index - 1], item) ?? 1) <= 0)
function best(items: readonly Value[], name: string, better: (order: number) => boolean): Value {
  if (items.length === 0) return new Fault(`${name} called on empty list`)
  return items.reduce((kept, item) => better(compareValues(item, kept) ?? 0) ? item : kept)
}
function sum<T>(items: readonly T[], zero: T, add: (left: T, right: T) => T | Fault): T | Fault {
  let total = zero
  for (const item of items) {
    const next = add(total, item)
    if (next instanceof Fault) return next
    total = next
  }
  return total
}
const over = <T>(element: Of<T>): readonly Overload[] => [
  member('isSorted', [list(element)], bool, isSorted, walk),
  member('min', [list(element)], element as Of<Value>, (items) => best(items, 'min', (order) => order < 0), walk),
  member('max', [list(element)], element as Of<Value>, (items) => best(items, 'max', (order) => order > 0), walk),
]

export const lists: readonly Overload[] = [
  ...ordered.flatMap((element) => over(element as Of<Value>)),
  member('sum', [list(int)], int, (items) => sum<Int>(items, 0, addInts), walk),
  member('sum', [list(uint)], uint, (items) => sum(items, new Uint(0n), (left, right) => uintOf(left.value + right.value) ?? new Fault('unsigned integer overflow')), walk),
  member('sum', [list(double)], double, (items) => sum<number | Double>(items, new Double(0), addDoubles), walk),
  member('sum', [list(duration)], duration, (items) => sum(items, new Duration(0n), (left, right) => durationOf(left.nanos + right.nanos) ?? new Fault('duration overflow')), walk),
  member('indexOf', [list(A), A], int, (items, wanted) => items.findIndex((item) => equal(item, wanted)), walk),
  member('lastIndexOf', [list(A), A], int, (items, wanted) => items.findLastIndex((item) => equal(item, wanted)), walk),
]

const crossing: Costs = {
  cost: ([left, right]) => 1 + sizeOf(left) * sizeOf(right),
  estimate: ([left = nothing, right = nothing]) => ({ cost: plus({ min: 1, max: 1 }, product(left, right)) }),
}
const holds = (items: readonly Value[], wanted: readonly Value[]): boolean => wanted.every((value) => items.some((item) => equal(item, value)))
const twice: Costs = {
  cost: ([left, right]) => 1 + 2 * sizeOf(left) * sizeOf(right),
  estimate: ([left = nothing, right = nothing]) => ({ cost: plus({ min: 1, max: 1 }, product({ min: 2, max: 2 }, product(left, right))) }),
}

export const sets: readonly Overload[] = [
  declared('sets.contains', [list(A), list(A)], bool, holds, crossing),
  declared('sets.equivalent', [list(A), list(A)], bool, (left, right) => holds(left, right) && holds(right, left), twice),
  declared('sets.intersects', [list(A), list(A)], bool, (left, right) => right.some((value) => left.some((item) => equal(item, value))), crossing),
]

const depthMax = 1_000
function flatten(items: readonly Value[], depth: Int = 1): readonly Value[] | Fault {
  if (depth < 0) return new Fault('level must be non-negative')
  return items.flat(Math.min(Number(depth), depthMax))
}
function slice(items: readonly Value[], from: Int, to: Int): readonly Value[] | Fault {
  const start = Number(from), end = Number(to)
  if (start < 0 || end < 0) return new Fault(`cannot slice(${start}, ${end}), negative indexes not supported`)
  if (start > end) return new Fault(`cannot slice(${start}, ${end}), start index must be less than or equal to end index`)
  return end > items.length ? new Fault(`cannot slice(${start}, ${end}), list is length ${items.length}`) : items.slice(start, end)
}
function distinct(items: readonly Value[]): readonly Value[] {
  const kept: Value[] = [], seen = new Set<Value>()
  for (const item of items) {
    const key = keyOf(item)
    if (key === undefined ? kept.some((other) => equal(other, item)) : seen.has(key)) continue
    if (key !== undefined) seen.add(key)
    kept.push(item)
  }
  return kept
}
const rangeMax = 1_000_000
const range = (count: Int): readonly number[] | Fault => count > rangeMax ? new Fault(`lists.range(${count}) is too long`) : Array.from({ length: Math.max(0, Number(count)) }, (_, index) => index)
const sort = (items: readonly Value[]): readonly Value[] => items.toSorted((left, right) => compareValues(left, right) ?? 0)
const copies: Costs = { costOfResult: (result) => sizeOf(result), estimate: ([size = nothing]) => ({ cost: plus({ min: 1, max: 1 }, size), size }) }
const squares: Costs = { cost: ([items]) => 1 + sizeOf(items) ** 2, estimate: ([size = nothing]) => ({ cost: plus({ min: 1, max: 1 }, product(size, size)), size: { min: 0, max: size.max } }) }

/** cel-go's own extension of lists. */
export const moreLists: readonly Overload[] = [
  member('distinct', [list(A)], list(A), distinct, squares),
  member('flatten', [list(list(A))], list(A), (items) => flatten(items), copies),
  member('flatten', [list(anyType), int], list(anyType), flatten, copies),
  declared('lists.range', [int], list(int), range, { costOfResult: (result) => sizeOf(result) }),
  member('reverse', [list(A)], list(A), (items) => items.toReversed(), copies),
  member('slice', [list(A), int, int], list(A), slice, copies),
  ...ordered.map((element) => member('sort', [list(element as Of<Value>)], list(element as Of<Value>), sort, squares)),
  member('first', [list(A)], optional(A), (items) => items.length === 0 ? Optional.none : new Optional(items[0])),
  member('last', [list(A)], optional(A), (items) => items.length === 0 ? Optional.none : new Optional(items.at(-1))),
]
