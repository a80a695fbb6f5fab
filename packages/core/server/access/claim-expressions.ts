// CEL over the claims of tokens and over users.
import { compile, evaluate, isCompileFault, type Program } from '../../api/cel/index.ts'

/** Evaluates a CEL expression over these variables: its value, or why there is none. */
export type Evaluate = (expression: string, variables: Readonly<Record<string, unknown>>) => { readonly value: unknown } | { readonly error: string }

const costMax = 1_000_000
const environment = { variables: { claims: { is: 'dyn' }, user: { is: 'dyn' } } } as const
/** Expressions come from a file of the operator's: there are as many as it has. */
const programs = new Map<string, Program | string>()

/** Evaluates an expression; each is compiled once. */
export const evaluateClaims: Evaluate = (expression, variables) => {
  const program = programOf(expression)
  if (typeof program === 'string') return { error: program }
  const outcome = evaluate(program, variables, costMax)
  return 'error' in outcome ? { error: outcome.error } : { value: outcome.value }
}

/** Why an expression does not compile; undefined when it does. */
export const faultOf = (expression: string): string | undefined => {
  const program = programOf(expression)
  return typeof program === 'string' ? program : undefined
}

function programOf(expression: string): Program | string {
  const known = programs.get(expression)
  if (known !== undefined) return known
  const compiled = compile(expression, environment)
  const made = isCompileFault(compiled) ? compiled.fault : compiled
  programs.set(expression, made)
  return made
}
