import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { plantedBugs, simulate } from './index.ts'

const steps = 400

test('a few seeds hold every invariant and settle', () => {
  for (let seed = 1; seed <= 8; seed++) assert.deepEqual([seed, simulate({ seed, steps }).failure], [seed, undefined])
})

test('a seed gives the same run each time', () => {
  assert.deepEqual(simulate({ seed: 7, steps: 120 }), simulate({ seed: 7, steps: 120 }))
})

/** Seeds that find a mended fault when the mending is undone, and what it was. */
const found: readonly (readonly [seed: number, what: string])[] = [
  [114, 'a Job that replaces only what has failed waited for ever for a pod that was to go before it had a node'],
  [2763, 'a claim that was to go kept the devices that a late scheduler gave it'],
  [2775, 'a CronJob ran again whose Job was deleted before its time was written down'],
  [3357, 'a Job held failed pods for successors in a namespace that was to end'],
]
for (const [seed, what] of found) test(`seed ${seed} stays mended: ${what}`, () => { assert.equal(simulate({ seed, steps }).failure, undefined) })

const seedsMost = 60
for (const bug of plantedBugs) {
  test(`the simulator finds the planted bug: ${bug.name}`, () => {
    const seed = Array.from({ length: seedsMost }, (_, index) => index + 1).find((seed) => simulate({ seed, steps, bug }).failure?.invariant === bug.catches)
    assert.notEqual(seed, undefined)
  })
}

test('each rule is broken by some planted bug', () => {
  const folder = new URL('.', import.meta.url)
  const rules = readdirSync(folder).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts')).flatMap((name) => [...readFileSync(new URL(name, folder), 'utf8').matchAll(/new Broken\('((?:[^'\\]|\\.)*)'/g)].map(([, rule = '']) => rule.replaceAll('\\', '')))
  // The store's own tests break this one: no write of ours could.
  const elsewhere = new Set(['revisions are dense'])
  assert.deepEqual([...new Set(rules)].filter((rule) => !elsewhere.has(rule) && !plantedBugs.some(({ catches }) => catches === rule)), [])
})
