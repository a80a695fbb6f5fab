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

test('what an index answers is what a look at every object answers, also while it is watched', () => {
  for (let seed = 1; seed <= seeds; seed++) {
    const made = aWorld()
    settle(made)
    const random = seededRandom(seed)
    const url = '/api/v1/namespaces/default/pods'
    for (let step = 0; step < steps; step++) {
      const name = `p${random.below(8)}`
      if (random.chance(0.2)) made.ask(`DELETE ${url}/${name}?gracePeriodSeconds=0`)
      else if (random.chance(0.5)) made.ask(`POST ${url}`, { metadata: { name, labels: { app: random.chance(0.5) ? 'web' : 'db' } }, spec: { containers: [{ name: 'c', image: 'i' }], ...(random.chance(0.7) && { nodeName: `n${random.below(3)}` }) } })
      else made.ask(`PATCH ${url}/${name}`, { metadata: { labels: { app: random.chance(0.5) ? 'web' : 'db' } } }, { headers: { 'content-type': 'application/merge-patch+json' } })
      made.ask('POST /api/v1/namespaces/default/events', { metadata: { name: `e${step}` }, involvedObject: { kind: 'Pod', name, namespace: 'default' }, reason: 'R', message: 'm', type: 'Normal' })
    }
    type Seen = Item & { readonly metadata: { readonly labels?: Record<string, string> }; readonly spec?: { readonly nodeName?: string }; readonly involvedObject?: { readonly name: string } }
    for (const [from, selector, chooses] of [
      [url, 'fieldSelector=spec.nodeName%3Dn1', (item) => item.spec?.nodeName === 'n1'], ['/api/v1/pods', 'fieldSelector=spec.nodeName%3D', (item) => item.spec?.nodeName === undefined],
      [url, 'fieldSelector=spec.nodeName!%3Dn1', (item) => item.spec?.nodeName !== 'n1'], [url, 'labelSelector=app%3Dweb', (item) => item.metadata.labels?.['app'] === 'web'],
      [url, 'labelSelector=app%3Dweb&fieldSelector=spec.nodeName%3Dn2', (item) => item.metadata.labels?.['app'] === 'web' && item.spec?.nodeName === 'n2'],
      ['/api/v1/events', 'fieldSelector=involvedObject.name%3Dp1', (item) => item.involvedObject?.name === 'p1'],
    ] as readonly (readonly [string, string, (item: Seen) => boolean])[]) {
      const expected = versions((listed(made, from) as readonly Seen[]).filter(chooses))
      assert.deepEqual(versions(listed(made, `${from}?${selector}`)), expected, `seed ${seed}, ${selector}`)
      assert.deepEqual(versions(made.watch(`${from}?watch=true&${selector}`).read().map(({ object }) => object as unknown as Item)), expected, `seed ${seed}, ${selector}`)
    }
  }
})
