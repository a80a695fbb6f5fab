/** Equality as upstream's apiequality.Semantic sees it: what is absent, null or empty is the same. */
export function sameMeaning(left: unknown, right: unknown): boolean {
  if (left === right) return true
  if (isEmpty(left) || isEmpty(right)) return isEmpty(left) && isEmpty(right)
  if (Array.isArray(left)) return Array.isArray(right) && left.length === right.length && left.every((each, index) => sameMeaning(each, right[index]))
  if (!isRecord(left) || !isRecord(right) || Array.isArray(right)) return false
  for (const key in left) if (!sameMeaning(left[key], right[key])) return false
  for (const key in right) if (!(key in left) && !isEmpty(right[key])) return false
  return true
}

/**
 * Equality of what is stored: lists that are absent or empty are the same, but an empty object says something where an absent
 * one says nothing, as the empty selector does. Maps without entries are not stored at all.
 */
export function sameContent(left: unknown, right: unknown): boolean {
  if (left === right) return true
  if (isNothing(left) || isNothing(right)) return isNothing(left) && isNothing(right)
  if (Array.isArray(left)) return Array.isArray(right) && left.length === right.length && left.every((each, index) => sameContent(each, right[index]))
  if (!isRecord(left) || !isRecord(right) || Array.isArray(right)) return false
  for (const key in left) if (!sameContent(left[key], right[key])) return false
  for (const key in right) if (!(key in left) && !isNothing(right[key])) return false
  return true
}
const isNothing = (value: unknown): boolean => value === undefined || value === null || (Array.isArray(value) && value.length === 0)

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true
  if (Array.isArray(value)) return value.length === 0
  if (!isRecord(value)) return false
  for (const _ in value) return false
  return true
}
