import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRefusal, type Resource } from '@kubeskiff/core/api'
import { createStore, type Journal, type Store } from '@kubeskiff/core/store'
import { attachJournal } from './attach.ts'
import { contents } from './journal.conformance.ts'
import { memoryJournal } from './memory.ts'

const configMaps = { resource: 'configmaps', group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', scope: 'Namespaced' } as const
const keyOf = (name: string) => ({ resource: 'configmaps', namespace: 'default', name })
const aConfigMap = (name: string, x: string): Resource & { readonly data: unknown } => ({
  apiVersion: 'v1', kind: 'ConfigMap', data: { x },
  metadata: { name, namespace: 'default', uid: name, resourceVersion: '', creationTimestamp: '2026-01-01T00:00:00Z' },
})
const write = (store: Store, name: string, x: string | undefined) =>
  store.commit([{ key: keyOf(name), expect: 'any', object: x === undefined ? undefined : aConfigMap(name, x) }])
const names = (store: Store) => [...store.view.list(configMaps)].map((each) => `${each.metadata.name}@${each.metadata.resourceVersion}`)

test('what is committed becomes durable, and a new store finds it with its history', async () => {
  const journal = memoryJournal()
  const store = createStore({ journaled: true })
  const attached = await attachJournal(store, journal)
  write(store, 'a', '1')
  write(store, 'b', '2')
  write(store, 'a', undefined)
  assert.equal(store.durableRevision, 0)
  await store.durable(3)
  await attached.close()

  const again = createStore({ journaled: true })
  assert.equal((await attachJournal(again, journal)).recovered, 3)
  assert.deepEqual(names(again), ['b@2'])
  assert.equal(again.durableRevision, 3)
  const changes = again.changes(1)
  assert.deepEqual(changes !== 'compacted' && [...changes].map(({ revision, key }) => `${revision} ${key.name}`), ['2 b', '3 a'])
})

test('what objects have alike is kept once after a restart as well', async () => {
  const journal = memoryJournal()
  const store = createStore({ journaled: true })
  const attached = await attachJournal(store, journal)
  const fieldsV1 = { 'f:data': { '.': {}, 'f:x': {} }, 'f:status': { 'f:conditions': { '.': {} } } }
  for (const name of ['a', 'b']) {
    const object = aConfigMap(name, name)
    const managedFields = [{ apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: JSON.parse(JSON.stringify(fieldsV1)) as typeof fieldsV1, manager: name, operation: 'Update' }]
    store.commit([{ key: keyOf(name), expect: 'absent', object: { ...object, metadata: { ...object.metadata, managedFields } } }])
  }
  await attached.close()

  const again = createStore({ journaled: true })
  await attachJournal(again, journal)
  const [a, b] = ['a', 'b'].map((name) => again.view.get(configMaps, 'default', name)?.metadata.managedFields?.[0]?.fieldsV1 as typeof fieldsV1 | undefined)
  assert.deepEqual([a, b], [fieldsV1, fieldsV1])
  assert.equal(a?.['f:data'], b?.['f:data'])
  assert.equal(a?.['f:status']['f:conditions'], b?.['f:status']['f:conditions'])
  assert.deepEqual([...again.view.list(configMaps)], [...store.view.list(configMaps)])
})

test('the log is folded, and revisions go on where they were even when the newest was a delete', async () => {
  const journal = memoryJournal()
  const store = createStore({ journaled: true })
  const attached = await attachJournal(store, journal, { historyMax: 1 })
  write(store, 'a', '1')
  write(store, 'b', '2')
  write(store, 'a', undefined)
  await attached.flush()
  await journal.compact(3)
  assert.deepEqual((await contents(journal)).at(-1), 'base 3')

  const again = createStore({ journaled: true })
  const second = await attachJournal(again, journal)
  assert.equal(again.changes(2), 'compacted')
  write(again, 'c', '3')
  await second.flush()
  assert.deepEqual(names(again), ['b@2', 'c@4'])
})

test('while the journal fails, writes are refused and nobody is told that one is durable; then it all goes on', async () => {
  const inner = memoryJournal()
  let disk: 'full' | 'free' = 'full'
  const journal: Journal = { ...inner, append: async (records) => { if (disk === 'full') throw new Error('no space left'); await inner.append(records) } }
  const store = createStore({ journaled: true })
  const troubles: (string | undefined)[] = []
  const attached = await attachJournal(store, journal, { retryMs: 1, onTrouble: (why) => troubles.push(why) })

  write(store, 'a', '1')
  await assert.rejects(store.durable(1), /nothing can be stored: no space left/)
  const refused = write(store, 'b', '2')
  assert.equal(isRefusal(refused) && `${refused.code} ${refused.message}`, '503 nothing can be stored: no space left')

  disk = 'free'
  while (store.durableRevision < 1) await new Promise((resolve) => { setTimeout(resolve, 1) })
  assert.equal(isRefusal(write(store, 'b', '2')), false)
  await attached.close()
  assert.deepEqual(await contents(journal).then((lines) => lines.map((line) => line.slice(0, 3))), ['bas', '1 a', '2 b'])
  assert.deepEqual(troubles, ['no space left', undefined])
})

test('a fold that fails costs nothing but space, is told, and is tried again later', async () => {
  const inner = memoryJournal()
  let folds = 0
  const journal: Journal = { ...inner, compact: async (through) => { if (folds++ === 0) throw new Error('a bad sector'); await inner.compact(through) } }
  const store = createStore({ journaled: true })
  const told: string[] = []
  const attached = await attachJournal(store, journal, { historyMax: 2, onWarning: (what) => told.push(what) })
  for (let at = 0; at < 12; at++) { write(store, `name-${at % 2}`, String(at)); await store.durable(at + 1); await attached.flush() }
  await attached.close()
  assert.deepEqual(told, ['the journal could not be folded, and grows until it can: a bad sector'])
  assert.notEqual((await contents(journal)).indexOf('base 0'), 0)
})
