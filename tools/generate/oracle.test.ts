// Compares what the generator makes with the upstream document, where that lies beside the project. It is never read otherwise.
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { messageNames, slotsOf } from '../../packages/core/api/protobuf/messages.ts'
import { loadDefinitions } from '../../packages/core/api/schema/definitions.ts'
import { describe, loadDescriptions } from '../../packages/core/api/schema/descriptions.ts'
import type { Definition, Field } from '../../packages/core/api/schema/types.ts'
import { shortName } from './definitions.ts'
import { derived, past } from './past.ts'
import { type Promoted, promoted } from './promoted.ts'

const file = join(fileURLToPath(import.meta.url), '../../../../shared/oracle/swagger-1.36.json')
const skip = existsSync(file) ? false : 'the upstream document is not beside the project'

interface Property {
  readonly description?: string; readonly type?: string; readonly format?: string; readonly $ref?: string; readonly items?: Property; readonly additionalProperties?: Property
  readonly 'x-kubernetes-list-type'?: string; readonly 'x-kubernetes-list-map-keys'?: readonly string[]; readonly 'x-kubernetes-map-type'?: string
  readonly 'x-kubernetes-patch-merge-key'?: string; readonly 'x-kubernetes-patch-strategy'?: string
}
interface Upstream {
  readonly properties?: Readonly<Record<string, Property>>; readonly required?: readonly string[]; readonly 'x-kubernetes-map-type'?: string
  readonly 'x-kubernetes-group-version-kind'?: readonly { readonly group: string; readonly version: string; readonly kind: string }[]
}

const typeOfProperty = (property: Property): unknown => {
  if (property.$ref) return property.$ref.replace('#/definitions/', '')
  if (property.items) return [typeOfProperty(property.items)]
  if (property.additionalProperties) return { values: typeOfProperty(property.additionalProperties) }
  return property.format ? `${property.type} ${property.format}` : property.type
}
const typeOfField = (field: Field): unknown => {
  if (field.ref) return field.ref
  if (field.items) return [typeOfField(field.items)]
  if (field.values) return { values: typeOfField(field.values) }
  return field.format ? `${field.type} ${field.format}` : field.type
}
const upstreamFacts = (definition: Upstream): unknown => ({
  kinds: definition['x-kubernetes-group-version-kind'] ?? [],
  required: (definition.required ?? []).toSorted(),
  mapType: definition['x-kubernetes-map-type'],
  fields: Object.fromEntries(Object.entries(definition.properties ?? {}).sort().map(([name, property]) => [name, {
    type: typeOfProperty(property), listType: property['x-kubernetes-list-type'], listKeys: property['x-kubernetes-list-map-keys'],
    mapType: property['x-kubernetes-map-type'], key: property['x-kubernetes-patch-merge-key'], strategy: property['x-kubernetes-patch-strategy'],
  }])),
})
// Version 1 of this group is there because of promotions only.
const promotedVersions = ['storagemigration.k8s.io/v1']
const ourFacts = (definition: Definition): unknown => ({
  kinds: definition.kinds.filter(({ group, version }) => !promotedVersions.includes(`${group}/${version}`)).map(({ group, kind, version }) => ({ group, kind, version })),
  required: definition.required,
  mapType: definition.mapType,
  fields: Object.fromEntries(Object.entries(definition.fields).sort().map(([name, field]) => [name, {
    type: typeOfField(field), listType: field.listType, listKeys: field.listKeys, mapType: field.mapType, key: field.patchMergeKey, strategy: field.patchStrategy,
  }])),
})

test('every definition has the facts of the upstream document', { skip }, () => {
  const upstream = (JSON.parse(readFileSync(file, 'utf8')) as { readonly definitions: Readonly<Record<string, Upstream>> }).definitions
  const definitions = loadDefinitions()
  const names = new Set(derived.map(({ name }) => name))
  assert.deepEqual([...definitions.names()].filter((name) => !upstream[name] && !names.has(name)), [])
  let same = 0
  for (const [name, document] of Object.entries(upstream)) {
    const ours = definitions.get(name)
    assert.ok(ours, name)
    if (!ours.scalar) assert.deepEqual(ourFacts(ours), upstreamFacts(document), name)
    same += 1
  }
  assert.equal(same, 771)
})

test('what is promoted is not in the upstream document yet, and its origin is: else the row can go', { skip }, () => {
  const upstream = (JSON.parse(readFileSync(file, 'utf8')) as { readonly definitions: Readonly<Record<string, Upstream>> }).definitions
  const definitions = loadDefinitions()
  const shape = (name: string): unknown => Object.fromEntries(Object.entries(definitions.get(name)?.fields ?? {}).map(([field, said]) => [field, JSON.stringify(said).replace(/\.v1beta\d\./g, '.v1.')]))
  for (const { name, origin, without } of promoted) {
    assert.equal(upstream[name], undefined, name)
    const fields = Object.fromEntries(Object.entries(shape(origin) as Record<string, unknown>).filter(([field]) => !without.includes(field)))
    assert.deepEqual(shape(name), fields, name)
    assert.ok(Object.keys(fields).length > 0, name)
  }
  assert.deepEqual(definitions.forKind('resource.k8s.io', 'v1', 'DeviceTaintRule')?.name, 'io.k8s.api.resource.v1.DeviceTaintRule')
})

test('what is past is not in the upstream document any more, and has the fields it had', { skip }, () => {
  const upstream = (JSON.parse(readFileSync(file, 'utf8')) as { readonly definitions: Readonly<Record<string, Upstream>> }).definitions
  const definitions = loadDefinitions()
  for (const { name } of past) assert.equal(upstream[name], undefined, name)
  assert.deepEqual(Object.keys(definitions.get('io.k8s.api.discovery.v1beta1.Endpoint')?.fields ?? {}).sort(), ['addresses', 'conditions', 'hints', 'hostname', 'nodeName', 'targetRef', 'topology'])
  assert.equal(definitions.get('io.k8s.api.discovery.v1beta1.EndpointSlice')?.fields['endpoints']?.items?.ref, 'io.k8s.api.discovery.v1beta1.Endpoint')
})

const letters = (name: string | undefined): string => (name ?? '').toLowerCase().replace(/[^a-z0-9]/g, '')
const protoFiles = join(file, '../proto/k8s.io')
test('every field number is upstream\'s', { skip }, () => {
  const upstream = new Map<string, ReadonlyMap<number, string>>()
  for (const path of globSync('**/generated.proto', { cwd: protoFiles })) {
    const text = readFileSync(join(protoFiles, path), 'utf8')
    const owner = /^package k8s\.io\.(\S+);/m.exec(text)?.[1]?.replace(/^api\.|^(?:apimachinery|apiextensions_apiserver)\.pkg\.apis\./, '')
    for (const [, name, body = ''] of text.matchAll(/^message (\w+) \{\n([\s\S]*?)^\}/gm)) {
      const fields = [...body.matchAll(/^ {2}(?:optional |repeated |required )?(?:map<[^>]*>|[.\w]+) (\w+) = (\d+)/gm)]
      upstream.set(`${owner}.${name}`, new Map(fields.map(([, field = '', number]) => [Number(number), field])))
    }
  }
  let same = 0
  const origins = new Map(promoted.map((each) => [shortName(each.name), each]))
  // The aggregator's file is not there.
  for (const message of messageNames().filter((name) => !name.startsWith('apiregistration.'))) {
    const { origin, without }: Omit<Promoted, 'name'> = origins.get(message) ?? { origin: message, without: [] }
    const known = upstream.get(shortName(origin))
    assert.ok(known, message)
    const theirs = new Map([...known].filter(([, field]) => !without.includes(field)))
    const slots = slotsOf(message) ?? new Map()
    assert.deepEqual([...slots.keys()], [...theirs.keys()].sort((a, b) => a - b), message)
    // Inlined messages bear a name of their own there; names that differ in case, '$' and '-' are ours to correct.
    for (const [number, slot] of slots) if (slot.is === 'field') assert.equal(letters(slot.name), letters(theirs.get(number)), message)
    same += 1
  }
  assert.equal(same, 765 + derived.length)
})

test('nearly every description is upstream\'s, blanks aside', { skip }, async () => {
  await loadDescriptions()
  const upstream = (JSON.parse(readFileSync(file, 'utf8')) as { readonly definitions: Readonly<Record<string, Upstream>> }).definitions
  const plain = (text: string | undefined): string => (text ?? '').replace(/\s+/g, ' ').trim()
  let all = 0
  let same = 0
  for (const [name, { properties }] of Object.entries(upstream)) {
    const ours = describe(name)
    for (const [field, { description }] of Object.entries(properties ?? {})) {
      if (description === undefined) continue
      all += 1
      if (plain(ours?.fields[field]) === plain(description)) same += 1
    }
  }
  // The rest are fields of other definitions in alpha and beta groups, which neither package describes.
  assert.deepEqual({ all, atLeast3000: same >= 3000 }, { all: 3087, atLeast3000: true }, `${same} are the same`)
})
