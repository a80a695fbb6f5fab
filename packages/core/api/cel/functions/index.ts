// All functions that every expression of Kubernetes may call, by name.
import type { Overload } from '../types.ts'
import { addresses } from './addresses.ts'
import { access } from './authorizer.ts'
import { lists, moreLists, sets } from './lists.ts'
import { namedFormats } from './named-formats.ts'
import { arithmetic, orders } from './numbers.ts'
import { quantities, versions } from './quantities.ts'
import { standard } from './standard.ts'
import { strings } from './strings.ts'
import { regexes, urls } from './urls.ts'

const all: readonly Overload[] = [
  ...arithmetic, ...orders, ...standard, ...strings, ...lists, ...moreLists, ...sets, ...regexes, ...urls, ...addresses, ...quantities, ...versions, ...namedFormats, ...access,
]
/** Overloads by name. */
export const standardFunctions: ReadonlyMap<string, readonly Overload[]> = Map.groupBy(all, (overload) => overload.name)
