const isMap = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value) && Object.getPrototypeOf(value) !== null

/** Applies a JSON merge patch (RFC 7396): null removes, objects merge, everything else replaces. */
export function mergePatch(before: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return patch
  const made = new Map<string, unknown>(isMap(before) ? Object.entries(before) : [])
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) made.delete(key)
    else made.set(key, mergePatch(made.get(key), value))
  }
  return Object.fromEntries(made)
}
