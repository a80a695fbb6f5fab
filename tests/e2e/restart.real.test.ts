// Containers outlive what watches over them: the agent, the daemon, both, and even `skiff down` loses no object and no claim.
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { after, before, describe, test } from 'node:test'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { find } from '../../packages/host/linux/probe.ts'
import { Playground, stockKubectl, typing, until, untilReady, whyNoContainers } from './playground.ts'

const kubectl = stockKubectl()
const skip = whyNoContainers() ?? (kubectl === undefined ? 'no stock kubectl: set SKIFF_TEST_KUBECTL' : false)
const image = 'localhost/skiff/busybox:1'

const steady = (name: string): object => ({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec: { replicas: 2, selector: { matchLabels: { app: name } }, template: {
    metadata: { labels: { app: name } }, spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image, command: ['sleep', '100000'], readinessProbe: { exec: { command: ['true'] }, periodSeconds: 1 } }] } } },
})
const keeper = {
  apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'keeper' }, spec: { serviceName: 'keeper', selector: { matchLabels: { app: 'keeper' } },
    template: { metadata: { labels: { app: 'keeper' } }, spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image, command: ['sh', '-c', 'echo started >> /data/starts; sleep 100000'], volumeMounts: [{ name: 'data', mountPath: '/data' }] }] } },
    volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } } }] },
}

/** As many as a machine with other things to do makes in half a minute; SKIFF_TEST_PODS asks for more. */
const leakPods = Number(process.env['SKIFF_TEST_PODS'] ?? 60)

describe('containers outlive what watches over them', { skip, timeout: 300_000 + leakPods * 1000 }, () => {
  let ground: Playground
  let daemon: ChildProcess | undefined
  const crun = find('crun')
  const slow = mkdtempSync(join(tmpdir(), 'skiff-slow-'))
  const { run, ok, apply } = typing(kubectl, () => ground)
  const start = (): ChildProcess => ground.startSkiff(['up', '--nodes', '2', '--bare'])
  const up = async (): Promise<void> => {
    daemon = start()
    await untilReady(daemon, agentLog)
  }
  const ended = (child: ChildProcess): Promise<number | null> => new Promise((resolve) => { if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode); else child.on('exit', resolve) })
  const agentLog = (): string => ground.run(['tail', '-n', '20', join(ground.dataDir, 'agent/agent.log')]).out
  const daemonPid = (): number => Number(readFileSync(join(ground.dataDir, 'owner.pid'), 'utf8'))
  const agents = (): readonly number[] => ground.processes().filter(({ command }) => command.includes('/agent/main.ts')).map(({ pid }) => pid)
  /** Name, restarts and container of each pod. */
  const containers = (): string => ok('get', 'pods', '-l', 'app', '--sort-by=.metadata.name', '-o', 'jsonpath={range .items[*]}{.metadata.name} {.status.containerStatuses[0].restartCount} {.status.containerStatuses[0].containerID}{"\\n"}{end}')
  const restarts = (pod: string): number => Number(run('get', 'pod', pod, '-o', 'jsonpath={.status.containerStatuses[0].restartCount}').out)
  const podOf = (app: string): string => ok('get', 'pods', '-l', `app=${app}`, '-o', 'jsonpath={.items[0].metadata.name}')
  /** The process of a pod's container, as its monitor wrote it down. */
  const processOf = (pod: string): number => {
    const uid = ok('get', 'pod', pod, '-o', 'jsonpath={.metadata.uid}')
    return Number(readFileSync(join(ground.dataDir, 'agent/pods', uid, 'containers/main', String(restarts(pod)), 'pid'), 'utf8'))
  }
  const allReady = async (): Promise<void> => {
    await until('all pods are ready', () => {
      const lines = ok('get', 'pods', '-l', 'app', '--no-headers').trim().split('\n')
      return lines.length === 3 && lines.every((line) => /\s1\/1\s+Running\s/.test(line)) || lines.join('\n')
    }, 30_000)
  }

  before(async () => {
    ground = new Playground()
    await ground.ready()
    const built = ground.buildImage([image, '--package', 'busybox-static'])
    assert.equal(built.code, 0, built.out + built.err)
    // In place of crun, inside, one that takes its time to create a container as long as there is a file 'slow', and says when it has begun.
    if (crun !== undefined) {
      cpSync(crun, `${slow}/real`)
      writeFileSync(`${slow}/crun`, `#!/usr/bin/perl\nif (-e '${slow}/slow' && grep { $_ eq 'create' } @ARGV) { open(my $begun, '>', '${slow}/begun'); close $begun; sleep 8 }\nexec '${slow}/real', @ARGV;\n`, { mode: 0o755 })
      assert.equal(ground.run(['mount', '--bind', `${slow}/crun`, crun]).code, 0)
    }
    await up()
    apply(steady('web'))
    apply(keeper)
    ok('rollout', 'status', 'deployment/web', '--timeout=30s')
    ok('rollout', 'status', 'statefulset/keeper', '--timeout=30s')
  })
  after(() => {
    ground?.close()
    rmSync(slow, { recursive: true, force: true })
  })

  test('kill -9 of the agent: the same containers go on, and one that died meanwhile is restarted once', async () => {
    const before = containers()
    const [agent] = agents()
    assert.ok(agent !== undefined)
    const bridges = (): readonly unknown[] => ground.processes().filter(({ command }) => command.includes('SOCK_SEQPACKET'))
    const attached = ground.start(['env', `HOME=${ground.folder}`, kubectl ?? '', '--kubeconfig', join(ground.dataDir, 'kubeconfig'), 'attach', podOf('web')])
    await until('somebody has attached', () => bridges().length > 0)
    process.kill(agent, 'SIGKILL')
    await until('another agent plays the nodes', () => agents().some((pid) => pid !== agent))
    await until('what attached has ended too', () => bridges().length === 0)
    attached.kill('SIGKILL')
    assert.equal(ok('exec', podOf('web'), '--', 'echo', 'still here'), 'still here\n')
    assert.equal(containers(), before)
    const pod = podOf('web')
    const dying = processOf(pod)
    const [next] = agents()
    assert.ok(next !== undefined)
    process.kill(next, 'SIGKILL')
    process.kill(dying, 'SIGKILL')
    await until('the container runs again', () => restarts(pod) === 1)
    await allReady()
    assert.equal(restarts(pod), 1)
    assert.equal(ok('get', 'pod', pod, '-o', 'jsonpath={.status.containerStatuses[0].lastState.terminated.exitCode}'), '137')
  })

  test('kill -9 of the daemon takes the agent along; a rollout that kubectl follows goes on over the restart', async () => {
    const before = containers()
    apply({ ...steady('slow'), spec: { replicas: 1, selector: { matchLabels: { job: 'slow' } }, template: { metadata: { labels: { job: 'slow' } }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image, command: ['sh', '-c', 'sleep 6; touch /ready; sleep 100000'], readinessProbe: { exec: { command: ['test', '-e', '/ready'] }, periodSeconds: 1 } }] } } } })
    const following = ground.start(['env', `HOME=${ground.folder}`, kubectl ?? '', '--kubeconfig', join(ground.dataDir, 'kubeconfig'), 'rollout', 'status', 'deployment/slow', '--timeout=60s'])
    let said = ''
    following.stdout?.on('data', (text) => { said += String(text) })
    await until('the rollout is followed', () => said.includes('Waiting') || said)
    process.kill(daemonPid(), 'SIGKILL')
    await until('the agent has ended too', () => agents().length === 0)
    await up()
    assert.equal(containers(), before)
    assert.equal(await ended(following), 0)
    assert.match(said, /deployment "slow" successfully rolled out/)
    ok('delete', 'deployment', 'slow', '--wait=false')
  })

  test('kill -9 of daemon and agent together: a container that died while nobody looked is restarted, the others go on', async () => {
    const pod = ok('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[1].metadata.name}')
    const before = containers().split('\n')
    const dying = processOf(pod)
    const [agent] = agents()
    process.kill(daemonPid(), 'SIGKILL')
    if (agent !== undefined) process.kill(agent, 'SIGKILL')
    process.kill(dying, 'SIGKILL')
    start()
    await until('an agent begins', () => agents().length > 0)
    process.kill(daemonPid(), 'SIGKILL')
    await until('it has ended before it has played anything', () => agents().length === 0, 20_000)
    await up()
    await until('the container runs again', () => restarts(pod) === Number(before.find((line) => line.startsWith(pod))?.split(' ')[1]) + 1)
    const others = (lines: readonly string[]): readonly string[] => lines.filter((line) => !line.startsWith(pod))
    assert.deepEqual(others(containers().split('\n')), others(before))
  })

  test('kill -9 of a monitor: its container goes on and is watched still', async () => {
    await allReady()
    const pod = podOf('web')
    const before = containers()
    const uid = ok('get', 'pod', pod, '-o', 'jsonpath={.metadata.uid}')
    process.kill(Number(readFileSync(join(ground.dataDir, 'agent/pods', uid, 'containers/main', String(restarts(pod)), 'conmon-pid'), 'utf8')), 'SIGKILL')
    assert.equal(ok('exec', pod, '--', 'echo', 'still here'), 'still here\n')
    assert.equal(containers(), before)
    const count = restarts(pod)
    process.kill(processOf(pod), 'SIGKILL')
    await until('the container runs again', () => restarts(pod) === count + 1)
    await allReady()
  })

  test(`${leakPods} pods that came and went leave nothing`, async () => {
    const many = Array.from({ length: leakPods }, (_, index) => ({
      apiVersion: 'v1', kind: 'Pod', metadata: { name: `brief-${index}`, labels: { brief: 'yes' } }, spec: {
        terminationGracePeriodSeconds: 0, volumes: [{ name: 'memory', emptyDir: { medium: 'Memory' } }, { name: 'host', hostPath: { path: '/var/log' } }],
        containers: [{ name: 'main', image, command: ['sleep', '100000'], volumeMounts: [{ name: 'memory', mountPath: '/memory', subPath: 'part' }, { name: 'host', mountPath: '/host' }] }],
      },
    }))
    const wave = (pods: readonly object[]): void => {
      const created = ground.kubectl(kubectl ?? '', ['create', '-f', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: pods }) })
      assert.equal(created.code, 0, created.err)
      ok('wait', '--for=condition=Ready', 'pod', '-l', 'brief', '--timeout=100s')
      uids.push(...ok('get', 'pods', '-l', 'brief', '-o', 'jsonpath={.items[*].metadata.uid}').split(' '))
      ok('delete', 'pods', '-l', 'brief', '--wait=true')
    }
    const uids: string[] = []
    const records = (): number => readdirSync(join(ground.dataDir, 'agent/pods')).length
    const standing = records()
    // The first hostPath of a node makes its overlay, which stays.
    wave(many.slice(0, 10))
    await until('the first are gone', () => records() === standing, 20_000)
    const [agent = 0] = agents()
    const held = (): readonly [mounts: number, files: number, links: number, records: readonly string[]] => [
      readFileSync(`/proc/${agent}/mountinfo`, 'utf8').split('\n').length, readdirSync(`/proc/${agent}/fd`).length, ground.run(['ip', '-o', 'link']).out.split('\n').length,
      ['pods', 'exits', 'oci'].map((part) => `${part} ${readdirSync(join(ground.dataDir, 'agent', part)).length}`),
    ]
    const before = held()
    for (let from = 10; from < many.length; from += 50) wave(many.slice(from, from + 50))
    assert.equal(uids.length, leakPods)
    // Files may have been fewer all the same: a connection that was idle has been closed.
    const isAsBefore = ([mounts, files, ...others]: ReturnType<typeof held>): boolean => files <= before[1] && JSON.stringify([mounts, before[1], ...others]) === JSON.stringify(before)
    await until('all is as before', () => isAsBefore(held()) || JSON.stringify([before, held()]), 20_000)
    assert.deepEqual(leftOvers(ground, uids).groups, [])
  })

  for (const [signal, cause] of [['SIGTERM', 'SIGTERM'], ['SIGINT', 'Ctrl-C']] as const) {
    test(`${cause} ends daemon and agent in order, the pods go on`, async () => {
      await allReady()
      const before = containers()
      const ending = daemon
      assert.ok(ending !== undefined)
      process.kill(daemonPid(), signal)
      assert.equal(await ended(ending), 0)
      assert.deepEqual(agents(), [])
      await up()
      assert.equal(containers(), before)
    })
  }

  test('a node that comes when another has gone has the address that it tells of, and nothing of the other stays', async () => {
    const before = containers()
    const ready = (name: string): Promise<void> => until(`${name} is Ready`, () => run('get', 'node', name, '--no-headers').out.includes(' Ready ') || agentLog(), 30_000)
    for (const words of [['add', '--name', 'early'], ['remove', 'early-1'], ['add', '--name', 'late']]) {
      const { code, out, err } = ground.skiff(['node', ...words])
      assert.equal(code, 0, out + err)
      if (words[0] === 'add') await ready(`${words[2] ?? ''}-1`)
    }
    const networks = join(ground.dataDir, 'agent/network/nodes')
    assert.deepEqual(readdirSync(networks).sort(), ['late-1', 'node-1', 'node-2'])
    const told = ok('get', 'node', 'late-1', '-o', 'jsonpath={.status.addresses[?(@.type=="InternalIP")].address}')
    const dial = `require('node:net').connect(10250, ${JSON.stringify(told)}).on('connect', () => process.exit(0)).setTimeout(2000, () => process.exit(1)).on('error', () => process.exit(1))`
    await until('its kubelet answers there', () => ground.run([process.execPath, '-e', dial]).code === 0 || told)
    assert.equal(ground.skiff(['node', 'remove', 'late-1']).code, 0)
    assert.equal(containers(), before)
  })

  test('down with the daemon dead stops the pods; up brings them back, with their data', async () => {
    if (crun !== undefined) {
      // While a container is being made, and with an agent that does not notice anything.
      writeFileSync(`${slow}/slow`, '')
      apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'made' }, spec: { containers: [{ name: 'main', image, command: ['sleep', '100000'] }] } })
      await until('a container is being made', () => existsSync(`${slow}/begun`))
      for (const pid of agents()) process.kill(pid, 'SIGSTOP')
    }
    const uids = ok('get', 'pods', '-o', 'jsonpath={.items[*].metadata.uid}').split(' ')
    process.kill(daemonPid(), 'SIGKILL')
    const { code, out, err } = ground.skiff(['down'], { timeoutMs: 60_000 })
    assert.equal(code, 0, out + err)
    assert.deepEqual(leftOvers(ground, uids), nothing)
    rmSync(`${slow}/slow`, { force: true })
    await up()
    run('delete', 'pod', 'made', '--now', '--wait=false')
    // Until the agent has looked, pods are shown as they were.
    await until('it was started again', () => /^keeper-0 1 /.test(containers()) || containers(), 30_000)
    await allReady()
    assert.equal(ok('exec', 'keeper-0', '--', 'cat', '/data/starts'), 'started\nstarted\n')
  })

  test('after a reboot of the machine every pod is started anew, with its data', async () => {
    const before = containers().split('\n').map((line) => line.split(' ').slice(0, 2))
    process.kill(daemonPid(), 'SIGKILL')
    await until('the agent has ended too', () => agents().length === 0)
    ground.reboot()
    await up()
    await until('every container has been restarted', () => before.every(([pod = '', count]) => pod === '' || restarts(pod) === Number(count) + 1) || containers(), 30_000)
    await allReady()
    assert.equal(ok('exec', 'keeper-0', '--', 'cat', '/data/starts'), 'started\nstarted\nstarted\n')
  })

  test('down --purge leaves nothing: no process, no mount, no network, no table, no control group, no file', () => {
    const uids = ok('get', 'pods', '-A', '-o', 'jsonpath={.items[*].metadata.uid}').split(' ')
    const { code, out, err } = ground.skiff(['down', '--purge'], { timeoutMs: 60_000 })
    assert.equal(code, 0, out + err)
    assert.deepEqual(leftOvers(ground, uids), nothing)
    assert.equal(existsSync(ground.dataDir), false)
  })
})

const nothing = { processes: [], mounts: [], links: [], tables: '', groups: [] }

/** What a cluster has left on its machine. */
function leftOvers(ground: Playground, podUids: readonly string[]): Record<keyof typeof nothing, unknown> {
  return {
    processes: ground.processes().map(({ command }) => command),
    mounts: ground.run(['cat', '/proc/self/mountinfo']).out.split('\n').filter((line) => line.includes(ground.folder)),
    links: ground.run(['ip', '-o', 'link']).out.trim().split('\n').map((line) => line.split(': ')[1]).filter((link) => link !== 'lo'),
    tables: ground.run(['nft', 'list', 'tables']).out,
    groups: podUids.filter((uid) => uid !== '').flatMap((uid) => groupsOf(uid)),
  }
}
function groupsOf(uid: string): readonly string[] {
  const root = '/sys/fs/cgroup'
  const controllers = existsSync(`${root}/cgroup.controllers`) ? [root] : readdirSync(root).map((name) => `${root}/${name}`)
  return controllers.flatMap((controller) => ['', '/burstable', '/besteffort'].map((qos) => `${controller}/skiff${qos}/pod${uid}`)).filter((path) => existsSync(path))
}
