// Comprehensions: one loop each, charged as upstream's general fold would be.
import { faulty, within, type Scope, type Typed } from './scope.ts'
import { bool, dyn, either, none, one, plus, sizeOfType, times, typeText } from './static-types.ts'
import type { Fold, Node } from './syntax.ts'
import type { CelType, Frame, Range, Value } from './types.ts'
import { conversionOf } from './convert.ts'
import { compareValues, entriesOf, entryOf, exactly, exceeded, Fault, isList, isMap, keyOf, keysOf, noSuchOverload, Optional } from './values.ts'

type Compile = (node: Node, scope: Scope) => Typed

/** Upstream's cost of one turn besides the body, and of the beginning and the end. */
const perTurn: Readonly<Record<Fold['kind'], Range>> = {
  all: { min: 3, max: 3 }, exists: { min: 4, max: 4 }, existsOne: { min: 1, max: 2 },
  map: { min: 12, max: 12 }, sortBy: { min: 12, max: 12 }, filter: { min: 1, max: 13 }, transformList: { min: 12, max: 12 }, transformMap: { min: 32, max: 32 }, transformMapEntry: { min: 2, max: 2 },
}
const around: Readonly<Record<Fold['kind'], number>> = { all: 1, exists: 1, existsOne: 2, map: 11, sortBy: 11, filter: 11, transformList: 11, transformMap: 31, transformMapEntry: 31 }

export function compileFold(node: Fold, range: Typed, scope: Scope, compile: Compile): Typed {
  const held = range.type
  if (held.is !== 'list' && held.is !== 'map' && held.is !== 'dyn' && held.is !== 'param') {
    return faulty(scope, node.range.at, `expression of type '${typeText(held)}' cannot be range of a comprehension (must be list, map, or dynamic)`)
  }
  const types = namesOf(held, node.names.length)
  const { inner, slots } = within(scope, node.names.map((name, index) => [name, types[index] ?? dyn]), range.placed === true)
  const filter = node.filter === undefined ? undefined : compile(node.filter, inner)
  const body = compile(node.body, inner)
  const judged = node.kind === 'all' || node.kind === 'exists' || node.kind === 'existsOne' || node.kind === 'filter'
  const judge = filter ?? (judged ? body : undefined)
  if (judge !== undefined && judge.type.is !== 'bool' && judge.type.is !== 'dyn' && judge.type.is !== 'param') {
    const isQuantifier = node.kind === 'all' || node.kind === 'exists'
    return faulty(scope, isQuantifier ? node.body.at : node.at, isQuantifier ? `expected type 'bool' but found '${typeText(judge.type)}'` : notChoosing(judge.type, resultOf(node, held, node.kind === 'existsOne' ? { is: 'int' } : body.type, range.size), node.kind))
  }
  const turn = plus(perTurn[node.kind], filter?.cost ?? none, either(filter === undefined ? body.cost : none, body.cost))
  const cost = plus(range.cost, times(range.size, turn), { min: around[node.kind], max: around[node.kind] })
  if (node.kind === 'sortBy' && !sortable.has(body.type.is)) return faulty(scope, node.at, `found no matching overload for '@sortByAssociatedKeys' applied to '${typeText(held)}.(list(${typeText(body.type)}))'`)
  const type = resultOf(node, held, body.type, range.size)
  return { type, cost, size: sizeOfType(type), run: loop(node, range, turns(held, slots), filter, body) }
}

const sortable = new Set(['int', 'uint', 'double', 'bool', 'duration', 'timestamp', 'string', 'bytes', 'dyn', 'param'])

/** As upstream's fold, which chooses between what it has and what it would have with the item. */
const notChoosing = (type: CelType, result: CelType, kind: Fold['kind']): string => {
  const collected = kind === 'existsOne' ? 'int' : typeText(result)
  return `found no matching overload for '_?_:_' applied to '(${typeText(type)}, ${collected}, ${collected})'`
}

/** The types of the names: an item, or a map's key; with two names an index or key and what is there. */
function namesOf(held: CelType, count: number): readonly CelType[] {
  if (held.is === 'list') return count === 1 ? [held.items] : [{ is: 'int' }, held.items]
  if (held.is === 'map') return [held.keys, held.values]
  return [dyn, dyn]
}

function resultOf(node: Fold, held: CelType, body: CelType, size: Range): CelType {
  const bound = Number.isFinite(size.max) ? { maxSize: size.max } : {}
  switch (node.kind) {
    case 'all': case 'exists': case 'existsOne': return bool
    case 'filter': case 'sortBy': return { is: 'list', items: namesOf(held, 1)[0] ?? dyn, ...bound }
    case 'map': case 'transformList': return { is: 'list', items: body, ...bound }
    case 'transformMap': return { is: 'map', keys: namesOf(held, 2)[0] ?? dyn, values: body, ...bound }
    case 'transformMapEntry': return body.is === 'map' ? { ...body, ...bound } : { is: 'map', keys: dyn, values: dyn }
  }
}

type Turns = (range: Value, frame: Frame, turn: () => Value) => Value

/** Calls `turn` for each item with the names set, until it answers something. */
function turns(held: CelType, slots: readonly number[]): Turns {
  const [first = 0, second] = slots
  const convert = held.is === 'list' ? conversionOf(held.items) : held.is === 'map' ? conversionOf(held.values) : undefined
  const set = (frame: Frame, key: Value, value: Value): void => {
    frame.slots[first] = key
    if (second !== undefined) frame.slots[second] = convert === undefined ? value : convert(value)
  }
  return (range, frame, turn) => {
    if (isList(range)) {
      for (let index = 0; index < range.length; index++) {
        if (second === undefined) frame.slots[first] = convert === undefined ? exactly(range[index]) : convert(range[index])
        else set(frame, index, range[index])
        const answer = turn()
        if (frame.cost > frame.limit) return exceeded
        if (answer !== undefined) return answer
      }
      return undefined
    }
    if (!isMap(range)) return noSuchOverload
    for (const key of keysOf(range)) {
      set(frame, key, second === undefined ? undefined : entryOf(range, key))
      const answer = turn()
      if (frame.cost > frame.limit) return exceeded
      if (answer !== undefined) return answer
    }
    return undefined
  }
}

function loop(node: Fold, range: Typed, each: Turns, filter: Typed | undefined, body: Typed): Typed['run'] {
  const { kind } = node
  const fixed = around[kind], price = perTurn[kind].min
  return (frame) => {
    const held = range.run(frame)
    if (held instanceof Fault) return held
    frame.cost += fixed
    switch (kind) {
      case 'all': case 'exists': return quantified(held, frame, each, body.run, price, kind === 'exists')
      case 'existsOne': return exactlyOne(held, frame, each, body.run)
      default: return collected(kind, held, frame, each, filter?.run, body.run, price)
    }
  }
}

/** The first item that decides ends the loop; faults of the others are forgotten then. */
function quantified(held: Value, frame: Frame, each: Turns, body: Typed['run'], price: number, decisive: boolean): Value {
  let fault: Value
  const answer = each(held, frame, () => {
    frame.cost += price
    const value = body(frame)
    if (value === decisive) return value
    if (value !== !decisive) fault ??= value instanceof Fault ? value : noSuchOverload
    return value instanceof Fault && value.fatal ? value : undefined
  })
  return answer ?? fault ?? !decisive
}

function exactlyOne(held: Value, frame: Frame, each: Turns, body: Typed['run']): Value {
  let count = 0
  const answer = each(held, frame, () => {
    const value = body(frame)
    if (typeof value !== 'boolean') return value instanceof Fault ? value : noSuchOverload
    frame.cost += value ? 2 : 1
    if (value) count++
    return undefined
  })
  return answer ?? count === 1
}

function collected(kind: Fold['kind'], held: Value, frame: Frame, each: Turns, filter: Typed['run'] | undefined, body: Typed['run'], price: number): Value {
  const list: Value[] = [], map = new Map<Value, Value>()
  const keys = isList(held) ? undefined : isMap(held) ? keysOf(held) : []
  let index = -1
  const answer = each(held, frame, () => {
    index++
    const key = keys === undefined ? index : keys[index]
    const kept = filter === undefined ? true : filter(frame)
    if (kept === false) { frame.cost += 1; return undefined }
    if (kept !== true) return kept instanceof Fault ? kept : noSuchOverload
    const value = body(frame)
    if (value instanceof Fault) return value
    if (kind === 'filter') {
      if (typeof value !== 'boolean') return noSuchOverload
      frame.cost += value ? 13 : 1
      if (value) list.push(isList(held) ? held[index] : key)
      return undefined
    }
    frame.cost += price
    if (kind === 'transformMap') map.set(keyOf(key), value)
    else if (kind === 'transformMapEntry') return addEntries(map, value)
    else list.push(value)
    return undefined
  })
  if (answer === undefined && kind === 'sortBy') return sorted(isList(held) ? held : [], list)
  return answer ?? (kind === 'transformMap' || kind === 'transformMapEntry' ? map : list)
}

/** The items in the order of their keys; keys that have none are a fault. */
function sorted(items: readonly Value[], keys: readonly Value[]): Value {
  const places = items.map((_, index) => index)
  let unordered = false
  places.sort((left, right) => {
    const order = compareValues(keys[left], keys[right])
    unordered ||= order === undefined
    return order ?? 0
  })
  return unordered ? new Fault('list elements must have the same type') : places.map((place) => items[place])
}

function addEntries(map: Map<Value, Value>, value: Value): Value {
  if (!isMap(value)) return noSuchOverload
  for (const [key, item] of entriesOf(value)) {
    if (map.has(key)) return new Fault(`insert failed: key ${String(key)} already exists`)
    map.set(key, item)
  }
  return undefined
}

/** optMap and optFlatMap: a name for what an optional holds while the body runs. */
export function compileBind(node: Node & { readonly is: 'bind' }, value: Typed, scope: Scope, compile: Compile): Typed {
  const { how } = node
  if (value.type.is !== 'optional' && value.type.is !== 'dyn') {
    return faulty(scope, node.at, `found no matching overload for '${how}' applied to '${typeText(value.type)}.(dyn, dyn)'`)
  }
  const held = value.type.is === 'optional' ? value.type.of : dyn
  const { inner, slots: [slot = 0] } = within(scope, [[node.name, held]])
  const body = compile(node.body, inner)
  const type: CelType = how === 'optMap' ? { is: 'optional', of: body.type } : body.type
  const overhead = 2
  return {
    type, size: one, cost: plus(value.cost, { min: overhead, max: overhead }, either(none, body.cost)),
    run: (frame) => {
      const found = value.run(frame)
      if (found instanceof Fault) return found
      frame.cost += overhead
      if (!(found instanceof Optional)) return noSuchOverload
      if (found.value === undefined) return found
      frame.slots[slot] = found.value
      const answer = body.run(frame)
      return how === 'optMap' && !(answer instanceof Fault) ? new Optional(answer) : answer
    },
  }
}

/** What upstream reckons for making a list. */
const emptyList = 10
/** cel.bind: a name for a value while the body runs. As upstream, where it is a fold over an empty list: that list is reckoned with, and costs nothing when it runs. */
export function compileLet(node: Node & { readonly is: 'let' }, value: Typed, scope: Scope, compile: Compile): Typed {
  const { inner, slots: [slot = 0] } = within(scope, [[node.name, value.type]], value.placed === true)
  const body = compile(node.body, inner)
  return {
    type: body.type, size: body.size, cost: plus(value.cost, { min: emptyList, max: emptyList }, body.cost),
    run: (frame) => {
      const found = value.run(frame)
      if (found instanceof Fault) return found
      frame.slots[slot] = found
      return body.run(frame)
    },
  }
}
