// Field selectors, as upstream's apimachinery/pkg/fields: '=', '==' and '!=', joined by commas, with \, \= and \\ for the characters themselves.
import type { SelectorFault } from './labels.ts'

export interface FieldRequirement { readonly field: string; readonly operator: '=' | '!='; readonly value: string }

/** Reads `status.phase!=Running,spec.nodeName=`. Values may be empty. */
export function parseFieldSelector(text: string): readonly FieldRequirement[] | SelectorFault {
  const requirements: FieldRequirement[] = []
  for (const term of splitTerms(text)) {
    if (term === '') continue
    const parts = splitTerm(term)
    if (parts === undefined) return { fault: `invalid selector: '${text}'; can't understand '${term}'` }
    const value = unescape(parts.value)
    if (value === undefined) return { fault: `invalid field selector: invalid escape sequence: ${parts.value}` }
    requirements.push({ field: parts.field, operator: parts.operator, value })
  }
  return requirements
}

/** Does an object whose fields have these values meet every requirement? An absent field is ''. */
export function fieldsMatch(requirements: readonly FieldRequirement[], valueOf: (field: string) => string | undefined): boolean {
  return requirements.every(({ field, operator, value }) => ((valueOf(field) ?? '') === value) === (operator === '='))
}

/** The value that a field of whatever the selector chooses must have; undefined when it says nothing of it, or cannot be read. */
export function requiredValue(requirements: readonly FieldRequirement[] | SelectorFault, field: string): string | undefined {
  return 'fault' in requirements ? undefined : requirements.find((each) => each.field === field && each.operator === '=')?.value
}

function splitTerms(text: string): readonly string[] {
  const terms: string[] = []
  let start = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === ',') { terms.push(text.slice(start, at)); start = at + 1 }
  }
  terms.push(text.slice(start))
  return terms
}

function splitTerm(term: string): { readonly field: string; readonly operator: '=' | '!='; readonly value: string } | undefined {
  for (let at = 0; at < term.length; at++) {
    if (term.startsWith('!=', at)) return { field: term.slice(0, at), operator: '!=', value: term.slice(at + 2) }
    if (term.startsWith('==', at)) return { field: term.slice(0, at), operator: '=', value: term.slice(at + 2) }
    if (term[at] === '=') return { field: term.slice(0, at), operator: '=', value: term.slice(at + 1) }
  }
  return undefined
}

function unescape(value: string): string | undefined {
  let plain = ''
  for (let at = 0; at < value.length; at++) {
    const here = value[at]
    if (here === '\\') {
      const next = value[++at]
      if (next !== '\\' && next !== ',' && next !== '=') return undefined
      plain += next
    } else if (here === ',' || here === '=') return undefined
    else plain += here
  }
  return plain
}
