import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { Pod } from '@kubeskiff/core/api'
import { type CpuPolicy, cpuSetText, ExclusiveCpus, readCheckpoint, readCpuSet, readTopology } from './index.ts'
import { type Cpu, takeCpus } from './topology.ts'

/** Sockets of cores of two threads, numbered as machines do: the first threads of all cores, then the second ones. */
const machine = (sockets: number, cores: number): readonly Cpu[] => Array.from({ length: sockets * cores * 2 }, (_, id) => { const nth = id % (sockets * cores); return { id, socket: Math.floor(nth / cores), core: `core-${nth}` } })
const usual: CpuPolicy = { reserved: 1, fullCoresOnly: false, reservedOnly: false }

test('sets are read and written as the kernel does', () => {
  assert.deepEqual(['0-3,8', '5', '', '0,2-3,1'].map((text) => { const set = readCpuSet(text); return set && cpuSetText(set) }), ['0-3,8', '5', '', '0-3'])
  assert.deepEqual(['a', '3-1', '1-', '0-99999'].map(readCpuSet), [undefined, undefined, undefined, undefined])
})

test('this machine has CPUs', () => { assert.ok(readTopology().length > 0) })

test('CPUs are packed: sockets, then cores, then what is left of cores', () => {
  const take = (cpus: readonly Cpu[], without: readonly number[], count: number): string => cpuSetText(takeCpus(cpus, new Set(cpus.map(({ id }) => id).filter((id) => !without.includes(id))), count))
  const [one, two] = [machine(1, 4), machine(2, 2)]
  assert.deepEqual([take(one, [], 1), take(one, [], 2), take(one, [0], 1), take(one, [0], 2), take(one, [0], 3), take(two, [], 4), take(two, [0], 4), take(two, [0, 2], 2)], ['0', '0,4', '4', '1,5', '1,4-5', '0-1,4-5', '2-3,6-7', '1,5'])
})

function aFile(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'skiff-cpus-'))
  context.after(() => { rmSync(directory, { recursive: true, force: true }) })
  return join(directory, 'cpu_manager_state')
}
const asking = (name: string, cpu: string, more: object = {}): object => ({ name, image: 'a', resources: { requests: { cpu, memory: '1Mi' }, limits: { cpu, memory: '1Mi' } }, ...more })
const aPod = (uid: string, containers: readonly object[], initContainers: readonly object[] = []): Pod => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: uid, namespace: 'default', uid }, spec: { containers, initContainers }, status: {} }) as unknown as Pod

test('guaranteed containers that ask for whole CPUs have them to themselves, all others share what is left; the next agent finds it so', (context) => {
  const file = aFile(context)
  const open = (policy: Partial<CpuPolicy> = {}): ExclusiveCpus => new ExclusiveCpus({ cpus: machine(1, 2), policy: { ...usual, ...policy }, file })
  const cpus = open()
  let changes = 0
  cpus.onChange(() => { changes++ })
  assert.deepEqual([cpus.allocate(aPod('a', [asking('one', '1'), asking('part', '500m')])), cpus.of('a', 'one'), cpus.of('a', 'part'), changes], [undefined, { cpus: '2', isExclusive: true }, { cpus: '0-1,3', isExclusive: false }, 1])
  assert.equal(cpus.allocate(aPod('burstable', [{ name: 'one', image: 'a', resources: { requests: { cpu: '1' } } }])), undefined)
  assert.equal(cpus.has('burstable'), false)
  assert.deepEqual(cpus.allocate(aPod('b', [asking('much', '3')])), { reason: 'UnexpectedAdmissionError', message: 'Allocate failed due to not enough cpus available to satisfy request: requested=3, available=2, which is unexpected' })
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')).entries, { a: { one: '2' } })
  const next = open()
  assert.deepEqual([next.of('a', 'one').cpus, next.allocate(aPod('a', [asking('one', '1')]))], ['2', undefined])
  next.release('a')
  assert.deepEqual([next.of('x', 'y').cpus, readCheckpoint(file)?.assignments.size], ['0-3', 0])
})

test('what an init container had is had by the containers after it, not what a sidecar has', (context) => {
  const cpus = new ExclusiveCpus({ cpus: machine(1, 2), policy: usual, file: aFile(context) })
  assert.equal(cpus.allocate(aPod('a', [asking('main', '2')], [asking('first', '2'), asking('sidecar', '1', { restartPolicy: 'Always' })])), undefined)
  const sets = ['first', 'sidecar', 'main'].map((name) => cpus.of('a', name).cpus)
  assert.deepEqual(sets, ['1,3', '2', '1,3'])
})

test('options: whole cores only, and what is reserved kept from those that share', (context) => {
  const cpus = new ExclusiveCpus({ cpus: machine(1, 2), policy: { reserved: new Set([0, 2]), fullCoresOnly: true, reservedOnly: true }, file: aFile(context) })
  assert.deepEqual([cpus.allocate(aPod('a', [asking('one', '1')])), cpus.of('x', 'y').cpus, [...cpus.assignable()]], [{ reason: 'SMTAlignmentError', message: 'SMT Alignment Error: requested 1 cpus not multiple cpus per core = 2' }, '1,3', [1, 3]])
})

test('what an earlier agent has written is refused, in upstream\'s words, where it is another policy\'s, or no more the machine\'s', (context) => {
  const file = aFile(context)
  const cpus = new ExclusiveCpus({ cpus: machine(1, 2), policy: usual, file })
  cpus.allocate(aPod('a', [asking('one', '1')]))
  assert.throws(() => readCheckpoint(file, 'none'), /^Error: could not restore state from checkpoint: configured policy "none" differs from state checkpoint policy "static", please drain this node and delete the CPU manager checkpoint file ".*cpu_manager_state" before restarting Kubelet$/)
  assert.throws(() => new ExclusiveCpus({ cpus: machine(1, 4), policy: usual, file }), /current set of available CPUs "0-7" doesn't match with CPUs in state "0-3"/)
  assert.throws(() => new ExclusiveCpus({ cpus: machine(1, 2), policy: { ...usual, reserved: new Set([2]) }, file }), /not all reserved cpus: "2" are present in defaultCpuSet: "0-1,3"/)
  assert.throws(() => new ExclusiveCpus({ cpus: machine(1, 1), policy: { ...usual, reserved: 3 }, file: aFile(context) }), /unable to reserve the required amount of CPUs \(size of 0-1 did not equal 3\)/)
  writeFileSync(file, readFileSync(file, 'utf8').replace('"2"', '"3"'))
  assert.throws(() => readCheckpoint(file), /checkpoint is corrupted, please drain/)
})

test('what the disk has no room for is had nevertheless, and written down when there is', (context) => {
  const file = join(aFile(context), 'later')
  const cpus = new ExclusiveCpus({ cpus: machine(1, 2), policy: usual, file })
  assert.deepEqual([cpus.allocate(aPod('a', [asking('one', '1')])), cpus.of('a', 'one').cpus], [undefined, '2'])
  cpus.writeUnwritten()
  mkdirSync(join(file, '..'))
  cpus.writeUnwritten()
  assert.deepEqual([...readCheckpoint(file)?.assignments.keys() ?? []], ['a'])
})
