import { exactInteger } from '../text/json.ts'

/** Whether two JSON values say the same; 1 and 1.0 do, keys may come in any order. */
export function sameValue(left: unknown, right: unknown): boolean {
  if (left === right) return true
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false
  const [one, other] = [exactInteger(left), exactInteger(right)]
  if (one !== undefined || other !== undefined) return one === other
  if (Array.isArray(left) || Array.isArray(right)) {
    return Array.isArray(left) && Array.isArray(right) && left.length === right.length && left.every((each, index) => sameValue(each, right[index]))
  }
  const [a, b] = [left as Readonly<Record<string, unknown>>, right as Readonly<Record<string, unknown>>]
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && sameValue(a[name], b[name]))
}

/** A text that is the same for values that are. */
export function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null || exactInteger(value) !== undefined) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  const object = value as Readonly<Record<string, unknown>>
  return `{${Object.keys(object).sort().map((name) => `${JSON.stringify(name)}:${canonical(object[name])}`).join(',')}}`
}
