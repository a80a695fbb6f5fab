type Json = Readonly<Record<string, unknown>>
const isMap = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value) && Object.getPrototypeOf(value) !== null

/** Applies a JSON merge patch (RFC 7396): null removes, objects merge, everything else replaces. What does not change is shared. */
export function mergePatch(before: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return patch
  const old: Json = isMap(before) ? before : {}
  let made: Record<string, unknown> | undefined
  for (const key of Object.keys(patch)) {
    const had = Object.hasOwn(old, key)
    const value = patch[key] === null ? undefined : mergePatch(had ? old[key] : undefined, patch[key])
    if (patch[key] === null ? !had : had && value === old[key]) continue
    made ??= { ...old }
    if (patch[key] === null) made = without(made, key)
    // '__proto__' is a key like any other.
    else if (key === '__proto__') Object.defineProperty(made, key, { value, writable: true, enumerable: true, configurable: true })
    else made[key] = value
  }
  return made ?? old
}

/** A copy: engines make an object slow for good when a field of it is deleted. */
function without(map: Json, gone: string): Record<string, unknown> {
  const { [gone]: _, ...kept } = map
  return kept
}
