/** Bytes that a field, an item or a number takes, roughly. */
const slotBytes = 16

/** Freezes as `deepFreeze` does, and says about how many bytes of memory were not frozen, and so not shared, before. */
export function freezeMeasured(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return 0
  Object.freeze(value)
  let bytes = slotBytes
  for (const key in value) bytes += slotBytes + freezeMeasured((value as Readonly<Record<string, unknown>>)[key])
  return bytes
}

/** Freezes a JSON value all the way down, stopping at what is frozen already. */
export function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const key in value) deepFreeze(value[key])
  return value
}
