// What containers do and what is done to them, as stock kubectl sees it. All manifests are applied at once: waits overlap.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { testConsumer } from '../../packages/host/device-plugins/pod-resources/test-consumer.ts'
import { startTestPlugin } from '../../packages/host/device-plugins/test-plugin.ts'
import { type Finished, Playground, stockKubectl, typing, until, whyNoContainers } from './playground.ts'

const kubectl = stockKubectl() ?? ''
const oldKubectl = stockKubectl('SKIFF_TEST_KUBECTL_OLD')
const skip = whyNoContainers() ?? (kubectl === '' ? 'no stock kubectl: set SKIFF_TEST_KUBECTL' : false)
const image = 'localhost/skiff/tools:1'

describe('the behaviour of real containers', { skip, timeout: 240_000 }, () => {
  let ground: Playground
  const { run, ok, get } = typing(kubectl, () => ground)
  const sh = (pod: string, script: string): string => ok('exec', pod, '-c', 'main', '--', 'sh', '-c', script)
  const status = (pod: string, path: string): string => run('get', 'pod', pod, '-o', `jsonpath={.status.${path}}`).out
  const main = '.containerStatuses[0]'.slice(1)
  const events = (pod: string): string => ok('get', 'events', '--field-selector', `involvedObject.name=${pod}`, '-o', 'jsonpath={range .items[*]}{.type} {.reason}: {.message}{"\\n"}{end}')
  const runs = (pod: string): void => { ok('wait', '--for=condition=Ready', `pod/${pod}`, '--timeout=30s') }
  /** A page as the machine itself reads it; '' when there is none. */
  const page = (address: string): string => ground.run([process.execPath, '-e', `fetch(${JSON.stringify(`http://${address}`)}, { signal: AbortSignal.timeout(1000) }).then((r) => r.text()).then((t) => process.stdout.write(t), () => {})`]).out
  const forwarded = async (client: string, target: string, path: string): Promise<string> => {
    const forward = ground.start(['env', `HOME=${ground.folder}`, client, '--kubeconfig', join(ground.dataDir, 'kubeconfig'), 'port-forward', target, '18080:80'])
    let got = ''
    try { await until('the forwarded port answers', () => { got = page(`127.0.0.1:18080${path}`); return got !== '' }, 15_000) } finally { forward.kill() }
    return got
  }

  before(async () => {
    ground = new Playground()
    await ground.ready()
    mkdirSync(ground.dataDir, { recursive: true })
    // Perl speaks UDP; the C library that it brings is also for kubectl, which one of the pods runs.
    const built = ground.buildImage([image, '--package', 'busybox-static', '--package', 'perl-base'])
    assert.equal(built.code, 0, built.out + built.err)
    const up = ground.skiff(['up', '--nodes', '3', '--detach', '--bare', '--host-files', 'real'], { timeoutMs: 60_000 })
    assert.equal(up.code, 0, up.out + up.err)
    const manifests = readFileSync(join(import.meta.dirname, 'behaviour.yaml'), 'utf8').replaceAll('IMAGE', image).replaceAll('FOLDER', ground.folder).replaceAll('KUBECTL', kubectl)
    const applied = ground.kubectl(kubectl, ['apply', '-f', '-'], { input: manifests })
    assert.equal(applied.code, 0, applied.out + applied.err)
  })
  after(() => { ground?.close() })

  test('an init container, a sidecar and hooks run in order, and end in order: the sidecar last', async () => {
    runs('orderly')
    ok('delete', 'pod', 'orderly')
    assert.deepEqual(readFileSync(join(ground.folder, 'orderly/order'), 'utf8').trim().split('\n'), ['init', 'sidecar', 'postStart', 'preStop', 'main ends', 'sidecar ends'])
  })

  test('startup, readiness and liveness are probed by http, exec and tcp; readiness opens and shuts the Service', async () => {
    runs('probed')
    assert.equal(status('probed', `${main}.started`), 'true')
    assert.equal(status('probed', `${main}.restartCount`), '0')
    assert.match(events('probed'), /Warning Unhealthy: Startup probe failed: Get "http:\/\/10\.244\.\d+\.\d+:8080\/index\.html": dial tcp 10\.244\.\d+\.\d+:8080: connect: connection refused/)
    const ready = (): string => get('endpointslices -l kubernetes.io/service-name=probed', '.items[*].endpoints[*].conditions.ready')
    await until('the Service has its endpoint', () => ready() === 'true')
    sh('probed', 'rm /ready')
    await until('the endpoint is not ready', () => ready() === 'false' || ready())
    assert.match(events('probed'), /Warning Unhealthy: Readiness probe failed: /)
    sh('probed', 'touch /ready')
    await until('the endpoint is ready again', () => ready() === 'true' || ready())
  })

  test('each end has its code and reason', async () => {
    const end = (pod: string, path = main): string => status(pod, `${path}.state.terminated.reason`) + ' ' + status(pod, `${path}.state.terminated.exitCode`)
    await until('all four are over', () => ['greedy', 'failing', 'second-try', 'unprepared'].every((pod) => /Succeeded|Failed/.test(status(pod, 'phase'))))
    assert.deepEqual([status('greedy', 'phase'), end('greedy')], ['Failed', 'OOMKilled 137'])
    assert.deepEqual([status('failing', 'phase'), end('failing'), status('failing', `${main}.state.terminated.message`)], ['Failed', 'Error 3', 'bye\n'])
    assert.deepEqual([status('second-try', 'phase'), end('second-try'), status('second-try', `${main}.restartCount`)], ['Succeeded', 'Completed 0', '1'])
    assert.deepEqual([status('unprepared', 'phase'), end('unprepared', 'initContainerStatuses[0]'), status('unprepared', `${main}.state.waiting.reason`)], ['Failed', 'Error 4', 'PodInitializing'])
    assert.match(ok('get', 'pod', 'unprepared', '--no-headers'), /Init:Error/)
    assert.match(ok('logs', 'second-try'), /^try$/m)
  })

  test('a pod with users of its own is used like any other, and nodes tell that they have such', async () => {
    assert.deepEqual([...new Set(get('nodes', '.items[*].status.runtimeHandlers[*].features.userNamespaces').split(' '))], ['true'])
    runs('own-users')
    assert.match(await forwarded(kubectl, 'pod/own-users', '/map'), /^ +0 +\d+ +65536$/m)
    assert.equal(ok('logs', 'own-users'), 'mapped\n')
    // Through the token's links to the token itself.
    assert.equal(sh('own-users', 'id -u; stat -Lc %u:%g:%a /scratch /var/run/secrets/kubernetes.io/serviceaccount/token; test -s /var/run/secrets/kubernetes.io/serviceaccount/token && echo read'), '0\n0:2000:2777\n0:2000:640\nread\n')
  })

  test('who has nothing to tell of a pod writes nothing', async () => {
    const written = (): number => Number(/^apiserver_request_total\{code="200".*resource="pods".*subresource="status".*verb="PUT".*\} (\d+)$/m.exec(ok('get', '--raw', '/metrics'))?.[1])
    const before = written()
    await new Promise((resolve) => { setTimeout(resolve, 2_000) })
    // Some pods fail and are restarted meanwhile.
    assert.ok(written() - before < 40, `${written() - before} statuses were written in two seconds`)
  })

  test('a pod reads ConfigMaps, Secrets and itself, as files and as environment', async () => {
    runs('configured')
    assert.equal(sh('configured', 'echo $PASSWORD,$POD,$LIMIT,$GREETING,$FROM_colour'), 'hush,configured,67108864,configured says hello,blue\n')
    assert.equal(sh('configured', 'echo $IP').trim(), status('configured', 'podIP'))
    assert.equal(sh('configured', 'cat /settings/settings.ini /secrets/password /about/labels /about/note; stat -Lc " %a" /secrets/password'), 'size=1\nhushtier="test"hello 400\n')
    assert.match(sh('configured', 'mount'), /tmpfs on \/fast type tmpfs \(.*size=1024k/)
    assert.equal(sh('configured', 'echo x > /inner/file; cat /outer/a/b/file'), 'x\n')
  })

  test('changes of a ConfigMap reach the running container, except by subPath and environment', async () => {
    ok('patch', 'configmap', 'settings', '-p', '{"data":{"colour":"red"}}')
    await until('the file has changed', () => sh('configured', 'cat /settings/colour') === 'red')
    assert.equal(sh('configured', 'cat /one/colour; echo " $FROM_colour"'), 'blue blue\n')
  })

  test('a host port is each node’s own, a node port every node’s', async () => {
    ok('rollout', 'status', 'daemonset/door', '--timeout=30s')
    const addresses = get('nodes', '.items[*].status.addresses[?(@.type=="InternalIP")].address').split(' ')
    await until('every node serves its own pod', () => addresses.every((address, at) => page(`${address}:8088/`) === `node-${at + 1}\n`))
    await until('every node serves the Service', () => addresses.every((address) => /^node-\d\n$/.test(page(`${address}:30080/`))))
  })

  test('Services choose among their pods, or keep to one', async () => {
    runs('client')
    const asked = (name: string): Set<string> => new Set(sh('client', `for i in 1 2 3 4 5 6 7 8 9 10 11 12; do timeout 2 wget -qO- http://${name}/ || echo failed; done`).trim().split('\n'))
    await until('more than one pod answers', () => asked('door').size > 1)
    assert.equal(asked('sticky').size, 1)
    assert.ok(!asked('sticky').has('failed'))
  })

  test('names: of Services, of headless ones, of ports, of elsewhere', () => {
    const answers = (type: string, name: string): readonly string[] => sh('client', `nslookup -type=${type} ${name} 10.96.0.10 | sed 1,2d`).split('\n').filter((line) => line !== '').sort()
    const ips = get('pods -l app=door', '.items[*].status.podIP').split(' ').sort()
    assert.deepEqual(answers('a', 'door.default.svc.cluster.local').at(-1), 'Name:\tdoor.default.svc.cluster.local')
    assert.match(answers('a', 'door.default.svc.cluster.local').join(), new RegExp(get('service door', '.spec.clusterIP')))
    assert.deepEqual(answers('a', 'heads.default.svc.cluster.local').filter((line) => line.startsWith('Address')).map((line) => line.split(' ').at(-1)).sort(), ips)
    assert.equal(answers('srv', '_http._tcp.heads.default.svc.cluster.local').filter((line) => /service = 0 \d+ 8080 /.test(line)).length, 3)
    assert.match(answers('cname', 'elsewhere.default.svc.cluster.local').join(), /canonical name = door\.default\.svc\.cluster\.local/)
    assert.match(sh('client', 'timeout 2 wget -qO- http://elsewhere/'), /^node-\d\n$/)
  })

  test('a UDP Service carries datagrams', async () => {
    runs('echo')
    await until('the answer comes back', () => sh('client', `timeout 1 perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(Proto => "udp", PeerAddr => "echo", PeerPort => 53) or die; $s->send("hello"); $s->recv($heard, 100); print $heard' || true`) === 'HELLO')
  })

  test('a pod on its node’s network has the node’s address', () => {
    runs('on-host')
    assert.equal(status('on-host', 'podIP'), status('on-host', 'hostIP'))
    assert.equal(sh('client', `timeout 2 wget -qO- http://${status('on-host', 'podIP')}:7070/`), 'on host\n')
    assert.match(sh('on-host', 'hostname'), /^node-2$/m)
  })

  test('a pod asks the API with its ServiceAccount’s token, and may what its role says', () => {
    assert.match(ok('exec', 'client', '-c', 'kubectl', '--', '/kubectl', 'get', 'pods'), /^client\s+2\/2\s+Running/m)
    const refused = run('exec', 'client', '-c', 'kubectl', '--', '/kubectl', 'get', 'secrets')
    assert.equal(refused.code, 1)
    assert.match(refused.err, /secrets is forbidden: User "system:serviceaccount:default:default" cannot list resource "secrets" in API group "" in the namespace "default"/)
  })

  test('logs: of this run and the one before, the last lines, since when, with times, and as they come', async () => {
    await until('the second run has spoken', () => run('logs', 'talker').out.includes('later 4'))
    assert.equal(ok('logs', 'talker', '--previous'), 'first run\n')
    await until('the last line is there', () => run('logs', 'talker').out.endsWith('last\n'))
    assert.equal(ok('logs', 'talker', '--tail=2'), 'later 4\nlast\n')
    assert.match(ok('logs', 'talker', '--timestamps', '--tail=1'), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z last\n$/)
    assert.equal(ok('logs', 'talker', '--since=1h').split('\n').length, 6)
    assert.equal(ok('logs', 'talker', '--since-time=2100-01-01T00:00:00Z'), '')
    ok('run', 'counter', `--image=${image}`, '--restart=Never', '--', 'sh', '-c', 'for i in 1 2 3; do echo $i; sleep 0.5; done')
    await until('the counter runs', () => status('counter', 'phase') !== 'Pending')
    assert.equal(ok('logs', '-f', 'counter'), '1\n2\n3\n')
  })

  test('attach speaks to the container’s own process', async () => {
    runs('listener')
    const attached = ground.start(['env', `HOME=${ground.folder}`, kubectl, '--kubeconfig', join(ground.dataDir, 'kubeconfig'), 'attach', '-i', 'listener'])
    let said = ''
    attached.stdout?.on('data', (text) => { said += String(text) })
    attached.stdin?.write('you there\n')
    await until('the answer comes', () => said.includes('heard you there') || said, 10_000)
    attached.kill()
  })

  test('files are copied in and out', () => {
    const [here, back] = [join(ground.folder, 'in.bin'), join(ground.folder, 'out.bin')]
    writeFileSync(here, Buffer.alloc(300_000, 'skiff'))
    ok('cp', here, 'client:/tmp/in.bin')
    ok('cp', 'client:/tmp/in.bin', back)
    assert.deepEqual(readFileSync(back), readFileSync(here))
  })

  test('a terminal follows the size of the user’s', () => {
    const seen = (size: string): string => `until [ "$(stty size)" = "${size}" ]; do sleep 0.05; done; echo has ${size}`
    const inside = `${seen('33 77')}; ${seen('44 88')}`
    const typed = `stty rows 33 cols 77; (sleep 2; stty rows 44 cols 88) < /dev/tty & env HOME=${ground.folder} ${kubectl} --kubeconfig ${ground.dataDir}/kubeconfig exec -it client -c main -- timeout 10 sh -c '${inside}'`
    assert.deepEqual(ground.run(['script', '-qec', typed, '/dev/null']).out.match(/has \d+ \d+/g), ['has 33 77', 'has 44 88'])
  })

  test('port-forward reaches a Service', async () => {
    assert.match(await forwarded(kubectl, 'service/door', '/'), /^node-\d\n$/)
  })

  test('an old kubectl, which speaks SPDY, does the same', { skip: oldKubectl === undefined ? 'no old kubectl: set SKIFF_TEST_KUBECTL_OLD' : false }, async () => {
    const old = (...words: string[]): Finished => ground.kubectl(oldKubectl ?? '', words, { input: 'shout\n' })
    assert.equal(old('exec', '-i', 'client', '--', 'tr', 'a-z', 'A-Z').out, 'SHOUT\n')
    assert.equal(old('exec', 'client', '--', 'sh', '-c', 'exit 7').code, 7)
    assert.equal(old('logs', 'talker', '--tail=1').out, 'last\n')
    assert.match(await forwarded(oldKubectl ?? '', 'service/door', '/'), /^node-\d\n$/)
  })

  test('a container that fails its liveness probe is restarted, then held back', async () => {
    await until('it is held back', () => status('unhealthy', `${main}.state.waiting.reason`) === 'CrashLoopBackOff' || status('unhealthy', main), 30_000)
    assert.match(status('unhealthy', `${main}.state.waiting.message`), /^back-off (10|20|40)s restarting failed container=main pod=unhealthy_default\(.*\)$/)
    assert.equal(status('unhealthy', `${main}.lastState.terminated.exitCode`), '137')
    const told = events('unhealthy')
    assert.match(told, /Warning Unhealthy: Liveness probe failed: feeling bad/)
    assert.match(told, /Normal Killing: Container main failed liveness probe, will be restarted/)
    assert.match(told, /Warning BackOff: Back-off restarting failed container main in pod unhealthy_default\(.*\)/)
    await until('it is tried again', () => Number(status('unhealthy', `${main}.restartCount`)) >= 2, 30_000)
  })

  test('who keeps more on disk than it may is evicted', async () => {
    await until('both are over', () => ['hoarder', 'scribbler'].every((pod) => status(pod, 'phase') === 'Failed'), 40_000)
    assert.deepEqual(['hoarder', 'scribbler'].map((pod) => [status(pod, 'reason'), status(pod, 'message')]), [
      ['Evicted', 'Usage of EmptyDir volume "cache" exceeds the limit "1Mi". '], ['Evicted', 'Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. '],
    ])
    assert.match(events('hoarder'), /Warning Evicted: Usage of EmptyDir volume "cache" exceeds the limit "1Mi"/)
    assert.equal(status('hoarder', "conditions[?(@.type=='DisruptionTarget')].reason"), 'TerminationByKubelet')
  })

  test('a manifest in a node’s folder is a pod that runs on whatever becomes of its mirror and of the agent, and ends with its manifest', async () => {
    const file = join(ground.dataDir, 'agent/manifests/node-2/web.yaml')
    const manifest = (seconds: number): string => `apiVersion: v1\nkind: Pod\nmetadata: {name: fixed}\nspec: {terminationGracePeriodSeconds: 1, containers: [{name: main, image: "${image}", command: [sh, -c, "trap 'kill %1; exit 3' TERM; sleep ${seconds} & wait"]}]}\n`
    const shown = (path: string): string => run('get', 'pod', 'fixed-node-2', '-o', `jsonpath={${path}}`).out
    const container = '.status.phase} {.status.containerStatuses[0].restartCount} {.status.containerStatuses[0].containerID'
    writeFileSync(file, manifest(100_000))
    await until('it runs', () => status('fixed-node-2', 'phase') === 'Running', 20_000)
    const first = shown(container)
    const mirror = (): string => shown('.metadata.uid')
    const mirrors = [mirror()]
    assert.match(first, /^Running 0 skiff:\/\//)
    assert.match(get('pod fixed-node-2', '.metadata.annotations'), /"kubernetes.io\/config.source":"file"/)
    assert.equal(get('pod fixed-node-2', '.metadata.ownerReferences[0].kind'), 'Node')
    assert.equal(get('pod fixed-node-2', '.metadata.annotations.kubernetes\\.io/config\\.mirror'), get('pod fixed-node-2', '.metadata.annotations.kubernetes\\.io/config\\.hash'))
    const isBack = (): boolean | string => { const uid = mirror(); return uid !== '' && !mirrors.includes(uid) && shown('.status.phase') === 'Running' || uid }
    ok('delete', 'pod', 'fixed-node-2')
    await until('its mirror is back', isBack, 20_000)
    assert.equal(shown(container), first)
    assert.equal(sh('fixed-node-2', 'echo inside'), 'inside\n')
    mirrors.push(mirror())
    // Nobody looks just now, or hardly.
    await ground.killAgent(30_000)
    ok('delete', 'pod', 'fixed-node-2', '--wait=false')
    await until('its mirror is back', isBack, 30_000)
    assert.equal(shown(container), first)
    writeFileSync(file, manifest(100_001))
    await until('another one runs', () => { const now = shown(container); return now !== first && now.startsWith('Running 0 ') || now }, 30_000)
    rmSync(file)
    await until('it is gone', () => run('get', 'pod', 'fixed-node-2').code !== 0, 20_000)
  })

  test('a device plugin’s devices are the node’s, and containers get those that they ask for', async () => {
    const plugin = await startTestPlugin(join(ground.dataDir, 'agent/device-plugins/node-3'), 'example.com/gpu', ['gpu-0', 'gpu-1'].map((id) => ({ id, healthy: true })))
    try {
      // The plugin is in this process, which has to be given time between one kubectl and the next.
      await until('it runs', () => status('reckoner', 'phase') === 'Running', 30_000)
      assert.deepEqual([get('pod reckoner', '.spec.nodeName'), get('node node-3', '.status.allocatable.example\\.com/gpu')], ['node-3', '2'])
      assert.equal(sh('reckoner', 'echo $GPUS; head -c 3 /dev/gpu-0 | wc -c; ls /dev/gpu-1 2>/dev/null; true'), 'gpu-0\n3\n')
      const devices = (): string => get('pod reckoner', '.status.containerStatuses[0].allocatedResourcesStatus')
      assert.equal(devices(), '[{"name":"example.com/gpu","resources":[{"health":"Healthy","resourceID":"gpu-0"}]}]')
      const consumer = testConsumer(join(ground.dataDir, 'agent/kubelet/node-3/pod-resources/kubelet.sock'))
      try {
        assert.deepEqual([await consumer.get('reckoner', 'default'), await consumer.allocatable()], [['default/reckoner', ['main', 'example.com/gpu gpu-0']], ['example.com/gpu gpu-0', 'example.com/gpu gpu-1']])
        // A pod finds the node there too: who speaks HTTP/2 with it gets its settings.
        assert.equal(sh('reckoner', String.raw`perl -MIO::Socket::UNIX -e '$s = IO::Socket::UNIX->new(Peer => "/resources/kubelet.sock") or die $!; syswrite $s, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . pack("C9", 0, 0, 0, 4, 0, 0, 0, 0, 0); sysread $s, $got, 9; print unpack("x3C", $got)'`), '4')
        plugin.tell([{ id: 'gpu-0', healthy: false }, { id: 'gpu-1', healthy: true }])
        await until('the pod tells that its device is not well', () => devices().includes('"health":"Unhealthy"') || devices())
        await until('the node tells what is left', () => get('node node-3', '.status.allocatable.example\\.com/gpu') === '1')
        assert.deepEqual([get('node node-3', '.status.capacity.example\\.com/gpu'), await consumer.allocatable()], ['2', ['example.com/gpu gpu-1']])
        assert.deepEqual([status('reckoner', 'phase'), status('reckoner', `${main}.restartCount`), sh('reckoner', 'echo $GPUS')], ['Running', '0', 'gpu-0\n'], 'it goes on all the same')
      } finally { consumer.close() }
    } finally { plugin.close() }
  })
})
