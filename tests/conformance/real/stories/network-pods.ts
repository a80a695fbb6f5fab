// Pods that speak with pods, with nodes, and with those who ask through the API.
import assert from 'node:assert/strict'
import { type Fields, good, list, nameOf, until } from '../../api.ts'
import { hasReady, podsOf } from '../../workloads.ts'
import { aClient, addressOf, answers, aServer, aService, datagram, fetched, nodeAddresses, server, services } from '../network.ts'
import { serverCommand } from '../programs.ts'
import { aPod, image, type RealStory, type RealWorld, waiting } from '../world.ts'

const nodes = ['node-1', 'node-2']
const onEachNode = (world: RealWorld): Promise<readonly Fields[]> => Promise.all(nodes.map((nodeName, index) => world.runs(aServer(`net-${index}`, { app: 'net' }, { nodeName }))))
const checks = [
  { called: 'intra-pod communication: http', tags: '[Conformance] [NodeConformance]', spec: {}, ask: (world: RealWorld, address: string) => fetched(world, 'client', `${address}:8080`) },
  { called: 'intra-pod communication: udp', tags: '[Conformance] [NodeConformance]', spec: {}, ask: (world: RealWorld, address: string) => datagram(world, 'client', address, 8081) },
  { called: 'node-pod communication: http', tags: '[LinuxOnly] [Conformance] [NodeConformance]', spec: { hostNetwork: true }, ask: (world: RealWorld, address: string) => fetched(world, 'client', `${address}:8080`) },
  { called: 'node-pod communication: udp', tags: '[LinuxOnly] [Conformance] [NodeConformance]', spec: { hostNetwork: true }, ask: (world: RealWorld, address: string) => datagram(world, 'client', address, 8081) },
] as const

const controllers = [
  { row: '[sig-apps] ReplicaSet should serve a basic image on each replica with a public image [Conformance]', apiVersion: 'apps/v1', plural: 'replicasets', selector: { matchLabels: { app: 'basic' } } },
  { row: '[sig-apps] ReplicationController should serve a basic image on each replica with a public image [Conformance]', apiVersion: 'v1', plural: 'replicationcontrollers', selector: { app: 'basic' } },
] as const

const methods = ['DELETE', 'GET', 'OPTIONS', 'PATCH', 'POST', 'PUT']
/** Every method through the API to a pod and to a Service, by a path. */
async function isProxied(world: RealWorld, path: string): Promise<void> {
  const env = [{ name: 'BODY', value: 'foo' }]
  await Promise.all([world.runs(aPod('echo', [server(['tcp:80'], { env })], {}, { labels: { app: 'web' } })), world.create(services(world), aService('echo-service', { ports: [{ name: 'portname', port: 80, targetPort: 80 }] }))])
  for (const place of [world.pod('echo'), services(world, 'echo-service')]) {
    for (const method of methods) {
      await until(world.api, `${method} ${place} is answered`, async () => {
        const reply = await world.ask(method, `${place}/proxy${path}`)
        return (reply.status === 200 && JSON.stringify(reply.body) === JSON.stringify({ body: 'foo', method })) || undefined
      })
    }
    const head = await world.ask('HEAD', `${place}/proxy${path}`)
    assert.equal(head.status, 200)
  }
}

export const networkPods: readonly RealStory[] = [
  ...checks.map(({ called, tags, spec, ask }): RealStory => ({
    row: `[sig-network] Networking Granular Checks: Pods should function for ${called} ${tags}`,
    tell: async (world) => {
      const [servers] = await Promise.all([onEachNode(world), world.runs(aClient('client', spec))])
      for (const pod of servers) await answers(world, [nameOf(pod)], () => ask(world, addressOf(pod)))
    },
  })),
  ...controllers.map(({ row, apiVersion, plural, selector }): RealStory => ({
    row,
    tell: async (world) => {
      const path = world.path(apiVersion, plural, 'basic')
      await world.create(world.path(apiVersion, plural), { metadata: { name: 'basic' }, spec: { replicas: 2, selector, template: { metadata: { labels: { app: 'basic' } }, spec: { terminationGracePeriodSeconds: 1, containers: [server(['tcp:9376'])] } } } })
      await hasReady(world, path, 2)
      const pods = await podsOf(world, 'basic')
      assert.equal(pods.length, 2)
      for (const pod of pods) {
        const answer = await world.ask('GET', `${world.pod(nameOf(pod))}:9376/proxy/`)
        assert.deepEqual([answer.status, answer.text.trim()], [200, nameOf(pod)])
      }
    },
  })),
  {
    row: '[sig-network] Proxy version v1 should proxy through a service and a pod [Conformance]',
    tell: async (world) => {
      const ports = [{ name: 'portname1', port: 80, targetPort: 'dest1' }, { name: 'portname2', port: 81, targetPort: 162 }]
      const pod = aPod('proxied', [server(['tcp:160', 'tcp:162'], { ports: [{ name: 'dest1', containerPort: 160 }, { name: 'dest2', containerPort: 162 }] })], {}, { labels: { app: 'web' } })
      await Promise.all([world.runs(pod), world.create(services(world), aService('proxied', { ports }))])
      const places = [
        ...['', ':portname1', ':80'].map((port) => services(world, `proxied${port === '' ? ':80' : port}`)), services(world, 'proxied:portname2'), services(world, 'proxied:81'), services(world, 'http:proxied:portname1:').slice(0, -1),
        world.pod('proxied:160'), world.pod('http:proxied:162'), world.pod('proxied:162'),
      ]
      for (const place of places) {
        await until(world.api, `${place} answers`, async () => {
          const reply = await world.ask('GET', `${place}/proxy/`)
          return (reply.status === 200 && reply.text.trim() === 'proxied') || undefined
        })
      }
    },
  },
  { row: '[sig-network] Proxy version v1 A set of valid responses are returned for both pod and service ProxyWithPath [Conformance]', tell: (world) => isProxied(world, '/echo/some/path/with/GET') },
  { row: '[sig-network] Proxy version v1 A set of valid responses are returned for both pod and service Proxy [Conformance]', tell: (world) => isProxied(world, '/echo') },
  {
    row: '[sig-network] HostPort validates that there is no conflict between pods with same hostPort but different hostIP and protocol [LinuxOnly] [Conformance]',
    alone: true,
    tell: async (world) => {
      const [node = ''] = await nodeAddresses(world)
      const port = 54323
      const pod = (name: string, hostIP: string, protocol: 'TCP' | 'UDP') => aPod(name, [server(['tcp:8080', 'udp:8080'], { ports: [{ containerPort: 8080, hostPort: port, hostIP, protocol }] })], { nodeName: 'node-1' })
      await Promise.all([world.runs(pod('loopback', '127.0.0.1', 'TCP')), world.runs(pod('address', node, 'TCP')), world.runs(pod('datagrams', node, 'UDP')), world.runs(aClient('client', { hostNetwork: true, nodeName: 'node-1' }))])
      await answers(world, ['loopback'], () => fetched(world, 'client', `127.0.0.1:${port}`))
      await answers(world, ['address'], () => fetched(world, 'client', `${node}:${port}`))
      await answers(world, ['datagrams'], () => datagram(world, 'client', node, port))
    },
  },
  {
    row: '[sig-node] PreStop should call prestop when killing a pod [Conformance]',
    tell: async (world) => {
      const target = addressOf(await world.runs(aServer('hears')))
      const preStop = { exec: { command: ['wget', '-qO-', `--post-data=prestop`, `http://${target}:8080/write`] } }
      await world.runs(aPod('tester', [waiting({ lifecycle: { preStop } })], { terminationGracePeriodSeconds: 15 }))
      await world.remove(world.pod('tester'))
      await until(world.api, 'the hook has written', async () => (await fetchedBy(world, 'hears')) === 'prestop' || undefined)
    },
  },
  {
    row: '[sig-cli] Kubectl client Update Demo should create and stop a replication controller [Conformance]', kubectl: true,
    tell: async (world) => {
      await demo(world)
      await world.kubectl?.run(['delete', '--grace-period=0', '--force', '-n', world.namespace, 'rc/update-demo'])
      await until(world.api, 'its pods are gone', async () => (await podsOf(world, 'demo')).length === 0 || undefined)
    },
  },
  {
    row: '[sig-cli] Kubectl client Update Demo should scale a replication controller [Conformance]', kubectl: true,
    tell: async (world) => {
      await demo(world)
      for (const replicas of [1, 2]) {
        await world.kubectl?.run(['scale', 'rc', 'update-demo', `--replicas=${replicas}`, '--timeout=1m', '-n', world.namespace])
        await validated(world, replicas)
      }
    },
  },
  {
    row: '[sig-cli] Kubectl client Guestbook application should create and stop a working application [Conformance]', kubectl: true,
    tell: async (world) => {
      const manifests = guestbook()
      await world.kubectl?.run(['create', '-n', world.namespace, '-f', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests }) })
      for (const name of ['primary', 'replica', 'frontend']) await world.kubectl?.run(['rollout', 'status', `deployment/${name}`, '-n', world.namespace, '--timeout=50s'])
      const front = `${services(world, 'frontend')}:80/proxy`
      // The primary tells its replicas once: those whose names were not known by then hear it the next time.
      await until(world.api, 'an entry is taken, and read from the replicas', async () => {
        good(await world.ask('GET', `${front}/set?value=TestEntry`))
        return (await world.ask('GET', `${front}/read`)).text.includes('TestEntry') || undefined
      })
      await world.kubectl?.run(['delete', '-n', world.namespace, '--grace-period=0', '--force', '-f', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests }) })
      await until(world.api, 'nothing is left', async () => list(await world.get(world.pod()), 'items').length === 0 || undefined)
    },
  },
]

const fetchedBy = async (world: RealWorld, pod: string): Promise<string> => (await world.ask('GET', `${world.pod(pod)}:8080/proxy/read`)).text

async function demo(world: RealWorld): Promise<void> {
  const controller = { apiVersion: 'v1', kind: 'ReplicationController', metadata: { name: 'update-demo' }, spec: { replicas: 2, selector: { app: 'demo' }, template: { metadata: { labels: { app: 'demo' } }, spec: { terminationGracePeriodSeconds: 1, containers: [server(['tcp:80'], { ports: [{ containerPort: 80 }], env: [{ name: 'BODY', value: 'nautilus' }] })] } } } }
  await world.kubectl?.run(['create', '-n', world.namespace, '-f', '-'], { input: JSON.stringify(controller) })
  await validated(world, 2)
}
/** As many pods as there should be run the image, and each shows its picture through the API. */
async function validated(world: RealWorld, replicas: number): Promise<void> {
  const template = '{{range .items}}{{.metadata.name}} {{end}}'
  await until(world.api, `${replicas} pods of the demo answer`, async () => {
    const names = (await world.kubectl?.run(['get', 'pods', '-o', 'template', `--template=${template}`, '-l', 'app=demo', '-n', world.namespace]))?.out.trim().split(' ').filter((name) => name !== '') ?? []
    if (names.length !== replicas) return undefined
    for (const name of names) if (!(await world.ask('GET', `${world.pod(name)}/proxy/echo`)).text.includes('nautilus')) return undefined
    return true
  })
}

/** A front that keeps what it is told with a primary, from which replicas copy and from which it reads. */
function guestbook(): readonly object[] {
  const labels = (tier: string): Readonly<Record<string, string>> => ({ app: 'guestbook', tier })
  const workload = (name: string, replicas: number, container: object) => ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec: { replicas, selector: { matchLabels: labels(name) }, template: { metadata: { labels: labels(name) }, spec: { terminationGracePeriodSeconds: 1, containers: [container] } } } })
  const service = (name: string, port: number) => ({ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { selector: labels(name), ports: [{ port }] } })
  const copying = ['sh', '-c', 'while :; do wget -qO /tmp/new http://primary:6379/read && mv /tmp/new /tmp/kept; sleep 0.3; done & exec "$@"', 'sh', ...serverCommand('tcp:6379')]
  const front = 'use IO::Socket::INET; $SIG{CHLD} = "IGNORE"; my $s = IO::Socket::INET->new(LocalPort => 80, Listen => 64, ReuseAddr => 1) or die; while (my $c = $s->accept) { if (fork) { close $c; next } my (undef, $path) = split / /, scalar <$c>; while (<$c>) { last if /^\\r?$/ } my $to = $path =~ /set/ ? "primary" : "replica"; my $said = qx(timeout 3 wget -qO- "http://$to:6379$path"); print $c "HTTP/1.1 200 OK\\r\\nContent-Length: " . length($said) . "\\r\\nConnection: close\\r\\n\\r\\n$said"; exit }'
  return [
    service('primary', 6379), service('replica', 6379), service('frontend', 80),
    workload('primary', 1, server(['tcp:6379'])), workload('replica', 2, server(['tcp:6379'], { command: copying })), workload('frontend', 3, { name: 'main', image, command: ['perl', '-e', front], readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 1 } }),
  ]
}
