// Words of an expression.
import type { Value } from './types.ts'
import { Double, intOf, toDouble, Uint, uintOf } from './values.ts'

export type Token =
  | { readonly is: 'name' | 'mark' | 'word'; readonly text: string; readonly at: number }
  | { readonly is: 'literal'; readonly type: 'int' | 'uint' | 'double' | 'string' | 'bytes'; readonly text: string; readonly value: Value; readonly at: number }
  | { readonly is: 'end'; readonly text: '<EOF>'; readonly at: number }

/** A fault in the text, at an offset. */
export interface SyntaxFault { readonly at: number; readonly message: string }
export const isSyntaxFault = (given: object): given is SyntaxFault => 'message' in given

const space = /(?:[\t\n\f\r ]+|\/\/[^\n]*)+/y
const name = /[A-Za-z_][A-Za-z0-9_]*/y
const number = /0x([0-9a-fA-F]+)([uU]?)|(\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)|(\d+)([uU]?)/y
const mark = /==|!=|<=|>=|&&|\|\||[-+*/%<>!?:.,()[\]{}]/y
const quoted = /([rR]?[bB]?|[bB][rR])("""|'''|"|')/y
const plainQuoted = /([rR]?[bB]?|[bB][rR])("|')/y
const ticks = /`[A-Za-z0-9_.\-/ ]+`/y
const words = new Set(['true', 'false', 'null', 'in'])

/** The words with an end behind them, and the texts between them that are none: those are skipped. */
export function tokensOf(text: string): { readonly tokens: readonly Token[]; readonly faults: readonly SyntaxFault[] } {
  const tokens: Token[] = [], faults: SyntaxFault[] = []
  let at = 0
  const match = (pattern: RegExp): RegExpExecArray | null => { pattern.lastIndex = at; return pattern.exec(text) }
  for (;;) {
    at += match(space)?.[0].length ?? 0
    if (at >= text.length) return { tokens: [...tokens, { is: 'end', text: '<EOF>', at: text.length }], faults }
    const ticked = match(ticks)
    if (ticked !== null) {
      faults.push({ at, message: "unsupported syntax: '`'" })
      tokens.push({ is: 'name', text: ticked[0], at })
      at += ticked[0].length
      continue
    }
    // Three quotes without three more are an empty text and another's beginning.
    const token = stringAt(text, at, match(quoted)) ?? stringAt(text, at, match(plainQuoted)) ?? numberAt(at, match(number)) ?? wordAt(at, match(name)) ?? markAt(at, match(mark))
    if (token === undefined) {
      const end = faultyEnd(text, at)
      faults.push({ at, message: `Syntax error: token recognition error at: '${text.slice(at, end)}'` })
      at = end
    } else if (isSyntaxFault(token)) {
      faults.push(token)
      return { tokens: [...tokens, { is: 'end', text: '<EOF>', at: text.length }], faults }
    } else {
      tokens.push(token)
      at += token.text.length
    }
  }
}

/** Where the text ends that is no word: a string that does not end or has a false escape, half an operator, one character. */
function faultyEnd(text: string, at: number): number {
  const first = text[at] ?? ''
  if (first !== '"' && first !== "'") return at + ('=&|'.includes(first) ? 2 : (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1)
  for (let end = at + 1; end < text.length; end++) {
    if (text[end] === first) return end + 1
    if (text[end] === '\n' || text[end] === '\r') return end
    if (text[end] !== '\\') continue
    end++
    if (!/[abfnrtv\\'"`?xXuU0-3]/.test(text[end] ?? '')) return Math.min(text.length, end + 1)
  }
  return text.length
}

const wordAt = (at: number, found: RegExpExecArray | null): Token | undefined => found === null ? undefined : { is: words.has(found[0]) ? 'word' : 'name', text: found[0], at }
const markAt = (at: number, found: RegExpExecArray | null): Token | undefined => found === null ? undefined : { is: 'mark', text: found[0], at }

function numberAt(at: number, found: RegExpExecArray | null): Token | SyntaxFault | undefined {
  if (found === null) return undefined
  const [text, hexadecimal, hexadecimalSuffix, decimal, digits, suffix] = found
  if (decimal !== undefined) return { is: 'literal', type: 'double', text, value: toDouble(Number(decimal)), at }
  const whole = BigInt(hexadecimal === undefined ? digits ?? '0' : `0x${hexadecimal}`)
  if ((hexadecimalSuffix ?? '') !== '' || (suffix ?? '') !== '') {
    const value = uintOf(whole)
    return value === undefined ? { at, message: 'invalid uint literal' } : { is: 'literal', type: 'uint', text, value, at }
  }
  // One more than the greatest int: the parser may find a minus before it.
  if (whole > 2n ** 63n) return { at, message: 'invalid int literal' }
  return { is: 'literal', type: 'int', text, value: intOf(whole) ?? whole, at }
}

function stringAt(text: string, at: number, found: RegExpExecArray | null): Token | undefined {
  if (found === null) return undefined
  const [opening, prefix = '', quote = '"'] = found
  const raw = /r/i.test(prefix), bytes = /b/i.test(prefix)
  const start = at + opening.length
  let end = start
  for (;; end++) {
    if (end >= text.length || (quote.length === 1 && (text[end] === '\n' || text[end] === '\r'))) return undefined
    if (text.startsWith(quote, end)) break
    if (text[end] === '\\' && !raw) end++
  }
  const body = text.slice(start, end), whole = text.slice(at, end + quote.length)
  const value = raw ? body : unescape(body, bytes)
  if (typeof value !== 'string') return undefined
  if (!bytes) return { is: 'literal', type: 'string', text: whole, value, at }
  return { is: 'literal', type: 'bytes', text: whole, value: raw || !/\\/.test(body) ? new TextEncoder().encode(value) : bytesOf(value), at }
}

const simple: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\\': '\\', "'": "'", '"': '"', '`': '`', '?': '?' }
const escape = /\\(?:([abfnrtv\\'"`?])|[xX]([0-9a-fA-F]{2})|([0-3][0-7]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([\s\S]?))/g
// Escaped bytes of a bytes literal travel as private characters until bytesOf takes them out.
const byteBase = 0xf0000

function unescape(body: string, bytes: boolean): string | undefined {
  let faulty = false
  const text = body.replace(escape, (_, plain?: string, hexadecimal?: string, octal?: string, short?: string, long?: string) => {
    if (plain !== undefined) return simple[plain] ?? plain
    const code = hexadecimal !== undefined ? parseInt(hexadecimal, 16) : octal !== undefined ? parseInt(octal, 8) : undefined
    if (code !== undefined) return String.fromCodePoint(bytes ? byteBase + code : code)
    const point = parseInt(short ?? long ?? '', 16)
    faulty ||= !(point <= 0x10ffff) || (point >= 0xd800 && point <= 0xdfff)
    return faulty ? '' : String.fromCodePoint(point)
  })
  return faulty ? undefined : text
}

function bytesOf(text: string): Uint8Array {
  const parts: number[] = []
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    if (code >= byteBase && code <= byteBase + 255) parts.push(code - byteBase)
    else parts.push(...new TextEncoder().encode(character))
  }
  return new Uint8Array(parts)
}

/** The literal behind a minus. */
export function negated(value: Value): Value {
  if (value instanceof Double) return value.value === 0 ? new Double(-0) : new Double(-value.value)
  if (typeof value === 'bigint') return intOf(-value) ?? value
  return typeof value === 'number' ? -value : value instanceof Uint ? undefined : value
}
