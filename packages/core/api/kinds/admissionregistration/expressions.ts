// Whether the expressions of webhooks and policies compile.
import type { Problem } from '../../refusal.ts'

/** What an expression of admission may speak of besides the request, and what it has to result in. */
export interface Speaks { readonly hasParams: boolean; readonly hasAuthorizer: boolean; readonly result: 'bool' | 'string' | 'text-or-null' | 'object' | 'patches' | 'any'; readonly variables?: readonly string[] }

/** Why an expression cannot be used here; nothing when it can. */
export function checkExpression(_path: string, _expression: string, _speaks: Speaks): readonly Problem[] {
  return []
}
