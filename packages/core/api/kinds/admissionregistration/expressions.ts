// Whether the expressions of webhooks and policies compile.
import { admissionEnvironment, compileFor, type NamedExpression, type Result, withVariables } from '../../cel/index.ts'
import type { Problem } from '../../refusal.ts'
import { invalid } from '../problems.ts'

/** What an expression of admission may speak of besides the request, and what it has to result in. */
export interface Speaks { readonly hasParams: boolean; readonly hasAuthorizer: boolean; readonly result: Result; readonly variables?: readonly NamedExpression[] }

/** Why an expression cannot be used here; nothing when it can. */
export function checkExpression(path: string, expression: string, { hasParams, hasAuthorizer, result, variables = none }: Speaks): readonly Problem[] {
  const environment = admissionEnvironment({ hasParams, hasAuthorizer, patches: result === 'object' || result === 'patches' })
  // What is no expression declares no variable.
  const declared = variables.filter((variable) => (variable.expression ?? '').trim() !== '')
  const compiled = compileFor(expression, variables.length === 0 ? environment : withVariables(environment, declared).environment, result)
  return 'fault' in compiled ? [invalid(path, expression, compiled.fault)] : []
}
const none: readonly NamedExpression[] = []

/** Why a policy's variables cannot be used: each by its place. */
export function checkVariableExpressions(variables: readonly NamedExpression[], hasParams: boolean, path: (index: number) => string): readonly Problem[] {
  if (variables.length === 0) return []
  const { variables: compiled } = withVariables(admissionEnvironment({ hasParams, hasAuthorizer: true }), variables.filter((variable) => (variable.expression ?? '').trim() !== ''))
  return variables.flatMap(({ name, expression }, index) => {
    const made = compiled.get(name)
    return (expression ?? '').trim() !== '' && made !== undefined && 'fault' in made ? [invalid(path(index), expression, made.fault)] : []
  })
}
