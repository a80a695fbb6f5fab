import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

test('mounts of a namespace that has the number of one that is gone are told from that one\'s', (t) => {
  const program = `import(${JSON.stringify(join(import.meta.dirname, 'mounts.ts'))}).then(({ ownMounts }) => { console.log(ownMounts()) })`
  const [first, second] = [0, 1].map(() => spawnSync('unshare', ['--map-root-user', '--mount', process.execPath, '-e', program], { encoding: 'utf8' }))
  if (first?.status !== 0 || second?.status !== 0) { t.skip(`no namespaces can be made here: ${first?.error?.message ?? first?.stderr ?? ''}`); return }
  assert.match(first.stdout, /^mnt:\[\d+\] of \d+ in [-0-9a-f]+\n$/)
  assert.notEqual(first.stdout, second.stdout)
})
