// Objects seen through the schema: which paths they set, how two of them differ, how they merge, and one without some paths.
import { deepEqual } from 'fast-equals'
import { goSyntax, goValue } from '../schema/go.ts'
import type { Definition, Definitions, Field } from '../schema/types.ts'
import { exactInteger } from '../text/json.ts'
import { type FieldSet, isEmpty, node, noFields, oneField, printElement } from './field-set.ts'
import { isMap, itemElement, type Json, memberField, missingKey, type Shape, shapeOf } from './shape.ts'

/** The root as a field, so that one walk serves all. */
export const rootField = (definition: Definition): Field => ({ type: 'object', ref: definition.name, mapType: 'granular' })

/** What differs: paths that are new, that changed, and that are gone (with all below them). */
export interface Comparison { readonly added: FieldSet; readonly modified: FieldSet; readonly removed: FieldSet }

export const nothing: Comparison = { added: noFields, modified: noFields, removed: noFields }

/** A comparison of two maps or lists while it is made. */
export class Change {
  readonly added = new Map<string, FieldSet>()
  readonly modified = new Map<string, FieldSet>()
  readonly removed = new Map<string, FieldSet>()
  note(element: string, below: Comparison): void {
    if (!isEmpty(below.added)) this.added.set(element, below.added)
    if (!isEmpty(below.modified)) this.modified.set(element, below.modified)
    if (!isEmpty(below.removed)) this.removed.set(element, below.removed)
  }
  gone(name: string): void { this.removed.set(`f:${name}`, oneField) }
  result(): Comparison {
    const set = (below: ReadonlyMap<string, FieldSet>): FieldSet => (below.size === 0 ? noFields : { has: false, below })
    return { added: set(this.added), modified: set(this.modified), removed: set(this.removed) }
  }
}

export class Typed {
  readonly #definitions: Definitions
  constructor(definitions: Definitions) { this.#definitions = definitions }

  /** The paths that an applied value sets. */
  fields(value: unknown, field: Field | undefined): FieldSet {
    const shape = shapeOf(field, value, this.#definitions)
    const below = new Map<string, FieldSet>()
    if ((shape.is === 'struct' || shape.is === 'map') && isMap(value)) {
      for (const [name, item] of Object.entries(value)) {
        const inner = this.fields(item, memberField(shape, name))
        const own = inner.has || item === null || (isMap(item) && Object.keys(item).length === 0) || shape.is === 'map'
        const made = node(own, inner.below)
        if (made) below.set(`f:${name}`, made)
      }
      return { has: false, below }
    }
    if ((shape.is === 'keyed' || shape.is === 'set') && Array.isArray(value)) {
      for (const item of value) below.set(itemElement(shape, item, this.#definitions), { has: true, below: shape.is === 'keyed' ? this.fields(item, shape.items).below : new Map() })
      return { has: false, below }
    }
    return oneField
  }

  /** Every path of a value that comes new, with the maps and lists on the way. */
  whole(value: unknown, field: Field | undefined): FieldSet {
    const { below } = this.#belowWhole(value, field)
    return { has: true, below }
  }
  #belowWhole(value: unknown, field: Field | undefined): FieldSet {
    const below = new Map<string, FieldSet>()
    const shape = shapeOf(field, value, this.#definitions)
    for (const [element, item, inner] of this.#members(value, shape)) below.set(element, this.whole(item, inner))
    return { has: false, below }
  }
  #members(value: unknown, shape: Shape): readonly (readonly [string, unknown, Field | undefined])[] {
    if ((shape.is === 'struct' || shape.is === 'map') && isMap(value)) return Object.entries(value).map(([name, item]) => [`f:${name}`, item, memberField(shape, name)])
    if (shape.is === 'keyed' && Array.isArray(value)) return value.map((item) => [itemElement(shape, item, this.#definitions), item, shape.items])
    if (shape.is === 'set' && Array.isArray(value)) return value.map((item) => [itemElement(shape, item, this.#definitions), item, undefined])
    return []
  }

  /** What keeps an applied value from having paths at all: items of one list with the same key, or without one. */
  faults(value: unknown, field: Field | undefined, path = ''): readonly string[] {
    const form = field !== undefined ? formFault(value, field, this.#definitions) : undefined
    if (form !== undefined) return [`${path}: ${form}`]
    const shape = shapeOf(field, value, this.#definitions)
    const found: string[] = []
    const seen = new Set<string>()
    const members = this.#members(value, shape)
    for (const [index, [element, item, inner]] of members.entries()) {
      const missing = shape.is === 'keyed' ? missingKey(shape, element, this.#definitions) : undefined
      if (missing !== undefined && element === 'k:{}' && shape.is === 'keyed') found.push(`${path}: element ${index}: associative list with keys has an element that omits all key fields [${shape.keys.map((key) => JSON.stringify(key)).join(' ')}] (and doesn't have default values for any key fields)`)
      else if (missing !== undefined) found.push(`${path}: element ${index}: associative list with keys has an element that omits key field ${JSON.stringify(missing)} (and doesn't have default value)`)
      else if (seen.has(element)) found.push(`${path}: duplicate entries for key ${printElement(element)}`)
      seen.add(element)
      if (inner === undefined && shape.is === 'struct') { found.push(`${path}${printElement(element)}: field not declared in schema`); continue }
      found.push(...this.faults(item, inner, path + printElement(element)))
    }
    return found
  }

  /** How the second differs from the first. */
  compare(before: unknown, after: unknown, field: Field | undefined): Comparison {
    if (before === after) return nothing
    const shape = shapeOf(field, after ?? before, this.#definitions)
    if (shape.is === 'leaf' || !sameForm(before, after)) return deepEqual(before, after) ? nothing : { ...nothing, modified: oneField }
    const change = new Change()
    if (isMap(before) && isMap(after)) {
      for (const name of Object.keys(after)) {
        const [was, is] = [before[name], after[name]]
        if (was === is && was !== undefined) continue
        const inner = memberField(shape, name)
        if (was === undefined) change.added.set(`f:${name}`, this.whole(is, inner))
        else change.note(`f:${name}`, this.compare(was, is, inner))
      }
      for (const name of Object.keys(before)) if (after[name] === undefined) change.gone(name)
      return change.result()
    }
    const old = new Map(this.#members(before, shape).map(([element, item]) => [element, item]))
    for (const [element, item, inner] of this.#members(after, shape)) {
      if (!old.has(element)) { change.added.set(element, this.whole(item, inner)); continue }
      change.note(element, this.compare(old.get(element), item, inner))
      old.delete(element)
    }
    for (const element of old.keys()) change.removed.set(element, oneField)
    return change.result()
  }

  /** The live value with the applied one merged in. */
  merge(live: unknown, applied: unknown, field: Field | undefined): unknown {
    const shape = shapeOf(field, applied, this.#definitions)
    // A null says nothing of what is merged part by part.
    if (applied === null && live !== undefined && shapeOf(field, live, this.#definitions).is !== 'leaf') return live
    if (shape.is === 'leaf' || !sameForm(live, applied)) return applied
    if (isMap(live) && isMap(applied)) {
      const made = new Map<string, unknown>(Object.entries(live))
      for (const [name, value] of Object.entries(applied)) made.set(name, made.has(name) ? this.merge(made.get(name), value, memberField(shape, name)) : value)
      return Object.fromEntries(made)
    }
    return this.#mergeLists(this.#members(live, shape), this.#members(applied, shape), shape)
  }
  /** Items of both come in the applied order; items of the live list alone keep their place among them. */
  #mergeLists(live: readonly (readonly [string, unknown, Field | undefined])[], applied: readonly (readonly [string, unknown, Field | undefined])[], shape: Shape): readonly unknown[] {
    const old = new Map(live.map(([element, item]) => [element, item]))
    const wanted = new Set(applied.map(([element]) => element))
    const made: unknown[] = []
    const done = new Set<string>()
    let next = 0
    for (const [element, item] of live) {
      if (!wanted.has(element)) { made.push(item); continue }
      while (next < applied.length && !done.has(element)) {
        const [name, value, inner] = applied[next++] ?? ['', undefined, undefined]
        done.add(name)
        made.push(old.has(name) && shape.is === 'keyed' ? this.merge(old.get(name), value, inner) : value)
      }
    }
    for (; next < applied.length; next++) made.push(applied[next]?.[1])
    return made
  }

  /** The value without these paths (and all below them); maps and lists that become empty go too. */
  without(value: unknown, gone: FieldSet, field: Field | undefined): unknown {
    if (gone.has) return undefined
    if (gone.below.size === 0) return value
    const shape = shapeOf(field, value, this.#definitions)
    const kept: (readonly [string, unknown])[] = []
    const members = this.#members(value, shape)
    if (members.length === 0) return value
    for (const [element, item, inner] of members) {
      const branch = gone.below.get(element)
      const left = branch === undefined ? item : this.without(item, branch, inner)
      if (left !== undefined) kept.push([element, left])
    }
    if (kept.length === 0) return undefined
    return Array.isArray(value) ? kept.map(([, item]) => item) : Object.fromEntries(kept.map(([element, item]) => [element.slice(2), item]))
  }
}

/** What a value is instead of what its schema says, as upstream prints it. */
function formFault(value: unknown, field: Field, definitions: Definitions): string | undefined {
  if (value === null || value === undefined) return undefined
  if (field.items) return Array.isArray(value) ? undefined : `expected list, got &{${goValue(value)}}`
  const definition = field.ref === undefined ? undefined : definitions.get(field.ref)
  if (field.values ?? (definition && !definition.scalar)) return isMap(value) ? undefined : `expected map, got &{${goValue(value)}}`
  if (definition !== undefined || field.format === 'int-or-string') return undefined
  const isNumber = typeof value === 'number' || exactInteger(value) !== undefined
  const got = typeof value === 'string' ? 'string' : typeof value === 'boolean' ? 'bool' : isNumber ? (Number.isInteger(Number(value)) ? 'int64' : 'float64') : Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}'
  switch (field.type) {
    case 'integer': case 'number': return isNumber ? undefined : `expected numeric (int or float), got ${got}`
    case 'string': return typeof value === 'string' ? undefined : `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`
    case 'boolean': return typeof value === 'boolean' ? undefined : `expected boolean, got &{${goValue(value)}}`
    default: return undefined
  }
}

const sameForm = (left: unknown, right: unknown): boolean => (isMap(left) && isMap(right)) || (Array.isArray(left) && Array.isArray(right))

/**
 * What upstream takes for granted in a new object: parts that its types always have. A manager that creates the object owns
 * what is inside them, and not the parts themselves.
 */
export function skeleton(value: unknown, definition: Definition, definitions: Definitions): Json {
  if (!isMap(value)) return {}
  const made: Record<string, unknown> = {}
  for (const [name, item] of Object.entries(value)) {
    const granted = isGranted(definition, name, definitions)
    if (granted === 'list') made[name] = []
    else if (granted !== 'no') made[name] = skeleton(item, granted, definitions)
  }
  return made
}
/** Whether upstream's types always have this field: as a list, or as a part of this definition. */
export function isGranted(definition: Definition, name: string, definitions: Definitions): 'no' | 'list' | Definition {
  const field = definition.fields[name]
  const held = grantedOtherwise[`${definition.name.split('.').slice(-3).join('.')} ${name}`]
  if (held === false) return 'no'
  if (field === undefined || !(held === true || (definition.isCustom ? name === 'metadata' : always.includes(name) || definition.required.includes(name)))) return 'no'
  if (field.items && field.listType !== undefined && field.listType !== 'atomic') return 'list'
  const inner = field.ref === undefined ? undefined : definitions.get(field.ref)
  return inner && !inner.scalar && inner.mapType !== 'atomic' ? inner : 'no'
}
/** Facts about upstream's types that the schema does not tell: required parts that are pointers there, and optional ones that are none. */
const grantedOtherwise: Readonly<Record<string, boolean>> = {
  'core.v1.ReplicationControllerSpec template': false, 'networking.v1.IPAddressSpec parentRef': false, 'admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec validationActions': false,
  'core.v1.Event source': true, 'core.v1.PersistentVolumeClaimSpec resources': true, 'resource.v1.ResourceClaimSpec devices': true,
}
const always = ['metadata', 'spec', 'status', 'template', 'strategy', 'updateStrategy', 'jobTemplate']
