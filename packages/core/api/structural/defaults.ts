// The defaults that a schema carries must be objects of the schema themselves.
import type { Problem } from '../refusal.ts'
import type { Definitions } from '../schema/types.ts'
import { prune } from './prune.ts'
import { sameValue } from './same.ts'
import type { Schema } from './schema.ts'
import { checkUniqueness } from './uniqueness.ts'
import { validateValue } from './validate.ts'

/** What is wrong with the defaults of a schema whose structure is right. */
export function checkDefaults(schema: Schema, path: string, definitions: Definitions): readonly Problem[] {
  const own: readonly Problem[] = schema.default === undefined ? [] : checkDefault(schema.default, schema, `${path}.default`, definitions)
  return [
    ...own,
    ...Object.entries(schema.properties ?? {}).flatMap(([name, field]) => checkDefaults(field, `${path}.properties[${name}]`, definitions)),
    ...(typeof schema.additionalProperties === 'object' ? checkDefaults(schema.additionalProperties, `${path}.additionalProperties`, definitions) : []),
    ...(schema.items === undefined ? [] : checkDefaults(schema.items, `${path}.items`, definitions)),
  ]
}

function checkDefault(value: unknown, schema: Schema, path: string, definitions: Definitions): readonly Problem[] {
  // The value is wrapped, so that one that is no object is pruned like any other.
  const kept = prune({ value }, { type: 'object', properties: { value: schema } }, definitions)
  if (!sameValue(kept.value['value'], value)) return [{ path, reason: 'FieldValueInvalid', value, detail: 'must not have unknown fields' }]
  const at = (problem: Problem): Problem => ({ ...problem, path: problem.path === '<nil>' ? path : `${path}.${problem.path}` })
  return [...validateValue(value, schema).map(at), ...checkUniqueness(value, schema).map(at)]
}
