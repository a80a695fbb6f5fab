// Every conformance row of classes D, E, V and N, told to a cluster of two real nodes in namespaces of its own.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { mkdirSync } from 'node:fs'
import { Playground, whyNoContainers } from '../../e2e/playground.ts'
import type { Told } from './reporter.ts'
import { images } from './world.ts'

const skip = whyNoContainers() ?? false
const limitMs = 840_000

test('the conformance rows that need real nodes', { skip, timeout: limitMs + 30_000 }, async (t) => {
  const ground = new Playground()
  try {
    await ground.ready()
    mkdirSync(ground.dataDir, { recursive: true })
    for (const words of images) {
      const built = ground.buildImage(words)
      assert.equal(built.code, 0, built.out + built.err)
    }
    const up = ground.skiff(['up', '--nodes', '2', '--detach', '--bare'], { timeoutMs: 60_000 })
    assert.equal(up.code, 0, up.out + up.err)
    const { told, said } = await tell(ground)
    for (const { row, result, why } of told) {
      await t.test(row, { skip: result === 'skipped' ? why : false }, () => { assert.equal(result, 'passed', why) })
    }
    assert.notEqual(told.length, 0, said)
  } finally { ground.close() }
})

/** Runs the stories inside, and reads what came out of each. SKIFF_TEST_STORIES, a regular expression, chooses some. */
async function tell(ground: Playground): Promise<{ readonly told: readonly Told[]; readonly said: string }> {
  const { NODE_TEST_CONTEXT: _own, ...environment } = process.env
  const here = (name: string): string => join(import.meta.dirname, name)
  const child = ground.start(['env', '-u', 'NODE_TEST_CONTEXT', process.execPath, `--test-reporter=${here('reporter.ts')}`, here('inside.ts')], { ...environment as Record<string, string>, SKIFF_TEST_DATA: ground.dataDir, SKIFF_TEST_FOLDER: ground.folder })
  const timer = setTimeout(() => { child.kill('SIGKILL') }, limitMs)
  let [out, err] = ['', '']
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => { out += chunk })
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => { err += chunk })
  await new Promise((resolve) => { child.on('close', resolve) })
  clearTimeout(timer)
  const lines = out.split('\n').filter((line) => line.startsWith('{'))
  return { told: lines.map((line) => JSON.parse(line) as Told), said: out + err }
}
