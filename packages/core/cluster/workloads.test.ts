import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { byNamespace, daemonSets, type Deployment, deployments, endpointSlices, jobs, persistentVolumeClaims, persistentVolumes, type Pod, pods, replicaSets, type Resource, statefulSets } from '../api/index.ts'
import type { Change } from '../api/view.ts'
import { createCluster, simulatedNode, type VirtualCluster } from './index.ts'

const workloads = new URL('../../../examples/workloads/', import.meta.url)
const example = (name: string): string => readFileSync(new URL(`${name}.yaml`, workloads), 'utf8')
const at = '/namespaces/default'

/** Sees every change, in order, as soon as it is committed. */
function watchCommits(cluster: VirtualCluster, see: (change: Change) => void): void {
  let seen = cluster.store.view.revision
  cluster.store.onCommit(() => {
    const news = cluster.store.changes(seen)
    seen = cluster.store.view.revision
    if (news !== 'compacted') for (const change of news) see(change)
  })
}

const phases = (cluster: VirtualCluster, ...namespace: [string?]): Readonly<Record<string, string>> =>
  Object.fromEntries(cluster.list(pods, ...namespace).map((pod) => [pod.metadata.name, pod.status.phase ?? '']))
const isReady = (pod: Pod): boolean => pod.metadata.deletionTimestamp === undefined && pod.status.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') === true
const timersOf = (cluster: VirtualCluster): readonly string[] => cluster.clock.freeze().timers.map(({ owner, key }) => `${owner} ${key}`.trim()).sort()
/** What is left of a namespace besides what every namespace has, and Events, which live for an hour. */
const leftIn = (cluster: VirtualCluster, namespace: string): readonly string[] =>
  [...cluster.store.view.by<Resource>(byNamespace, namespace)].filter(({ kind }) => kind !== 'Event').map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort()
function must(cluster: VirtualCluster, method: string, path: string, body?: unknown): void {
  const { status, body: said } = cluster.request(method, path, body, method === 'PATCH' ? { 'content-type': 'application/merge-patch+json' } : {})
  assert.ok(status < 300, `${method} ${path}: ${JSON.stringify(said)}`)
  cluster.settle()
}

test('every workload of the examples reaches its goal', () => {
  const cluster = createCluster({ nodes: 3 })
  for (const name of ['deployment', 'statefulset', 'daemonset', 'job', 'sidecar']) cluster.apply(example(name))
  cluster.advance('10s')
  const sidecar = cluster.list(pods).find((pod) => pod.metadata.name === 'sidecar')
  const [web] = cluster.list(deployments)
  const [db] = cluster.list(statefulSets)
  const [agent] = cluster.list(daemonSets)
  const [nine] = cluster.list(jobs)
  assert.deepEqual({
    web: [web?.status.readyReplicas, web?.status.updatedReplicas, web?.status.availableReplicas],
    db: [db?.status.readyReplicas, db?.status.currentRevision === db?.status.updateRevision],
    agent: [agent?.status.desiredNumberScheduled, agent?.status.numberAvailable],
    nine: [nine?.status.succeeded, nine?.status.conditions?.map(({ type, status }) => `${type} ${status}`)],
    sidecar: [...(sidecar?.status.initContainerStatuses ?? []), ...(sidecar?.status.containerStatuses ?? [])].map(({ name, state, ready }) => `${name} ${Object.keys(state ?? {}).join()} ${ready}`),
    endpoints: cluster.list(endpointSlices, 'default').filter(({ metadata }) => metadata.name !== 'kubernetes').map((slice) => `${slice.metadata.labels?.['kubernetes.io/service-name']} ${slice.endpoints?.filter((one) => one.conditions?.ready).length}`).sort(),
  }, {
    web: [3, 3, 3], db: [2, true], agent: [3, 3], nine: [9, ['SuccessCriteriaMet True', 'Complete True']],
    sidecar: ['prepare terminated true', 'writer running true', 'web running true'], endpoints: ['db-headless 2', 'web 3'],
  })
})

test('a day of a CronJob is 1,440 Jobs, one a minute, and keeps three of them', () => {
  const cluster = createCluster({ nodes: 3 })
  cluster.apply(example('cronjob'))
  const started: number[] = []
  let completed = 0
  watchCommits(cluster, ({ key, before, after }) => {
    if (key.resource !== jobs.resource || after === undefined) return
    if (before === undefined) started.push(Date.parse(after.metadata.creationTimestamp ?? ''))
    const isComplete = (job: Resource | undefined): boolean => JSON.stringify((job as { status?: unknown } | undefined)?.status ?? '').includes('"Complete"')
    if (!isComplete(before) && isComplete(after)) completed++
  })
  cluster.advance('24h')
  cluster.advance('1s')
  const first = Date.UTC(2026, 0, 1, 0, 1)
  assert.deepEqual(started, Array.from({ length: 1440 }, (_, minute) => first + minute * 60_000))
  assert.deepEqual([completed, cluster.list(jobs).length, cluster.list(pods).length], [1440, 3, 3])
})

test('a rolling update keeps its bounds at every commit, and is slowed by readiness', () => {
  const cluster = createCluster({ nodes: 3 })
  cluster.apply(example('deployment'))
  cluster.advance('10s')
  const seen = { most: 0, leastReady: 3, commits: 0 }
  watchCommits(cluster, ({ key }) => {
    if (key.resource !== pods.resource && key.resource !== replicaSets.resource) return
    const own = cluster.list(pods).filter((pod) => pod.metadata.labels?.['app'] === 'web')
    seen.commits++
    seen.most = Math.max(seen.most, own.filter((pod) => pod.metadata.deletionTimestamp === undefined).length)
    seen.leastReady = Math.min(seen.leastReady, own.filter(isReady).length)
  })
  must(cluster, 'PATCH', `/apis/apps/v1${at}/deployments/web`, { spec: { template: { metadata: { annotations: { 'skiff.dev/ready-after': '5s' } } } } })
  cluster.advance('4s')
  const [during] = cluster.list(deployments) as readonly [Deployment]
  assert.deepEqual([during.status.updatedReplicas, during.status.replicas, during.status.readyReplicas], [1, 4, 3])
  cluster.advance('1m')
  const [after] = cluster.list(deployments) as readonly [Deployment]
  assert.deepEqual([after.status.updatedReplicas, after.status.replicas, after.status.readyReplicas], [3, 3, 3])
  // 25% of three: one more, none less.
  assert.deepEqual([seen.most, seen.leastReady, seen.commits > 20], [4, 3, true])
})

test('a StatefulSet grows and shrinks in order, and its claims stay for its next pods', () => {
  const cluster = createCluster({ nodes: 3 })
  const order: string[] = []
  watchCommits(cluster, ({ key, before, after }) => {
    if (key.resource !== pods.resource) return
    if (before === undefined && after !== undefined) order.push(`+${key.name}`)
    if (after === undefined) order.push(`-${key.name}`)
    else if (before !== undefined && !isReady(before as Pod) && isReady(after as Pod)) order.push(`${key.name} ready`)
  })
  const volumes = (): readonly string[] => cluster.list(persistentVolumeClaims, 'default').map(({ metadata, spec, status }) => `${metadata.name} ${status.phase} ${spec.volumeName}`)
  const scale = (replicas: number): void => { must(cluster, 'PATCH', `/apis/apps/v1${at}/statefulsets/db`, { spec: { replicas } }); cluster.advance('30s') }
  cluster.apply(example('statefulset'))
  cluster.advance('10s')
  scale(3)
  const before = volumes()
  scale(1)
  scale(3)
  assert.deepEqual(order, ['+db-0', 'db-0 ready', '+db-1', 'db-1 ready', '+db-2', 'db-2 ready', '-db-2', '-db-1', '+db-1', 'db-1 ready', '+db-2', 'db-2 ready'])
  assert.deepEqual([before.map((line) => line.split(' ').slice(0, 2).join(' ')), volumes()], [['data-db-0 Bound', 'data-db-1 Bound', 'data-db-2 Bound'], before])
})

test('a DaemonSet follows nodes that come and go', () => {
  const cluster = createCluster({ nodes: 3 })
  cluster.apply(example('daemonset'))
  const where = (): readonly string[] => cluster.list(pods).map((pod) => `${pod.spec.nodeName} ${pod.status.phase}`).sort()
  const three = where()
  cluster.addNode(simulatedNode(3))
  cluster.settle()
  const four = where()
  cluster.removeNode('sim-2')
  must(cluster, 'DELETE', '/api/v1/nodes/sim-2')
  cluster.advance('2m')
  assert.deepEqual([three, four, where()], [
    ['sim-1 Running', 'sim-2 Running', 'sim-3 Running'],
    ['sim-1 Running', 'sim-2 Running', 'sim-3 Running', 'sim-4 Running'],
    ['sim-1 Running', 'sim-3 Running', 'sim-4 Running'],
  ])
})

test('a Job whose pods fail waits longer each time, and gives up at its limit', () => {
  const cluster = createCluster({ nodes: 3 })
  const startedAt: number[] = []
  watchCommits(cluster, ({ key, before, after }) => { if (key.resource === pods.resource && before === undefined && after !== undefined) startedAt.push(cluster.clock.now()) })
  cluster.apply(`
apiVersion: batch/v1
kind: Job
metadata: {name: failing}
spec:
  backoffLimit: 3
  template:
    metadata: {annotations: {skiff.dev/exit-code: '1', skiff.dev/run-for: 1s}}
    spec:
      restartPolicy: Never
      containers: [{name: work, image: 'work:1'}]
`)
  cluster.advance('10m')
  const [job] = cluster.list(jobs)
  // The pod runs for a second, then 10, 20 and 40 seconds pass.
  assert.deepEqual(startedAt.slice(1).map((instant, index) => (instant - (startedAt[index] ?? 0)) / 1000), [11, 21, 41])
  assert.deepEqual([job?.status.failed, job?.status.conditions?.map(({ type, reason }) => `${type} ${reason}`)], [4, ['FailureTarget BackoffLimitExceeded', 'Failed BackoffLimitExceeded']])
})

test('what is deleted leaves nothing behind: no object, no finalizer, no timer', () => {
  const cluster = createCluster({ nodes: 3 })
  // What its nodes had to tell is forgotten.
  cluster.advance('2h')
  const fresh = { left: leftIn(cluster, 'default'), timers: timersOf(cluster) }
  for (const name of ['deployment', 'statefulset', 'daemonset', 'job', 'sidecar', 'cronjob']) cluster.apply(example(name))
  cluster.advance('90s')
  for (const kind of ['deployments', 'statefulsets', 'daemonsets']) must(cluster, 'DELETE', `/apis/apps/v1${at}/${kind}`)
  for (const kind of ['jobs', 'cronjobs']) must(cluster, 'DELETE', `/apis/batch/v1${at}/${kind}?propagationPolicy=Background`)
  for (const name of ['web', 'db-headless']) must(cluster, 'DELETE', `/api/v1${at}/services/${name}`)
  must(cluster, 'DELETE', `/api/v1${at}/pods/sidecar`)
  must(cluster, 'DELETE', `/api/v1${at}/persistentvolumeclaims`)
  cluster.advance('1m')
  // Events are what an idle cluster still waits for: they are forgotten an hour after they happened, and with the last of them the timer goes.
  assert.deepEqual([leftIn(cluster, 'default'), cluster.list(persistentVolumes).length, timersOf(cluster), cluster.simulated.observed().pods.size], [fresh.left, 0, [...fresh.timers, 'event expiry'], 0])
  cluster.advance('2h')
  assert.deepEqual([timersOf(cluster), fresh.timers, [...cluster.store.view.by<Resource>(byNamespace, 'default')].filter(({ kind }) => kind === 'Event')], [[], [], []])
})

test('workloads that run wait for nothing but the next run of a CronJob', () => {
  const cluster = createCluster({ nodes: 3 })
  for (const name of ['deployment', 'statefulset', 'daemonset', 'job', 'sidecar', 'cronjob']) cluster.apply(example(name))
  cluster.advance('90s')
  assert.deepEqual(timersOf(cluster), ['controller/cronjob-controller default/minutely', 'event expiry'])
})

test('a namespace that is deleted is emptied first', () => {
  const cluster = createCluster({ nodes: 3 })
  must(cluster, 'POST', '/api/v1/namespaces', { metadata: { name: 'team' } })
  for (const name of ['deployment', 'statefulset', 'daemonset', 'job', 'sidecar', 'cronjob']) cluster.apply(example(name).replaceAll(/^metadata:\n {2}name:/gm, 'metadata:\n  namespace: team\n  name:'))
  cluster.advance('90s')
  assert.equal(Object.keys(phases(cluster, 'team')).length > 15, true)
  must(cluster, 'DELETE', '/api/v1/namespaces/team')
  cluster.advance('2m')
  assert.deepEqual([cluster.request('GET', '/api/v1/namespaces/team').status, [...cluster.store.view.by<Resource>(byNamespace, 'team')].map(({ kind, metadata }) => `${kind} ${metadata.name}`), cluster.list(persistentVolumes).length], [404, [], 0])
  cluster.advance('2h')
  assert.deepEqual(timersOf(cluster), [])
})
