// Strategic merge patches: like merge patches, but lists merge by key where the schema says so, with directives in the patch.
import type { Refusal } from '../refusal.ts'
import { goValue, kindOf } from '../schema/go.ts'
import type { Definition, Definitions, Field } from '../schema/types.ts'
import { badRequest } from './refusals.ts'

type Json = Readonly<Record<string, unknown>>
class Fault extends Error {}
/** What upstream calls a bad request; other faults are its own to it, with status 500. */
class Malformed extends Fault {}

const deleteFrom = '$deleteFromPrimitiveList/'
const setOrder = '$setElementOrder/'
const retainKeys = '$retainKeys'
const directive = '$patch'

const isMap = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value) && Object.getPrototypeOf(value) !== null

/** Applies a strategic merge patch; 400 or 500, as upstream, when a directive makes no sense. */
export function strategicPatch(before: Json, patch: unknown, definition: Definition, definitions: Definitions): { readonly value: Json } | Refusal {
  if (patch === null) return { value: before }
  if (!isMap(patch)) return badRequest(`json: cannot unmarshal ${Array.isArray(patch) ? 'array' : typeof patch} into Go value of type map[string]interface {}`)
  try {
    return { value: new Merger(definitions).map(before, patch, definition) }
  } catch (error) {
    if (error instanceof Malformed) return badRequest(error.message)
    if (error instanceof Fault) return { refused: true, code: 500, reason: '', message: error.message }
    throw error
  }
}

class Merger {
  readonly #definitions: Definitions
  constructor(definitions: Definitions) { this.#definitions = definitions }

  #definitionOf(field: Field | undefined): Definition | undefined {
    const found = field?.ref === undefined ? undefined : this.#definitions.get(field.ref)
    return found?.scalar ? undefined : found
  }

  map(before: Json, patch: Json, definition: Definition | undefined, values?: Field): Json {
    const said = patch[directive]
    if (said === 'replace') return clean(without(patch, directive)) as Json
    if (said === 'delete') return {}
    if (said !== undefined) throw new Fault(`unknown patch type: ${goValue(said)} in map: ${goValue(patch)}`)
    for (const key of Object.keys(patch)) if (key.startsWith(setOrder.slice(0, -1))) checkOrder(patch, key, before, definition)
    const made = new Map(Object.entries(retained(before, patch)))
    for (const [key, value] of Object.entries(patch)) {
      if (key === retainKeys || key.startsWith(setOrder)) continue
      if (key.startsWith(deleteFrom.slice(0, -1))) {
        if (!key.startsWith(deleteFrom)) throw new Malformed('invalid patch format of primitive list')
        const name = key.slice(deleteFrom.length)
        const taken = new Set(listOf(value).map(identity))
        const list = made.get(name)
        if (Array.isArray(list)) made.set(name, list.filter((item) => !taken.has(identity(item))))
        continue
      }
      if (value === null) { made.delete(key); continue }
      const merged = this.#field(made.get(key), value, definition?.fields[key] ?? values)
      if (merged === undefined) made.delete(key)
      else made.set(key, merged)
    }
    for (const [key, order] of Object.entries(patch)) {
      if (!key.startsWith(setOrder) || !Array.isArray(order)) continue
      const name = key.slice(setOrder.length)
      const merged = made.get(name)
      const field = definition?.fields[name]
      if (Array.isArray(merged)) made.set(name, inOrder(merged, order, listOf(before[name]), field?.items?.ref !== undefined ? field.patchMergeKey : undefined))
    }
    return Object.fromEntries(made)
  }

  #field(before: unknown, patch: unknown, field: Field | undefined): unknown {
    const strategies = field?.patchStrategy?.split(',') ?? []
    if (isMap(patch) && isMap(before) && !strategies.includes('replace')) return this.map(before, patch, this.#definitionOf(field), field?.values)
    if (isMap(patch) && patch[directive] === 'delete') return undefined
    if (Array.isArray(patch) && Array.isArray(before) && strategies.includes('merge')) return this.#list(before, patch, field)
    return clean(patch)
  }

  #list(before: readonly unknown[], patch: readonly unknown[], field: Field | undefined): readonly unknown[] {
    if (before.length === 0 && patch.length === 0) return before
    if (new Set([...before, ...patch].map(kindOf)).size > 1) throw new Fault(`list element types are not identical: ${goValue([before, patch])}`)
    if (!patch.every(isMap)) return inOrder(union(before, patch), patch, before, undefined)
    const key = field?.patchMergeKey
    if (key === undefined) throw new Fault('map: does not contain declared merge key')
    const definition = this.#definitionOf(field?.items)
    for (const item of patch) {
      const said = item[directive]
      if (said === 'merge') throw new Fault('merging lists cannot yet be specified in the patch')
      if (said !== undefined && said !== 'replace' && said !== 'delete') throw new Fault(`unknown patch type: ${goValue(said)} in map: ${goValue(item)}`)
    }
    if (patch.some((item) => item[directive] === 'replace')) return patch.filter((item) => item[directive] === undefined).map(clean)
    const made: unknown[] = [...before]
    const places = new Map<unknown, number[]>()
    const note = (name: unknown, at: number): void => { const known = places.get(identity(name)); if (known === undefined) places.set(identity(name), [at]); else known.push(at) }
    for (const [at, each] of before.entries()) if (isMap(each)) note(each[key], at)
    for (const item of patch) {
      const name = item[key]
      if (name === undefined) throw new Fault(`map: ${goValue(item)} does not contain declared merge key: ${key}`)
      const found = places.get(identity(name)) ?? []
      if (item[directive] === 'delete') {
        for (const at of found) made[at] = gone
        places.delete(identity(name))
        continue
      }
      const plain = item
      const [at] = found
      const there = at === undefined ? undefined : made[at]
      if (at !== undefined && isMap(there)) made[at] = this.map(there, plain, definition)
      else note(name, made.push(clean(plain)) - 1)
    }
    return inOrder(made.filter((each) => each !== gone), patch.filter((item) => item[directive] !== 'delete'), before, key)
  }
}

/** The place of an item that was deleted. */
const gone = Symbol('gone')
/** What tells items apart, so that lists of any length are merged in one pass: a merge key is a scalar, save in nonsense. */
const identity = (name: unknown): unknown => (typeof name === 'object' && name !== null ? JSON.stringify(name) : name)

/** The items of both lists, each once, those of the first as they are. */
function union(before: readonly unknown[], patch: readonly unknown[]): readonly unknown[] {
  const known = new Set(before.map(identity))
  return [...before, ...patch.filter((item) => { const isNew = !known.has(identity(item)); known.add(identity(item)); return isNew })]
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const without = (map: Json, key: string): Json => Object.fromEntries(Object.entries(map).filter(([each]) => each !== key))

/** What $retainKeys leaves of the original; every key that the patch sets must be among them. */
function retained(before: Json, patch: Json): Json {
  const keys = patch[retainKeys]
  if (keys === undefined) return before
  if (!Array.isArray(keys)) throw new Malformed('invalid patch format of retainKeys')
  for (const key of Object.keys(patch)) {
    if (!key.startsWith('$') && patch[key] !== null && !keys.includes(key)) throw new Malformed('invalid patch format of retainKeys')
  }
  return Object.fromEntries(Object.entries(before).filter(([key]) => keys.includes(key)))
}

/** What a patch says of a list's order must be a list, and its own items must come in that order. */
function checkOrder(patch: Json, key: string, before: Json, definition: Definition | undefined): void {
  const order = patch[key]
  if (!Array.isArray(order)) throw new Fault(`expected a slice, but received a ${kindOf(order)}`)
  if (!key.startsWith(setOrder)) throw new Malformed('invalid patch format of setElementOrder list')
  const name = key.slice(setOrder.length)
  for (const list of [before[name], patch[name]]) if (list !== undefined && !Array.isArray(list)) throw new Fault(`expected a slice, but received a ${kindOf(list)}`)
  const items = listOf(patch[name])
  const mergeKey = definition?.fields[name]?.patchMergeKey
  const identityOf = (item: unknown): unknown => identity(mergeKey !== undefined && isMap(item) ? item[mergeKey] : item)
  if (order.length === 0) return
  const said = items.filter((item) => !(isMap(item) && item[directive] !== undefined))
  let at = 0
  for (const each of order) if (at < said.length && identityOf(said[at]) === identityOf(each)) at++
  if (at < said.length) throw new Fault(`The order in patch list:\n${goValue(items)}\n doesn't match ${setOrder.slice(0, -1)} list:\n${goValue(order)}\n`)
}

/** A part of a patch that meets nothing to merge with: its directives and nulls say nothing there. */
function clean(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((item) => !(isMap(item) && item[directive] === 'delete')).map(clean)
  if (!isMap(value)) return value
  return Object.fromEntries(Object.entries(value)
    .filter(([key, item]) => item !== null && key !== directive && key !== retainKeys && !key.startsWith(setOrder) && !key.startsWith(deleteFrom))
    .map(([key, item]) => [key, clean(item)]))
}

/**
 * The merged list in the order that the patch asks for, by $setElementOrder or by its own items. Items that the patch does not name keep their place relative to the
 * named ones as far as both orders allow: each goes before the first named item that it preceded on the server.
 */
function inOrder(merged: readonly unknown[], order: readonly unknown[], before: readonly unknown[], key: string | undefined): readonly unknown[] {
  const nameOf = (item: unknown): unknown => (key !== undefined && isMap(item) ? item[key] : item)
  const ranks = (list: readonly unknown[]): ((item: unknown) => number) => {
    const places = new Map<unknown, number>()
    for (const [at, item] of list.entries()) if (!places.has(identity(nameOf(item)))) places.set(identity(nameOf(item)), at)
    return (item) => places.get(identity(nameOf(item))) ?? -1
  }
  const [inPatch, onServer] = [ranks(order), ranks(before)]
  const named = merged.filter((item) => inPatch(item) >= 0).sort((a, b) => inPatch(a) - inPatch(b))
  const others = merged.filter((item) => inPatch(item) < 0)
  const made: unknown[] = []
  let next = 0
  for (const other of others) {
    const place = onServer(other)
    while (next < named.length && !(onServer(named[next]) > place && place >= 0)) made.push(named[next++])
    made.push(other)
  }
  return [...made, ...named.slice(next)]
}
