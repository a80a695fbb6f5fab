// What makes a schema one that a CustomResourceDefinition may carry: upstream's rules for its OpenAPI dialect, and those that
// make it structural. It reads what a client wrote, so nothing is taken for granted.
import type { Problem } from '../refusal.ts'
import { compilePattern } from '../pattern/index.ts'
import { isKnownFormat } from './formats.ts'

type Props = Readonly<Record<string, unknown>>
const isProps = (value: unknown): value is Props => typeof value === 'object' && value !== null && !Array.isArray(value)
const propsOf = (value: unknown): Props | undefined => (isProps(value) ? value : undefined)
const listOf = (value: unknown): readonly Props[] => (Array.isArray(value) ? value.filter(isProps) : [])
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const entriesOf = (value: unknown): readonly (readonly [string, Props])[] =>
  Object.entries(propsOf(value) ?? {}).flatMap(([name, item]) => (isProps(item) ? [[name, item] as const] : []))

const forbidden = (path: string, detail: string): Problem => ({ path, reason: 'FieldValueForbidden', detail })
const invalid = (path: string, value: unknown, detail: string): Problem => ({ path, reason: 'FieldValueInvalid', value, detail })
const required = (path: string, detail: string): Problem => ({ path, reason: 'FieldValueRequired', detail })
const unsupported = (path: string, value: unknown, supported: readonly string[]): Problem =>
  ({ path, reason: 'FieldValueNotSupported', value, detail: `supported values: ${supported.map((each) => JSON.stringify(each)).join(', ')}` })

/** Nesting deeper than this is refused: every walk over a schema recurses. */
const depthMax = 200

/** All that is wrong with a schema at this path, first by the dialect, then by structure. */
export function checkSchema(schema: Props, path: string): readonly Problem[] {
  if (isTooDeep(schema, 0)) return [invalid(path, '', `must not be nested deeper than ${depthMax}`)]
  const shape = checkShape(schema, path)
  if (shape.length > 0) return shape
  const dialect = [...(schema['nullable'] === true ? [forbidden(`${path}.nullable`, 'nullable cannot be true at the root')] : []), ...checkDialect(schema, path)]
  // What cannot be read as a structure has none to be judged.
  if (hasUnstructured(schema)) return dialect
  const structure = checkStructure(schema, 'root', path)
  return [...structure.toSorted((a, b) => (textOfProblem(a) < textOfProblem(b) ? -1 : 1)), ...dialect]
}
type Shape = 'text' | 'number' | 'count' | 'truth' | 'texts' | 'list' | 'schema' | 'schemas' | 'named'
const shapes: Readonly<Record<string, Shape>> = {
  $ref: 'text', $schema: 'text', id: 'text', type: 'text', format: 'text', title: 'text', description: 'text', pattern: 'text',
  maximum: 'number', minimum: 'number', multipleOf: 'number', maxLength: 'count', minLength: 'count', maxItems: 'count', minItems: 'count', maxProperties: 'count', minProperties: 'count',
  exclusiveMaximum: 'truth', exclusiveMinimum: 'truth', uniqueItems: 'truth', nullable: 'truth', required: 'texts', enum: 'list',
  allOf: 'schemas', anyOf: 'schemas', oneOf: 'schemas', not: 'schema', properties: 'named', patternProperties: 'named', definitions: 'named',
  'x-kubernetes-preserve-unknown-fields': 'truth', 'x-kubernetes-embedded-resource': 'truth', 'x-kubernetes-int-or-string': 'truth', 'x-kubernetes-list-type': 'text',
  'x-kubernetes-list-map-keys': 'texts', 'x-kubernetes-map-type': 'text', 'x-kubernetes-validations': 'list',
}
const isText = (value: unknown): boolean => typeof value === 'string'
const fits: Readonly<Record<Shape, (value: unknown) => boolean>> = {
  text: isText, number: (value) => typeof value === 'number', count: (value) => Number.isInteger(value), truth: (value) => typeof value === 'boolean',
  texts: (value) => Array.isArray(value) && value.every(isText), list: Array.isArray,
  schema: isProps, schemas: (value) => Array.isArray(value) && value.every(isProps), named: (value) => isProps(value) && Object.values(value).every(isProps),
}

/** The decoder has no types for schemas inside of items: here they get them, so that no walk meets what it cannot read. */
function checkShape(schema: Props, path: string): readonly Problem[] {
  const problems: Problem[] = []
  for (const [name, value] of Object.entries(schema)) {
    const shape = Object.hasOwn(shapes, name) ? shapes[name] : undefined
    if (shape !== undefined && !fits[shape](value)) problems.push({ path: `${path}.${name}`, reason: 'FieldValueTypeInvalid', value, detail: `must be ${words[shape]}` })
  }
  const { additionalProperties: additional, items } = schema
  if (additional !== undefined && typeof additional !== 'boolean' && !isProps(additional)) problems.push({ path: `${path}.additionalProperties`, reason: 'FieldValueTypeInvalid', value: additional, detail: 'must be a schema or a boolean' })
  if (items !== undefined && !isProps(items) && !(Array.isArray(items) && items.every(isProps))) problems.push({ path: `${path}.items`, reason: 'FieldValueTypeInvalid', value: items, detail: 'must be a schema' })
  const rules = schema['x-kubernetes-validations']
  if (Array.isArray(rules) && !rules.every(isRule)) problems.push({ path: `${path}.x-kubernetes-validations`, reason: 'FieldValueTypeInvalid', value: rules, detail: 'must be a list of rules' })
  return problems.length > 0 ? problems : inside(schema, path).flatMap(([each, at]) => checkShape(each, at))
}
const words: Readonly<Record<Shape, string>> = {
  text: 'a string', number: 'a number', count: 'an integer', truth: 'a boolean', texts: 'a list of strings', list: 'a list', schema: 'a schema', schemas: 'a list of schemas', named: 'a map of schemas',
}
const isRule = (rule: unknown): boolean => isProps(rule) && ['rule', 'message', 'messageExpression', 'reason', 'fieldPath'].every((name) => rule[name] === undefined || isText(rule[name]))
  && (rule['optionalOldSelf'] === undefined || typeof rule['optionalOldSelf'] === 'boolean')

const hasUnstructured = (schema: Props): boolean =>
  unstructured.some((name) => isSaid(schema, name)) || Array.isArray(schema['items']) || inside(schema, '').some(([each]) => hasUnstructured(each))
const unstructured = ['id', 'additionalItems', 'patternProperties', 'definitions', 'dependencies', '$ref'] as const
const isSaid = (schema: Props, name: string): boolean => schema[name] !== undefined && schema[name] !== '' && !(isProps(schema[name]) && Object.keys(schema[name]).length === 0)
const textOfProblem = ({ path, reason, detail }: Problem): string => `${path}: ${reason}: ${detail}`
const isTooDeep = (value: unknown, depth: number): boolean =>
  typeof value === 'object' && value !== null && (depth > depthMax * 2 || Object.values(value).some((each) => isTooDeep(each, depth + 1)))

/** Every schema directly inside another one, with its path. */
function inside(schema: Props, path: string): readonly (readonly [Props, string])[] {
  const found: (readonly [Props, string])[] = []
  const add = (value: unknown, at: string): void => { if (isProps(value)) found.push([value, at]) }
  add(schema['additionalProperties'], `${path}.additionalProperties`)
  for (const [name, item] of entriesOf(schema['properties'])) found.push([item, `${path}.properties[${name}]`])
  for (const [name, item] of entriesOf(schema['patternProperties'])) found.push([item, `${path}.patternProperties[${name}]`])
  add(schema['additionalItems'], `${path}.additionalItems`)
  add(schema['not'], `${path}.not`)
  for (const junctor of ['allOf', 'oneOf', 'anyOf']) listOf(schema[junctor]).forEach((each, index) => found.push([each, `${path}.${junctor}[${index}]`]))
  for (const [name, item] of entriesOf(schema['definitions'])) found.push([item, `${path}.definitions[${name}]`])
  add(schema['items'], `${path}.items`)
  return found
}

function checkDialect(schema: Props, path: string): readonly Problem[] {
  const problems: Problem[] = []
  const additional = schema['additionalProperties']
  if (schema['uniqueItems'] === true) problems.push(forbidden(`${path}.uniqueItems`, 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic'))
  if (additional !== undefined && entriesOf(schema['properties']).length > 0 && (additional === false || isProps(additional))) {
    problems.push(forbidden(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'))
  }
  problems.push(...checkUnsupported(schema, path), ...checkLists(schema, path))
  for (const [each, at] of inside(schema, path)) problems.push(...checkDialect(each, at))
  return problems
}

function checkUnsupported(schema: Props, path: string): readonly Problem[] {
  const problems: Problem[] = []
  for (const name of unstructured) {
    if (isSaid(schema, name)) problems.push(forbidden(`${path}.${name}`, `${name} is not supported`))
  }
  if (schema['type'] === 'null') problems.push(forbidden(`${path}.type`, 'type cannot be set to null, use nullable as an alternative'))
  if (Array.isArray(schema['items'])) problems.push(forbidden(`${path}.items`, 'items must be a schema object and not an array'))
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) problems.push(invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'))
  const mapType = schema['x-kubernetes-map-type']
  if (mapType !== undefined) {
    if (schema['type'] !== 'object') problems.push(schema['type'] ? invalid(`${path}.type`, schema['type'], 'must be object if x-kubernetes-map-type is specified') : required(`${path}.type`, 'must be object if x-kubernetes-map-type is specified'))
    if (mapType !== 'atomic' && mapType !== 'granular') problems.push(unsupported(`${path}.x-kubernetes-map-type`, mapType, ['atomic', 'granular']))
  }
  return problems
}
const types = ['array', 'boolean', 'integer', 'number', 'object', 'string']

function checkLists(schema: Props, path: string): readonly Problem[] {
  const listType = schema['x-kubernetes-list-type']
  const keys = Array.isArray(schema['x-kubernetes-list-map-keys']) ? schema['x-kubernetes-list-map-keys'].map(String) : []
  const problems: Problem[] = []
  if (listType !== undefined) {
    const type = schema['type']
    if (type !== 'array') problems.push(type ? invalid(`${path}.type`, type, 'must be array if x-kubernetes-list-type is specified') : required(`${path}.type`, 'must be array if x-kubernetes-list-type is specified'))
    if (listType !== 'atomic' && listType !== 'set' && listType !== 'map') problems.push(unsupported(`${path}.x-kubernetes-list-type`, listType, ['atomic', 'set', 'map']))
  }
  if (keys.length > 0 && listType !== 'map') {
    problems.push(listType === undefined ? required(`${path}.x-kubernetes-list-type`, 'must be map if x-kubernetes-list-map-keys is non-empty')
      : invalid(`${path}.x-kubernetes-list-type`, listType, 'must be map if x-kubernetes-list-map-keys is non-empty'))
  }
  const items = propsOf(schema['items'])
  if (listType === 'set' && items !== undefined) problems.push(...checkSetItems(items, `${path}.items`))
  return listType === 'map' ? [...problems, ...checkMapItems(items, keys, path)] : problems
}

function checkSetItems(items: Props, path: string): readonly Problem[] {
  const problems: Problem[] = []
  if (items['nullable'] === true) problems.push(forbidden(`${path}.nullable`, 'cannot be nullable when x-kubernetes-list-type is set'))
  const atomic = 'must be atomic as item of a list with x-kubernetes-list-type=set'
  if (items['type'] === 'object' && items['x-kubernetes-map-type'] !== 'atomic') {
    problems.push(invalid(`${path}.x-kubernetes-map-type`, null, atomic))
  }
  if (items['type'] === 'array' && items['x-kubernetes-list-type'] !== undefined && items['x-kubernetes-list-type'] !== 'atomic') {
    problems.push(invalid(`${path}.x-kubernetes-list-type`, items['x-kubernetes-list-type'], atomic))
  }
  return problems
}

function checkMapItems(items: Props | undefined, keys: readonly string[], path: string): readonly Problem[] {
  const problems: Problem[] = []
  if (keys.length === 0) problems.push(required(`${path}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map'))
  if (items === undefined) return [...problems, required(`${path}.items`, 'must have a schema if x-kubernetes-list-type is map')]
  if (items['nullable'] === true) problems.push(forbidden(`${path}.items.nullable`, 'cannot be nullable when x-kubernetes-list-type is map'))
  if (items['type'] !== 'object') {
    return [...problems, items['type'] ? invalid(`${path}.items.type`, items['type'], "must be object if parent array's x-kubernetes-list-type is map") : required(`${path}.items.type`, "must be object if parent array's x-kubernetes-list-type is map")]
  }
  const requiredFields = Array.isArray(items['required']) ? items['required'] : []
  if (new Set(keys).size < keys.length) problems.push(invalid(`${path}.x-kubernetes-list-map-keys`, keys, 'must not contain duplicate entries'))
  for (const key of new Set(keys)) {
    const field = propsOf(propsOf(items['properties'])?.[key])
    if (field === undefined) {
      problems.push(invalid(`${path}.x-kubernetes-list-map-keys`, keys, 'entries must all be names of item properties'))
      continue
    }
    const at = `${path}.items.properties[${key}]`
    if (field['type'] === 'object' || field['type'] === 'array') problems.push(invalid(`${at}.type`, field['type'], "must be a scalar type if parent array's x-kubernetes-list-type is map"))
    if (field['nullable'] === true) problems.push(forbidden(`${at}.nullable`, 'this property is in x-kubernetes-list-map-keys, so it cannot be nullable'))
    if (field['default'] === undefined && !requiredFields.includes(key)) problems.push(required(`${at}.default`, 'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property'))
  }
  return problems
}

type Level = 'root' | 'item' | 'field'
const truth = (schema: Props, name: string): boolean => schema[`x-kubernetes-${name}`] === true

function checkStructure(schema: Props, level: Level, path: string): readonly Problem[] {
  const problems: Problem[] = []
  const type = textOf(schema['type'])
  const items = propsOf(schema['items'])
  const additional = schema['additionalProperties']
  const properties = entriesOf(schema['properties'])
  if (type !== '' && !types.includes(type)) problems.push(unsupported(`${path}.type`, type, types))
  if (type === 'array' && items === undefined) problems.push(required(`${path}.items`, 'must be specified'))
  if (items !== undefined) problems.push(...checkStructure(items, 'item', `${path}.items`))
  for (const [name, item] of properties) problems.push(...checkStructure(item, 'field', `${path}.properties[${name}]`))
  if (additional !== undefined && additional !== null) {
    if (level === 'root') problems.push(forbidden(`${path}.additionalProperties`, 'must not be used at the root'))
    if (isProps(additional)) problems.push(...checkStructure(additional, 'field', `${path}.additionalProperties`))
  }
  const [isEmbedded, isIntOrString, preserves] = [truth(schema, 'embedded-resource'), truth(schema, 'int-or-string'), truth(schema, 'preserve-unknown-fields')]
  if (isIntOrString && preserves) problems.push(invalid(`${path}.x-kubernetes-preserve-unknown-fields`, true, 'must be false if x-kubernetes-int-or-string is true'))
  if (isIntOrString && isEmbedded) problems.push(invalid(`${path}.x-kubernetes-embedded-resource`, true, 'must be false if x-kubernetes-int-or-string is true'))
  problems.push(...checkJunctors(schema, level, path, isTwoForms(schema['anyOf']), isTwoForms(listOf(schema['allOf'])[0]?.['anyOf'])))
  if (isEmbedded && type !== 'object') {
    const detail = 'must be object if x-kubernetes-embedded-resource is true'
    problems.push(type === '' ? required(`${path}.type`, detail) : invalid(`${path}.type`, type, detail))
  } else if (type === '' && !isIntOrString && !preserves) {
    problems.push(required(`${path}.type`, level === 'root' ? 'must not be empty at the root' : level === 'item' ? 'must not be empty for specified array items' : 'must not be empty for specified object fields'))
  }
  if (isEmbedded && additional !== undefined) problems.push(forbidden(`${path}.additionalProperties`, 'must not be used if x-kubernetes-embedded-resource is set'))
  if (level === 'root' && type !== '' && type !== 'object') problems.push(invalid(`${path}.type`, type, 'must be object at the root'))
  problems.push(...checkResource(propsOf(schema['properties']) ?? {}, level, isEmbedded, path))
  if (isEmbedded && !preserves && properties.length === 0) {
    problems.push(required(`${path}.properties`, 'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields'))
  }
  return problems
}

/** What a resource's own fields may say of themselves. */
function checkResource(properties: Props, level: Level, isEmbedded: boolean, path: string): readonly Problem[] {
  if (level !== 'root' && !isEmbedded) return []
  const problems: Problem[] = []
  for (const name of ['kind', 'apiVersion']) {
    const field = propsOf(properties[name])
    if (field !== undefined && field['type'] !== 'string') problems.push(invalid(`${path}.properties[${name}].type`, textOf(field['type']), 'must be string'))
  }
  const metadata = propsOf(properties['metadata'])
  if (metadata === undefined) return problems
  const at = `${path}.properties[metadata]`
  if (metadata['type'] !== 'object') problems.push(invalid(`${at}.type`, textOf(metadata['type']), 'must be object'))
  if (level !== 'root') return problems
  const said = Object.keys(metadata).filter((name) => !['type', 'default', 'description'].includes(name) && !isBare(metadata[name]))
  const fields = Object.keys(propsOf(metadata['properties']) ?? {})
  const isPlain = said.every((name) => name === 'properties') && fields.every((name) => name === 'name' || name === 'generateName') && metadata['description'] === undefined
  return isPlain ? problems : [...problems, forbidden(at, 'must not specify anything other than name and generateName, but metadata is implicitly specified')]
}
const isBare = (value: unknown): boolean => value === undefined || value === null || value === '' || value === false || (typeof value === 'object' && Object.keys(value).length === 0)

/** anyOf of an integer and a string, as generators write it beside x-kubernetes-int-or-string. */
function isTwoForms(anyOf: unknown): boolean {
  const of = listOf(anyOf)
  return of.length === 2 && of.every((each, index) => Object.keys(each).length === 1 && each['type'] === (index === 0 ? 'integer' : 'string'))
}

function checkJunctors(schema: Props, level: Level, path: string, skipsAnyOf: boolean, skipsFirst: boolean): readonly Problem[] {
  const problems: Problem[] = []
  if (!skipsAnyOf) listOf(schema['anyOf']).forEach((each, index) => problems.push(...checkNested(each, level, `${path}.anyOf[${index}]`, false)))
  listOf(schema['allOf']).forEach((each, index) => problems.push(...checkNested(each, level, `${path}.allOf[${index}]`, skipsFirst && index === 0)))
  listOf(schema['oneOf']).forEach((each, index) => problems.push(...checkNested(each, level, `${path}.oneOf[${index}]`, false)))
  const not = propsOf(schema['not'])
  if (not !== undefined) problems.push(...checkNested(not, level, `${path}.not`, false))
  const pattern = textOf(schema['pattern'])
  const made = pattern === '' ? undefined : compilePattern(pattern)
  if (made !== undefined && 'fault' in made) problems.push(invalid(`${path}.pattern`, pattern, `must be a valid regular expression, but isn't: error parsing regexp: ${made.fault}`))
  return problems
}

const structural: readonly (readonly [string, string])[] = [
  ['type', 'must be empty to be structural'], ['additionalProperties', 'must be undefined to be structural'], ['default', 'must be undefined to be structural'],
  ['title', 'must be empty to be structural'], ['description', 'must be empty to be structural'], ['nullable', 'must be false to be structural'],
  ['externalDocs', 'must be undefined to be structural'], ['x-kubernetes-preserve-unknown-fields', 'must be false to be structural'],
  ['x-kubernetes-embedded-resource', 'must be false to be structural'], ['x-kubernetes-int-or-string', 'must be false to be structural'],
  ['x-kubernetes-list-map-keys', 'must be empty to be structural'], ['x-kubernetes-list-type', 'must be undefined to be structural'],
  ['x-kubernetes-map-type', 'must be undefined to be structural'], ['x-kubernetes-validations', 'must be empty to be structural'],
]

/** Inside a junctor only values are judged: nothing there may say what there is. */
function checkNested(schema: Props, level: Level, path: string, skipsAnyOf: boolean): readonly Problem[] {
  const problems: Problem[] = [...checkJunctors(schema, level, path, skipsAnyOf, false)]
  const items = propsOf(schema['items'])
  if (items !== undefined) problems.push(...checkNested(items, level, `${path}.items`, false))
  for (const [name, item] of entriesOf(schema['properties'])) problems.push(...checkNested(item, 'field', `${path}.properties[${name}]`, false))
  for (const [name, detail] of structural) if (!isBare(schema[name]) || (name === 'default' && schema[name] !== undefined)) problems.push(forbidden(`${path}.${name}`, detail))
  if (propsOf(schema['properties'])?.['metadata'] !== undefined) problems.push(forbidden(`${path}.properties[metadata]`, 'must not be specified in a nested context'))
  return problems
}

/** Formats that nobody knows, told as warnings: 'unrecognized format "x"'. */
export function unknownFormats(schema: Props): readonly string[] {
  const format = textOf(schema['format'])
  const own = format === '' || isKnownFormat(format) ? [] : [`unrecognized format ${JSON.stringify(format)}`]
  return [...new Set([...own, ...inside(schema, '').flatMap(([each]) => unknownFormats(each))])]
}
