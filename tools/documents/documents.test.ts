import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { documentsOf, faultsOf } from './documents.ts'

const root = join(import.meta.dirname, '../..')

for (const document of documentsOf(root)) {
  test(`${document} names files and functions that there are`, () => { assert.deepEqual(faultsOf(root, document), []) })
}

for (const example of globSync('examples/in-tests/*.test.ts', { cwd: root }).sort()) {
  test(`${example} runs as the documents say`, () => {
    const sources = join(import.meta.dirname, 'from-sources.ts')
    const { NODE_TEST_CONTEXT: _, ...environment } = process.env
    const run = spawnSync(process.execPath, ['--import', sources, '--test', '--test-reporter=tap', join(root, example)], { encoding: 'utf8', env: environment })
    assert.equal(run.status, 0, run.stdout + run.stderr)
    assert.match(run.stdout, /^# pass [1-9]/m)
  })
}
