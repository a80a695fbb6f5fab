// From a tree to a program: types are checked, functions chosen and costs bounded in one walk.
import { compileIndex, compileName, compileQualified, compileSelect } from './access.ts'
import { compileCall, constantSize } from './calls.ts'
import { compileBind, compileFold, compileLet } from './folds.ts'
import { constantFaults } from './constants.ts'
import { standardFunctions } from './functions/index.ts'
import { isFaulty, parse, qualifiedName } from './parser.ts'
import { faulty, structNamed, typeNamed, type Scope, type Typed } from './scope.ts'
import { bool, dyn, either, fits, free, none, one, plus, typeText } from './static-types.ts'
import type { Node } from './syntax.ts'
import type { CelType, CompileFault, Environment, Frame, Issue, Outcome, Overload, Program, Range, Value } from './types.ts'
import { equalAsSets, merged } from './list-types.ts'
import { equal, exceeded, Fault, isList, keyOf, noSuchOverload, Optional, sizeOf, Struct, takeCompared } from './values.ts'

/** The program of an expression, or why it has none. */
export function compile(expression: string, environment: Environment): Program | CompileFault {
  const tree = parse(expression)
  if (isFaulty(tree)) return faultOf(expression, tree)
  const scope: Scope = { environment, functions: functionsOf(environment), locals: new Map(), shared: { slots: 0, faults: [], uses: new Set() } }
  const { type, run, cost } = node(tree, scope)
  if (scope.shared.faults.length > 0) return faultOf(expression, scope.shared.faults)
  return { expression, type, cost, uses: scope.shared.uses, run, slots: scope.shared.slots }
}
export const isCompileFault = (compiled: Program | CompileFault): compiled is CompileFault => 'fault' in compiled

/** Runs a program; `limit` bounds its cost: what is left of the request's budget, or the limit of one call where that is less. */
export function evaluate(program: Program, variables: Readonly<Record<string, Value>>, limit: number): Outcome {
  const frame: Frame = { variables, slots: new Array<Value>(program.slots), cost: 0, limit }
  const value = program.run(frame)
  const spent = frame.cost > limit
  if (spent || value instanceof Fault) return { error: spent || !(value instanceof Fault) ? exceeded.message : value.message, exceeded: spent, cost: frame.cost }
  return { value, cost: frame.cost }
}

/** For whoever finds a lazy field: the value or the Fault, and what it cost. */
export function evaluateWithin(program: Program, variables: Readonly<Record<string, Value>>, limit: number): { readonly value: Value; readonly cost: number } {
  const frame: Frame = { variables, slots: new Array<Value>(program.slots), cost: 0, limit }
  const value = program.run(frame)
  return { value: frame.cost > limit ? exceeded : value, cost: frame.cost }
}

const extended = new WeakMap<readonly Overload[], ReadonlyMap<string, readonly Overload[]>>()
function functionsOf(environment: Environment): ReadonlyMap<string, readonly Overload[]> {
  if (environment.functions === undefined) return standardFunctions
  const known = extended.get(environment.functions)
  if (known !== undefined) return known
  const functions = new Map(standardFunctions)
  for (const overload of environment.functions) functions.set(overload.name, [...functions.get(overload.name) ?? [], overload])
  extended.set(environment.functions, functions)
  return functions
}

const faultsMax = 100
function faultOf(expression: string, faults: readonly { readonly at: number; readonly message: string }[]): CompileFault {
  const ordered = faults.slice(0, faultsMax).map((fault) => ({ ...fault, issue: issueAt(expression, fault) })).sort((left, right) => left.at - right.at)
  return { fault: `compilation failed: ${ordered.map(({ issue }) => issueText(expression, issue)).join('\n')}`, issues: ordered.map(({ issue }) => issue) }
}
function issueAt(expression: string, fault: { readonly at: number; readonly message: string }): Issue {
  const before = expression.slice(0, fault.at).split('\n')
  return { line: before.length, column: [...before.at(-1) ?? ''].length + 1, message: fault.message }
}
const issueText = (expression: string, issue: Issue): string =>
  `ERROR: <input>:${issue.line}:${issue.column}: ${issue.message}\n | ${lineOf(expression, issue)}\n | ${pointer([...lineOf(expression, issue)], issue.column - 1)}`
const lineOf = (expression: string, { line }: Issue): string => expression.split('\n')[line - 1] ?? ''
/** Dots up to a caret; both are wide where a character takes more than a byte. */
const pointer = (line: readonly string[], at: number): string => `${line.slice(0, at).map((character) => isWide(character) ? '\uff0e' : '.').join('')}${isWide(line[at]) ? '\uff3e' : '^'}`
const isWide = (character: string | undefined): boolean => character !== undefined && character > '\x7f'

function node(given: Node, scope: Scope): Typed {
  switch (given.is) {
    case 'literal': return { type: given.type, run: () => given.value, cost: none, size: constantSize(given.value), constant: { value: given.value } }
    case 'name': return compileName(given, scope)
    case 'select': return compileQualified(given, scope) ?? compileSelect(given, node(given.of, scope), scope)
    case 'index': return compileIndex(given, node(given.of, scope), node(given.by, scope), scope)
    case 'call': return call(given, scope)
    case 'and': return logical(given, scope, false)
    case 'or': return logical(given, scope, true)
    case 'choose': return choice(given, scope)
    case 'list': return list(given, scope)
    case 'map': return map(given, scope)
    case 'struct': return struct(given, scope)
    case 'fold': return compileFold(given, node(given.range, scope), scope, node)
    case 'let': return scope.environment.binds === true ? compileLet(given, node(given.value, scope), scope, node) : node(given.call, scope)
    case 'bind': return compileBind(given, node(given.value, scope), scope, node)
  }
}

function call(given: Node & { readonly is: 'call' }, scope: Scope): Typed {
  const { at, target } = given
  const qualified = target === undefined ? undefined : namespaced(target, given.name, scope)
  const name = qualified ?? given.name.replace(/^\./, '')
  const targets = target === undefined || qualified !== undefined ? [] : [node(target, scope)]
  const args = [...targets, ...given.args.map((arg) => given.name === 'format' && target !== undefined && arg.is === 'list' ? list(arg, scope, true) : node(arg, scope))]
  const fault = constantFaults(name, given, args.slice(targets.length), targets[0])
  if (fault !== undefined) return faulty(scope, fault.at, fault.message)
  if (name === '_==_' || name === '_!=_') return equality(at, name, args, scope)
  const made = compileCall({ at, name, member: targets.length > 0, args }, scope)
  const [first] = args
  return name === '_+_' && first?.type.is === 'list' && first.type.listType !== undefined ? merging(first.type, args, made) : made
}

/** left + right where the left one is a set or a map by its schema. */
function merging(listed: CelType & { readonly is: 'list' }, [left, right]: readonly Typed[], made: Typed): Typed {
  if (left === undefined || right === undefined) return made
  return {
    ...made, type: listed,
    run: (frame) => {
      const first = left.run(frame)
      if (first instanceof Fault) return first
      const second = right.run(frame)
      if (second instanceof Fault) return second
      frame.cost++
      return isList(first) && isList(second) ? merged(listed, first, second) : noSuchOverload
    },
  }
}

/** 'sets.contains' of sets.contains(…), unless sets is a variable. */
function namespaced(target: Node, name: string, scope: Scope): string | undefined {
  const space = qualifiedName(target)
  const root = space?.split('.')[0]
  if (space === undefined || root === undefined || scope.locals.has(root) || Object.hasOwn(scope.environment.variables, root)) return undefined
  return scope.functions.has(`${space}.${name}`) ? `${space}.${name}` : undefined
}

function equality(at: number, name: '_==_' | '_!=_', args: readonly Typed[], scope: Scope): Typed {
  const [left, right] = args
  const bindings = new Map<string, CelType>()
  const same: CelType = { is: 'param', name: 'A' }
  if (left === undefined || right === undefined) throw new Error('an equality has two sides')
  if (!fits(same, left.type, bindings) || !fits(same, right.type, bindings)) return faulty(scope, at, `found no matching overload for '${name}' applied to '(${typeText(left.type)}, ${typeText(right.type)})'`)
  const compare = equalAsSets(left.type, right.type) ?? equal
  const wanted = name === '_==_'
  const smallest = Math.min(left.size.max, right.size.max)
  const own: Range = { min: smallest > 0 ? 1 : 0, max: Math.ceil(smallest * 0.1) }
  return {
    type: bool, size: one, cost: plus(left.cost, right.cost, own),
    run: (frame) => {
      const first = left.run(frame)
      if (first instanceof Fault) return first
      const second = right.run(frame)
      if (second instanceof Fault) return second
      frame.cost += Math.ceil(Math.min(sizeOf(first), sizeOf(second)) * 0.1)
      if (frame.cost > frame.limit) return exceeded
      const answer = compare(first, second) === wanted
      frame.cost += takeCompared() >> 1
      return frame.cost > frame.limit ? exceeded : answer
    },
  }
}

/** && and ||: the deciding value ends it, and makes up for faults before and after. */
function logical(given: Node & { readonly is: 'and' | 'or' }, scope: Scope, decisive: boolean): Typed {
  const terms = given.terms.map((term) => node(term, scope))
  for (const [index, { type }] of terms.entries()) if (!isBool(type)) faulty(scope, given.terms[index]?.at ?? given.at, `expected type 'bool' but found '${typeText(type)}'`)
  const runs = terms.map(({ run }) => run)
  return {
    type: bool, size: one, cost: { min: terms[0]?.cost.min ?? 0, max: plus(...terms.map(({ cost }) => cost)).max },
    run: (frame) => {
      let fault: Fault | undefined
      for (const run of runs) {
        const value = run(frame)
        if (value === decisive) return value
        if (value === !decisive) continue
        if (value instanceof Fault && value.fatal) return value
        fault ??= value instanceof Fault ? value : noSuchOverload
      }
      return fault ?? !decisive
    },
  }
}

const isBool = ({ is }: CelType): boolean => is === 'bool' || is === 'dyn' || is === 'param'

function choice(given: Node & { readonly is: 'choose' }, scope: Scope): Typed {
  const [condition, then, otherwise] = given.args.map((arg) => node(arg, scope))
  if (condition === undefined || then === undefined || otherwise === undefined) throw new Error('a choice has three parts')
  const bindings = new Map<string, CelType>()
  const same: CelType = { is: 'param', name: 'A' }
  if (!fits(bool, condition.type, bindings) || !fits(same, then.type, bindings) || !fits(same, otherwise.type, bindings)) {
    return faulty(scope, given.at, `found no matching overload for '_?_:_' applied to '(${[condition, then, otherwise].map(({ type }) => typeText(type)).join(', ')})'`)
  }
  return {
    type: bindings.get('A') ?? dyn, size: either(then.size, otherwise.size), cost: plus(condition.cost, either(then.cost, otherwise.cost)),
    run: (frame) => {
      const value = condition.run(frame)
      return value === true ? then.run(frame) : value === false ? otherwise.run(frame) : value instanceof Fault ? value : noSuchOverload
    },
  }
}

/** The type of all elements of a literal: they have one type, or one of them is dyn. */
function common(items: readonly { readonly at: number; readonly type: CelType }[], scope: Scope): CelType {
  const bindings = new Map<string, CelType>()
  const same: CelType = { is: 'param', name: 'A' }
  for (const { at, type } of items) {
    const before = bindings.get('A')
    // As upstream: what is dyn and what is not do not go together either.
    if ((before !== undefined && (before.is === 'dyn') !== (type.is === 'dyn') && before.is !== 'param' && type.is !== 'param') || !fits(same, type, bindings)) {
      faulty(scope, at, `expected type '${typeText(before ?? dyn)}' but found '${typeText(type)}'`)
      return dyn
    }
  }
  return bindings.get('A') ?? free
}

const listCost = 10, mapCost = 30, structCost = 40

/** `mixed`: the items may be of different types. */
function list(given: Node & { readonly is: 'list' }, scope: Scope, mixed = false): Typed {
  const items = given.items.map(({ value, optional }) => ({ at: value.at, optional, typed: node(value, scope) }))
  const type: CelType = { is: 'list', items: mixed ? dyn : common(items.map(({ at, optional, typed }) => ({ at, type: optional && typed.type.is === 'optional' ? typed.type.of : typed.type })), scope), maxSize: items.length }
  const size: Range = { min: items.filter(({ optional }) => !optional).length, max: items.length }
  const values = items.map(({ typed }) => typed.constant), itemTypes = items.map(({ typed }) => typed.type)
  if (values.every((value) => value !== undefined) && values.length > 0) {
    const constant: readonly Value[] = values.map((value) => value.value)
    return { type, size, cost: { min: listCost, max: listCost }, run: () => constant, constant: { value: constant }, itemTypes }
  }
  return {
    type, size, itemTypes, cost: plus({ min: listCost, max: listCost }, ...items.map(({ typed }) => typed.cost)),
    run: (frame) => {
      const made: Value[] = []
      for (const { typed, optional } of items) {
        const value = typed.run(frame)
        if (value instanceof Fault) return value
        if (!optional) made.push(value)
        else if (!(value instanceof Optional)) return noSuchOverload
        else if (value.value !== undefined) made.push(value.value)
      }
      frame.cost += listCost
      return made
    },
  }
}

function map(given: Node & { readonly is: 'map' }, scope: Scope): Typed {
  const entries = given.entries.map((entry) => ({ entry, key: node(entry.key, scope), value: node(entry.value, scope) }))
  const type: CelType = {
    is: 'map', keys: common(entries.map(({ entry, key }) => ({ at: entry.key.at, type: key.type })), scope), maxSize: entries.length,
    values: common(entries.map(({ entry, value }) => ({ at: entry.value.at, type: entry.optional && value.type.is === 'optional' ? value.type.of : value.type })), scope),
  }
  return {
    type, size: { min: 0, max: entries.length }, cost: plus({ min: mapCost, max: mapCost }, ...entries.flatMap(({ key, value }) => [key.cost, value.cost])),
    run: (frame) => {
      const made = new Map<Value, Value>()
      for (const { entry, key, value } of entries) {
        const name = key.run(frame)
        if (name instanceof Fault) return name
        const held = value.run(frame)
        if (held instanceof Fault) return held
        const canonical = keyOf(name)
        if (canonical === undefined) return new Fault('unsupported key type')
        if (made.has(canonical)) return new Fault(`duplicate key: ${String(canonical)}`)
        if (!entry.optional) made.set(canonical, held)
        else if (!(held instanceof Optional)) return noSuchOverload
        else if (held.value !== undefined) made.set(canonical, held.value)
      }
      frame.cost += mapCost
      return made
    },
  }
}

function struct(given: Node & { readonly is: 'struct' }, scope: Scope): Typed {
  const name = given.name.replace(/^\./, '')
  const type = structNamed(scope, name)
  if (type === undefined) return faulty(scope, given.at, typeNamed(scope, name) === undefined ? `undeclared reference to '${name}' (in container '')` : `'${name}' is not a message type`)
  const fields = given.fields.map((field) => {
    const typed = node(field.value, scope), known = type.field(field.name)
    if (known === undefined) faulty(scope, field.at, `undefined field '${field.name}'`)
    const held = field.optional && typed.type.is === 'optional' ? typed.type.of : typed.type
    if (known !== undefined && !fits(known.type, held, new Map())) faulty(scope, field.at, `expected type of field '${field.name}' is '${typeText(known.type)}' but provided type is '${typeText(held)}'`)
    return { property: known?.property ?? field.name, typed, optional: field.optional }
  })
  return {
    type, size: one, cost: plus({ min: structCost, max: structCost }, ...fields.map(({ typed }) => typed.cost)),
    run: (frame) => {
      const made: Record<string, Value> = {}
      for (const { property, typed, optional } of fields) {
        const value = typed.run(frame)
        if (value instanceof Fault) return value
        const held = optional && value instanceof Optional ? value.value : value
        if (held !== undefined) Object.defineProperty(made, property, { value: held, enumerable: true, configurable: true, writable: true })
      }
      frame.cost += structCost
      return new Struct(type.name, made)
    },
  }
}
