import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { missingPackages } from './debian-packages.ts'

const always = ['perl', 'script', 'tar', 'nsenter', 'unshare']
const rows: readonly (readonly [what: string, tools: readonly string[], missing: readonly string[]])[] = [
  ['a fresh Debian', always, ['crun', 'conmon', 'nftables']],
  ['runc instead of crun', [...always, 'runc', 'conmon', 'nft'], []],
  ['crun alone', [...always, 'crun'], ['conmon', 'nftables']],
  ['tools of one package', ['crun', 'conmon', 'nft', 'perl', 'script', 'tar'], ['util-linux']],
]
for (const [what, tools, missing] of rows) {
  test(`packages that real nodes still need: ${what}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'skiff-tools-'))
    try {
      for (const tool of tools) {
        writeFileSync(join(folder, tool), '')
        chmodSync(join(folder, tool), 0o755)
      }
      assert.deepEqual(missingPackages([folder]), missing)
    } finally { rmSync(folder, { recursive: true }) }
  })
}
