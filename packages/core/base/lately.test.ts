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
