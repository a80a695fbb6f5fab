// Reads protobuf bodies into the plain values that JSON bodies give. Which zeros mean nothing is decided later, for both.
import { conform } from '../schema/conform.ts'
import type { Definition, Definitions, Field } from '../schema/types.ts'
import { readJson, type Reading } from '../text/json.ts'
import { messageName, slotsOf } from './messages.ts'
import { type Union, unionOf } from './unions.ts'
import { eachField, WireFault, type WireValue } from './wire.ts'
import { splitVersion } from '../resource.ts'

const magic = [107, 56, 115, 0]
const depthMax = 100
const decoder = new TextDecoder()

/**
 * Reads a body of type application/vnd.kubernetes.protobuf: 'k8s\0', then an envelope with apiVersion, kind and the object's
 * message. A kind without a definition is read as the expected one, where one is expected.
 */
export function readProtobuf(bytes: Uint8Array, definitions: Definitions, expected?: Definition): Reading {
  if (bytes.length === 0) return { ok: false, message: 'empty data' }
  if (magic.some((byte, index) => bytes[index] !== byte)) return { ok: false, message: `provided data does not appear to be a protobuf message, expected prefix [${magic.join(' ')}]` }
  try {
    let apiVersion = ''
    let kind = ''
    let raw = new Uint8Array()
    eachField(bytes.subarray(4), (number, value) => {
      if (number === 1) eachField(bytesOf(value), (inner, text) => {
        if (inner === 1) apiVersion = textOf(text)
        if (inner === 2) kind = textOf(text)
      })
      if (number === 2) raw = new Uint8Array(bytesOf(value))
    })
    const definition = definitions.forKind(...splitVersion(apiVersion), kind) ?? expected
    if (definition === undefined) return { ok: false, message: `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}` }
    const object = new MessageReader(definitions).message(raw, messageName(definition.name), definition, 0)
    return { ok: true, value: { ...(apiVersion !== '' && { apiVersion }), ...(kind !== '' && { kind }), ...object }, duplicates: [] }
  } catch (error) {
    if (error instanceof WireFault) return { ok: false, message: error.message }
    throw error
  }
}

const bytesOf = (value: WireValue): Uint8Array => {
  if (value.is !== 'bytes') throw new WireFault('proto: wrong wireType')
  return value.value
}
const textOf = (value: WireValue): string => decoder.decode(bytesOf(value))

class MessageReader {
  readonly #definitions: Definitions
  constructor(definitions: Definitions) { this.#definitions = definitions }

  message(bytes: Uint8Array, name: string, definition: Definition, depth: number): Record<string, unknown> {
    const object: Record<string, unknown> = {}
    this.#into(object, bytes, name, definition, depth)
    return object
  }
  #into(object: Record<string, unknown>, bytes: Uint8Array, name: string, definition: Definition, depth: number): void {
    if (depth > depthMax) throw new WireFault('exceeded max depth')
    const slots = slotsOf(name)
    if (!slots) throw new WireFault(`the protobuf form of ${definition.name} is not known; send JSON`)
    eachField(bytes, (number, value) => {
      const slot = slots.get(number)
      if (slot === undefined) return // newer than we are: dropped, as upstream does
      if (slot.is === 'inlined') { this.#into(object, bytesOf(value), slot.message, definition, depth + 1); return }
      const field = definition.fields[slot.name]
      if (field === undefined) return
      if (field.items && slot.held === 'in a message') object[slot.name] = this.#value(value, field, depth)
      else if (field.items) {
        const list = (object[slot.name] ??= []) as unknown[]
        list.push(...this.#items(value, field.items, depth))
      } else if (field.values) {
        const map = (object[slot.name] ??= {}) as Record<string, unknown>
        const [key, item] = this.#entry(bytesOf(value), field.values, depth)
        Object.defineProperty(map, key, { value: item, writable: true, enumerable: true, configurable: true })
      } else object[slot.name] = this.#value(value, field, depth)
    })
  }
  #entry(bytes: Uint8Array, values: Field, depth: number): readonly [string, unknown] {
    let key = ''
    let item: unknown = values.type === 'string' ? '' : undefined
    eachField(bytes, (number, value) => {
      if (number === 1) key = textOf(value)
      if (number === 2) item = this.#value(value, values, depth)
    })
    return [key, item]
  }
  /** Numbers may come packed into one run of bytes. */
  #items(value: WireValue, items: Field, depth: number): readonly unknown[] {
    if (items.type !== 'integer' || value.is !== 'bytes' || items.ref !== undefined) return [this.#value(value, items, depth)]
    const unpacked: unknown[] = []
    // Each varint made a field of its own, so that one reader serves.
    for (let at = 0; at < value.value.length;) {
      let end = at
      while ((value.value[end] ?? 0) >= 128) end += 1
      eachField(new Uint8Array([8, ...value.value.subarray(at, end + 1)]), (_, each) => unpacked.push(this.#value(each, items, depth)))
      at = end + 1
    }
    return unpacked
  }
  #value(value: WireValue, field: Field, depth: number): unknown {
    // A list inside a map or a list travels in a message of its own, as its first field.
    if (field.items) {
      const list: unknown[] = []
      const { items } = field
      eachField(bytesOf(value), (number, item) => { if (number === 1) list.push(this.#value(item, items, depth)) })
      return list
    }
    if (field.ref !== undefined) {
      const definition = this.#definitions.get(field.ref)
      if (definition && !definition.scalar) return this.message(bytesOf(value), messageName(field.ref), definition, depth + 1)
      const union = unionOf(field.ref)
      if (union !== undefined) return this.#union(bytesOf(value), union, depth)
      return scalarMessage(field, bytesOf(value))
    }
    switch (field.type) {
      case 'boolean': return value.is === 'varint' && value.value !== 0n
      case 'integer': return value.is === 'varint' ? integer(value.value) : 0
      case 'number': return value.is === 'fixed' ? value.value.getFloat64(0, true) : 0
      default: return field.format === 'byte' ? bytesOf(value).toBase64() : textOf(value)
    }
  }
  /** A schema, or what stands in its place. */
  #union(bytes: Uint8Array, { other, schema, schemaNumber, otherNumber }: Union, depth: number): unknown {
    const definition = this.#definitions.get(schema)
    if (definition === undefined) throw new WireFault(`${schema} is not known`)
    // To whoever conforms the whole, this is any value: its zeros are dropped here.
    const read = (value: WireValue): unknown => conform(this.message(bytesOf(value), messageName(schema), definition, depth + 1), definition, this.#definitions).value
    let found: unknown
    const list: unknown[] = []
    let allows = false
    eachField(bytes, (number, value) => {
      if (number === schemaNumber) found = read(value)
      else if (number !== otherNumber) return
      else if (other === 'truth') allows = value.is === 'varint' && value.value !== 0n
      else list.push(other === 'schemas' ? read(value) : textOf(value))
    })
    return found ?? (other === 'truth' ? allows : list)
  }
}

function integer(value: bigint): unknown {
  const signed = BigInt.asIntN(64, value)
  const plain = Number(signed)
  if (Number.isSafeInteger(plain)) return plain
  const reading = readJson(signed.toString())
  return reading.ok ? reading.value : plain
}

/** Messages that are scalars in JSON. */
function scalarMessage(field: Field, bytes: Uint8Array): unknown {
  const parts = new Map<number, WireValue>()
  eachField(bytes, (number, value) => { parts.set(number, value) })
  const first = parts.get(1)
  const number = (at: number): bigint => { const part = parts.get(at); return part?.is === 'varint' ? BigInt.asIntN(64, part.value) : 0n }
  const text = (at: number): string => { const part = parts.get(at); return part ? textOf(part) : '' }
  switch (field.format) {
    case 'quantity': return text(1) === '' ? '0' : text(1)
    case 'int-or-string': return number(1) === 1n ? text(3) : Number(BigInt.asIntN(32, number(2)))
    case 'date-time': case 'date-time-micro': {
      if (parts.size === 0) return null // the zero time
      const millis = Number(number(1)) * 1000
      if (!Number.isFinite(millis) || Math.abs(millis) > 8.64e15) throw new WireFault('proto: time out of range')
      const whole = new Date(millis).toISOString().slice(0, 19)
      return field.format === 'date-time' ? `${whole}Z` : `${whole}.${String(Number(number(2)) / 1000 | 0).padStart(6, '0')}Z`
    }
  }
  if (first === undefined) return null
  const reading = readJson(textOf(first))
  if (!reading.ok) throw new WireFault(reading.message)
  return reading.value
}
