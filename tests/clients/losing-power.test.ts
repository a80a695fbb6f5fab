// kill -9 and full disks while clients write: what was acknowledged stays, and watches go on where they were.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { until } from '../e2e/playground.ts'
import { skiffCommand, TestCluster } from './cluster.ts'

const maps = '/api/v1/namespaces/default/configmaps'
const aMap = (name: string, size = 10): { readonly body: string } => ({ body: JSON.stringify({ metadata: { name, labels: { written: 'yes' } }, data: { filling: 'x'.repeat(size) } }) })
const named = (items: unknown): readonly string[] => (items as { readonly metadata: { readonly name: string } }[]).map(({ metadata }) => metadata.name)

test('kill -9 loses nothing that was acknowledged, and a watch resumes from its last version', async () => {
  const cluster = await TestCluster.start(['--nodes', '1'])
  try {
    const acknowledged: string[] = []
    let seen: readonly (readonly [type: string, name: string, version: string])[] = []
    let from = String(((await cluster.ask('GET', maps)).body['metadata'] as { resourceVersion: string }).resourceVersion)
    for (let round = 0; round < 4; round++) {
      const watch = cluster.watch(`${maps}?watch=1&resourceVersion=${from}&labelSelector=written`)
      let stopped = false
      const writers = Array.from({ length: 8 }, async (_none, writer) => {
        for (let count = 0; !stopped; count++) {
          const name = `r${round}-w${writer}-${count}`
          const reply = await cluster.ask('POST', maps, aMap(name)).catch(() => undefined)
          if (reply === undefined) return
          assert.equal(reply.status, 201, reply.text)
          acknowledged.push(name)
        }
      })
      const enough = acknowledged.length + 150
      await until('there are some more', () => acknowledged.length >= enough)
      await cluster.kill()
      stopped = true
      await Promise.all(writers)
      await watch.ended
      seen = [...seen, ...watch.seen.map(({ type, object: { metadata } }) => [type, metadata.name, metadata.resourceVersion] as const)]
      from = seen.at(-1)?.[2] ?? from
      await cluster.up()
    }
    const last = cluster.watch(`${maps}?watch=1&resourceVersion=${from}&labelSelector=written`)
    const kept = named((await cluster.ask('GET', `${maps}?labelSelector=written`)).body['items'])
    assert.deepEqual(acknowledged.filter((name) => !kept.includes(name)), [])
    await until('the watch has seen all', () => seen.length + last.seen.length >= kept.length)
    seen = [...seen, ...last.seen.map(({ type, object: { metadata } }) => [type, metadata.name, metadata.resourceVersion] as const)]
    // Everything once, nothing that is not there, versions in order: as if the server had never been away.
    assert.deepEqual(seen.map(([type]) => type).filter((type) => type !== 'ADDED'), [])
    assert.deepEqual(seen.map(([, name]) => name).sort(), [...kept].sort())
    const versions = seen.map(([, , version]) => Number(version))
    assert.deepEqual(versions, [...new Set(versions)].sort((a, b) => a - b))
  } finally { await cluster.stop() }
})

const whyNoMounts = process.platform !== 'linux' || process.getuid?.() !== 0 ? 'mounts need root on Linux' : spawnSync('which', ['unshare', 'nsenter']).status !== 0 ? 'not installed: util-linux' : false

test('a full disk refuses writes in words, keeps what was acknowledged, and goes on when there is room', { skip: whyNoMounts }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'skiff-full-'))
  const disk = join(folder, 'disk')
  mkdirSync(disk)
  const keeper = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', `mount -t tmpfs -o size=6m skiff '${disk}' && head -c 1500000 /dev/zero > '${disk}/ballast' && touch '${folder}/mounted' && exec sleep 1000`], { stdio: 'ignore' })
  let cluster: TestCluster | undefined
  try {
    await until('the small disk is there', () => existsSync(join(folder, 'mounted')))
    const inside = (words: readonly string[]): readonly string[] => ['nsenter', '--target', String(keeper.pid), '--mount', '--', ...words]
    cluster = await TestCluster.start(['--nodes', '1'], { dataDir: join(disk, 'data'), inside })
    const acknowledged: string[] = []
    let refusal: { readonly status: number; readonly text: string } | undefined
    for (let count = 0; refusal === undefined && count < 200; count++) {
      const reply = await cluster.ask('POST', maps, aMap(`m${count}`, 50_000))
      if (reply.status === 201) acknowledged.push(`m${count}`)
      else refusal = reply
    }
    assert.ok(acknowledged.length > 5)
    assert.match(`${refusal?.status} ${refusal?.text}`, /^(500|503|507) .*(no space|ENOSPC|full)/i)
    // What is newest can't be told before it is stored: reads say why.
    const read = await cluster.ask('GET', maps)
    assert.deepEqual([read.status, read.body['reason']], [503, 'ServiceUnavailable'])
    assert.match(String(read.body['message']), /no space left on the disk of .*journal$/)
    // Room again: writes are taken again, without a restart.
    spawnSync('nsenter', ['--target', String(keeper.pid), '--mount', '--', 'rm', join(disk, 'ballast')])
    const small = cluster
    const again: number[] = []
    for (let tries = 0; tries < 100 && again.at(-1) !== 201; tries++) {
      again.push((await small.ask('POST', maps, aMap('later'))).status)
      if (again.at(-1) !== 201) await new Promise((resolve) => { setTimeout(resolve, 100) })
    }
    assert.equal(again.at(-1), 201)
    await cluster.kill()
    await cluster.up()
    const kept = named((await cluster.ask('GET', `${maps}?labelSelector=written`)).body['items'])
    assert.deepEqual([...acknowledged, 'later'].filter((name) => !kept.includes(name)), [])
    // The write that was answered with an error may have been stored after all; nothing else may.
    assert.ok(kept.length <= acknowledged.length + 2, String(kept.length))
  } finally {
    await cluster?.stop()
    await ended(keeper)
    rmSync(folder, { recursive: true, force: true })
  }
})

test('a disk that is full from the start is told of', { skip: whyNoMounts }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'skiff-full-'))
  const run = spawnSync('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', `mount -t tmpfs -o size=64k skiff '${folder}' && head -c 60000 /dev/zero > '${folder}/ballast'; shift 0; exec "$@"`, 'sh', ...skiffCommand, 'up', '--runtime', 'simulated', '--bare', '--data-dir', join(folder, 'data'), '--port', '1'], { encoding: 'utf8', timeout: 60_000 })
  rmSync(folder, { recursive: true, force: true })
  assert.equal(run.status, 1, run.stdout + run.stderr)
  assert.match(run.stderr, /^skiff: .*(no space left|ENOSPC|full)/im)
})

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) { resolve(); return }
    child.once('exit', () => { resolve() })
    child.kill('SIGKILL')
  })
}
