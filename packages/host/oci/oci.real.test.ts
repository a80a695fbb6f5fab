import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { probeHost } from '../linux/index.ts'
import { removeGroup } from './cgroups.ts'
import { prepareRealWorld } from './real.world.ts'

/** The tests themselves are in oci.real.inside.ts: they run in a mount and a network namespace of their own. */
const inside = fileURLToPath(new URL('oci.real.inside.ts', import.meta.url))
const host = probeHost()
const skip = host.missing.length === 0 ? false : `no real containers here: ${host.missing.map((one) => one.what).join('; ')}`
const cgroupRoot = `/skiff-test-${process.pid}`
const limitMs = 240_000

test('real containers, in namespaces of their own', { skip, timeout: limitMs + 30_000 }, async (t) => {
  const directory = await prepareRealWorld()
  try {
    const output = await runInside(directory)
    const results = [...output.matchAll(/^(not ok|ok) \d+ - (.*)$/gm)]
    assert.notEqual(results.length, 0, output)
    for (const [whole, verdict, name = ''] of results) {
      await t.test(name, () => assert.equal(verdict, 'ok', output.slice(output.indexOf(whole), output.indexOf(whole) + 3000)))
    }
    assert.match(output, /^# fail 0$/m, output)
  } finally {
    // What a failed run has left.
    await removeGroup(cgroupRoot)
    rmSync(directory, { recursive: true, force: true })
  }
})

function runInside(directory: string): Promise<string> {
  const prepare = 'umount /sys/fs/cgroup/unified 2>/dev/null; ip link set lo up; exec "$@"'
  const { NODE_TEST_CONTEXT: _own, ...environment } = process.env
  return new Promise((resolve, reject) => {
    const child = spawn('unshare', ['--mount', '--net', '--propagation', 'private', 'sh', '-c', prepare, 'sh', process.execPath, '--test-reporter=tap', inside], {
      env: { ...environment, SKIFF_TEST_CGROUP: cgroupRoot, SKIFF_TEST_DIRECTORY: directory }, stdio: ['ignore', 'pipe', 'pipe'], timeout: limitMs, killSignal: 'SIGKILL',
    })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => { output += text })
    child.stderr.setEncoding('utf8').on('data', (text: string) => { output += text })
    child.on('error', reject)
    child.on('close', () => resolve(output))
  })
}
