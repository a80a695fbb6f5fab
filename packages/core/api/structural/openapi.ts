// What the OpenAPI documents say of custom resources. Version 2 cannot say all: what would make old clients refuse good objects is left out.
import { isEmbedded, isIntOrString, type Json, preserves, type Schema } from './schema.ts'

interface Type { readonly group: string; readonly version: string; readonly plural: string; readonly kind: string; readonly listKind: string }
export type Dialect = 2 | 3

const versionText = 'APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources'
const kindText = 'Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds'
const embeddedVersionText = 'apiVersion defines the versioned schema of this representation of an object. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources'
const embeddedKindText = 'kind is a string value representing the type of this object. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds'
const metaText = "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"
const machinery = 'io.k8s.apimachinery.pkg.apis.meta.v1.'
const reference = (name: string, dialect: Dialect): string => (dialect === 2 ? `#/definitions/${name}` : `#/components/schemas/${name}`)
function referring(name: string, description: string, dialect: Dialect): Json {
  const to = { $ref: reference(name, dialect) }
  return dialect === 2 ? { description, ...to } : { description, allOf: [to] }
}

/** The schema of the resource itself. */
export function publishedSchema(type: Type, schema: Schema, dialect: Dialect): Json {
  const { group, version, kind } = type
  const shown = dialect === 2 && preserves(schema) ? { type: 'object' } : withResource(shownOf(schema, dialect), dialect)
  return { ...shown, 'x-kubernetes-group-version-kind': [{ group, version, kind }] }
}

/** The schema of a list of them. */
export function listSchema({ group, version, plural, kind, listKind }: Type, name: string, dialect: Dialect): Json {
  const items = { $ref: reference(name, dialect) }
  return {
    description: `${listKind} is a list of ${kind}`, type: 'object', required: ['items'],
    properties: {
      apiVersion: { description: versionText, type: 'string' },
      items: { description: `List of ${plural}. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md`, type: 'array', items },
      kind: { description: kindText, type: 'string' },
      metadata: referring(`${machinery}ListMeta`, 'Standard list metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds', dialect),
    },
    'x-kubernetes-group-version-kind': [{ group, version, kind: listKind }],
  }
}

function withResource(shown: Json, dialect: Dialect, apiVersion = versionText, kind = kindText): Json {
  const properties = {
    ...(shown['properties'] as Json | undefined),
    apiVersion: { description: apiVersion, type: 'string' }, kind: { description: kind, type: 'string' },
    metadata: referring(`${machinery}ObjectMeta`, metaText, dialect),
  }
  return { ...shown, properties: Object.fromEntries(Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1))) }
}

const values = ['format', 'title', 'maximum', 'exclusiveMaximum', 'minimum', 'exclusiveMinimum', 'maxLength', 'minLength', 'pattern', 'maxItems', 'minItems', 'uniqueItems',
  'multipleOf', 'enum', 'maxProperties', 'minProperties', 'required', 'externalDocs', 'example'] as const
const extensions = ['x-kubernetes-embedded-resource', 'x-kubernetes-int-or-string', 'x-kubernetes-list-type', 'x-kubernetes-list-map-keys', 'x-kubernetes-map-type',
  'x-kubernetes-preserve-unknown-fields', 'x-kubernetes-validations'] as const

function shownOf(schema: Schema, dialect: Dialect): Json {
  const shown: Record<string, unknown> = {}
  const isOld = dialect === 2
  if (schema.description) shown['description'] = schema.description
  // Old clients know neither null nor two forms nor free fields: to them such a value has no type.
  const isUntyped = isOld && (schema.nullable === true || isIntOrString(schema) || preserves(schema))
  if (schema.type && !isUntyped) shown['type'] = schema.type
  if (!isOld && schema.default !== undefined) shown['default'] = schema.default
  if (!isOld && schema.nullable === true) shown['nullable'] = true
  if (!(isOld && schema.nullable === true)) for (const name of values) if (schema[name] !== undefined) shown[name] = schema[name]
  if (!isUntyped && schema.items !== undefined) shown['items'] = shownOf(schema.items, dialect)
  if (!isUntyped && schema.properties !== undefined && Object.keys(schema.properties).length > 0) {
    shown['properties'] = Object.fromEntries(Object.entries(schema.properties).map(([name, field]) => [name, shownOf(field, dialect)]))
  }
  if (!isUntyped && schema.additionalProperties !== undefined) {
    shown['additionalProperties'] = typeof schema.additionalProperties === 'object' ? shownOf(schema.additionalProperties, dialect) : schema.additionalProperties
  }
  if (!isOld) {
    for (const junctor of ['allOf', 'anyOf', 'oneOf'] as const) if (schema[junctor] !== undefined) shown[junctor] = schema[junctor].map((each) => shownOf(each, dialect))
    if (schema.not !== undefined) shown['not'] = shownOf(schema.not, dialect)
  }
  for (const name of extensions) if (schema[name] !== undefined) shown[name] = schema[name]
  if (!isEmbedded(schema) || isUntyped) return shown
  const required = [...(schema.required ?? []), ...['kind', 'apiVersion'].filter((name) => !schema.required?.includes(name))]
  return { ...withResource(shown, dialect, embeddedVersionText, embeddedKindText), required }
}
