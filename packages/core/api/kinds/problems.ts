// Problems in upstream's words (apimachinery/pkg/util/validation/field). Paths are text: 'spec.containers[0].image'.
import type { Cause, Problem, Refusal } from '../refusal.ts'
import type { TextRule } from '../selectors/syntax.ts'

export const required = (path: string, detail = ''): Problem => ({ path, reason: 'FieldValueRequired', detail })
export const forbidden = (path: string, detail: string): Problem => ({ path, reason: 'FieldValueForbidden', detail })
export const invalid = (path: string, value: unknown, detail: string): Problem => ({ path, reason: 'FieldValueInvalid', value, detail })
export const duplicate = (path: string, value: unknown): Problem => ({ path, reason: 'FieldValueDuplicate', value, detail: '' })
export const notFound = (path: string, value: unknown): Problem => ({ path, reason: 'FieldValueNotFound', value, detail: '' })
export const tooLong = (path: string, max: number): Problem => ({ path, reason: 'FieldValueTooLong', detail: `may not be more than ${max} bytes` })
export const tooMany = (path: string, count: number, max: number): Problem =>
  ({ path, reason: 'FieldValueTooMany', value: count, detail: `must have at most ${max} item${max === 1 ? '' : 's'}` })
export const unsupported = (path: string, value: unknown, supported: readonly string[]): Problem =>
  ({ path, reason: 'FieldValueNotSupported', value, detail: supported.length === 0 ? '' : `supported values: ${[...supported].map((each) => JSON.stringify(each)).join(', ')}` })
export const immutable = (path: string, value: unknown): Problem => invalid(path, value ?? null, 'field is immutable')

/** A field that must be one of these, when it is set. */
export function checkOneOf(path: string, value: string | undefined, supported: readonly string[]): readonly Problem[] {
  return value === undefined || supported.includes(value) ? [] : [unsupported(path, value, supported)]
}
/** A field that must be set, and one of these. */
export function checkRequiredOneOf(path: string, value: string | undefined, supported: readonly string[], detail = ''): readonly Problem[] {
  return value === undefined || value === '' ? [required(path, detail)] : checkOneOf(path, value, supported)
}
/** A number that must not be negative, when it is set. */
export function checkNonNegative(path: string, value: number | undefined): readonly Problem[] {
  return value !== undefined && value < 0 ? [invalid(path, value, 'must be greater than or equal to 0')] : []
}
/** A text that must keep a rule; every broken part is a problem. */
export function checkText(path: string, value: string, rule: TextRule): readonly Problem[] {
  const broken = rule(value)
  return broken.length === 0 ? noProblems : broken.map((detail) => invalid(path, value, detail))
}
const noProblems: readonly Problem[] = []
/** A text that must be set and keep a rule. */
export function checkRequiredText(path: string, value: string | undefined, rule: TextRule, detail = ''): readonly Problem[] {
  return value === undefined || value === '' ? [required(path, detail)] : checkText(path, value, rule)
}

const words: Readonly<Record<Problem['reason'], string>> = {
  FieldValueRequired: 'Required value', FieldValueInvalid: 'Invalid value', FieldValueNotSupported: 'Unsupported value', FieldValueDuplicate: 'Duplicate value',
  FieldValueForbidden: 'Forbidden', FieldValueTooLong: 'Too long', FieldValueTooMany: 'Too many', FieldValueNotFound: 'Not found', FieldValueTypeInvalid: 'Invalid value',
}

/** As upstream prints values: texts quoted, the rest as its JSON, which spares HTML. */
const printed = (value: unknown): string =>
  (typeof value === 'object' ? JSON.stringify(value).replace(/[&<>]/g, (each) => `\\u00${each.charCodeAt(0).toString(16)}`) : JSON.stringify(value))

/** A problem without its path, as a Status cause's message: 'Invalid value: "X": must be …'. */
export function problemMessage({ reason, value, detail }: Problem): string {
  const bare = reason === 'FieldValueRequired' || reason === 'FieldValueForbidden' || reason === 'FieldValueTooLong'
  const shown = bare || value === undefined ? words[reason] : `${words[reason]}: ${printed(value)}`
  return detail === '' ? shown : `${shown}: ${detail}`
}
/** A problem as upstream prints it: 'spec.x: Invalid value: "X": must be …'. */
export const problemText = (problem: Problem): string => `${problem.path}: ${problemMessage(problem)}`

/** The 422 for these problems: 'Service "x" is invalid: [a, b]'. */
export function refuseInvalid(type: { readonly group: string; readonly kind: string }, name: string, problems: readonly Problem[]): Refusal {
  const kind = type.group === '' ? type.kind : `${type.kind}.${type.group}`
  const texts = [...new Set(problems.map(problemText))]
  const causes: readonly Cause[] = problems.map((problem) => ({ reason: problem.reason, message: problemMessage(problem), field: problem.path }))
  return {
    refused: true, code: 422, reason: 'Invalid', message: `${kind} ${JSON.stringify(name)} is invalid: ${texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`}`,
    details: { ...(name !== '' && { name }), ...(type.group === '' ? {} : { group: type.group }), kind: type.kind, causes },
  }
}
