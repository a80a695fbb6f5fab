import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readDocuments, readYaml } from './yaml.ts'

test('scalars are read as kubectl reads them', () => {
  const table: readonly (readonly [string, unknown])[] = [
    ['yes', true], ['Off', false], ['y', true], ['"yes"', 'yes'], ['0777', 511], ['0o777', 511], ['0644', 420], ['08', 8], ['1_000', 1000], ['-5', -5],
    ['0x1F', 31], ['1:30', '1:30'], ['2020-01-01', '2020-01-01'], ['~', null], ['null', null], ['1.5', 1.5], ['1e3', 1000], ['.5', 0.5], ['100m', '100m'],
  ]
  for (const [text, value] of table) assert.deepEqual(readYaml(`a: ${text}`), { ok: true, value: { a: value }, duplicates: [] }, text)
})

test('anchors and merge keys are followed, repeated keys are told', () => {
  assert.deepEqual(readYaml('a: &x {b: 1}\nc:\n  <<: *x\n  d: 2\n  d: 3'), { ok: true, value: { a: { b: 1 }, c: { b: 1, d: 3 } }, duplicates: ['c.d'], repeated: 'yaml: unmarshal errors:\n  line 5: key "d" already set in map' })
})

test("what is malformed is told in upstream's words", () => {
  assert.deepEqual(readYaml('a: b: c'), { ok: false, message: 'yaml: mapping values are not allowed in this context' })
  assert.deepEqual(readYaml('a:\n\t- b'), { ok: false, message: 'yaml: line 2: found character that cannot start any token' })
})

test('half of a character is refused as upstream does, wherever it stands; both halves are the character', () => {
  const refused = (place: string): unknown => ({ ok: false, message: `yaml: ${place}found invalid Unicode character escape code` })
  assert.deepEqual(['"\\uD800"', 'a: 1\nb:\n- c: "x\\udc00y"', 'a: 1\n"k\\uD83Dk": 2', 'a: "\\U0000DFFF"', '{"a": ["\\uDE00\\uD83D"]}'].map(readYaml), ['', 'line 3: ', 'line 2: ', '', ''].map(refused))
  assert.deepEqual(readYaml('a: "\\uD83D\\uDE00"\nb: \\uD800'), { ok: true, value: { a: '\u{1F600}', b: '\\uD800' }, duplicates: [] })
})

test('a manifest of several documents', () => {
  assert.deepEqual(readDocuments('---\na: 1\n---\n# nothing\n---\n{"b": 2}\n').map((reading) => reading.ok && reading.value), [{ a: 1 }, { b: 2 }])
})
