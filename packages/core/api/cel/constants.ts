// Literals that are checked when an expression is compiled: patterns, durations, timestamps.
import { compilePattern } from '../pattern/index.ts'
import type { Typed } from './scope.ts'
import type { Node } from './syntax.ts'
import { durationFrom, timestampFrom } from './times.ts'
import { Fault } from './values.ts'

/** The fault of a literal argument that can never work. */
export function constantFaults(name: string, nodes: readonly Node[], args: readonly Typed[]): { readonly at: number; readonly message: string } | undefined {
  const last = args.at(-1)?.constant?.value, at = nodes.at(-1)?.at
  if (typeof last !== 'string' || at === undefined) return undefined
  if (name === 'matches' || (name === 'find' || name === 'findAll') && args.length === 1) {
    const pattern = compilePattern(last)
    return 'fault' in pattern ? { at, message: `invalid matches argument` } : undefined
  }
  if (args.length !== 1) return undefined
  if (name === 'duration' && durationFrom(last) instanceof Fault) return { at, message: 'invalid duration argument' }
  if (name === 'timestamp' && timestampFrom(last) instanceof Fault) return { at, message: 'invalid timestamp argument' }
  return undefined
}
