import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ResourceClaim } from '@kubeskiff/core/api'
import { watchRegistry } from '../../plugins/index.ts'
import { type DeviceDrivers, type DriverOptions, openDeviceDrivers } from './drivers.ts'
import { DevicesHealth } from './health.ts'
import { startTestDriver, type TestDriver } from './test-driver.ts'

const driver = 'gpu.example.com'
const pod = (uid: string) => ({ uid, namespace: 'team', name: `pod-${uid}` })
const claim = (name: string, users: readonly string[], more: object = {}): ResourceClaim => ({
  apiVersion: 'resource.k8s.io/v1', kind: 'ResourceClaim', metadata: { namespace: 'team', name, uid: `uid-${name}`, ...more }, spec: {},
  status: { reservedFor: users.map((uid) => ({ resource: 'pods', name: `pod-${uid}`, uid })), allocation: { devices: { results: [{ driver, pool: 'pool', device: 'zero', request: 'gpu' }] } } },
}) as unknown as ResourceClaim

interface World { drivers: DeviceDrivers; readonly unwell: string[]; readonly claims: Map<string, ResourceClaim>; readonly wiped: (string | undefined)[]; readonly troubles: string[]; start(more?: Partial<Parameters<typeof startTestDriver>[0]>): Promise<TestDriver>; reopen(): void }

async function inWorld(act: (world: World) => Promise<void>, more: Partial<DriverOptions> = {}): Promise<void> {
  const directory = mkdtempSync(`${tmpdir()}/skiff-dra-`)
  const opened: TestDriver[] = []
  const open = (): DeviceDrivers => openDeviceDrivers({
    directory, file: join(directory, 'claims.json'), wipeSlices: (one) => { world.wiped.push(one) }, onTrouble: (message) => { world.troubles.push(message) },
    onHealth: (pods) => { world.unwell.push(pods.join()) },
    fetchClaim: (_namespace, name) => { const found = world.claims.get(name); return found === undefined ? Promise.reject(new Error(`resourceclaims.resource.k8s.io "${name}" not found`)) : Promise.resolve(found) }, ...more,
  })
  const world: Omit<World, 'drivers'> & { drivers: DeviceDrivers } = {
    drivers: undefined as unknown as DeviceDrivers, claims: new Map(), wiped: [], troubles: [], unwell: [],
    async start(options = {}) {
      const started = await startTestDriver({ driver, socket: join(directory, 'plugins/gpu/dra.sock'), endpoint: '/var/lib/kubelet/plugins/gpu/dra.sock', registration: join(directory, 'plugins_registry/gpu-reg.sock'), ...options })
      opened.push(started)
      return started
    },
    reopen() { registry.close(); world.drivers.close(); world.drivers = open(); registry = watchAgain() },
  }
  world.drivers = open()
  const troubled = (message: string): void => { world.troubles.push(message) }
  const watchAgain = (): { close(): void } => watchRegistry({ directory: join(directory, 'plugins_registry'), handlers: { DRAPlugin: world.drivers.plugins }, onTrouble: troubled })
  let registry = watchAgain()
  try { await act(world) } finally {
    registry.close()
    world.drivers.close()
    for (const each of opened) each.close()
    rmSync(directory, { recursive: true })
  }
}
const shared = (...names: readonly string[]) => names.map((name) => ({ name, isOwn: false }))

test('a claim is prepared once for all its pods, and given back with the last of them, also by another agent', () => inWorld(async (world) => {
  const started = await world.start()
  assert.equal(await started.registered, '')
  world.claims.set('a', claim('a', ['1', '2']))
  await world.drivers.prepare(pod('1'), shared('a'))
  await world.drivers.prepare(pod('2'), shared('a'))
  assert.deepEqual([world.drivers.devices('team', [{ claim: 'a' }, { claim: 'a', request: 'gpu' }]), started.calls], [[`${driver}/claim=a`], ['prepare a']])
  world.reopen()
  await until(() => world.drivers.prepare(pod('1'), shared('a')))
  assert.deepEqual([world.drivers.devices('team', [{ claim: 'a' }]), started.calls], [[`${driver}/claim=a`], ['prepare a']])
  await world.drivers.unprepare('1')
  assert.deepEqual(started.calls, ['prepare a'])
  // Tried again and again without the driver, and told once.
  started.close()
  await until(() => world.drivers.retain((uid) => uid !== '2').then(() => { if (world.troubles.length === 0) throw new Error('the driver is still there') }))
  for (let tries = 0; tries < 3; tries += 1) await world.drivers.retain((uid) => uid !== '2')
  assert.deepEqual([new Set(world.troubles).size, world.troubles.length], [world.troubles.length, world.troubles.length])
  const again = await world.start()
  await until(() => world.drivers.retain((uid) => uid !== '2').then(() => { if (again.calls.length === 0) throw new Error('not yet') }))
  assert.deepEqual([started.calls, again.calls], [['prepare a'], ['unprepare a']])
  assert.throws(() => world.drivers.devices('team', [{ claim: 'a' }]), /unable to get claim info for ResourceClaim a in namespace team/)
  await world.drivers.unprepare('1')
  assert.deepEqual([started.calls.length, world.wiped], [1, [undefined, undefined]])
}))

test('a container is given what its requests stand for', () => inWorld(async (world) => {
  const started = await world.start({ versions: ['v1beta1.DRAPlugin'] })
  await started.registered
  started.answer = ({ name }) => ({ error: '', devices: [{ requests: ['big'], pool: 'p', device: 'd', cdi: [`${name}=big`] }, { requests: ['small'], pool: 'p', device: 'e', cdi: [`${name}=small`, `${name}=more`] }] })
  world.claims.set('a', claim('a', ['1']))
  await world.drivers.prepare(pod('1'), shared('a'))
  assert.deepEqual([[{ claim: 'a', request: 'big' }], [{ claim: 'a', request: 'small' }], [{ claim: 'a' }]].map((wanted) => world.drivers.devices('team', wanted)), [['a=big'], ['a=small', 'a=more'], ['a=big', 'a=small', 'a=more']])
}))

test('what cannot be prepared is told in upstream\'s words, and holds nothing', () => inWorld(async (world) => {
  const fails = (claims: Parameters<DeviceDrivers['prepare']>[1], message: string): Promise<void> => assert.rejects(world.drivers.prepare(pod('1'), claims), { message: `prepare dynamic resources: ${message}` })
  world.claims.set('a', claim('a', ['1']))
  await fails(shared('a'), `DRA driver ${driver} is not registered`)
  await fails(shared('none'), 'fetch ResourceClaim none: resourceclaims.resource.k8s.io "none" not found')
  await fails([{ name: 'a', isOwn: true }], 'ResourceClaim team/a was not created for pod team/pod-1 (pod is not owner)')
  world.claims.set('b', claim('b', ['2']))
  await fails(shared('b'), 'pod pod-1 (1) is not allowed to use ResourceClaim b (uid-b)')
  await world.drivers.unprepare('1')
  const started = await world.start()
  await started.registered
  started.answer = () => ({ devices: [], error: 'no such luck' })
  await fails(shared('a'), 'NodePrepareResources failed for ResourceClaim a: no such luck')
  world.claims.set('a', claim('a', ['1'], { uid: 'another' }))
  await fails(shared('a'), 'old ResourceClaim with same name a and different UID uid-a still exists (previous pod force-deleted?!)')
  await world.drivers.unprepare('1')
  assert.deepEqual(started.calls, ['prepare a', 'unprepare a'])
}))

test('a plugin that is of no use is told why', () => inWorld(async (world) => {
  const stranger = await world.start({ versions: ['v9.DRAPlugin'] })
  assert.equal(await stranger.registered, `invalid supported gRPC versions of DRA driver plugin ${driver} at endpoint /var/lib/kubelet/plugins/gpu/dra.sock: none of services supported by the plugin (["v9.DRAPlugin"]) are supported by the kubelet (["v1.DRAPlugin" "v1beta1.DRAPlugin"])`)
  stranger.close()
  assert.match(await (await world.start({ type: 'CSIPlugin' })).registered, /^no handler registered for plugin type: CSIPlugin at socket /)
}))

test('the slices of a driver that has gone are removed after a while', () => inWorld(async (world) => {
  const started = await world.start()
  await started.registered
  world.claims.set('a', claim('a', ['1']))
  await world.drivers.prepare(pod('1'), shared('a'))
  started.close()
  await until(() => { assert.deepEqual(world.wiped, [undefined, driver]) })
  await assert.rejects(world.drivers.unprepare('1'), { message: `unprepare dynamic resources: DRA driver ${driver} is not registered` })
}, { wipeAfterMs: 50 }))

test('a driver tells how its devices are, and who has them hears of it', () => inWorld(async (world) => {
  const started = await world.start({ versions: ['v1.DRAPlugin', 'v1beta1.DRAResourceHealth'] })
  await started.registered
  started.answer = ({ name }) => ({ error: '', devices: [{ requests: ['big'], pool: 'p', device: 'one', cdi: [`${name}=one`], share: 'half' }, { requests: ['small'], pool: 'p', device: 'two', cdi: [] }] })
  world.claims.set('a', claim('a', ['1', '2']))
  await world.drivers.prepare(pod('1'), shared('a'))
  await world.drivers.prepare(pod('2'), shared('a'))
  const claimed = (request?: string) => world.drivers.claimed('team', { claim: 'a', ...(request !== undefined && { request }) }).map(({ device, share = 'whole', health, message = '' }) => `${device} ${share} ${health} ${message}`.trim())
  assert.deepEqual([claimed(), world.drivers.claimed('team', { claim: 'none' })], [['one half Unknown', 'two whole Unknown'], []], 'nothing is known before it is told')
  const report = { pool: 'p', timeoutSeconds: 0, message: '' }
  started.tell([{ ...report, device: 'one', health: 'Unhealthy', message: 'too hot' }, { ...report, device: 'two', health: 'Healthy' }, { ...report, device: 'three', health: 'Healthy' }])
  await until(() => { assert.deepEqual([claimed(), claimed('small'), world.unwell], [['one half Unhealthy too hot', 'two whole Healthy'], ['two whole Healthy'], ['1,2']]) })
  started.tell([{ ...report, device: 'three', health: 'Unhealthy' }])
  await until(() => { assert.deepEqual([claimed(), world.unwell], [['one half Unhealthy too hot', 'two whole Healthy'], ['1,2', '']], 'of whom nothing is told stays as it was for a while') })
  started.hangUp()
  await until(() => { assert.deepEqual([claimed(), world.unwell], [['one half Unknown', 'two whole Unknown'], ['1,2', '', '1,2']], 'and is not known when the driver has hung up') })
}))

test('what a driver has told holds for a while, and a message is cut to what a status takes', async () => {
  const heard: string[] = []
  let now = 1000
  const health = new DevicesHealth((each, changed) => { heard.push([each, ...['one', 'two'].filter((name) => changed('p', name))].join(' ')) }, () => now)
  const of = (device: string): unknown => health.of('d', 'p', device)
  health.put('d', [{ pool: 'p', device: 'one', health: 'Healthy', timeoutSeconds: 0, message: '' }, { pool: 'p', device: 'two', health: 'Unhealthy', timeoutSeconds: 100, message: 'é'.repeat(600) }])
  assert.deepEqual([of('one'), of('two'), of('three')], [{ health: 'Healthy' }, { health: 'Unhealthy', message: `${'é'.repeat(510)}...` }, { health: 'Unknown' }])
  now += 29_999
  assert.deepEqual(of('one'), { health: 'Healthy' })
  now += 1
  assert.deepEqual([of('one'), heard], [{ health: 'Unknown' }, ['d one two']])
  health.put('d', [{ pool: 'p', device: 'two', health: 'Unhealthy', timeoutSeconds: 100, message: 'é'.repeat(600) }])
  assert.deepEqual(heard, ['d one two', 'd one'])
  health.close()
})

test('who has a device of which too long nothing was told hears that too', async () => {
  const heard = Promise.withResolvers<boolean>()
  let now = 0
  const health = new DevicesHealth((_driver, changed) => { if (now > 0) heard.resolve(changed('p', 'one')) }, () => now)
  health.put('d', [{ pool: 'p', device: 'one', health: 'Healthy', timeoutSeconds: 0.01, message: '' }])
  now = 10
  assert.equal(await heard.promise, true)
})

/** Waits until something holds. */
async function until(holds: () => void | Promise<void>): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try { await holds(); return } catch (error) { if (tries === 1_000) throw error }
    await new Promise((resolve) => { setTimeout(resolve, 20) })
  }
}
