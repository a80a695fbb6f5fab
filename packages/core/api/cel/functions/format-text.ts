// 'text %d'.format([…]): upstream's clauses.
import { durationText, timestampText } from '../times.ts'
import type { Value } from '../types.ts'
import { doubleOf, Duration, entriesOf, Fault, isDouble, isInt, isList, isMap, Timestamp, TypeValue, typeNameOf, Uint, compareTexts } from '../values.ts'
import { doubleText } from './number-text.ts'

const clause = /%(?:%|(\.(\d*))?([a-zA-Z])|(.?))/g
const precisionMax = 100

/** The text with its clauses replaced by the arguments in turn, or what is wrong with one of them. */
export function formatted(text: string, args: readonly Value[]): string | Fault {
  let next = 0
  let fault: Fault | undefined
  const result = text.replace(clause, (whole, _dot: string | undefined, precision: string | undefined, verb: string | undefined) => {
    if (whole === '%%') return '%'
    if (verb === undefined) { fault ??= new Fault(`could not parse formatting clause: unrecognized formatting clause "${whole.slice(1)}"`); return '' }
    if (next >= args.length) { fault ??= new Fault(`index ${next} out of range`); return '' }
    const written = formatOne(verb, args[next++], precision === undefined ? undefined : Math.min(Number(precision), precisionMax))
    if (typeof written === 'string') return written
    fault ??= written
    return ''
  })
  return fault ?? result
}

const wrong = (clauseName: string, value: Value, allowed: string): Fault => new Fault(`error during formatting: ${clauseName} clause can only be used on ${allowed}, was given ${typeNameOf(value)}`)
const otherwise = (allowed: string, form: string, value: Value): Fault => new Fault(`error during formatting: only ${allowed} can be formatted as ${form}, was given ${typeNameOf(value)}`)
const whole = (value: Value): bigint | undefined => isInt(value) ? BigInt(value) : value instanceof Uint ? value.value : undefined
const signed = (value: bigint, radix: number): string => value.toString(radix)
const special = (value: number): string | undefined => Number.isNaN(value) ? 'NaN' : Number.isFinite(value) ? undefined : value > 0 ? 'Infinity' : '-Infinity'
const hexOf = (value: Uint8Array): string => [...value].map((byte) => byte.toString(16).padStart(2, '0')).join('')

/** A double, or the text of one that is no number. */
const floating = (value: Value): number | undefined => isDouble(value) ? doubleOf(value) : typeof value === 'string' && /^(NaN|-?Infinity)$/.test(value) ? Number(value) : undefined
/** JavaScript rounds what lies in the middle up; Go to the even digit. */
function fixed(value: number, digits: number): string {
  const exact = Math.abs(value).toFixed(Math.min(100, digits + 40)), cut = exact.indexOf('.') + digits + (digits === 0 ? 0 : 1)
  const isMiddle = /^\.?50*$/.test(exact.slice(cut)), kept = exact.slice(0, cut)
  return isMiddle && /[02468]\.?$/.test(kept) ? `${value < 0 ? '-' : ''}${kept}` : value.toFixed(digits)
}
const raised = '\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079'
/** '1.5e+3' in the notation of upstream's locale: 1.5 times ten to a raised 03. */
function scientific(text: string): string {
  const [mantissa = '', exponent = '0'] = text.split('e')
  const digits = exponent.replace(/^[+-]/, '').padStart(2, '0')
  return `${mantissa}\u00d710${exponent.startsWith('-') ? '\u207b' : ''}${[...digits].map((digit) => raised[Number(digit)]).join('')}`
}

function formatOne(verb: string, value: Value, precision: number | undefined): string | Fault {
  const integer = whole(value)
  switch (verb) {
    case 's': return textOf(value)
    case 'd': return integer !== undefined ? signed(integer, 10) : isDouble(value) && special(doubleOf(value)) !== undefined ? special(doubleOf(value)) ?? '' : wrong('decimal', value, 'integers')
    case 'f': case 'e': {
      const number = floating(value)
      if (number === undefined) return wrong(verb === 'f' ? 'fixed-point' : 'scientific', value, 'doubles')
      // As upstream, which takes no precision for the scientific form.
      return special(number) ?? (verb === 'f' ? fixed(number, precision ?? 6) : scientific(number.toExponential(6)))
    }
    case 'b': return typeof value === 'boolean' ? (value ? '1' : '0') : integer !== undefined ? signed(integer, 2) : otherwise('integers and bools', 'binary', value)
    case 'o': return integer !== undefined ? signed(integer, 8) : wrong('octal', value, 'integers')
    case 'x': case 'X': {
      const text = integer !== undefined ? signed(integer, 16) : typeof value === 'string' ? hexOf(new TextEncoder().encode(value)) : value instanceof Uint8Array ? hexOf(value) : undefined
      return text === undefined ? otherwise('integers, byte buffers, and strings', 'hex', value) : verb === 'X' ? text.toUpperCase() : text
    }
    default: return new Fault(`could not parse formatting clause: unrecognized formatting clause "${verb}"`)
  }
}

const depthMax = 100
function textOf(value: Value, depth = 0): string | Fault {
  if (depth > depthMax) return new Fault('no matching overload for string conversion')
  // Inside of lists and maps texts are quoted.
  if (typeof value === 'string') return depth === 0 ? value : JSON.stringify(value)
  if (value === null) return 'null'
  if (typeof value === 'boolean' || isInt(value)) return String(value)
  if (isDouble(value)) return special(doubleOf(value)) ?? doubleText(doubleOf(value))
  if (value instanceof Uint) return String(value.value)
  if (value instanceof Timestamp) return timestampText(value)
  if (value instanceof Duration) return durationText(value)
  if (value instanceof Uint8Array) return new TextDecoder().decode(value)
  if (value instanceof TypeValue) return value.name
  if (isList(value)) {
    const parts = value.map((item) => textOf(item, depth + 1))
    return parts.find((part) => part instanceof Fault) ?? `[${parts.join(', ')}]`
  }
  if (!isMap(value)) return wrong('string', value, 'strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps')
  const entries = entriesOf(value).map(([key, item]) => [textOf(key, depth + 1), textOf(item, depth + 1)] as const)
  const fault = entries.flat().find((part) => part instanceof Fault)
  return fault ?? `{${entries.map(([key, item]) => [String(key), String(item)] as const).sort(([left], [right]) => compareTexts(left, right)).map(([key, item]) => `${key}:${item}`).join(', ')}}`
}
