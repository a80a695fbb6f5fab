import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readJson } from './json.ts'

test('JSON that is well formed is read, with repeated keys told by their paths', () => {
  const table: readonly (readonly [string, unknown, readonly string[]])[] = [
    ['{"a":{"b":[1,"x:\\"y",null]}}', { a: { b: [1, 'x:"y', null] } }, []],
    ['{"spec":{"replicas":1,"replicas":2}}', { spec: { replicas: 2 } }, ['spec.replicas']],
    ['[{"a":1,"a":2,"a":3}]', [{ a: 3 }], ['[0].a']],
    ['"\\u00e9\\n"', 'é\n', []],
    ['{"a\\ud800":["\\uDC00b","\\ud83d\\ude00"]}', { 'a\ufffd': ['\ufffdb', '\u{1f600}'] }, []],
  ]
  for (const [text, value, duplicates] of table) assert.deepEqual(readJson(text), { ok: true, value, duplicates }, text)
})

test('an integer of 64 bits is written as it was read', () => {
  const reading = readJson('{"a":9223372036854775807,"b":1234567890123456}')
  assert.equal(reading.ok && JSON.stringify(reading.value), '{"a":9223372036854775807,"b":1234567890123456}')
})

test("what is malformed is told in upstream's words", () => {
  const table: readonly (readonly [string, string])[] = [
    ['', 'unexpected end of JSON input'],
    ['{"a":', 'unexpected end of JSON input'],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{a:1}', "invalid character 'a' looking for beginning of object key string"],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['{"a":1 "b":2}', `invalid character '"' after object key:value pair`],
    ['[1 2]', "invalid character '2' after array element"],
    ['kind: Pod', "invalid character 'k' looking for beginning of value"],
    ['nul1', "invalid character '1' in literal null (expecting 'l')"],
    ['{} x', "invalid character 'x' after top-level value"],
    ['"a\nb"', "invalid character '\\n' in string literal"],
    ['"\\q"', "invalid character 'q' in string escape code"],
    ['01', "invalid character '1' after top-level value"],
    ['1.x', "invalid character 'x' after decimal point in numeric literal"],
    ['['.repeat(1001), "invalid character '[' exceeded max depth"],
  ]
  for (const [text, message] of table) assert.deepEqual(readJson(text), { ok: false, message }, text.slice(0, 20))
})
