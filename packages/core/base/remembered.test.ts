import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Remembered } from './remembered.ts'

test('what is asked for stays, what is not is forgotten when its place is needed', () => {
  const remembered = new Remembered(100)
  const [hot, cold] = [{}, {}]
  remembered.set(hot, new Uint8Array(10))
  remembered.set(cold, new Uint8Array(10))
  const keys = Array.from({ length: 20 }, () => ({}))
  for (const key of keys) {
    remembered.set(key, new Uint8Array(10))
    assert.equal(remembered.get(hot)?.length, 10)
  }
  assert.equal(remembered.get(cold), undefined)
  assert.ok(keys.filter((key) => remembered.get(key) !== undefined).length <= 10)
})
