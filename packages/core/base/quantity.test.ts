import assert from 'node:assert/strict'
import { test } from 'node:test'
import { humanDuration } from './age.ts'
import { addQuantities, canonicalQuantity, compareQuantities, formatQuantity, milliValue, parseQuantity, type Quantity, roundedToMilli, wholeValue } from './quantity.ts'

const read = (text: string): Quantity => {
  const quantity = parseQuantity(text)
  assert.ok(quantity, text)
  return quantity
}

test('a quantity is printed with the largest suffix that leaves a whole number', () => {
  const rows: readonly (readonly [written: string, canonical: string])[] = [
    ['0.5', '500m'], ['1000m', '1'], ['1.5', '1500m'], ['1024Mi', '1Gi'], ['1.5Gi', '1536Mi'], ['0.5Ki', '512'], ['1000', '1k'], ['1023Ki', '1023Ki'],
    ['100Ki', '100Ki'], ['1e3', '1e3'], ['1500e0', '1500'], ['12e6', '12e6'], ['0', '0'], ['0Gi', '0'], ['-1.50', '-1500m'], ['+2', '2'], ['.5', '500m'], ['1.', '1'],
    ['0.0000000001', '1n'], ['1E', '1E'], ['100M', '100M'], ['1048576', '1048576'], ['2000000k', '2G'], ['0.1Ki', '102400m'], ['9999999999999999999', '9223372036854775807'],
  ]
  assert.deepEqual(rows.map(([written]) => [written, formatQuantity(read(written))]), rows)
})

test('printing again changes nothing', () => {
  for (const text of ['0.5', '1.5Gi', '1e3', '100m', '10Ki', '1n', '7', '250', '1000']) {
    const once = canonicalQuantity(text)
    assert.equal(canonicalQuantity(once), once)
    assert.equal(compareQuantities(read(once), read(text)), 0)
  }
})

test('what is no quantity is not read', () => {
  for (const text of ['', '1 Gi', 'abc', '1gi', '1.2.3', '--1', '1mi', '10GB', 'Gi', '1e', '0x10', '1Kib']) assert.equal(parseQuantity(text), undefined, text)
})

test('values round up', () => {
  assert.deepEqual(['100m', '1', '0.0001', '2k', '1.0005', 'no'].map(milliValue), [100, 1000, 1, 2_000_000, 1001, 0])
  assert.deepEqual(['100m', '1', '1.5Gi', '2k'].map(wholeValue), [1, 1, 1_610_612_736, 2000])
  assert.deepEqual(['100u', '1', '1.00001Gi'].map(roundedToMilli), ['1m', '1', '1073752561419m'])
})

test('a sum is written as its first part', () => {
  assert.equal(formatQuantity(addQuantities(read('512Mi'), read('512Mi'))), '1Gi')
  assert.equal(formatQuantity(addQuantities(read('0'), read('1Gi'))), '1Gi')
  assert.equal(formatQuantity(addQuantities(read('250m'), read('750m'))), '1')
})

test('ages are shown as kubectl shows them', () => {
  const s = 1000, m = 60 * s, h = 60 * m, d = 24 * h, y = 365 * d
  const rows: readonly (readonly [number, string])[] = [
    [-5 * s, '<invalid>'], [-1 * s, '0s'], [0, '0s'], [119 * s, '119s'], [2 * m, '2m'], [5 * m + 30 * s, '5m30s'], [10 * m + 59 * s, '10m'], [179 * m, '179m'],
    [3 * h, '3h'], [7 * h + 59 * m, '7h59m'], [8 * h + 30 * m, '8h'], [47 * h, '47h'], [2 * d, '2d'], [7 * d + 23 * h, '7d23h'], [8 * d + h, '8d'],
    [729 * d, '729d'], [2 * y + d, '2y1d'], [8 * y + 3 * d, '8y'],
  ]
  assert.deepEqual(rows.map(([duration]) => [duration, humanDuration(duration)]), rows)
})
