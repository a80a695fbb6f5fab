// What holds for every built-in kind, on a sample object that sets every field of it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deepFreeze } from '../../base/frozen.ts'
import { applyPatch, strategicPatch, trackUpdate } from '../patch/index.ts'
import { messageName, slotsOf } from '../protobuf/messages.ts'
import { isRefusal } from '../refusal.ts'
import type { Draft } from '../resource.ts'
import { conform } from './conform.ts'
import { decode } from './decode.ts'
import { loadDefinitions } from './definitions.ts'
import { encode } from './encode.ts'
import type { Definition, Field } from './types.ts'

const definitions = loadDefinitions()
const bare = new Set(['DeleteOptions', 'WatchEvent'])
const kinds = [...definitions.names()].flatMap((name) => {
  const definition = definitions.get(name)
  const kind = definition?.kinds[0]
  return definition && kind && definition.fields['metadata']?.ref?.endsWith('ObjectMeta') && !bare.has(kind.kind) ? [{ definition, kind }] : []
})

/** Recursive definitions end here. */
const depthMax = 9
function sample(field: Field, depth: number): unknown {
  if (field.items) return depth > depthMax ? [] : [sample(field.items, depth + 1)]
  if (field.values) return depth > depthMax ? {} : { key: sample(field.values, depth + 1) }
  switch (field.format) {
    case 'quantity': return '100m'
    case 'int-or-string': return '25%'
    case 'date-time': return '2026-01-02T03:04:05Z'
    case 'date-time-micro': return '2026-01-02T03:04:05.678901Z'
    case 'byte': return 'aGVsbG8='
  }
  const definition = field.ref === undefined ? undefined : definitions.get(field.ref)
  if (definition && !definition.scalar) return object(definition, depth + 1)
  switch (field.type) {
    case 'string': return 'text'
    case 'integer': case 'number': return 7
    case 'boolean': return true
    default: return { free: 'form' }
  }
}
const object = (definition: Definition, depth = 0): Record<string, unknown> =>
  Object.fromEntries(Object.entries(definition.fields).filter(([, field]) => depth <= depthMax || (!field.ref && !field.items && !field.values))
    // An object inside another (a claim's template) has no type of its own in protobuf.
    .filter(([name]) => name !== 'managedFields' && !(definition.kinds.length > 0 && (name === 'apiVersion' || name === 'kind'))).map(([name, field]) => [name, sample(field, depth)]))
const sampleOf = ({ definition, kind }: (typeof kinds)[number]): Draft =>
  ({ apiVersion: kind.group === '' ? kind.version : `${kind.group}/${kind.version}`, kind: kind.kind, ...object(definition) }) as unknown as Draft

test('there are samples of all kinds', () => assert.equal(kinds.length, 102))

test('decoding what was encoded gives the same, in JSON', () => {
  for (const each of kinds) {
    const value = sampleOf(each)
    assert.deepEqual(decode(encode(value), 'application/json', { definitions, definition: each.definition, mode: 'Strict' }), { value, warnings: [] }, each.definition.name)
  }
})

test('what conforms is not changed by conforming again', () => {
  for (const { definition } of kinds) {
    const once = conform(object(definition), definition, definitions)
    assert.deepEqual(conform(once.value, definition, definitions), once, definition.name)
  }
})

// Protobuf: a writer by the same table of numbers; the table itself is checked against upstream elsewhere.
const utf8 = new TextEncoder()
const varint = (value: bigint): number[] => (value < 128n ? [Number(value)] : [Number(value & 127n) | 128, ...varint(value >> 7n)])
const run = (number: number, bytes: readonly number[]): number[] => [...varint(BigInt((number << 3) | 2)), ...varint(BigInt(bytes.length)), ...bytes]
const text = (number: number, value: string): number[] => run(number, [...utf8.encode(value)])
function write(number: number, value: unknown, field: Field): number[] {
  if (field.items) return run(number, (value as readonly unknown[]).flatMap((item) => write(1, item, field.items ?? field)))
  switch (field.format) {
    case 'quantity': return run(number, text(1, String(value)))
    case 'int-or-string': return run(number, [8, 1, ...text(3, String(value))])
    case 'date-time': case 'date-time-micro': return run(number, [8, ...varint(BigInt(Math.floor(Date.parse(String(value)) / 1000))), 16, ...varint(BigInt(field.format === 'date-time' ? 0 : 678_901_000))])
    case 'byte': return run(number, [...Uint8Array.fromBase64(String(value))])
  }
  const definition = field.ref === undefined ? undefined : definitions.get(field.ref)
  if (definition && !definition.scalar) return run(number, message(value as Readonly<Record<string, unknown>>, messageName(definition.name), definition))
  if (definition) return run(number, text(1, JSON.stringify(value)))
  switch (field.type) {
    case 'integer': return [...varint(BigInt(number << 3)), ...varint(BigInt(value as number))]
    case 'boolean': return [...varint(BigInt(number << 3)), value === true ? 1 : 0]
    default: return text(number, String(value))
  }
}
function message(value: Readonly<Record<string, unknown>>, name: string, definition: Definition): number[] {
  return [...(slotsOf(name) ?? [])].flatMap(([number, slot]) => {
    if (slot.is === 'inlined') return run(number, message(value, slot.message, definition))
    const [item, field] = [value[slot.name], definition.fields[slot.name]]
    if (item === undefined || field === undefined) return []
    if (field.values) return Object.entries(item as object).flatMap(([key, inner]) => run(number, [...text(1, key), ...write(2, inner, field.values ?? field)]))
    return field.items ? (item as readonly unknown[]).flatMap((inner) => write(number, inner, field.items ?? field)) : write(number, item, field)
  })
}

test('decoding what was encoded gives the same, in protobuf', () => {
  let read = 0
  for (const each of kinds.filter(({ definition }) => slotsOf(messageName(definition.name)) !== undefined)) {
    const value = sampleOf(each)
    const body = new Uint8Array([107, 56, 115, 0, ...run(1, [...text(1, value.apiVersion), ...text(2, value.kind)]), ...run(2, message(value, messageName(each.definition.name), each.definition))])
    assert.deepEqual(decode(body, 'application/vnd.kubernetes.protobuf', { definitions, definition: each.definition, mode: 'Strict' }), { value, warnings: [] }, each.definition.name)
    read += 1
  }
  assert.equal(read, 67)
})

test('applying twice is applying once, and an object agrees with itself', () => {
  for (const each of kinds) {
    const { definition } = each
    const config = deepFreeze(sampleOf(each))
    const apply = (live: Draft | undefined) => applyPatch({ live, config, manager: 'law', force: false, definition, definitions, now: 0 })
    const first = apply(undefined)
    assert.ok(!isRefusal(first), definition.name)
    assert.equal(apply(first), first, definition.name)
    // Another's object with the same content is no conflict, and is not changed.
    const live = trackUpdate({ before: undefined, after: config, manager: 'other', definition, definitions, now: 0 })
    const shared = apply(live)
    assert.ok(!isRefusal(shared), definition.name)
    assert.deepEqual({ ...shared, metadata: { ...shared.metadata, managedFields: [] } }, { ...live, metadata: { ...live.metadata, managedFields: [] } }, definition.name)
  }
})

test('an object as a strategic patch of itself changes nothing', () => {
  for (const each of kinds) {
    const value = sampleOf(each)
    assert.deepEqual(strategicPatch(value, value, each.definition, definitions), { value }, each.definition.name)
  }
})
