import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../../base/seeded-random.ts'
import { examples } from '../kinds/examples.ts'
import { builtinKinds } from '../kinds/index.ts'
import { loadDefinitions } from '../schema/index.ts'
import type { Definition, Definitions } from '../schema/types.ts'
import { ownedByCreator } from './creation.ts'
import { writeFields } from './field-set.ts'
import { compareParts } from './known-comparison.ts'
import type { Json } from './shape.ts'
import { type Comparison, rootField, Typed } from './typed.ts'

const definitions = loadDefinitions()
const random = seededRandom(7)
const below = (count: number): number => random.below(count)

/** Another value of about this form: parts gone, added, changed, out of order. */
function changed(value: unknown, depth = 0): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => (below(3) === 0 ? changed(item, depth + 1) : item as unknown))
    switch (below(5)) {
      case 0: return items.slice(1)
      case 1: return [...items, ...items.map((item) => changed(item, depth + 1))].slice(0, 4)
      case 2: return items.toReversed()
      default: return items
    }
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).flatMap(([name, item]) => (depth > 0 && below(12) === 0 ? [] : [[name, below(2) === 0 ? changed(item, depth + 1) : item as unknown] as const]))
    return Object.fromEntries([...entries, ...(below(8) === 0 ? [[`new${below(3)}`, below(2) === 0 ? { of: 1 } : 'text'] as const] : [])])
  }
  switch (below(6)) {
    case 0: return null
    case 1: return typeof value === 'string' ? `${value}${below(3)}` : value
    case 2: return typeof value === 'number' ? value + 1 : value
    default: return value
  }
}
const written = ({ added, modified, removed }: Comparison): unknown => ({ added: writeFields(added), modified: writeFields(modified), removed: writeFields(removed) })

test('what is remembered of changes of their shape is what comparing says, for every kind', () => {
  for (const kind of builtinKinds) {
    const [served] = kind.served
    const example = examples[kind.resource]
    const definition = served && definitions.get(served.definition)
    assert.ok(served && example && definition, kind.resource)
    let before = served.fill(example) as Json
    for (let round = 0; round < 40; round++) {
      const after = changed(before) as Json

      if (JSON.stringify(after).length > 20_000) break
      const expected = written(new Typed(definitions).compare(before, after, rootField(definition)))
      assert.deepEqual(written(compareParts(before, after, definition, definitions)), expected, `${kind.resource} ${JSON.stringify([before, after])}`)
      before = after
    }
  }
})

test('a status may have managedFields of its own, which have owners as all else has', () => {
  const thing: Definition = { name: 'Thing', kinds: [], required: [], isCustom: true, fields: { status: { type: 'object', ref: 'Thing.status' } } }
  const status: Definition = { name: 'Thing.status', kinds: [], required: [], isCustom: true, fields: { managedFields: { type: 'string' }, phase: { type: 'string' } } }
  const custom: Definitions = { get: (name) => [thing, status].find((one) => one.name === name), forKind: () => undefined, names: () => [thing.name, status.name] }
  const [none, one, two] = [{ status: { phase: 'a' } }, { status: { phase: 'a', managedFields: 'one' } }, { status: { phase: 'a', managedFields: 'two' } }]
  for (const [before, after] of [[none, one], [one, two], [two, none]] as const) {
    const expected = written(new Typed(custom).compare(before, after, rootField(thing)))
    assert.deepEqual(written(compareParts(before, after, thing, custom)), expected)
    assert.notDeepEqual(expected, { added: {}, modified: {}, removed: {} })
  }
})

test('objects of one shape have one entry, and another shape has another', () => {
  const definition = definitions.get('io.k8s.api.core.v1.Pod')
  assert.ok(definition)
  const owned = (spec: object): Json => ownedByCreator({ metadata: { name: 'web' }, spec }, definition, definitions, [])
  const first = owned({ containers: [{ name: 'main', image: 'a:1' }] })
  const second = owned({ containers: [{ name: 'main', image: 'b:2' }] })
  const third = owned({ containers: [{ name: 'other', image: 'b:2' }] })
  assert.equal(first['f:spec'], second['f:spec'])
  assert.deepEqual(third, { 'f:spec': { 'f:containers': { 'k:{"name":"other"}': { '.': {}, 'f:image': {}, 'f:name': {} } } } })
})
