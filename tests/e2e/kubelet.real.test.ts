// What a node's kubelet serves, on real containers: numbers, its own API, and streams of every dialect by a stock kubectl.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { startTestDriver } from '../../packages/host/device-plugins/dra/test-driver.ts'
import { testConsumer } from '../../packages/host/device-plugins/pod-resources/test-consumer.ts'
import { Playground, stockKubectl, typing, until, whyNoContainers } from './playground.ts'

const kubectl = stockKubectl()
const skip = whyNoContainers() ?? (kubectl === undefined ? 'no stock kubectl: set SKIFF_TEST_KUBECTL' : false)

const busy = 'while :; do i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done; sleep 0.05; done'
const pod = (name: string, node: string, command: readonly string[], more: object = {}): object => ({
  apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app: name } },
  spec: { nodeName: node, terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image: 'localhost/skiff/busybox:1', imagePullPolicy: 'Never', command, ...more }] },
})
const speaks = 'echo out; sleep 0.2; echo err >&2; sleep 0.2; printf rest; sleep 0.2; while read line; do echo got $line; [ "$line" = die ] && exit 3; done; sleep 100000'
const limits = { resources: { requests: { cpu: '100m', memory: '16Mi' }, limits: { memory: '64Mi' } } }
const manifests = [
  pod('busy', 'node-1', ['sh', '-c', busy], { ...limits, readinessProbe: { exec: { command: ['true'] }, periodSeconds: 1 } }),
  pod('idle', 'node-2', ['sh', '-c', 'head -c 3000000 /dev/zero > /data; echo ready; exec sleep 100000'], limits),
  { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'kept' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
  {
    apiVersion: 'v1', kind: 'Pod', metadata: { name: 'keeps' }, spec: { nodeSelector: { 'kubernetes.io/hostname': 'node-2' }, terminationGracePeriodSeconds: 0, volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'kept' } }],
      containers: [{ name: 'main', image: 'localhost/skiff/busybox:1', imagePullPolicy: 'Never', command: ['sh', '-c', 'head -c 2000000 /dev/zero > /data/file; exec sleep 100000'], volumeMounts: [{ name: 'data', mountPath: '/data' }] }] },
  },
  pod('speaks', 'node-1', ['sh', '-c', speaks], { stdin: true }),
  {
    apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'load' },
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'load' }, minReplicas: 1, maxReplicas: 2, metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 20 } } }] },
  },
  {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'load' },
    spec: {
      replicas: 1, selector: { matchLabels: { app: 'load' } },
      template: { metadata: { labels: { app: 'load' } }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image: 'localhost/skiff/busybox:1', imagePullPolicy: 'Never', command: ['sh', '-c', busy], resources: { requests: { cpu: '10m' } } }] } },
    },
  },
]

describe('kubelets of two real nodes', { skip, timeout: 300_000 }, () => {
  let ground: Playground
  const { run, ok, apply } = typing(kubectl, () => ground)
  const kubelet = (node: string, path: string): string => ok('get', '--raw', `/api/v1/nodes/${node}/proxy${path}`)

  before(async () => {
    ground = new Playground()
    await ground.ready()
    const up = ground.skiff(['up', '--nodes', '2', '--detach', '--bare'], { timeoutMs: 120_000 })
    assert.equal(up.code, 0, up.out + up.err)
    const image = ground.buildImage(['localhost/skiff/busybox:1', '--package', 'busybox-static'])
    assert.equal(image.code, 0, image.out + image.err)
    apply(...manifests)
    ok('wait', '--for=condition=Ready', 'pod/busy', 'pod/idle', 'pod/speaks', 'pod/keeps', '--timeout=60s')
  })
  after(() => { ground?.close() })

  test('an image that is built twice is the same', () => {
    const again = ground.buildImage(['localhost/skiff/again:1', '--package', 'busybox-static'])
    const ids = ground.skiff(['image', 'ls']).out.split('\n').filter((line) => line.startsWith('localhost/skiff/')).map((line) => line.split(/\s+/)[1])
    assert.deepEqual([again.code, ids.length, new Set(ids).size], [0, 2, 1], again.err)
  })

  test('the summary tells what pods use: a busy one more CPU than an idle one, and what was written to the disk', () => {
    interface Summary { readonly node: { readonly nodeName: string; readonly cpu: { readonly usageNanoCores: number }; readonly fs: { readonly capacityBytes: number } }; readonly pods: readonly { readonly podRef: { readonly name: string }; readonly cpu: { readonly usageNanoCores: number }; readonly memory: { readonly workingSetBytes: number }; readonly network: { readonly name: string; readonly rxBytes: number }; readonly containers: readonly { readonly rootfs: { readonly usedBytes: number }; readonly memory: { readonly availableBytes: number } }[]; readonly process_stats: { readonly process_count: number } }[] }
    const [first, second] = ['node-1', 'node-2'].map((node): Summary => JSON.parse(kubelet(node, '/stats/summary')))
    const [busyPod, idlePod] = [first?.pods.find(({ podRef }) => podRef.name === 'busy'), second?.pods.find(({ podRef }) => podRef.name === 'idle')]
    assert.equal(first?.pods.some(({ podRef }) => podRef.name === 'idle'), false, 'a node tells of its own pods only')
    // How much it gets depends on who else wants the machine.
    assert.ok((busyPod?.cpu.usageNanoCores ?? 0) > 1_000_000 + 2 * (idlePod?.cpu.usageNanoCores ?? Infinity), JSON.stringify([busyPod, idlePod]))
    assert.ok((idlePod?.containers[0]?.rootfs.usedBytes ?? 0) >= 3_000_000, 'what the container wrote is counted')
    assert.ok((idlePod?.memory.workingSetBytes ?? 0) > 100_000 && (idlePod?.containers[0]?.memory.availableBytes ?? 0) < 64 << 20)
    assert.deepEqual([first?.node.nodeName, idlePod?.network.name, (idlePod?.process_stats.process_count ?? 0) > 0, (first?.node.cpu.usageNanoCores ?? 0) > 0, (first?.node.fs.capacityBytes ?? 0) > 0], ['node-1', 'eth0', true, true, true])
  })

  test('the kubelet answers its other paths', () => {
    assert.equal(kubelet('node-1', '/healthz'), 'ok')
    assert.deepEqual((JSON.parse(kubelet('node-2', '/pods')) as { items: { metadata: { name: string } }[] }).items.map(({ metadata }) => metadata.name).filter((name) => name === 'idle' || name === 'busy'), ['idle'])
    assert.equal((JSON.parse(kubelet('node-1', '/configz')) as { kubeletconfig: { clusterDomain: string } }).kubeletconfig.clusterDomain, 'cluster.local')
    assert.match(kubelet('node-2', '/containerLogs/default/idle/main'), /^ready$/m)
    assert.match(kubelet('node-1', '/metrics/resource'), /^container_cpu_usage_seconds_total\{container="main",namespace="default",pod="busy"\} [\d.]+ \d+$/m)
    assert.match(kubelet('node-1', '/metrics/cadvisor'), /^container_memory_working_set_bytes\{container="main",id="\/skiff\/burstable\/pod[^"]+",image="localhost\/skiff\/busybox:1",name="[0-9a-f]{64}",namespace="default",pod="busy"\} \d+ \d+$/m)
    assert.match(kubelet('node-1', '/metrics/probes'), /^prober_probe_total\{container="main",namespace="default",pod="busy",pod_uid="[^"]+",probe_type="Readiness",result="successful"\} \d+$/m)
    assert.match(kubelet('node-1', '/metrics'), /^kubelet_running_pods \d+$/m)
    const own = kubelet('node-2', '/metrics')
    for (const line of [
      /^kubelet_started_pods_total [23]$/m, /^kubelet_started_containers_total\{container_type="container"\} [23]$/m, /^kubelet_runtime_operations_total\{operation_type="run_podsandbox"\} [23]$/m,
      /^kubelet_runtime_operations_duration_seconds_count\{operation_type="start_container"\} [23]$/m, /^kubelet_pod_start_duration_seconds_bucket\{le="3600"\} [23]$/m, /^kubelet_certificate_manager_client_ttl_seconds \d{6,}$/m,
      /^kubelet_volume_stats_used_bytes\{namespace="default",persistentvolumeclaim="kept"\} 20\d{5}$/m, /^kubelet_volume_stats_capacity_bytes\{namespace="default",persistentvolumeclaim="kept"\} \d{9,}$/m,
      /^volume_manager_total_volumes\{plugin_name="kubernetes.io\/local-volume",state="actual_state_of_world"\} 1$/m,
    ]) assert.match(own, line)
    assert.match(kubelet('node-2', '/stats/summary'), /"name":"data","pvcRef":\{"name":"kept","namespace":"default"\}/)
    assert.match(ok('get', '--raw', '/api/v1/nodes/node-1:10250/proxy/healthz'), /ok/)
    assert.match(run('get', '--raw', '/api/v1/nodes/node-1/proxy/none').err, /NotFound|the server could not find the requested resource/)
  })

  test('a kubelet is asked at its own address by who may, with a token', () => {
    const address = ok('get', 'node', 'node-1', '-o', 'jsonpath={.status.addresses[?(@.type=="InternalIP")].address}:{.status.daemonEndpoints.kubeletEndpoint.Port}')
    ok('create', 'serviceaccount', 'scraper')
    ok('create', 'clusterrole', 'scraper', '--verb=get', '--resource=nodes/metrics')
    ok('create', 'clusterrolebinding', 'scraper', '--clusterrole=scraper', '--serviceaccount=default:scraper')
    const token = ok('create', 'token', 'scraper').trim()
    const script = `
      const [address, token, authority] = process.argv.slice(1)
      const get = (path, headers) => new Promise((resolve, reject) => require('https').get('https://' + address + path, { ca: require('fs').readFileSync(authority), headers }, (m) => { let s = ''; m.on('data', (d) => s += d).on('end', () => resolve(m.statusCode + ' ' + s.split('\\n')[0])) }).on('error', reject))
      const bearer = { authorization: 'Bearer ' + token }
      Promise.all([get('/metrics/resource', bearer), get('/stats/summary', bearer), get('/pods', bearer), get('/metrics', {})]).then((all) => console.log(JSON.stringify(all)))`
    const asked = ground.run([process.execPath, '-e', script, address, token, join(ground.dataDir, 'credentials/ca.crt')], { timeoutMs: 30_000 })
    assert.deepEqual(JSON.parse(asked.out || asked.err), [
      '200 # HELP container_cpu_usage_seconds_total [STABLE] Cumulative cpu time consumed by the container in core-seconds',
      '403 Forbidden (user=system:serviceaccount:default:scraper, verb=get, resource=nodes, subresource(s)=[stats])',
      '403 Forbidden (user=system:serviceaccount:default:scraper, verb=get, resource=nodes, subresource(s)=[pods proxy])', '401 Unauthorized',
    ])
  })

  test('a kubelet runs commands for who may do all with it: by its own port, and through the API server', () => {
    const address = ok('get', 'node', 'node-2', '-o', 'jsonpath={.status.addresses[?(@.type=="InternalIP")].address}:{.status.daemonEndpoints.kubeletEndpoint.Port}')
    ok('create', 'serviceaccount', 'operator')
    ok('create', 'clusterrole', 'operator', '--verb=get', '--resource=nodes/proxy')
    ok('create', 'clusterrolebinding', 'operator', '--clusterrole=operator', '--serviceaccount=default:operator')
    const script = `
      const [address, token, weak, authority] = process.argv.slice(1)
      const { WebSocket } = require('${join(import.meta.dirname, '../../node_modules/ws')}')
      const open = (path, token) => new Promise((resolve) => {
        let said = ''
        const socket = new WebSocket('wss://' + address + path, ['v5.channel.k8s.io'], { ca: require('fs').readFileSync(authority), headers: { authorization: 'Bearer ' + token } })
        socket.on('message', (data) => { said += data[0] + ':' + data.subarray(1) }).on('close', () => resolve(said)).on('error', () => {})
        socket.on('unexpected-response', (_request, message) => { let text = ''; message.on('data', (part) => text += part).on('end', () => resolve(message.statusCode + ' ' + text)) })
      })
      Promise.all([open('/exec/default/idle/main?command=sh&command=-c&command=echo%20hi;exit%203&output=1&error=1', token), open('/exec/default/none/main?command=sh&output=1', token), open('/exec/default/idle/main?command=sh&output=1', weak)]).then((all) => console.log(JSON.stringify(all)))`
    const [token, weak] = [ok('create', 'token', 'operator').trim(), ok('create', 'token', 'default').trim()]
    const { out, err } = ground.run([process.execPath, '-e', script, address, token, weak, join(ground.dataDir, 'credentials/ca.crt')], { timeoutMs: 30_000 })
    const [exec = '', missing, forbidden] = JSON.parse(out || JSON.stringify([err])) as readonly string[]
    assert.match(exec, /^1:hi\n3:\{.*"exit code 3|^1:hi\n3:\{.*"reason":"NonZeroExitCode"/)
    assert.deepEqual([missing, forbidden], ['404 pod does not exist', '403 Forbidden (user=system:serviceaccount:default:default, verb=get, resource=nodes, subresource(s)=[proxy])\n'])
    const posted = ground.kubectl(kubectl ?? '', ['create', '--raw', '/api/v1/nodes/node-2/proxy/run/default/idle/main?cmd=cat%20/proc/1/comm', '-f', '-'], { input: '{}' })
    assert.equal(posted.out, 'sleep\n', posted.err)
    assert.match(kubelet('node-1', '/logs/'), /^<!doctype html>\n.*\n<pre>\n/)
  })

  test('a node is looked at from a pod that has its files and namespaces', async () => {
    const said = ok('debug', 'node/node-1', '--image=localhost/skiff/busybox:1', '--image-pull-policy=Never', '--', 'cat', '/host/etc/hostname')
    const name = /pod (\S+)/.exec(said)?.[1] ?? ''
    await until('the debugger has ended', () => ok('get', 'pod', name, '-o', 'jsonpath={.status.phase}') === 'Succeeded')
    assert.equal(ok('logs', name), readFileSync('/etc/hostname', 'utf8'))
    assert.equal(ok('get', 'pod', name, '-o', 'jsonpath={.spec.nodeName} {.spec.hostPID} {.spec.hostNetwork}'), 'node-1 true true')
  })

  test('a node whose certificate is due has another one signed, and is known by it', () => {
    const host = join(import.meta.dirname, '../../packages/host')
    const script = `
      import { readFileSync } from 'node:fs'
      import { NodeCredentials, rotateIfDue } from '${host}/agent/rotation.ts'
      import { openConnection } from '${host}/client/index.ts'
      const { url, authority, nodes: [{ shape: { name }, certificate, key }] } = JSON.parse(readFileSync(process.argv[1], 'utf8'))
      const credentials = new NodeCredentials({ node: name, given: { certificate, key }, authority, directory: process.argv[2] })
      const connect = () => openConnection({ url, authority, get certificate() { return credentials.certificate }, get key() { return credentials.key } })
      let before = 0
      // Three hundred days from now the certificate is due; then time goes on as always.
      await rotateIfDue({ credentials, connection: connect(), now: () => Date.now() + (before++ === 0 ? 300 * 86400000 : 0), say: console.error, chance: 0, pollMs: 100 })
      const who = await connect().request('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }) })
      console.log(credentials.certificate === certificate, JSON.parse(who.body).status.userInfo.username)
      process.exit(0)`
    const rotated = ground.run([process.execPath, '--input-type=module-typescript', '-e', script, join(ground.dataDir, 'agent/agent.json'), join(ground.folder, 'pki')], { timeoutMs: 40_000 })
    assert.equal(rotated.out, 'false system:node:node-1\n', rotated.err)
    assert.match(ok('get', 'csr', '--no-headers'), /^csr-\S+\s+\S+\s+kubernetes.io\/kube-apiserver-client-kubelet\s+system:node:node-1\s+<none>\s+Approved,Issued$/m)
  })

  test('kubectl top shows nodes and pods, with their containers', () => {
    assert.match(ok('top', 'node', '--no-headers'), /^node-1\s+\d+m\s+\d+%\s+\d+Mi\s+\d+%\s*\nnode-2\s/)
    assert.match(ok('top', 'pod', 'busy', '--no-headers'), /^busy\s+\d+m\s+\d+Mi\s*$/)
    assert.match(ok('top', 'pod', 'idle', '--containers', '--no-headers'), /^idle\s+main\s+\dm\s+\d+Mi\s*$/)
  })

  test('logs are cut, stamped, chosen by stream, and read of an earlier attempt after an attach has ended it', async () => {
    await until('it has spoken', () => ok('logs', 'speaks') === 'out\nerr\nrest')
    assert.match(ok('logs', 'speaks', '--timestamps'), /^\d{4}-\d\d-\d\dT[\d:]+\.\d{9}Z out\n/)
    assert.equal(ok('logs', 'speaks', '--tail=1'), 'rest')
    assert.equal(ok('logs', 'speaks', '--limit-bytes=5'), 'out\ne')
    const raw = (query: string): string => ok('get', '--raw', `/api/v1/namespaces/default/pods/speaks/log?${query}`)
    assert.deepEqual([raw('stream=Stdout'), raw('stream=Stderr'), raw('sinceTime=2090-01-01T00:00:00Z')], ['out\nrest', 'err\n', ''])
    assert.match(run('logs', 'speaks', '--previous').err, /previous terminated container "main" in pod "speaks" not found/)
    const attached = ground.kubectl(kubectl ?? '', ['attach', '-i', 'speaks'], { input: 'one\ndie\n', timeoutMs: 30_000 })
    assert.match(attached.out, /got one\ngot die\n/)
    await until('the container has begun again', () => ok('get', 'pod', 'speaks', '-o', 'jsonpath={.status.containerStatuses[0].restartCount}') === '1')
    assert.equal(ok('logs', 'speaks', '--previous'), 'out\nerr\nrestgot one\ngot die\n')
    await until('the new attempt has spoken', () => ok('logs', 'speaks') === 'out\nerr\nrest')
  })

  test('commands run beside the container: input, output, exit codes, terminals, and those that cannot be run', () => {
    const exec = (words: readonly string[], input = ''): readonly [number | null, string, string] => { const { code, out, err } = ground.kubectl(kubectl ?? '', ['exec', ...words], { input, timeoutMs: 30_000 }); return [code, out, err] }
    assert.deepEqual(exec(['-i', 'idle', '--', 'cat'], 'hello'), [0, 'hello', ''])
    assert.deepEqual(exec(['idle', '--', 'sh', '-c', 'echo a; echo b >&2; exit 7']), [7, 'a\n', 'b\ncommand terminated with exit code 7\n'])
    assert.match(exec(['idle', '--', 'nosuch']).join(' '), /^1 {2}error: Internal error occurred: .*exec: "nosuch": executable file not found in \$PATH: unknown/)
    const large = 'x'.repeat(3_000_000)
    assert.equal(exec(['-i', 'idle', '--', 'sh', '-c', 'wc -c; head -c 3000000 /dev/zero | tr "\\0" x'], large)[1], `3000000\n${large}`)
    const terminal = ground.run(['script', '-qec', `env HOME=${ground.folder} ${kubectl} --kubeconfig ${ground.dataDir}/kubeconfig exec -it idle -- sh -c 'tty; exit 4'`, '/dev/null'], { timeoutMs: 30_000 })
    assert.deepEqual([terminal.code, /\/dev\/pts\/0\r\n/.test(terminal.out)], [4, true], terminal.out)
  })

  test('files are copied both ways, and a port is forwarded', async () => {
    const [here, back] = [join(ground.folder, 'here'), join(ground.folder, 'back')]
    writeFileSync(here, randomBytes(2_000_000))
    ok('cp', here, 'idle:/tmp/there')
    ok('cp', 'idle:/tmp/there', back)
    assert.ok(readFileSync(here).equals(readFileSync(back)))
    ok('exec', 'idle', '--', 'sh', '-c', 'mkdir -p /www && echo served > /www/index.html && httpd -h /www -p 8080')
    const forward = ground.start(['env', `HOME=${ground.folder}`, kubectl ?? '', '--kubeconfig', join(ground.dataDir, 'kubeconfig'), 'port-forward', 'pod/idle', ':8080'])
    let said = ''
    forward.stdout?.on('data', (chunk: Buffer) => { said += chunk.toString() })
    await until('the port is forwarded', () => /127\.0\.0\.1:(\d+) ->/.test(said))
    const port = /127\.0\.0\.1:(\d+) ->/.exec(said)?.[1] ?? ''
    const fetched = ground.run([process.execPath, '-e', `fetch('http://127.0.0.1:${port}/').then(async (a) => console.log(await a.text()))`], { timeoutMs: 20_000 })
    assert.equal(fetched.out.trim(), 'served', fetched.err)
    forward.kill()
  })

  test('what is written by hostPath stays with its node; the machine is read, and its /proc is real', async () => {
    writeFileSync(join(ground.folder, 'log'), 'of the machine')
    symlinkSync(ground.folder, join(ground.folder, 'link'))
    const reader = (name: string, node: string, path: string): object => ({
      apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { nodeName: node, terminationGracePeriodSeconds: 0, volumes: [{ name: 'host', hostPath: { path } }, { name: 'all', hostPath: { path: '/' } }],
        containers: [{ name: 'main', image: 'localhost/skiff/busybox:1', imagePullPolicy: 'Never', command: ['sleep', '100000'], volumeMounts: [{ name: 'host', mountPath: '/host' }, { name: 'all', mountPath: '/all' }] }] },
    })
    apply(reader('cleans', 'node-1', ground.folder), reader('same', 'node-1', join(ground.folder, 'link')), reader('other', 'node-2', ground.folder))
    ok('wait', '--for=condition=Ready', 'pod/cleans', 'pod/same', 'pod/other', '--timeout=60s')
    const sh = (name: string, script: string): string => ok('exec', name, '--', 'sh', '-c', script).trim()
    assert.equal(sh('cleans', 'cat /host/log; rm -rf /host/log; echo new > /host/written; cat /host/written'), 'of the machinenew')
    assert.equal(sh('same', 'ls /host/log 2>/dev/null; cat /host/written'), 'new', 'another pod of the node sees it, by a link too')
    assert.equal(sh('other', 'cat /host/log; ls /host/written 2>/dev/null; true'), 'of the machine', 'another node does not')
    assert.deepEqual([readFileSync(join(ground.folder, 'log'), 'utf8'), existsSync(join(ground.folder, 'written'))], ['of the machine', false], 'nor does the machine')
    assert.equal(sh('cleans', 'cat /all/proc/version'), readFileSync('/proc/version', 'utf8').trim())
    assert.equal(sh('cleans', 'cat /all/etc/hostname'), readFileSync('/etc/hostname', 'utf8').trim())
  })

  test('an autoscaler sizes a Deployment by what its real pods use', async () => {
    await until('the autoscaler has made a second pod', () => ok('get', 'deployment', 'load', '-o', 'jsonpath={.spec.replicas}') === '2' || ok('describe', 'hpa', 'load'), 90_000)
  })

  test('a DRA driver registers, prepares what a pod claims, and the container has what the driver wrote down for it', async () => {
    const driver = 'gpu.example.com'
    const specification = { cdiVersion: '0.5.0', kind: `${driver}/claim`, devices: [{ name: 'one', containerEdits: { env: ['GPU=one'], deviceNodes: [{ path: '/dev/gpu0', hostPath: '/dev/zero', permissions: 'r' }], mounts: [{ hostPath: '/var/run/cdi', containerPath: '/driver', options: ['ro', 'rbind'] }], hooks: [{ hookName: 'createContainer', path: '/var/run/cdi/hook', args: ['hook', 'for one'] }] } }] }
    const uid = ok('get', 'node', 'node-2', '-o', 'jsonpath={.metadata.uid}')
    const installer = pod('installer', 'node-2', ['sh', '-c', `echo '${JSON.stringify(specification)}' > /cdi/gpu.json; printf '#!/bin/sh\\necho "$1" > "$(dirname "$0")/hooked"\\n' > /cdi/hook; chmod +x /cdi/hook; sleep 100000`], { volumeMounts: [{ name: 'cdi', mountPath: '/cdi' }, { name: 'registry', mountPath: '/registry' }] }) as { readonly spec: object }
    const user = pod('claims', 'node-2', ['sleep', '100000'], { resources: { claims: [{ name: 'gpu' }] } }) as { readonly spec: object }
    apply(
      { apiVersion: 'resource.k8s.io/v1', kind: 'DeviceClass', metadata: { name: 'gpu' }, spec: { selectors: [{ cel: { expression: `device.driver == '${driver}'` } }] } },
      { apiVersion: 'resource.k8s.io/v1', kind: 'ResourceSlice', metadata: { name: 'node-2-gpu', ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'node-2', uid, controller: true }] }, spec: { driver, nodeName: 'node-2', pool: { name: 'node-2', generation: 1, resourceSliceCount: 1 }, devices: [{ name: 'zero' }] } },
      { apiVersion: 'resource.k8s.io/v1', kind: 'ResourceClaim', metadata: { name: 'one' }, spec: { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu' } }] } } },
      { ...installer, spec: { ...installer.spec, volumes: [{ name: 'cdi', hostPath: { path: '/var/run/cdi', type: 'DirectoryOrCreate' } }, { name: 'registry', hostPath: { path: '/var/lib/kubelet/plugins_registry', type: 'Directory' } }] } },
      { ...user, spec: { ...user.spec, nodeName: undefined, resourceClaims: [{ name: 'gpu', resourceClaimName: 'one' }] } },
    )
    await until('the pod waits for the driver', () => { const { out } = run('events', '--for', 'pod/claims'); return out.includes(`Failed to prepare dynamic resources: prepare dynamic resources: DRA driver ${driver} is not registered`) || out }, 30_000)
    const folder = join(ground.dataDir, 'agent/kubelet/node-2')
    const started = await startTestDriver({ driver, socket: join(folder, 'plugins/gpu/dra.sock'), endpoint: '/var/lib/kubelet/plugins/gpu/dra.sock', registration: join(folder, 'plugins_registry/gpu-reg.sock'), versions: ['v1.DRAPlugin', 'v1alpha1.DRAResourceHealth'] })
    const consumer = testConsumer(join(folder, 'pod-resources/kubelet.sock'))
    try {
      // The driver is in this process, which has to be given time between one kubectl and the next.
      await until('it runs', () => { const { out } = run('get', 'pod', 'claims', '-o', 'jsonpath={.status.phase}'); return out === 'Running' || run('events', '--for', 'pod/claims').out }, 40_000)
      assert.equal(ok('exec', 'claims', '--', 'sh', '-c', 'echo $GPU; head -c 3 /dev/gpu0 | wc -c; ls /driver; touch /driver/x 2>/dev/null || echo refused'), 'one\n3\ngpu.json\nhook\nhooked\nrefused\n')
      assert.equal(ok('exec', 'installer', '--', 'cat', '/cdi/hooked'), 'for one\n', 'the hook that the driver wrote down has run, on the node')
      assert.equal(ok('exec', 'installer', '--', 'ls', '/registry'), 'gpu-reg.sock\n', 'a driver that is a pod would find the node there')
      assert.deepEqual(await consumer.get('claims', 'default'), ['default/claims', ['main', `default/one: ${driver}/claim=one ${driver} pool one`]])
      const devices = (): string => ok('get', 'pod', 'claims', '-o', 'jsonpath={.status.containerStatuses[0].allocatedResourcesStatus}')
      const told = (health: string): string => JSON.stringify([{ name: 'claim:gpu', resources: [{ ...JSON.parse(health), resourceID: `${driver}/claim=one` }] }])
      assert.equal(devices(), told('{"health":"Unknown"}'))
      started.tell([{ pool: 'pool', device: 'one', health: 'Unhealthy', timeoutSeconds: 600, message: 'too hot' }])
      await until('the pod tells that its device is not well', () => devices() === told('{"health":"Unhealthy","message":"too hot"}') || devices())
      ok('delete', 'pod', 'claims', '--wait=false')
      await until('the claim is given back', () => started.calls.join() === 'prepare one,unprepare one' || started.calls.join())
    } finally { consumer.close(); started.close() }
  })
})
