// Field sets are much alike: all pods of one template have the same. Equal parts are kept once.
import { deepFreeze } from '../../base/frozen.ts'
import { Lately } from '../../base/lately.ts'
import type { Resource } from '../resource.ts'
import { type FieldSet, isEmpty, isShared, noFields, notedAs, noteWritten, oneField, writeNode } from './field-set.ts'
import type { Json } from './shape.ts'

/** So many parts are known, by their text. */
const knownMax = 4096
const known = Lately.of<string, object>(knownMax)

/** The same set, made of parts that others have as well. What tells objects apart is high up in a status: below that they are alike again. */
export function sharedFields(written: Json): Json {
  const made: Record<string, unknown> = {}
  for (const element in written) {
    const part = written[element]
    made[element] = element === 'f:status' && typeof part === 'object' && part !== null ? eachShared(part as Json) : sharedPart(part)
  }
  return made
}

/** An object that has just been read, with managedFields made of parts that others have as well: read anew they would be most of what it takes. */
export function withSharedFields(object: Resource): Resource {
  const entries = object.metadata.managedFields
  if (entries === undefined) return object
  return { ...object, metadata: { ...object.metadata, managedFields: entries.map((entry) => (entry.fieldsV1 === undefined ? entry : { ...entry, fieldsV1: sharedFields(entry.fieldsV1 as Json) })) } }
}

function eachShared(part: Json): Json {
  const made: Record<string, unknown> = {}
  for (const element in part) made[element] = sharedPart(part[element])
  return made
}

/** The same part, as others have it. */
export function sharedPart<Part>(part: Part): Part {
  if (typeof part !== 'object' || part === null || notedAs(part) !== undefined) return part
  const text = JSON.stringify(part)
  const found = known.get(text)
  if (found !== undefined) return found as Part
  deepFreeze(part)
  noteWritten(part)
  known.set(text, part)
  return part
}

/** The same branch, as others have it. */
export function keptSet(set: FieldSet): FieldSet {
  if (isEmpty(set)) return noFields
  if (set.below.size === 0) return oneField
  return isShared(set) ? set : notedAs(sharedPart(writeNode(set))) ?? set
}
