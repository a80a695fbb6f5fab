// Writes objects as upstream's protobuf messages: fields by rising number, map entries by key, zeros where upstream's fields
// cannot tell them from absence.
import { invariant } from '../../base/invariant.ts'
import { loadDefinitions } from '../schema/definitions.ts'
import type { Definition, Field } from '../schema/types.ts'
import { exactInteger } from '../text/json.ts'
import { BackwardBytes } from './bytes.ts'
import { messageName, type Slot, slotsOf } from './messages.ts'
import { type Union, unionOf } from './unions.ts'

type Plain = Readonly<Record<string, unknown>>
/** Writes a value that is there, without its tag. */
type Put = (out: BackwardBytes, value: unknown) => void
interface Step { readonly name: string; readonly write: (out: BackwardBytes, value: unknown) => void }
/** Steps in falling order of their numbers: the last field is written first. An inlined message has no name: it reads the same object. */
type Plan = readonly Step[]

const encoder = new TextEncoder()
const plans = new Map<string, Plan>()
const out = new BackwardBytes()

/** Whether objects of this definition have a protobuf form. */
export const hasMessage = (definition: string): boolean => slotsOf(messageName(definition)) !== undefined

/** The object's message, without the envelope that says its kind. */
export function writeMessage(definition: string, object: object): Uint8Array {
  const found = loadDefinitions().get(definition)
  invariant(found !== undefined && hasMessage(definition), `${definition} has a protobuf form`)
  try {
    messagePut(messageName(definition), found)(out, object)
    return out.take()
  } catch (error) {
    out.drop()
    throw error
  }
}

const wire = { varint: 0, fixed: 1, run: 2 } as const
const tagOf = (number: number, type: number): number => number * 8 + type
/** What `put` writes, as a run of bytes with its length. */
function sized(put: Put): Put {
  return (to, value) => {
    const mark = to.mark
    put(to, value)
    to.varint(to.mark - mark)
  }
}

/** A message's plan is made when it is first written: messages may hold themselves. */
function messagePut(message: string, definition: Definition): Put {
  let plan: Plan | undefined
  return (to, value) => {
    plan ??= planOf(message, definition)
    const object = (value ?? none) as Plain
    for (const { name, write } of plan) write(to, name === '' ? object : object[name])
  }
}
const none: Plain = {}

function planOf(message: string, definition: Definition): Plan {
  const key = `${message} ${definition.name}`
  const known = plans.get(key)
  if (known) return known
  const slots = slotsOf(message)
  invariant(slots !== undefined, `${message} is in the table`)
  const plan = [...slots].reverse().flatMap(([number, slot]) => stepOf(number, slot, definition))
  plans.set(key, plan)
  return plan
}

function stepOf(number: number, slot: Slot, definition: Definition): readonly Step[] {
  if (slot.is === 'inlined') {
    const put = sized(messagePut(slot.message, definition))
    return [{ name: '', write: (to, value) => { put(to, value); to.varint(tagOf(number, wire.run)) } }]
  }
  const field = definition.fields[slot.name]
  if (field === undefined) return []
  return [{ name: slot.name, write: writerOf(number, field, slot.held) }]
}
const isThere = (value: unknown): boolean => value !== undefined && value !== null

function writerOf(number: number, field: Field, held: Extract<Slot, { readonly is: 'field' }>['held']): Step['write'] {
  if (field.items && held === 'in a message') {
    const put = sized(listPut(field.items))
    return (to, value) => { if (isThere(value)) { put(to, value); to.varint(tagOf(number, wire.run)) } }
  }
  if (field.items) {
    const { put, type } = elementOf(field.items)
    const tag = tagOf(number, type)
    return (to, value) => {
      if (!Array.isArray(value)) return
      for (let at = value.length - 1; at >= 0; at--) { put(to, value[at]); to.varint(tag) }
    }
  }
  if (field.values) return mapWriter(tagOf(number, wire.run), field.values)
  const { put, type } = elementOf(field)
  const tag = tagOf(number, type)
  const isMessage = field.ref !== undefined
  const always = isMessage ? held === 'by value' : held === 'usually' && field.format !== 'byte'
  return (to, value) => { if (always || isThere(value)) { put(to, value); to.varint(tag) } }
}

function mapWriter(tag: number, values: Field): Step['write'] {
  const { put, type } = elementOf(values)
  const [keyTag, valueTag] = [tagOf(1, wire.run), tagOf(2, type)]
  return (to, value) => {
    if (!isThere(value)) return
    const map = value as Plain
    const keys = Object.keys(map).sort()
    for (let at = keys.length - 1; at >= 0; at--) {
      const key = keys[at] ?? ''
      const mark = to.mark
      put(to, map[key])
      to.varint(valueTag)
      putText(to, key)
      to.varint(keyTag)
      to.varint(to.mark - mark)
      to.varint(tag)
    }
  }
}

/** A list inside a map, or one in a message of its own: its items are that message's first field. */
function listPut(items: Field): Put {
  const write = writerOf(1, { type: 'array', items }, 'usually')
  return (to, value) => { write(to, value) }
}

const sizedText = sized((to, value) => { to.text(value as string) })
const putText: Put = (to, value) => { if (isThere(value) && value !== '') sizedText(to, value); else to.byte(0) }

function elementOf(field: Field): { readonly put: Put; readonly type: number } {
  if (field.items) return { put: sized(listPut(field.items)), type: wire.run }
  if (field.ref !== undefined) {
    const definition = loadDefinitions().get(field.ref)
    if (definition && !definition.scalar) return { put: sized(messagePut(messageName(field.ref), definition)), type: wire.run }
    return { put: sized(scalarMessage(field)), type: wire.run }
  }
  switch (field.type) {
    case 'boolean': return { put: (to, value) => { to.byte(value === true ? 1 : 0) }, type: wire.varint }
    case 'integer': return { put: putInteger, type: wire.varint }
    case 'number': return { put: (to, value) => { to.double(Number(value ?? 0)) }, type: wire.fixed }
    default: return { put: field.format === 'byte' ? putBytes : putText, type: wire.run }
  }
}
function putInteger(to: BackwardBytes, value: unknown): void {
  if (typeof value === 'number') { to.varint(value); return }
  to.long(BigInt(exactInteger(value) ?? 0))
}
const putBytes: Put = (to, value) => {
  const bytes = Uint8Array.fromBase64(typeof value === 'string' ? value : '')
  to.run(bytes)
  to.varint(bytes.length)
}

/** Messages that are scalars in JSON; an absent one writes its zero. */
function scalarMessage(field: Field): Put {
  const union = field.ref === undefined ? undefined : unionOf(field.ref)
  if (union !== undefined) return unionPut(union)
  switch (field.format) {
    case 'quantity': return (to, value) => { putText(to, isThere(value) ? value : '0'); to.byte(tagOf(1, wire.run)) }
    case 'int-or-string': return putIntOrString
    case 'date-time': return (to, value) => { if (isThere(value)) putTime(to, Date.parse(value as string), 0) }
    case 'date-time-micro': return (to, value) => {
      if (!isThere(value)) return
      const text = value as string
      putTime(to, Date.parse(text), Number(text.slice(20, 26).padEnd(6, '0')) * 1000)
    }
    default: return (to, value) => {
      if (!isThere(value)) return
      const bytes = encoder.encode(JSON.stringify(value))
      to.run(bytes)
      to.varint(bytes.length)
      to.byte(tagOf(1, wire.run))
    }
  }
}
function putTime(to: BackwardBytes, millis: number, nanos: number): void {
  to.varint(nanos)
  to.byte(tagOf(2, wire.varint))
  to.varint(Math.floor(millis / 1000))
  to.byte(tagOf(1, wire.varint))
}
function putIntOrString(to: BackwardBytes, value: unknown): void {
  const isText = typeof value === 'string'
  putText(to, isText ? value : '')
  to.byte(tagOf(3, wire.run))
  putInteger(to, isText ? 0 : value)
  to.byte(tagOf(2, wire.varint))
  to.byte(isText ? 1 : 0)
  to.byte(tagOf(1, wire.varint))
}

/** A schema, or something simpler in its place. */
function unionPut({ other, schema, schemaNumber, otherNumber }: Union): Put {
  const definition = loadDefinitions().get(schema)
  invariant(definition !== undefined, 'schemas have a definition')
  const put = sized(messagePut(messageName(schema), definition))
  const putSchema = (to: BackwardBytes, number: number, value: unknown): void => { put(to, value); to.byte(tagOf(number, wire.run)) }
  return (to, value) => {
    const isSchema = typeof value === 'object' && value !== null && !Array.isArray(value)
    if (isSchema && other === 'truth') putSchema(to, schemaNumber, value)
    if (other === 'truth') {
      // Where there is a schema, something is allowed.
      to.byte(value === true || isSchema ? 1 : 0)
      to.byte(tagOf(otherNumber, wire.varint))
    }
    for (const item of Array.isArray(value) ? value.toReversed() as readonly unknown[] : []) {
      if (other === 'schemas') { putSchema(to, otherNumber, item); continue }
      putText(to, item)
      to.byte(tagOf(otherNumber, wire.run))
    }
    if (isSchema && other !== 'truth') putSchema(to, schemaNumber, value)
  }
}
