const encoder = new TextEncoder()
const known = new WeakMap<object, Uint8Array>()

/** An object as UTF-8 JSON. A frozen object is encoded once. */
export function encode(object: object): Uint8Array {
  const found = known.get(object)
  if (found) return found
  const bytes = encoder.encode(JSON.stringify(object))
  if (Object.isFrozen(object)) known.set(object, bytes)
  return bytes
}
