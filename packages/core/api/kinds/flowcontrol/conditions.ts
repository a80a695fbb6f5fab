import type { Problem } from '../../refusal.ts'
import { duplicate, required } from '../problems.ts'

/** The conditions of a status: each has a type of its own. */
export function checkConditionTypes(conditions: readonly { readonly type?: string }[] | undefined): readonly Problem[] {
  const types = new Set<string>()
  return (conditions ?? []).flatMap(({ type = '' }, index) => {
    const path = `status.conditions[${index}].type`
    const again = types.has(type)
    types.add(type)
    return [...(again ? [duplicate(path, type)] : []), ...(type === '' ? [required(path, 'must not be empty')] : [])]
  })
}
