import { type ContainerChoices, containerChoicesDefault } from './choices.ts'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { capabilitiesOf } from './capabilities.ts'
import { argumentsOf, configurationOf, type ConfigurationInput } from './configuration.ts'
import { aContainer, aSandbox, security } from './real.world.ts'
import { resolveUser } from './users.ts'

const all = (1n << 41n) - 1n
const limits = { capabilityBound: all, openFilesLimit: 20000, outOfMemoryScore: 0, memoryBytes: 1 << 30, canLimitSwap: false, hugePageSizes: [], unified: false, swapBytes: 1 << 20, choices: containerChoicesDefault }
const input = (changed: Partial<ConfigurationInput>): ConfigurationInput => ({
  id: 'id', spec: aContainer({}), sandbox: aSandbox({ hostname: 'web-0' }), settings: {}, user: { uid: 0, gid: 0, additionalGids: [0], home: '/root' }, root: '/r', cgroupsPath: '/kubepods/x',
  namespaces: { network: '/ns/net', ipc: '/ns/ipc', uts: '/ns/uts', pid: 'own' }, binds: [], sharedMemory: '/shm', devices: [], limits, ...changed,
})

test('the command is the pod\'s over the image\'s', () => {
  const image = { Entrypoint: ['/entry'], Cmd: ['serve'] }
  const of = (command: readonly string[], args: readonly string[]): readonly string[] => argumentsOf(aContainer({ command, args }), image)
  assert.deepEqual([of([], []), of([], ['-v']), of(['sh'], []), of(['sh'], ['-c'])], [['/entry', 'serve'], ['/entry', '-v'], ['sh'], ['sh', '-c']])
})

test('the environment is the image\'s, the host name, and then the pod\'s', () => {
  const { process } = configurationOf(input({ settings: { Env: ['PATH=/app', 'A=1'] }, spec: aContainer({ env: [['A', '2'], ['B', '']] }) }))
  assert.deepEqual(process.env, ['PATH=/app', 'HOSTNAME=web-0', 'A=2', 'B=', 'HOME=/root'])
})

test('a profile of AppArmor is the process\'s, and so that of commands beside it', () => {
  assert.deepEqual([configurationOf(input({ appArmorProfile: 'web' })).process.apparmorProfile, 'apparmorProfile' in configurationOf(input({})).process], ['web', false])
})

test('labels of SELinux are the process\'s and its mounts\'', () => {
  const labelled = (labels: ConfigurationInput['labels']): unknown => { const made = configurationOf(input({ labels })); return [made.process.selinuxLabel, made.linux['mountLabel']] }
  assert.deepEqual([labelled({ process: 'p', mount: 'm' }), labelled({ mount: 'm' }), labelled(undefined)], [['p', 'm'], [undefined, 'm'], [undefined, undefined]])
})

test('limits are clamped to what the machine allows', () => {
  const { process } = configurationOf(input({ sandbox: aSandbox({ qos: 'Guaranteed' }), limits: { ...limits, openFilesLimit: 1000 } }))
  assert.deepEqual([process.rlimits, process.oomScoreAdj], [[{ type: 'RLIMIT_NOFILE', hard: 1000, soft: 1000 }], 0])
})

test('huge pages are limited to what is asked for where the kernel can, and processes of a group are killed together and never swapped', () => {
  const resources = (more: Partial<ConfigurationInput['limits']>): unknown => (configurationOf(input({
    spec: aContainer({ resources: { cpuMillisRequested: 0, memoryBytesRequested: 0, memoryBytesLimit: 4096, hugePages: { '2Mi': 8192 } } }), limits: { ...limits, ...more },
  }))['linux'] as { readonly resources: unknown }).resources
  const plain = { devices: [{ allow: false, access: 'rwm' }], cpu: { shares: 2 }, memory: { limit: 4096 } }
  assert.deepEqual(resources({}), plain)
  assert.deepEqual(resources({ canLimitSwap: true, unified: true, hugePageSizes: ['1GB', '2MB'] }), {
    ...plain, memory: { limit: 4096, swap: 4096 }, hugepageLimits: [{ pageSize: '1GB', limit: 0 }, { pageSize: '2MB', limit: 8192 }], unified: { 'memory.oom.group': '1' },
  })
})

test('where a part of the groups was given to us, nothing is said of devices there', () => {
  const devices = (groupBase: string): unknown => configurationOf(input({ limits: { ...limits, groupBase } })).linux.resources?.devices
  assert.deepEqual([devices('/user.slice/mine'), devices('')], [[], [{ allow: false, access: 'rwm' }]])
})

const scores = [['BestEffort', 0, 1000], ['Burstable', 1 << 28, 750], ['Burstable', 1 << 30, 3]] as const
for (const [qos, memoryBytesRequested, score] of scores) {
  test(`a ${qos} container that asks for ${memoryBytesRequested} bytes has the out-of-memory score ${score}`, () => {
    const { process } = configurationOf(input({ sandbox: aSandbox({ qos }), spec: aContainer({ resources: { cpuMillisRequested: 0, memoryBytesRequested } }) }))
    assert.equal(process.oomScoreAdj, score)
  })
}

test('what a node needs is ended last for want of memory, and a sidecar no sooner than those that it serves', () => {
  const score = (outOfMemoryRank: 'last' | number): unknown => configurationOf(input({ limits: { ...limits, outOfMemoryScore: -1000 }, sandbox: aSandbox({ qos: 'Burstable' }), spec: aContainer({ outOfMemoryRank }) })).process.oomScoreAdj
  assert.deepEqual([score('last'), score(1 << 29)], [-997, 500])
})

test('a container without a limit of memory is not swapped where the kernel can say so', () => {
  const unified = (more: Partial<ConfigurationInput['limits']>): unknown => (configurationOf(input({ limits: { ...limits, ...more } }))['linux'] as { readonly resources: { readonly unified?: unknown } }).resources.unified
  assert.deepEqual([unified({ unified: true, canLimitSwap: true }), unified({ unified: true }), unified({ canLimitSwap: true })], [{ 'memory.oom.group': '1', 'memory.swap.max': '0' }, { 'memory.oom.group': '1' }, undefined])
})

test('where burstable pods may have swap, a container has the share of it that it asks for of the memory; who asks for all that it may use has none, nor has one of another class', () => {
  const given = (qos: 'Burstable' | 'Guaranteed' | 'BestEffort', memoryBytesRequested: number, memoryBytesLimit?: number, unified = true): unknown => {
    const { resources } = configurationOf(input({
      limits: { ...limits, unified, canLimitSwap: true, memoryBytes: 1000, swapBytes: 500, choices: { ...containerChoicesDefault, swap: 'limited', killsOneProcess: true } },
      sandbox: aSandbox({ qos }), spec: aContainer({ resources: { cpuMillisRequested: 0, memoryBytesRequested, ...(memoryBytesLimit !== undefined && { memoryBytesLimit }) } }),
    }))['linux'] as { readonly resources: { readonly memory?: { readonly swap: number }; readonly unified?: Readonly<Record<string, string>> } }
    return resources.memory?.swap ?? resources.unified
  }
  assert.deepEqual([given('Burstable', 100, 200), given('Burstable', 100), given('Burstable', 200, 200), given('Burstable', 0), given('Guaranteed', 100, 100), given('BestEffort', 0), given('Burstable', 100, 200, false)], [250, { 'memory.swap.max': '50' }, 200, { 'memory.swap.max': '0' }, 100, { 'memory.swap.max': '0' }, 200])
})

test('who has CPUs to himself runs on those, without a quota; others run on what is shared', () => {
  const cpu = (cpus: NonNullable<ConfigurationInput['cpus']>): unknown => (configurationOf(input({ cpus, spec: aContainer({ resources: { cpuMillisRequested: 1000, cpuMillisLimit: 1000, memoryBytesRequested: 0 } }) }))['linux'] as { readonly resources?: Readonly<Record<string, unknown>> }).resources?.['cpu']
  assert.deepEqual([cpu({ cpus: '1', isExclusive: true }), cpu({ cpus: '0,2-3', isExclusive: false })], [{ shares: 1024, cpus: '1' }, { shares: 1024, quota: 100_000, period: 100_000, cpus: '0,2-3' }])
})

test('a limit of CPU time is a quota of the period that was said, or none where quotas are off', () => {
  const cpu = (cpuQuota: ContainerChoices['cpuQuota']): unknown => (configurationOf(input({ limits: { ...limits, choices: { ...containerChoicesDefault, cpuQuota } }, spec: aContainer({ resources: { cpuMillisRequested: 0, cpuMillisLimit: 500, memoryBytesRequested: 0 } }) }))['linux'] as { readonly resources?: Readonly<Record<string, unknown>> }).resources?.['cpu']
  assert.deepEqual([cpu({ periodMicroseconds: 10_000 }), cpu('none')], [{ shares: 2, quota: 5000, period: 10_000 }, { shares: 2 }])
})

const sets: readonly (readonly [string, readonly string[], readonly string[], bigint, readonly string[]])[] = [
  ['nothing but what is added', ['net_bind_service'], ['ALL'], all, ['CAP_NET_BIND_SERVICE']],
  ['everything', ['ALL'], [], 0b11n, ['CAP_CHOWN', 'CAP_DAC_OVERRIDE']],
  ['the usual ones without one', [], ['CAP_CHOWN'], 0b11n, ['CAP_DAC_OVERRIDE']],
]
for (const [name, capabilitiesAdded, capabilitiesDropped, bound, expected] of sets) {
  test(`capabilities: ${name}`, () => assert.deepEqual(capabilitiesOf({ privileged: false, capabilitiesAdded, capabilitiesDropped }, bound), expected))
}

const accounts = { passwd: 'root:x:0:0::/root:/bin/sh\napp:x:100:101::/home/app:/bin/sh\n', group: 'root:x:0:\napp:x:101:\nextra:x:102:app\n' }
const pod = { pod: 'web_default(u)', container: 'main' }
const users: readonly (readonly [string, string, Parameters<typeof security>[0], unknown])[] = [
  ['root without a word', '', {}, { is: 'user', user: { uid: 0, gid: 0, additionalGids: [0], home: '/root' } }],
  ['the image\'s user by name', 'app', {}, { is: 'user', user: { uid: 100, gid: 101, additionalGids: [101, 102], home: '/home/app' } }],
  ['a user and a group by number', '7:8', {}, { is: 'user', user: { uid: 7, gid: 8, additionalGids: [8], home: '/' } }],
  ['the pod\'s user', 'app', { user: 100, group: 5, fsGroup: 9, supplementalGroups: [6] }, { is: 'user', user: { uid: 100, gid: 5, additionalGids: [5, 102, 6, 9], home: '/home/app' } }],
  ['no such user', 'none', {}, { is: 'refused', message: 'unable to find user none: no matching entries in passwd file' }],
  ['a name where root is forbidden', 'app', { mustRunAsNonRoot: true }, { is: 'refused', message: 'container has runAsNonRoot and image has non-numeric user (app), cannot verify user is non-root (pod: "web_default(u)", container: main)' }],
  ['root where root is forbidden', '', { mustRunAsNonRoot: true, user: 0 }, { is: 'refused', message: 'container\'s runAsUser breaks non-root policy (pod: "web_default(u)", container: main)' }],
]
for (const [name, image, changed, expected] of users) test(`user: ${name}`, () => assert.deepEqual(resolveUser(security(changed), image, accounts, pod), expected))
