// Field sets are much alike: all pods of one template have the same. Equal parts are kept once.
import { deepFreeze } from '../../base/frozen.ts'
import { isNoted, noteWritten } from './field-set.ts'
import type { Json } from './shape.ts'

/** So many parts are known, and up to as many from before: dropped as a whole, so that forgetting costs nothing. */
const knownMax = 2048
let known = new Map<string, object>()
let older: ReadonlyMap<string, object> = new Map()

/** The same set, made of parts that others have as well. What tells objects apart is high up in a status: below that they are alike again. */
export function sharedFields(written: Json): Json {
  const made: Record<string, unknown> = {}
  for (const element in written) {
    const part = written[element]
    made[element] = element === 'f:status' && typeof part === 'object' && part !== null ? eachShared(part as Json) : shared(part)
  }
  return made
}

function eachShared(part: Json): Json {
  const made: Record<string, unknown> = {}
  for (const element in part) made[element] = shared(part[element])
  return made
}

function shared(part: unknown): unknown {
  if (typeof part !== 'object' || part === null || isNoted(part)) return part
  const key = JSON.stringify(part)
  const found = known.get(key) ?? older.get(key)
  const kept = found ?? deepFreeze(part)
  if (found === undefined) noteWritten(kept)
  if (found === undefined || !known.has(key)) {
    known.set(key, kept)
    if (known.size >= knownMax) { older = known; known = new Map() }
  }
  return kept
}
