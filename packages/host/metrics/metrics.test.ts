import assert from 'node:assert/strict'
import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { DiskUses, diskUse, fileSystemOf, volumeUse } from './files.ts'
import { openGroups } from './groups.ts'
import { parseInterfaces } from './interfaces.ts'
import type { MeasurablePod } from './measurable.ts'
import { Rates } from './rates.ts'
import { summaryOf } from './summary.ts'
import { cadvisorText, resourceText } from './text.ts'

const folder = mkdtempSync(join(tmpdir(), 'skiff-metrics-'))
after(() => { rmSync(folder, { recursive: true }) })
function files(name: string, contents: Readonly<Record<string, string>>): string {
  for (const [path, text] of Object.entries(contents)) {
    mkdirSync(dirname(join(folder, name, path)), { recursive: true })
    writeFileSync(join(folder, name, path), text)
  }
  return join(folder, name)
}

test('groups of the first version: one hierarchy a controller', () => {
  const root = files('v1', {
    'cpuacct/a/cpuacct.usage': '1500000000\n', 'cpu/a/cpu.stat': 'nr_periods 10\nnr_throttled 3\nthrottled_time 700\n', 'pids/a/pids.current': '4\n',
    'memory/a/memory.usage_in_bytes': '1000\n', 'memory/a/memory.limit_in_bytes': '4096\n',
    'memory/a/memory.stat': 'cache 1\ntotal_cache 300\ntotal_rss 600\ntotal_swap 5\ntotal_inactive_file 250\ntotal_pgfault 9\ntotal_pgmajfault 2\n',
    'memory/free/memory.usage_in_bytes': '10\n', 'memory/free/memory.limit_in_bytes': '9223372036854771712\n', 'memory/free/memory.stat': 'total_inactive_file 50\n',
  })
  assert.deepEqual(openGroups(root).read('/a'), {
    cpu: { nanos: 1_500_000_000, periods: 10, throttledPeriods: 3, throttledNanos: 700 },
    memory: { usageBytes: 1000, workingSetBytes: 750, rssBytes: 600, cacheBytes: 300, swapBytes: 5, pageFaults: 9, majorPageFaults: 2, limitBytes: 4096 },
    processes: 4,
  })
  const free = openGroups(root).read('/free')
  assert.deepEqual([free?.memory?.workingSetBytes, free?.memory?.limitBytes, free?.cpu], [0, undefined, undefined], 'no limit, no controller, and never less than nothing')
  assert.equal(openGroups(root).read('/gone'), undefined)
})

test('groups of the second version: one hierarchy, and the root counts what is not free', () => {
  const root = files('v2', {
    'cgroup.controllers': 'cpu memory pids\n', 'cpu.stat': 'usage_usec 7\n', 'memory.stat': 'anon 100\nfile 200\ninactive_file 1024\n',
    'a/cpu.stat': 'usage_usec 1500000\nnr_periods 10\nnr_throttled 3\nthrottled_usec 7\n', 'a/pids.current': '4\n', 'a/memory.current': '1000\n', 'a/memory.max': 'max\n', 'a/memory.swap.current': '5\n',
    'a/memory.stat': 'anon 600\nfile 300\ninactive_file 250\npgfault 9\npgmajfault 2\n', meminfo: 'MemTotal:       100 kB\nMemFree:         60 kB\n',
  })
  const groups = openGroups(root, `${root}/meminfo`)
  assert.deepEqual(groups.read('/a'), {
    cpu: { nanos: 1_500_000_000, periods: 10, throttledPeriods: 3, throttledNanos: 7000 },
    memory: { usageBytes: 1000, workingSetBytes: 750, rssBytes: 600, cacheBytes: 300, swapBytes: 5, pageFaults: 9, majorPageFaults: 2 },
    processes: 4,
  })
  assert.deepEqual([groups.read('')?.memory?.usageBytes, groups.read('')?.memory?.workingSetBytes, groups.read('')?.cpu?.nanos], [40 << 10, (40 << 10) - 1024, 7000])
})

test('a rate is taken over ten seconds or more, and begins anew where it would look too far back', () => {
  const rates = new Rates()
  const rows: readonly (readonly [at: number, count: number, rate: number | undefined])[] = [
    [0, 0, undefined], [100, 100, undefined], [1_000, 5_000, 5_000], [4_000, 99_000, 5_000], [11_000, 25_000, 2_000], [21_000, 24_000, undefined], [31_000, 34_000, 1_000], [100_000, 90_000, undefined],
  ]
  assert.equal(rates.isStale(0), true)
  for (const [at, count, rate] of rows) {
    assert.equal(rates.of('a', count, at), rate, `at ${at}`)
    rates.round()
  }
  assert.deepEqual([rates.isStale(130_000), rates.isStale(200_000)], [false, true])
})

test('interfaces are read as the kernel lists them, without the loopback', () => {
  const text = 'Inter-|   Receive\n face |bytes\n    lo:  1 2 0 0 0 0 0 0 1 2 0 0 0 0 0 0\n  eth0: 648 8 1 2 0 0 0 0 916 11 3 4 0 0 0 0\n'
  assert.deepEqual(parseInterfaces(text), [{ name: 'eth0', rxBytes: 648, rxPackets: 8, rxErrors: 1, rxDropped: 2, txBytes: 916, txPackets: 11, txErrors: 3, txDropped: 4 }])
})

test('what has two names is counted once', async () => {
  const root = files('tree', { 'a/one': 'x'.repeat(5000), two: 'y' })
  const once = await diskUse(root)
  linkSync(join(root, 'a/one'), join(root, 'again'))
  assert.deepEqual(await diskUse(root), once)
  assert.deepEqual([once.inodes, (await diskUse(join(root, 'none'))).inodes], [4, 0])
})

const pod: MeasurablePod = {
  uid: 'u', node: 'n', namespace: 'ns', name: 'p', cgroup: '/k/podu', startedAt: 2_000, hostNetwork: false, volumes: [],
  containers: [{ name: 'c', id: 'id', image: 'busybox', attempt: 0, cgroup: '/k/podu/id', process: 1, startedAt: 3_500, changes: '', log: '' }],
}
const reading = { cpu: { nanos: 2_500_000_000, periods: 0, throttledPeriods: 0, throttledNanos: 0 }, memory: { usageBytes: 9, workingSetBytes: 8, rssBytes: 7, cacheBytes: 6, swapBytes: 0, pageFaults: 5, majorPageFaults: 4, limitBytes: 100 }, processes: 2 }
const other = { ...pod, uid: 'v', node: 'm', name: 'q' }
const measurement = {
  at: 10_000, machine: { reading, cpuRate: 1_000 },
  pods: [pod, other].map((one) => ({ pod: one, reading, cpuRate: 5, containers: one.containers.map((container) => ({ container, reading, cpuRate: undefined })), interfaces: [{ name: 'eth0', rxBytes: 1, rxPackets: 2, rxErrors: 3, rxDropped: 4, txBytes: 5, txPackets: 6, txErrors: 7, txDropped: 8 }] })),
}

test('what a volume holds its keeper tells, asked once a minute; one that does not answer keeps nobody waiting, and without one it is counted', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const path = mkdtempSync(`${tmpdir()}/skiff-volume-`)
  after(() => rmSync(path, { recursive: true }))
  writeFileSync(join(path, 'file'), 'x'.repeat(10_000))
  let [now, asked] = [0, 0]
  const uses = new DiskUses(() => now)
  const told = () => { asked += 1; return Promise.resolve({ bytes: { available: 7, total: 10, used: asked } }) }
  const used = async (): Promise<number> => (await volumeUse({ path, told }, uses)).use.bytes
  const first = [await used(), await used()]
  now += 60_000
  assert.deepEqual([first, await used(), asked], [[1, 1], 2, 2])
  const whole = (await fileSystemOf(path))?.capacityBytes
  assert.deepEqual([(await volumeUse({ path, told: () => Promise.reject(new Error('no')) }, new DiskUses(() => 0))).disk?.capacityBytes], [whole])
  const late = volumeUse({ path, told: () => new Promise(() => undefined) }, new DiskUses(() => 0))
  t.mock.timers.tick(5_000)
  assert.equal((await late).disk?.capacityBytes, whole)
  const counted = await diskUse(path)
  for (const none of [{ path }, { path, told: () => Promise.resolve(undefined) }]) assert.deepEqual((await volumeUse(none, new DiskUses(() => 0))).use, counted)
})

test('the summary tells of one node and its pods', async () => {
  const time = '1970-01-01T00:00:10Z'
  const memory = { time, usageBytes: 9, workingSetBytes: 8, rssBytes: 7, pageFaults: 5, majorPageFaults: 4 }
  const swap = { time, swapUsageBytes: 0 }
  assert.deepEqual(await summaryOf({ node: 'n', measurement, since: 0, machineMemoryBytes: 1000, interfaces: [] }), {
    node: { nodeName: 'n', startTime: '1970-01-01T00:00:00Z', cpu: { time, usageNanoCores: 1_000, usageCoreNanoSeconds: 2_500_000_000 }, memory: { ...memory, availableBytes: 992 }, swap },
    pods: [{
      podRef: { name: 'p', namespace: 'ns', uid: 'u' }, startTime: '1970-01-01T00:00:02Z',
      containers: [{ name: 'c', startTime: '1970-01-01T00:00:03Z', cpu: { time, usageCoreNanoSeconds: 2_500_000_000 }, memory: { ...memory, availableBytes: 92 }, swap }],
      cpu: { time, usageNanoCores: 5, usageCoreNanoSeconds: 2_500_000_000 }, memory: { ...memory, availableBytes: 92 }, swap,
      network: { time, name: 'eth0', rxBytes: 1, rxErrors: 3, txBytes: 5, txErrors: 7, interfaces: [{ name: 'eth0', rxBytes: 1, rxErrors: 3, txBytes: 5, txErrors: 7 }] },
      process_stats: { process_count: 2 },
    }],
  })
})

test('Prometheus reads the names and labels that it knows of kubelets', () => {
  const resource = resourceText(measurement, 'n')
  for (const line of [
    'container_cpu_usage_seconds_total{container="c",namespace="ns",pod="p"} 2.5 10000', 'container_memory_working_set_bytes{container="c",namespace="ns",pod="p"} 8 10000',
    'container_start_time_seconds{container="c",namespace="ns",pod="p"} 3.5', 'node_cpu_usage_seconds_total 2.5 10000', 'pod_memory_working_set_bytes{namespace="ns",pod="p"} 8 10000', 'resource_scrape_error 0',
    '# HELP node_memory_working_set_bytes [STABLE] Current working set of the node in bytes', '# TYPE node_cpu_usage_seconds_total counter',
  ]) assert.ok(resource.split('\n').includes(line), line)
  const cadvisor = cadvisorText(measurement, 'n', { cores: 2, memoryBytes: 1000 })
  for (const line of [
    'container_cpu_usage_seconds_total{container="c",id="/k/podu/id",image="busybox",name="id",namespace="ns",pod="p",cpu="total"} 2.5 10000',
    'container_network_receive_bytes_total{container="",id="/k/podu",image="",interface="eth0",name="",namespace="ns",pod="p"} 1 10000', 'machine_cpu_cores 2',
  ]) assert.ok(cadvisor.split('\n').includes(line), line)
  for (const text of [resource, cadvisor]) assert.equal(text.includes('pod="q"'), false, 'pods of another node are not told')
})
