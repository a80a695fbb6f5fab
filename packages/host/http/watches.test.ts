import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { createStore } from '@kubeskiff/core/store'
import { aConfigMap } from './testing.ts'
import { Watches } from './watches.ts'

const turn = (): Promise<void> => new Promise((resolve) => { setImmediate(() => { setImmediate(resolve) }) })

test('a commit wakes the watches of its resource; the others are looked at before they fall behind the history', async () => {
  const store = createStore()
  const watches = new Watches(store, { now: () => 0, readBytes: 1000, onError: (error) => { throw error } })
  const reads = { configmaps: 0, secrets: 0, any: 0 }
  const add = (name: keyof typeof reads): void => {
    watches.add({
      deadline: undefined, ...(name !== 'any' && { resource: name }), close: () => {},
      read: () => { reads[name]++; return { frames: [], asOf: 0, more: false, done: false } },
    }, { write: () => true, onDrain: () => {}, onClose: () => {}, end: () => {}, abort: () => {} })
  }
  for (const name of ['configmaps', 'secrets', 'any'] as const) add(name)
  await turn()
  assert.deepEqual(reads, { configmaps: 1, secrets: 1, any: 1 })
  const commit = (): void => { store.commit([{ key: { resource: 'configmaps', namespace: 'default', name: 'a' }, expect: 'any', object: aConfigMap('a') }]) }
  commit()
  commit()
  await turn()
  assert.deepEqual(reads, { configmaps: 2, secrets: 1, any: 2 })
  for (let at = 0; at < 1_000; at++) commit()
  await turn()
  assert.deepEqual(reads, { configmaps: 3, secrets: 2, any: 3 })
  watches.close()
})

test('a client that takes nothing for a minute is cut off; one that only takes its time is not', async () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  const store = createStore()
  let now = 0
  const watches = new Watches(store, { now: () => now, readBytes: 1000, onError: (error) => { throw error } })
  const ends: string[] = []
  const add = (name: string): { drain(): void } => {
    let told = (): void => {}
    watches.add(
      { deadline: undefined, close: () => {}, read: () => ({ frames: [new Uint8Array(1)], asOf: 0, more: false, done: false }) },
      { write: () => false, onDrain: (tell) => { told = tell }, onClose: () => {}, end: () => {}, abort: () => { ends.push(name) } },
    )
    return { drain: () => { told() } }
  }
  add('stuck')
  const slow = add('slow')
  await turn()
  for (let minute = 1; minute <= 2; minute++) {
    now = minute * 60_000 - 10_000
    slow.drain()
    await turn()
    now = minute * 60_000
    mock.timers.tick(60_000)
    await turn()
  }
  assert.deepEqual(ends, ['stuck'])
  mock.timers.reset()
  watches.close()
})
