// Names, fields and indexes.
import { conversionOf } from './convert.ts'
import { qualifiedName } from './parser.ts'
import { faulty, typeNamed, type Scope, type Typed } from './scope.ts'
import { dyn, none, one, plus, sizeInSchema, sizeOfType, typeText } from './static-types.ts'
import type { Node } from './syntax.ts'
import { Fields, type CelType, type Frame, type Value } from './types.ts'
import { Double, entryOf, exactly, Fault, isInt, isList, isMap, Optional, Struct, Uint, TypeValue } from './values.ts'

export const noSuchKey = (key: Value): Fault => new Fault(`no such key: ${key instanceof Double || key instanceof Uint ? key.value : String(key)}`)

const sized = (type: CelType, placed: boolean): Pick<Typed, 'size' | 'placed'> => placed ? { size: sizeInSchema(type), placed } : { size: sizeOfType(type) }

/** A variable, a local name or the name of a type. */
export function compileName(node: Node & { readonly is: 'name' }, scope: Scope): Typed {
  const name = node.name.replace(/^\./, '')
  const local = node.name.startsWith('.') ? undefined : scope.locals.get(name)
  if (local !== undefined) {
    const { slot, type, placed } = local
    return { type, run: (frame) => { frame.cost++; return frame.slots[slot] }, cost: one, ...sized(type, placed) }
  }
  if (Object.hasOwn(scope.environment.variables, name)) {
    const type = scope.environment.variables[name] ?? dyn
    scope.shared.uses.add(name)
    const convert = conversionOf(type)
    const missing = new Fault(`no such attribute(s): ${name}`)
    const find = (frame: Frame): Value => {
      frame.cost++
      const value = frame.variables[name]
      return value === undefined ? missing : value
    }
    return { type, run: convert === undefined ? find : (frame) => convert(find(frame)), cost: one, ...sized(type, true) }
  }
  return namedType(name, scope) ?? faulty(scope, node.at, `undeclared reference to '${name}' (in container '')`)
}

function namedType(name: string, scope: Scope): Typed | undefined {
  const type = typeNamed(scope, name)
  if (type === undefined) return undefined
  const value = new TypeValue(name)
  return { type: { is: 'type', of: type }, run: () => value, cost: one, size: none }
}

/** Where a chain of names begins with a name that nothing declares, all of it may be one name: google.protobuf.Timestamp. */
export function compileQualified(node: Node & { readonly is: 'select' }, scope: Scope): Typed | undefined {
  const name = qualifiedName(node)
  if (name === undefined) return undefined
  // A variable's own name may have dots: authorizer.requestResource.
  if (Object.hasOwn(scope.environment.variables, name)) return compileName({ is: 'name', at: node.at, name }, scope)
  const root = name.split('.')[0] ?? ''
  return scope.locals.has(root) || Object.hasOwn(scope.environment.variables, root) ? undefined : namedType(name, scope)
}

/** `of.field`, `of.?field` and has(of.field). */
export function compileSelect(node: Node & { readonly is: 'select' }, of: Typed, scope: Scope): Typed {
  const { field, as } = node
  const held = of.type.is === 'optional' ? of.type.of : of.type
  const known = held.is === 'object' ? held.field(field) : undefined
  if (held.is === 'object' && known === undefined) return faulty(scope, node.at, `undefined field '${field}'`)
  if (held.is !== 'object' && held.is !== 'map' && held.is !== 'dyn' && held.is !== 'param') return faulty(scope, node.at, `type '${typeText(of.type)}' does not support field selection`)
  const type = known?.type ?? (held.is === 'map' ? held.values : dyn)
  const property = known?.property ?? field
  const convert = conversionOf(type)
  const find = (value: Value): Value => {
    const found = fieldOf(value, property)
    return convert === undefined || found === undefined ? found : convert(found)
  }
  if (as === 'test') return { type: { is: 'bool' }, run: tested(of.run, find), cost: of.cost, size: one }
  const cost = plus(of.cost, one)
  if (as === 'optional' || of.type.is === 'optional') return { type: { is: 'optional', of: type }, run: optionally(of.run, find), cost, size: one }
  const missing = noSuchKey(property)
  const { run } = of
  return {
    type, cost, ...sized(type, of.placed === true),
    run: (frame) => {
      const value = run(frame)
      if (value instanceof Fault) return value
      if (value instanceof Optional) return optionalField(value, find, frame)
      frame.cost++
      const found = find(value)
      return found === undefined ? missing : found
    },
  }
}

type Find = (value: Value) => Value
const tested = (run: Typed['run'], find: Find): Typed['run'] => (frame) => {
  const value = run(frame)
  if (value instanceof Fault) return value
  const held = value instanceof Optional ? value.value : value
  const found = held === undefined ? undefined : find(held)
  return found instanceof Fault ? found : found !== undefined
}
const optionally = (run: Typed['run'], find: Find): Typed['run'] => (frame) => {
  const value = run(frame)
  return value instanceof Fault ? value : optionalField(value, find, frame)
}
function optionalField(value: Value, find: Find, frame: Frame): Value {
  frame.cost++
  const held = value instanceof Optional ? value.value : value
  const found = held === undefined ? undefined : find(held)
  return found === undefined ? Optional.none : found instanceof Fault ? found : new Optional(found)
}

/** What an object or a map has under a name; undefined: nothing. */
function fieldOf(value: Value, name: string): Value {
  if (isMap(value)) return entryOf(value, name)
  if (value instanceof Fields) return value.find(name)
  if (value instanceof Struct) return Object.hasOwn(value.fields, name) ? value.fields[name] : undefined
  return undefined
}

/** `of[by]` and `of[?by]`. */
export function compileIndex(node: Node & { readonly is: 'index' }, of: Typed, by: Typed, scope: Scope): Typed {
  const held = of.type.is === 'optional' ? of.type.of : of.type
  const type = indexed(held, by.type)
  if (type === undefined) return faulty(scope, node.at, `found no matching overload for '${node.optional ? '_[?_]' : '_[_]'}' applied to '(${typeText(of.type)}, ${typeText(by.type)})'`)
  const convert = conversionOf(type)
  const optional = node.optional || of.type.is === 'optional'
  const { run } = of
  return {
    type: optional ? { is: 'optional', of: type } : type, cost: plus(of.cost, by.cost, one), ...(optional ? { size: none } : sized(type, of.placed === true)),
    run: (frame) => {
      const value = run(frame)
      if (value instanceof Fault) return value
      const key = by.run(frame)
      if (key instanceof Fault) return key
      frame.cost++
      const found = itemOf(value instanceof Optional ? value.value : value, key)
      const wanted = convert === undefined || found instanceof Fault ? found : convert(found)
      if (!optional && !(value instanceof Optional)) return wanted
      return wanted instanceof Fault ? Optional.none : new Optional(wanted)
    },
  }
}

function indexed(of: CelType, by: CelType): CelType | undefined {
  const isDyn = by.is === 'dyn' || by.is === 'param'
  if (of.is === 'dyn' || of.is === 'param') return dyn
  if (of.is === 'list') return by.is === 'int' || isDyn ? of.items : undefined
  if (of.is === 'map') return of.keys.is === 'dyn' || isDyn || of.keys.is === by.is ? of.values : undefined
  return undefined
}

/** A list's item or a map's value, or the fault that there is none. */
function itemOf(value: Value, key: Value): Value {
  if (isList(value)) {
    const index = isInt(key) ? Number(key) : key instanceof Double ? key.value : key instanceof Uint ? Number(key.value) : undefined
    if (index === undefined) return new Fault(`unsupported index type '${typeof key === 'string' ? 'string' : 'dyn'}' in list`)
    return index < 0 || index >= value.length ? new Fault(`index out of bounds: ${index}`) : exactly(value[index])
  }
  const found = isMap(value) ? entryOf(value, key) : undefined
  return found === undefined ? noSuchKey(key) : found
}
