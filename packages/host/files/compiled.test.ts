import assert from 'node:assert/strict'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { compiledFolder } from './compiled.ts'

const isPosix = process.getuid !== undefined
const shared = (context: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'skiff-shared-'))
  context.after(() => { rmSync(folder, { recursive: true, force: true }) })
  return folder
}

test('compiled code is kept in a folder of its user, the same at each start', (context) => {
  const all = shared(context)
  const folder = compiledFolder(all)
  assert.deepEqual([compiledFolder(all), readdirSync(all).length], [folder, 1])
  if (isPosix) assert.equal(statSync(folder ?? '').mode & 0o777, 0o700)
  assert.equal(compiledFolder(join(all, 'not there')), undefined)
})

test('nothing is kept where another could have put it', { skip: isPosix ? false : 'users are POSIX' }, (context) => {
  const all = shared(context)
  const folder = compiledFolder(all) ?? ''
  chmodSync(folder, 0o777)
  assert.equal(compiledFolder(all), undefined, 'others may write there')
  rmSync(folder, { recursive: true })
  mkdirSync(join(all, 'elsewhere'), { mode: 0o700 })
  symlinkSync(join(all, 'elsewhere'), folder)
  assert.equal(compiledFolder(all), undefined, 'it is a link')
  rmSync(folder)
  writeFileSync(folder, '')
  assert.equal(compiledFolder(all), undefined, 'it is a file')
  rmSync(folder)
  if (process.getuid?.() !== 0) return
  mkdirSync(folder, { mode: 0o700 })
  chownSync(folder, 1000, 1000)
  assert.equal(compiledFolder(all), undefined, "it is another's")
})
