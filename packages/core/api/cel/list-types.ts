// Lists that their schema calls sets or maps: equality without order, and + as a merge.
import type { CelType, Value } from './types.ts'
import { equal, isList, isPlain } from './values.ts'

type Compare = (left: Value, right: Value) => boolean

/** How two lists are equal where the schema of either says so; undefined: as lists are. */
export function equalAsSets(left: CelType, right: CelType): Compare | undefined {
  const listed = left.is === 'list' && left.listType !== undefined ? left : right.is === 'list' && right.listType !== undefined ? right : undefined
  if (listed === undefined) return undefined
  const keyed = listed.listType === 'map' ? listed.listKeys ?? [] : undefined
  return (first, second) => {
    if (!isList(first) || !isList(second)) return equal(first, second)
    if (first.length !== second.length) return false
    const held = new Map(second.map((item) => [identity(item, keyed), item]))
    return held.size === first.length && first.every((item) => { const other = held.get(identity(item, keyed)); return other !== undefined && equal(item, other) })
  }
}

/** left + right of lists that are sets or maps: the right one's items take the place of equal ones, the rest come behind. */
export function merged(listed: CelType & { readonly is: 'list' }, left: readonly Value[], right: readonly Value[]): readonly Value[] {
  const keyed = listed.listType === 'map' ? listed.listKeys ?? [] : undefined
  const items = new Map(left.map((item) => [identity(item, keyed), item]))
  for (const item of right) items.set(identity(item, keyed), item)
  return [...items.values()]
}

const identity = (item: Value, keys: readonly string[] | undefined): string => JSON.stringify(keys === undefined ? item : keys.map((key) => isPlain(item) ? item[key] ?? null : null), (_, value: unknown) => typeof value === 'bigint' ? String(value) : value)
