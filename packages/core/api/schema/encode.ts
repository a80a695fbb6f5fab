import { Lately } from '../../base/lately.ts'

const encoder = new TextEncoder()
const bytesMax = 256 << 20
// At most twice what it is given.
const known = Lately.weakly<object, Uint8Array>(bytesMax / 2, ({ length }) => length)

/** An object as UTF-8 JSON. A frozen object is encoded once, as long as it is asked for. */
export function encode(object: object): Uint8Array {
  const found = known.get(object)
  if (found) return found
  const bytes = encoder.encode(JSON.stringify(object))
  if (Object.isFrozen(object)) known.set(object, bytes)
  return bytes
}

/** The same for one who will not ask again: uses what is remembered, remembers nothing. */
export const encodeOnce = (object: object): Uint8Array => known.get(object) ?? encoder.encode(JSON.stringify(object))
