import assert from 'node:assert/strict'
import { test } from 'node:test'
import { progressBar } from './progress.ts'

test('a terminal sees one line that grows; what is no terminal sees nothing', () => {
  const drawn = (isTTY: boolean): readonly string[] => {
    const written: string[] = []
    let now = 0
    const bar = progressBar({ isTTY, write: (text: string | Uint8Array) => { written.push(String(text)); return true } }, () => now)
    for (const [at, came] of [[0, 1e6], [50, 2e6], [200, 5e6], [210, 10e6]] as const) { now = at; bar.step({ layer: 'a', came, of: 10e6 }) }
    bar.end()
    return written
  }
  assert.deepEqual(drawn(true).map((text) => text.replaceAll('\x1b', '')), ['\r[###                           ]  1.0 / 10.0 MB[K', '\r[###############               ]  5.0 / 10.0 MB[K', '\r[##############################]  10.0 / 10.0 MB[K', '\r[K'])
  assert.deepEqual(drawn(false), [])
})
