import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

test('the types hold', () => {
  const root = join(import.meta.dirname, '..')
  const run = spawnSync(join(root, 'node_modules/.bin/tsc'), ['--noEmit'], { cwd: root, encoding: 'utf8' })
  assert.equal(run.stdout + run.stderr, '')
})
