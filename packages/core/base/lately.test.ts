import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Lately } from './lately.ts'

test('what was set or asked for lately is known, the rest is forgotten', () => {
  const lately = Lately.of<number, string>(10)
  lately.set(-1, 'asked for')
  for (let each = 0; each < 100; each++) { lately.set(each, String(each)); lately.get(-1) }
  assert.equal(lately.get(-1), 'asked for')
  assert.equal(lately.get(99), '99')
  assert.equal(lately.get(90), '90')
  assert.equal(lately.get(50), undefined)
})

test('by objects, as long as they live', () => {
  const lately = Lately.weakly<object, number>(2)
  const [first, second, third] = [{}, {}, {}]
  lately.set(first, 1)
  lately.set(second, 2)
  assert.equal(lately.get(first), 1)
  lately.set(third, 3)
  assert.deepEqual([lately.get(first), lately.get(second), lately.get(third)], [1, undefined, 3])
})

test('what is set again is no other entry', () => {
  const lately = Lately.of<string, number>(3)
  lately.set('first', 1)
  for (let each = 0; each < 10; each++) lately.set('again', each)
  assert.deepEqual([lately.get('first'), lately.get('again')], [1, 9])
})

test('each entry counts what it costs: what is asked for stays, what is not is forgotten when its place is needed', () => {
  const lately = Lately.weakly<object, Uint8Array>(50, (bytes) => bytes.length)
  const [hot, cold] = [{}, {}]
  lately.set(hot, new Uint8Array(10))
  lately.set(cold, new Uint8Array(10))
  const keys = Array.from({ length: 20 }, () => ({}))
  for (const key of keys) {
    lately.set(key, new Uint8Array(10))
    assert.equal(lately.get(hot)?.length, 10)
  }
  assert.equal(lately.get(cold), undefined)
  assert.ok(keys.filter((key) => lately.get(key) !== undefined).length <= 10)
})

test('what is not known is made, once', () => {
  const lately = Lately.of<string, string>(10)
  assert.deepEqual([lately.given('a', () => 'first'), lately.given('a', () => 'second')], ['first', 'first'])
})
