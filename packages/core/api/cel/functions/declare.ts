// How a function of a library is told: the types of its signature carry the types of its code.
import { none, one, scaled } from '../static-types.ts'
import type { CelType, Overload, Range, Value } from '../types.ts'
import { sizeOf, type CelMap, type Double, type Duration, type Fault, type Int, type Opaque, type Optional, type Timestamp, type TypeValue, type Uint } from '../values.ts'

/** A static type whose values are of the TypeScript type T. */
export type Of<T> = CelType & { readonly carries?: T }
type Carried<Types extends readonly Of<unknown>[]> = { readonly [Index in keyof Types]: Types[Index] extends Of<infer T> ? T : never }

export const anyType: Of<Value> = { is: 'dyn' }
export const bool: Of<boolean> = { is: 'bool' }
export const int: Of<Int> = { is: 'int' }
export const uint: Of<Uint> = { is: 'uint' }
export const double: Of<number | Double> = { is: 'double' }
export const string: Of<string> = { is: 'string' }
export const bytes: Of<Uint8Array> = { is: 'bytes' }
export const timestamp: Of<Timestamp> = { is: 'timestamp' }
export const duration: Of<Duration> = { is: 'duration' }
export const type: Of<TypeValue> = { is: 'type', of: { is: 'dyn' } }
export const A: Of<Value> = { is: 'param', name: 'A' }
export const B: Of<Value> = { is: 'param', name: 'B' }
export const list = <T>(items: Of<T>): Of<readonly T[]> => ({ is: 'list', items })
export const map = (keys: CelType, values: CelType): Of<CelMap | Readonly<Record<string, Value>>> => ({ is: 'map', keys, values })
export const optional = (of: CelType): Of<Optional> => ({ is: 'optional', of })
export const opaque = <T extends Opaque>(name: string): Of<T> => ({ is: 'opaque', name })

export interface Costs {
  readonly cost?: Overload['cost']
  readonly costOfResult?: Overload['costOfResult']
  readonly estimate?: Overload['estimate']
}

// A call is made with values that the overload's acceptors have let pass, so the arguments are what the types carry.
const declare = <R>(name: string, member: boolean, args: readonly CelType[], result: Of<R>, call: (...values: never) => R | Fault, costs: Costs): Overload =>
  ({ name, member, args, result, call: call as Overload['call'], ...costs })

/** name(a, b) */
export const declared = <const Types extends readonly Of<unknown>[], R>(name: string, args: Types, result: Of<R>, call: (...values: Carried<Types>) => R | Fault, costs: Costs = {}): Overload =>
  declare(name, false, args, result, call, costs)
/** a.name(b) */
export const member = <const Types extends readonly Of<unknown>[], R>(name: string, args: Types, result: Of<R>, call: (...values: Carried<Types>) => R | Fault, costs: Costs = {}): Overload =>
  declare(name, true, args, result, call, costs)

/** Upstream's cost of going through a text or list once is a tenth of its length. */
export const traversal = 0.1
const unknownSize: Range = { min: 0, max: Infinity }

/** The first argument is gone through so many times; the result is as large as it is. */
export const traverses = (times = 1): Costs => ({
  cost: ([first]) => Math.ceil(sizeOf(first) * traversal * times),
  estimate: ([size = unknownSize]) => ({ cost: scaled(size, traversal * times), size }),
})
/** A fixed price. */
export const costs = (price: number): Costs => ({ cost: () => price, estimate: () => ({ cost: price === 0 ? none : price === 1 ? one : { min: price, max: price } }) })
