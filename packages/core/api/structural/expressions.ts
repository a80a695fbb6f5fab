// Rules in CEL (x-kubernetes-validations).
import type { Problem } from '../refusal.ts'
import type { Schema } from './schema.ts'

/** What is wrong with the rules of a schema whose structure is right; `before` is the schema that it replaces. */
export function checkExpressions(_schema: Schema, _path: string, _before: Schema | undefined): readonly Problem[] {
  return []
}

/** What the rules refuse of an object that is otherwise right; `before` is what it replaces. */
export function checkRules(_value: unknown, _before: unknown, _schema: Schema): readonly Problem[] {
  return []
}
