import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { runtimeConformance } from '../../core/kubelet/runtime.conformance.ts'
import type { ServiceRoute } from '@kubeskiff/core/network'
import { detach, mountsBelow, probeHost } from '../linux/index.ts'
import { machine, openSockets, serveDns } from '../network/index.ts'
import { testsOfWhatIsLeft } from './real.left.ts'
import { appArmorTest } from './app-armor.real.inside.ts'
import { collect, makeRealWorld, security, testImage, text } from './real.world.ts'
import { seLinuxTest } from './selinux.real.inside.ts'

/** Started by oci.real.test.ts as root, in private namespaces. */
const world = makeRealWorld(process.env['SKIFF_TEST_DIRECTORY'] ?? '', process.env['SKIFF_TEST_CGROUP'] ?? '')
after(() => world.close())
/** The handlers that are there without a word: the usual one first. */
const installed = (['crun', 'runc'] as const).filter((name) => probeHost().tools[name] !== undefined)
const forever = 'while :; do sleep 1000 & wait; done'

/** What the kernel says of a group. */
function limitsOf(group: string): { readonly shares: number; readonly quota: number; readonly memory: number } {
  const read = (v1: string, v2: string): string => readFileSync(existsSync('/sys/fs/cgroup/cgroup.controllers') ? `/sys/fs/cgroup${group}/${v2}` : `/sys/fs/cgroup/${v1.split('.')[0]}${group}/${v1}`, 'utf8')
  return { shares: Number(read('cpu.shares', 'cpu.weight')), quota: Number(read('cpu.cfs_quota_us', 'cpu.max').split(' ')[0]), memory: Number(read('memory.limit_in_bytes', 'memory.max')) }
}

/** Waits until the main container of a pod takes connections. */
async function listens(pod: string, port: number): Promise<void> {
  for (let tries = 0; tries < 200 && !(await world.check(pod, 'main', { is: 'tcp', host: '', port })).ok; tries += 1) await new Promise((resolve) => setTimeout(resolve, 10))
}

test('a container runs with its environment, files and log, and ends with its code and last words', async () => {
  const address = await world.pod('one', { hostname: 'one', domain: 'web.default.svc.cluster.local', hostAliases: [{ ip: '10.1.2.3', hostnames: ['far', 'away'] }] })
  await world.start('one', 'main', { command: ['sh', '-c', 'echo $FROM_IMAGE $OWN; cat greeting; hostname; echo oops >&2; echo done > /dev/termination-log; exit 3'], env: [['OWN', 'mine']], workingDir: '/' })
  const { exitCode, message, outOfMemory } = await world.exited('one', 'main')
  assert.deepEqual({ exitCode, message, outOfMemory }, { exitCode: 3, message: 'done\n', outOfMemory: false })
  assert.equal(await world.log('one', 'main'), 'yes mine\nhello from the image\none\noops\n')
  await world.start('one', 'files', {})
  const { stdout } = await world.exec('one', 'files', 'cat', '/etc/hosts', '/etc/resolv.conf', '/etc/hostname')
  assert.equal(stdout, `# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n${address}\tone.web.default.svc.cluster.local\tone\n\n# Entries added by HostAliases.\n10.1.2.3\tfar\taway\nsearch default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\none\n`)
  await world.teardown('one')
})

test('volumes are shared, replaced whole, read-only where they must be, and gone with the pod', async () => {
  const bytes = (value: string): Uint8Array => Buffer.from(value)
  const outside = `${world.directory}/outside`
  mkdirSync(outside)
  mkdirSync(`${world.directory}/claims/a`, { recursive: true })
  const files = (value: string) => ({ name: 'config', is: 'files' as const, inMemory: true, group: 2000, files: [{ path: 'key', mode: 0o600, bytes: bytes(value) }, { path: 'deep/key', mode: 0o644, bytes: bytes('deep') }, { path: 'own', mode: 0o600, user: 1000, bytes: bytes('mine') }] })
  const others = [{ name: 'scratch', is: 'emptyDir', medium: '' }, { name: 'memory', is: 'emptyDir', medium: 'Memory', sizeBytes: 65536 }, { name: 'host', is: 'hostPath', path: outside, type: 'Directory' }, { name: 'claim', is: 'directory', path: `${world.directory}/claims/a`, isMade: true }] as const
  await world.pod('vol', {}, [files('first'), ...others])
  const mount = (volume: string, path: string, subPath = '', readOnly = false) => ({ volume, path, subPath, readOnly, propagation: 'None' as const })
  await world.start('vol', 'writer', { mounts: [mount('scratch', '/scratch'), mount('host', '/host'), mount('claim', '/claim')], command: ['sh', '-c', 'echo shared > /scratch/file; echo out > /host/file; echo kept > /claim/file; sleep 1000'] })
  await world.start('vol', 'reader', { mounts: [mount('scratch', '/scratch', '', true), mount('config', '/config'), mount('memory', '/memory'), mount('config', '/one', 'key')], security: security({ user: 1000, fsGroup: 2000 }) })
  const read = await world.exec('vol', 'reader', 'sh', '-c', 'cat /scratch/file /config/key /config/deep/key /one; echo; touch /scratch/x || echo refused; touch /config/x || echo refused; df -k /memory | tail -1 | tr -s " " | cut -d" " -f2; stat -c "%a %u %g" /config/..data/key /config/..data/own; ls /config')
  assert.deepEqual(read.stdout.split('\n'), ['shared', 'firstdeepfirst', 'refused', 'refused', '64', '640 0 2000', '640 1000 2000', 'deep', 'key', 'own', ''])
  const updated = world.event('volumes-ready', (event) => event.generation === 2)
  world.runtime.submit({ do: 'volumes', pod: 'vol', generation: 2, volumes: [files('second'), ...others] })
  await updated
  assert.equal((await world.exec('vol', 'reader', 'sh', '-c', 'cat /config/key; stat -c " %a %g" /config/..data/key')).stdout, 'second 640 2000\n')
  // As after a restart of the machine: the directories are there, and nothing is mounted. What is secret does not go to the disk.
  const inMemory = ['config', 'memory'].map((name) => `${world.directory}/state/pods/vol/volumes/${name}`)
  for (const point of inMemory) detach(point)
  const again = world.event('volumes-ready', (event) => event.generation === 3)
  world.runtime.submit({ do: 'volumes', pod: 'vol', generation: 3, volumes: [files('third'), ...others] })
  await again
  assert.deepEqual(inMemory.map((point) => [mountsBelow(point), readdirSync(point).length > 0]), inMemory.map((point) => [[point], point.endsWith('config')]))
  await world.teardown('vol')
  assert.deepEqual([readFileSync(`${outside}/file`, 'utf8'), readFileSync(`${world.directory}/claims/a/file`, 'utf8')], ['out\n', 'kept\n'])
  assert.deepEqual(mountsBelow(`${world.directory}/state/pods`), [])
  const missing = world.event('volumes-failed', (event) => event.pod === 'bad')
  await world.pod('bad')
  world.runtime.submit({ do: 'volumes', pod: 'bad', generation: 2, volumes: [{ name: 'h', is: 'hostPath', path: '/no/such', type: 'Directory' }] })
  assert.equal((await missing).failures[0]?.message, 'MountVolume.SetUp failed for volume "h" : hostPath type check failed: /no/such is not a directory')
  await world.teardown('bad')
})

test('exec gives output, errors, code and input, and a terminal that can be resized', async () => {
  await world.pod('exec')
  await world.start('exec', 'main', { env: [['A', 'b c']] })
  assert.deepEqual(await world.exec('exec', 'main', 'sh', '-c', 'echo "$A"; echo bad >&2; exit 7'), { code: 7, stdout: 'b c\n', stderr: 'bad\n' })
  const typed = world.runtime.openExec('exec', 'main', ['tr', 'a-z', 'A-Z'], { stdin: true, tty: false })
  typed.stdin?.end('shout\n')
  assert.equal((await collect(typed)).stdout, 'SHOUT\n')
  const early = world.runtime.openExec('exec', 'main', ['sh', '-c', 'echo out; echo err >&2'], { stdin: false, tty: false })
  await early.ended
  assert.deepEqual(await collect(early), { code: 0, stdout: 'out\n', stderr: 'err\n' }, 'what a command said is there also for who reads after its end')
  const terminal = world.runtime.openExec('exec', 'main', ['sh'], { stdin: true, tty: true, size: { columns: 100, rows: 30 } })
  let screen = ''
  terminal.stdout.on('data', (chunk: Buffer) => { screen += chunk.toString() })
  const shown = async (wanted: RegExp): Promise<void> => {
    for (let tries = 0; !wanted.test(screen) && tries < 400; tries += 1) await new Promise((resolve) => setTimeout(resolve, 10))
    assert.match(screen, wanted)
  }
  terminal.stdin?.write('stty size; tty\n')
  await shown(/30 100\r\n\/dev\/pts\/\d/)
  terminal.resize({ columns: 144, rows: 44 })
  for (let tries = 0; !/44 144/.test(screen) && tries < 20; tries += 1) {
    terminal.stdin?.write('stty size\n')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  assert.match(screen, /44 144\r\n/)
  terminal.stdin?.write('exit 9\n')
  assert.deepEqual(await terminal.ended, { code: 9 })
  await world.teardown('exec')
})

test('attach reaches the first process, with and without a terminal', async () => {
  await world.pod('attach')
  await world.start('attach', 'plain', { stdin: true, stdinOnce: true, command: ['sh', '-c', 'while read -r line; do echo "got $line"; echo "err $line" >&2; done; echo end'] })
  const attached = world.runtime.openAttach('attach', 'plain', { stdin: true })
  attached.stdin?.write('one\n')
  const both = Promise.all([text(attached.stdout), attached.stderr === undefined ? '' : text(attached.stderr)])
  setTimeout(() => attached.stdin?.end('two\n'), 300)
  assert.deepEqual(await both, ['got one\ngot two\nend\n', 'err one\nerr two\n'])
  assert.equal((await world.exited('attach', 'plain')).exitCode, 0)

  await world.start('attach', 'screen', { stdin: true, tty: true, command: ['sh', '-c', 'trap "stty size" WINCH; while :; do sleep 0.05; done'] })
  const terminal = world.runtime.openAttach('attach', 'screen', { stdin: true })
  let screen = ''
  terminal.stdout.on('data', (chunk) => { screen += String(chunk) })
  // As kubectl, which wants the screen drawn anew: one too large, then the right one. Both are heard, in this order.
  for (const columns of [101, 100]) terminal.resize({ columns, rows: 30 })
  for (let tries = 0; !/30 100\r\n$/.test(screen) && tries < 200; tries += 1) await new Promise((resolve) => setTimeout(resolve, 50))
  assert.match(screen, /30 100\r\n$/)
  terminal.close()
  await world.teardown('attach')
})

test('checks answer as the kubelet words them', async () => {
  const address = await world.pod('check')
  await world.start('check', 'main', { command: ['sh', '-c', 'mkdir /www; echo ok > /www/fine; httpd -f -p 8080 -h /www'] })
  const http = { is: 'http', scheme: 'HTTP', host: '', port: 8080, headers: [] } as const
  await listens('check', 8080)
  assert.deepEqual([
    await world.check('check', 'main', { is: 'tcp', host: '', port: 8080 }),
    await world.check('check', 'main', { is: 'tcp', host: '', port: 9 }),
    await world.check('check', 'main', { ...http, path: '/fine' }),
    await world.check('check', 'main', { ...http, path: '/none' }),
    await world.check('check', 'main', { ...http, port: 9, path: '/' }),
    await world.check('check', 'main', { is: 'exec', command: ['sh', '-c', 'echo fine'] }),
    await world.check('check', 'main', { is: 'exec', command: ['sh', '-c', 'echo bad; exit 1'] }),
    await world.check('check', 'main', { is: 'exec', command: ['sleep', '20'] }, 1),
    await world.check('check', 'main', { is: 'sleep', seconds: 0 }),
    await world.check('check', 'main', { is: 'grpc', port: 9, service: '' }, 1),
  ], [
    { ok: true, output: '' },
    { ok: false, output: `dial tcp ${address}:9: connect: connection refused` },
    { ok: true, output: '' },
    { ok: false, output: 'HTTP probe failed with statuscode: 404' },
    { ok: false, output: `Get "http://${address}:9/": dial tcp ${address}:9: connect: connection refused` },
    { ok: true, output: 'fine\n' },
    { ok: false, output: 'bad\n' },
    { ok: false, output: 'command "sleep 20" timed out' },
    { ok: true, output: '' },
    { ok: false, output: `timeout: failed to connect service "${address}:9" within 1s: context deadline exceeded` },
  ])
  await world.teardown('check')
})

test('a container that takes more memory than its limit is killed, and that is told', async () => {
  await world.pod('oom', { qos: 'Burstable' })
  await world.start('oom', 'main', { command: ['tail', '/dev/zero'], resources: { cpuMillisRequested: 100, cpuMillisLimit: 500, memoryBytesRequested: 1 << 24, memoryBytesLimit: 1 << 25 } })
  const { exitCode, outOfMemory } = await world.exited('oom', 'main')
  assert.deepEqual({ exitCode, outOfMemory }, { exitCode: 137, outOfMemory: true })
  await world.teardown('oom')
})

test('stop sends the signal, and KILL to what does not heed it', async () => {
  await world.pod('stop')
  await world.start('stop', 'heeds', { command: ['sh', '-c', `trap 'exit 5' TERM; echo ready; ${forever}`] })
  await world.start('stop', 'deaf', { command: ['sleep', '1000'] })
  await world.start('stop', 'usr', { command: ['sh', '-c', `trap 'exit 6' USR1; echo ready; ${forever}`] })
  for (const container of ['heeds', 'usr']) for (let tries = 0; (await world.log('stop', container)) === '' && tries < 200; tries += 1) await new Promise((resolve) => setTimeout(resolve, 10))
  world.runtime.submit({ do: 'stop', pod: 'stop', container: 'heeds', attempt: 0, graceSeconds: 30 })
  world.runtime.submit({ do: 'stop', pod: 'stop', container: 'usr', attempt: 0, graceSeconds: 30, signal: 'SIGUSR1' })
  world.runtime.submit({ do: 'stop', pod: 'stop', container: 'deaf', attempt: 0, graceSeconds: 30 })
  world.runtime.submit({ do: 'stop', pod: 'stop', container: 'deaf', attempt: 0, graceSeconds: 0 })
  const codes = await Promise.all(['heeds', 'usr', 'deaf'].map(async (container) => (await world.exited('stop', container)).exitCode))
  assert.deepEqual(codes, [5, 6, 137])
  await world.teardown('stop')
})

test('users, capabilities and a read-only root are as the security context says', async () => {
  await world.pod('secure')
  const show = ['sh', '-c', 'id -u; id -g; id -G; grep -E "CapBnd|NoNewPrivs" /proc/self/status | tr -d "\\t"; touch /x 2>&1; sleep 1000']
  await world.start('secure', 'main', { command: show, security: security({ user: 1000, group: 3000, supplementalGroups: [4000], readOnlyRoot: true, allowPrivilegeEscalation: false, capabilitiesDropped: ['ALL'], capabilitiesAdded: ['NET_BIND_SERVICE'] }) })
  for (let tries = 0; !(await world.log('secure', 'main')).includes('touch') && tries < 200; tries += 1) await new Promise((resolve) => setTimeout(resolve, 10))
  assert.deepEqual((await world.log('secure', 'main')).split('\n'), ['1000', '3000', '3000 4000', 'CapBnd:0000000000000400', 'NoNewPrivs:1', 'touch: /x: Read-only file system', ''])
  const refused = await world.start('secure', 'root', { security: security({ mustRunAsNonRoot: true }) })
  assert.deepEqual(refused.is === 'start-failed' && [refused.reason, refused.message], ['CreateContainerConfigError', 'container has runAsNonRoot and image will run as root (pod: "secure_default(secure)", container: root)'])
  const privileged = await world.start('secure', 'privileged', { security: security({ privileged: true }) })
  assert.equal(privileged.is, 'started')
  await world.teardown('secure')
})

test('system calls are filtered by the default profile, by one of the machine, or not at all', async () => {
  mkdirSync(`${world.directory}/state/seccomp`, { recursive: true })
  writeFileSync(`${world.directory}/state/seccomp/no-folders.json`, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }] }))
  await world.pod('filter')
  const look = (container: string): Promise<{ readonly stdout: string }> => world.exec('filter', container, 'sh', '-c', 'grep ^Seccomp: /proc/self/status | tr -d "\\t"; mkdir /new 2>&1 && echo made; cat /proc/self/mounts | grep -c " /proc/"')
  await world.start('filter', 'plain', {})
  await world.start('filter', 'usual', { security: security({ seccomp: { is: 'default' } }) })
  await world.start('filter', 'own', { security: security({ seccomp: { is: 'localhost', path: 'no-folders.json' } }) })
  await world.start('filter', 'open', { security: security({ unmasked: true }) })
  const answers = await Promise.all(['plain', 'usual', 'own', 'open'].map(async (container) => (await look(container)).stdout.trim().split('\n')))
  assert.deepEqual(answers.map(([filter, made]) => [filter, made]), [['Seccomp:0', 'made'], ['Seccomp:2', 'made'], ['Seccomp:2', "mkdir: can't create directory '/new': Operation not permitted"], ['Seccomp:0', 'made']])
  assert.deepEqual(answers.map((lines) => Number(lines[2]) > 0), [true, true, true, false], 'what is hidden of /proc')
  const missing = await world.start('filter', 'missing', { security: security({ seccomp: { is: 'localhost', path: 'none.json' } }) })
  assert.match(missing.is === 'start-failed' ? `${missing.reason}: ${missing.message}` : '', /^CreateContainerError: cannot load seccomp profile ".*\/seccomp\/none.json": /)
  await world.teardown('filter')
})

appArmorTest(world)
seLinuxTest(world)

test('a pod\'s group holds what its containers have together and changes with them; an unknown handler is refused', async () => {
  await world.pod('group', { qos: 'Burstable', resources: { cpuMillisRequested: 500, cpuMillisLimit: 1000, memoryBytesRequested: 1 << 24, memoryBytesLimit: 1 << 26 } })
  await world.start('group', 'main', {})
  const group = `${process.env['SKIFF_TEST_CGROUP'] ?? ''}/burstable/podgroup`
  assert.deepEqual(limitsOf(group), { shares: 512, quota: 100000, memory: 1 << 26 })
  const resized = async (memoryBytesLimit: number): Promise<string | undefined> => {
    const answer = world.event('resized', (event) => event.pod === 'group')
    const resources = { cpuMillisRequested: 100, cpuMillisLimit: 250, memoryBytesRequested: 1 << 20, memoryBytesLimit }
    world.runtime.submit({ do: 'resize', pod: 'group', container: 'main', attempt: 0, resources, podResources: resources })
    return (await answer).problem
  }
  assert.equal(await resized(1 << 25), undefined)
  const main = world.runtime.observed().pods.get('group')?.containers.get('main')?.at(-1)
  assert.deepEqual([limitsOf(group), limitsOf(`${group}/${main?.is === 'running' ? main.id : ''}`), main?.resources?.memoryBytesLimit], [{ shares: 102, quota: 25000, memory: 1 << 25 }, { shares: 102, quota: 25000, memory: 1 << 25 }, 1 << 25])
  assert.match(await resized(4096) ?? '', /^cannot decrease memory limits: \[attempting to set pod memory limit \(4096\) below current usage \(\d+\), attempting to set container "main" memory limit \(4096\) below current usage \(\d+\)\]$/)
  assert.equal(limitsOf(group).memory, 1 << 25)
  await world.teardown('group')
  assert.equal(existsSync(`/sys/fs/cgroup/cpu${group}`) || existsSync(`/sys/fs/cgroup${group}`), false)
  await assert.rejects(world.pod('strange', { handler: 'gvisor' }), { message: 'rpc error: code = Unknown desc = failed to get sandbox runtime: no runtime for "gvisor" is configured' })
  await world.teardown('strange')
})

test('what cannot start says why', async () => {
  await world.pod('wrong')
  const missing = await world.start('wrong', 'command', { command: ['no-such-command'] })
  assert.deepEqual(missing.is === 'start-failed' && [missing.reason, /OCI runtime create failed.*no-such-command/.test(missing.message)], ['RunContainerError', true])
  const image = await world.start('wrong', 'image', { image: 'none:1' })
  assert.deepEqual(image.is === 'start-failed' && image.reason, 'CreateContainerError')
  const failed = world.event('pull-failed', () => true)
  world.runtime.submit({ do: 'pull', node: 'north', image: '127.0.0.1:5999/none:1' })
  const { reason, message } = await failed
  assert.deepEqual([reason, message], ['ErrImagePull', 'rpc error: code = Unknown desc = failed to pull and unpack image "127.0.0.1:5999/none:1": failed to resolve reference "127.0.0.1:5999/none:1": failed to do request: Head "http://127.0.0.1:5999/v2/none/manifests/1": dial tcp 127.0.0.1:5999: connect: connection refused'])
  await world.teardown('wrong')
})

test('containers of a pod share network and, where asked for, processes', async () => {
  await world.pod('share', { shareProcessNamespace: true })
  await world.start('share', 'web', { command: ['sh', '-c', 'mkdir /www; echo inside > /www/index.html; httpd -f -p 127.0.0.1:8080 -h /www'] })
  await world.start('share', 'side', {})
  for (let tries = 0; !(await world.check('share', 'side', { is: 'exec', command: ['wget', '-qO-', 'http://127.0.0.1:8080/'] })).ok && tries < 50;) tries += 1
  assert.equal((await world.exec('share', 'side', 'wget', '-qO-', 'http://127.0.0.1:8080/')).stdout, 'inside\n')
  const { stdout } = await world.exec('share', 'side', 'ps', '-o', 'pid,args')
  assert.match(stdout, /1 .*\/pause\n[^]*httpd[^]*sleep 1000/)
  const forward = world.runtime.openPortForward('share', 8080)
  forward.end('GET / HTTP/1.0\r\n\r\n')
  assert.match(await text(forward), /\r\n\r\ninside\n$/)
  // A server of IPv6 alone is reached, too.
  assert.equal((await world.exec('share', 'side', 'httpd', '-p', '[::1]:8081', '-h', '/etc')).code, 0)
  const six = world.runtime.openPortForward('share', 8081)
  six.end('GET /hostname HTTP/1.0\r\n\r\n')
  assert.match(await text(six), /\r\n\r\nshare\n$/)
  await world.teardown('share')
})

test('pods of two nodes reach each other, and services reach them from pods, nodes and machine', async () => {
  const [north, south] = [await world.pod('north-web'), await world.pod('south-web', { node: 'south' })]
  await world.pod('client', { hostPorts: [{ protocol: 'TCP', hostPort: 8081, containerPort: 80, hostIp: '' }] })
  const serve = (name: string): readonly string[] => ['sh', '-c', `mkdir /www; echo ${name} > /www/index.html; httpd -f -p 80 -h /www`]
  await world.start('north-web', 'main', { command: serve('north') })
  await world.start('south-web', 'main', { command: serve('south') })
  await world.start('client', 'main', { command: serve('client') })
  for (const pod of ['north-web', 'south-web', 'client']) await listens(pod, 80)
  assert.equal((await world.exec('client', 'main', 'ping', '-c', '1', '-W', '2', south)).code, 0)
  const endpoints = [{ address: north, port: 80 }, { address: south, port: 80 }]
  const routes: readonly ServiceRoute[] = [
    { name: 'default/web:http', protocol: 'TCP', addresses: ['10.96.0.100'], port: 80, endpoints, outside: { addresses: [], nodePort: 30080 } },
    { name: 'default/sticky:', protocol: 'TCP', addresses: ['10.96.0.101'], port: 80, affinitySeconds: 600, endpoints },
    { name: 'default/empty:', protocol: 'TCP', addresses: ['10.96.0.102'], port: 80, endpoints: 'refused' },
    { name: 'default/self:', protocol: 'TCP', addresses: ['10.96.0.103'], port: 8000, endpoints: [{ address: north, port: 80 }] },
  ]
  const byName = new Map(routes.map((route) => [route.name, [route]]))
  await Promise.all([world.network.route('north', byName), world.network.route('south', byName), world.network.route(machine, byName)])
  const get = async (pod: string, url: string): Promise<string> => {
    const { code, stdout, stderr } = await world.exec(pod, 'main', 'timeout', '5', 'wget', '-qO-', url)
    return code === 0 ? stdout : stderr
  }
  const many = async (pod: string, url: string): Promise<readonly string[]> => [...new Set(await Promise.all(Array.from({ length: 16 }, () => get(pod, url))))].sort()
  assert.deepEqual(await many('client', 'http://10.96.0.100/'), ['north\n', 'south\n'])
  assert.equal((await many('client', 'http://10.96.0.101/')).length, 1)
  assert.equal(await get('north-web', 'http://10.96.0.103:8000/'), 'north\n')
  const refused = await world.exec('client', 'main', 'timeout', '5', 'wget', '-qO-', 'http://10.96.0.102/')
  assert.match(refused.stderr, /Connection refused/)
  const node = world.network.node('south')?.address ?? ''
  assert.match(await get('client', `http://${node}:30080/`), /^(north|south)\n$/)
  assert.equal(await get('south-web', `http://${world.network.node('north')?.address}:8081/`), 'client\n')
  assert.match(await (await fetch('http://10.96.0.100/')).text(), /^(north|south)\n$/)
  assert.equal(await (await fetch(`http://${south}/`)).text(), 'south\n')
  await world.network.route('north', new Map(routes.slice(0, 1).map((route) => [route.name, [{ ...route, endpoints: endpoints.slice(0, 1) }]])))
  assert.deepEqual(await many('client', 'http://10.96.0.100/'), ['north\n'])
  for (const pod of ['north-web', 'south-web', 'client']) await world.teardown(pod)
})

test('names are asked for at the cluster DNS address, inside the node', async () => {
  const address = await world.pod('names')
  await world.start('names', 'main', {})
  const sockets = openSockets(world.network.node('north')?.namespace ?? '', { address: '10.96.0.10', port: 53 })
  const asked: string[] = []
  serveDns(sockets, async (question, over, from) => {
    asked.push(`${over} from ${from}`)
    const reply = Buffer.concat([question.subarray(0, 2), Buffer.from([0x81, 0x83]), question.subarray(4)]) // No such name.
    return reply
  })
  const answer = await world.exec('names', 'main', 'nslookup', 'web.default.svc.cluster.local.')
  sockets.close()
  assert.match(answer.stdout + answer.stderr, /NXDOMAIN/)
  assert.equal(asked[0], `udp from ${address}`)
  await world.teardown('names')
})

test('a log is given by its end, by time, with times, and as it grows', async () => {
  await world.pod('logs')
  await world.start('logs', 'main', { command: ['sh', '-c', 'for i in 1 2 3 4 5; do echo line $i; done; echo oops >&2; sleep 0.3; echo last'] })
  const follow = text(world.runtime.openLog('logs', 'main', {}, { follow: true, timestamps: false, tailLines: 100 }))
  await world.exited('logs', 'main')
  assert.equal(await follow, 'line 1\nline 2\nline 3\nline 4\nline 5\noops\nlast\n')
  const part = (options: object): Promise<string> => text(world.runtime.openLog('logs', 'main', {}, { follow: false, timestamps: false, ...options }))
  assert.deepEqual([await part({ tailLines: 2 }), await part({ tailLines: 0 }), await part({ limitBytes: 8 }), await part({ stream: 'stderr' }), await part({ since: Date.now() + 1000 })], ['oops\nlast\n', '', 'line 1\nl', 'oops\n', ''])
  assert.match(await part({ tailLines: 1, timestamps: true }), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z last\n$/)
  const again = world.event('exited', (event) => event.attempt === 1)
  await world.start('logs', 'main', { command: ['echo', 'again'] }, 1)
  await again
  assert.equal(await text(world.runtime.openLog('logs', 'main', { previous: true }, { follow: false, timestamps: false, tailLines: 1 })), 'last\n')
  // While the next attempt is made, the one before it has the word.
  const third = world.start('logs', 'main', { command: ['echo', 'third'] }, 2)
  assert.deepEqual(world.runtime.observed().pods.get('logs')?.containers.get('main')?.at(-1)?.is, 'creating')
  assert.deepEqual([await world.log('logs', 'main'), await text(world.runtime.openLog('logs', 'main', { previous: true }, { follow: false, timestamps: false, tailLines: 1 }))], ['again\n', 'last\n'])
  await third
  const [, second] = world.runtime.observed().pods.get('logs')?.containers.get('main') ?? []
  assert.equal(await text(world.runtime.openLog('logs', 'main', { id: second?.is === 'exited' ? second.id : '' }, { follow: false, timestamps: false })), 'again\n')
  await world.teardown('logs')
})

test('what has ended and is kept only to be read goes when the disk is short: earlier attempts, and all of pods that are over', async () => {
  await world.pod('ended')
  for (const attempt of [0, 1]) {
    const ended = world.event('exited', (event) => event.pod === 'ended' && event.attempt === attempt)
    await world.start('ended', 'main', { command: ['echo', String(attempt)] }, attempt)
    await ended
  }
  await world.start('ended', 'other', {})
  const attempts = (): readonly string[] => [...world.runtime.observed().pods.get('ended')?.containers ?? []].flatMap(([name, all]) => all.map(({ attempt }) => `${name} ${attempt}`))
  await world.runtime.removeEnded()
  assert.deepEqual(attempts(), ['main 0', 'main 1', 'other 0'], 'just now')
  await world.runtime.removeEnded(0)
  assert.deepEqual(attempts(), ['main 1', 'other 0'])
  assert.equal(await world.log('ended', 'main'), '1\n')
  const over = world.event('torn-down', (event) => event.pod === 'ended')
  world.runtime.submit({ do: 'teardown', pod: 'ended', keepLogs: true })
  await over
  assert.deepEqual(attempts(), ['main 1', 'other 0'])
  await world.runtime.removeEnded(0)
  assert.deepEqual([attempts(), readdirSync(`${world.directory}/state/pods/ended/containers/main`)], [[], []])
  await world.teardown('ended')
})

testsOfWhatIsLeft(world)

test('each pod is run by its own handler, over a restart', { skip: installed.length < 2 ? 'crun and runc are not both installed' : false }, async () => {
  for (const handler of installed) {
    const grace = "trap 'exit 7' TERM; "
    await world.pod(`by-${handler}`, { handler })
    const started = await world.start(`by-${handler}`, 'main', { command: ['sh', '-c', `${grace}${forever}`], security: security({ user: 1000, readOnlyRoot: true }) })
    assert.equal(started.is, 'started', JSON.stringify(started))
  }
  // As each of the two keeps its states.
  const states = (): readonly number[] => ['oci', `oci-${installed[1] ?? ''}`].map((name) => readdirSync(`${world.directory}/state/${name}`).length)
  assert.deepEqual(states(), [1, 1])
  world.restart()
  for (const handler of installed) {
    const pod = `by-${handler}`
    assert.equal((await world.exec(pod, 'main', 'id', '-u')).stdout, '1000\n')
    assert.deepEqual(await world.check(pod, 'main', { is: 'exec', command: ['false'] }), { ok: false, output: '' })
    assert.match((await world.exec(pod, 'main', 'no-such-program')).stderr, /exec: "no-such-program": executable file not found in \$PATH: unknown$/)
    world.runtime.submit({ do: 'stop', pod, container: 'main', attempt: 0, graceSeconds: 30 })
    assert.equal((await world.exited(pod, 'main')).exitCode, 7)
    await world.teardown(pod)
  }
  assert.deepEqual(states(), [0, 0])
  if (!(await world.runtime.handlers()).some(({ name, userNamespaces }) => name === 'runc' && userNamespaces)) return
  await world.pod('own-users', { handler: 'runc', ownUsers: true })
  await world.start('own-users', 'main', {})
  assert.match((await world.exec('own-users', 'main', 'sh', '-c', 'id -u; stat -c %u /greeting; cat /proc/self/uid_map')).stdout, /^0\n0\n\s+0\s+[1-9]\d+\s+65536\n$/)
  await world.teardown('own-users')
})

test('a pod with users of its own is root there and nobody here, sees its files as its own, and goes on after a restart', async () => {
  assert.deepEqual(await world.runtime.handlers(), ['', ...installed].map((name) => ({ name, recursiveReadOnlyMounts: true, userNamespaces: true })))
  const outside = `${world.directory}/for-users`
  mkdirSync(outside, { mode: 0o700 })
  const volumes = [
    { name: 'scratch', is: 'emptyDir', medium: '', group: 2000 }, { name: 'memory', is: 'emptyDir', medium: 'Memory' }, { name: 'host', is: 'hostPath', path: outside, type: 'Directory' }, { name: 'image', is: 'image', reference: testImage },
    { name: 'secret', is: 'files', inMemory: true, group: 2000, files: [{ path: 'key', mode: 0o600, bytes: Buffer.from('hidden') }] },
  ] as const
  const mounts = [...volumes.map(({ name }) => ({ volume: name, path: `/${name}`, subPath: '', readOnly: false, propagation: 'None' as const })), { volume: 'scratch', path: '/part', subPath: 'deep/er', readOnly: false, propagation: 'None' as const }]
  const address = await world.pod('users', { ownUsers: true, shareProcessNamespace: true }, volumes)
  const owners = 'id -u; cut -c1-10 /proc/self/setgroups; stat -c "%n %u:%g" / /bin /etc/hosts /dev/shm /greeting /scratch /part /memory /host /image/greeting /secret/key'
  await world.start('users', 'main', { mounts, security: security({ capabilitiesAdded: ['NET_ADMIN'] }), command: ['sh', '-c', `${owners}; touch /scratch/mine /host/mine; cat /secret/key; ip link add type dummy 2>/dev/null; ip addr add 10.9.9.9/32 dev lo && echo; trap 'echo bye > /dev/termination-log; exit 3' TERM; ${forever}`] })
  const started = await world.start('users', 'second', { mounts, tty: true, security: security({ user: 1000, group: 3000, supplementalGroups: [], fsGroup: 2000 }), command: ['sh', '-c', 'id; touch /scratch/theirs && stat -c %u:%g /scratch/theirs; cat /secret/key; nc -ll -p 8080 -e cat & wait'] })
  assert.equal(started.is, 'started')
  await listens('users', 8080)
  assert.equal(await world.log('users', 'main'), '0\nallow\n/ 0:0\n/bin 0:0\n/etc/hosts 0:0\n/dev/shm 0:0\n/greeting 0:0\n/scratch 0:2000\n/part 0:0\n/memory 0:0\n/host 0:0\n/image/greeting 0:0\n/secret/key 0:2000\nhidden\n')
  assert.match(await world.log('users', 'second'), /uid=1000 gid=3000 groups=2000,3000\s+1000:2000\s+hidden/)
  // On disk the files belong to those who have these ids here, so that the next pod finds them as it should.
  assert.deepEqual([statSync(`${outside}/mine`).uid, statSync(`${world.directory}/state/pods/users/volumes/scratch/theirs`).uid], [0, 1000])
  const map = async (uid: string): Promise<readonly number[]> => (await world.exec(uid, 'main', 'cat', '/proc/self/uid_map')).stdout.trim().split(/\s+/).map(Number)
  const [inside, first = 0, length] = await map('users')
  assert.deepEqual([inside, first % 65536, length], [0, 0, 65536])
  assert.ok(first >= 65536)
  await world.start('users', 'debug', { target: 'main', command: ['sh', '-c', 'ps | grep -c "[n]c -ll"'] })
  assert.equal((await world.exited('users', 'debug')).exitCode, 0)
  assert.equal((await world.start('users', 'stranger', { security: security({ user: 70_000 }) })).is, 'start-failed')
  world.restart()
  assert.deepEqual(await map('users'), [0, first, 65536])
  await world.pod('others', { ownUsers: true })
  await world.start('others', 'main', {})
  assert.notEqual((await map('others'))[1], first)
  assert.equal((await world.exec('others', 'main', 'ping', '-c', '1', '-W', '2', address)).code, 0)
  assert.deepEqual(await world.check('users', 'main', { is: 'exec', command: ['test', '-O', '/scratch'] }), { ok: true, output: '' })
  world.runtime.submit({ do: 'stop', pod: 'users', container: 'main', attempt: 0, graceSeconds: 20 })
  assert.deepEqual(await world.exited('users', 'main').then(({ exitCode, message }) => [exitCode, message]), [3, 'bye\n'])
  for (const pod of ['users', 'others']) await world.teardown(pod)
  assert.deepEqual(readdirSync(outside), ['mine'])
})

test('a privileged pod with users of its own reaches its own network and no device of the machine, and a volume that cannot show its owners is told', async () => {
  await world.pod('strong', { ownUsers: true }, [{ name: 'kernel', is: 'hostPath', path: '/proc', type: '' }])
  await world.start('strong', 'main', { security: security({ privileged: true }), command: ['sh', '-c', 'mount -t tmpfs t /tmp && ip link set lo down && echo changed; dd if=/dev/kmsg count=1 2>/dev/null || echo refused; mknod /tmp/d b 1 1 2>/dev/null || echo refused'] })
  await world.exited('strong', 'main')
  assert.match(await world.log('strong', 'main'), /^changed\nrefused\nrefused\n$/)
  const answer = await world.start('strong', 'other', { mounts: [{ volume: 'kernel', path: '/machine', subPath: '', readOnly: true, propagation: 'None' }] })
  assert.match(answer.is === 'start-failed' ? answer.message : '', /^failed to set MOUNT_ATTR_IDMAP on \/proc: invalid argument/)
  await world.teardown('strong')
})

test('a pod with users of its own is given devices that are its own, and no others', { skip: existsSync('/dev/loop-control') ? false : 'this machine has no loop devices' }, async () => {
  const file = `${world.directory}/bare.img`
  await world.pod('devices', { ownUsers: true }, [{ name: 'bare', is: 'disk', path: file, sizeBytes: 1 << 20, group: 3000 }])
  // Under a name that is another device's on the machine.
  const answer = await world.start('devices', 'main', { disks: [{ volume: 'bare', path: '/dev/kmsg' }], security: security({ fsGroup: 3000 }) })
  assert.equal(answer.is, 'started', JSON.stringify(answer))
  const { stdout, stderr } = await world.exec('devices', 'main', 'sh', '-c', 'stat -c "%F %a %u %g" /dev/kmsg; echo from inside > /dev/kmsg && head -c 11 /dev/kmsg')
  assert.deepEqual([stdout, stderr], ['block special file 660 0 3000\nfrom inside', ''])
  await world.teardown('devices')
  assert.equal(readFileSync(file, 'latin1').slice(0, 11), 'from inside')
})

test('ten pods start side by side, and nothing is left of them', async () => {
  const names = Array.from({ length: 10 }, (_, index) => `many-${index}`)
  await Promise.all(names.map(async (name) => {
    await world.pod(name)
    assert.equal((await world.start(name, 'main', {})).is, 'started')
  }))
  assert.equal(world.runtime.observed().images.get('north')?.get(testImage)?.id.startsWith('sha256:'), true)
  await Promise.all(names.map((name) => world.teardown(name)))
  assert.deepEqual(readdirSync(`${world.directory}/state/pods`), [])
  assert.deepEqual(readdirSync(`${world.directory}/state/exits`), [])
  assert.deepEqual(mountsBelow(`${world.directory}/state/pods`), [])
})

runtimeConformance('crun and conmon', () => ({
  runtime: world.runtime, node: 'north', image: testImage,
  async until(condition) {
    for (let tries = 0; !condition(); tries += 1) {
      assert.ok(tries < 3000, 'the runtime did not come to it')
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  },
  close: async () => { for (const uid of world.runtime.observed().pods.keys()) await world.teardown(uid) },
}))
