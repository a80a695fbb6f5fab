import { readFileSync } from 'node:fs'
import { type Instant, wordsOf } from '@kubeskiff/core/base'
import type { ParseArgsOptionsConfig } from 'node:util'

// An import would read every export of node:util, and with some of them load worker threads: 15 ms before anything begins.
const { parseArgs } = process.getBuiltinModule('node:util')

/** What a person got wrong: shown as it is, without a stack. */
export class UsageError extends Error {}

/** Parses the words after a command; unknown options and missing values are refused by name. */
export function parse<const Options extends ParseArgsOptionsConfig>(words: readonly string[], options: Options) {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true, strict: true })
  } catch (error) {
    throw new UsageError(wording(error, Object.keys(options)))
  }
}

/** As `parse`, for a command that takes options only. */
export function parseOptions<const Options extends ParseArgsOptionsConfig>(words: readonly string[], options: Options) {
  const { values, positionals: [extra] } = parse(words, options)
  if (extra !== undefined) throw new UsageError(`expected options only, found '${extra}': --help shows them`)
  return values
}

function wording(error: unknown, known: readonly string[]): string {
  const text = wordsOf(error)
  const option = /'(?:-\w, )?(--?[\w-]+)/.exec(text)?.[1] ?? ''
  if (/^Unknown option/.test(text)) {
    const meant = known.filter((name) => isSlipOf(option.replace(/^-+/, ''), name))
    return `there is no option ${option}: ${meant.length > 0 ? 'did you mean' : 'expected'} ${(meant.length > 0 ? meant : known).map((name) => `--${name}`).join(', ')}${meant.length > 0 ? '? --help shows all' : ''}`
  }
  if (/ambiguous|argument missing/.test(text)) return `${option} needs a value`
  if (/does not take an argument/.test(text)) return `${option} takes no value`
  return text
}

/** Whether a word was probably meant as another: its beginning, or all of it but a letter too many or too few, or two that are wrong or swapped. */
function isSlipOf(typed: string, meant: string): boolean {
  if (typed.length < 3) return false
  if (meant.startsWith(typed)) return true
  let same = 0
  while (same < typed.length && typed[same] === meant[same]) same++
  const [typedRest, meantRest] = [typed.slice(same), meant.slice(same)]
  return typedRest.slice(1) === meantRest || typedRest === meantRest.slice(1) || typedRest.slice(2) === meantRest.slice(2)
}

/** What a file that was named holds; a clear refusal where there is none, or it can't be read. */
export function textOf(file: string): string {
  try { return readFileSync(file, 'utf8') } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    throw new UsageError(code === 'ENOENT' ? `there is no file ${file}` : `${file} cannot be read: ${code === 'EISDIR' ? 'it is a directory' : code === 'EACCES' ? 'permission denied' : String(error)}`)
  }
}

/** A whole number from `least` to `most`, or a clear refusal that names the option. */
export function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < least || value > most) throw new UsageError(`${option} takes a whole number from ${least} to ${most}, not '${text}'`)
  return value
}

/** The one of the choices that was named, undefined where none was; or a clear refusal that names the option. */
export function choice<Choice extends string>(option: string, text: string | undefined, choices: readonly Choice[]): Choice | undefined {
  const found = choices.find((one) => one === text)
  if (text !== undefined && found === undefined) throw new UsageError(`${option} takes ${choices.join(' or ')}, not '${text}'`)
  return found
}

/** 'a=b' pairs into a record. */
export function pairs(option: string, texts: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(texts.flatMap((text) => text.split(',')).map((text) => {
    const at = text.indexOf('=')
    if (at < 1) throw new UsageError(`${option} takes key=value, not '${text}'`)
    return [text.slice(0, at), text.slice(at + 1)]
  }))
}

/** '2030-01-01T00:00:00Z', or a day, which begins at midnight UTC. Refused when it is neither. */
export function instantAsked(text: string): Instant {
  const instant = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(instant)) throw new UsageError(`an instant is written like 2030-01-01T00:00:00Z, 2030-01-01T00:00:00+01:00 or 2030-01-01, not '${text}'`)
  return instant
}

/** 'a, b and 3 more': of many names, the first five. */
export const few = (names: readonly string[]): string => `${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`
