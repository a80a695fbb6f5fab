// A watch told from any revision, folded over the list of that revision, is the list of now.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../../base/index.ts'
import { aWorld, settle, type World } from '../testing.ts'

const all = '/api/v1/configmaps'
const selections = ['', 'labelSelector=app%3Dweb', 'labelSelector=app%21%3Dweb', 'fieldSelector=metadata.name%3Dc1', 'labelSelector=app', 'fieldSelector=metadata.namespace!=default']
const seeds = 20
const steps = 40

type Item = { readonly metadata: { readonly namespace: string; readonly name: string; readonly resourceVersion: string } }
const listed = (made: World, url: string): readonly Item[] => (made.ask(`GET ${url}`).body as { items: readonly Item[] }).items
const placeOf = ({ metadata }: Item): string => `${metadata.namespace}/${metadata.name}`
const versions = (items: Iterable<Item>): readonly string[] => [...items].map((item) => `${placeOf(item)} ${item.metadata.resourceVersion}`).sort()

function stir(made: World, random: ReturnType<typeof seededRandom>): void {
  const url = `/api/v1/namespaces/${random.chance(0.5) ? 'default' : 'other'}/configmaps`
  const name = `c${random.below(5)}`
  const labels = random.chance(0.3) ? {} : { app: random.chance(0.5) ? 'web' : 'db' }
  if (random.chance(0.3)) made.ask(`DELETE ${url}/${name}`)
  else if (made.ask(`POST ${url}`, { metadata: { name, labels } }).status === 409) made.ask(`PUT ${url}/${name}`, { metadata: { name, labels } })
}

test('what a watch tells, folded over a list, is the next list', () => {
  for (let seed = 1; seed <= seeds; seed++) {
    const made = aWorld()
    settle(made)
    settle(made, 'other')
    const random = seededRandom(seed)
    for (let step = 0; step < steps / 2; step++) stir(made, random)
    const watches = selections.map((selection) => {
      const folded = new Map(listed(made, `${all}?${selection}`).map((item) => [placeOf(item), item]))
      return { selection, folded, watch: made.watch(`${all}?watch=true&resourceVersion=${made.store.view.revision}&${selection}`) }
    })
    for (let step = 0; step < steps; step++) {
      stir(made, random)
      if (!random.chance(0.3)) continue
      for (const { selection, folded, watch } of watches) {
        for (const { type, object } of watch.read()) {
          const item = object as unknown as Item
          assert.equal(folded.has(placeOf(item)), type !== 'ADDED', `seed ${seed}: ${type} of ${placeOf(item)} for ${selection}`)
          if (type === 'DELETED') folded.delete(placeOf(item))
          else folded.set(placeOf(item), item)
        }
        assert.deepEqual(versions(folded.values()), versions(listed(made, `${all}?${selection}`)), `seed ${seed}, ${selection}`)
      }
    }
  }
})

test('pages of any size together are the list', () => {
  const made = aWorld()
  settle(made)
  settle(made, 'other')
  const random = seededRandom(7)
  for (let step = 0; step < steps; step++) stir(made, random)
  const whole = versions(listed(made, all))
  for (let limit = 1; limit <= whole.length + 1; limit++) {
    const found: Item[] = []
    let next = ''
    do {
      const page = made.ask(`GET ${all}?limit=${limit}${next === '' ? '' : `&continue=${next}`}`).body as { items: readonly Item[]; metadata: { continue?: string; remainingItemCount?: number } }
      found.push(...page.items)
      next = page.metadata.continue ?? ''
      assert.equal(page.metadata.remainingItemCount ?? 0, whole.length - found.length)
    } while (next !== '')
    assert.deepEqual(versions(found), whole)
  }
})
