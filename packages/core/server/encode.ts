// Objects as bytes: once per object and served version, whoever asks.
import { encode } from '../api/schema/encode.ts'
import type { Resource } from '../api/resource.ts'
import type { AnyServed } from './registry.ts'

/** The object in the form of a served version. */
export const shownAs = (served: AnyServed, object: Resource): object => (served.convert === undefined ? object : served.convert.fromHub(object))

const shown = new WeakMap<Resource, Map<AnyServed, object>>()

/** The object's JSON in a served version. Objects are frozen, so their bytes never change. */
export function encoded(served: AnyServed, object: Resource): Uint8Array {
  if (served.convert === undefined) return encode(object)
  let versions = shown.get(object)
  if (versions === undefined) shown.set(object, (versions = new Map()))
  let converted = versions.get(served)
  if (converted === undefined) versions.set(served, (converted = Object.freeze(served.convert.fromHub(object))))
  return encode(converted)
}
