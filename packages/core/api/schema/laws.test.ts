// What holds for every built-in kind, on a sample object that sets every field of it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deepFreeze } from '../../base/frozen.ts'
import { applyPatch, strategicPatch, trackUpdate } from '../patch/index.ts'
import { writeObject } from '../protobuf/index.ts'
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

const unions: Readonly<Record<string, unknown>> = { JSONSchemaPropsOrBool: true, JSONSchemaPropsOrArray: [{ type: 'text' }, { type: 'other' }], JSONSchemaPropsOrStringArray: ['text'] }

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
  const union = unions[field.ref?.split('.').at(-1) ?? '']
  if (union !== undefined) return union
  switch (field.type) {
    case 'string': return 'text'
    case 'integer': case 'number': return 7
    case 'boolean': return true
    default: return { free: 'form' }
  }
}
const object = (definition: Definition, depth = 0): Record<string, unknown> =>
  Object.fromEntries(Object.entries(definition.fields).filter(([, field]) => depth <= depthMax || (!field.items && !field.values && (!field.ref || definitions.get(field.ref)?.scalar !== undefined)))
    // An object inside another (a claim's template) has no type of its own in protobuf.
    .filter(([name]) => name !== 'managedFields' && !(definition.kinds.length > 0 && (name === 'apiVersion' || name === 'kind'))).map(([name, field]) => [name, sample(field, depth)]))
const sampleOf = ({ definition, kind }: (typeof kinds)[number]): Draft =>
  ({ apiVersion: kind.group === '' ? kind.version : `${kind.group}/${kind.version}`, kind: kind.kind, ...object(definition) }) as unknown as Draft

test('there are samples of all kinds', () => assert.equal(kinds.length, 103))

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

/** Without what holds nothing: messages that upstream holds by value are written even when they are not there. */
const withoutEmpty = (value: unknown): unknown => (Array.isArray(value) ? value.map(withoutEmpty)
  : typeof value !== 'object' || value === null ? value
    : Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutEmpty(item)] as const).filter(([, item]) => typeof item !== 'object' || item === null || Object.keys(item).length > 0)))

test('decoding what was encoded gives the same, in protobuf, and the same bytes again', () => {
  let read = 0
  for (const each of kinds.filter(({ kind }) => kind.kind !== 'CustomResourceDefinition')) {
    const value = sampleOf(each)
    const bytes = Buffer.concat(writeObject(value) ?? [])
    const decoded = decode(bytes, 'application/vnd.kubernetes.protobuf', { definitions, definition: each.definition, mode: 'Strict' })
    assert.ok(!isRefusal(decoded), each.definition.name)
    assert.deepEqual(withoutEmpty(decoded), withoutEmpty({ value, warnings: [] }), each.definition.name)
    assert.deepEqual(Buffer.concat(writeObject(decoded.value) ?? []), bytes, each.definition.name)
    read += 1
  }
  // A definition's schema nests so deep in this sample that reading it takes half a minute: protobuf.test.ts has a smaller one.
  assert.equal(read, kinds.length - 1)
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
