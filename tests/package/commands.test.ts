import assert from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { ending, freePort, hears, plainEnvironment, type Ran, root } from './installed.ts'

const command = join(root, 'packages/host/bin/skiff.js')
let data = ''
let port = ''
const started: ChildProcess[] = []

beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'skiff-commands-'))
  port = String(await freePort())
})
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
  skiff('down', '--purge')
  rmSync(data, { recursive: true, force: true })
})

function skiff(...words: readonly string[]): Ran {
  return spawnSync(process.execPath, [command, ...words], { encoding: 'utf8', env: { ...plainEnvironment, SKIFF_DATA_DIR: data }, timeout: 60_000 })
}
/** A cluster of three simulated nodes that answers. */
async function up(...words: readonly string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, [command, 'up', '--bare', '--runtime', 'simulated', '--port', port, ...words], { env: { ...plainEnvironment, SKIFF_DATA_DIR: data }, stdio: ['ignore', 'pipe', 'pipe'] })
  started.push(child)
  await hears(child, /export KUBECONFIG/)
  return child
}

const refused: readonly (readonly [words: readonly string[], says: RegExp])[] = [
  [['nope'], /^skiff: there is no command 'nope': expected one of up, down, status/],
  [['up', '--bogus'], /^skiff: there is no option --bogus: expected --filename, /],
  [['up', '--node', '3'], /^skiff: there is no option --node: did you mean --nodes\? --help shows all\n$/],
  [['up', '--detatch'], /^skiff: there is no option --detatch: did you mean --detach\?/],
  [['up', 'extra'], /^skiff: expected options only, found 'extra'/],
  [['up', '--nodes', '-1'], /^skiff: --nodes needs a value/],
  [['up', '--port', '70000'], /^skiff: --port takes a whole number from 1 to 65535, not '70000'/],
  [['up', '--runtime', 'docker'], /^skiff: --runtime takes auto, oci or simulated, not 'docker'/],
  [['up', '-f', 'nowhere.yaml'], /^skiff: there is no file nowhere\.yaml/],
  [['node', 'list'], /^skiff: there is no cluster in .*: start one with 'skiff up'/],
  [['node', 'frob'], /^skiff: there is no 'skiff node frob': expected one of list, add, remove/],
  [['up', '--listen', '203.0.113.9'], /^skiff: this machine has no address 203\.0\.113\.9 that others reach/],
  [['join'], /^skiff: this machine has joined no cluster yet: 'skiff token create' on the control plane's machine prints what to type/],
  [['join', 'https://192.0.2.1:6443', '--token', 'secretwithaslip', '--ca-hash', 'x'], /^skiff: a token is six characters, a dot and sixteen characters, of a-z and 0-9: 'skiff token create' prints one\n$/],
  [['token', 'create', '--ttl', 'soon'], /^skiff: --ttl takes a duration such as 24h or 30m/],
  [['image', 'ls', 'busybox'], /^skiff: 'skiff image ls' takes nothing more, not 'busybox'\n$/],
  [['image', 'build', 'site:1'], /^skiff: 'skiff image build' takes what the image is made of: --package, --base or -f RECIPE\.json\n$/],
  [['image', 'build', 'site:1', '-f', 'nowhere.json'], /^skiff: there is no file nowhere\.json\n$/],
  [['image', 'rm'], /^skiff: 'skiff image rm' takes at least one name/],
]
for (const [words, says] of refused) {
  test(`skiff ${words.join(' ')}: refused with what was expected and what was found`, () => {
    const { status, stderr } = skiff(...words)
    assert.match(stderr, says)
    assert.equal(status, 2)
  })
}

for (const name of ['up', 'down', 'status', 'node', 'time', 'image']) {
  test(`skiff ${name} --help, and skiff help ${name}, show its usage`, () => {
    const helped = skiff(name, '--help')
    assert.match(helped.stdout, new RegExp(`^usage: skiff ${name}`))
    assert.deepEqual([helped.status, skiff('help', name).stdout], [0, helped.stdout])
  })
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  test(`${signal} stops a cluster cleanly, and it comes back with its nodes`, async () => {
    const first = await up('--simulate', '2')
    first.kill(signal)
    assert.equal(await ending(first), 0)
    assert.equal(skiff('status').status, 3)
    await up()
    assert.match(skiff('status').stdout, /sim-1: Ready, simulated, 0 pods\n {2}sim-2: Ready, simulated, 0 pods\nexport/)
  })
}

test('a data directory in use, and a port in use, are refused without harm to who has them', async () => {
  await up()
  const same = skiff('up', '--simulate', '9')
  assert.match(same.stderr, /^skiff: the data directory .* is in use by process \d+: stop it with 'skiff down', or choose another with --data-dir/)
  const other = mkdtempSync(join(tmpdir(), 'skiff-commands-'))
  const samePort = skiff('up', '--runtime', 'simulated', '--data-dir', other, '--port', port)
  rmSync(other, { recursive: true })
  assert.match(samePort.stderr, new RegExp(`port ${port} on \\S+ is in use by another program: stop it, or choose another with --port`))
  assert.deepEqual([same.status, samePort.status, skiff('node', 'list').stdout.trim().split('\n').length], [1, 1, 3])
})

test('nodes come and go while the cluster runs', async () => {
  await up()
  assert.equal(skiff('node', 'add', '--simulate', '40', '--cpu', '64', '--labels', 'zone=a').stdout, 'added sim-4, sim-5, sim-6, sim-7, sim-8 and 35 more\n')
  assert.equal(skiff('node', 'remove', 'sim-1', 'sim-2').stdout, 'removed sim-1, sim-2\n')
  const wanted = /of all 41 nodes 41 are Ready/
  for (let look = 0; look < 40 && !wanted.test(skiff('status').stdout); look++) await new Promise((resolve) => { setTimeout(resolve, 100) })
  assert.match(skiff('status').stdout, wanted)
})

test('--detach leaves the cluster to itself; a hang-up of the terminal does not reach it', async () => {
  assert.match(skiff('up', '--bare', '--runtime', 'simulated', '--port', port, '--detach').stdout, /export KUBECONFIG/)
  const pid = Number(/process (\d+)/.exec(skiff('status').stdout)?.[1])
  process.kill(pid, 'SIGHUP')
  assert.equal(skiff('status').status, 0)
  assert.equal(skiff('down').status, 0)
})

test('--purge removes what the cluster made, and nothing else', async () => {
  const child = await up()
  mkdirSync(join(data, 'mine'))
  writeFileSync(join(data, 'mine/file'), 'mine')
  child.kill()
  await ending(child)
  assert.equal(skiff('down', '--purge').status, 0)
  assert.deepEqual([existsSync(join(data, 'mine/file')), existsSync(join(data, 'cluster.json')), existsSync(join(data, 'credentials'))], [true, false, false])
})
