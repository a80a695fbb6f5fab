import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { removeGroup } from './cgroups.ts'

const skip = process.platform === 'linux' ? false : 'control groups are of Linux'

test('what only looks like a group goes at once, and whose number stands in it lives on', { skip }, async () => {
  const root = mkdtempSync(`${tmpdir()}/skiff-groups-`)
  const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  try {
    mkdirSync(`${root}/unified/pods/one/container`, { recursive: true })
    for (const group of ['one', 'one/container']) writeFileSync(`${root}/unified/pods/${group}/cgroup.procs`, `${stranger.pid}\n`)
    assert.equal(await removeGroup('/pods/one', root), true)
    assert.deepEqual(readdirSync(`${root}/unified/pods`), [])
    assert.equal(stranger.kill(0), true)
    assert.deepEqual([stranger.exitCode, stranger.signalCode], [null, null])
  } finally {
    stranger.kill('SIGKILL')
    rmSync(root, { recursive: true, force: true })
  }
})
