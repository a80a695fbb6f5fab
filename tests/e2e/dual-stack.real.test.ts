// Real nodes with IPv4 and IPv6: what pods, nodes and the machine reach by the second family.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { datagramCommand, serverCommand } from '../conformance/real/programs.ts'
import { Playground, stockKubectl, typing, until as untilFor, whyNoContainers } from './playground.ts'

const kubectl = stockKubectl()
const skip = whyNoContainers() ?? (kubectl === undefined ? 'no stock kubectl: set SKIFF_TEST_KUBECTL' : false)
const image = 'localhost/skiff/tools:1'
const patienceMs = 20_000
const until = (what: string, holds: () => boolean | string): Promise<void> => untilFor(what, holds, patienceMs)

const fieldVariable = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } })
const pod = (name: string, nodeName: string, ports: object = {}) => ({
  apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'default', name, labels: { app: 'web', pod: name } },
  spec: {
    nodeName, hostname: name, subdomain: 'many', terminationGracePeriodSeconds: 0,
    containers: [{
      name: 'main', image, command: serverCommand('tcp:80', 'tcp6:80', 'udp6:82'), ports: [{ containerPort: 80, ...ports }], readinessProbe: { httpGet: { port: 80, path: '/' }, periodSeconds: 1 },
      env: [fieldVariable('POD', 'status.podIPs'), fieldVariable('HOST', 'status.hostIPs')],
    }],
  },
})
const service = (name: string, spec: object) => ({ apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'default', name }, spec: { ipFamilyPolicy: 'RequireDualStack', selector: { pod: 'c' }, ports: [{ name: 'http', port: 80 }], ...spec } })
const policy = (name: string, spec: object) => ({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { namespace: 'default', name }, spec })
const six = (addresses: string): string => (JSON.parse(addresses) as readonly (string | { readonly ip: string })[]).map((each) => (typeof each === 'string' ? each : each.ip)).find((address) => address.includes(':')) ?? 'none'

/** A neighbour of the machine that it reaches by its default route, and which knows no way to pods. */
const world = '2001:db8::2'
const beyond = `ip netns add world && ip link add out type veth peer name in netns world && ip -n world link set in up && ip link set out up
ip -n world addr add ${world}/64 dev in nodad && ip addr add 2001:db8::1/64 dev out nodad && ip route add default via ${world}`

describe('a dual-stack cluster of two real nodes', { skip, timeout: 200_000 }, () => {
  let ground: Playground
  const { run, ok, get, apply } = typing(kubectl, () => ground)
  const known = new Map<string, string>()
  /** What does not change once it is there. */
  const stays = (what: string, path: string): string => {
    const key = `${what} ${path}`
    known.set(key, known.get(key) ?? get(what, path))
    return known.get(key) ?? ''
  }
  const podSix = (name: string): string => six(stays(`pod ${name}`, '.status.podIPs'))
  const podFour = (name: string): string => stays(`pod ${name}`, '.status.podIP')
  const nodeSix = (name: string): string => stays(`node ${name}`, '.status.addresses[1].address')
  const serviceSix = (name: string): string => six(stays(`service ${name}`, '.spec.clusterIPs'))
  /** What a pod gets from each of some hosts, at once. */
  const fetched = (from: string, ...hosts: readonly string[]): string => {
    const asks = hosts.map((host, index) => `(timeout 1 wget -qO- http://${host.replace(/^([0-9a-f:]*:[0-9a-f:]*)$/, '[$1]')}/ 2>&1 || echo silence) | grep -v 'wget: ' | tail -1 > /tmp/${index} &`)
    return ok('exec', from, '--', 'sh', '-c', `${asks.join(' ')} wait; cat ${hosts.map((_, index) => `/tmp/${index}`).join(' ')}`).trim().split('\n').join()
  }
  const gives = (rule: string, from: string, hosts: Readonly<Record<string, string>>): Promise<void> =>
    until(`${rule}: ${from} gets ${JSON.stringify(hosts)}`, () => { const said = fetched(from, ...Object.keys(hosts)); return said === Object.values(hosts).join() || said })
  /** What the machine gets. */
  const machineGets = (host: string, port = 80, path = ''): string => { const { code, out } = ground.run(['curl', '-sS', '-m', '2', `http://[${host}]:${port}/${path}`]); return code === 0 ? out.trim() : 'silence' }

  before(async () => {
    ground = new Playground()
    await ground.ready()
    const built = ground.buildImage([image, '--package', 'busybox-static', '--package', 'perl-base'])
    assert.equal(built.code, 0, built.out + built.err)
    const made = ground.run(['sh', '-ec', beyond])
    assert.equal(made.code, 0, made.err)
    const up = ground.skiff(['up', '--nodes', '2', '--detach', '--bare', '--ip-families', 'IPv4,IPv6'], { timeoutMs: 120_000 })
    assert.equal(up.code, 0, up.out + up.err)
    await until('there is an account', () => run('get', 'serviceaccount', 'default').code === 0)
    apply(pod('a', 'node-1'), pod('b', 'node-1', { hostPort: 8080 }), pod('c', 'node-2'), service('many', { clusterIP: 'None', selector: { app: 'web' } }), service('web', { type: 'LoadBalancer' }),
      service('sticky', { selector: { app: 'web' }, sessionAffinity: 'ClientIP' }), service('empty', { selector: { pod: 'nobody' } }), service('local', { type: 'LoadBalancer', externalTrafficPolicy: 'Local' }),
      service('datagrams', { ports: [{ name: 'd', port: 82, protocol: 'UDP' }] }))
    ok('wait', '--for=condition=Ready', 'pod', '--all', '--timeout=40s')
  })
  after(() => { ground?.close() })

  test('pods and nodes have an address of each family, and pods know theirs', () => {
    assert.deepEqual([get('node node-2', '.spec.podCIDRs'), get('node node-2', '.status.addresses[*].address')], ['["10.244.1.0/24","fd00:10:244:1::/64"]', '172.30.0.12 fd00:172:30::c node-2'])
    assert.equal(ok('exec', 'c', '--', 'sh', '-c', 'echo $POD $HOST; tail -2 /etc/hosts').trim(), [
      `${podFour('c')},${podSix('c')} 172.30.0.12,fd00:172:30::c`, ...[podFour('c'), podSix('c')].map((address) => `${address}\tc.many.default.svc.cluster.local\tc`),
    ].join('\n'))
    assert.match(podSix('c'), /^fd00:10:244:1::[2-9a-f]$/)
  })

  test('by IPv6 pods reach pods, Services, nodes\' ports and themselves through a Service; so does the machine', async () => {
    for (const target of ['b', 'c']) assert.match(ok('exec', 'a', '--', 'ping', '-c', '1', '-W', '2', podSix(target)), /1 packets received/)
    const balanced = six(get('service web', '.status.loadBalancer.ingress'))
    await gives('pods, Services, balanced addresses and host ports', 'a', { [podSix('b')]: 'b', [podSix('c')]: 'c', [serviceSix('web')]: 'c', [balanced]: 'c', [`[${nodeSix('node-1')}]:8080`]: 'b' })
    await gives('itself', 'c', { [serviceSix('web')]: 'c' })
    const port = Number(get('service web', '.spec.ports[0].nodePort'))
    assert.deepEqual([machineGets(podSix('c')), machineGets(serviceSix('web')), machineGets(balanced), machineGets(nodeSix('node-1'), port), machineGets(nodeSix('node-1'), 8080)], ['c', 'c', 'c', 'c', 'b'])
    const local = Number(get('service local', '.spec.ports[0].nodePort'))
    assert.match(machineGets(nodeSix('node-2'), local, 'clientip'), /^fd00:172:30::1:\d+$/)
    assert.equal(machineGets(nodeSix('node-1'), local), 'silence')
    assert.match(machineGets(nodeSix('node-2'), Number(get('service local', '.spec.healthCheckNodePort')), 'healthz'), /"localEndpoints": 1/)
    assert.match(ok('exec', 'a', '--', 'ping', '-c', '1', '-W', '2', world), /1 packets received/, 'beyond the machine')
    assert.equal(new Set(fetched('a', ...Array.from({ length: 8 }, () => serviceSix('sticky'))).split(',')).size, 1)
    assert.match(run('exec', 'a', '--', 'timeout', '2', 'wget', '-qO-', `http://[${serviceSix('empty')}]/`).err, /Connection refused/)
    assert.equal(ok('exec', 'a', '--', ...datagramCommand(serviceSix('datagrams'), 82)), 'c\n')
  })

  test('names lead to addresses of both families, asked for at either of the DNS\'s, and addresses back to names', () => {
    for (const server of ['10.96.0.10', 'fd00:10:96::a']) {
      const said = ok('exec', 'a', '--', 'nslookup', 'web.default.svc.cluster.local', server)
      assert.ok(said.includes(serviceSix('web')) && said.includes(get('service web', '.spec.clusterIP')), said)
    }
    assert.ok(ok('exec', 'a', '--', 'nslookup', 'c.many.default.svc.cluster.local').includes(podSix('c')))
    assert.match(ok('exec', 'a', '--', 'nslookup', podSix('c')), /ip6\.arpa\s+name = c\.many\.default\.svc\.cluster\.local/)
    assert.equal(get('service kube-dns -n kube-system', '.spec.clusterIPs'), '["10.96.0.10","fd00:10:96::a"]')
  })

  test('policies hold both families: shut by default, open for pods and blocks', async () => {
    apply(policy('deny', { podSelector: { matchLabels: { pod: 'c' } }, policyTypes: ['Ingress'] }))
    await gives('default deny', 'a', { [podSix('c')]: 'silence', [serviceSix('web')]: 'silence', [podFour('c')]: 'silence', [podSix('b')]: 'b' })
    apply(policy('block', { podSelector: { matchLabels: { pod: 'c' } }, ingress: [{ from: [{ ipBlock: { cidr: 'fd00:10:244::/64', except: [`${podSix('b')}/128`] } }] }] }))
    await gives('a block of IPv6 opens nothing of IPv4', 'a', { [podSix('c')]: 'c', [podFour('c')]: 'silence' })
    await gives('what it excepts stays shut', 'b', { [podSix('c')]: 'silence' })
    apply(policy('block', { podSelector: { matchLabels: { pod: 'c' } }, ingress: [{ from: [{ podSelector: { matchLabels: { pod: 'b' } } }], ports: [{ port: 80 }] }] }))
    await gives('a pod that may', 'b', { [podSix('c')]: 'c', [podFour('c')]: 'c' })
    await gives('a pod that may not', 'a', { [podSix('c')]: 'silence' })
    assert.match(ok('get', 'pod', 'c', '--no-headers'), /1\/1/)
    // A pod that may send to one only still finds its node, and is found by it.
    apply(policy('out', { podSelector: { matchLabels: { pod: 'fresh' } }, policyTypes: ['Egress'], egress: [{ to: [{ podSelector: { matchLabels: { pod: 'c' } } }] }] }), pod('fresh', 'node-1'))
    ok('wait', '--for=condition=Ready', 'pod', 'fresh', '--timeout=40s')
    ok('delete', 'networkpolicy', 'deny', 'block')
    assert.equal(machineGets(podSix('fresh')), 'fresh')
    await gives('a pod that may send to one only', 'fresh', { [podSix('a')]: 'silence', [podSix('c')]: 'c' })
    ok('delete', 'networkpolicy', '--all')
    await gives('without policies', 'a', { [podSix('c')]: 'c' })
  })

  test('the agent takes over both addresses, and the families of a cluster stay', async () => {
    await ground.killAgent(patienceMs)
    apply(pod('later', 'node-1'))
    ok('wait', '--for=condition=Ready', 'pod', 'later', '--timeout=40s')
    assert.equal(new Set(['a', 'b', 'c', 'fresh', 'later'].map(podSix)).size, 5)
    await gives('after the agent came back', 'later', { [podSix('a')]: 'a', [serviceSix('web')]: 'c' })
    const again = ground.skiff(['up', '--ip-families', 'IPv4'])
    assert.deepEqual([again.code !== 0, /was made with --ip-families IPv4,IPv6 and keeps them/.test(again.err)], [true, true], again.err)
    assert.doesNotMatch(readFileSync(join(ground.dataDir, 'agent/agent.log'), 'utf8'), /packet rules|network policies:|services:|health checks/)
  })
})
