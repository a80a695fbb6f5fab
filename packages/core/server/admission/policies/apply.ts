// What a mutation makes of an object: an apply configuration merged into it, or a JSON patch.
import { jsonOf, Struct, type Value } from '../../../api/cel/index.ts'
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
  const root = rootField(definition), undeclared: string[] = [], atomic: string[] = []
  look(config, root, '', definitions, undeclared, atomic)
  const faults = undeclared.length > 0 ? undeclared : new Typed(definitions).faults(config, root)
  if (faults.length > 0) return { fault: `error applying patch: failed to convert patch object to typed object: ${said(faults)}` }
  if (atomic.length > 0) return { fault: `error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${atomic.join(', ')}` }
  return { value: new Typed(definitions).merge(shown, config, root) }
}

const asObject = (value: unknown): Readonly<Record<string, unknown>> => isMap(value) ? value : {}
const said = (faults: readonly string[]): string => faults.length === 1 ? faults.join('') : `errors:\n${faults.map((fault) => `  ${fault}`).join('\n')}`

/** Objects are constructed with the name of the place that they are for: Object.spec.template{}. */
function misnamedIn(value: Value, expected: string): string | undefined {
  if (Array.isArray(value)) return value.map((item: Value) => misnamedIn(item, expected)).find((fault) => fault !== undefined)
  if (!(value instanceof Struct)) return undefined
  if (value.typeName !== expected) return `unexpected type name ${JSON.stringify(value.typeName)}, expected ${JSON.stringify(expected)}, which matches field name path from root Object type`
  return Object.entries(value.fields).map(([name, field]) => misnamedIn(field, `${expected}.${name}`)).find((fault) => fault !== undefined)
}

/** Notes fields that the schema does not know, and parts that are one value. */
function look(value: unknown, field: Field | undefined, path: string, definitions: Definitions, undeclared: string[], atomic: string[]): void {
  const shape = shapeOf(field, value, definitions)
  if (shape.is === 'leaf') { if (typeof value === 'object' && value !== null) atomic.push(path); return }
  if (Array.isArray(value)) { for (const [index, item] of value.entries()) if (shape.is === 'keyed') look(item, shape.items, `${path}[${index}]`, definitions, undeclared, atomic); return }
  if (!isMap(value)) return
  for (const [name, item] of Object.entries(value)) {
    const inner = memberField(shape, name), at = `${path}.${name}`
    if (inner === undefined && shape.is === 'struct') undeclared.push(`${at}: field not declared in schema`)
    else look(item, inner, at, definitions, undeclared, atomic)
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
    return { fault: `JSONPath: ${String(operation['op'])} operation does not apply: ${String(operation['path'])}` }
  }
  return { value: made }
}
