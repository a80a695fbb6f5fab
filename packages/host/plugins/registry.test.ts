import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { watchRegistry } from './registry.ts'

test('a socket that nobody answers at is tried again ever more rarely, up to every half minute', async (t) => {
  const directory = mkdtempSync(`${tmpdir()}/skiff-registry-`)
  const server = createServer((connection) => { connection.destroy() })
  await new Promise<void>((resolve) => { server.listen(join(directory, 'gone.sock'), resolve) })
  const waits: number[] = []
  const enough = Promise.withResolvers<void>()
  const { setTimeout } = globalThis
  // Long waits come at once; none of these is one of the library of gRPC.
  t.mock.method(globalThis, 'setTimeout', (act: () => void, ms: number) => {
    const isLong = [4_000, 8_000, 16_000, 30_000].includes(ms)
    if (isLong) waits.push(ms)
    if (waits.length === 5) enough.resolve()
    return setTimeout(act, isLong ? 0 : ms)
  })
  const registry = watchRegistry({ directory, handlers: {}, onTrouble: () => undefined })
  try {
    await enough.promise
    assert.deepEqual(waits, [4_000, 8_000, 16_000, 30_000, 30_000])
  } finally {
    registry.close()
    server.close()
    rmSync(directory, { recursive: true })
  }
})

test('what lies in the folder and is no socket is left alone, links that lead round to themselves among it', () => {
  const directory = mkdtempSync(`${tmpdir()}/skiff-registry-`)
  symlinkSync('round.sock', join(directory, 'round.sock'))
  symlinkSync('nowhere', join(directory, 'lost.sock'))
  writeFileSync(join(directory, 'file'), '')
  const registry = watchRegistry({ directory, handlers: {}, onTrouble: assert.fail })
  registry.close()
  rmSync(directory, { recursive: true })
})
