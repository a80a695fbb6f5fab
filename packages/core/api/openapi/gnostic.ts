// The document of version 2 as protobuf (gnostic's openapi.v2.Document): what kubectl up to 1.26 asks for. Only what clients
// read is written: schemas with their extensions, and each operation's query parameters and kind.
import type { Json } from './types.ts'

const encoder = new TextEncoder()

/** Grows as it is written to. */
class Writer {
  #bytes = new Uint8Array(1024)
  #length = 0
  #room(more: number): void {
    if (this.#length + more <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more))
    grown.set(this.#bytes)
    this.#bytes = grown
  }
  #varint(value: number): void {
    this.#room(5)
    let rest = value
    for (; rest > 127; rest >>>= 7) this.#bytes[this.#length++] = (rest & 127) | 128
    this.#bytes[this.#length++] = rest
  }
  run(number: number, bytes: Uint8Array): void {
    this.#varint((number << 3) | 2)
    this.#varint(bytes.length)
    this.#room(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }
  text(number: number, text: unknown): void { if (typeof text === 'string') this.run(number, encoder.encode(text)) }
  message(number: number, write: (into: Writer) => void): void {
    const inner = new Writer()
    write(inner)
    this.run(number, inner.bytes())
  }
  bytes(): Uint8Array { return this.#bytes.subarray(0, this.#length) }
}

const entries = (value: unknown): readonly (readonly [string, Json])[] => Object.entries((value ?? {}) as Readonly<Record<string, Json>>)

/** Encodes a document as `documentV2` makes it. */
export function gnostic(document: Json): Uint8Array {
  const writer = new Writer()
  const info = document['info'] as Json
  writer.text(1, document['swagger'])
  writer.message(2, (into) => { into.text(1, info['title']); into.text(2, info['version']) })
  writer.message(8, (into) => {
    for (const [path, item] of entries(document['paths'])) named(into, 2, path, (inner) => {
      for (const [number, method] of [[2, 'get'], [3, 'put'], [4, 'post'], [5, 'delete'], [8, 'patch']] as const) {
        const operation = item[method]
        if (operation !== undefined) inner.message(number, (deep) => { writeOperation(deep, operation as Json) })
      }
    })
  })
  writer.message(9, (into) => { for (const [name, schema] of entries(document['definitions'])) named(into, 1, name, (inner) => { writeSchema(inner, schema) }) })
  return writer.bytes().slice()
}

/** An entry of a map: a name and a value. */
function named(into: Writer, number: number, name: string, write: (into: Writer) => void): void {
  into.message(number, (entry) => { entry.text(1, name); entry.message(2, write) })
}
/** Extensions travel as YAML text, which JSON is. */
function writeExtensions(into: Writer, number: number, of: Json): void {
  for (const [name, value] of Object.entries(of)) if (name.startsWith('x-')) named(into, number, name, (inner) => { inner.text(2, JSON.stringify(value)) })
}

function writeOperation(into: Writer, operation: Json): void {
  into.text(5, operation['operationId'])
  for (const parameter of operation['parameters'] as readonly Json[]) {
    if (parameter['in'] !== 'query') continue
    into.message(8, (item) => item.message(1, (choice) => choice.message(2, (plain) => plain.message(3, (query) => {
      query.text(2, 'query')
      query.text(4, parameter['name'])
      query.text(6, parameter['type'])
    }))))
  }
  writeExtensions(into, 13, operation)
}

function writeSchema(into: Writer, schema: Json): void {
  const reference = schema['$ref']
  into.text(1, reference)
  into.text(2, schema['format'])
  into.text(4, schema['description'])
  for (const name of (schema['required'] ?? []) as readonly string[]) into.text(19, name)
  const values = schema['additionalProperties']
  if (values !== undefined) into.message(21, (inner) => inner.message(1, (deep) => { writeSchema(deep, values as Json) }))
  if (schema['type'] !== undefined) into.message(22, (inner) => { inner.text(1, schema['type']) })
  const items = schema['items']
  if (items !== undefined) into.message(23, (inner) => inner.message(1, (deep) => { writeSchema(deep, items as Json) }))
  const properties = entries(schema['properties'])
  if (properties.length > 0) into.message(25, (inner) => { for (const [name, property] of properties) named(inner, 1, name, (deep) => { writeSchema(deep, property) }) })
  writeExtensions(into, 31, schema)
}
