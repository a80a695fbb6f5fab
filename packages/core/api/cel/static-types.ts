// Static types: how they are written, which fits where, and what a signature's free types become.
import type { CelType, Range } from './types.ts'

export const dyn: CelType = { is: 'dyn' }
export const bool: CelType = { is: 'bool' }

/** As messages write it: 'map(string, list(int))'. */
export function typeText(type: CelType): string {
  switch (type.is) {
    case 'list': return `list(${typeText(type.items)})`
    case 'map': return `map(${typeText(type.keys)}, ${typeText(type.values)})`
    case 'param': return type.name === '_' ? 'dyn' : type.name
    case 'object': case 'opaque': return type.name
    case 'optional': return `optional_type(${typeText(type.of)})`
    case 'type': return `type(${typeText(type.of)})`
    default: return type.is
  }
}

export type Bindings = Map<string, CelType>

/** True when an argument of this type may stand for the declared one; free types are bound on the way. */
export function fits(declared: CelType, actual: CelType, bindings: Bindings): boolean {
  if (declared.is === 'param') {
    const bound = bindings.get(declared.name)
    if (bound !== undefined && !fits(bound, actual, bindings) && !fits(actual, bound, bindings)) return false
    bindings.set(declared.name, bound === undefined ? actual : moreGeneral(bound, actual))
    return true
  }
  if (declared.is === 'dyn' || actual.is === 'dyn' || actual.is === 'param') return true
  if (actual.is === 'null') return declared.is === 'null' || declared.is === 'object' || declared.is === 'timestamp' || declared.is === 'duration'
  switch (declared.is) {
    case 'list': return actual.is === 'list' && fits(declared.items, actual.items, bindings)
    case 'map': return actual.is === 'map' && fits(declared.keys, actual.keys, bindings) && fits(declared.values, actual.values, bindings)
    case 'optional': return actual.is === 'optional' && fits(declared.of, actual.of, bindings)
    case 'type': return actual.is === 'type'
    case 'object': case 'opaque': return actual.is === declared.is && actual.name === declared.name
    default: return actual.is === declared.is
  }
}

/** Of two types of which one fits the other, the one that says less; a free type says nothing at all. */
function moreGeneral(left: CelType, right: CelType): CelType {
  if (left.is === 'param' || left.is === 'null') return right
  if (right.is === 'param' || right.is === 'null') return left
  if (left.is === 'dyn' || right.is === 'dyn') return dyn
  if (left.is === 'list' && right.is === 'list') return { ...left, items: moreGeneral(left.items, right.items), maxSize: Math.max(left.maxSize ?? Infinity, right.maxSize ?? Infinity) }
  if (left.is === 'map' && right.is === 'map') return { ...left, keys: moreGeneral(left.keys, right.keys), values: moreGeneral(left.values, right.values), maxSize: Math.max(left.maxSize ?? Infinity, right.maxSize ?? Infinity) }
  return left
}
/** The type of what has no elements to tell it. */
export const free: CelType = { is: 'param', name: '_' }

/** A signature's type with its free types filled in. */
export function filled(type: CelType, bindings: Bindings): CelType {
  switch (type.is) {
    case 'param': return bindings.get(type.name) ?? free
    case 'list': return type.items.is === 'param' || !isPlain(type.items) ? { ...type, items: filled(type.items, bindings) } : type
    case 'map': return { ...type, keys: filled(type.keys, bindings), values: filled(type.values, bindings) }
    case 'optional': return { is: 'optional', of: filled(type.of, bindings) }
    case 'type': return { is: 'type', of: filled(type.of, bindings) }
    default: return type
  }
}
const isPlain = (type: CelType): boolean => type.is !== 'list' && type.is !== 'map' && type.is !== 'optional' && type.is !== 'type'

export const unbounded: Range = { min: 0, max: Infinity }
export const one: Range = { min: 1, max: 1 }
export const none: Range = { min: 0, max: 0 }
export const plus = (...ranges: readonly Range[]): Range => ranges.reduce((sum, range) => ({ min: sum.min + range.min, max: sum.max + range.max }), none)
export const times = (left: Range, right: Range): Range => ({ min: product(left.min, right.min), max: product(left.max, right.max) })
export const scaled = (range: Range, factor: number): Range => ({ min: Math.ceil(range.min * factor), max: Math.ceil(range.max * factor) })
export const either = (left: Range, right: Range): Range => ({ min: Math.min(left.min, right.min), max: Math.max(left.max, right.max) })
// Nothing times no bound is nothing.
const product = (left: number, right: number): number => left === 0 || right === 0 ? 0 : left * right

/** The size of a value of a type, as far as its schema bounds it. */
export function sizeOfType(type: CelType): Range {
  switch (type.is) {
    case 'string': case 'bytes': case 'list': case 'map': case 'dyn': return { min: 0, max: type.maxSize ?? Infinity }
    case 'object': case 'optional': case 'param': return unbounded
    default: return one
  }
}
/** The size of a value that lies at a known place of a schema: as upstream's, which is nothing for all that has no length. */
export function sizeInSchema(type: CelType): Range {
  switch (type.is) {
    case 'string': case 'bytes': case 'list': case 'map': case 'dyn': case 'timestamp': case 'duration': return { min: 0, max: type.maxSize ?? Infinity }
    default: return none
  }
}
