import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { ImageCollector } from './collector.ts'
import { openImageStore } from './store.ts'

const work = mkdtempSync(`${tmpdir()}/skiff-store-`)
after(() => { rmSync(work, { recursive: true, force: true }) })

test('an image that loses its last name stays while a container has it, by its id or by its digest', async () => {
  const store = openImageStore(work)
  const digest = 'example.org/app@sha256:1'
  const add = () => store.addImage('example.org/app:1', { configuration: JSON.stringify({ rootfs: { diff_ids: [] } }), sizeBytes: 1, digest })
  const { id } = add()
  for (const [inUse, stays] of [[digest, true], [id, true], ['another', false]] as const) {
    add()
    assert.deepEqual((await store.remove('example.org/app:1', new Set([inUse]))).removed, ['example.org/app:1'])
    assert.equal(store.find(id) !== undefined, stays, inUse)
  }
})

test('names that come and go within one tick of the kernel\'s clock are all seen, and the last one takes the image with it', async () => {
  const store = openImageStore(`${work}/quick`)
  for (let turn = 0; turn < 50; turn++) {
    const image = store.addImage(`example.org/quick:${turn}`, { configuration: JSON.stringify({ turn, rootfs: { diff_ids: [] } }), sizeBytes: 1 })
    assert.deepEqual(store.list().map(({ reference }) => reference), [`example.org/quick:${turn}`])
    await store.remove(`example.org/quick:${turn}`, new Set())
    assert.deepEqual([store.list(), store.find(image.id)], [[], undefined])
  }
})

test('an image whose name went to a newer one keeps its layers while it is here, and is collected when no container has it', async () => {
  const directory = `${work}/renamed`
  const store = openImageStore(directory)
  const layer = (digit: string): string => {
    const diffId = `sha256:${digit.repeat(64)}`
    mkdirSync(`${directory}/layers/${digit.repeat(32)}`)
    writeFileSync(`${directory}/layers/${digit.repeat(32)}.json`, JSON.stringify({ diffId, sizeBytes: 10 }))
    return diffId
  }
  const [base, first, second] = [layer('0'), layer('1'), layer('2')]
  const add = (layers: readonly string[]) => store.addImage('example.org/app:latest', { configuration: JSON.stringify({ rootfs: { diff_ids: layers } }), sizeBytes: 1 })
  const before = add([base, first])
  const newer = add([base, second])
  assert.deepEqual(store.unnamed(), [before])
  let now = 0
  let used: readonly string[] = [before.id]
  const collector = new ImageCollector({ store, inUse: () => new Set(used), disk: async () => undefined, now: () => now })
  await collector.look()
  now = 200_000
  await store.remove(newer.id, new Set(used))
  assert.deepEqual([await collector.free(Infinity), ...[base, first, second].map((diffId) => store.hasLayer(diffId))], [{ removed: [], freedBytes: 0, wantedBytes: Infinity }, true, true, false])
  used = []
  assert.equal((await collector.free(Infinity)).freedBytes, 20)
  assert.deepEqual([store.unnamed(), existsSync(`${directory}/layers/${'0'.repeat(32)}`)], [[], false])
})

test('what an unpacking that was cut off has left is removed after a day, and nothing else', async () => {
  const directory = `${work}/unfinished`
  const store = openImageStore(directory)
  mkdirSync(`${directory}/layers/.left`)
  mkdirSync(`${directory}/layers/whole`)
  let now = Date.now()
  const collector = new ImageCollector({ store, inUse: () => new Set(), disk: async () => undefined, now: () => now })
  await collector.look()
  assert.equal(existsSync(`${directory}/layers/.left`), true)
  now += 25 * 3_600_000
  await collector.look()
  assert.deepEqual(['.left', 'whole'].map((name) => existsSync(`${directory}/layers/${name}`)), [false, true])
})
