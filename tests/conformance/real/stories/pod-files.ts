// What stands under /etc of a container, and what an account's token says there; what is written is found again in logs.
import assert from 'node:assert/strict'
import { text, until } from '../../api.ts'
import { named } from '../../story.ts'
import { hasReady } from '../../workloads.ts'
import { aPod, image, type RealStory, shell, waiting } from '../world.ts'

const everywhere = '[Conformance] [NodeConformance]'
const managed = '# Kubernetes-managed hosts file.'
const account = '/var/run/secrets/kubernetes.io/serviceaccount'

export const podFiles: readonly RealStory[] = [
  {
    row: `[sig-node] Kubelet when scheduling an agnhost Pod with hostAliases should write entries to /etc/hosts ${everywhere}`,
    tell: async (world) => {
      const log = await world.says(aPod('hosts', [shell('cat /etc/hosts')], { hostAliases: [{ ip: '123.45.67.89', hostnames: ['foo', 'bar'] }] }))
      assert.ok(log.startsWith(`${managed}\n`) && log.includes('# Entries added by HostAliases.\n123.45.67.89\tfoo\tbar\n'), log)
    },
  },
  {
    row: `[sig-node] KubeletManagedEtcHosts should test kubelet managed /etc/hosts file ${everywhere}`,
    tell: async (world) => {
      const own = { name: 'own', configMap: { name: 'hosts' } }
      await world.create(world.path('v1', 'configmaps'), { ...named('hosts'), data: { hosts: '127.0.0.1 mine\n' } })
      const containers = [waiting(), waiting({ name: 'second' }), waiting({ name: 'third', volumeMounts: [{ name: 'own', mountPath: '/etc/hosts', subPath: 'hosts' }] })]
      await world.runs(aPod('plain', containers, { volumes: [own] }))
      await world.runs(aPod('host', [waiting(), waiting({ name: 'second' })], { hostNetwork: true }))
      const isManaged = async (pod: string, container: string): Promise<boolean> => (await world.sh(pod, 'cat /etc/hosts', container)).includes(managed)
      assert.deepEqual(await Promise.all([isManaged('plain', 'main'), isManaged('plain', 'second'), isManaged('plain', 'third'), isManaged('host', 'main'), isManaged('host', 'second')]), [true, true, false, false, false])
    },
  },
  {
    row: '[sig-network] DNS should support configurable pod DNS nameservers [Conformance]',
    tell: async (world) => {
      const dns = { dnsPolicy: 'None', dnsConfig: { nameservers: ['1.1.1.1'], searches: ['resolv.conf.local'], options: [{ name: 'ndots', value: '2' }] } }
      assert.equal(await world.says(aPod('resolver', [shell('cat /etc/resolv.conf')], dns)), 'search resolv.conf.local\nnameserver 1.1.1.1\noptions ndots:2\n')
    },
  },
  {
    row: '[sig-auth] ServiceAccounts should mount an API token into pods [Conformance]',
    tell: async (world) => {
      await world.create(world.path('v1', 'serviceaccounts'), named('worker'))
      await world.runs(aPod('worker', [waiting()], { serviceAccountName: 'worker' }))
      const [token, authority, namespace] = await Promise.all(['token', 'ca.crt', 'namespace'].map((file) => world.sh('worker', `cat ${account}/${file}`)))
      assert.deepEqual([namespace, /^-----BEGIN CERTIFICATE-----/.test(authority ?? '')], [world.namespace, true])
      const review = await world.create('/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token } })
      assert.deepEqual([text(review, 'status', 'user', 'username')], [`system:serviceaccount:${world.namespace}:worker`])
    },
  },
  {
    row: `[sig-node] Kubelet when scheduling a busybox command in a pod should print the output to logs ${everywhere}`,
    tell: async (world) => { assert.equal(await world.says(aPod('prints', [shell("echo 'Hello World' ; echo 'and errors' >&2")])), 'Hello World\nand errors\n') },
  },
  {
    row: `[sig-node] Pods should support remote command execution over websockets ${everywhere}`,
    tell: async (world) => {
      await world.runs(aPod('remote', [waiting()]))
      assert.deepEqual(await world.exec('remote', ['sh', '-c', 'echo remote execution test; echo to stderr >&2; exit 3']), { code: 3, out: 'remote execution test\n', err: 'to stderr\n' })
      assert.deepEqual(await world.exec('remote', ['tr', 'a-z', 'A-Z'], { input: 'said to it' }), { code: 0, out: 'SAID TO IT', err: '' })
    },
  },
  {
    row: `[sig-node] Pods should support retrieving logs from the container over websockets ${everywhere}`,
    tell: async (world) => {
      await world.says(aPod('talks', [shell('echo container is alive; echo and well')]))
      const said = 'container is alive\nand well\n'
      const [plain, encoded] = [await world.logFrames('talks', 'binary.k8s.io'), await world.logFrames('talks', 'base64.binary.k8s.io')]
      assert.deepEqual([plain.join(''), encoded.map((frame) => Buffer.from(frame, 'base64').toString()).join('')], [said, said])
    },
  },
  {
    row: '[sig-cli] Kubectl logs logs should be able to retrieve and filter logs [Conformance]',
    kubectl: true,
    tell: async (world) => {
      await world.says(aPod('logs', [shell('for n in 1 2 3 4 5 6 7 8 9 10; do echo "line $n"; done')]))
      const logs = async (...words: readonly string[]): Promise<string> => (await world.kubectl?.run(['logs', 'logs', '-n', world.namespace, ...words]))?.out ?? ''
      assert.match(await logs(), /^line 1\n[^]*line 10\n$/)
      assert.equal(await logs('--tail=1'), 'line 10\n')
      assert.equal(await logs('--limit-bytes=1'), 'l')
      assert.match(await logs('--tail=1', '--timestamps'), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z line 10\n$/)
      await world.api.advance(2500)
      assert.deepEqual([await logs('--since=1s'), (await logs('--since=24h')).split('\n').length], ['', 11])
    },
  },
  {
    row: '[sig-cli] Kubectl client Kubectl expose should create services for rc [Conformance]',
    kubectl: true,
    tell: async (world) => {
      const labels = { app: 'redis' }
      const server = { name: 'main', image, command: ['sh', '-c', 'mkdir /www; echo served > /www/index.html; httpd -f -p 6379 -h /www'], ports: [{ containerPort: 6379 }], readinessProbe: { tcpSocket: { port: 6379 }, periodSeconds: 1 } }
      await world.create(world.path('v1', 'replicationcontrollers'), { ...named('redis'), spec: { replicas: 1, selector: labels, template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 0, containers: [server] } } } })
      await hasReady(world, world.path('v1', 'replicationcontrollers', 'redis'), 1)
      const expose = (...words: readonly string[]): Promise<unknown> => world.kubectl?.run(['expose', ...words, '-n', world.namespace]) ?? Promise.resolve()
      await expose('rc', 'redis', '--name=rm2', '--port=1234', '--target-port=6379')
      await expose('service', 'rm2', '--name=rm3', '--port=2345', '--target-port=6379')
      await world.runs(aPod('client', [waiting()]))
      const [first, second] = await Promise.all(['rm2', 'rm3'].map(async (name) => text(await world.get(world.path('v1', 'services', name)), 'spec', 'clusterIP')))
      const asks = (place: string): string => `printf "GET / HTTP/1.0\\r\\n\\r\\n" | nc -w 5 ${place}`
      for (const place of [`${first} 1234`, `${second} 2345`]) await until(world.api, `${place} answers`, async () => (await world.exec('client', ['sh', '-c', asks(place)])).out.endsWith('served\n'))
    },
  },
]
