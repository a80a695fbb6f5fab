/** Equality as upstream's apiequality.Semantic sees it: what is absent, null or empty is the same. */
export const sameMeaning = (left: unknown, right: unknown): boolean => same(left, right, isEmpty)

/**
 * Equality of what is stored: lists that are absent or empty are the same, but an empty object says something where an absent
 * one says nothing, as the empty selector does. Maps without entries are not stored at all.
 */
export const sameContent = (left: unknown, right: unknown): boolean => same(left, right, isNothing)

function same(left: unknown, right: unknown, isAbsent: (value: unknown) => boolean): boolean {
  if (left === right) return true
  if (isAbsent(left) || isAbsent(right)) return isAbsent(left) && isAbsent(right)
  if (Array.isArray(left)) return Array.isArray(right) && left.length === right.length && left.every((each, index) => same(each, right[index], isAbsent))
  if (!isRecord(left) || !isRecord(right) || Array.isArray(right)) return false
  for (const key in left) if (!same(left[key], right[key], isAbsent)) return false
  for (const key in right) if (!(key in left) && !isAbsent(right[key])) return false
  return true
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null

const isNothing = (value: unknown): boolean => value === undefined || value === null || (Array.isArray(value) && value.length === 0)

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true
  if (Array.isArray(value)) return value.length === 0
  if (!isRecord(value)) return false
  for (const _ in value) return false
  return true
}
