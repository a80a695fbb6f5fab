// One version of a CustomResourceDefinition: schema, subresources, columns and fields.
import type { CustomResourceColumnDefinition, CustomResourceDefinitionVersion, CustomResourceSubresourceScale } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import { loadDefinitions } from '../../../schema/definitions.ts'
import { checkDefaults, checkExpressions, checkSchema, readPath, type Schema, schemaOfField } from '../../../structural/index.ts'
import { sameMeaning } from '../../equal.ts'
import { duplicate, invalid, required, tooMany } from '../../problems.ts'

const selectableMax = 8

export function checkVersion(version: CustomResourceDefinitionVersion, before: CustomResourceDefinitionVersion | undefined, path: string): readonly Problem[] {
  const schema = version.schema?.openAPIV3Schema as Readonly<Record<string, unknown>> | undefined
  const at = `${path}.schema.openAPIV3Schema`
  return [
    ...checkWarning(version, path),
    ...(schema === undefined ? [required(at, 'schemas are required')] : checkWhole(schema, before?.schema?.openAPIV3Schema, at)),
    ...checkScale(version.subresources?.scale, `${path}.subresources.scale`),
    ...(version.additionalPrinterColumns ?? []).flatMap((column, index) => checkColumn(column, `${path}.additionalPrinterColumns[${index}]`)),
    ...checkSelectable(version, `${path}.selectableFields`, schema as Schema | undefined),
  ]
}

function checkWarning({ deprecated, deprecationWarning }: CustomResourceDefinitionVersion, path: string): readonly Problem[] {
  if (deprecationWarning === undefined) return []
  const at = `${path}.deprecationWarning`
  if (deprecated !== true) return [invalid(at, deprecationWarning, 'can only be set for deprecated versions')]
  if (deprecationWarning === '') return [invalid(at, deprecationWarning, 'must not be empty')]
  if (deprecationWarning.length > 256) return [invalid(at, deprecationWarning, 'must be <= 256 bytes in length')]
  return /[\p{Cc}]/u.test(deprecationWarning) ? [invalid(at, deprecationWarning, 'must only contain printable UTF-8 characters; non-printable character found')] : []
}

/** A schema that was there already was checked then. */
function checkWhole(schema: Readonly<Record<string, unknown>>, before: unknown, path: string): readonly Problem[] {
  if (before !== undefined && sameMeaning(schema, before)) return []
  const problems = checkSchema(schema, path)
  if (problems.length > 0) return problems
  const sound = schema as Schema
  const defaults = checkDefaults(sound, path, loadDefinitions())
  return [...defaults, ...checkExpressions(sound, path, before as Schema | undefined)]
}

function checkScale(scale: CustomResourceSubresourceScale | undefined, path: string): readonly Problem[] {
  if (scale === undefined) return []
  const problems: Problem[] = []
  const simple = (field: 'specReplicasPath' | 'statusReplicasPath' | 'labelSelectorPath', under: readonly string[], isRequired: boolean): void => {
    const at = `${path}.${field}`
    const value = scale[field]
    if (!value) { if (isRequired) problems.push(required(at)); return }
    if (!value.startsWith('.')) problems.push(invalid(at, value, 'must be a simple json path starting with .'))
    else if (/[[\]*?'"()]/.test(value)) problems.push(invalid(at, value, 'must be a json path in the dot notation'))
    else if (!under.some((prefix) => value.startsWith(`.${prefix}.`))) problems.push(invalid(at, value, `should be a json path under ${under.map((prefix) => `.${prefix}`).join(' or ')}`))
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
  if (!jsonPath) return [...problems, required(`${path}.jsonPath`)]
  const read = jsonPath.startsWith('.') ? readPath(jsonPath) : 'must be a simple json path starting with .'
  return typeof read === 'string' ? [...problems, invalid(`${path}.jsonPath`, jsonPath, read)] : problems
}

function checkSelectable({ selectableFields = [] }: CustomResourceDefinitionVersion, path: string, schema: Schema | undefined): readonly Problem[] {
  const problems: Problem[] = selectableFields.length > selectableMax ? [tooMany(path, selectableFields.length, selectableMax)] : []
  const seen = new Set<string>()
  selectableFields.forEach(({ jsonPath }, index) => {
    const at = `${path}[${index}].jsonPath`
    if (!jsonPath) { problems.push(required(at)); return }
    if (!/^(?:\.[A-Za-z0-9_$-]+)+$/.test(jsonPath)) { problems.push(invalid(at, jsonPath, 'is an invalid path: only simple field paths are supported')); return }
    if (seen.has(jsonPath)) problems.push(duplicate(at, jsonPath))
    seen.add(jsonPath)
    const names = jsonPath.slice(1).split('.')
    if (names[0] === 'metadata') { problems.push(invalid(at, jsonPath, 'must not point to fields in metadata')); return }
    const field = names.reduce<Schema | undefined>((each, name) => (each?.properties !== undefined && Object.hasOwn(each.properties, name) ? schemaOfField(each, name) : undefined), schema)
    if (field === undefined) problems.push(invalid(at, jsonPath, 'is an invalid path: does not refer to a valid field'))
    else if (!['string', 'boolean', 'integer'].includes(field.type ?? '')) problems.push(invalid(at, jsonPath, 'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.'))
  })
  return problems
}
