import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
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
