// Strings, as cel-go's extension of version 2 has them; positions count code points.
import { plus, scaled, times as product } from '../static-types.ts'
import type { Overload, Range, Value } from '../types.ts'
import { charactersOf, Fault, isSimpleText, lengthOf, sizeOf, type Int } from '../values.ts'
import { formatted } from './format-text.ts'
import { anyType, declared, int, list, member, string, traversal, traverses, type Costs } from './declare.ts'

const nothing: Range = { min: 0, max: Infinity }
const outOfRange = (index: Int): Fault => new Fault(`index out of range: ${index}`)

function charAt(text: string, index: Int): string | Fault {
  if (isSimpleText(text)) return index < 0 || index > text.length ? outOfRange(index) : text.charAt(Number(index))
  const characters = charactersOf(text), at = Number(index)
  return at < 0 || at > characters.length ? outOfRange(index) : characters[at] ?? ''
}
function indexOf(text: string, part: string, from: Int = 0): number | Fault {
  const start = Number(from)
  if (part === '' && start === 0) return 0
  const length = lengthOf(text)
  if (start < 0) return outOfRange(from)
  if (start > length) return -1
  const offset = isSimpleText(text) ? start : charactersOf(text).slice(0, start).join('').length
  const found = text.indexOf(part, offset)
  return found < 0 ? -1 : lengthOf(text.slice(0, found))
}
function lastIndexOf(text: string, part: string, from?: Int): number | Fault {
  if (from === undefined) {
    const found = text.lastIndexOf(part)
    return found < 0 ? -1 : lengthOf(text.slice(0, found))
  }
  const start = Number(from)
  if (start < 0 || start > lengthOf(text)) return outOfRange(from)
  const found = text.lastIndexOf(part, isSimpleText(text) ? start : charactersOf(text).slice(0, start).join('').length)
  return found < 0 ? -1 : lengthOf(text.slice(0, found))
}
function substring(text: string, from: Int, to?: Int): string | Fault {
  const length = lengthOf(text), start = Number(from), end = to === undefined ? length : Number(to)
  if (start < 0 || start > length) return outOfRange(from)
  if (end < 0 || end > length) return outOfRange(to ?? 0)
  if (start > end) return new Fault(`invalid substring range. start: ${start}, end: ${end}`)
  return isSimpleText(text) ? text.slice(start, end) : charactersOf(text).slice(start, end).join('')
}
const charactersMax = 10_000_000
function replace(text: string, part: string, by: string, most: Int = -1): string | Fault {
  const limit = Number(most)
  if (limit === 0) return text
  const pieces = part === '' ? charactersOf(text) : text.split(part)
  const places = part === '' ? pieces.length + 1 : pieces.length - 1
  const count = limit < 0 ? places : Math.min(limit, places)
  if (text.length + count * by.length > charactersMax) return new Fault('replacement is too large')
  if (part === '') return pieces.map((piece, index) => (index < count ? by : '') + piece).join('') + (count > pieces.length ? by : '')
  return pieces.slice(0, count + 1).join(by) + pieces.slice(count + 1).map((piece) => part + piece).join('')
}
function split(text: string, separator: string, most: Int = -1): readonly string[] {
  const limit = Number(most)
  if (limit === 0) return []
  const pieces = separator === '' ? charactersOf(text) : text.split(separator)
  if (limit < 0 || pieces.length <= limit) return pieces
  return [...pieces.slice(0, limit - 1), pieces.slice(limit - 1).join(separator)]
}
const lower = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
const upper = (text: string): string => text.replace(/[a-z]+/g, (letters) => letters.toUpperCase())
// White space as Unicode has it; JavaScript's trim also takes U+FEFF, and leaves U+0085.
const trim = (text: string): string => text.replace(/^[\p{White_Space}]+|[\p{White_Space}]+$/gu, '')
const escapes: Readonly<Record<string, string>> = { '\x07': '\\a', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\v': '\\v', '\\': '\\\\', '"': '\\"' }
const quote = (text: string): string => `"${text.replace(/[\x07\b\f\n\r\t\v\\"]/g, (character) => escapes[character] ?? character)}"`

const joinCosts: Costs = {
  cost: ([items]) => Math.ceil(sizeOf(items) * traversal),
  costOfResult: (result) => Math.ceil(sizeOf(result) * 2 * traversal),
  estimate: ([items = nothing, separator], [of]) => {
    const element = of?.is === 'list' && of.items.is === 'string' ? { min: 0, max: of.items.maxSize ?? Infinity } : nothing
    const between: Range = separator === undefined ? { min: 0, max: 0 } : product(separator, { min: Math.max(0, items.min - 1), max: Math.max(0, items.max - 1) })
    const size = plus(product(items, element), between)
    return { cost: scaled(size, traversal), size }
  },
}
const splits: Costs = { ...traverses(2), estimate: ([text = nothing]) => ({ cost: scaled(text, 2 * traversal), size: { min: 0, max: text.max } }) }
const finds: Costs = { cost: ([first]) => Math.ceil(sizeOf(first) * traversal), estimate: ([text = nothing]) => ({ cost: scaled(text, traversal) }) }
const replaces: Costs = {
  cost: ([text]) => Math.ceil(sizeOf(text) * 2 * traversal),
  estimate: ([text = nothing, part = nothing, by = nothing]) => {
    const places = part.min === 0 ? text.max + 1 : by.max <= part.min ? 0 : Math.ceil(text.max / part.min)
    return { cost: scaled(text, 2 * traversal), size: { min: 0, max: (places === 0 ? 0 : places * by.max) + text.max } }
  },
}
const join = (items: readonly string[], separator = ''): string => items.join(separator)

export const strings: readonly Overload[] = [
  member('charAt', [string, int], string, charAt),
  member('indexOf', [string, string], int, (text, part) => indexOf(text, part), finds),
  member('indexOf', [string, string, int], int, indexOf, finds),
  member('lastIndexOf', [string, string], int, (text, part) => lastIndexOf(text, part), finds),
  member('lastIndexOf', [string, string, int], int, lastIndexOf, finds),
  member('substring', [string, int], string, (text, from) => substring(text, from), traverses()),
  member('substring', [string, int, int], string, substring, traverses()),
  member('replace', [string, string, string], string, (text, part, by) => replace(text, part, by), replaces),
  member('replace', [string, string, string, int], string, replace, replaces),
  member('split', [string, string], list(string), (text, separator) => split(text, separator), splits),
  member('split', [string, string, int], list(string), split, splits),
  member('join', [list(string)], string, (items) => join(items), joinCosts),
  member('join', [list(string), string], string, join, joinCosts),
  member('lowerAscii', [string], string, lower, traverses()),
  member('upperAscii', [string], string, upper, traverses()),
  member('trim', [string], string, trim, traverses()),
  member('format', [string, list(anyType)], string, (text: string, args: readonly Value[]) => formatted(text, args), traverses()),
  declared('strings.quote', [string], string, quote, traverses()),
]
