// Defaulting: absent fields take their defaults, and so do nulls where null is no value; other such nulls go.
import { isObject, type Json, type Schema, schemaOfField } from './schema.ts'

const isNullNoValue = (value: unknown, schema: Schema): boolean => value === null && schema.nullable !== true

/** The value with its defaults; the value itself when nothing was missing. Idempotent. */
export function fillDefaults(value: unknown, schema: Schema): unknown {
  if (Array.isArray(value)) {
    const { items } = schema
    if (items === undefined) return value
    let made: unknown[] | undefined
    value.forEach((item: unknown, index) => {
      const start = isNullNoValue(item, items) && items.default !== undefined ? items.default : item
      const filled = fillDefaults(start, items)
      if (filled !== item) (made ??= value.slice())[index] = filled
    })
    return made ?? value
  }
  return isObject(value) ? fillObject(value, schema) : value
}

function fillObject(value: Json, schema: Schema): Json {
  let made: Record<string, unknown> | undefined
  for (const name in schema.properties) {
    const field = schema.properties[name]
    if (field?.default === undefined) continue
    const item = Object.hasOwn(value, name) ? value[name] : undefined
    if (item === undefined || isNullNoValue(item, field)) (made ??= { ...value })[name] = field.default
  }
  for (const [name, item] of Object.entries(made ?? value)) {
    const field = schemaOfField(schema, name)
    if (field === undefined) continue
    if (isNullNoValue(item, field)) {
      made ??= { ...value }
      if (field.default === undefined) delete made[name]
      else made[name] = field.default
      continue
    }
    const filled = fillDefaults(item, field)
    if (filled !== item) (made ??= { ...value })[name] = filled
  }
  return made ?? value
}
