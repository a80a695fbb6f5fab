// Label selectors: the text form of queries, and the LabelSelector objects of specs. Texts of errors as upstream's apimachinery/pkg/labels.
import { checkLabelKey, checkLabelValue } from './syntax.ts'

export type LabelOperator = 'in' | 'notin' | '=' | '==' | '!=' | 'exists' | '!' | 'gt' | 'lt'
export interface LabelRequirement { readonly key: string; readonly operator: LabelOperator; readonly values: readonly string[] }
export type Labels = Readonly<Record<string, string>>

/** The part of a LabelSelector that matters here; the generated model fits. */
export interface LabelSelectorObject {
  readonly matchLabels?: Labels
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[]
}

/** A selector that could not be read, in upstream's words: the message of a 400. */
export interface SelectorFault { readonly fault: string }
export const isSelectorFault = (parsed: object): parsed is SelectorFault => 'fault' in parsed

/** Reads `a=b,c in (d,e),!f,g>1`. Requirements come sorted by key, as upstream prints them. */
export function parseLabelSelector(text: string): readonly LabelRequirement[] | SelectorFault {
  const words = split(text)
  const requirements: LabelRequirement[] = []
  let at = 0
  const peek = (): Word => words[at] ?? end
  if (peek().is === 'end') return requirements
  for (;;) {
    const first = peek()
    if (first.is !== 'word' && first.is !== '!') return { fault: `found '${first.text}', expected: !, identifier, or 'end of string'` }
    const negated = first.is === '!'
    if (negated) at++
    const key = peek()
    if (key.is !== 'word') return fault(`found '${key.text}', expected: identifier`)
    at++
    const problem = checkLabelKey(key.text)
    if (problem.length > 0) return fault(`<nil>: Invalid value: ${JSON.stringify(key.text)}: ${problem.join('; ')}`)
    const next = peek()
    if (negated || next.is === 'end' || next.is === ',') {
      if (next.is !== 'end' && next.is !== ',') return { fault: `found '${next.text}', expected: ',' or 'end of string'` }
      requirements.push({ key: key.text, operator: negated ? '!' : 'exists', values: [] })
    } else {
      const operator = operators.get(next.text)
      if (operator === undefined || (next.is !== 'operator' && operator !== 'in' && operator !== 'notin')) {
        return fault(`found '${next.text}', expected: in, notin, =, ==, !=, gt, lt`)
      }
      at++
      const values: string[] = []
      if (operator === 'in' || operator === 'notin') {
        if (peek().is !== '(') return fault(`found '${peek().text}' expected: '('`)
        at++
        const listed = readValues()
        if ('fault' in listed) return fault(listed.fault)
        values.push(...listed)
      } else {
        const value = peek()
        if (value.is === 'word') { values.push(value.text); at++ }
        else if (value.is === 'end' || value.is === ',') values.push('')
        else return fault(`found '${value.text}', expected: identifier`)
      }
      const wrong = checkValues(key.text, operator, values)
      if (wrong !== undefined) return fault(wrong)
      requirements.push({ key: key.text, operator, values: [...new Set(values)].sort() })
    }
    const after = peek()
    if (after.is === 'end') break
    if (after.is !== ',') return { fault: `found '${after.text}', expected: ',' or 'end of string'` }
    at++
    const following = peek()
    if (following.is !== 'word' && following.is !== '!') return { fault: `found '${following.text}', expected: identifier after ','` }
  }
  return requirements.sort((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0))

  function readValues(): readonly string[] | { readonly fault: string } {
    const values: string[] = []
    for (;;) {
      const word = peek()
      if (word.is === 'word') { values.push(word.text); at++ }
      else if (word.is === ',' || word.is === ')') values.push('')
      else return { fault: `found '${word.text}', expected: ',', ')' or identifier` }
      const after = peek()
      at++
      if (after.is === ')') return values
      if (after.is !== ',') return { fault: `found '${after.text}', expected: ',' or ')'` }
    }
  }
  function fault(detail: string): SelectorFault {
    return { fault: `unable to parse requirement: ${detail}` }
  }
}

/** Does an object with these labels meet every requirement? */
export function labelsMatch(requirements: readonly LabelRequirement[], labels: Labels | undefined): boolean {
  return requirements.every((requirement) => meets(requirement, labels))
}

function meets({ key, operator, values }: LabelRequirement, labels: Labels | undefined): boolean {
  const value = labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case 'in': case '=': case '==': return value !== undefined && values.includes(value)
    // An object without the label matches, as upstream's documents warn.
    case 'notin': case '!=': return value === undefined || !values.includes(value)
    case 'exists': return value !== undefined
    case '!': return value === undefined
    case 'gt': return value !== undefined && /^-?\d+$/.test(value) && BigInt(value) > BigInt(values[0] ?? '0')
    case 'lt': return value !== undefined && /^-?\d+$/.test(value) && BigInt(value) < BigInt(values[0] ?? '0')
  }
}

/** Does a LabelSelector of a spec match? Absent matches nothing, empty matches everything. */
export function matchesLabels(selector: LabelSelectorObject | undefined, labels: Labels | undefined): boolean {
  if (selector === undefined) return false
  for (const key in selector.matchLabels) if (labels === undefined || !Object.hasOwn(labels, key) || labels[key] !== selector.matchLabels[key]) return false
  return (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const value = labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined
    if (operator === 'In') return value !== undefined && values.includes(value)
    if (operator === 'NotIn') return value === undefined || !values.includes(value)
    if (operator === 'Exists') return value !== undefined
    if (operator === 'DoesNotExist') return value === undefined
    return false
  })
}

/** A LabelSelector as upstream prints it, for columns and scale: 'a=b,c in (d,e),!f'; '<none>' when it is empty or absent. */
export function labelSelectorText(selector: LabelSelectorObject | undefined, whenEmpty = '<none>'): string {
  const requirements = [
    ...Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => ({ key, text: `${key}=${value}` })),
    ...(selector?.matchExpressions ?? []).map(({ key, operator, values = [] }) => ({ key, text: expressionText(key, operator, values) })),
  ]
  if (requirements.length === 0) return whenEmpty
  return requirements.sort((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0)).map(({ text }) => text).join(',')
}

/** A LabelSelector as Go prints the structure. */
export function goSelectorText({ matchLabels = {}, matchExpressions = [] }: LabelSelectorObject): string {
  const labels = Object.entries(matchLabels).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key}: ${value},`).join('')
  const requirements = matchExpressions.map(({ key, operator, values = [] }) => `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`).join('')
  return `&LabelSelector{MatchLabels:map[string]string{${labels}},MatchExpressions:[]LabelSelectorRequirement{${requirements}},}`
}

function expressionText(key: string, operator: string, values: readonly string[]): string {
  const sorted = [...values].sort().join(',')
  if (operator === 'In') return `${key} in (${sorted})`
  if (operator === 'NotIn') return `${key} notin (${sorted})`
  return operator === 'DoesNotExist' ? `!${key}` : key
}

const operators: ReadonlyMap<string, LabelOperator> = new Map(
  [['in', 'in'], ['notin', 'notin'], ['=', '='], ['==', '=='], ['!=', '!='], ['>', 'gt'], ['<', 'lt']] as const)

function checkValues(key: string, operator: LabelOperator, values: readonly string[]): string | undefined {
  if (operator === 'gt' || operator === 'lt') {
    const [value = ''] = values
    if (!/^[+-]?\d+$/.test(value)) return `values[0]: Invalid value: ${JSON.stringify(value)}: for 'Gt', 'Lt' operators, the value must be an integer`
  }
  for (const [index, value] of values.entries()) {
    const wrong = checkLabelValue(value)
    if (wrong.length > 0) return `values[${index}][${key}]: Invalid value: ${JSON.stringify(value)}: ${wrong.join('; ')}`
  }
  return undefined
}

interface Word { readonly is: 'word' | 'operator' | '!' | ',' | '(' | ')' | 'end'; readonly text: string }
const end: Word = { is: 'end', text: '' }
const special = /[=!(),<>]/
const piece = /\s+|==|!=|[=!(),<>]|[^\s=!(),<>]+/g

function split(text: string): readonly Word[] {
  const words: Word[] = []
  for (const [found] of text.matchAll(piece)) {
    if (found.trim() === '') continue
    if (found === '!' || found === ',' || found === '(' || found === ')') words.push({ is: found, text: found })
    else words.push({ is: special.test(found) ? 'operator' : 'word', text: found })
  }
  return words
}
