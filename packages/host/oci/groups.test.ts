import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { canPin, cpuShares, cpuWeight, hugePageSizes, limitPod, pinGroup, podGroup, quotaOf, writeLimits } from './groups.ts'

test('shares, weights and quotas are computed as the kubelet does', () => {
  const shares = (cpuMillisRequested: number): number => cpuShares({ cpuMillisRequested, memoryBytesRequested: 0 })
  assert.deepEqual([shares(0), shares(1), shares(100), shares(1000), shares(1_000_000)], [2, 2, 102, 1024, 262144])
  assert.deepEqual([cpuWeight(2), cpuWeight(1024), cpuWeight(262144)], [1, 39, 10000])
  assert.deepEqual([quotaOf(1)?.quota, quotaOf(10)?.quota, quotaOf(2500)?.quota, quotaOf(0), quotaOf(1000, 'none'), quotaOf(500, { periodMicroseconds: 10_000 })], [1000, 1000, 250000, undefined, undefined, { quota: 5000, period: 10_000 }])
})

test('a pod stands below its class', () => {
  assert.deepEqual([podGroup('/skiff', 'Guaranteed', 'u'), podGroup('/skiff', 'Burstable', 'u'), podGroup('/skiff', 'BestEffort', 'u')], ['/skiff/podu', '/skiff/burstable/podu', '/skiff/besteffort/podu'])
})

test('limits are written to a tree of the second version, and its controllers are opened on the way', () => {
  const root = mkdtempSync(`${tmpdir()}/skiff-groups-`)
  try {
    writeFileSync(`${root}/cgroup.controllers`, 'cpu memory pids')
    limitPod('/skiff/burstable/podu', 'Burstable', { cpuMillisRequested: 1000, cpuMillisLimit: 1500, memoryBytesRequested: 0, memoryBytesLimit: 1 << 20, processesMost: 100 }, root)
    const read = (file: string): string => readFileSync(`${root}/skiff/burstable/podu/${file}`, 'utf8')
    assert.deepEqual([read('cpu.weight'), read('cpu.max'), read('memory.max'), read('pids.max')], ['39', '150000 100000', '1048576', '100'])
    assert.equal(readFileSync(`${root}/skiff/cgroup.subtree_control`, 'utf8'), '+pids', 'the last that was opened')
    writeLimits('/skiff/burstable/podu', { cpuMillisRequested: 0, memoryBytesRequested: 0 }, root)
    assert.deepEqual([read('cpu.weight'), read('cpu.max'), read('memory.max')], ['1', 'max 100000', 'max'])
  } finally { rmSync(root, { recursive: true }) }
})

test('a tree of the first version limits processes by a controller of its own, and where that is not there only who asks hears of it', () => {
  const root = mkdtempSync(`${tmpdir()}/skiff-groups-`)
  const most = (processesMost: number): void => { limitPod('/podu', 'Guaranteed', { cpuMillisRequested: 0, memoryBytesRequested: 0, processesMost }, root) }
  try {
    for (const controller of ['cpu', 'memory']) mkdirSync(`${root}/${controller}/podu`, { recursive: true })
    writeFileSync(`${root}/memory/podu/memory.limit_in_bytes`, '9223372036854771712')
    most(-1)
    assert.throws(() => { most(100) }, /pids\.max/)
    mkdirSync(`${root}/pids`)
    most(100)
    assert.equal(readFileSync(`${root}/pids/podu/pids.max`, 'utf8'), '100')
  } finally { rmSync(root, { recursive: true }) }
})

test('which huge pages can be limited is read from the controller', () => {
  const root = mkdtempSync(`${tmpdir()}/skiff-groups-`)
  try {
    assert.deepEqual(hugePageSizes('', root), [])
    mkdirSync(`${root}/hugetlb`)
    for (const file of ['hugetlb.2MB.limit_in_bytes', 'hugetlb.1GB.limit_in_bytes', 'hugetlb.2MB.usage_in_bytes']) writeFileSync(`${root}/hugetlb/${file}`, '')
    assert.deepEqual(hugePageSizes('', root), ['1GB', '2MB'])
  } finally { rmSync(root, { recursive: true }) }
})

test('limits are written to the trees of the first version', () => {
  const root = mkdtempSync(`${tmpdir()}/skiff-groups-`)
  try {
    mkdirSync(`${root}/cpu/podu`, { recursive: true })
    mkdirSync(`${root}/memory/podu`, { recursive: true })
    for (const file of ['memory.limit_in_bytes', 'memory.memsw.limit_in_bytes']) writeFileSync(`${root}/memory/podu/${file}`, '9223372036854771712')
    writeLimits('/podu', { cpuMillisRequested: 250, memoryBytesRequested: 0, memoryBytesLimit: 4096 }, root)
    const read = (file: string): string => readFileSync(`${root}/${file}`, 'utf8')
    assert.deepEqual([read('cpu/podu/cpu.shares'), read('cpu/podu/cpu.cfs_quota_us'), read('memory/podu/memory.limit_in_bytes'), read('memory/podu/memory.memsw.limit_in_bytes')], ['256', '-1', '4096', '4096'])
  } finally { rmSync(root, { recursive: true }) }
})

for (const [version, folder] of [['first', 'cpuset/podu/one'], ['second', 'podu/one']] as const) {
  test(`a group of the ${version} version is held to CPUs; one that has gone is not`, () => {
    const root = mkdtempSync(`${tmpdir()}/skiff-groups-`)
    try {
      mkdirSync(`${root}/${folder}`, { recursive: true })
      if (version === 'second') writeFileSync(`${root}/cgroup.controllers`, 'cpuset cpu memory')
      writeFileSync(`${root}/${folder}/cpuset.cpus`, '0-1\n')
      pinGroup('/podu/one', '1', root)
      pinGroup('/podu/two', '1', root)
      assert.deepEqual([readFileSync(`${root}/${folder}/cpuset.cpus`, 'utf8'), existsSync(`${root}/${folder.replace('one', 'two')}`), canPin(root)], ['1', false, true])
    } finally { rmSync(root, { recursive: true }) }
  })
}
