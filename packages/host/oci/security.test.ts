import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { bindSubPath } from './volumes/sub-path.ts'

const work = mkdtempSync(`${tmpdir()}/skiff-subpath-`)
after(() => { rmSync(work, { recursive: true, force: true }) })

test('a subPath does not lead out of its volume, and makes nothing outside', { skip: process.platform === 'linux' ? false : 'volumes are mounted on Linux' }, () => {
  const volume = `${work}/volume`
  mkdirSync(volume)
  mkdirSync(`${work}/outside`)
  symlinkSync('../outside', `${volume}/relative`)
  symlinkSync(`${work}/outside`, `${volume}/absolute`)
  symlinkSync('../none', `${volume}/dangling`)
  symlinkSync('/', `${volume}/root`)
  for (const subPath of ['relative', 'relative/new', 'absolute', 'absolute/new/deep', 'root/etc', 'dangling', 'dangling/new', '../outside', 'a/../../outside']) {
    assert.throws(() => { bindSubPath(volume, subPath, `${work}/target`, { mayMake: true }) }, /not within volume path|ENOTDIR/, subPath)
  }
  assert.deepEqual(['outside/new', 'none', 'target'].filter((name) => existsSync(`${work}/${name}`)), [])
})
