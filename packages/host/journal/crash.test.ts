import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createStore } from '@kubeskiff/core/store'
import { attachJournal } from './attach.ts'
import { openEmbeddedJournal } from './embedded.ts'
import { ownDirectory } from './owner.ts'

const child = (name: string): string => join(import.meta.dirname, name)

test('kill -9 in the middle of writes and folds loses nothing that was acknowledged', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'skiff-crash-'))
  const configMaps = { resource: 'configmaps', group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', scope: 'Namespaced' } as const
  for (const lines of [1, 40, 100]) {
    const acknowledged = await killedAfter(lines, directory)
    const store = createStore({ journaled: true })
    const { recovered, close } = bound(await attachJournal(store, await openEmbeddedJournal(directory)))
    assert.ok(recovered >= acknowledged, `${recovered} >= ${acknowledged}`)
    // Revision r wrote the key of (r - 1) % 37: of each key the newest write must have survived, and no other.
    const found = [...store.view.list(configMaps)].map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`)
    const expected = Array.from({ length: Math.min(37, recovered) }, (_, back) => recovered - back).map((revision) => `key-${(revision - 1) % 37} ${revision}`)
    assert.deepEqual(found.sort(), expected.sort())
    await close()
  }
  rmSync(directory, { recursive: true })
})

test('a full disk: writes are refused with the reason, and go on when there is space again', { skip: cannotMount() }, () => {
  const script = 'mount -t tmpfs -o size=4m none /mnt && exec "$0" "$1" /mnt'
  const { stdout, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', script, process.execPath, child('full-disk.child.ts')], { encoding: 'utf8' })
  assert.deepEqual(stdout.split('\n'), [
    'trouble: no space left on the disk of /mnt/journal',
    'waiting: nothing can be stored: no space left on the disk of /mnt/journal',
    'write: 503 nothing can be stored: no space left on the disk of /mnt/journal',
    'trouble: undefined',
    'write: accepted',
    'recovered: all that was acknowledged',
    '',
  ], stderr)
})

test('a data directory has one owner at a time, and a dead one does not count', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'skiff-owner-'))
  const owner = spawn(process.execPath, [child('owner.child.ts'), directory], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve) => owner.stdout.once('data', resolve))
  assert.deepEqual(await ownDirectory(directory), {
    is: 'taken', pid: owner.pid,
    message: `the data directory ${directory} is in use by process ${owner.pid}: stop it with 'skiff down', or choose another with --data-dir`,
  })
  owner.kill('SIGKILL')
  await new Promise((resolve) => owner.once('exit', resolve))
  const mine = await ownDirectory(directory)
  assert.equal(mine.is, 'owned')
  assert.equal((await ownDirectory(directory)).is, 'taken')
  if (mine.is === 'owned') mine.release()
  assert.equal((await ownDirectory(directory)).is, 'owned')
  rmSync(directory, { recursive: true })
})

const bound = <T extends { readonly recovered: number; close(): Promise<void> }>(attached: T) => ({ recovered: attached.recovered, close: () => attached.close() })

/** Runs the writer until it has acknowledged this many groups, kills it, and says the newest acknowledged revision. */
async function killedAfter(lines: number, directory: string): Promise<number> {
  const writer = spawn(process.execPath, [child('crash.child.ts'), directory], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  writer.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    if (output.split('\n').length > lines) writer.kill('SIGKILL')
  })
  await new Promise((resolve) => writer.once('close', resolve))
  return Number(output.split('\n').slice(0, -1).at(-1))
}

function cannotMount(): string | false {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs root on Linux, to mount a small disk'
  return spawnSync('unshare', ['-m', 'sh', '-c', 'mount -t tmpfs -o size=1m none /mnt']).status === 0 ? false : 'mounting is not allowed here'
}
