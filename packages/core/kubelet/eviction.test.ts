import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../api/resources.ts'
import { assess, type Candidate, chooseVictim, evictable, noShortages, overLimit, type PodUse, refusedUnderPressure, type Shortages, type Threshold } from './eviction.ts'
import { aPod } from './test-cluster.ts'

const Mi = 1024 * 1024
const Gi = 1024 * Mi
const short = { 'memory.available': { available: 50 * Mi, capacity: 8 * Gi } } as const
const plenty = { 'memory.available': { available: 4 * Gi, capacity: 8 * Gi } } as const

test('a condition shows at once, and goes five minutes after its cause', () => {
  const first = assess(short, noShortages, 0)
  assert.deepEqual([first.conditions, first.acute?.resource], [['MemoryPressure'], 'memory'])
  const later = assess(plenty, first.shortages, 299_000)
  assert.deepEqual([later.conditions, later.acute], [['MemoryPressure'], undefined])
  assert.deepEqual(assess(plenty, later.shortages, 300_000).conditions, [])
  const again = assess(short, later.shortages, 299_500)
  assert.deepEqual(assess(plenty, again.shortages, 500_000).conditions, ['MemoryPressure'])
})

test('thresholds: shares of the capacity, memory before disk, a soft one after its grace, and more to win back once one was crossed', () => {
  const disk = { 'nodefs.available': { available: 9 * Gi, capacity: 100 * Gi } } as const
  assert.deepEqual([assess(disk, noShortages, 0).conditions, assess(disk, noShortages, 0).acute?.resource], [['DiskPressure'], 'ephemeral-storage'])
  assert.deepEqual(assess({ 'nodefs.available': { available: 10 * Gi, capacity: 100 * Gi } }, noShortages, 0).conditions, [])
  assert.deepEqual([assess({ ...disk, ...short }, noShortages, 0).acute?.resource, assess({ ...disk, ...short }, noShortages, 0).conditions], ['memory', ['MemoryPressure', 'DiskPressure']])
  assert.deepEqual(assess({ 'nodefs.inodesFree': { available: 4, capacity: 100 } }, noShortages, 0).acute?.resource, 'inodes')

  const soft: readonly Threshold[] = [{ signal: 'memory.available', least: { amount: Gi }, soft: { graceMs: 90_000, podGraceSeconds: 60 }, reclaim: { amount: Gi } }]
  const under = { 'memory.available': { available: Gi - 1, capacity: 8 * Gi } } as const
  const waiting = assess(under, noShortages, 0, soft)
  assert.deepEqual([waiting.conditions, waiting.acute], [['MemoryPressure'], undefined])
  const met = assess(under, waiting.shortages, 90_000, soft)
  assert.equal(met.acute?.threshold.soft?.podGraceSeconds, 60)
  const between = { 'memory.available': { available: Gi + 1, capacity: 8 * Gi } } as const
  assert.equal(assess(between, met.shortages, 100_000, soft).acute?.resource, 'memory')
  assert.equal(assess(between, waiting.shortages, 100_000, soft).acute, undefined)
  assert.deepEqual(assess(plenty, met.shortages, 100_000, soft).shortages satisfies Shortages, { since: {}, unresolved: [], seen: { MemoryPressure: 90_000 } })
})

const uses = (memory: number, storage = 0): PodUse => ({ memory, storage, containers: [{ name: 'web', memory, storage }] })
function candidate(name: string, use: PodUse | undefined, { request, priority, annotations }: { readonly request?: string; readonly priority?: number; readonly annotations?: Readonly<Record<string, string>> } = {}): Candidate {
  const requests = request === undefined ? {} : { resources: { requests: { memory: request, 'ephemeral-storage': request } } }
  return { pod: aPod({ name, spec: { containers: [{ name: 'web', image: 'web:1', ...requests }], ...(priority === undefined ? {} : { priority }) }, ...(annotations === undefined ? {} : { annotations }) }), use }
}
const acute = assess(short, noShortages, 0).acute
const victims = (candidates: readonly Candidate[]): readonly string[] => {
  const names: string[] = []
  let left = candidates
  for (;;) {
    const victim = acute === undefined ? undefined : chooseVictim(acute, left)
    if (victim === undefined) return names
    names.push(victim.pod.metadata.name)
    left = left.filter(({ pod }) => pod !== victim.pod)
  }
}

test('who goes: the unknown, then who uses more than it asked for, by priority, by how much more; the critical never', () => {
  assert.deepEqual(victims([
    candidate('modest', uses(900 * Mi), { request: '1Gi' }), candidate('greedy', uses(600 * Mi), { request: '100Mi' }), candidate('bare', uses(200 * Mi)),
    candidate('important', uses(3 * Gi), { priority: 1000 }), candidate('unmeasured', undefined), candidate('calm', uses(100 * Mi), { request: '1Gi' }),
    candidate('critical', uses(4 * Gi), { priority: 2_000_000_000 }), candidate('static', uses(4 * Gi), { annotations: { 'kubernetes.io/config.source': 'file' } }),
  ]), ['unmeasured', 'greedy', 'bare', 'important', 'modest', 'calm'])
})

test('an eviction says what was short and which containers used more than they asked for', () => {
  assert.ok(acute !== undefined)
  const { message, graceSeconds } = chooseVictim(acute, [candidate('greedy', uses(600 * Mi), { request: '100Mi' })]) ?? {}
  assert.deepEqual([message, graceSeconds], ['The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. Container web was using 600Mi, request is 100Mi, has larger consumption of memory. ', 1])
  const disk = assess({ 'nodefs.available': { available: 9 * Gi, capacity: 100 * Gi } }, noShortages, 0).acute
  assert.ok(disk !== undefined)
  assert.equal(chooseVictim(disk, [candidate('writer', uses(0, 20 * Gi))])?.message, 'The node was low on resource: ephemeral-storage. Threshold quantity: 10Gi, available: 9Gi. Container web was using 20Gi, request is 0, has larger consumption of ephemeral-storage. ')
  const pids = assess({ 'pid.available': { available: 1, capacity: 100 } }, noShortages, 0, [{ signal: 'pid.available', least: { percent: 10 } }]).acute
  assert.ok(pids !== undefined)
  assert.equal(chooseVictim(pids, [candidate('calm', { ...uses(0), processes: 1 }), candidate('forks', { ...uses(0), processes: 80 })])?.pod.metadata.name, 'forks')
})

test('who writes more than it may goes, short of disk or not', () => {
  const limited = (limit: string | undefined, volumes: Pod['spec']['volumes'] = []): Pod => aPod({ spec: { containers: [{ name: 'web', image: 'web:1', ...(limit === undefined ? {} : { resources: { limits: { 'ephemeral-storage': limit } } }) }], volumes } })
  const told = (pod: Pod, use: PodUse): string | undefined => overLimit({ pod, use })?.message
  assert.equal(told(limited('1Gi'), uses(0, 2 * Gi)), 'Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. ')
  assert.equal(told(limited('1Gi'), uses(0, Gi)), undefined)
  assert.equal(told(limited(undefined), uses(0, 50 * Gi)), undefined)
  assert.equal(told(limited('1Gi', [{ name: 'cache', emptyDir: { sizeLimit: '10Mi' } }]), { ...uses(0), volumes: { cache: 11 * Mi } }), 'Usage of EmptyDir volume "cache" exceeds the limit "10Mi". ')
  const two = aPod({ spec: { containers: [{ name: 'a', image: 'a:1', resources: { limits: { 'ephemeral-storage': '1Gi' } } }, { name: 'b', image: 'b:1', resources: { limits: { 'ephemeral-storage': '5Gi' } } }] } })
  assert.equal(told(two, { memory: 0, storage: 2 * Gi, containers: [{ name: 'a', memory: 0, storage: 2 * Gi }, { name: 'b', memory: 0, storage: 0 }] }), 'Container a exceeded its local ephemeral storage limit "1Gi". ')
})

test('under pressure of memory alone a node takes what asks for some or tolerates it, else only what is critical', () => {
  const bare = aPod()
  const burstable: Pod = { ...aPod({ spec: { containers: [{ name: 'web', image: 'web:1', resources: { requests: { memory: '1Mi' } } }] } }), status: { qosClass: 'Burstable' } }
  const tolerant = aPod({ spec: { containers: [{ name: 'web', image: 'web:1' }], tolerations: [{ key: 'node.kubernetes.io/memory-pressure', operator: 'Exists' }] } })
  const critical = aPod({ spec: { containers: [{ name: 'web', image: 'web:1' }], priority: 2_000_001_000 } })
  assert.deepEqual([bare, burstable, tolerant, critical].map((pod) => refusedUnderPressure(pod, ['MemoryPressure'])), ['The node had condition: [MemoryPressure]. ', undefined, undefined, undefined])
  assert.deepEqual([burstable, critical].map((pod) => refusedUnderPressure(pod, ['MemoryPressure', 'DiskPressure'])), ['The node had condition: [MemoryPressure DiskPressure]. ', undefined])
  assert.equal(refusedUnderPressure(bare, []), undefined)
})

test('one pod goes at a time: the next one when the last is gone, or has not gone for half a minute', () => {
  const named = (name: string, more: Partial<Pod['metadata']> = {}, status: Partial<Pod['status']> = {}): Pod => { const pod = aPod({ name }); return { ...pod, metadata: { ...pod.metadata, uid: name, ...more }, status: { ...pod.status, ...status } } as Pod }
  const pods = [named('a'), named('b'), named('over', {}, { phase: 'Failed' }), named('deleted', { deletionTimestamp: '2026-01-01T00:00:00Z' })]
  const names = (reason: string | undefined, now: number): readonly string[] =>
    evictable(pods, (uid) => (uid === 'a' && reason !== undefined ? { reason, message: '', since: 0, graceSeconds: 1 } : undefined), now).map(({ metadata }) => metadata.name)
  assert.deepEqual([names(undefined, 0), names('Evicted', 29_999), names('Evicted', 30_000), names('DeadlineExceeded', 0)], [['a', 'b'], [], ['b'], ['b']])
})

test('a soft eviction gives a pod its own grace, or the node\'s where that is less; a hard one gives it a second', () => {
  const graceSeconds = (own: number, soft?: NonNullable<Threshold['soft']>): unknown => chooseVictim(
    { threshold: { signal: 'memory.available', least: { amount: Gi }, ...(soft !== undefined && { soft }) }, resource: 'memory', observed: { available: 0, capacity: 8 * Gi } },
    [{ pod: aPod({ spec: { containers: [{ name: 'web', image: 'web:1' }], terminationGracePeriodSeconds: own } }), use: uses(Gi) }],
  )?.graceSeconds
  assert.deepEqual([graceSeconds(30, { graceMs: 0 }), graceSeconds(30, { graceMs: 0, podGraceSeconds: 20 }), graceSeconds(5, { graceMs: 0, podGraceSeconds: 20 }), graceSeconds(30)], [30, 20, 5, 1])
})
