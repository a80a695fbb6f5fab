// Resources inside of custom resources say what they are.
import type { Problem } from '../refusal.ts'
import { isEmbedded, isObject, joined, type Schema, schemaOfField } from './schema.ts'

/** Embedded resources without an apiVersion or kind. */
export function checkEmbedded(value: unknown, schema: Schema, path = ''): readonly Problem[] {
  if (Array.isArray(value)) return schema.items === undefined ? none : value.flatMap((item, index) => checkEmbedded(item, schema.items ?? {}, `${path}[${index}]`))
  if (!isObject(value)) return none
  const own = isEmbedded(schema) ? (['apiVersion', 'kind'] as const).filter((name) => !value[name]).map((name): Problem => ({ path: joined(path, name), reason: 'FieldValueRequired', detail: 'must not be empty' })) : none
  const below = Object.entries(value).flatMap(([name, item]) => {
    const field = typeof item === 'object' && item !== null ? schemaOfField(schema, name) : undefined
    return field === undefined ? none : checkEmbedded(item, field, joined(path, name))
  })
  return own.length === 0 ? below : [...own, ...below]
}
const none: readonly Problem[] = []
