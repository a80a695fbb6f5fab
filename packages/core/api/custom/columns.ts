// What tables show of custom resources: the columns of their definition, found by path.
import { age } from '../../base/age.ts'
import type { CustomResourceColumnDefinition } from '../generated/types.ts'
import type { Column } from '../kind.ts'
import { nameColumn } from '../kinds/columns.ts'
import type { Resource } from '../resource.ts'
import { readPath, valuesAt } from '../structural/index.ts'
import { exactInteger } from '../text/json.ts'

const ageText = 'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata'
const usual: readonly CustomResourceColumnDefinition[] = [{ name: 'Age', type: 'date', description: ageText, jsonPath: '.metadata.creationTimestamp' }]

/** The columns of a version; `shown` is the object as that version shows it. */
export const columnsOf = (columns: readonly CustomResourceColumnDefinition[] | undefined, shown: (object: Resource) => unknown): readonly Column<Resource>[] =>
  [nameColumn, ...(columns === undefined || columns.length === 0 ? usual : columns).map((column) => columnOf(column, shown))]

function columnOf({ name, type, format, description = '', priority = 0, jsonPath }: CustomResourceColumnDefinition, shown: (object: Resource) => unknown): Column<Resource> {
  const path = readPath(jsonPath)
  return {
    name, type: isType(type) ? type : 'string', ...(format !== undefined && { format: format as 'int32' }), description: description || `Custom resource definition column (in JSONPath format): ${jsonPath}`, ...(priority > 0 && { wide: true, priority }),
    cell: (object, now) => (typeof path === 'string' ? null : cellOf(type, valuesAt(shown(object), path)[0], now)),
  }
}
const types = ['string', 'integer', 'number', 'boolean', 'date'] as const
const isType = (type: string): type is (typeof types)[number] => types.some((each) => each === type)

/** A value as a cell of its type; null for what is missing or of another type. */
function cellOf(type: string, value: unknown, now: number): string | number | boolean | null {
  if (value === undefined || value === null) return null
  switch (type) {
    case 'integer': return typeof value === 'number' ? Math.trunc(value) : exactInteger(value) === undefined ? null : Number(exactInteger(value))
    case 'number': return typeof value === 'number' ? value : null
    case 'boolean': return typeof value === 'boolean' ? value : null
    case 'date': return typeof value !== 'string' ? null : Number.isNaN(Date.parse(value)) ? '<invalid>' : age(value, now)
    default: return typeof value === 'string' ? value : JSON.stringify(value)
  }
}
