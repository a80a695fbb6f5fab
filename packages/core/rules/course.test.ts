import assert from 'node:assert/strict'
import { test } from 'node:test'
import { courseAt } from './course.ts'
import { millisOf } from './quantity.ts'

test('an amount over time: steps, a ramp, a wave', () => {
  const minutes = (course: string, ...at: readonly number[]): readonly string[] => at.map((minute) => courseAt(course, minute * 60_000))
  assert.deepEqual(minutes('100m, 2m=500m, 10m=100m', 0, 1.9, 2, 9, 10), ['100m', '100m', '500m', '500m', '100m'])
  assert.deepEqual(minutes('ramp(100m..1100m/10m)', 0, 5, 10, 20), ['100m', '600m', '1100m', '1100m'])
  assert.deepEqual(minutes('sine(0..1/4m)', 0, 1, 2, 3, 4), ['0m', '500m', '1000m', '500m', '0m'])
  assert.deepEqual(minutes('64Mi, 5m=ramp(64Mi..128Mi/1m)', 0, 5.5), ['64Mi', `${96 * 2 ** 20 * 1000}m`])
})

test('variation stays within its share, and is the same for the same seed', () => {
  const drawn = Array.from({ length: 200 }, (_, nth) => millisOf(courseAt('500m~20%', nth * 15_000, 'pod')))
  assert.ok(drawn.every((millis) => millis >= 400 && millis <= 600))
  assert.ok(Math.max(...drawn) > 570 && Math.min(...drawn) < 430)
  assert.deepEqual(Array.from({ length: 200 }, (_, nth) => millisOf(courseAt('500m~20%', nth * 15_000, 'pod'))), drawn)
  assert.notEqual(courseAt('500m~20%', 0, 'other'), courseAt('500m~20%', 0, 'pod'))
})
