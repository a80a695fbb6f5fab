import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { faultsOf, tidy } from './tidy.ts'

test('the code has the shape that ARCHITECTURE.md states', () => {
  assert.deepEqual(tidy(join(import.meta.dirname, '../..')), [])
})

for (const [path, text, fault] of [
  ['packages/core/store/x.ts', "import { a } from '../server/index.ts'", 'packages/core/store/x.ts: store must not import server'],
  ['packages/core/controllers/x.ts', "import { a } from '../scheduler/index.ts'", 'packages/core/controllers/x.ts: controllers must not import scheduler'],
  ['packages/core/api/x.ts', "import fs from 'node:fs'", 'packages/core/api/x.ts: imports node:fs: core is portable'],
  ['packages/core/rules/x.ts', 'export const now = Date.now()', 'packages/core/rules/x.ts:1: Date.now(: take the time from Clock'],
  ['packages/host/linux/x.ts', "import { a } from '../daemon/nodes.ts'", 'packages/host/linux/x.ts: linux must not import daemon'],
  ['packages/host/oci/podFiles.ts', '', "packages/host/oci/podFiles.ts: names of files are lower-case words joined by '-'"],
  ['packages/host/utils.ts', '', 'packages/host/utils.ts: the name says nothing: call it by what it is about'],
] as const) {
  test(`tidy tells: ${fault}`, () => { assert.deepEqual(faultsOf(path, text), [fault]) })
}
