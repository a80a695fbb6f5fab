// What server-side apply makes of a schema: which values are merged part by part, and which are taken as a whole.
import { Lately } from '../../base/lately.ts'
import type { Definition, Definitions, Field } from '../schema/types.ts'

export type Json = Readonly<Record<string, unknown>>
export type Shape =
  /** A scalar, or a list or map that is one value. */
  | { readonly is: 'leaf' }
  | { readonly is: 'struct'; readonly definition: Definition }
  | { readonly is: 'map'; readonly values: Field }
  | { readonly is: 'set' }
  | { readonly is: 'keyed'; readonly items: Field; readonly keys: readonly string[] }

const leaf: Shape = { is: 'leaf' }
const anything: Field = { type: 'any' }
const freeForm: Shape = { is: 'map', values: anything }

export const isMap = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value) && Object.getPrototypeOf(value) !== null

/** The shape of a field, for this value: a value without a schema is as deep as it looks. */
export function shapeOf(field: Field | undefined, value: unknown, definitions: Definitions): Shape {
  if (field === undefined || field.mapType === 'atomic') return leaf
  if (field.items) {
    if (field.listType === 'set') return { is: 'set' }
    return field.listType === 'map' && field.listKeys ? { is: 'keyed', items: field.items, keys: field.listKeys } : leaf
  }
  if (field.values) return { is: 'map', values: field.values }
  const definition = field.ref === undefined ? undefined : definitions.get(field.ref)
  if (definition && !definition.scalar) return definition.mapType === 'atomic' && field.mapType !== 'granular' ? leaf : { is: 'struct', definition }
  const free = field.type === 'any' || (definition?.scalar?.type === 'object')
  return free && isMap(value) ? freeForm : leaf
}

/** The field of a member of a struct or map. */
export const memberField = (shape: Shape, name: string): Field | undefined =>
  shape.is === 'struct' ? shape.definition.fields[name] ?? shape.definition.rest : shape.is === 'map' ? shape.values : undefined

/** The path element of a list's item: 'k:{"name":"a"}', 'v:"finalizer"'. Keys that are missing take the schema's default. */
export function itemElement(shape: Shape, item: unknown, definitions: Definitions): string {
  if (shape.is !== 'keyed') return `v:${JSON.stringify(item)}`
  const [only] = shape.keys
  const single = shape.keys.length === 1 && only !== undefined && isMap(item) ? item[only] : undefined
  if (only !== undefined && typeof single === 'string' && single.length < 256) return textElement(only, single)
  const fields = shape.items.ref === undefined ? {} : definitions.get(shape.items.ref)?.fields ?? {}
  const map = isMap(item) ? item : {}
  let keys = ''
  for (const key of inOrder(shape.keys)) {
    const value = map[key] ?? fields[key]?.default
    if (value !== undefined) keys += `${keys === '' ? '' : ','}${JSON.stringify(key)}:${JSON.stringify(value)}`
  }
  return `k:{${keys}}`
}
// Conditions, containers, volumes: keyed by one text, and the same few texts again and again.
const textElements = Lately.of<string, string>(1024)
const textElement = (key: string, text: string): string => textElements.given(`${key} ${text}`, () => `k:{${JSON.stringify(key)}:${JSON.stringify(text)}}`)
const sorted = new WeakMap<readonly string[], readonly string[]>()
function inOrder(keys: readonly string[]): readonly string[] {
  if (keys.length < 2) return keys
  let known = sorted.get(keys)
  if (known === undefined) sorted.set(keys, (known = keys.toSorted()))
  return known
}

/** The key that an item's element lacks, among those that the schema requires of every item. */
export function missingKey(shape: Extract<Shape, { readonly is: 'keyed' }>, element: string, definitions: Definitions): string | undefined {
  const present = JSON.parse(element.slice(2)) as Json
  const required = shape.items.ref === undefined ? shape.keys : definitions.get(shape.items.ref)?.required ?? []
  return shape.keys.find((key) => !(key in present) && required.includes(key))
}
