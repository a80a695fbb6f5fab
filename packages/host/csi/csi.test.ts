import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { VolumeAttachment } from '@kubeskiff/core/api'
import { watchRegistry } from '../plugins/index.ts'
import { startTestDriver, type TestAsk, type TestDriver } from './test-driver.ts'
import { type CsiVolume, type CsiVolumes, openCsi } from './volumes.ts'

const driver = 'disks.example.com'
const target = (pod: string, volume = 'pvc-1'): string => `/var/lib/kubelet/pods/${pod}/volumes/kubernetes.io~csi/${volume}/mount`
const disk = (more: Partial<CsiVolume> = {}): CsiVolume => ({
  name: 'data', shown: 'pvc-1', is: 'csi', driver, handle: 'h1', volume: 'pvc-1', attached: false, fsType: 'ext4', accessMode: 'ReadWriteOnce', options: ['noatime'], readOnly: false, isBlock: false,
  attributes: { pool: 'fast' }, podAttributes: {}, secrets: {}, ...more,
})

interface World { csi: CsiVolumes; readonly directory: string; readonly told: string[]; readonly troubles: string[]; readonly attachments: Map<string, VolumeAttachment>; isTold: boolean; mounts: string; askAgainMs: number | undefined; start(more?: Partial<Parameters<typeof startTestDriver>[0]>): Promise<TestDriver>; reopen(): void; asked(driver: TestDriver): readonly string[] }

async function inWorld(act: (world: World) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(`${tmpdir()}/skiff-csi-`)
  const started: TestDriver[] = []
  const opened: { close(): void }[] = []
  const open = (): CsiVolumes => {
    const csi = openCsi({
      node: 'a', directory, file: join(directory, 'state', 'a.json'), mounts: world.mounts, onTrouble: (message) => { world.troubles.push(message) }, onUse: () => { world.told.push(`uses ${world.csi.inUse().join()}`) }, isTold: () => world.isTold,
      install: (name, { nodeId, volumesMost, topology }) => { world.told.push(`install ${name} ${nodeId} ${volumesMost} ${JSON.stringify(topology)}`); return Promise.resolve() },
      askAgainMs: () => world.askAgainMs,
      uninstall: (name) => { world.told.push(`uninstall ${name}`); return Promise.resolve() },
      fetchSecret: (namespace, name) => (name === 'none' ? Promise.reject(new Error('secrets "none" not found')) : Promise.resolve({ key: `${namespace}/${name}` })),
      fetchAttachment: (name) => { const found = world.attachments.get(name); return found === undefined ? Promise.reject(new Error(`volumeattachments.storage.k8s.io "${name}" not found`)) : Promise.resolve(found) },
    })
    opened.push(csi, watchRegistry({ directory: join(directory, 'plugins_registry'), handlers: { CSIPlugin: csi.plugins }, onTrouble: (message) => { world.troubles.push(message) } }))
    return csi
  }
  const world: Omit<World, 'csi'> & { csi: CsiVolumes } = {
    csi: undefined as unknown as CsiVolumes, directory, told: [], troubles: [], attachments: new Map(), isTold: true, mounts: 'first', askAgainMs: undefined,
    async start(options = {}) {
      const made = await startTestDriver({ driver, socket: join(directory, 'plugins/disks/csi.sock'), endpoint: '/var/lib/kubelet/plugins/disks/csi.sock', registration: join(directory, 'plugins_registry/disks-reg.sock'), ...options })
      started.push(made)
      await made.registered
      return made
    },
    reopen() { for (const each of opened.splice(0)) each.close(); world.csi = open() },
    asked: ({ asked }) => asked.map((one) => `${one.is} ${'path' in one.ask ? one.ask.path : 'target' in one.ask ? one.ask.target : one.ask.staging}`),
  }
  world.csi = open()
  try { await act(world) } finally {
    for (const each of [...opened, ...started]) each.close()
    rmSync(directory, { recursive: true })
  }
}

test('a driver that registers is told of to the cluster, and no more when its socket is gone', () => inWorld(async (world) => {
  const started = await world.start({ info: { nodeId: 'i-1', volumesMost: 5_000_000_000, topology: { zone: 'a' } } })
  assert.deepEqual([await started.registered, world.told], ['', [`install ${driver} i-1 5000000000 {"zone":"a"}`]])
  started.close()
  await until(() => { assert.equal(world.told[1], `uninstall ${driver}`) })
  await assert.rejects(world.csi.mount('1', disk()), { message: `MountVolume.MountDevice failed for volume "pvc-1" : kubernetes.io/csi: attacher.MountDevice failed to create newCsiDriverClient: driver name ${driver} not found in the list of registered CSI drivers` })
  assert.match(await (await world.start({ versions: ['0.3.0'] })).registered, /^RegisterPlugin error -- plugin validation failed with err: kubernetes.io\/csi: ValidatePlugin for CSI driver "disks.example.com" failed. None of the versions specified \["0.3.0"\] are supported/)
}))

test('a driver that may take more volumes one day is asked again how many', () => inWorld(async (world) => {
  world.askAgainMs = 20
  const info = { nodeId: 'i-1', volumesMost: 1, topology: {} }
  await world.start({ info })
  info.volumesMost = 2
  await until(() => { assert.deepEqual(world.told, [`install ${driver} i-1 1 {}`, `install ${driver} i-1 2 {}`]) })
}))

test('a driver that is to be asked again after more than Node\'s timers can wait is not asked all the time', async (t) => {
  const waits = t.mock.method(globalThis, 'setTimeout')
  await inWorld(async (world) => {
    world.askAgainMs = 2 ** 32
    await world.start()
    await until(() => { assert.ok(waits.mock.calls.some(({ arguments: [, ms] }) => ms === 2 ** 31 - 1)) })
    assert.equal(waits.mock.calls.some(({ arguments: [, ms] }) => Number(ms) > 2 ** 31 - 1), false)
  })
})

test('a volume is staged once and published for each pod, and the last one that goes has it unstaged; also by another agent', () => inWorld(async (world) => {
  const started = await world.start()
  const first = await world.csi.mount('1', disk())
  await world.csi.mount('1', disk())
  await world.csi.mount('2', disk({ readOnly: true }))
  const [stage, publish] = started.asked
  const at = stage?.ask && 'staging' in stage.ask ? stage.ask.staging : ''
  assert.match(at, /^\/var\/lib\/kubelet\/plugins\/kubernetes.io\/csi\/disks.example.com\/[0-9a-f]{64}\/globalmount$/)
  const capability = { mode: 1, mount: { fsType: 'ext4', options: ['noatime'], group: '' } }
  assert.deepEqual([stage, publish], [
    { is: 'stage', ask: { volume: 'h1', attachment: {}, staging: at, capability, secrets: {}, attributes: { pool: 'fast' } } },
    { is: 'publish', ask: { volume: 'h1', attachment: {}, staging: at, target: target('1'), capability, readOnly: false, secrets: {}, attributes: { pool: 'fast' } } },
  ])
  assert.deepEqual(first, { placed: { name: 'data', shown: 'pvc-1', is: 'directory', path: join(world.directory, target('1').slice('/var/lib/kubelet'.length)) } })
  assert.ok(existsSync(join(world.directory, at.slice('/var/lib/kubelet'.length))))
  world.reopen()
  assert.deepEqual(await world.csi.mount('1', disk({ name: 'again' })), { placed: { ...first.placed, name: 'again' } }, 'what stands is known without the driver')
  await until(async () => { await world.csi.unmount('1') })
  assert.deepEqual(world.asked(started).slice(2), [`publish ${target('2')}`, `unpublish ${target('1')}`])
  await world.csi.retain((pod) => pod !== '2')
  assert.deepEqual(world.asked(started).slice(4), [`unpublish ${target('2')}`, `unstage ${at}`])
  assert.deepEqual([readdirSync(join(world.directory, 'pods')), existsSync(join(world.directory, 'plugins/kubernetes.io/csi'))], [[], false])
  await world.csi.unmount('2')
  assert.deepEqual([started.asked.length, world.troubles], [6, []])
}))

test('an agent that finds other mounts than were there has volumes staged and published anew: nothing is mounted any more', () => inWorld(async (world) => {
  const started = await world.start()
  await world.csi.mount('1', disk())
  world.mounts = 'second'
  world.reopen()
  await until(async () => { await world.csi.mount('1', disk()) })
  assert.deepEqual(started.asked.map(({ is }) => is), ['stage', 'publish', 'stage', 'publish'])
  writeFileSync(join(world.directory, 'state', 'a.json'), '{"mounts":"sec')
  world.reopen()
  assert.deepEqual(world.csi.inUse(), [], 'what was not written to its end holds no agent back')
}))

test('what a driver cannot do is not asked of it: one that does not stage, writers of one node, groups', () => inWorld(async (world) => {
  const plain = await world.start({ abilities: [] })
  const { placed } = await world.csi.mount('1', disk({ group: 7, mayGive: true, groupOnMismatch: true }))
  assert.deepEqual([world.asked(plain), { ...placed, path: '' }], [[`publish ${target('1')}`], { name: 'data', shown: 'pvc-1', is: 'directory', path: '', group: 7, groupOnMismatch: true }])
  await world.csi.unmount('1')
  assert.deepEqual(world.asked(plain).slice(1), [`unpublish ${target('1')}`])
  plain.close()
  await until(() => { assert.equal(world.told.at(-1), `uninstall ${driver}`) })
  const able = await world.start({ abilities: ['tellsWriters', 'givesToGroup'] })
  const given = await world.csi.mount('2', disk({ accessMode: 'ReadWriteOncePod', group: 7, mayGive: true }))
  const [publish] = able.asked
  assert.deepEqual([publish?.is === 'publish' && publish.ask.capability, 'group' in given.placed], [{ mode: 6, mount: { fsType: 'ext4', options: ['noatime'], group: '7' } }, false])
}))

test('a driver is given secrets, what it wants to know of the pod, and tokens where it looks for them', () => inWorld(async (world) => {
  const started = await world.start()
  const secrets = { stage: { namespace: 'ops', name: 'stage' }, publish: { namespace: 'ops', name: 'publish' } }
  await world.csi.mount('1', disk({ secrets, podAttributes: { pod: 'web' }, tokens: '{"":1}', turn: 1 }))
  await world.csi.mount('1', disk({ secrets, podAttributes: { pod: 'web' }, tokens: '{"":2}', tokensAreSecrets: true, turn: 2 }))
  const tokens = 'csi.storage.k8s.io/serviceAccount.tokens'
  assert.deepEqual(started.asked.map(({ ask }) => ('secrets' in ask && 'attributes' in ask ? [ask.secrets, ask.attributes] : [])), [
    [{ key: 'ops/stage' }, { pool: 'fast' }],
    [{ key: 'ops/publish' }, { pool: 'fast', pod: 'web', [tokens]: '{"":1}' }],
    [{ key: 'ops/publish', [tokens]: '{"":2}' }, { pool: 'fast', pod: 'web' }],
  ])
  await assert.rejects(world.csi.mount('2', disk({ handle: 'h2', volume: 'pvc-2', shown: 'pvc-2', secrets: { publish: { namespace: 'ops', name: 'none' } } })), { message: 'MountVolume.SetUp failed for volume "pvc-2" : fetching NodePublishSecretRef ops/none failed: secrets "none" not found' })
  assert.equal(/stage|ops|serviceAccount/.test(readFileSync(join(world.directory, 'state', 'a.json'), 'utf8').replaceAll('"staged"', '')), false, 'nothing of them is written down')
}))

test('an inline volume is published only; a block volume is a device', () => inWorld(async (world) => {
  const started = await world.start()
  await world.csi.mount('1', disk({ isInline: true, handle: 'csi-x', volume: 'scratch', name: 'scratch' }))
  const block = await world.csi.mount('1', disk({ isBlock: true, handle: 'h3', volume: 'pvc-3', shown: 'pvc-3', group: 7 }))
  const own = '/var/lib/kubelet/plugins/kubernetes.io/csi/volumeDevices'
  assert.deepEqual(world.asked(started), [`publish ${target('1', 'scratch')}`, `stage ${own}/staging/pvc-3`, `publish ${own}/publish/pvc-3/1`])
  assert.deepEqual(block.placed, { name: 'data', shown: 'pvc-3', is: 'disk', path: join(world.directory, 'plugins/kubernetes.io/csi/volumeDevices/publish/pvc-3/1'), group: 7 })
  const last = started.asked.at(-1)
  assert.deepEqual(last?.is === 'publish' && last.ask.capability, { mode: 1 })
  await world.csi.unmount('1')
  assert.deepEqual(world.asked(started).slice(3), [`unpublish ${target('1', 'scratch')}`, `unpublish ${own}/publish/pvc-3/1`, `unstage ${own}/staging/pvc-3`])
}))

test('an attached volume is told to be in use before it is mounted, and until it is unstaged', () => inWorld(async (world) => {
  const started = await world.start()
  const name = 'csi-9e7e6cd0dd20fe7e6cda2e6a7cfa1ac1a1be4d0d64a2cb5cbb6bf6a0d8ef4c3b'
  await assert.rejects(world.csi.mount('1', disk({ attached: true })), /MountVolume.MountDevice failed for volume "pvc-1" : volumeattachments.storage.k8s.io "csi-[0-9a-f]{64}" not found/)
  assert.deepEqual([started.asked, world.told.slice(1), name.length], [[], [`uses kubernetes.io/csi/${driver}^h1`], 68])
  const attach = (status: object): void => { world.attachments.get = () => ({ metadata: { name: 'x' }, status }) as unknown as VolumeAttachment }
  attach({ attached: false, attachError: { message: 'no such disk' } })
  await assert.rejects(world.csi.mount('1', disk({ attached: true })), /no such disk$/)
  attach({ attached: true, attachmentMetadata: { device: '/dev/x' } })
  await world.csi.mount('1', disk({ attached: true }))
  assert.deepEqual(started.asked.map(({ ask }) => ('attachment' in ask ? ask.attachment : {})), [{ device: '/dev/x' }, { device: '/dev/x' }])
  await world.csi.unmount('1')
  assert.deepEqual(world.told.at(-1), 'uses ')
}))

test('what fails is told in Go\'s words, and what may have been done is undone', () => inWorld(async (world) => {
  const started = await world.start()
  const fail = (which: TestAsk['is']): void => { started.act = ({ is }) => { if (is === which) throw Object.assign(new Error(), { code: 13, details: 'no luck' }) } }
  const rows = [
    ['stage', () => world.csi.mount('1', disk()), 'MountVolume.MountDevice failed for volume "pvc-1" : rpc error: code = Internal desc = no luck'],
    ['publish', () => world.csi.mount('1', disk()), 'MountVolume.SetUp failed for volume "pvc-1" : rpc error: code = Internal desc = no luck'],
    ['unpublish', () => world.csi.unmount('1'), 'UnmountVolume.TearDown failed for volume "pvc-1" : kubernetes.io/csi: Unmounter.TearDownAt failed: rpc error: code = Internal desc = no luck'],
    ['unstage', () => world.csi.unmount('1'), 'UnmountVolume.TearDown failed for volume "pvc-1" : kubernetes.io/csi: attacher.UnmountDevice failed: rpc error: code = Internal desc = no luck'],
  ] as const
  for (const [which, act, message] of rows) {
    fail(which)
    await assert.rejects(act(), { message })
  }
  started.act = () => undefined
  await world.csi.unmount('1')
  assert.deepEqual(started.asked.map(({ is }) => is), ['stage', 'stage', 'publish', 'unpublish', 'unpublish', 'unstage', 'unpublish', 'unstage'])
}))

test('a file system follows its volume, or it is said why not; what a driver counts is told', () => inWorld(async (world) => {
  const started = await world.start({ abilities: ['stages', 'expands', 'tellsStats'], stats: { bytes: { available: 6e9, total: 9e9, used: 3e9 } } })
  const { placed } = await world.csi.mount('1', disk())
  const path = placed.is === 'directory' ? placed.path : ''
  started.act = ({ is }) => { if (is === 'expand') throw Object.assign(new Error(), { code: 9, details: 'busy' }) }
  assert.equal((await world.csi.mount('1', disk({ expandTo: 8_589_934_592 }))).ungrown, 'rpc error: code = FailedPrecondition desc = busy')
  started.act = () => undefined
  assert.equal((await world.csi.mount('1', disk({ expandTo: 8_589_934_592 }))).ungrown, undefined)
  const last = started.asked.at(-1)
  assert.deepEqual(last?.is === 'expand' && [last.ask.bytes, last.ask.path], [8_589_934_592, target('1')])
  assert.deepEqual([await world.csi.stats(path), await world.csi.stats('/elsewhere')], [{ bytes: { available: 6e9, total: 9e9, used: 3e9 } }, undefined])
  started.close()
  await until(() => { assert.equal(world.told.at(-1), `uninstall ${driver}`) })
  await assert.rejects(world.csi.stats(path), /not found in the list of registered CSI drivers/)
  await world.start()
  assert.deepEqual(await world.csi.stats(path), {}, 'it is a driver\'s, which does not count')
}))

/** Waits until something holds. */
async function until(holds: () => void | Promise<void>): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try { await holds(); return } catch (error) { if (tries === 1_000) throw error }
    await new Promise((resolve) => { setTimeout(resolve, 20) })
  }
}
