import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { prepareVolume } from './prepare.ts'

test('a volume is given to the pod\'s group when it is set up, and what the pod has written since is left alone', { skip: process.getgid === undefined ? 'groups are of Unix' : false }, async () => {
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
