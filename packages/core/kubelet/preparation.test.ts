import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Container } from '../api/generated/types.ts'
import type { Resource } from '../api/resource.ts'
import { leases, nodes } from '../api/resources.ts'
import { viewOf } from '../rules/view-of.ts'
import { textOf } from '../base/bytes.ts'
import { credentialsHash } from '../rules/registry-credentials.ts'
import { containerSpec } from './container-spec.ts'
import { environmentOf, expand } from './environment.ts'
import { credentialsOf, pullPolicyOf } from './images.ts'
import type { NodeShape } from './node-shape.ts'
import { nodeStatus } from './node.ts'
import { sandboxSpec } from './sandbox.ts'
import { aCluster, aPod, aShape, simulated, start } from './test-cluster.ts'
import { planVolumes } from './volumes/plan.ts'

const real = aShape('a', { simulated: false })
const object = (kind: string, name: string, more: object): Resource =>
  ({ apiVersion: 'v1', kind, metadata: { name, namespace: 'default', uid: `uid-${name}`, resourceVersion: '5', creationTimestamp: '2026-01-01T00:00:00Z' }, ...more }) as Resource
const around = (objects: readonly Resource[], pod = aPod({ labels: { app: 'web' } }), node = real) => ({ pod, view: viewOf(objects), node, podIps: ['10.244.1.7'], credentials: undefined, now: start })
const variables = (container: Partial<Container>, objects: readonly Resource[] = []): unknown => {
  const made = environmentOf({ name: 'web', ...container }, around(objects))
  return made.is === 'environment' ? Object.fromEntries(made.variables) : made.message
}

test('references to variables are replaced where they are known', () => {
  const known = (name: string): string | undefined => ({ A: 'one', B: '$(A)' })[name]
  assert.deepEqual(['$(A)-$(A)', '$(NONE)', '$$(A)', '$$$(A)', '$(B)', 'plain', '$', '$(A'].map((text) => expand(text, known)), ['one-one', '$(NONE)', '$(A)', '$one', '$(A)', 'plain', '$', '$(A'])
})

test('an environment is made of sources, values and references, in order', () => {
  const settings = object('ConfigMap', 'settings', { data: { mode: 'fast', size: '3' } })
  const secret = object('Secret', 'keys', { data: { token: 'c2VjcmV0' } })
  assert.deepEqual(variables({
    envFrom: [{ prefix: 'S_', configMapRef: { name: 'settings' } }, { secretRef: { name: 'absent', optional: true } }],
    env: [
      { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }, { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'APP', valueFrom: { fieldRef: { fieldPath: 'metadata.labels[\'app\']' } } }, { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'keys', key: 'token' } } },
      { name: 'BOTH', value: '$(NAME)/$(S_mode)' }, { name: 'LIMIT', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
      { name: 'REQUEST', valueFrom: { resourceFieldRef: { resource: 'requests.memory', divisor: '1Mi' } } },
    ],
    resources: { requests: { memory: '64Mi' } },
  }, [settings, secret]), { S_mode: 'fast', S_size: '3', NAME: 'web', IP: '10.244.1.7', APP: 'web', TOKEN: 'secret', BOTH: 'web/fast', LIMIT: '4', REQUEST: '64' })
  assert.equal(variables({ env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'settings', key: 'gone' } } }] }, [settings]), 'couldn\'t find key gone in ConfigMap default/settings')
  assert.equal(variables({ env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'none', key: 'a' } } }] }), 'secret "none" not found')
})

test('containers are told of the services of their namespace', () => {
  const service = object('Service', 'my-db', { spec: { clusterIP: '10.96.0.20', ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }] } })
  const headless = object('Service', 'quiet', { spec: { clusterIP: 'None', ports: [{ port: 1 }] } })
  assert.deepEqual(variables({}, [service, headless]), {
    MY_DB_SERVICE_HOST: '10.96.0.20', MY_DB_SERVICE_PORT: '5432', MY_DB_SERVICE_PORT_SQL: '5432', MY_DB_PORT: 'tcp://10.96.0.20:5432', MY_DB_PORT_5432_TCP: 'tcp://10.96.0.20:5432',
    MY_DB_PORT_5432_TCP_PROTO: 'tcp', MY_DB_PORT_5432_TCP_PORT: '5432', MY_DB_PORT_5432_TCP_ADDR: '10.96.0.20',
  })
})

test('commands and arguments are expanded', () => {
  const made = containerSpec({ name: 'web', command: ['sh', '-c', 'echo $(WHO)'], args: ['$(WHO)'], env: [{ name: 'WHO', value: 'me' }] }, around([]))
  assert.deepEqual(made.is === 'spec' ? [made.spec.command, made.spec.args] : made, [['sh', '-c', 'echo me'], ['me']])
})

test('volumes are files, directories and scratch space', () => {
  const pod = aPod({
    labels: { app: 'web' },
    spec: {
      volumes: [
        { name: 'scratch', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } }, { name: 'settings', configMap: { name: 'settings', items: [{ key: 'mode', path: 'deep/mode', mode: 0o400 }] } },
        { name: 'all', projected: { sources: [{ secret: { name: 'keys' } }, { downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } }] } },
        { name: 'data', persistentVolumeClaim: { claimName: 'data-0' } }, { name: 'machine', hostPath: { path: '/var/log', type: 'Directory' } },
        { name: 'maybe', configMap: { name: 'absent', optional: true } },
      ],
    },
  })
  const objects = [
    object('ConfigMap', 'settings', { data: { mode: 'fast' } }), object('Secret', 'keys', { data: { token: 'c2VjcmV0' } }),
    object('PersistentVolumeClaim', 'data-0', { spec: { volumeName: 'pv-1' }, status: { phase: 'Bound' } }),
    { ...object('PersistentVolume', 'pv-1', { spec: { local: { path: '/srv/pv-1' }, claimRef: { uid: 'uid-data-0' } } }), metadata: { name: 'pv-1', uid: 'u', resourceVersion: '5', creationTimestamp: '' } } as Resource,
  ]
  const plan = planVolumes(around(objects, pod))
  const shown = plan.volumes.map((volume) => (volume.is === 'files' ? { ...volume, files: volume.files.map((file) => [file.path, file.mode.toString(8), textOf(file.bytes)]) } : volume))
  assert.deepEqual([plan.missing, shown], [[], [
    { name: 'scratch', is: 'emptyDir', medium: 'Memory', sizeBytes: 1_048_576 }, { name: 'settings', is: 'files', inMemory: false, files: [['deep/mode', '400', 'fast']] },
    { name: 'all', is: 'files', inMemory: true, files: [['token', '644', 'secret'], ['labels', '644', 'app="web"']] },
    { name: 'data', is: 'directory', path: '/srv/pv-1', shown: 'pv-1' }, { name: 'machine', is: 'hostPath', path: '/var/log', type: 'Directory' }, { name: 'maybe', is: 'files', inMemory: false, files: [] },
  ]])
  assert.equal(planVolumes(around([], pod)).missing[0]?.message, 'MountVolume.SetUp failed for volume "settings" : configmap "settings" not found')
})

test('a token is asked for, waited for, and renewed when four fifths of its life are over', () => {
  const asked: string[] = []
  const cluster = aCluster({
    shapes: [aShape('a', { simulated: false })],
    tokens: (ask, done) => { asked.push(`${ask.pod.metadata.name} ${ask.id}`); done({ is: 'token', token: 't', issuedAt: cluster.clock.now(), expiresAt: cluster.clock.now() + ask.expirationSeconds * 1000 }) },
  })
  cluster.put(aPod({ spec: { volumes: [{ name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token', expirationSeconds: 3600 } }] } }] } }))
  cluster.settle()
  assert.equal(cluster.pod()?.status.phase, 'Running')
  cluster.pass(47 * 60_000)
  assert.equal(asked.length, 1)
  cluster.pass(2 * 60_000)
  assert.deepEqual(asked, ['web /3600', 'web /3600'])
})

test('a token that was refused is asked for again soon, though another one is good for long', () => {
  const refusedUntil = start + 65_000
  const cluster = aCluster({
    shapes: [aShape('a', { simulated: false })],
    tokens: (ask, done) => {
      const now = cluster.clock.now()
      done(ask.audience === undefined || now >= refusedUntil ? { is: 'token', token: 't', issuedAt: now, expiresAt: now + 3_600_000 } : { is: 'refused', message: 'not now' })
    },
  })
  const sources = [{ serviceAccountToken: { path: 'own' } }, { serviceAccountToken: { path: 'other', audience: 'vault' } }]
  cluster.put(aPod({ spec: { volumes: [{ name: 'tokens', projected: { sources } }] } }))
  cluster.pass(60_000)
  assert.equal(cluster.pod()?.status.phase, 'Pending')
  cluster.pass(15_000)
  assert.equal(cluster.pod()?.status.phase, 'Running')
})

test('names and resolvers inside a pod', () => {
  const cluster = { dns: '10.96.0.10', domain: 'cluster.local' }
  const pod = aPod({ spec: { hostname: 'web-0', subdomain: 'headless', dnsConfig: { options: [{ name: 'ndots', value: '2' }], searches: ['example.com'] } } })
  const { hostname, domain, dns } = sandboxSpec(pod, real, cluster)
  assert.deepEqual({ hostname, domain, dns }, {
    hostname: 'web-0', domain: 'headless.default.svc.cluster.local',
    dns: { nameservers: ['10.96.0.10'], searches: ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'example.com'], options: ['ndots:2'] },
  })
  assert.deepEqual(sandboxSpec(aPod({ spec: { dnsPolicy: 'Default' } }), real, cluster).dns, { nameservers: [], searches: [], options: [], fromNode: true })
})

test('what a sandbox on a real node cannot have is told, and tried again: an unknown class, users of its own', () => {
  const refused = (spec: object, handlers?: NodeShape['handlers']): readonly string[] => {
    const shape: NodeShape = { ...real, ...(handlers !== undefined && { handlers }) }
    const cluster = aCluster({ shapes: [shape], runtime: (clock) => simulated(clock, [shape]) })
    cluster.put(aPod({ spec }))
    cluster.pass(1500)
    return cluster.events.filter((event) => event.includes('FailedCreatePodSandBox'))
  }
  const told = (why: string): string => `Warning FailedCreatePodSandBox Failed to create pod sandbox: ${why}`
  assert.deepEqual(refused({ runtimeClassName: 'none' }), Array.from({ length: 2 }, () => told('runtimeclass.node.k8s.io "none" not found')))
  assert.deepEqual(refused({ hostUsers: false }), Array.from({ length: 2 }, () => told("can't set `spec.hostUsers: false`, runtime does not support user namespaces")))
  assert.deepEqual(refused({}), [])
  const without = [{ name: '', userNamespaces: false, recursiveReadOnlyMounts: true }]
  const having = [{ name: '', userNamespaces: true, recursiveReadOnlyMounts: true }]
  assert.equal(refused({ hostUsers: false }, without).length, 2)
  assert.deepEqual(refused({ hostUsers: false }, having), [])
  assert.deepEqual(nodeStatus({ ...real, handlers: having }, undefined, start).runtimeHandlers, [{ name: '', features: { userNamespaces: true, recursiveReadOnlyMounts: true } }])
  assert.deepEqual([sandboxSpec(aPod({ spec: { hostUsers: false } }), real, { dns: '', domain: '' }).ownUsers, sandboxSpec(aPod({}), real, { dns: '', domain: '' }).ownUsers], [true, undefined])
})

test('AppArmor profiles are for nodes whose kernel enforces them', () => {
  const asking = { spec: { securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } } }
  const annotated = (value: string) => ({ annotations: { 'container.apparmor.security.beta.kubernetes.io/web': value } })
  const phase = (appArmor: boolean, pod: Parameters<typeof aPod>[0]): unknown => {
    const shape = { ...real, appArmor }
    const cluster = aCluster({ shapes: [shape], runtime: (clock) => simulated(clock, [shape]) })
    cluster.put(aPod(pod))
    cluster.settle()
    return [cluster.pod()?.status.phase, cluster.pod()?.status.reason, cluster.pod()?.status.message]
  }
  const refused = ['Failed', 'AppArmor', 'Pod was rejected: Cannot enforce AppArmor: AppArmor is not enabled on the host']
  const runs = ['Running', undefined, undefined]
  assert.deepEqual([phase(true, asking), phase(false, asking), phase(false, annotated('localhost/web')), phase(false, annotated('unconfined'))], [runs, refused, refused, runs])
})

test('a pod may be known by its whole name inside', () => {
  const { hostname, shortHostname, domain } = sandboxSpec(aPod({ spec: { hostname: 'web-0', subdomain: 'headless', setHostnameAsFQDN: true } }), real, { dns: '', domain: 'cluster.local' })
  assert.deepEqual([hostname, shortHostname, domain], ['web-0.headless.default.svc.cluster.local', 'web-0', 'headless.default.svc.cluster.local'])
})

test('images without a tag, or with latest, are always pulled', () => {
  const rows = [['web', 'Always'], ['web:latest', 'Always'], ['web:1', 'IfNotPresent'], ['host:5000/web', 'Always'], ['host:5000/web:1', 'IfNotPresent'], ['web@sha256:00', 'IfNotPresent']] as const
  assert.deepEqual(rows.map(([image]) => [image, pullPolicyOf({ image })]), rows)
})

test('registry credentials come from pull secrets', () => {
  const config = Uint8Array.from(new TextEncoder().encode(JSON.stringify({ auths: { 'registry.example': { auth: 'bWU6cGFzcw==' } } }))).toBase64()
  const pod = aPod({ spec: { imagePullSecrets: [{ name: 'pull' }, { name: 'absent' }] } })
  assert.deepEqual(credentialsOf(pod, viewOf([object('Secret', 'pull', { data: { '.dockerconfigjson': config } })])), [{ registry: 'registry.example', username: 'me', password: 'pass', source: { uid: 'uid-pull', namespace: 'default', name: 'pull', hash: credentialsHash({ username: 'me', password: 'pass' }) } }])
})

test('a real node renews its lease every 10 s and posts its status every 5 min', () => {
  const cluster = aCluster({ shapes: [aShape('a', { simulated: false })] })
  cluster.pass(25_000)
  const lease = cluster.store.view.get(leases, 'kube-node-lease', 'a')
  assert.deepEqual([lease?.spec.renewTime, lease?.spec.leaseDurationSeconds, lease?.spec.holderIdentity], ['2026-01-01T00:00:20.000000Z', 40, 'a'])
  const heartbeat = (): string | undefined => cluster.store.view.get(nodes, '', 'a')?.status.conditions?.[0]?.lastHeartbeatTime
  assert.equal(heartbeat(), '2026-01-01T00:00:00Z')
  cluster.pass(300_000)
  assert.equal(heartbeat(), '2026-01-01T00:05:00Z')
})

test('a simulated node that is marked as failed is silent until the mark is taken away', () => {
  const cluster = aCluster()
  cluster.settle()
  const node = cluster.store.view.get(nodes, '', 'a')
  assert.ok(node)
  cluster.put({ ...node, metadata: { ...node.metadata, annotations: { 'skiff.dev/failed-at': '2026-01-01T00:00:00Z' } } } as Resource)
  cluster.put(aPod())
  cluster.settle()
  assert.equal(cluster.pod()?.status.phase, 'Pending')
  cluster.put(node)
  cluster.settle()
  assert.equal(cluster.pod()?.status.phase, 'Running')
})

test('where the runtime has no network a node is not ready and its pods wait, but for those of the host\'s network', () => {
  let trouble: string | undefined = 'cni plugin not initialized'
  const cluster = aCluster({ shapes: [real], networkTrouble: () => trouble })
  const told = 'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized'
  cluster.put(aPod())
  cluster.put(aPod({ name: 'host', spec: { hostNetwork: true } }))
  cluster.pass(3_000)
  const ready = (): unknown => cluster.store.view.get(nodes, '', 'a')?.status.conditions?.flatMap(({ type, status, reason, message }) => (type === 'Ready' ? [status, reason, message] : []))
  assert.deepEqual(ready(), ['False', 'KubeletNotReady', told])
  assert.deepEqual([cluster.events.filter((event) => event.includes('NetworkNotReady')).length, cluster.events.some((event) => event.includes(`network is not ready: ${told}`))], [1, true])
  assert.deepEqual([cluster.pod()?.status.phase, cluster.pod('host')?.status.phase], ['Pending', 'Running'])
  trouble = undefined
  cluster.kubelet.nodeChanged('a')
  cluster.pass(3_000)
  assert.deepEqual([ready(), cluster.pod()?.status.phase], [['True', 'KubeletReady', 'kubelet is posting ready status'], 'Running'])
})
