// Values that the schema allows, for fields that an example does not have: whether a rule minds them is for both servers to say.
import { loadDefinitions } from '../../packages/core/api/schema/index.ts'
import type { Definition, Field } from '../../packages/core/api/schema/types.ts'

type Json = unknown
const definitions = loadDefinitions()
/** Deeper than this, fields are left out. */
const depthMax = 4

const texts: Readonly<Record<string, string>> = { apiVersion: 'v1', kind: 'Pod', namespace: 'default', uid: 'u-1', ip: '10.0.0.1', host: 'example.com' }

/** A value for a field. */
export function sampleOf(name: string, field: Field, depth = 0): Json {
  if (field.items) return [sampleOf(name.replace(/s$/, ''), field.items, depth + 1)]
  if (field.values) return { key: sampleOf(name, field.values, depth + 1) }
  switch (field.format) {
    case 'quantity': return '2'
    case 'int-or-string': return 2
    case 'date-time': return '2024-01-02T03:04:05Z'
    case 'date-time-micro': return '2024-01-02T03:04:05.000000Z'
    case 'byte': return 'YQ=='
  }
  const definition = field.ref === undefined ? undefined : definitions.get(field.ref)
  if (definition !== undefined && !definition.scalar) return objectOf(definition, depth + 1)
  switch (field.type) {
    case 'string': return texts[name] ?? name.toLowerCase()
    case 'integer': case 'number': return 2
    case 'boolean': return true
    default: return { any: 'thing' }
  }
}

/** An object with all of its fields, down to some depth. */
export function objectOf(definition: Definition, depth = 0): Readonly<Record<string, Json>> {
  const named = Object.entries(definition.fields).filter(([name]) => depth < depthMax || definition.required.includes(name))
  return depth > depthMax * 2 ? {} : Object.fromEntries(named.map(([name, field]) => [name, sampleOf(name, field, depth)]))
}

export interface Widened { readonly what: string; readonly body: Json }
/** The object with one more field: each that its definition has and the object does not, at every place of it. */
export function* widened(value: Json, definition: Definition, path = '', depth = 0): Iterable<Widened> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return
  const object = value as Readonly<Record<string, Json>>
  for (const [name, field] of Object.entries(definition.fields)) {
    if (path === '' && ['apiVersion', 'kind', 'metadata'].includes(name)) continue
    const item = object[name]
    if (item === undefined) { yield { what: `${path}.${name} given`, body: { ...object, [name]: sampleOf(name, field, depth) } }; continue }
    const inner = refOf(field.items ?? field.values ?? field)
    if (inner === undefined) continue
    if (field.items && Array.isArray(item)) {
      for (const [at, each] of item.slice(0, 2).entries()) for (const { what, body } of widened(each, inner, `${path}.${name}[${at}]`, depth + 1)) yield { what, body: { ...object, [name]: item.with(at, body) } }
    } else if (!field.items && !field.values) {
      for (const { what, body } of widened(item, inner, `${path}.${name}`, depth + 1)) yield { what, body: { ...object, [name]: body } }
    }
  }
}
function refOf(field: Field): Definition | undefined {
  const definition = field.ref === undefined ? undefined : definitions.get(field.ref)
  return definition === undefined || definition.scalar ? undefined : definition
}
export const definitionOf = (name: string): Definition | undefined => definitions.get(name)
