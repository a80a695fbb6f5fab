// Calls: which overload is meant, by static types first and by the values when it runs.
import { faulty, type Scope, type Typed } from './scope.ts'
import { dyn, filled, fits, one, plus, sizeOfType, typeText, type Bindings } from './static-types.ts'
import type { CelType, Frame, Overload, Range, Value } from './types.ts'
import { Duration, exceeded, Fault, isDouble, isInt, isList, isMap, noSuchOverload, Opaque, Optional, Struct, takeCompared, Timestamp, typeNameOf, TypeValue, Uint, entriesOf } from './values.ts'

export interface Call { readonly at: number; readonly name: string; readonly member: boolean; readonly args: readonly Typed[] }

/** The call of a function or operator with compiled arguments; a member's target is the first of them. */
export function compileCall(call: Call, scope: Scope): Typed {
  const { name, member, args } = call
  const named = scope.functions.get(name)
  const candidates = (named ?? []).filter((overload) => overload.member === member && overload.args.length === args.length)
  if (named === undefined) return faulty(scope, call.at, `undeclared reference to '${name}' (in container '')`)
  const fitting: Overload[] = [], results: CelType[] = []
  for (const overload of candidates) {
    const bindings: Bindings = new Map()
    if (!overload.args.every((declared, index) => fits(declared, args[index]?.type ?? dyn, bindings))) continue
    fitting.push(overload)
    results.push(filled(overload.result, bindings))
  }
  const first = fitting[0], result = results[0]
  if (first === undefined || result === undefined) return faulty(scope, call.at, `found no matching overload for '${name}' applied to '${appliedTo(member, args)}'`)
  const same = results.every((other) => typeText(other) === typeText(result))
  const type = same ? result : dyn
  const estimates = fitting.map((overload) => overload.estimate?.(args.map((arg) => arg.size), args.map((arg) => arg.type)))
  const own: Range = { min: Math.min(...estimates.map((estimate) => estimate?.cost.min ?? 1)), max: Math.max(...estimates.map((estimate) => estimate?.cost.max ?? 1)) }
  return { type, cost: plus(own, ...args.map((arg) => arg.cost)), size: estimates[0]?.size ?? sizeOfType(type), run: caller(name, fitting, args) }
}

function appliedTo(member: boolean, args: readonly Typed[]): string {
  const types = args.map((arg) => typeText(arg.type))
  return member ? `${types[0] ?? ''}.(${types.slice(1).join(', ')})` : `(${types.join(', ')})`
}

function caller(name: string, overloads: readonly Overload[], args: readonly Typed[]): Typed['run'] {
  const forms = overloads.map((overload) => ({ overload, accepts: overload.args.map(acceptorOf) }))
  const runs = args.map((arg) => arg.run)
  return (frame: Frame) => {
    const values: Value[] = []
    for (const run of runs) {
      const value = run(frame)
      if (value instanceof Fault) return value
      values.push(value)
    }
    for (const { overload, accepts } of forms) {
      if (!accepts.every((accept, index) => accept(values[index]))) continue
      frame.cost += (overload.cost === undefined ? 1 : overload.cost(values)) + weightOf(values)
      if (frame.cost > frame.limit) return exceeded
      const result = overload.call(...values)
      frame.cost += (overload.costOfResult?.(result) ?? 0) + (takeCompared() >> perCompared)
      return frame.cost > frame.limit ? exceeded : result
    }
    frame.cost++
    return /^[\w.]+$/.test(name) && !name.startsWith('_') ? new Fault(`no such overload: ${name}(${values.map(typeNameOf).join(', ')})`) : noSuchOverload
  }
}

/** Upstream prices some calls as one whatever they are given, since Go does them lazily; big arguments cost more here. */
const perCharacter = 9, perCompared = 1
function weightOf(values: readonly Value[]): number {
  let weight = 0
  for (const value of values) if (typeof value === 'string' || isList(value)) weight += value.length >> perCharacter
  return weight
}

const anything = (): boolean => true
const simple: Readonly<Record<string, (value: Value) => boolean>> = {
  dyn: anything, param: anything,
  bool: (value) => typeof value === 'boolean', int: isInt, uint: (value) => value instanceof Uint, double: isDouble, string: (value) => typeof value === 'string',
  bytes: (value) => value instanceof Uint8Array, timestamp: (value) => value instanceof Timestamp, duration: (value) => value instanceof Duration, null: (value) => value === null,
  optional: (value) => value instanceof Optional, type: (value) => value instanceof TypeValue,
}

/** Whether a value is of a type: what a function may rely on. */
export function acceptorOf(type: CelType): (value: Value) => boolean {
  switch (type.is) {
    case 'list': {
      const item = acceptorOf(type.items)
      return item === anything ? isList : (value) => isList(value) && value.every(item)
    }
    case 'map': {
      const item = acceptorOf(type.values)
      return item === anything ? isMap : (value) => isMap(value) && entriesOf(value).every(([, held]) => item(held))
    }
    case 'opaque': return (value) => value instanceof Opaque && value.typeName === type.name
    case 'object': return (value) => isMap(value) || (value instanceof Struct && value.typeName === type.name)
    default: return simple[type.is] ?? anything
  }
}

/** A literal's cost and size do not depend on anything. */
export const constantSize = (value: Value): Range => typeof value === 'string' || isList(value) ? { min: value.length, max: value.length } : one
