// Policies and Services as packets meet them: pods of real nodes, the nodes themselves, and the machine beyond.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { serverCommand } from '../conformance/real/programs.ts'
import { type Finished, Playground, stockKubectl, until as untilFor, whyNoContainers } from './playground.ts'

const kubectl = stockKubectl()
const skip = whyNoContainers() ?? (kubectl === undefined ? 'no stock kubectl: set SKIFF_TEST_KUBECTL' : false)
const image = 'localhost/skiff/tools:1'
const patienceMs = 20_000
const until = (what: string, holds: () => boolean | string): Promise<void> => untilFor(what, holds, patienceMs)

/** What these tests read of objects. */
interface Shown {
  readonly items: readonly Shown[]
  readonly metadata: { readonly name: string }
  readonly spec: { readonly clusterIP: string; readonly healthCheckNodePort: number; readonly ports: readonly [{ readonly nodePort: number }] }
  readonly status: { readonly podIP: string; readonly addresses: readonly [{ readonly address: string }]; readonly loadBalancer: { readonly ingress?: readonly { readonly ip: string }[] } }
}

const pod = (namespace: string, name: string, nodeName: string, more: object = {}) => ({
  apiVersion: 'v1', kind: 'Pod', metadata: { namespace, name, labels: { pod: name, app: 'containers' in more ? 'client' : 'web' } },
  spec: {
    nodeName, terminationGracePeriodSeconds: 0,
    containers: [{ name: 'main', image, command: serverCommand('tcp:80', 'tcp:81', 'udp:82'), ports: [{ name: 'web', containerPort: 80 }], readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 1 } }], ...more,
  },
})
const service = (name: string, spec: object) => ({ apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'x', name }, spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80 }], ...spec } })
const policy = (name: string, spec: object) => ({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { namespace: 'x', name }, spec })

const senderSource = String.raw`use IO::Socket::INET; use IO::Select; $| = 1; my $s = IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => 82, Proto => "udp") or die $!; my $ready = IO::Select->new($s); while (1) { send $s, "x", 0; my $m = "silence\n"; recv $s, $m, 99, 0 if $ready->can_read(1); print $m || "$!\n"; select undef, undef, undef, 0.2 }`

describe('the network of three real nodes', { skip, timeout: 400_000 }, () => {
  let ground: Playground
  const address = new Map<string, string>()
  const run = (...words: string[]): Finished => ground.kubectl(kubectl ?? '', words)
  const ok = (words: readonly string[], input?: string): string => {
    const { code, out, err } = ground.kubectl(kubectl ?? '', words, input === undefined ? {} : { input })
    assert.equal(code, 0, `kubectl ${words.join(' ')}\n${out}${err}`)
    return out
  }
  const apply = (...objects: readonly object[]): string => ok(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }))
  const json = (...words: readonly string[]): Shown => JSON.parse(ok(['get', ...words, '-o', 'json'])) as Shown
  const place = (key: string): string => address.get(key) ?? key
  /** What a pod ('namespace/name') gets from each of some places: a name, `refused`, or `silence`. */
  const reaches = (from: string, ...places: readonly string[]): readonly string[] => {
    const [namespace = '', name = ''] = from.split('/')
    const ask = places.map((each) => {
      const [host = '', port = '80'] = each.split(':')
      return `(timeout 1 wget -qO- http://${place(host)}:${port}/ 2>&1 || echo silence) | grep -v 'wget: ' | tail -1`
    })
    return ok(['exec', '-n', namespace, name, '--', 'sh', '-c', `${ask.map((each, index) => `${each} > /tmp/${index} &`).join(' ')} wait; cat ${ask.map((_, index) => `/tmp/${index}`).join(' ')}`]).trim().split('\n')
  }
  const reach = (rule: string, from: string, wanted: Readonly<Record<string, string>>): Promise<void> => {
    const [places, answers] = [Object.keys(wanted), Object.values(wanted).join()]
    return until(`${rule}: ${from} to ${places.join()} gives ${answers}`, () => { const said = reaches(from, ...places).join(); return said === answers || said })
  }
  /** What the machine gets. */
  const fetched = (url: string): string => { const { code, out } = ground.run(['curl', '-sS', '-m', '2', url]); return code === 0 ? out.trim() : 'silence' }

  before(async () => {
    ground = new Playground()
    await ground.ready()
    const built = ground.buildImage([image, '--package', 'busybox-static', '--package', 'perl-base'])
    assert.equal(built.code, 0, built.out + built.err)
    const up = ground.skiff(['up', '--nodes', '3', '--detach', '--bare'], { timeoutMs: 120_000 })
    assert.equal(up.code, 0, up.out + up.err)
    apply(...['x', 'y'].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { ns: name } } })))
    await until('the namespaces have their accounts', () => ['x', 'y'].every((namespace) => run('get', 'serviceaccount', 'default', '-n', namespace).code === 0))
    apply(pod('x', 'a', 'node-1'), pod('x', 'b', 'node-1'), pod('x', 'c', 'node-2'), pod('y', 'd', 'node-2'), pod('x', 'host', 'node-1', { hostNetwork: true, containers: [{ name: 'main', image, command: ['sleep', '100000'] }] }))
    for (const namespace of ['x', 'y']) {
      ok(['wait', '--for=condition=Ready', 'pod', '--all', '-n', namespace, '--timeout=60s'])
      for (const item of json('pods', '-n', namespace).items) address.set(`${namespace}/${item.metadata.name}`, item.status.podIP)
    }
    for (const node of json('nodes').items) address.set(node.metadata.name, node.status.addresses[0].address)
  })
  after(() => { ground?.close() })

  test('policies: nothing is held without one, all is shut by default deny, and rules open what they say', async () => {
    await reach('without a policy', 'x/a', { 'x/b': 'b', 'x/c': 'c', 'y/d': 'd', 'x/c:81': 'c' })
    apply(service('names', { selector: { pod: 'c' } }), policy('deny', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }))
    await reach('default deny', 'x/a', { 'x/b': 'silence', 'x/c': 'silence', 'y/d': 'silence', names: 'silence' })
    await reach('from elsewhere', 'y/d', { 'x/a': 'silence', 'x/c': 'silence', 'y/d': 'd' })
    await reach('a node to its own pods, as probes go', 'x/host', { 'x/a': 'a', 'x/c': 'silence' })
    assert.match(ok(['get', 'pods', '-n', 'x', '--no-headers']), /^a\s+1\/1/m)
    apply(
      policy('out', { podSelector: { matchLabels: { pod: 'a' } }, policyTypes: ['Egress'], egress: [{ to: [{ podSelector: { matchExpressions: [{ key: 'pod', operator: 'In', values: ['b', 'c'] }] } }, { namespaceSelector: { matchLabels: { ns: 'y' } } }] }] }),
      policy('in-c', { podSelector: { matchLabels: { pod: 'c' } }, policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: { matchLabels: { pod: 'a' } } }], ports: [{ port: 'web' }] }] }),
      policy('in-b', { podSelector: { matchLabels: { pod: 'b' } }, policyTypes: ['Ingress'], ingress: [{ from: [{ ipBlock: { cidr: '10.244.0.0/16', except: [`${place('y/d')}/32`] } }], ports: [{ port: 80, endPort: 90 }] }] }),
    )
    await reach('what is open', 'x/a', { 'x/c': 'c', 'x/c:81': 'silence', 'x/b': 'b', 'x/b:81': 'b', 'y/d': 'd', names: 'silence' })
    await reach('what an exception shuts', 'y/d', { 'x/b': 'silence', 'x/c': 'silence' })
    apply(policy('dns', { podSelector: {}, policyTypes: ['Egress'], egress: [{ to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } }, podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }], ports: [{ port: 53, protocol: 'UDP' }] }] }))
    await reach('names, where the cluster\'s DNS is allowed', 'x/a', { names: 'c' })
  })

  test('policies: labels, namespaces and new pods count at once; a killed agent changes nothing', async () => {
    apply(policy('in-c', { podSelector: { matchLabels: { pod: 'c' } }, policyTypes: ['Ingress'], ingress: [{ from: [{ namespaceSelector: { matchLabels: { trusted: 'yes' } } }] }] }))
    await reach('a namespace that is not trusted', 'y/d', { 'x/c': 'silence' })
    ok(['label', 'namespace', 'y', 'trusted=yes'])
    await reach('a namespace that is trusted now', 'y/d', { 'x/c': 'c' })
    ok(['label', 'namespace', 'y', 'trusted-'])
    await reach('and is not any more', 'y/d', { 'x/c': 'silence' })
    // A pod that starts under a policy is held before its first packet.
    const eager = pod('x', 'eager', 'node-1', { restartPolicy: 'Never', containers: [{ name: 'main', image, command: ['sh', '-c', `said=$(timeout 1 wget -qO- http://${place('y/d')}/ 2>/dev/null); echo "got: $said"`] }] })
    apply(eager)
    await until('the eager pod has tried', () => { const { out } = run('logs', '-n', 'x', 'eager'); return /^got: $/m.test(out) || out })
    const agent = ground.processes().find(({ command }) => command.includes('agent/main.ts run') || command.includes('agent.js run'))
    assert.ok(agent, ground.processes().map(({ command }) => command).join('\n'))
    process.kill(agent.pid, 'SIGKILL')
    for (let look = 0; look < 5; look++) assert.deepEqual([fetched(`http://${place('y/d')}/`), fetched(`http://${place('x/c')}/`)], ['d', 'silence'])
    await until('there is another agent', () => ground.processes().some(({ command, pid }) => pid !== agent.pid && command.includes('agent/main.ts run')))
    await reach('after the agent came back', 'x/a', { 'x/b': 'b', 'y/d': 'd', 'x/c': 'silence' })
    ok(['delete', 'networkpolicy', '--all', '-n', 'x'])
    await reach('without policies', 'y/d', { 'x/a': 'a', 'x/b': 'b', 'x/c': 'c', 'x/c:81': 'c' })
  })

  test('a balanced Service has an address of the pool, which the machine reaches, within its source ranges', async () => {
    apply(service('balanced', { type: 'LoadBalancer', selector: { pod: 'c' } }), service('narrow', { type: 'LoadBalancer', selector: { pod: 'c' }, loadBalancerSourceRanges: ['192.0.2.0/24', `${place('x/a')}/32`] }))
    const given = (name: string): string => json('service', name, '-n', 'x').status.loadBalancer.ingress?.[0]?.ip ?? ''
    await until('both have addresses', () => given('balanced') !== '' && given('narrow') !== '')
    assert.match(ok(['get', 'service', 'balanced', '-n', 'x', '--no-headers']), new RegExp(`LoadBalancer\\s+\\S+\\s+${given('balanced')}`))
    await until('the machine reaches it', () => { const said = fetched(`http://${given('balanced')}/`); return said === 'c' || said })
    assert.equal(fetched(`http://${given('narrow')}/`), 'silence')
    await reach('source ranges', 'x/a', { [given('balanced')]: 'c', [given('narrow')]: 'c' })
    await reach('source ranges', 'x/b', { [given('balanced')]: 'c', [given('narrow')]: 'silence' })
    ok(['patch', 'service', 'balanced', '-n', 'x', '-p', '{"spec":{"type":"ClusterIP"}}'])
    await until('its address is given back', () => given('balanced') === '')
  })

  test('a local policy outside keeps the asker\'s address and to the node\'s own pods, and tells balancers where these are', async () => {
    apply(service('local', { type: 'LoadBalancer', selector: { pod: 'c' }, externalTrafficPolicy: 'Local' }), service('wide', { type: 'NodePort', selector: { pod: 'c' } }))
    const { spec } = json('service', 'local', '-n', 'x')
    const { nodePort } = spec.ports[0]
    const wide = json('service', 'wide', '-n', 'x').spec.ports[0].nodePort
    await until('the node with the pod sees who asks', () => { const said = fetched(`http://${place('node-2')}:${nodePort}/clientip`); return said.startsWith('172.30.0.1:') || said })
    assert.equal(fetched(`http://${place('node-1')}:${nodePort}/`), 'silence')
    await until('any node answers for a policy that is not local', () => { const said = fetched(`http://${place('node-1')}:${wide}/clientip`); return said.startsWith(`${place('node-1')}:`) || said })
    for (const own of ['127.0.0.1', '172.30.0.1']) await until(`the machine has the port at its own ${own}`, () => { const said = fetched(`http://${own}:${wide}/`); return said === 'c' || said })
    await reach('pods and nodes are not outside', 'x/a', { [`node-1:${nodePort}`]: 'c' })
    await reach('pods and nodes are not outside', 'x/host', { [`node-1:${nodePort}`]: 'c' })
    const health = (node: string): readonly string[] => ground.run(['curl', '-s', '-m', '2', '-w', '%{http_code}', `http://${place(node)}:${spec.healthCheckNodePort}/healthz`]).out.split('\n')
    assert.deepEqual([health('node-2').at(-1), health('node-1').at(-1)], ['200', '503'])
    assert.deepEqual(JSON.parse(health('node-2').slice(0, -1).join('')), { service: { namespace: 'x', name: 'local' }, localEndpoints: 1, serviceProxyHealthy: true })
  })

  test('a Service without endpoints refuses at once, and one whose policy inside is local is served by the node\'s own', async () => {
    apply(service('empty', { selector: { pod: 'nobody' } }), service('near', { selector: { pod: 'c' }, internalTrafficPolicy: 'Local' }), service('external', { selector: { pod: 'c' }, externalIPs: ['198.51.100.7'] }))
    const { clusterIP } = json('service', 'empty', '-n', 'x').spec
    await until('it is refused', () => { const { err } = run('exec', '-n', 'x', 'a', '--', 'timeout', '2', 'wget', '-qO-', `http://${clusterIP}/`); return err.includes('Connection refused') || err })
    const refused = run('exec', '-n', 'x', 'a', '--', 'perl', '-e', 'use IO::Socket::INET; my $s = IO::Socket::INET->new(PeerAddr => shift, PeerPort => 80, Proto => "udp") or die; $SIG{ALRM} = sub { print "silence"; exit }; alarm 2; send $s, "x", 0; defined recv($s, my $m, 9, 0) or print "$!"', clusterIP)
    assert.equal(refused.out, 'Connection refused')
    const near = json('service', 'near', '-n', 'x').spec.clusterIP
    await reach('a local policy inside', 'y/d', { [near]: 'c' })
    await reach('a local policy inside', 'x/a', { [near]: 'silence' })
    await reach('an external address', 'x/a', { '198.51.100.7': 'c' })
  })

  test('who sends datagrams to a pod that is gone is led to another', async () => {
    apply(service('datagrams', { selector: { app: 'web' }, ports: [{ name: 'd', port: 82, protocol: 'UDP' }] }))
    const { clusterIP } = json('service', 'datagrams', '-n', 'x').spec
    apply(pod('x', 'sender', 'node-3', { containers: [{ name: 'main', image, command: ['perl', '-e', senderSource, clusterIP] }] }))
    const last = (): string => run('logs', '-n', 'x', 'sender', '--tail=1').out.trim()
    await until('somebody answers', () => ['a', 'b', 'c'].includes(last()) || last())
    const first = last()
    ok(['delete', 'pod', '-n', 'x', first, '--now'])
    await until('another answers', () => { const said = last(); return (['a', 'b', 'c'].includes(said) && said !== first) || said })
  })

  test('the machine asks the cluster\'s DNS, too, and its Service is there', () => {
    assert.match(ok(['get', 'service', 'kube-dns', '-n', 'kube-system', '--no-headers']), /^kube-dns\s+ClusterIP\s+10\.96\.0\.10\s+<none>\s+53\/UDP,53\/TCP/)
    const { clusterIP } = json('service', 'near', '-n', 'x').spec
    const found = ground.run([process.execPath, '-e', 'const r = new (require("node:dns").promises.Resolver)(); r.setServers(["10.96.0.10"]); r.resolve4("near.x.svc.cluster.local").then(console.log)'])
    assert.equal(found.out.trim(), `[ '${clusterIP}' ]`)
  })

  test('nothing of it stands in the agent\'s log as trouble', () => {
    const log = readFileSync(join(ground.dataDir, 'agent/agent.log'), 'utf8')
    assert.doesNotMatch(log, /packet rules|network policies:|services:|health checks/)
  })
})
