// Ratcheting: what was stored and did not change is not judged again, so that stricter schemas do not lock objects up.
import type { Problem } from '../refusal.ts'
import { sameValue } from './same.ts'
import { isObject, type Json, type Schema, schemaOfField } from './schema.ts'
import { placeJudged } from './validate.ts'

/** The problems of values that changed. */
export function changedOnly(problems: readonly Problem[], next: Json, before: Json, schema: Schema): readonly Problem[] {
  return problems.filter((problem) => {
    const path = steps(placeJudged(problem))
    // What is missing is judged with the object that misses it.
    return !isUnchanged(problem.reason === 'FieldValueRequired' ? path.slice(0, -1) : path, next, before, schema)
  })
}

type Step = string | number
const steps = (path: string): readonly Step[] => [...path.matchAll(/([^.[\]]+)|\[(\d+)\]/g)].map(([, name, index]) => name ?? Number(index))

function isUnchanged(path: readonly Step[], next: unknown, before: unknown, schema: Schema | undefined): boolean {
  if (next === before) return true
  const [step, ...rest] = path
  if (step === undefined) return sameValue(next, before)
  if (typeof step === 'number') {
    if (!Array.isArray(next) || !Array.isArray(before)) return false
    const old = correlated(next[step], before, schema)
    return old === undefined ? sameValue(next, before) : isUnchanged(rest, next[step], old, schema?.items)
  }
  if (!isObject(next) || !isObject(before)) return false
  return Object.hasOwn(before, step) && isUnchanged(rest, next[step], before[step], schema === undefined ? undefined : schemaOfField(schema, step))
}

/** The same item of a list that is a map, as it was. */
export function correlated(item: unknown, before: readonly unknown[], schema: Schema | undefined): unknown {
  const keys = schema?.['x-kubernetes-list-type'] === 'map' ? schema['x-kubernetes-list-map-keys'] : undefined
  if (keys === undefined || !isObject(item)) return undefined
  return before.find((old) => isObject(old) && keys.every((key) => sameValue(old[key], item[key])))
}
