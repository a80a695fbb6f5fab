import assert from 'node:assert/strict'
import { test } from 'node:test'
import { examples } from '../api/kinds/examples.ts'
import { builtinKinds } from '../api/kinds/index.ts'
import { loadDefinitions } from '../api/schema/index.ts'
import type { Definition } from '../api/schema/types.ts'
import { aWorld, settle } from './testing.ts'

const definitions = loadDefinitions()
const depthMax = 7
type Path = readonly (string | number)[]

/** The places of all 64-bit integers in a definition: of lists the first item, of maps the key 'k'. */
function* longsOf(definition: Definition | undefined, path: Path = []): Iterable<Path> {
  if (definition === undefined || path.length > depthMax) return
  for (const [name, field] of Object.entries(definition.fields)) {
    if (field.format === 'int64') yield [...path, name]
    for (const [inner, more] of [[field, []], [field.items, [0]], [field.values, ['k']]] as const) if (inner?.ref !== undefined) yield* longsOf(definitions.get(inner.ref), [...path, name, ...more])
  }
}

function withValue(object: unknown, [first, ...rest]: Path, value: unknown): unknown {
  if (first === undefined) return value
  if (typeof first === 'number') return [withValue(Array.isArray(object) ? object[first] : undefined, rest, value)]
  const record = (typeof object === 'object' && object !== null ? object : {}) as Readonly<Record<string, unknown>>
  return { ...record, [first]: withValue(record[first], rest, value) }
}

test('no number is too great to be judged', () => {
  const world = aWorld()
  settle(world)
  for (const { served: [served], resource, plural, scope } of builtinKinds) {
    const example = examples[resource]
    if (example === undefined || served === undefined) continue
    const base = served.group === '' ? '/api/v1' : `/apis/${served.group}/${served.version}`
    for (const path of longsOf(definitions.get(served.definition))) {
      const body = JSON.stringify(withValue(example, path, 'GREAT')).replaceAll('"GREAT"', '9223372036854775807')
      const { status } = world.ask(`POST ${base}${scope === 'Namespaced' ? '/namespaces/default' : ''}/${plural}?dryRun=All`, body)
      assert.ok(status < 500, `${resource} ${path.join('.')}: ${status}`)
    }
  }
})
