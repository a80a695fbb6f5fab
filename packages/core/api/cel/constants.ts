// Literals that are checked when an expression is compiled: patterns, durations, timestamps.
import { compilePattern } from '../pattern/index.ts'
import type { Typed } from './scope.ts'
import type { Node } from './syntax.ts'
import { durationFrom, timestampFrom } from './times.ts'
import { formatted } from './functions/format-text.ts'
import { Fault } from './values.ts'

type Call = Node & { readonly is: 'call' }
type Found = { readonly at: number; readonly message: string } | undefined

/** The fault of a literal argument that can never work. */
export function constantFaults(name: string, call: Call, args: readonly Typed[], target: Typed | undefined): Found {
  const last = args.at(-1)?.constant?.value, at = call.args.at(-1)?.at
  if (name === 'format' && target !== undefined) return formatFault(call, args[0], target)
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
    if (other !== undefined || !verbs.includes(verb)) return { at, message: `could not parse formatting clause: unrecognized formatting clause ${JSON.stringify(other ?? verb)}` }
    const item = arg.items[index]?.value
    if (item === undefined) return { at, message: `index ${index} out of range` }
    if (item.is !== 'literal') continue
    const written = formatted(`%${verb}`, [item.value])
    if (written instanceof Fault) return { at: item.at, message: written.message }
  }
  return arg.items.length > clauses.length ? { at: call.at, message: `too many arguments supplied to string.format (expected ${clauses.length}, got ${arg.items.length})` } : undefined
}
const clauseForm = /%(?:%|(?:\.\d*)?([a-zA-Z])|(.?))/g
const verbs = 'sdfebxXo'
