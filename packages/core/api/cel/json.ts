// A value as JSON, where it has a form in it.
import { durationText, timestampText } from './times.ts'
import type { Value } from './types.ts'
import { Double, Duration, entriesOf, isList, isMap, Opaque, Optional, Struct, Timestamp, TypeValue, Uint } from './values.ts'

/** JSON for a value: times as texts, bytes as base64, fields and keys by name, numbers as numbers; an absent optional is undefined. */
export function jsonOf(value: Value): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (typeof value !== 'object' || value === null) return value
  if (isList(value)) return value.map(jsonOf)
  if (value instanceof Double) return value.value
  if (value instanceof Uint) return Number(value.value)
  if (value instanceof Timestamp) return timestampText(value)
  if (value instanceof Duration) return durationText(value)
  if (value instanceof Uint8Array) return btoa(String.fromCharCode(...value))
  if (value instanceof Optional) return jsonOf(value.value)
  if (value instanceof TypeValue) return value.name
  if (value instanceof Opaque) return String(value)
  if (value instanceof Struct) return recordOf(Object.entries(value.fields))
  return isMap(value) ? recordOf(entriesOf(value)) : value
}
const recordOf = (entries: readonly (readonly [Value, Value])[]): Readonly<Record<string, unknown>> =>
  Object.fromEntries(entries.map(([key, value]) => [String(jsonOf(key)), jsonOf(value)] as const).filter(([, value]) => value !== undefined))
