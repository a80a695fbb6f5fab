// Lists that are sets or maps hold every item once.
import type { Problem } from '../refusal.ts'
import { isObject, joined, type Schema, schemaOfField } from './schema.ts'
import { canonical } from './same.ts'

/** The repeated items of all lists that must not have any. */
export function checkUniqueness(value: unknown, schema: Schema, path = ''): readonly Problem[] {
  if (Array.isArray(value)) {
    const { items } = schema
    const own = repeated(value, schema, path)
    return items === undefined ? own : [...own, ...value.flatMap((item, index) => checkUniqueness(item, items, `${path}[${index}]`))]
  }
  if (!isObject(value)) return []
  const problems: Problem[] = []
  for (const [name, item] of Object.entries(value)) {
    if (typeof item !== 'object' || item === null) continue
    const field = schemaOfField(schema, name)
    if (field === undefined) continue
    const found = checkUniqueness(item, field, schema.properties?.[name] === undefined ? `${path}[${name}]` : joined(path, name))
    if (found.length > 0) problems.push(...found)
  }
  return problems
}

function repeated(list: readonly unknown[], schema: Schema, path: string): readonly Problem[] {
  const listType = schema['x-kubernetes-list-type']
  if (listType !== 'set' && listType !== 'map') return []
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const seen = new Set<string>()
  const problems: Problem[] = []
  for (const [index, item] of list.entries()) {
    const shown = listType === 'set' ? item : isObject(item) ? Object.fromEntries(keys.filter((key) => item[key] !== undefined).toSorted().map((key) => [key, item[key]])) : undefined
    if (shown === undefined) { problems.push({ path: `${path}[${index}]`, reason: 'FieldValueInvalid', value: item, detail: 'must be an object for an array of list-type map' }); continue }
    const name = canonical(shown)
    if (seen.has(name)) problems.push({ path: `${path}[${index}]`, reason: 'FieldValueDuplicate', value: shown, detail: '' })
    seen.add(name)
  }
  return problems
}
