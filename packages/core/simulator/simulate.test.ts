import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plantedBugs, simulate } from './index.ts'

const steps = 250

test('a few seeds hold every invariant and settle', () => {
  for (let seed = 1; seed <= 12; seed++) assert.deepEqual([seed, simulate({ seed, steps }).failure], [seed, undefined])
})

test('a seed gives the same run each time', () => {
  assert.deepEqual(simulate({ seed: 7, steps: 120 }), simulate({ seed: 7, steps: 120 }))
})

for (const bug of plantedBugs) {
  test(`the simulator finds the planted bug: ${bug.name}`, () => {
    const found = Array.from({ length: 20 }, (_, index) => index + 1).find((seed) => simulate({ seed, steps, bug }).failure !== undefined)
    assert.notEqual(found, undefined)
  })
}
