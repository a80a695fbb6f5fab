import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { lstatSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { giveToGroup } from './ownership.ts'
import { prepareVolume } from './prepare.ts'

const skip = process.platform !== 'linux' ? 'files are held by Linux\'s /proc' : false

test('a volume is given to the pod\'s group when it is set up, and what the pod has written since is left alone', { skip }, async () => {
  const directory = mkdtempSync(`${tmpdir()}/skiff-volumes-`)
  const modeOf = (file: string): number => statSync(`${directory}/scratch/${file}`).mode & 0o7777
  try {
    const scratch = { name: 'scratch', is: 'emptyDir', medium: '', group: process.getgid?.() ?? 0 } as const
    await prepareVolume(scratch, directory, 'first')
    assert.equal(modeOf('.') & 0o2770, 0o2770)
    writeFileSync(`${directory}/scratch/private`, '', { mode: 0o600 })
    await prepareVolume(scratch, directory, 'second', { isOwned: true })
    assert.equal(modeOf('private'), 0o600)
    await prepareVolume(scratch, directory, 'third', { isOwned: false })
    assert.equal(modeOf('private'), 0o660, 'another group, or one that was never given it all')
  } finally { rmSync(directory, { recursive: true }) }
})

test('all of a volume is given, pipes and deep folders among it, and nothing that a link leads to', { skip }, () => {
  const directory = mkdtempSync(`${tmpdir()}/skiff-volumes-`)
  try {
    mkdirSync(`${directory}/volume/a/b`, { recursive: true, mode: 0o700 })
    for (const path of ['outside', 'volume/a/b/file']) writeFileSync(`${directory}/${path}`, '', { mode: 0o600 })
    execFileSync('mkfifo', ['-m', '600', `${directory}/volume/pipe`])
    symlinkSync('../../outside', `${directory}/volume/a/link`)
    giveToGroup(`${directory}/volume`, process.getgid?.() ?? 0, { readOnly: false })
    assert.deepEqual(['volume', 'volume/a/b', 'volume/a/b/file', 'volume/pipe', 'outside'].map((path) => (lstatSync(`${directory}/${path}`).mode & 0o7777).toString(8)), ['2770', '2770', '660', '660', '600'])
  } finally { rmSync(directory, { recursive: true }) }
})
