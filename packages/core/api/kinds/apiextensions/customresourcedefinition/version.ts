// One version of a CustomResourceDefinition: schema, subresources, columns and fields.
import type { CustomResourceColumnDefinition, CustomResourceDefinitionVersion, CustomResourceSubresourceScale } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import { loadDefinitions } from '../../../schema/definitions.ts'
import { checkDefaults, checkExpressions, checkSchema, type Schema, schemaOfField } from '../../../structural/index.ts'
import { sameMeaning } from '../../equal.ts'
import { duplicate, invalid, required, tooMany } from '../../problems.ts'

const selectableMax = 8

/** Where the parts of a version are named; undefined: judged with another version already. */
export interface Places { readonly version: string; readonly schema: string | undefined; readonly subresources: string | undefined; readonly columns: string | undefined; readonly selectableFields: string | undefined }

export function checkVersion(version: CustomResourceDefinitionVersion, before: CustomResourceDefinitionVersion | undefined, places: Places): readonly Problem[] {
  const schema = version.schema?.openAPIV3Schema as Readonly<Record<string, unknown>> | undefined
  return [
    ...checkWarning(version, places.version),
    ...(places.selectableFields === undefined ? [] : checkSelectable(version, places.selectableFields, schema as Schema | undefined)),
    ...(schema === undefined ? [required(`${places.version}.schema.openAPIV3Schema`)] : places.schema === undefined ? [] : checkWhole(schema, before?.schema?.openAPIV3Schema, `${places.schema}.openAPIV3Schema`)),
    ...(places.subresources === undefined ? [] : checkScale(version.subresources?.scale, `${places.subresources}.scale`)),
    ...(places.columns === undefined ? [] : (version.additionalPrinterColumns ?? []).flatMap((column, index) => checkColumn(column, `${places.columns}[${index}]`))),
  ]
}

function checkWarning({ deprecated, deprecationWarning }: CustomResourceDefinitionVersion, path: string): readonly Problem[] {
  if (deprecationWarning === undefined) return []
  const at = `${path}.deprecationWarning`
  if (deprecated !== true) return [invalid(at, deprecationWarning, 'can only be set for deprecated versions')]
  if (deprecationWarning === '') return [invalid(at, deprecationWarning, 'must not be an empty string')]
  if (deprecationWarning.length > 256) return [invalid(at, deprecationWarning, 'must be <= 256 bytes in length')]
  const strange = /\p{Cc}/u.exec(deprecationWarning)
  return strange === null ? [] : [invalid(at, deprecationWarning, `must only contain printable UTF-8 characters; non-printable character found at index ${strange.index}`)]
}

/** A schema that was there already was checked then. */
function checkWhole(schema: Readonly<Record<string, unknown>>, before: unknown, path: string): readonly Problem[] {
  if (before !== undefined && sameMeaning(schema, before)) return []
  const problems = checkSchema(schema, path)
  if (problems.length > 0) return problems
  const sound = schema as Schema
  const defaults = checkDefaults(sound, path, loadDefinitions())
  return [...defaults, ...checkExpressions(sound, path)]
}

function checkScale(scale: CustomResourceSubresourceScale | undefined, path: string): readonly Problem[] {
  if (scale === undefined) return []
  const problems: Problem[] = []
  const simple = (field: 'specReplicasPath' | 'statusReplicasPath' | 'labelSelectorPath', under: readonly string[], isRequired: boolean): void => {
    const at = `${path}.${field}`
    const value = scale[field]
    if (!value) { if (isRequired) problems.push(required(at)); return }
    if (!value.startsWith('.')) problems.push(invalid(at, value, 'must be a simple json path starting with .'))
    else if (!under.some((prefix) => value.startsWith(`.${prefix}.`))) problems.push(invalid(at, value, `should be a json path under ${under.length > 1 ? 'either ' : ''}${under.map((prefix) => `.${prefix}`).join(' or ')}`))
  }
  simple('specReplicasPath', ['spec'], true)
  simple('statusReplicasPath', ['status'], true)
  simple('labelSelectorPath', ['spec', 'status'], false)
  return problems
}

const columnTypes = ['boolean', 'date', 'integer', 'number', 'string']
const columnFormats = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password']
function checkColumn({ name, type, format, jsonPath }: CustomResourceColumnDefinition, path: string): readonly Problem[] {
  const problems: Problem[] = []
  if (!name) problems.push(required(`${path}.name`))
  if (!type) problems.push(required(`${path}.type`, `must be one of ${columnTypes.join(',')}`))
  else if (!columnTypes.includes(type)) problems.push(invalid(`${path}.type`, type, `must be one of ${columnTypes.join(',')}`))
  if (format && !columnFormats.includes(format)) problems.push(invalid(`${path}.format`, format, `must be one of ${columnFormats.join(',')}`))
  // Upstream's name of the field, from before it had this one.
  const at = `${path}.JSONPath`
  if (!jsonPath) return [...problems, required(at)]
  return jsonPath.startsWith('.') ? problems : [...problems, invalid(at, jsonPath, 'must be a simple json path starting with .')]
}

function checkSelectable({ selectableFields = [] }: CustomResourceDefinitionVersion, path: string, schema: Schema | undefined): readonly Problem[] {
  if (selectableFields.length > 0 && schema === undefined) return [invalid(path, '', 'may only be set when validations.schema is included')]
  const problems: Problem[] = []
  const seen = new Set<string>()
  selectableFields.forEach(({ jsonPath }, index) => {
    const at = `${path}[${index}].jsonPath`
    if (!jsonPath) { problems.push(required(at)); return }
    if (!jsonPath.startsWith('.')) { problems.push(invalid(at, jsonPath, `is an invalid path: expected [ or . but got: ${/^[^.[]*/.exec(jsonPath)?.[0] ?? ''}`)); return }
    if (seen.has(jsonPath)) { problems.push(duplicate(at, jsonPath)); return }
    seen.add(jsonPath)
    const names = jsonPath.slice(1).split('.')
    const field = names.reduce<Schema | undefined>((each, name) => (each?.properties !== undefined && Object.hasOwn(each.properties, name) ? schemaOfField(each, name) : undefined), schema)
    if (field === undefined) problems.push(invalid(at, jsonPath, 'is an invalid path: does not refer to a valid field'))
    else if (names[0] === 'metadata') problems.push(invalid(at, jsonPath, 'must not point to fields in metadata'))
    else if (!['string', 'boolean', 'integer'].includes(field.type ?? '')) problems.push(invalid(at, jsonPath, 'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.'))
  })
  return seen.size > selectableMax ? [...problems, tooMany(path, seen.size, selectableMax)] : problems
}
