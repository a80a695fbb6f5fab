import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fieldsOf, message } from './wire.ts'

test('numbers are read as they were written, those below nought too', () => {
  const lying = Buffer.concat([message([[1, 5_000_000_000]]), Buffer.of(2 << 3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1)])
  const { number } = fieldsOf(lying)
  assert.deepEqual([number(1), number(2), number(3)], [5_000_000_000, -1, 0])
})
