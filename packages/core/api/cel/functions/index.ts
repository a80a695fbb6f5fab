// All functions that every expression of Kubernetes may call, by name.
import type { Overload } from '../types.ts'
import { lists, sets } from './lists.ts'
import { arithmetic, orders } from './numbers.ts'
import { standard } from './standard.ts'
import { strings } from './strings.ts'

/** Overloads by name. */
export const standardFunctions: ReadonlyMap<string, readonly Overload[]> = Map.groupBy([...arithmetic, ...orders, ...standard, ...strings, ...lists, ...sets], (overload) => overload.name)
