// Types from schemas: those of custom resources and those of built-in kinds. Sizes as upstream bounds them.
import type { Definition, Definitions, Field } from '../schema/types.ts'
import { escaped } from './escaping.ts'
import type { CelType, ObjectField, ObjectType } from './types.ts'

/** The part of a structural schema that types are made of. */
export interface SchemaForTypes {
  readonly type?: string
  readonly format?: string
  readonly properties?: Readonly<Record<string, SchemaForTypes>>
  readonly required?: readonly string[]
  readonly additionalProperties?: SchemaForTypes | boolean
  readonly items?: SchemaForTypes
  readonly enum?: readonly unknown[]
  readonly default?: unknown
  readonly maxLength?: number
  readonly maxItems?: number
  readonly maxProperties?: number
  readonly 'x-kubernetes-embedded-resource'?: boolean
  readonly 'x-kubernetes-int-or-string'?: boolean
  readonly 'x-kubernetes-list-type'?: string
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
}

/** Most bytes of a request that upstream reckons with. */
const requestBytesMax = 3 * 1024 * 1024
const textMax = requestBytesMax - 2
const bytesPerCharacter = 4
/** Sizes of texts of a format, in characters: the least and the most. */
const formats: Readonly<Record<string, { readonly is: 'timestamp' | 'duration'; readonly least: number; readonly most: number }>> = {
  date: { is: 'timestamp', least: 12, most: 12 }, 'date-time': { is: 'timestamp', least: 22, most: 37 }, duration: { is: 'duration', least: 4, most: 32 },
}

interface Sized { readonly type: CelType; /** Bytes of its smallest JSON. */ readonly least: number }

/** The type that rules see for a schema; undefined: rules see nothing of it. `root`: of a resource, whose kind and names are always known. */
export const typeOfSchema = (schema: SchemaForTypes, root = false): CelType | undefined => sized(schema, root)?.type

/** Bytes of the smallest JSON of a value of a schema: a request holds so many of them and no more. */
export const leastBytesOf = (schema: SchemaForTypes, root = false): number | undefined => sized(schema, root)?.least

const known = new WeakMap<SchemaForTypes, Sized | 'none'>(), knownRoots = new WeakMap<SchemaForTypes, Sized | 'none'>()
function sized(schema: SchemaForTypes, root: boolean): Sized | undefined {
  const kept = root ? knownRoots : known
  const found = kept.get(schema)
  if (found !== undefined) return found === 'none' ? undefined : found
  const made = make(schema, root)
  kept.set(schema, made ?? 'none')
  return made
}

const text: SchemaForTypes = { type: 'string' }
const metadata: SchemaForTypes = { type: 'object', properties: { name: text, generateName: text } }
const always = { kind: text, apiVersion: text, metadata }

function make(schema: SchemaForTypes, root: boolean): Sized | undefined {
  const { format = '', maxLength } = schema
  const characters = maxLength === undefined ? undefined : Math.max(0, maxLength) * bytesPerCharacter
  if (schema['x-kubernetes-int-or-string'] === true) return { type: { is: 'dyn', maxSize: characters ?? textMax }, least: 1 }
  switch (root ? 'object' : schema.type) {
    case 'array': return list(schema)
    case 'object': return typeof schema.additionalProperties === 'object' ? map(schema, schema.additionalProperties) : object(root ? { ...schema, properties: { ...schema.properties, ...always } } : schema)
    case 'string': {
      const known = Object.hasOwn(formats, format) ? formats[format] : undefined
      if (known !== undefined) return { type: { is: known.is, maxSize: known.most }, least: known.least }
      if (format === 'byte') return { type: { is: 'bytes', maxSize: maxLength ?? textMax }, least: 2 }
      const longest = schema.enum === undefined || schema.enum.length === 0 ? textMax : Math.max(...schema.enum.map((value) => typeof value === 'string' ? value.length : 0))
      return { type: { is: 'string', maxSize: characters ?? longest }, least: 2 }
    }
    case 'boolean': return { type: { is: 'bool' }, least: 4 }
    case 'integer': return { type: { is: 'int' }, least: 1 }
    case 'number': return { type: { is: 'double' }, least: 1 }
    default: return undefined
  }
}

const embedded = (schema: SchemaForTypes): boolean => schema['x-kubernetes-embedded-resource'] === true

function list(schema: SchemaForTypes): Sized | undefined {
  const items = schema.items === undefined ? undefined : sized(schema.items, embedded(schema.items))
  if (items === undefined) return undefined
  const listType = schema['x-kubernetes-list-type'], keys = schema['x-kubernetes-list-map-keys']
  const maxSize = schema.maxItems === undefined ? Math.floor(textMax / (items.least + 1)) : Math.max(0, schema.maxItems)
  return { type: { is: 'list', items: items.type, maxSize, ...((listType === 'set' || listType === 'map') && { listType }), ...(keys !== undefined && { listKeys: keys }) }, least: 2 }
}
function map(schema: SchemaForTypes, values: SchemaForTypes): Sized | undefined {
  const held = sized(values, embedded(values))
  if (held === undefined) return undefined
  const maxSize = schema.maxProperties === undefined ? Math.floor(textMax / (held.least + 6)) : Math.max(0, schema.maxProperties)
  return { type: { is: 'map',
    // As upstream, which reckons with keys of no length.
    keys: { is: 'string', maxSize: 0 }, values: held.type, maxSize }, least: 2 }
}
function object(schema: SchemaForTypes): Sized {
  const fields = new Map<string, ObjectField>()
  let least = 2
  for (const [property, each] of Object.entries(schema.properties ?? {})) {
    const field = sized(each, embedded(each)), name = escaped(property)
    if (field === undefined) continue
    if (name !== undefined) fields.set(name, { property, type: field.type })
    if (schema.required?.includes(property) === true && each.default === undefined) least += property.length + field.least + 4
  }
  return { type: { is: 'object', name: 'object', field: (name) => fields.get(name) }, least }
}

const ofDefinitions = new WeakMap<Definitions, Map<string, CelType>>()

/** The type of a built-in definition: its fields are made when they are asked for. */
export function typeOfDefinition(name: string, definitions: Definitions): CelType {
  const kept = ofDefinitions.get(definitions) ?? new Map<string, CelType>()
  ofDefinitions.set(definitions, kept)
  const found = kept.get(name)
  if (found !== undefined) return found
  const definition = definitions.get(name)
  const made: CelType = definition === undefined ? { is: 'dyn' } : definition.scalar !== undefined ? typeOfScalar(definition.scalar) : objectOf(definition, definitions)
  kept.set(name, made)
  return made
}

function objectOf(definition: Definition, definitions: Definitions): ObjectType {
  const properties = new Map(Object.keys(definition.fields).map((property) => [escaped(property), property] as const))
  return {
    is: 'object', name: definition.name,
    field: (name) => {
      const property = properties.get(name), field = property === undefined ? undefined : definition.fields[property]
      return property === undefined || field === undefined ? undefined : { property, type: typeOfField(field, definitions) }
    },
  }
}

function typeOfField(field: Field, definitions: Definitions): CelType {
  if (field.ref !== undefined) return typeOfDefinition(field.ref, definitions)
  if (field.items !== undefined) return { is: 'list', items: typeOfField(field.items, definitions), ...((field.listType === 'set' || field.listType === 'map') && { listType: field.listType }), ...(field.listKeys !== undefined && { listKeys: field.listKeys }) }
  if (field.values !== undefined) return { is: 'map', keys: { is: 'string' }, values: typeOfField(field.values, definitions) }
  return typeOfScalar(field)
}

function typeOfScalar({ type, format = '' }: Field): CelType {
  if (format === 'int-or-string') return { is: 'dyn' }
  switch (type) {
    case 'string': return format.startsWith('date-time') ? { is: 'timestamp' } : format === 'byte' ? { is: 'bytes' } : { is: 'string' }
    case 'integer': return { is: 'int' }
    case 'number': return { is: 'double' }
    case 'boolean': return { is: 'bool' }
    default: return { is: 'dyn' }
  }
}
