// A value against a schema, in the order and the words of upstream's validation (kube-openapi): what is wrong where, as problems.
import { goValue } from '../schema/go.ts'
import type { Problem } from '../refusal.ts'
import { exactInteger } from '../text/json.ts'
import { compilePattern } from '../pattern/index.ts'
import { hasFormat } from './formats.ts'
import { isIntOrString, isObject, joined, type Json, type Schema } from './schema.ts'
import { sameValue } from './same.ts'

/** More problems than this are not listed: upstream's clients read none of them either. */
const problemsMax = 200

/** Where the value lies that a problem judges. */
export const placeJudged = (problem: Problem & { readonly at?: string }): string => problem.at ?? (problem.path === '<nil>' ? '' : problem.path)

/** All that is wrong with the value. */
export function validateValue(value: unknown, schema: Schema, path = ''): readonly Problem[] {
  const problems = check(value, schema, path)
  return problems.length > problemsMax ? problems.slice(0, problemsMax) : problems
}

/** A problem with the place of the value that it judges: what did not change is not judged again. */
interface Judged extends Problem { readonly at?: string }
const invalid = (path: string, value: unknown, text: string): Problem => ({ path: path === '' ? '<nil>' : path, reason: 'FieldValueInvalid', value, detail: `${path} in body ${text}` })
/** What a junctor found is of no field to upstream. */
const composite = (at: string, detail: string): Judged => ({ path: '<nil>', reason: 'FieldValueInvalid', value: '', detail, at })
const none: readonly Problem[] = []

function check(value: unknown, schema: Schema, path: string): readonly Problem[] {
  const type = checkType(value, schema, path)
  if (value === null || value === undefined) return [...type, ...checkEnum(value, schema, path)]
  const problems: Problem[] = [...type, ...checkJunctors(value, schema, path)]
  if (typeof value === 'string') problems.push(...checkString(value, schema, path))
  else if (isNumber(value)) problems.push(...checkNumber(value, schema, path))
  else if (Array.isArray(value)) problems.push(...checkList(value, schema, path))
  problems.push(...checkEnum(value, schema, path))
  if (isObject(value)) problems.push(...checkObject(value, schema, path))
  return problems
}

const isNumber = (value: unknown): boolean => typeof value === 'number' || exactInteger(value) !== undefined
const numberOf = (value: unknown): number => Number(exactInteger(value) ?? value)

/** A whole number of 64 bits. */
function isLong(value: unknown): boolean {
  const digits = exactInteger(value)
  if (digits === undefined) return Number.isInteger(value) && Math.abs(Number(value)) < 2 ** 63
  return digits.length <= 20 && BigInt.asIntN(64, BigInt(digits)) === BigInt(digits)
}

/** What a value is to upstream: its type, and the format of its representation. */
function typeOf(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return 'array'
  if (isNumber(value)) return isLong(value) ? 'integer' : 'number'
  return typeof value
}

function checkType(value: unknown, schema: Schema, path: string): readonly Problem[] {
  const types = isIntOrString(schema) && !schema.type ? ['integer', 'string'] : schema.type ? [schema.type] : []
  const found = typeOf(value)
  const wrong = (expected: string, shown: string): readonly Problem[] =>
    [{ path: path === '' ? '<nil>' : path, reason: 'FieldValueTypeInvalid', value: shown, detail: `${path} in body must be of type ${expected}: ${JSON.stringify(shown)}` }]
  if (found === 'null') return types.length > 0 && schema.nullable !== true ? wrong(types.join(','), 'null') : none
  if (types.length === 0) return none
  const fits = types.includes(found) || (found === 'integer' && types.includes('number'))
  const format = schema.format ?? ''
  if (found !== 'string' && found !== 'array' && format !== '' && !fits) return wrong(format, found === 'integer' ? 'int64' : found === 'number' ? 'float64' : '')
  if (!types.includes('number') && !types.includes('integer') && format !== '' && (found === 'string' || found === 'array')) return fits ? none : wrong(types.join(','), found)
  return fits ? none : wrong(types.join(','), found)
}

function checkJunctors(value: unknown, schema: Schema, path: string): readonly Problem[] {
  const { allOf, anyOf, oneOf, not } = schema
  if (allOf === undefined && anyOf === undefined && oneOf === undefined && not === undefined) return none
  const problems: Problem[] = []
  const quoted = JSON.stringify(path)
  if (anyOf !== undefined && anyOf.length > 0) {
    const results = anyOf.map((each) => check(value, each, path))
    if (!results.some((each) => each.length === 0)) problems.push(composite(path, `${quoted} must validate at least one schema (anyOf)`), ...best(results))
  }
  if (oneOf !== undefined && oneOf.length > 0) {
    const results = oneOf.map((each) => check(value, each, path))
    const valid = results.filter((each) => each.length === 0).length
    if (valid !== 1) problems.push(composite(path, `${quoted} must validate one and only one schema (oneOf). ${valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`}`), ...(valid === 0 ? best(results) : []))
  }
  if (allOf !== undefined && allOf.length > 0) {
    const results = allOf.map((each) => check(value, each, path))
    const failed = results.filter((each) => each.length > 0).length
    problems.push(...results.flat())
    if (failed > 0) problems.push(composite(path, `${quoted} must validate all the schemas (allOf)${failed === allOf.length ? '. None validated' : ''}`))
  }
  if (not !== undefined && check(value, not, path).length === 0) problems.push(composite(path, `${quoted} must not validate the schema (not)`))
  return problems
}
/** The problems of the alternative that comes nearest. */
const best = (results: readonly (readonly Problem[])[]): readonly Problem[] => results.reduce((least, each) => (each.length < least.length ? each : least), results[0] ?? none)

/** The length in characters, as upstream counts. */
function lengthOf(text: string): number {
  let length = text.length
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code >= 0xd800 && code < 0xdc00) length--
  }
  return length
}

function checkString(value: string, schema: Schema, path: string): readonly Problem[] {
  const problems: Problem[] = []
  const { maxLength, minLength, pattern, format } = schema
  if (maxLength !== undefined && lengthOf(value) > maxLength) problems.push({ path: path === '' ? '<nil>' : path, reason: 'FieldValueTooLong', value, detail: `may not be more than ${maxLength} bytes` })
  else if (minLength !== undefined && lengthOf(value) < minLength) problems.push(invalid(path, value, `should be at least ${minLength} chars long`))
  else if (pattern) {
    const expression = compilePattern(pattern)
    if ('fault' in expression || !expression.test(value)) problems.push(invalid(path, value, `should match '${pattern}'`))
  }
  if (format && !hasFormat(value, format)) problems.push({ path: path === '' ? '<nil>' : path, reason: 'FieldValueTypeInvalid', value, detail: `${path} in body must be of type ${format}: ${JSON.stringify(value)}` })
  return problems
}

/** Whether a number can be what its type and format say. */
function fitsFormat(value: unknown, type: string, format: string): boolean {
  const number = numberOf(value)
  if (type === 'number') return format !== 'float' || Math.abs(number) <= largestFloat
  return isLong(value) && (format !== 'int32' || (number >= -2_147_483_648 && number <= 2_147_483_647))
}
const largestFloat = 3.4028234663852886e38

function checkNumber(value: unknown, schema: Schema, path: string): readonly Problem[] {
  const problems: Problem[] = []
  const number = numberOf(value)
  const { multipleOf, maximum, minimum, format } = schema
  if ((schema.type === 'integer' || schema.type === 'number') && !fitsFormat(value, schema.type, format ?? '')) {
    problems.push(composite(path, `Checked value must be of type ${schema.type} ${format ? `with format ${format}` : '(default format)'} in ${path}`))
  }
  if (multipleOf !== undefined && !isMultiple(number, multipleOf)) problems.push(invalid(path, value, `should be a multiple of ${goValue(multipleOf)}`))
  if (maximum !== undefined && (schema.exclusiveMaximum === true ? number >= maximum : number > maximum)) {
    problems.push(invalid(path, value, `should be less than ${schema.exclusiveMaximum === true ? '' : 'or equal to '}${goValue(maximum)}`))
  }
  if (minimum !== undefined && (schema.exclusiveMinimum === true ? number <= minimum : number < minimum)) {
    problems.push(invalid(path, value, `should be greater than ${schema.exclusiveMinimum === true ? '' : 'or equal to '}${goValue(minimum)}`))
  }
  return problems
}
function isMultiple(value: number, factor: number): boolean {
  if (factor <= 0) return false
  const quotient = value / factor
  return Number.isInteger(quotient) || (Math.abs(factor) < 1 && Math.abs(quotient - Math.round(quotient)) < 1e-9)
}

function checkList(value: readonly unknown[], schema: Schema, path: string): readonly Problem[] {
  const problems: Problem[] = []
  const { items, minItems, maxItems } = schema
  if (items !== undefined) for (let index = 0; index < value.length && problems.length <= problemsMax; index++) problems.push(...check(value[index], items, `${path}[${index}]`))
  if (minItems !== undefined && value.length < minItems) problems.push(invalid(path, value.length, `should have at least ${minItems} items`))
  if (maxItems !== undefined && value.length > maxItems) {
    problems.push({ path: path === '' ? '<nil>' : path, reason: 'FieldValueTooMany', value: value.length, detail: `must have at most ${maxItems} item${maxItems === 1 ? '' : 's'}` })
  }
  if (schema.uniqueItems === true && value.some((item, index) => value.slice(0, index).some((other) => sameValue(item, other)))) problems.push(invalid(path, '', "shouldn't contain duplicates"))
  return problems
}

function checkEnum(value: unknown, schema: Schema, path: string): readonly Problem[] {
  const allowed = schema.enum
  if (allowed === undefined || allowed.length === 0 || allowed.some((each) => sameValue(each, value))) return none
  const shown = allowed.map((each) => JSON.stringify(typeof each === 'string' ? each : JSON.stringify(each)))
  return [{ path: path === '' ? '<nil>' : path, reason: 'FieldValueNotSupported', value, detail: `supported values: ${shown.join(', ')}` }]
}

function checkObject(value: Json, schema: Schema, path: string): readonly Problem[] {
  const names = Object.keys(value)
  const { minProperties, maxProperties, properties, additionalProperties, required } = schema
  if (minProperties !== undefined && names.length < minProperties) return [invalid(path, names.length, `should have at least ${minProperties} properties`)]
  if (maxProperties !== undefined && names.length > maxProperties) return [{ path: path === '' ? '<nil>' : path, reason: 'FieldValueTooMany', value: names.length, detail: `must have at most ${maxProperties} item${maxProperties === 1 ? '' : 's'}` }]
  const problems: Problem[] = []
  for (const name of names) {
    if (problems.length > problemsMax) break
    const field = properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined
    if (field !== undefined) problems.push(...check(value[name], field, joined(path, name)))
    else if (additionalProperties === false) problems.push(composite(path, `${joined(path, name)} in body is a forbidden property`))
    else if (typeof additionalProperties === 'object') problems.push(...check(value[name], additionalProperties, `${path}.${name}`))
  }
  for (const name of required ?? []) if (!Object.hasOwn(value, name)) problems.push({ path: joined(path, name), reason: 'FieldValueRequired', detail: '' })
  return problems
}
