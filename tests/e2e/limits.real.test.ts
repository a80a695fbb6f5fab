// What a node has, what of it pods may have, and what it does when its disk is short or full: on a small disk of its own.
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { readCpuSet } from '../../packages/host/cpus/index.ts'
import { canLimitSwap } from '../../packages/host/oci/groups.ts'
import { Playground, stockKubectl, typing, until, untilReady, whyNoContainers } from './playground.ts'

const kubectl = stockKubectl()
const skip = whyNoContainers() ?? (kubectl === undefined ? 'no stock kubectl: set SKIFF_TEST_KUBECTL' : false)
const image = 'localhost/skiff/busybox:1'
const diskMebibytes = 200

const kubeletConfiguration = {
  apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration', podPidsLimit: 30, systemReserved: { cpu: '100m', memory: '64Mi' }, kubeReserved: { memory: '36Mi' },
  evictionPressureTransitionPeriod: '1s', allowedUnsafeSysctls: ['kernel.msg*'],
  maxPods: 50, seccompDefault: true, containerLogMaxSize: '64Ki', containerLogMonitorInterval: '3s', crashLoopBackOff: { maxContainerRestartPeriod: '1s' }, nodeLeaseDurationSeconds: 60, registerWithTaints: [{ key: 'told', effect: 'PreferNoSchedule' }],
  cpuCFSQuotaPeriod: '50ms', featureGates: { CustomCPUCFSQuotaPeriod: true },
}
/** One CPU is nobody's own. */
const isRoomy = availableParallelism() > 1
const owning = isRoomy ? { cpuManagerPolicy: 'static' } : {}
const pod = (name: string, script: string, more: object = {}, ofContainer: object = {}): object => ({
  apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { terminationGracePeriodSeconds: 0, restartPolicy: 'Never', ...more, containers: [{ name: 'main', image, command: ['sh', '-c', script], ...ofContainer }] },
})

describe('limits of nodes and pods', { skip, timeout: 240_000 }, () => {
  let ground: Playground
  let daemon: ChildProcess | undefined
  const { run, ok, get, apply } = typing(kubectl, () => ground)
  const status = (name: string, path: string): string => run('get', 'pod', name, '-o', `jsonpath={.status.${path}}`).out
  const events = (name: string): string => ok('get', 'events', '--field-selector', `involvedObject.name=${name}`, '-o', 'jsonpath={range .items[*]}{.type} {.reason}: {.message}{"\\n"}{end}')
  const condition = (type: string): string => get('node node-1', `.status.conditions[?(@.type=="${type}")].status`)
  const up = async (configuration: object): Promise<void> => {
    const file = join(ground.folder, 'kubelet.json')
    writeFileSync(file, JSON.stringify(configuration))
    daemon = ground.startSkiff(['up', '--nodes', '1', '--bare', '--kubelet-config', file])
    await untilReady(daemon)
  }
  const end = async (): Promise<void> => {
    const ending = daemon
    if (ending === undefined || ending.exitCode !== null) return
    ending.kill('SIGTERM')
    await until('the daemon has ended', () => ending.exitCode !== null || ending.signalCode !== null)
  }

  before(async () => {
    ground = new Playground()
    await ground.ready()
    const built = ground.buildImage([image, '--package', 'busybox-static'])
    assert.equal(built.code, 0, built.out + built.err)
    // The node agent's disk; objects are elsewhere.
    const agent = join(ground.dataDir, 'agent')
    const mounted = ground.run(['sh', '-ec', `mv "$0" "$0.built"; mkdir "$0"; mount -t tmpfs -o size=${diskMebibytes}m,nr_inodes=20000 skiff-disk "$0"; cp -a "$0.built/." "$0"; rm -r "$0.built"`, agent])
    assert.equal(mounted.code, 0, mounted.err)
    await up({ ...kubeletConfiguration, ...owning })
  })
  after(async () => {
    await end()
    ground?.skiff(['down'], { timeoutMs: 60_000 })
    ground?.run(['umount', '--lazy', join(ground.dataDir, 'agent')])
    ground?.close()
  })

  test('pods may have what the node has without what is reserved and what is to be left', () => {
    const bytes = (path: string): number => { const [, amount = '', unit = ''] = /^(\d+)(Ki|Mi|Gi)?$/.exec(get('node node-1', path)) ?? []; return Number(amount) * ({ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 }[unit] ?? 1) }
    assert.equal(bytes('.status.capacity.memory') - bytes('.status.allocatable.memory'), 200 * 2 ** 20)
    assert.deepEqual([bytes('.status.capacity.ephemeral-storage'), bytes('.status.allocatable.ephemeral-storage')], [diskMebibytes * 2 ** 20, Math.ceil(diskMebibytes * 2 ** 20 * 0.9)])
    assert.equal(existsSync('/sys/kernel/mm/hugepages/hugepages-2048kB'), get('node node-1', '.status.capacity').includes('hugepages-2Mi'))
  })

  test('a pod has no more processes than it may, and only the settings of the kernel that its node allows', async () => {
    apply(pod('forks', 'i=0; while [ $i -lt 60 ]; do sleep 1000 & i=$((i + 1)); done; sleep 1000'))
    await until('it cannot fork', () => run('logs', 'forks').out.includes("can't fork") || run('logs', 'forks').out)
    assert.ok(ok('get', '--raw', '/api/v1/nodes/node-1/proxy/configz').includes('"podPidsLimit":30'))
    apply(pod('tunes', 'cat /proc/sys/kernel/msgmax', { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '4096' }] } }))
    apply(pod('shared', 'cat /proc/sys/kernel/msgmax', { hostNetwork: true, securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '5000' }] } }))
    apply(pod('meddles', 'true', { securityContext: { sysctls: [{ name: 'kernel.sem', value: '1 1 1 1' }] } }))
    await until('all have ended', () => ['tunes', 'shared', 'meddles'].every((name) => ['Succeeded', 'Failed'].includes(status(name, 'phase'))))
    assert.deepEqual([ok('logs', 'tunes'), ok('logs', 'shared'), status('meddles', 'reason'), status('meddles', 'message')], ['4096\n', '5000\n', 'SysctlForbidden', 'Pod was rejected: forbidden sysctl: "kernel.sem" not allowlisted'])
    ok('delete', 'pod', 'forks', 'tunes', 'shared', 'meddles')
  })

  test('a node and its containers are as was said of its kubelet', async () => {
    apply(pod('told', `grep Seccomp: /proc/self/status; cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu/cpu.cfs_period_us 2>/dev/null || cat /sys/fs/cgroup/cpu.max; cat /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes /sys/fs/cgroup/memory.swap.max 2>/dev/null; sleep 1; head -c 100000 /dev/zero | tr '\\0' 'x' | fold -w 100; sleep 1000`, {}, { resources: { limits: { cpu: '500m', memory: '64Mi' } } }))
    apply(pod('ends', 'exit 1', { restartPolicy: 'Always' }))
    assert.deepEqual([get('node node-1', '.status.capacity.pods'), get('node node-1', '.spec.taints[*].key'), ok('get', 'lease', 'node-1', '-n', 'kube-node-lease', '-o', 'jsonpath={.spec.leaseDurationSeconds}')], ['50', 'told', '60'])
    const { kubeletconfig } = JSON.parse(ok('get', '--raw', '/api/v1/nodes/node-1/proxy/configz')) as { readonly kubeletconfig: Readonly<Record<string, unknown>> }
    assert.deepEqual(['maxPods', 'seccompDefault', 'imageGCHighThresholdPercent', 'cpuCFSQuotaPeriod'].map((field) => kubeletconfig[field]), [50, true, 85, '50ms'])
    const logs = (): readonly string[] => ground.run(['find', join(ground.dataDir, 'agent/pods', get('pod told', '.metadata.uid')), '-name', '*log*', '-type', 'f']).out.trim().split('\n')
    await until('its log is put aside', () => logs().length === 2 || logs().join(), 20_000)
    const first = ground.run(['sh', '-c', 'cat "$@"', 'sh', ...logs()]).out.split('\n').filter((line) => !line.includes('xxx')).map((line) => line.split(' ').slice(3).join(' ')).join(' ')
    assert.match(first, /Seccomp:\s2 25000 50000 /)
    // Where the kernel can say so, nothing of it is swapped.
    if (canLimitSwap()) assert.match(first, new RegExp(`50000 (${64 << 20}|0) `))
    await until('it was begun again and again', () => Number(status('ends', 'containerStatuses[0].restartCount')) >= 4, 20_000)
    ok('delete', 'pod', 'told', 'ends')
  })

  test('a node whose disk is short says so and evicts who uses most; the condition goes with its cause', async () => {
    apply(pod('modest', 'sleep 1000', { priority: 0 }))
    apply(pod('hoards', `dd if=/dev/zero of=/data/much bs=1M count=${diskMebibytes - 30}; sleep 1000`, { volumes: [{ name: 'data', emptyDir: {} }] }, { volumeMounts: [{ name: 'data', mountPath: '/data' }] }))
    await until('the node says so', () => condition('DiskPressure') === 'True' || events('node-1'), 40_000)
    await until('it has gone', () => status('hoards', 'reason') === 'Evicted' || status('hoards', 'phase'), 40_000)
    assert.match(status('hoards', 'message'), /^The node was low on resource: ephemeral-storage\. Threshold quantity: \d+(Ki)?, available: \d+(Mi|Ki)?\. Container main was using \d+(Ki)?, request is 0, has larger consumption of ephemeral-storage\. $|^The node was low on resource: ephemeral-storage\. Threshold quantity: \d+(Mi|Ki)?, available: \d+(Mi|Ki)?\. /)
    assert.match(events('node-1'), /Warning EvictionThresholdMet: Attempting to reclaim ephemeral-storage/)
    assert.match(events('node-1'), /Normal NodeHasDiskPressure: Node node-1 status is now: NodeHasDiskPressure/)
    await until('the node has room again', () => condition('DiskPressure') === 'False', 40_000)
    assert.equal(status('modest', 'phase'), 'Running')
    ok('delete', 'pod', 'hoards')
  })

  test('a container that asks for whole CPUs has them to itself, the others share the rest, over a restart of the agent, too; another policy is refused', async (context) => {
    const next = { ...kubeletConfiguration, evictionHard: {} }
    if (!isRoomy) {
      await end()
      await up(next)
      context.skip('one CPU is nobody\'s own')
      return
    }
    const allowed = (name: string): string => run('exec', name, '--', 'sed', '-n', 's/^Cpus_allowed_list:.//p', '/proc/1/status').out.trim()
    const before = allowed('modest')
    apply(pod('owns', 'sleep 1000', {}, { resources: { limits: { cpu: '1', memory: '16Mi' } } }))
    await until('it runs', () => status('owns', 'phase') === 'Running' || events('owns'), 20_000)
    const [own, shared] = [allowed('owns'), allowed('modest')]
    assert.match(own, /^\d+$/)
    assert.ok(shared !== before && !(readCpuSet(shared)?.has(Number(own)) ?? true), `${own} of ${before}, ${shared} are shared`)
    assert.equal((JSON.parse(ground.run(['cat', join(ground.dataDir, 'agent/cpu_manager_state')]).out) as { readonly policyName: string }).policyName, 'static')
    await end()
    const refused = join(ground.folder, 'refused.json')
    writeFileSync(refused, JSON.stringify(next))
    const { code, out, err } = ground.skiff(['up', '--nodes', '1', '--bare', '--kubelet-config', refused], { timeoutMs: 30_000 })
    assert.match(out + err, /could not restore state from checkpoint: configured policy "none" differs from state checkpoint policy "static", please drain this node and delete the CPU manager checkpoint file/)
    assert.notEqual(code, 0)
    await up({ ...next, ...owning })
    assert.deepEqual([allowed('owns'), allowed('modest')], [own, shared])
    ok('delete', 'pod', 'owns')
    await until('all share what is free again', () => allowed('modest') === before || allowed('modest'), 20_000)
  })

  test('on a full disk what cannot be made says so, what runs goes on, and all is made when there is room', async () => {
    const filled = join(ground.dataDir, 'agent/filled')
    ground.run(['dd', 'if=/dev/zero', `of=${filled}`, 'bs=64k', `count=${diskMebibytes * 16}`])
    const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'config' }, data: { key: 'x'.repeat(100_000) } }
    apply(config)
    apply(pod('late', 'cat /config/key | wc -c; sleep 1000', { restartPolicy: 'Always', volumes: [{ name: 'config', configMap: { name: 'config' } }] }, { volumeMounts: [{ name: 'config', mountPath: '/config' }] }))
    await until('it says why it is not made', () => /no space left on device/i.test(events('late')) || events('late'), 30_000)
    assert.equal(ok('exec', 'modest', '--', 'echo', 'still here'), 'still here\n')
    const load = ground.skiff(['image', 'build', 'localhost/skiff/other:1', '--package', 'busybox-static'])
    assert.notEqual(load.code, 0)
    assert.match(ground.skiff(['image', 'ls']).out, /localhost\/skiff\/busybox:1/)
    ground.run(['rm', filled])
    await until('it runs', () => status('late', 'phase') === 'Running' || events('late'), 60_000)
    assert.equal(ok('logs', 'late'), '100000\n')
    assert.equal(ok('exec', 'modest', '--', 'echo', 'still here'), 'still here\n')
    ok('delete', 'pod', 'late', 'modest')
    await until('nothing of them is left', () => ground.run(['ls', join(ground.dataDir, 'agent/pods')]).out === '', 20_000)
  })
})
