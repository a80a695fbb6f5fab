// JSON as its schema means it: a number that is whole is a double where the schema says number; times are texts.
import { durationFrom, timestampFrom } from './times.ts'
import type { CelType, Value } from './types.ts'
import { Fault, isList, isPlain, toDouble } from './values.ts'

export type Conversion = (value: Value) => Value

/** How values of a type are made of JSON; undefined: JSON as it is. Idempotent. */
export function conversionOf(type: CelType): Conversion | undefined {
  switch (type.is) {
    case 'double': return (value) => typeof value === 'number' ? toDouble(value) : value
    case 'timestamp': return (value) => typeof value === 'string' ? timestampFrom(/^\d{4}-\d\d-\d\d$/.test(value) ? `${value}T00:00:00Z` : value) : value
    case 'duration': return (value) => typeof value === 'string' ? durationFrom(value) : value
    case 'bytes': return (value) => typeof value === 'string' ? bytesFrom(value) : value
    case 'list': return each(conversionOf(type.items))
    case 'map': return eachValue(conversionOf(type.values))
    default: return undefined
  }
}

function each(conversion: Conversion | undefined): Conversion | undefined {
  return conversion && ((value) => isList(value) ? firstFault(value.map(conversion)) : value)
}
function eachValue(conversion: Conversion | undefined): Conversion | undefined {
  return conversion && ((value) => isPlain(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, conversion(item)])) : value)
}
const firstFault = (values: readonly Value[]): Value => values.find((value) => value instanceof Fault) ?? values

/** The bytes of a base64 text. */
export function bytesFrom(text: string): Value {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  } catch {
    // atob throws for what is not base64: an expected fault of the data.
    return new Fault('illegal base64 data')
  }
}
