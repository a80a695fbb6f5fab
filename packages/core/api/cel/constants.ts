// Literals that are checked when an expression is compiled: patterns, durations, timestamps.
import { compilePattern } from '../pattern/index.ts'
import type { Typed } from './scope.ts'
import { typeText } from './static-types.ts'
import type { Node } from './syntax.ts'
import type { CelType } from './types.ts'
import { durationFrom, timestampFrom } from './times.ts'
import { Fault } from './values.ts'

type Call = Node & { readonly is: 'call' }
type Found = { readonly at: number; readonly message: string } | undefined

/** The fault of a literal argument that can never work. */
export function constantFaults(name: string, call: Call, args: readonly Typed[], target: Typed | undefined): Found {
  const last = args.at(-1)?.constant?.value, at = call.args.at(-1)?.at
  if (name === 'format' && target !== undefined) return formatFault(call, args[0], target)
  if (name === 'duration' && args.length === 1 && typeof last === 'number' && at !== undefined) return { at, message: 'invalid duration argument' }
  if (typeof last !== 'string' || at === undefined) return undefined
  if (name === 'matches' || (name === 'find' || name === 'findAll') && args.length === 1) return 'fault' in compilePattern(last) ? { at, message: 'invalid matches argument' } : undefined
  if (args.length !== 1) return undefined
  if (name === 'duration' && durationFrom(last) instanceof Fault) return { at, message: 'invalid duration argument' }
  if (name === 'timestamp' && timestampFrom(last) instanceof Fault) return { at, message: 'invalid timestamp argument' }
  return undefined
}

/** A literal text that is formatted with a literal list: each clause must fit its argument, as far as its type is known. */
function formatFault(call: Call, given: Typed | undefined, target: Typed): Found {
  const text = target.constant?.value, [arg] = call.args
  if (typeof text !== 'string' || arg?.is !== 'list' || given === undefined) return undefined
  const clauses = [...text.matchAll(clauseForm)].filter(([whole]) => whole !== '%%')
  for (const [index, [, verb = '', other]] of clauses.entries()) {
    const { at } = call
    if (other === '') return { at, message: 'unexpected end of string' }
    if (other !== undefined || !verbs.includes(verb)) return { at, message: `could not parse formatting clause: unrecognized formatting clause ${JSON.stringify(other ?? verb)}` }
    const item = arg.items[index]?.value
    if (item === undefined) return { at, message: `index ${index} out of range` }
    const type = given.itemTypes?.[index]
    const fault = type === undefined ? undefined : unwritten(verb, type)
    if (fault !== undefined) return { at: item.at, message: `error during formatting: ${fault}` }
  }
  return arg.items.length > clauses.length ? { at: call.at, message: `too many arguments supplied to string.format (expected ${clauses.length}, got ${arg.items.length})` } : undefined
}
const clauseForm = /%(?:%|(?:\.\d*)?([a-zA-Z])|(.?))/g
const verbs = 'sdfebxXo'

/** What each clause takes; types that are known when it runs only may be anything. */
const takes: Readonly<Record<string, { readonly types: readonly string[]; fault(given: string): string }>> = {
  s: { types: ['string', 'bool', 'bytes', 'int', 'uint', 'double', 'map', 'list', 'type', 'duration', 'timestamp', 'null'], fault: (given) => `string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given ${given}` },
  d: { types: ['int', 'uint'], fault: (given) => `decimal clause can only be used on integers, was given ${given}` },
  f: { types: ['double', 'string'], fault: (given) => `fixed-point clause can only be used on doubles, was given ${given}` },
  e: { types: ['double', 'string'], fault: (given) => `scientific clause can only be used on doubles, was given ${given}` },
  b: { types: ['int', 'uint', 'bool'], fault: (given) => `only integers and bools can be formatted as binary, was given ${given}` },
  x: { types: ['int', 'uint', 'string', 'bytes'], fault: (given) => `only integers, byte buffers, and strings can be formatted as hex, was given ${given}` },
  o: { types: ['int', 'uint'], fault: (given) => `octal clause can only be used on integers, was given ${given}` },
}
function unwritten(verb: string, type: CelType): string | undefined {
  const clause = takes[verb.toLowerCase()]
  return clause === undefined || type.is === 'dyn' || type.is === 'param' || clause.types.includes(type.is) ? undefined : clause.fault(typeText(type))
}
