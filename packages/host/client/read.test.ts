import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readShown } from './read.ts'

test('fields that are shown as null are absent, as in the store; elements stay', () => {
  assert.deepEqual(readShown('{"a":null,"b":[null,{"c":null,"d":0}],"e":":null"}'), { b: [null, { d: 0 }], e: ':null' })
  assert.deepEqual(readShown('{"a":1}'), { a: 1 })
})
