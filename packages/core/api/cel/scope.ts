// What the compiler knows at one place of an expression.
import type { CelType, Environment, Frame, Overload, ObjectType, Range, Value } from './types.ts'
import { dyn, none, unbounded } from './static-types.ts'
import { Fault } from './values.ts'

/** A compiled node. */
export interface Typed {
  readonly type: CelType
  readonly run: (frame: Frame) => Value
  readonly cost: Range
  readonly size: Range
  /** Of a literal, or of a list or map of literals. */
  readonly constant?: { readonly value: Value }
  /** It lies at a place of a variable's schema: the variable, or a field or item of it. */
  readonly placed?: true
  /** Of a literal list: what its items are. */
  readonly itemTypes?: readonly CelType[]
}

export interface Local { readonly slot: number; readonly type: CelType; readonly placed: boolean }
export interface Scope {
  readonly environment: Environment
  readonly functions: ReadonlyMap<string, readonly Overload[]>
  readonly locals: ReadonlyMap<string, Local>
  /** Shared by all scopes of one compilation. */
  readonly shared: { slots: number; readonly faults: { readonly at: number; readonly message: string }[]; readonly uses: Set<string> }
}

/** The scope with more names, and their slots. `placed`: they are items of what lies in a schema. */
export function within(scope: Scope, names: readonly (readonly [string, CelType])[], placed = false): { readonly inner: Scope; readonly slots: readonly number[] } {
  const locals = new Map(scope.locals)
  const slots = names.map(([name, type]) => {
    const slot = scope.shared.slots++
    locals.set(name, { slot, type, placed })
    return slot
  })
  return { inner: { ...scope, locals }, slots }
}

/** Notes a fault; the node is as good as any afterwards, so that one fault is told once. */
export function faulty(scope: Scope, at: number, message: string): Typed {
  scope.shared.faults.push({ at, message })
  const fault = new Fault(message)
  return { type: dyn, run: () => fault, cost: none, size: unbounded }
}

/** Well-known names of types, for type(x) == string. */
const simpleTypes: Readonly<Record<string, CelType>> = {
  bool: { is: 'bool' }, int: { is: 'int' }, uint: { is: 'uint' }, double: { is: 'double' }, string: { is: 'string' }, bytes: { is: 'bytes' }, null_type: { is: 'null' },
  list: { is: 'list', items: dyn }, map: { is: 'map', keys: dyn, values: dyn }, type: { is: 'type', of: dyn }, optional_type: { is: 'optional', of: dyn },
  'google.protobuf.Timestamp': { is: 'timestamp' }, 'google.protobuf.Duration': { is: 'duration' },
}
const opaqueTypes = ['net.IP', 'net.CIDR']
export function typeNamed(scope: Scope, name: string): CelType | undefined {
  return Object.hasOwn(simpleTypes, name) ? simpleTypes[name] : opaqueTypes.includes(name) ? { is: 'opaque', name } : scope.environment.typeNamed?.(name)
}
export const structNamed = (scope: Scope, name: string): ObjectType | undefined => scope.environment.typeNamed?.(name)
