// Columns that many kinds share. Names and descriptions as upstream's printers.
import { age } from '../../base/age.ts'
import type { Container } from '../generated/types.ts'
import type { Column } from '../kind.ts'
import type { Resource } from '../resource.ts'

export const nameDescription = 'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names'
const ageDescription = 'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata'

export const nameColumn: Column<Resource> = { name: 'Name', type: 'string', format: 'name', description: nameDescription, cell: ({ metadata }) => metadata.name }
export const ageColumn: Column<Resource> = { name: 'Age', type: 'string', description: ageDescription, cell: ({ metadata }, now) => age(metadata.creationTimestamp, now) }

/** What kinds show that have no columns of their own. */
export const defaultColumns: readonly Column<Resource>[] = [
  nameColumn,
  { name: 'Created At', type: 'date', description: ageDescription, cell: ({ metadata }) => metadata.creationTimestamp ?? '<unknown>' },
]

/** A column of text. */
export const text = <Hub>(name: string, description: string, cell: Column<Hub>['cell']): Column<Hub> => ({ name, type: 'string', description, cell })
/** A column of text that only -o wide shows. */
export const wideText = <Hub>(name: string, description: string, cell: Column<Hub>['cell']): Column<Hub> => ({ name, type: 'string', description, wide: true, cell })
/** A column of whole numbers. */
export const number = <Hub>(name: string, description: string, cell: Column<Hub>['cell']): Column<Hub> => ({ name, type: 'integer', description, cell })
/** A column of booleans. */
export const truth = <Hub>(name: string, description: string, cell: Column<Hub>['cell']): Column<Hub> => ({ name, type: 'boolean', description, cell })

/** The wide columns of workloads: the names and images of a template's containers. */
export function containerColumns<Hub>(containersOf: (object: Hub) => readonly Container[]): readonly Column<Hub>[] {
  return [
    wideText('Containers', 'Names of each container in the template.', (object) => containersOf(object).map(({ name }) => name).join(',')),
    wideText('Images', 'Images referenced by each container in the template.', (object) => containersOf(object).map(({ image }) => image ?? '').join(',')),
  ]
}

/** Up to `max` of the items, joined, and how many more there are: 'a,b,c + 2 more...'. */
export function firstOf(items: readonly string[], max = 3): string {
  if (items.length === 0) return '<none>'
  const more = items.length - max
  return more > 0 ? `${items.slice(0, max).join(',')} + ${more} more...` : items.join(',')
}
