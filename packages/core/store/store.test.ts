import assert from 'node:assert/strict'
import { test } from 'node:test'
import { byOwner, configMaps, isRefusal, pods, podsByNode, type Change, type ConfigMap, type Key, type Pod } from '../api/index.ts'
import { seededRandom } from '../base/index.ts'
import { createStore, type Store } from './index.ts'
import { Tables } from './tables.ts'

const key = (name: string, namespace = 'default'): Key => ({ resource: 'configmaps', namespace, name })
const aMap = (name: string, data: Record<string, string> = {}, namespace = 'default'): ConfigMap => ({
  apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, uid: `uid-${name}`, resourceVersion: '', creationTimestamp: '2026-01-01T00:00:00Z' }, data,
})
const aPod = (name: string, nodeName: string | undefined, owner: string): Pod => ({
  apiVersion: 'v1', kind: 'Pod', spec: { containers: [], ...(nodeName !== undefined && { nodeName }) }, status: {},
  metadata: { name, namespace: 'default', uid: `uid-${name}`, resourceVersion: '', creationTimestamp: '2026-01-01T00:00:00Z', ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'set', uid: owner }] },
})
const put = (store: Store, name: string, data: Record<string, string>, expect: number | 'absent' | 'any' = 'any') => store.commit([{ key: key(name), expect, object: aMap(name, data) }])
const dataAt = (store: Store, revision: number, name: string) => { const view = store.at(revision); return view === 'compacted' ? view : view.get(configMaps, 'default', name)?.data }
const changed = (changes: Iterable<Change> | 'compacted') => (changes === 'compacted' ? changes : [...changes].map((change) => `${change.revision} ${change.key.name}`))

test('each write gets the next revision, and the object carries it', () => {
  const store = createStore()
  put(store, 'a', {})
  put(store, 'b', {})
  assert.deepEqual([...store.view.list(configMaps)].map((map) => [map.metadata.name, map.metadata.resourceVersion]), [['a', '1'], ['b', '2']])
})

test('what is stored is frozen', () => {
  const store = createStore()
  put(store, 'a', { x: '1' })
  assert.throws(() => { Object.assign(store.view.get(configMaps, 'default', 'a')?.data ?? {}, { x: '2' }) }, TypeError)
})

test('a commit is refused whole when one write finds something else than it expects', () => {
  const store = createStore()
  put(store, 'a', {})
  const outcome = store.commit([{ key: key('b'), expect: 'absent', object: aMap('b') }, { key: key('a'), expect: 'absent', object: aMap('a') }])
  assert.equal(isRefusal(outcome) && outcome.reason, 'AlreadyExists')
  assert.equal(store.view.get(configMaps, 'default', 'b'), undefined)
  assert.equal(store.view.revision, 1)
})

for (const [expect, reason] of [[1, 'Conflict'], ['absent', 'AlreadyExists']] as const) {
  test(`a write that expects ${expect} where revision 2 stands is refused as ${reason}`, () => {
    const store = createStore()
    put(store, 'a', {})
    put(store, 'a', { x: '1' })
    const outcome = put(store, 'a', {}, expect)
    assert.equal(isRefusal(outcome) && outcome.reason, reason)
  })
}

test('the past can be read at every revision that is kept, and no further', () => {
  const store = createStore()
  put(store, 'a', { x: '1' })
  put(store, 'a', { x: '2' })
  store.commit([{ key: key('a'), expect: 2, object: undefined }])
  assert.deepEqual([1, 2, 3].map((revision) => dataAt(store, revision, 'a')), [{ x: '1' }, { x: '2' }, undefined])
  store.compact(2)
  assert.deepEqual([1, 2, 3].map((revision) => dataAt(store, revision, 'a')), ['compacted', { x: '2' }, undefined])
  assert.equal(store.changes(1), 'compacted')
  assert.deepEqual(changed(store.changes(2)), ['3 a'])
})

test('changes of one resource are told without the others', () => {
  const store = createStore()
  put(store, 'a', {})
  store.commit([{ key: { resource: 'pods', namespace: 'default', name: 'p' }, expect: 'absent', object: aPod('p', undefined, 'o') }])
  put(store, 'b', {})
  assert.deepEqual(changed(store.changes(0, 'configmaps')), ['1 a', '3 b'])
  assert.deepEqual(changed(store.changes(1)), ['2 p', '3 b'])
})

test('history is forgotten by itself when there is more than was asked for', () => {
  const store = createStore({ historyMax: 100 })
  for (let at = 0; at < 1000; at++) put(store, 'a', { x: String(at) })
  assert.equal(store.changes(1), 'compacted')
  assert.ok(store.compacted >= 800 && store.compacted <= 900)
})

test('what no journal has confirmed is neither durable nor forgotten', async () => {
  const store = createStore({ historyMax: 10, journaled: true })
  for (let at = 0; at < 100; at++) put(store, 'a', { x: String(at) })
  assert.equal(store.compacted, 0)
  let durable = false
  const waiting = store.durable(50).then(() => { durable = true })
  store.confirm(49)
  await Promise.resolve()
  assert.equal(durable, false)
  store.confirm(50)
  await waiting
  assert.equal(durable, true)
})

test('a journal that works again is waited for again', async () => {
  const store = createStore({ journaled: true })
  put(store, 'a', {})
  store.refuse('the disk is full')
  store.refuse(undefined)
  const waiting = store.durable(1)
  store.confirm(1)
  await waiting
  assert.equal(isRefusal(put(store, 'b', {})), false)
})

test('a failed journal refuses writes, tells who waits, and leaves reads', async () => {
  const store = createStore({ journaled: true })
  put(store, 'a', {})
  const waiting = store.durable(1)
  store.refuse('the disk is full')
  await assert.rejects(waiting, /the disk is full/)
  const outcome = put(store, 'b', {})
  assert.equal(isRefusal(outcome) && outcome.code, 503)
  assert.equal(store.view.get(configMaps, 'default', 'a')?.metadata.name, 'a')
})

test('a fork and its origin go their own ways', () => {
  const store = createStore()
  put(store, 'a', { x: '1' })
  const fork = store.fork()
  put(store, 'a', { x: 'ours' })
  put(fork, 'a', { x: 'theirs' })
  assert.deepEqual([store, fork].map((each) => each.view.get(configMaps, 'default', 'a')?.data), [{ x: 'ours' }, { x: 'theirs' }])
  assert.deepEqual(dataAt(fork, 1, 'a'), { x: '1' })
})

test('pods are found by node and by owner', () => {
  const store = createStore()
  const podKey = (name: string): Key => ({ resource: 'pods', namespace: 'default', name })
  store.commit([{ key: podKey('a'), expect: 'absent', object: aPod('a', undefined, 'o1') }, { key: podKey('b'), expect: 'absent', object: aPod('b', 'n1', 'o2') }])
  store.commit([{ key: podKey('a'), expect: 1, object: aPod('a', 'n1', 'o1') }])
  const names = (found: Iterable<{ readonly metadata: { readonly name: string } }>) => [...found].map((object) => object.metadata.name)
  assert.deepEqual([names(store.view.by(podsByNode, 'n1')), names(store.view.by(podsByNode, '')), names(store.view.by(byOwner, 'o2'))], [['a', 'b'], [], ['b']])
})

test('a store that is fed shows what each resource has seen', () => {
  const store = createStore()
  store.load([{ key: key('a'), object: { ...aMap('a'), metadata: { ...aMap('a').metadata, resourceVersion: '70' } }, revision: 70 }])
  assert.deepEqual([store.view.shows('configmaps', 70), store.view.shows('configmaps', 71), store.view.shows('pods', 70)], [true, false, false])
  assert.equal(store.view.get(configMaps, 'default', 'a')?.metadata.resourceVersion, '70')
})

test('random histories: the store is a plain map, indexes are as if rebuilt, the past is as it was', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = seededRandom(seed)
    const store = createStore()
    const model = new Map<string, string>()
    const pasts: string[] = ['']
    for (let step = 0; step < 200; step++) {
      const name = `p${random.below(60)}`
      const there = model.has(name)
      const remove = there && random.chance(0.4)
      const node = random.chance(0.3) ? undefined : `n${random.below(4)}`
      store.commit([{ key: { resource: 'pods', namespace: 'default', name }, expect: 'any', object: remove ? undefined : aPod(name, node, `o${random.below(5)}`) }])
      if (remove) model.delete(name)
      else model.set(name, node ?? '')
      pasts.push([...model].map(([each, on]) => `${each}=${on}`).sort().join())
    }
    const textOf = (view: ReturnType<Store['at']>) => (view === 'compacted' ? view : [...view.list(pods)].map((pod) => `${pod.metadata.name}=${pod.spec.nodeName ?? ''}`).sort().join())
    assert.equal(textOf(store.view as never), pasts.at(-1), `seed ${seed}`)
    for (let revision = 0; revision < pasts.length; revision += 7) assert.equal(textOf(store.at(revision)), pasts[revision], `seed ${seed} revision ${revision}`)
    const rebuilt = new Tables([podsByNode, byOwner])
    for (const pod of store.view.list(pods)) rebuilt.put({ resource: 'pods', namespace: 'default', name: pod.metadata.name }, undefined, pod)
    for (const node of ['', 'n0', 'n1', 'n2', 'n3']) assert.deepEqual([...store.view.by(podsByNode, node)], [...rebuilt.by(podsByNode, node)], `seed ${seed}`)
    assert.equal(store.view.count(pods), model.size)
  }
})

test('a list starts after a place, and what follows is counted without a walk', () => {
  const store = createStore()
  for (const [namespace, name] of [['a', 'x'], ['b', 'x'], ['b', 'y'], ['b', 'z'], ['c', 'x']] as const) store.commit([{ key: key(name, namespace), expect: 'absent', object: aMap(name, {}, namespace) }])
  const table = [[undefined, undefined], [undefined, 'b/x'], ['b', undefined], ['b', 'b/y'], ['b', 'a/x'], ['b', 'c/x'], ['none', undefined]] as const
  assert.deepEqual(table.map(([namespace, after]) => [...store.view.list(configMaps, namespace, after)].map((map) => `${map.metadata.namespace}/${map.metadata.name}`).join(' ')),
    ['a/x b/x b/y b/z c/x', 'b/y b/z c/x', 'b/x b/y b/z', 'b/z', 'b/x b/y b/z', '', ''])
  assert.deepEqual(table.map(([namespace, after]) => store.view.count(configMaps, namespace, after)), [5, 3, 3, 1, 3, 0, 0])
})

test('history is bounded by what it holds too: large objects are forgotten sooner, shared parts count once', () => {
  const store = createStore({ historyBytesMax: 100_000 })
  const large = { x: 'x'.repeat(10_000) }
  for (let at = 0; at < 100; at++) put(store, 'a', { x: `${at}`.padEnd(10_000) })
  assert.ok(store.compacted >= 86 && store.compacted < 95, String(store.compacted))
  const sharing = createStore({ historyBytesMax: 100_000 })
  for (let at = 0; at < 100; at++) put(sharing, 'a', large)
  assert.equal(sharing.compacted, 0)
})
