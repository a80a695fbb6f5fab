import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { chooseDevices } from './allocations.ts'
import { readGranted, readWanted, writeGranted, writeWanted } from './messages.ts'
import { openDevicePlugins } from './plugins.ts'
import { startTestPlugin } from './test-plugin.ts'

const healthy = (id: string): { readonly id: string; readonly healthy: boolean } => ({ id, healthy: true })

test('a container keeps the devices it has; others get free ones that are well, or hear why not', () => {
  const devices = [healthy('b'), healthy('a'), { id: 'sick', healthy: false }, healthy('c')]
  const before = { one: { main: { 'example.com/gpu': ['b'] } } }
  assert.deepEqual([chooseDevices('example.com/gpu', 1, devices, before, 'one', 'main'), chooseDevices('example.com/gpu', 2, devices, before, 'two', 'main')], [['b'], ['a', 'c']])
  assert.equal(chooseDevices('example.com/gpu', 3, devices, before, 'two', 'main'), 'Allocate failed due to requested number of devices unavailable for example.com/gpu. Requested: 3, Available: 2, which is unexpected')
})

test('messages come back as they were sent', () => {
  const granted = { env: { DEVICES: 'a,b' }, mounts: [{ path: '/lib/driver', source: '/opt/driver', readOnly: true }], devices: [{ path: '/dev/gpu0', source: '/dev/null', permissions: 'rw' }], cdi: ['example.com/gpu=0'] }
  assert.deepEqual([readGranted(writeGranted(granted)), readWanted(writeWanted(['a', 'b'.repeat(300)]))], [granted, ['a', 'b'.repeat(300)]])
})

test('a plugin registers, tells its devices and their health, and is asked for what a container needs', async () => {
  const directory = mkdtempSync(`${tmpdir()}/skiff-plugins-`)
  let changed: (pods: readonly string[]) => void = () => {}
  const change = (): Promise<readonly string[]> => new Promise((resolve) => { changed = resolve })
  const troubles: string[] = []
  const kubelet = openDevicePlugins({ directory, onChange: (pods) => { changed(pods) }, onTrouble: (message) => { troubles.push(message) } })
  try {
    const first = change()
    const plugin = await startTestPlugin(directory, 'example.com/gpu', [healthy('gpu-0'), healthy('gpu-1')])
    await first
    assert.deepEqual(kubelet.resources(), { 'example.com/gpu': { capacity: 2, allocatable: 2 } })
    const granted = await kubelet.allocate('pod', 'main', { 'example.com/gpu': 1, 'example.com/other': 5 })
    assert.deepEqual(granted, { env: { GPUS: 'gpu-0' }, mounts: [], devices: [{ path: '/dev/gpu-0', source: '/dev/zero', permissions: 'r' }], cdi: [] })
    await assert.rejects(kubelet.allocate('second', 'main', { 'example.com/gpu': 2 }), /Requested: 2, Available: 1, which is unexpected/)
    kubelet.release('pod')
    assert.deepEqual((await kubelet.allocate('second', 'main', { 'example.com/gpu': 2 })).env, { GPUS: 'gpu-0,gpu-1' })
    const sick = change()
    plugin.tell([healthy('gpu-0'), { id: 'gpu-1', healthy: false, numaNodes: [0] }])
    assert.deepEqual(await sick, ['second'], 'who has a device that is unwell hears of it')
    assert.deepEqual(kubelet.resources(), { 'example.com/gpu': { capacity: 2, allocatable: 1 } })
    assert.deepEqual([kubelet.held('second', 'main'), kubelet.held('pod', 'main')], [{ 'example.com/gpu': [healthy('gpu-0'), { id: 'gpu-1', healthy: false, numaNodes: [0] }] }, {}])
    const other = change()
    plugin.tell([healthy('gpu-0'), { id: 'gpu-1', healthy: false }, healthy('gpu-2')])
    assert.deepEqual([await other, kubelet.resources()], [[], { 'example.com/gpu': { capacity: 3, allocatable: 2 } }])
    const gone = change()
    plugin.close()
    assert.deepEqual(await gone, ['second'], 'what nobody answers for is not well')
    assert.deepEqual([kubelet.resources(), kubelet.devices()], [{ 'example.com/gpu': { capacity: 3, allocatable: 0 } }, { 'example.com/gpu': ['gpu-0', 'gpu-1', 'gpu-2'].map((id) => ({ id, healthy: false })) }])
    const back = change()
    const again = await startTestPlugin(directory, 'example.com/gpu', [healthy('gpu-0'), healthy('gpu-1')])
    assert.deepEqual([await back, kubelet.resources()], [['second'], { 'example.com/gpu': { capacity: 2, allocatable: 2 } }])
    again.close()
    await assert.rejects(startTestPlugin(directory, 'cpu', []), /the ResourceName "cpu" is invalid/)
    assert.deepEqual(troubles, [])
  } finally {
    kubelet.close()
    rmSync(directory, { recursive: true })
  }
})

test('a plugin that wishes to be asked says which devices it would give, and hears of each start', async () => {
  const directory = mkdtempSync(`${tmpdir()}/skiff-plugins-`)
  const started: (readonly string[])[] = []
  let changed: () => void = () => {}
  const told = new Promise<void>((resolve) => { changed = resolve })
  const kubelet = openDevicePlugins({ directory, onChange: () => { changed() }, onTrouble: () => {} })
  try {
    const plugin = await startTestPlugin(directory, 'example.com/gpu', ['a', 'b', 'c'].map(healthy), { chooses: true, cdi: 'example.com/gpu=all', onStart: (ids) => { started.push(ids) } })
    await told
    const { env, cdi } = await kubelet.allocate('pod', 'main', { 'example.com/gpu': 2 })
    assert.deepEqual([env, cdi, (await kubelet.allocate('pod', 'main', { 'example.com/gpu': 2 })).env], [{ GPUS: 'c,b' }, ['example.com/gpu=all'], { GPUS: 'c,b' }])
    assert.deepEqual([(await kubelet.allocate('other', 'main', { 'example.com/gpu': 1 })).env, started], [{ GPUS: 'a' }, [['c', 'b'], ['c', 'b'], ['a']]])
    plugin.close()
  } finally {
    kubelet.close()
    rmSync(directory, { recursive: true })
  }
})
