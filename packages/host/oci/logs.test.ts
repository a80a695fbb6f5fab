import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readLog } from './logs.ts'

const directory = mkdtempSync(join(tmpdir(), 'skiff-logs-'))
after(() => { rmSync(directory, { recursive: true, force: true }) })
const entry = (text: string): string => `2026-01-01T00:00:00.000000000+00:00 stdout F ${text}\n`

test('who follows a log goes on in the next file when it is put aside, and misses nothing', async () => {
  const path = join(directory, 'log')
  writeFileSync(path, entry('one'))
  let ended = false
  const heard: string[] = []
  const log = readLog(path, { follow: true, timestamps: false }, () => ended)
  for await (const chunk of log) {
    heard.push(...String(chunk).trim().split('\n'))
    if (heard.at(-1) === 'one') {
      appendFileSync(path, entry('two'))
      renameSync(path, `${path}.20260101000000`)
      writeFileSync(path, entry('three'))
    }
    if (heard.at(-1) === 'three') ended = true
  }
  assert.deepEqual(heard, ['one', 'two', 'three'])
})

test('a log that is just being put aside is waited for; one that is not there is told of, and not as if nothing had been said', async () => {
  const path = join(directory, 'aside')
  const all = async (ended: () => boolean): Promise<string> => {
    let text = ''
    for await (const chunk of readLog(path, { follow: false, timestamps: false }, ended)) text += String(chunk)
    return text
  }
  let looks = 0
  assert.equal(await all(() => { looks += 1; if (looks === 3) writeFileSync(path, entry('after')); return false }), 'after\n')
  rmSync(path)
  await assert.rejects(all(() => true), /^Error: failed to open log file ".*aside": ENOENT: no such file/)
})

test('the last lines, those since a time, and a number of bytes', async () => {
  const path = join(directory, 'whole')
  writeFileSync(path, `${entry('a')}2026-01-02T00:00:00.000000000+00:00 stderr P b1\n2026-01-02T00:00:00.000000000+00:00 stderr F b2\n${entry('c')}`)
  const read = async (options: object): Promise<string> => {
    let text = ''
    for await (const chunk of readLog(path, { follow: false, timestamps: false, ...options }, () => true)) text += String(chunk)
    return text
  }
  assert.deepEqual(await Promise.all([{}, { tailLines: 1 }, { tailLines: 0 }, { since: Date.parse('2026-01-02T00:00:00Z') }, { limitBytes: 3 }, { stream: 'stderr' }].map(read)), ['a\nb1b2\nc\n', 'c\n', '', 'b1b2\n', 'a\nb', 'b1b2\n'])
})
