// Resources inside of custom resources say what they are.
import { checkPairs } from '../kinds/metadata.ts'
import type { Problem } from '../refusal.ts'
import { isEmbedded, isObject, joined, type Schema, schemaOfField } from './schema.ts'

/** Embedded resources without an apiVersion or kind, or with labels that are none. */
export function checkEmbedded(value: unknown, schema: Schema, path = ''): readonly Problem[] {
  if (Array.isArray(value)) return schema.items === undefined ? none : value.flatMap((item, index) => checkEmbedded(item, schema.items ?? {}, `${path}[${index}]`))
  if (!isObject(value)) return none
  const own = isEmbedded(schema) ? (['apiVersion', 'kind'] as const).filter((name) => !value[name]).map((name): Problem => ({ path: joined(path, name), reason: 'FieldValueRequired', detail: '' })) : none
  const metadata = isEmbedded(schema) && isObject(value['metadata']) ? checkPairs(value['metadata'], joined(path, 'metadata')) : none
  const below = Object.entries(value).flatMap(([name, item]) => {
    const field = typeof item === 'object' && item !== null ? schemaOfField(schema, name) : undefined
    return field === undefined ? none : checkEmbedded(item, field, joined(path, name))
  })
  return own.length + metadata.length === 0 ? below : [...own, ...metadata, ...below]
}
const none: readonly Problem[] = []
