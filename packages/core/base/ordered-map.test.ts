import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OrderedMap, seededRandom } from './index.ts'

test('random edits: an ordered map holds what a sorted plain map holds, and older maps stay as they were', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed)
    const model = new Map<string, number>()
    let map = OrderedMap.empty<number>()
    const kept: [OrderedMap<number>, string][] = []
    const textOf = (entries: Iterable<readonly [string, number]>): string => [...entries].map(([key, value]) => `${key}=${value}`).join()
    for (let step = 0; step < 3000; step++) {
      const key = `k${random.below(step < 1500 ? 800 : 400)}`
      if (random.chance(step < 1500 ? 0.2 : 0.7)) { model.delete(key); map = map.delete(key) } else { model.set(key, step); map = map.set(key, step) }
      if (step % 500 === 0) kept.push([map, textOf(map.entries())])
    }
    assert.equal(textOf(map.entries()), textOf([...model].sort(([a], [b]) => (a < b ? -1 : 1))), `seed ${seed}`)
    assert.equal(map.size, model.size)
    for (const [older, text] of kept) assert.equal(textOf(older.entries()), text)
    for (const key of ['k1', 'k17', 'k399', 'nothing']) assert.equal(map.get(key), model.get(key))
    assert.equal([...map.startingWith('k12')].length, [...model.keys()].filter((key) => key.startsWith('k12')).length)
    const sorted = [...model.keys()].sort()
    for (const key of ['', 'k1', 'k17', 'k3999', 'z']) assert.equal(map.countBelow(key), sorted.filter((each) => each < key).length)
    assert.deepEqual([...map.startingWith('k12', 'k125')], sorted.filter((key) => key.startsWith('k12') && key >= 'k125').map((key) => model.get(key)))
    assert.equal(textOf(map.entries('k3')), textOf([...model].filter(([key]) => key >= 'k3').sort(([a], [b]) => (a < b ? -1 : 1))))
  }
})
