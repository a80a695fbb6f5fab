// Names that upstream's parser uses in its messages: clients show them, and people search for them.
import { exactInteger } from '../text/json.ts'
import type { Field } from './types.ts'

const scalarTypes: Readonly<Record<string, string>> = {
  int32: 'int32', int64: 'int64', double: 'float64', byte: '[]uint8', quantity: 'resource.Quantity', 'date-time': 'v1.Time', 'date-time-micro': 'v1.MicroTime', 'int-or-string': 'intstr.IntOrString',
}

/** The type of a field as upstream prints it: 'int32', '[]v1.Container', 'map[string]string'. */
export function goType(field: Field): string {
  if (field.goName !== undefined) return field.goName
  if (field.items) return `[]${goType(field.items)}`
  if (field.values) return `map[string]${goType(field.values)}`
  const scalar = scalarTypes[field.format ?? '']
  if (scalar !== undefined) return scalar
  if (field.ref !== undefined) return field.ref.split('.').slice(-2).join('.')
  return field.type === 'boolean' ? 'bool' : field.type === 'number' ? 'float64' : field.type === 'string' ? 'string' : 'interface {}'
}

/** What a value is, as upstream's messages call it. */
export function describeKind(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'boolean') return 'bool'
  if (exactInteger(value) !== undefined) return 'number'
  return typeof value
}

/** A number as it was most likely written. */
export const literalOf = (value: number): string => (Number.isInteger(value) && Math.abs(value) >= 1e21 ? BigInt(value).toString() : String(value))

/** A value as upstream's %v prints it: 'map[a:1 b:[x y]]'. */
export function goValue(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(goValue).join(' ')}]`
  const digits = exactInteger(value)
  if (digits !== undefined) return digits
  if (typeof value === 'object') return `map[${Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => `${key}:${goValue(item)}`).join(' ')}]`
  return String(value)
}

/** What a value is to upstream's converter, which works on what the parser made of it. */
export function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'slice'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'string') return 'string'
  if (exactInteger(value) !== undefined) return 'int64'
  return typeof value === 'number' ? (Number.isInteger(value) ? 'int64' : 'float64') : 'map'
}
/** Why upstream's converter cannot make a value what this field takes. */
export function conversionFault(value: unknown, field: Field): string {
  const found = kindOf(value)
  if (field.items !== undefined || field.format === 'byte') return `cannot restore slice from ${found}`
  if (field.values !== undefined) return `cannot restore map from ${found}`
  if (field.type === 'object' || field.type === 'any') return `cannot restore struct from: ${found}`
  const { goName: _, ...plain } = field
  if ((found === 'int64' && field.type === 'string') || (found === 'float64' && field.type === 'integer')) return `cannot convert ${found} to ${goType(field)}`
  return `unrecognized type: ${goType(plain)}`
}

/** A value as upstream's %#v prints it: 'map[string]interface {}{"a":1}'. */
export function goSyntax(value: unknown): string {
  if (value === null || value === undefined) return 'interface {}(nil)'
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`
  const digits = exactInteger(value)
  if (digits !== undefined) return digits
  if (typeof value === 'object') return `map[string]interface {}{${Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => `${JSON.stringify(key)}:${goSyntax(item)}`).join(', ')}}`
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}
