// The three forms of an answer (the object itself, its metadata, a table's row), in the bytes that a client reads.
import { type ListParts, listParts, metadataMessage, writeEnvelope } from '../../api/protobuf/index.ts'
import { apiVersionOf, type Resource } from '../../api/resource.ts'
import { printYaml } from '../../api/text/index.ts'
import type { Instant } from '../../base/clock.ts'
import { encoded, messageOf, shownAs } from '../encode.ts'
import { type Form, type Media, mediaTypes } from '../negotiate.ts'
import type { AnyServed } from '../registry.ts'
import { type Answer, utf8 } from '../reply.ts'

export type IncludeObject = 'None' | 'Metadata' | 'Object'

/** How to write objects for one request. */
export interface Writing {
  readonly form: Form
  readonly media: Media
  readonly served: AnyServed
  readonly includeObject: IncludeObject
  readonly now: Instant
}

/** Only the metadata, for clients that need no more. */
export const partial = (object: Resource, version: 'v1' | 'v1beta1'): object =>
  ({ kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata })

/** One object in the form and the bytes that a client asked for, in parts. */
export function written(object: Resource, writing: Writing, withColumns = true): readonly Uint8Array[] {
  const { form, media, served } = writing
  switch (media) {
    case 'json': return [form.is === 'object' ? encoded(served, object) : utf8(JSON.stringify(formed(object, writing, withColumns)))]
    case 'yaml': return [utf8(printYaml(formed(object, writing, withColumns)))]
    case 'protobuf': return form.is === 'metadata' ? writeEnvelope(`meta.k8s.io/${form.version}`, 'PartialObjectMetadata', metadataMessage(object.metadata))
      : writeEnvelope(apiVersionOf(served), object.kind, messageOf(served, object))
  }
}

/** The answer that shows one object. */
export const showing = (object: Resource, writing: Writing, status = 200): Extract<Answer, { readonly is: 'raw' }> =>
  ({ is: 'raw', status, contentType: mediaTypes[writing.media], body: written(object, writing) })

function formed(object: Resource, writing: Writing, withColumns: boolean): object {
  const { form } = writing
  switch (form.is) {
    case 'object': return shownAs(writing.served, object)
    case 'metadata': return partial(object, form.version)
    case 'table': return table([object], writing, { resourceVersion: object.metadata.resourceVersion }, withColumns)
  }
}

/** A list's own part of an answer, besides its objects. */
export interface ListHead { readonly kind: string; readonly metadata: object }

/** The answer that shows a list. The bytes of objects are those that every other reader gets. */
export function showingList(objects: readonly Resource[], head: ListHead, writing: Writing): Extract<Answer, { readonly is: 'raw' }> {
  return { is: 'raw', status: 200, contentType: mediaTypes[writing.media], body: listBody(objects, head, writing) }
}

function listBody(objects: readonly Resource[], { kind, metadata }: ListHead, writing: Writing): readonly Uint8Array[] {
  const { form, media, served } = writing
  if (form.is === 'table') {
    const shown = table(objects, writing, metadata)
    return [utf8(media === 'yaml' ? printYaml(shown) : `${JSON.stringify(shown)}\n`)]
  }
  const head = form.is === 'object' ? { kind: `${kind}List`, apiVersion: apiVersionOf(served), metadata } : { kind: 'PartialObjectMetadataList', apiVersion: `meta.k8s.io/${form.version}`, metadata }
  switch (media) {
    case 'json': return jsonList(head, objects.map((object) => (form.is === 'object' ? encoded(served, object) : utf8(JSON.stringify(partial(object, form.version))))))
    case 'yaml': return [utf8(printYaml({ ...head, items: objects.map((object) => (form.is === 'object' ? shownAs(served, object) : partial(object, form.version))) }))]
    case 'protobuf': {
      const parts: ListParts = { ...head, items: objects.map((object) => (form.is === 'object' ? messageOf(served, object) : metadataMessage(object.metadata))) }
      return listParts(parts)
    }
  }
}

const comma = utf8(',')
const listEnd = utf8(']}\n')
/** The list's JSON in parts: its head, the objects' own bytes, its end. */
function jsonList(head: object, items: readonly Uint8Array[]): readonly Uint8Array[] {
  const parts = [utf8(`${JSON.stringify(head).slice(0, -1)},"items":[`)]
  for (let at = 0; at < items.length; at++) {
    if (at > 0) parts.push(comma)
    parts.push(items[at] as Uint8Array)
  }
  parts.push(listEnd)
  return parts
}

/** A Table of objects: all columns always; wide ones are left out by the client. */
export function table(objects: readonly Resource[], writing: Writing, metadata: object, withColumns = true): object {
  const version = writing.form.is === 'table' ? writing.form.version : 'v1'
  const { columns } = writing.served
  return {
    kind: 'Table', apiVersion: `meta.k8s.io/${version}`, metadata,
    columnDefinitions: withColumns
      ? columns.map(({ name, type, format, description, wide, priority }) => ({ name, type, format: format ?? '', description, priority: priority ?? (wide === true ? 1 : 0) }))
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
