// What a mutation makes of an object: an apply configuration merged into it, or a JSON patch.
import { jsonOf, Struct, type Value } from '../../../api/cel/index.ts'
import { shownText } from '../../../api/text/index.ts'
import { jsonPatch } from '../../../api/patch/index.ts'
import { isMap, memberField, shapeOf } from '../../../api/patch/shape.ts'
import { rootField, Typed } from '../../../api/patch/typed.ts'
import { isRefusal } from '../../../api/refusal.ts'
import type { Draft } from '../../../api/resource.ts'
import type { Definition, Definitions, Field } from '../../../api/schema/types.ts'

type Patched = { readonly value: unknown } | { readonly fault: string }

/** Merges an Object{…} by the rules of server-side apply; parts that are one value may not be touched. */
export function applied(value: Value, shown: Draft, definition: Definition, definitions: Definitions): Patched {
  if (!(value instanceof Struct)) return { fault: 'unsupported return type from ApplyConfiguration expression' }
  const misnamed = misnamedIn(value, 'Object')
  if (misnamed !== undefined) return { fault: `type mismatch: ${misnamed}` }
  const config = { ...asObject(jsonOf(value)), apiVersion: shown.apiVersion, kind: shown.kind }
  const root = rootField(definition), found: Found = { untyped: [], atomic: [], inexact: [] }
  look(config, root, '', definitions, found)
  // As upstream, which lets items without their keys pass here: the object's own checks refuse them.
  const faults = found.untyped.length > 0 ? found.untyped : new Typed(definitions).faults(config, root).filter((fault) => !fault.includes('omits'))
  if (faults.length > 0) return { fault: `error applying patch: failed to convert patch object to typed object: ${said(faults)}` }
  const { atomic, inexact } = found
  if (atomic.length > 0) return { fault: `error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${atomic.join(', ')}` }
  if (inexact.length > 0) return { fault: `unable to convert unstructured object to ${shown.apiVersion}, Kind=${shown.kind}: cannot convert float64 to ${inexact[0] ?? 'int32'}` }
  return { value: new Typed(definitions).merge(shown, config, root) }
}
/** What cannot be applied: fields of no or another type, parts that are one value, fractions where whole numbers belong. */
interface Found { readonly untyped: string[]; readonly atomic: string[]; readonly inexact: string[] }


const asObject = (value: unknown): Readonly<Record<string, unknown>> => isMap(value) ? value : {}
const said = (faults: readonly string[]): string => faults.length === 1 ? faults.join('') : `errors:\n${faults.map((fault) => `  ${fault}`).join('\n')}`

/** Objects are constructed with the name of the place that they are for: Object.spec.template{}. */
function misnamedIn(value: Value, expected: string): string | undefined {
  if (Array.isArray(value)) return value.map((item: Value) => misnamedIn(item, expected)).find((fault) => fault !== undefined)
  if (!(value instanceof Struct)) return undefined
  if (value.typeName !== expected) return `unexpected type name ${JSON.stringify(value.typeName)}, expected ${JSON.stringify(expected)}, which matches field name path from root Object type`
  return Object.entries(value.fields).map(([name, field]) => misnamedIn(field, `${expected}.${name}`)).find((fault) => fault !== undefined)
}

/** As upstream's merge schema says it of a scalar. */
function mistyped(value: unknown, { type, format = '', ref }: Field, shown: string): string | undefined {
  if (value === null || ref !== undefined || (format !== '' && !/^(int32|int64|double)$/.test(format))) return undefined
  if ((type === 'integer' || type === 'number') && typeof value !== 'number') return `expected numeric (int or float), got ${typeof value === 'boolean' ? 'bool' : typeof value}`
  return (type === 'string' || type === 'boolean') && typeof value !== type ? `expected ${type}, got ${shown}` : undefined
}
/** As Go prints a value: '[1]', '<nil>'. */
const goText = (value: unknown): string => value === null ? 'NULL_VALUE' : Array.isArray(value) ? `[${value.map(goText).join(' ')}]` : shownText(value)

function look(value: unknown, field: Field | undefined, path: string, definitions: Definitions, found: Found, inMap = false): void {
  const shape = shapeOf(field, value, definitions)
  const shown = inMap ? `&value.valueUnstructured{Value:${goText(value)}}` : `&{${goText(value)}}`
  const holder = field === undefined ? undefined : field.ref === undefined ? field : definitions.get(field.ref)
  const isStruct = holder !== undefined && 'fields' in holder && holder.scalar === undefined
  if ((shape.is === 'struct' || shape.is === 'map' || isStruct) && !isMap(value)) { found.untyped.push(`${path}: expected map, got ${shown}`); return }
  if (shape.is === 'leaf') {
    if (typeof value === 'object' && value !== null) found.atomic.push(path)
    else if (field !== undefined) {
      const fault = mistyped(value, field, shown)
      if (fault !== undefined) found.untyped.push(`${path}: ${fault}`)
      else if (field.type === 'integer' && typeof value === 'number' && !Number.isInteger(value)) found.inexact.push(field.format ?? 'int32')
    }
    return
  }
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) if (shape.is === 'keyed') look(item, shape.items, `${path}[${index}]`, definitions, found)
    return
  }
  if (!isMap(value)) return
  for (const [name, item] of Object.entries(value)) {
    const inner = memberField(shape, name), at = `${path}.${name}`
    if (inner === undefined && shape.is === 'struct') found.untyped.push(`${at}: field not declared in schema`)
    else look(item, inner, at, definitions, found, shape.is === 'map')
  }
}

/** Carries out a list of JSONPatch{…}; a test that fails leaves everything as it was. */
export function patched(value: Value, shown: Draft): Patched {
  if (!Array.isArray(value)) return { fault: 'type mismatch: JSONPatchType.expression should evaluate to array' }
  let made: unknown = shown
  for (const item of value as readonly Value[]) {
    if (!(item instanceof Struct)) return { fault: 'type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch' }
    const { value: given } = item.fields
    const root = given instanceof Struct ? misnamedIn(given, given.typeName) : undefined
    if (root !== undefined) return { fault: `type mismatch: ${root}` }
    const operation = asObject(jsonOf(item))
    const done = jsonPatch(made, [operation])
    if (!isRefusal(done)) { made = done.value; continue }
    if (operation['op'] === 'test') return { value: shown }
    return { fault: `JSON Patch: ${whyNot(made, operation)}` }
  }
  return { value: made }
}

/** Why an operation cannot be done, as upstream's library says it. */
function whyNot(document: unknown, { op, path: to, from }: Readonly<Record<string, unknown>>): string {
  const operation = shownText(op ?? ''), path = shownText(to)
  if (!['add', 'remove', 'replace', 'move', 'copy', 'test'].includes(operation)) return `Unexpected kind: ${operation}`
  const place = operation === 'move' || operation === 'copy' ? shownText(from) : path
  const key = place.slice(place.lastIndexOf('/') + 1).replaceAll('~1', '/').replaceAll('~0', '~')
  if (!isThere(document, place.slice(0, Math.max(0, place.lastIndexOf('/'))))) {
    return operation === 'add' || operation === 'remove' ? `${operation} operation does not apply: doc is missing path: ${JSON.stringify(path)}: missing value` : `${operation} operation does not apply: doc is missing ${place === path ? '' : 'from '}path: ${place}: missing value`
  }
  const invalidIndex = `Unable to access invalid index: ${key}: invalid index referenced`
  const parent = jsonPatch(document, [{ op: 'copy', from: place.slice(0, Math.max(0, place.lastIndexOf('/'))), path: '' }])
  if (!isRefusal(parent) && Array.isArray(parent.value) && (operation === 'remove' || operation === 'add')) return `error in ${operation} for path: '${path}': ${invalidIndex}`
  switch (operation) {
    case 'remove': return `error in remove for path: '${path}': Unable to remove nonexistent key: ${key}: missing value`
    case 'replace': return `replace operation does not apply: doc is missing key: ${path}: missing value`
    default: return `error in ${operation} for path: '${path}': ${isThere(document, place) ? 'invalid operation' : invalidIndex}`
  }
}
const isThere = (document: unknown, path: string): boolean => path === '' || !isRefusal(jsonPatch(document, [{ op: 'copy', from: path, path: '' }]))
