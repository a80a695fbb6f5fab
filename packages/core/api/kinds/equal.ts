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

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true
  if (Array.isArray(value)) return value.length === 0
  if (!isRecord(value)) return false
  for (const _ in value) return false
  return true
}
