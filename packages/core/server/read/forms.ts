// The three forms of an answer: the object itself, its metadata, a table's row.
import type { Resource } from '../../api/resource.ts'
import type { Instant } from '../../base/clock.ts'
import { encoded, shownAs } from '../encode.ts'
import type { Form } from '../negotiate.ts'
import type { AnyServed } from '../registry.ts'
import { utf8 } from '../reply.ts'

export type IncludeObject = 'None' | 'Metadata' | 'Object'

/** How to write objects for one request. */
export interface Writing {
  readonly form: Form
  readonly served: AnyServed
  readonly includeObject: IncludeObject
  readonly now: Instant
}

/** Only the metadata, for clients that need no more. */
export const partial = (object: Resource, version: 'v1' | 'v1beta1'): object =>
  ({ kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata })

/** One object in the form a client asked for. */
export function written(object: Resource, writing: Writing, withColumns = true): Uint8Array {
  const { form } = writing
  switch (form.is) {
    case 'object': return encoded(writing.served, object)
    case 'metadata': return utf8(JSON.stringify(partial(object, form.version)))
    case 'table': return utf8(JSON.stringify(table([object], writing, { resourceVersion: object.metadata.resourceVersion }, withColumns)))
  }
}

/** A Table of objects: all columns always; wide ones are left out by the client. */
export function table(objects: readonly Resource[], writing: Writing, metadata: object, withColumns = true): object {
  const version = writing.form.is === 'table' ? writing.form.version : 'v1'
  const { columns } = writing.served
  return {
    kind: 'Table', apiVersion: `meta.k8s.io/${version}`, metadata,
    columnDefinitions: withColumns
      ? columns.map(({ name, type, format, description, wide }) => ({ name, type, format: format ?? '', description, priority: wide === true ? 1 : 0 }))
      : null,
    rows: objects.map((object) => ({ cells: columns.map((column) => column.cell(object, writing.now)), ...included(object, writing, version) })),
  }
}

function included(object: Resource, { includeObject, served }: Writing, version: 'v1' | 'v1beta1'): object {
  switch (includeObject) {
    case 'None': return {}
    case 'Metadata': return { object: partial(object, version) }
    case 'Object': return { object: shownAs(served, object) }
  }
}
