// What can be wrong when skiff starts: said in one line each, with an exit code, and nothing is harmed.
import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { TestCluster } from './cluster.ts'

let cluster: TestCluster
let scratch: string
before(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'skiff-starting-'))
  cluster = await TestCluster.start(['--nodes', '2'])
})
after(async () => {
  await cluster.stop()
  rmSync(scratch, { recursive: true, force: true })
})

const up = (...words: readonly string[]): readonly string[] => ['up', '--runtime', 'simulated', '--bare', ...words]

/** Runs a command that has to be refused: one line, without a stack. */
function refused(words: readonly string[], code: number, expected: RegExp): void {
  const run = cluster.skiff(words)
  assert.equal(run.code, code, `skiff ${words.join(' ')}: ${run.out}${run.err}`)
  assert.match(run.err, expected)
  assert.doesNotMatch(run.err, /\n {4}at /)
}

/** A copy of the cluster's data, as it is on the disk now, with one thing changed. */
function copyWith(name: string, change: (root: string) => void): string {
  const root = join(scratch, name)
  cpSync(cluster.dataDir, root, { recursive: true })
  change(root)
  return root
}

test('commands and options that there are not', () => {
  const rows: readonly (readonly [readonly string[], RegExp])[] = [
    [['sail'], /^skiff: there is no command 'sail': expected one of up, down, status, token, join, node, time, image \(skiff --help\)\n$/],
    [['toString'], /^skiff: there is no command 'toString'/],
    [['up', '--sail'], /^skiff: there is no option --sail: expected --filename, --nodes, .*\n$/],
    [['up', 'everything'], /^skiff: expected options only, found 'everything': --help shows them\n$/],
    [['up', '--nodes', 'three'], /^skiff: --nodes takes a whole number from 0 to 192, not 'three'\n$/],
    [['up', '--nodes', '-1'], /--nodes/],
    [['up', '--port', '70000'], /^skiff: --port takes a whole number from 1 to 65535, not '70000'\n$/],
    [['up', '--port'], /--port/],
    [['up', '--runtime', 'docker'], /^skiff: --runtime takes auto, oci or simulated, not 'docker'\n$/],
    [['up', '-f', join(scratch, 'absent.yaml')], /^skiff: there is no file .*absent.yaml\n$/],
    [['image', 'pull', '--data-dir', join(scratch, 'none')], /^skiff: 'skiff image pull' takes at least one name\n$/],
    [['image', 'sail'], /^skiff: there is no 'skiff image sail': expected one of build, load, pull, ls, rm/],
    [['node', 'remove', 'absent', '--data-dir', cluster.dataDir], /^skiff: there is no node absent: 'skiff node list' shows those there are\n$/],
    [['node', 'list', '--data-dir', join(scratch, 'none')], /^skiff: there is no cluster in .*none: start one with 'skiff up'\n$/],
  ]
  for (const [words, expected] of rows) refused(words, 2, expected)
  assert.equal(existsSync(join(scratch, 'none')), false)
})

test('a directory in use by another skiff stays as it is', async () => {
  const settings = readFileSync(join(cluster.dataDir, 'cluster.json'), 'utf8')
  refused(up('--data-dir', cluster.dataDir, '--port', '1', '--nodes', '1'), 1, new RegExp(`^skiff: the data directory .* is in use by process ${cluster.pid}: stop it with 'skiff down', or choose another with --data-dir\n$`))
  assert.equal(readFileSync(join(cluster.dataDir, 'cluster.json'), 'utf8'), settings)
  const { body } = await cluster.ask('GET', '/api/v1/nodes')
  assert.equal((body['items'] as readonly unknown[]).length, 2)
  assert.match(cluster.skiff(['status', '--data-dir', cluster.dataDir]).out, new RegExp(`^running: process ${cluster.pid}, https://127.0.0.1:${cluster.port}, .*\n {2}sim-1: Ready, simulated, 0 pods\n {2}sim-2: Ready, simulated, 0 pods\n`))
})

test('a port in use is named, and the next start may take another', async () => {
  const server = await new Promise<Server>((resolve) => { const made = createServer().listen(0, '0.0.0.0', () => { resolve(made) }) })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? String(address.port) : ''
  refused(up('--data-dir', join(scratch, 'port'), '--port', port), 1, new RegExp(`^skiff: port ${port} on 127.0.0.1 is in use by another program: stop it, or choose another with --port\n$`))
  assert.deepEqual(readdirSync(join(scratch, 'port')).includes('cluster.json'), false)
  await new Promise((resolve) => { server.close(resolve) })
})

test('a directory that cannot be one', () => {
  writeFileSync(join(scratch, 'file'), '')
  refused(up('--data-dir', join(scratch, 'file/data')), 1, /^skiff: .*file\/data cannot hold a cluster \(a part of its path is a file\): choose a directory of your own with --data-dir\n$/)
  if (process.platform === 'linux') refused(up('--data-dir', '/proc/skiff'), 1, /^skiff: \/proc\/skiff cannot hold a cluster \(its file system takes no folders\): choose a directory of your own with --data-dir\n$/)
})

test('damaged files are named with what to do, and left alone', async () => {
  await cluster.kill()
  const journal = (root: string): string => join(root, 'journal', readdirSync(join(root, 'journal'))[0] ?? '')
  const rows: readonly (readonly [string, (root: string) => void, RegExp])[] = [
    ['cut settings', (root) => { writeFileSync(join(root, 'cluster.json'), '{"version": 1, "po') }, /cluster.json is not JSON \(.*\): restore it, or remove it to start with default settings\n$/],
    ['other settings', (root) => { writeFileSync(join(root, 'cluster.json'), '{"version": 7}') }, /cluster.json was not written by this version of skiff: expected version 1\n$/],
    ['no port', (root) => { writeFileSync(join(root, 'cluster.json'), '{"version": 1, "port": "x", "nodes": [], "welcomed": true}') }, /cluster.json: expected a port as port, found "x": mend it/],
    ['no name', (root) => { writeFileSync(join(root, 'cluster.json'), '{"version": 1, "port": 6443, "nodes": [{}], "welcomed": true}') }, /cluster.json: expected a name as nodes\[0\].name, found nothing: mend it/],
    ['another journal', (root) => { writeFileSync(journal(root), 'x'.repeat(5000)) }, /journal\/log-1 is not a journal file that this version of Skiff reads: it starts with "xxxx/],
    ['damaged journal', (root) => { const bytes = readFileSync(journal(root)); bytes.fill(0, 300, 310); writeFileSync(journal(root), bytes) }, /log-1 is damaged at byte \d+, and what follows is not: restore .*journal\/log-1 from a copy\n$/],
    ['journal is a file', (root) => { rmSync(join(root, 'journal'), { recursive: true }); writeFileSync(join(root, 'journal'), '') }, /EEXIST: file already exists, mkdir '.*journal'\n$/],
    ['no certificate', (root) => { writeFileSync(join(root, 'credentials/ca.crt'), 'nonsense') }, /credentials\/ca.{crt,key} can't be read as PEM \(.*\): restore both from a copy/],
    ['another key', (root) => { cpSync(join(root, 'credentials/admin.key'), join(root, 'credentials/ca.key')) }, /credentials\/ca.{crt,key} are no pair: restore both from a copy/],
    ['no token key', (root) => { writeFileSync(join(root, 'credentials/service-account.key'), 'nonsense') }, /service-account.key can't be read as PEM \(.*\): restore it from a copy/],
  ]
  for (const [name, change, expected] of rows) {
    const root = copyWith(name, change)
    const before = readFileSync(join(root, 'cluster.json'), 'utf8')
    refused(up('--data-dir', root, '--port', String(cluster.port)), 1, expected)
    assert.equal(readFileSync(join(root, 'cluster.json'), 'utf8'), before)
  }
  await cluster.up()
})

test('a journal cut in its last record loses that one alone', async () => {
  const maps = '/api/v1/namespaces/default/configmaps'
  for (const name of ['early', 'late']) assert.equal((await cluster.ask('POST', maps, { body: JSON.stringify({ metadata: { name } }) })).status, 201)
  await cluster.kill()
  const file = join(cluster.dataDir, 'journal', readdirSync(join(cluster.dataDir, 'journal')).sort().at(-1) ?? '')
  truncateSync(file, readFileSync(file).length - 3)
  await cluster.up()
  const { body } = await cluster.ask('GET', maps)
  const names = (body['items'] as { readonly metadata: { readonly name: string } }[]).map(({ metadata }) => metadata.name)
  assert.equal(names.includes('early'), true)
  assert.equal((await cluster.ask('POST', maps, { body: JSON.stringify({ metadata: { name: 'again' } }) })).status, 201)
})
