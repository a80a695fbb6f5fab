// Definitions as JSON schemas, in the dialects of the two versions of the documents.
import { describe } from '../schema/descriptions.ts'
import type { Definition, Definitions, Field } from '../schema/types.ts'
import type { GroupVersionKind, Json } from './types.ts'

export interface Dialect {
  /** What refers to a definition. */
  reference(name: string): string
  /** Version 3 may say more beside a reference only around it. */
  readonly wrapsReferences: boolean
  /** A scalar that is written in two forms. */
  twoForms(format: 'quantity' | 'int-or-string'): Json
  readonly enums: boolean
}
export const version2: Dialect = {
  reference: (name) => `#/definitions/${name}`, wrapsReferences: false, enums: false,
  twoForms: (format) => (format === 'quantity' ? { type: 'string' } : { type: 'string', format }),
}
export const version3: Dialect = {
  reference: (name) => `#/components/schemas/${name}`, wrapsReferences: true, enums: true,
  twoForms: (format) => (format === 'quantity' ? { oneOf: [{ type: 'string' }, { type: 'number' }] } : { format, oneOf: [{ type: 'integer' }, { type: 'string' }] }),
}

/** The schemas of these definitions and of all they lead to, by name, sorted. */
export function schemasOf(names: Iterable<string>, definitions: Definitions, dialect: Dialect): Json {
  const found = new Map<string, Json>()
  const open = [...names]
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue
    const definition = definitions.get(name)
    if (!definition) continue
    found.set(name, schemaOf(definition, dialect))
    if (definition.custom !== undefined) open.push(...definition.custom.references)
    else for (const field of Object.values(definition.fields)) open.push(...references(field))
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)))
}

function references(field: Field): readonly string[] {
  if (field.items) return references(field.items)
  if (field.values) return references(field.values)
  return field.ref === undefined ? [] : [field.ref]
}

function schemaOf(definition: Definition, dialect: Dialect): Json {
  if (definition.custom !== undefined) return definition.custom.openapi(dialect.wrapsReferences ? 3 : 2)
  const said = describe(definition.name) ?? definition.said
  const text = said && said.text !== '' ? { description: said.text } : {}
  if (definition.scalar) return { ...text, ...scalar(definition.scalar, dialect) }
  const properties = Object.entries(definition.fields).map(([name, field]) => {
    const values = dialect.enums ? said?.enums[name] : undefined
    return [name, property(field, said?.fields[name], values, dialect)] as const
  })
  return {
    ...text, type: 'object',
    ...(definition.required.length > 0 ? { required: definition.required } : {}),
    ...(properties.length > 0 ? { properties: Object.fromEntries(properties) } : {}),
    ...(definition.mapType ? { 'x-kubernetes-map-type': definition.mapType } : {}),
    ...(definition.kinds.length > 0 ? { 'x-kubernetes-group-version-kind': definition.kinds.map(({ group, version, kind }): GroupVersionKind => ({ group, version, kind })) } : {}),
  }
}

function property(field: Field, text: string | undefined, values: readonly string[] | undefined, dialect: Dialect): Json {
  const type = typeOf(field, dialect)
  const more: Json = {
    ...(text ? { description: text } : {}),
    ...(field.default === undefined || !dialect.wrapsReferences ? {} : { default: field.default }),
    ...(values && !field.items ? { enum: values } : {}),
    ...(field.listType ? { 'x-kubernetes-list-type': field.listType } : {}),
    ...(field.listKeys ? { 'x-kubernetes-list-map-keys': field.listKeys } : {}),
    ...(field.mapType ? { 'x-kubernetes-map-type': field.mapType } : {}),
    ...(field.patchMergeKey ? { 'x-kubernetes-patch-merge-key': field.patchMergeKey } : {}),
    ...(field.patchStrategy ? { 'x-kubernetes-patch-strategy': field.patchStrategy } : {}),
  }
  return dialect.wrapsReferences && '$ref' in type && Object.keys(more).length > 0 ? { allOf: [type], ...more } : { ...type, ...more }
}

function typeOf(field: Field, dialect: Dialect): Json {
  if (field.items) return { type: 'array', items: typeOf(field.items, dialect) }
  if (field.values) return { type: 'object', additionalProperties: typeOf(field.values, dialect) }
  return field.ref === undefined ? scalar(field, dialect) : { $ref: dialect.reference(field.ref) }
}

function scalar(field: Field, dialect: Dialect): Json {
  if (field.format === 'quantity' || field.format === 'int-or-string') return dialect.twoForms(field.format)
  if (field.type === 'any') return {}
  return { type: field.type, ...(field.format === undefined ? {} : { format: field.format === 'date-time-micro' ? 'date-time' : field.format }) }
}
