// Regular expressions as Kubernetes means them: RE2's syntax, in time linear in the text. JavaScript's own can be made to hang.
import { RE2JS, RE2JSException } from 're2js'

export interface Pattern {
  /** True when some part of the text matches. */
  test(text: string): boolean
  /** The matching parts from the left, at most so many. */
  findAll(text: string, most: number): readonly string[]
}
/** Why a pattern is none, as Go says it: 'missing closing ]: `[`'. */
export interface PatternFault { readonly fault: string }

/** Longer patterns take too long to compile; no pattern in use comes near. */
export const patternCharactersMax = 10_000
/** Steps of the program times characters of the text: about a second. More than that is taken as no match. */
const workMax = 200_000_000
const keptMax = 1_000
const kept = new Map<string, Pattern | PatternFault>()

/** The pattern of a text, kept for the next time; or why it is none. */
export function compilePattern(source: string): Pattern | PatternFault {
  const known = kept.get(source)
  if (known !== undefined) return known
  if (kept.size >= keptMax) kept.clear()
  const made = make(source)
  kept.set(source, made)
  return made
}

function make(source: string): Pattern | PatternFault {
  if (source.length > patternCharactersMax) return { fault: 'expression too large' }
  try {
    const expression = RE2JS.compile(source), charactersMax = Math.ceil(workMax / expression.programSize())
    return {
      test: (text) => text.length <= charactersMax && expression.test(text),
      findAll: (text, most) => text.length <= charactersMax ? found(expression, text, most) : [],
    }
  } catch (thrown) {
    // The library throws for what is no pattern.
    if (thrown instanceof RE2JSException) return { fault: thrown.message.replace(/^error parsing regexp: /, '') }
    throw thrown
  }
}

function found(expression: RE2JS, text: string, most: number): readonly string[] {
  const matcher = expression.matcher(text), parts: string[] = []
  while (parts.length < most && matcher.find()) parts.push(matcher.group() ?? '')
  return parts
}
