import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Journal } from '@kubeskiff/core/store'
import { openEmbeddedJournal } from './embedded.ts'
import { contents, journalConformance, put } from './journal.conformance.ts'
import { memoryJournal } from './memory.ts'

const root = mkdtempSync(join(tmpdir(), 'skiff-journal-'))
after(() => { rmSync(root, { recursive: true }) })
let count = 0
const newDirectory = (): string => join(root, `${++count}`)

journalConformance('memory', async () => memoryJournal(), undefined)

const places = new WeakMap<Journal, string>()
async function openAt(directory: string): Promise<Journal> {
  const journal = await openEmbeddedJournal(directory)
  places.set(journal, directory)
  return journal
}
journalConformance('embedded', () => openAt(newDirectory()), async (journal) => {
  await journal.close()
  return openAt(places.get(journal) ?? '')
})

test('only the owner can read the files', async () => {
  const directory = newDirectory()
  const journal = await openEmbeddedJournal(directory)
  await journal.append([put(1, 'a', 'x')])
  await journal.compact(1)
  await journal.append([put(2, 'a', 'y')])
  const modes = ['.', ...readdirSync(join(directory, 'journal'))].map((name) => `${name} ${(statSync(join(directory, 'journal', name)).mode & 0o777).toString(8)}`)
  assert.deepEqual(modes.sort(), ['. 700', 'base-1 600', 'log-2 600'])
  await journal.close()
})

test('whatever was cut off or half written at the end, all complete groups before it are found', async () => {
  const directory = newDirectory()
  const journal = await openEmbeddedJournal(directory)
  await journal.append([put(1, 'a', 'x')])
  await journal.append([put(2, 'b', 'y'), put(3, 'c', 'z')])
  await journal.close()
  const log = join(directory, 'journal', 'log-1')
  const whole = readFileSync(log)
  const found: string[] = []
  for (let length = whole.length + 9; length >= 0; length--) {
    writeFileSync(log, length > whole.length ? Buffer.concat([whole, Buffer.alloc(length - whole.length, 7)]) : whole.subarray(0, length))
    const again = await openEmbeddedJournal(directory)
    const lines = (await contents(again)).join(' ')
    if (found.at(-1) !== lines) found.push(lines)
    await again.close()
  }
  assert.deepEqual(found, ['base 0 1 a=x 2 b=y 3 c=z', 'base 0 1 a=x', 'base 0'])
})

test('appends go on behind a torn tail', async () => {
  const directory = newDirectory()
  const journal = await openEmbeddedJournal(directory)
  await journal.append([put(1, 'a', 'x')])
  await journal.close()
  appendFileSync(join(directory, 'journal', 'log-1'), 'half a group')
  const again = await openEmbeddedJournal(directory)
  await again.append([put(2, 'b', 'y')])
  await again.close()
  const third = await openEmbeddedJournal(directory)
  assert.deepEqual(await contents(third), ['base 0', '1 a=x', '2 b=y'])
  await third.close()
})

test('damage that no crash can leave is told, with the file', async () => {
  const directory = newDirectory()
  const journal = await openEmbeddedJournal(directory)
  for (const revision of [1, 2, 3]) await journal.append([put(revision, 'a', 'x'.repeat(50))])
  await journal.close()
  const log = join(directory, 'journal', 'log-1')
  const bytes = readFileSync(log)
  bytes[60] = 0
  writeFileSync(log, bytes)
  await assert.rejects(openEmbeddedJournal(directory), /log-1 is damaged at byte 16/)
  writeFileSync(log, 'something else entirely')
  await assert.rejects(openEmbeddedJournal(directory), /log-1 is not a journal file that this version of Skiff reads/)
})

test('damage is told, too, where what follows it is far behind, and where it is the end of what was folded', async () => {
  const directory = newDirectory()
  const damage = (file: string, at: number): void => {
    const bytes = readFileSync(join(directory, 'journal', file))
    bytes[at < 0 ? bytes.length + at : at] = 0
    writeFileSync(join(directory, 'journal', file), bytes)
  }
  const journal = await openEmbeddedJournal(directory)
  await journal.append([put(1, 'a', 'x')])
  await journal.compact(1)
  for (const revision of [2, 3]) await journal.append([put(revision, 'b', 'y'.repeat(3 << 20))])
  await journal.close()
  damage('base-1', -1)
  const again = await openEmbeddedJournal(directory)
  await assert.rejects(contents(again), /base-1 is damaged at byte 16: restore /)
  await assert.rejects(again.compact(3), /base-1 is damaged at byte 16/)
  await again.close()
  damage('log-2', 100)
  await assert.rejects(openEmbeddedJournal(directory), /log-2 is damaged at byte 16, and what follows is not/)
})
