// Real nodes of an ordinary user: in namespaces of his own, with what that lacks said.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { find } from '../../packages/host/linux/probe.ts'
import { killNumber } from '../../packages/host/linux/processes.ts'
import { reducedGround, whyNotReduced } from '../../packages/host/reduced/index.ts'
import { type Finished, Playground, stockKubectl, typing, until, whyNoContainers } from './playground.ts'

const kubectl = stockKubectl() ?? ''
const user = { name: 'skiff-e2e', uid: 54_321, gid: 54_321 }
/** Nobody's: the user and the namespaces are known in the playground's mount namespace only. */
const ids = { first: 1_543_210_000, count: 65_536 }
const root = join(import.meta.dirname, '../..')
const image = 'localhost/skiff/tools:1'
/** An address of the playground that is not its loopback's. */
const elsewhere = '192.0.2.1'

/** Why not even a user with ids of his own could; the program that gives him those is fetched where it is not installed. */
function whyNot(): string | undefined {
  const given = `${user.name}:${ids.first}:${ids.count}`
  return whyNotReduced({ ...reducedGround(), user, subuid: given, subgid: given, tools: new Set(['newuidmap', 'newgidmap', ...(find('crun') === undefined ? [] : ['crun'])]) })
}
const skip = whyNoContainers() ?? whyNot() ?? (kubectl === '' ? 'no stock kubectl: set SKIFF_TEST_KUBECTL' : false)

describe('real nodes of an ordinary user', { skip, timeout: 240_000 }, () => {
  let ground: Playground
  const { ok, get, run } = typing(kubectl, () => ground)
  const home = (): string => join(ground.folder, 'home')
  /** Of programs that were fetched. */
  const libraries = (): string => join(ground.folder, 'fetched/lib')
  const asUser = (words: readonly string[]): readonly string[] => ['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', '--inh-caps=-all', 'env', '-i', `HOME=${home()}`, `TMPDIR=${ground.folder}`, `PATH=${process.env['PATH'] ?? ''}`, `SKIFF_DATA_DIR=${ground.dataDir}`, `LD_LIBRARY_PATH=${libraries()}`, process.execPath, join(root, 'packages/host/bin/skiff.js'), ...words]
  const skiff = (...words: readonly string[]): Finished => ground.run(asUser(words), { timeoutMs: 120_000 })
  /** With the machine's network, as the user himself has it. */
  const skiffOutside = (...words: readonly string[]): Finished => ground.run(['nsenter', `--net=/proc/${process.pid}/ns/net`, '--', ...asUser(words)], { timeoutMs: 120_000 })
  /** The user's processes, and those of his pods. */
  const processes = (): readonly number[] => readdirSync('/proc').map(Number).filter((pid) => pid > 0 && isHis(pid))
  const sh = (pod: string, script: string): string => ok('exec', pod, '--', 'sh', '-c', script)

  before(async () => {
    ground = new Playground()
    await ground.ready()
    prepareUser(ground, home())
  })
  after(() => {
    if (ground === undefined) return
    skiff('down', '--purge')
    for (const pid of processes()) killNumber(pid)
    ground.close()
  })

  test('skiff up starts real nodes, and says what they lack; status and the nodes say it too', () => {
    const built = skiffOutside('image', 'build', image, '--package', 'busybox-static')
    assert.equal(built.code, 0, built.out + built.err)
    const up = skiff('up', '--nodes', '2', '--bare', '--detach')
    assert.equal(up.code, 0, up.out + up.err)
    const said = /^reduced mode: .*no control groups.*by kubectl only.*$/m
    assert.match(up.out, said)
    assert.match(skiff('status').out, said)
    assert.deepEqual(get('nodes -l skiff.dev/reduced=true', '.items[*].metadata.name').split(' '), ['node-1', 'node-2'])
    assert.match(get('node node-1', '.metadata.annotations.skiff\\.dev/lacks'), /no control groups/)
    assert.equal(get('node node-1', '.status.runtimeHandlers[0].features.userNamespaces'), 'false')
  })

  test('pods run, with files of many owners; logs, exec, Services and DNS work between nodes', async () => {
    const pod = (name: string, node: string, script: string, more = ''): string => `apiVersion: v1
kind: Pod
metadata: {name: ${name}, labels: {app: ${name}}}
spec:
  nodeName: ${node}
  terminationGracePeriodSeconds: 0
  securityContext: {fsGroup: 2000}
  containers: [{name: main, image: '${image}', command: [sh, -c, '${script}'], resources: {limits: {memory: 64Mi, cpu: 500m}}, volumeMounts: [{name: scratch, mountPath: /scratch}]${more}}]
  volumes: [{name: scratch, emptyDir: {}}]
`
    const manifests = [
      pod('server', 'node-1', 'mkdir /www; echo page > /www/index.html; echo hello; exec httpd -f -p 80 -h /www'), pod('client', 'node-2', 'touch /scratch/mine; exec sleep 1000', ', securityContext: {runAsUser: 33}'),
      'apiVersion: v1\nkind: Service\nmetadata: {name: server}\nspec: {selector: {app: server}, ports: [{port: 80}]}\n',
      `apiVersion: v1
kind: Pod
metadata: {name: near}
spec:
  terminationGracePeriodSeconds: 0
  hostPID: true
  hostNetwork: true
  containers: [{name: main, image: '${image}', command: [sh, -c, 'cat /home/seen; touch /home/mine; ps | grep -c "[s]leep infinity"; exec sleep 1000'], securityContext: {privileged: true}, volumeMounts: [{name: home, mountPath: /home}]}]
  volumes: [{name: home, hostPath: {path: '${home()}', type: Directory}}]
`,
      pod('apart', 'node-1', 'exec sleep 1000').replace('terminationGrace', 'hostUsers: false\n  terminationGrace'),
    ]
    const applied = ground.kubectl(kubectl, ['apply', '-f', '-'], { input: manifests.join('---\n') })
    assert.equal(applied.code, 0, applied.err)
    ok('wait', '--for=condition=Ready', 'pod/server', 'pod/client', 'pod/near', '--timeout=60s')
    assert.equal(ok('logs', 'server'), 'hello\n')
    assert.equal(sh('server', 'id -u; stat -c %u / /bin'), '0\n0\n0\n')
    assert.equal(sh('client', 'id -u; stat -c %u:%g /scratch/mine'), '33\n33:2000\n')
    await until('the Service answers', () => run('exec', 'client', '--', 'timeout', '2', 'wget', '-qO-', 'http://server.default.svc.cluster.local').out === 'page\n')
    assert.equal(ok('get', '--raw', '/api/v1/namespaces/default/services/server/proxy/'), 'page\n')
    const toldOfApart = (): string => ok('get', 'events', '--field-selector', 'involvedObject.name=apart', '-o', 'jsonpath={.items[*].message}')
    await until('the pod that needs users of its own is told why it waits', () => /runtime does not support user namespaces/.test(toldOfApart()) || toldOfApart())
    // Of the machine a pod sees what its user sees, and what it writes there, its node keeps.
    assert.match(ok('logs', 'near'), /^seen\n[1-9]\d*\n$/)
    assert.deepEqual(readdirSync(home()), ['seen'])
    // What it all runs as: nobody but the user, and ids that are his.
    assert.deepEqual([...new Set(processes().map(uidOf))].toSorted((a, b) => a - b), [user.uid, ids.first + 32])
    assert.equal(statSync(ground.dataDir).mode & 0o077, 0)
  })

  test('pods reach other networks through slirp4netns, and not the machine’s loopback', async (t) => {
    if (/install slirp4netns/.test(skiff('status').out)) { t.skip('slirp4netns cannot open /dev/net/tun here'); return }
    ground.run(['ip', 'address', 'add', `${elsewhere}/32`, 'dev', 'lo'])
    const serve = `for (const at of ['${elsewhere}', '127.0.0.1']) require('node:http').createServer((q, r) => r.end(at)).listen(8080, at)`
    const server = ground.start([process.execPath, '-e', serve])
    try {
      await until('the other network answers', () => run('exec', 'server', '--', 'timeout', '2', 'wget', '-qO-', `http://${elsewhere}:8080/`).out === elsewhere)
      assert.notEqual(run('exec', 'server', '--', 'timeout', '2', 'wget', '-qO-', 'http://10.0.2.2:8080/').code, 0)
    } finally { server.kill() }
  })

  test('pods outlive the daemon, and a later one finds them', () => {
    const daemon = Number(readFileSync(join(ground.dataDir, 'owner.pid'), 'utf8'))
    const id = (): string => get('pod server', '.status.containerStatuses[0].containerID')
    const before = id()
    killNumber(daemon)
    const up = skiff('up', '--detach')
    assert.equal(up.code, 0, up.out + up.err)
    assert.equal(id(), before)
    assert.equal(sh('server', 'wget -qO- http://localhost'), 'page\n')
  })

  test('down --purge leaves nothing', async () => {
    const down = skiff('down', '--purge')
    assert.equal(down.code, 0, down.out + down.err)
    assert.deepEqual([existsSync(ground.dataDir), readdirSync(home())], [false, ['seen']])
    await until('all processes are gone', () => processes().length === 0 || processes().map(String).join())
  })
})

/** Makes the user known in the playground, with ids to give to his pods. */
function prepareUser(ground: Playground, home: string): void {
  const done = (...words: readonly string[]): void => {
    const { code, out, err } = ground.run(words)
    assert.equal(code, 0, `${words.join(' ')}: ${out}${err}`)
  }
  mkdirSync(home)
  mkdirSync(join(ground.folder, 'etc'))
  const given = `${user.name}:${ids.first}:${ids.count}\n`
  const lines = { passwd: `${user.name}:x:${user.uid}:${user.gid}::${home}:/bin/sh\n`, group: `${user.name}:x:${user.gid}:\n`, subuid: given, subgid: given }
  for (const [name, line] of Object.entries(lines)) {
    const copy = join(ground.folder, 'etc', name)
    if (existsSync(`/etc/${name}`)) copyFileSync(`/etc/${name}`, copy)
    appendFileSync(copy, line)
  }
  // The whole of /etc under another one: files that are not there cannot be mounted upon.
  done('mount', '-t', 'overlay', 'skiff', '-o', `lowerdir=${join(ground.folder, 'etc')}:/etc`, '/etc')
  const fetched = join(ground.folder, 'fetched')
  mkdirSync(fetched)
  const missing = [...(find('newuidmap') === undefined ? ['uidmap'] : []), ...(find('slirp4netns') === undefined ? ['slirp4netns', 'libslirp0'] : [])]
  if (missing.length > 0) {
    const script = 'cd "$0" && apt-get -q -o APT::Sandbox::User=root download "$@" && for each in *.deb; do dpkg-deb -x "$each" .; done; mkdir -p usr/bin; ln -s usr/lib/*-linux-gnu lib'
    assert.equal(spawnSync('sh', ['-c', script, fetched, ...missing], { encoding: 'utf8' }).status, 0, `${missing.join(', ')} could not be fetched`)
    done('mount', '-t', 'overlay', 'skiff', '-o', `lowerdir=${fetched}/usr/bin:/usr/local/bin`, '/usr/local/bin')
  }
  // On most machines everybody may open it.
  if (existsSync('/dev/net/tun')) {
    const device = join(ground.folder, 'tun')
    done('mknod', '-m', '666', device, 'c', '10', '200')
    done('mount', '--bind', device, '/dev/net/tun')
  }
  writeFileSync(join(home, 'seen'), 'seen\n')
  done('chown', `${user.uid}:${user.gid}`, ground.folder, home)
}

/** -1: it is gone, or is only waited for. */
function uidOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return /^State:\tZ/m.test(status) ? -1 : Number(/^Uid:\t(\d+)/m.exec(status)?.[1])
  } catch {
    return -1
  }
}
function isHis(pid: number): boolean {
  const uid = uidOf(pid)
  return uid === user.uid || (uid >= ids.first && uid < ids.first + ids.count)
}
