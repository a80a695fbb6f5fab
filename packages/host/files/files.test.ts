import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { namesIfThere, readIfThere, watchIfCan, writePrivately, writtenIn } from './index.ts'

const work = mkdtempSync(`${tmpdir()}/skiff-files-`)
after(() => { rmSync(work, { recursive: true, force: true }) })

test('a file is written whole, for its owner alone, and leaves nothing beside it', () => {
  const before = process.umask(0)
  try {
    for (const text of ['old', 'new']) writePrivately(`${work}/file`, text)
  } finally { process.umask(before) }
  assert.deepEqual([readIfThere(`${work}/file`), statSync(`${work}/file`).mode & 0o777, readdirSync(work), readIfThere(`${work}/none`)], ['new', 0o600, ['file'], undefined])
})

test('what was written to its end is known, and nothing else', () => {
  for (const [text, known] of [['{"a":1}', { a: 1 }], ['{"a"', undefined], ['\0\0\0', undefined], ['', undefined]] as const) {
    writePrivately(`${work}/record`, text)
    assert.deepEqual(writtenIn(`${work}/record`), known)
  }
  assert.equal(writtenIn(`${work}/nowhere`), undefined)
})

test('what cannot be written leaves nothing', () => {
  mkdirSync(`${work}/taken/by-others`, { recursive: true })
  assert.throws(() => { writePrivately(`${work}/taken`, 'text') })
  assert.deepEqual(readdirSync(work).filter((name) => name.includes('taken')), ['taken'])
})

test('a folder that is not there has no names', () => {
  mkdirSync(`${work}/full`)
  writeFileSync(`${work}/full/one`, '')
  assert.deepEqual([namesIfThere(`${work}/full`), namesIfThere(`${work}/nowhere`)], [['one'], []])
})

test('a folder is watched where that can be, and nothing fails where it cannot', async () => {
  mkdirSync(`${work}/watched`)
  const changed = Promise.withResolvers<void>()
  const watcher = watchIfCan(`${work}/watched`, changed.resolve)
  writeFileSync(`${work}/watched/new`, '')
  await changed.promise
  watcher?.close()
  assert.equal(watchIfCan(`${work}/not there`, () => {}), undefined)
})
