// A structural schema as definitions, so that everything that walks built-in kinds walks custom ones: server-side apply, patches
// and managed fields. Objects inside are definitions of their own, named by their place.
import type { Conformed, Definition, Definitions, Field } from '../schema/types.ts'
import { listSchema, publishedSchema } from './openapi.ts'
import { objectMeta, prune } from './prune.ts'
import { isEmbedded, isIntOrString, isObject, keepsAll, type Schema } from './schema.ts'

export interface CustomType { readonly group: string; readonly version: string; readonly plural: string; readonly kind: string; readonly listKind: string }
const listMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta'
const text: Field = { type: 'string' }
const anything: Field = { type: 'any' }

/** As upstream names it: the group's parts in reverse, the version, the kind. */
export const definitionName = ({ group, version, kind }: Pick<CustomType, 'group' | 'version' | 'kind'>): string =>
  `${group.split('.').reverse().join('.')}.${version}.${kind}`

/** All definitions of one version: the root first. */
export function definitionsOf(type: CustomType, schema: Schema, builtIn: Definitions): readonly Definition[] {
  const made: Definition[] = []
  const name = definitionName(type)
  const { group, version } = type
  const root = objectDefinition(schema, name, true, made)
  const conform = (value: unknown): Conformed =>
    (isObject(value) ? prune(value, schema, builtIn) : { value: {}, unknown: [], fault: 'json: cannot unmarshal into an object' })
  const own: Definition = {
    ...root, kinds: [{ group, version, kind: type.kind }],
    custom: { conform, openapi: (dialect) => publishedSchema(type, schema, dialect), references: [objectMeta] },
  }
  const list: Definition = {
    name: `${name}List`, kinds: [{ group, version, kind: type.listKind }], required: ['items'],
    fields: { apiVersion: text, kind: text, metadata: { type: 'object', ref: listMeta }, items: { type: 'array', items: { type: 'object', ref: name } } },
    custom: { conform, openapi: (dialect) => listSchema(type, name, dialect), references: [listMeta, name] },
  }
  return [own, list, ...made]
}

function objectDefinition(schema: Schema, name: string, isResource: boolean, made: Definition[]): Definition {
  const fields = Object.create(null) as Record<string, Field>
  if (isResource) Object.assign(fields, { apiVersion: text, kind: text, metadata: { type: 'object', ref: objectMeta } })
  for (const [field, of] of Object.entries(schema.properties ?? {})) if (!(isResource && field in fields)) fields[field] = fieldOf(of, `${name}.${field}`, made)
  const rest = typeof schema.additionalProperties === 'object' ? fieldOf(schema.additionalProperties, `${name}.*`, made)
    : keepsAll(schema) ? anything : undefined
  return {
    name, kinds: [], required: schema.required ?? [], fields, isCustom: true,
    ...(rest !== undefined && { rest }), ...(schema['x-kubernetes-map-type'] === 'atomic' && { mapType: 'atomic' as const }),
  }
}

function fieldOf(schema: Schema, name: string, made: Definition[]): Field {
  const given = schema.default === undefined ? {} : { default: schema.default }
  if (isIntOrString(schema)) return { type: 'string', format: 'int-or-string', ...given }
  const mapType = schema['x-kubernetes-map-type']
  const kept = mapType === 'atomic' || mapType === 'granular' ? { mapType } as const : {}
  switch (schema.type) {
    case 'array': {
      const listType = schema['x-kubernetes-list-type']
      const keys = schema['x-kubernetes-list-map-keys']
      return {
        type: 'array', items: schema.items === undefined ? anything : fieldOf(schema.items, `${name}[]`, made), ...given,
        ...((listType === 'set' || listType === 'map' || listType === 'atomic') && { listType }), ...(keys !== undefined && { listKeys: keys }),
      }
    }
    case 'object': {
      const hasFields = Object.keys(schema.properties ?? {}).length > 0 || isEmbedded(schema)
      if (!hasFields && typeof schema.additionalProperties === 'object') return { type: 'object', values: fieldOf(schema.additionalProperties, `${name}.*`, made), ...kept, ...given }
      if (!hasFields && keepsAll(schema)) return { ...anything, ...kept, ...given }
      made.push(objectDefinition(schema, name, isEmbedded(schema), made))
      return { type: 'object', ref: name, ...kept, ...given }
    }
    case 'string': case 'integer': case 'number': case 'boolean': return { type: schema.type, ...given }
    default: return { ...anything, ...given }
  }
}
