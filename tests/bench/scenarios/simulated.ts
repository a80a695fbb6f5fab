import { createCluster } from '@kubeskiff/core/cluster'
import { configMaps, jobs, nodes, pods, statefulSets } from '@kubeskiff/core/api'
import { aCronJob, aStatefulSet } from '../manifests.ts'
import { type Measure, repeat, type Scenario, secondsOf, took, type Took } from '../scenario.ts'

const nodesMany = 5_000
const ordered = 1_000
const cronJobs = 10_000
const dependents = 100_000

/** Throws what a scenario would have to be measured without. */
function expect(what: string, found: unknown, wanted: unknown): void {
  if (found !== wanted) throw new Error(`${what}: ${String(found)} instead of ${String(wanted)}`)
}

interface Conditioned { readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] } }
const isReady = ({ status }: Conditioned): boolean => status?.conditions?.some(({ type, status: holds }) => type === 'Ready' && holds === 'True') === true

/** Nodes from nothing to Ready. */
export function nodesReady(count: number): Promise<Took> {
  return took(() => {
    const cluster = createCluster({ nodes: [{ count, zones: ['a', 'b', 'c'] }] })
    expect('nodes that are Ready', cluster.list(nodes).filter(isReady).length, count)
  })
}

/** A StatefulSet whose pods come one after the other. */
export function inOrder(count: number): Promise<Took> {
  const cluster = createCluster({ nodes: 100 })
  return took(() => {
    cluster.request('POST', '/apis/apps/v1/namespaces/default/statefulsets', aStatefulSet('bench', count))
    cluster.settle()
    expect('pods that are ready', cluster.list(statefulSets)[0]?.status?.readyReplicas, count)
  })
}

/** CronJobs that all run each minute. */
export function eachMinute(count: number, minutes: number): Promise<Took> {
  const cluster = createCluster({ nodes: [{ count: Math.ceil(count / 100) + 1 }] })
  for (let nth = 0; nth < count; nth++) cluster.request('POST', '/apis/batch/v1/namespaces/default/cronjobs', aCronJob(`c${nth}`, '* * * * *'))
  cluster.settle()
  let made = 0
  let seen = cluster.store.view.revision
  cluster.store.onCommit(() => {
    const changes = cluster.store.changes(seen, jobs.resource)
    if (changes === 'compacted') throw new Error('history does not reach back to the commit before')
    for (const { before } of changes) if (before === undefined) made++
    seen = cluster.store.view.revision
  })
  return took(() => {
    cluster.advance(minutes * 60_000)
    expect('runs', made, count * minutes)
  })
}

/** An owner and all that it owns, deleted in the background. */
export function cascade(count: number): Promise<Took> {
  const cluster = createCluster({ nodes: 1 })
  const create = (body: object): { readonly metadata: { readonly uid: string } } => cluster.request('POST', '/api/v1/namespaces/default/configmaps', body).body as { readonly metadata: { readonly uid: string } }
  const { metadata: { uid } } = create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'owner' } })
  for (let nth = 0; nth < count; nth++) create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `d${nth}`, ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid }] } })
  cluster.settle()
  return took(() => {
    cluster.request('DELETE', '/api/v1/namespaces/default/configmaps/owner?propagationPolicy=Background')
    cluster.settle()
    expect('objects that are left', cluster.list(configMaps, 'default').filter(({ metadata }) => metadata.name !== 'kube-root-ca.crt').length, 0)
  })
}

/** All nodes of one zone of three are lost; their pods run elsewhere. */
export function zoneLost(nodeCount: number, replicas: number): Promise<Took> {
  const cluster = createCluster({ nodes: [{ count: nodeCount, zones: ['a', 'b', 'c'] }] })
  cluster.request('POST', '/apis/apps/v1/namespaces/default/deployments', {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'web' }] } } },
  })
  cluster.settle()
  return took(() => {
    const failedAt = new Date(cluster.clock.now()).toISOString()
    for (const { metadata } of cluster.list(nodes)) if (metadata.labels?.['topology.kubernetes.io/zone'] === 'a') cluster.request('PATCH', `/api/v1/nodes/${metadata.name}`, { metadata: { annotations: { 'skiff.dev/failed-at': failedAt } } }, { 'content-type': 'application/merge-patch+json' })
    cluster.advance('1h')
    expect('pods that are ready elsewhere', cluster.list(pods).filter((pod) => isReady(pod) && pod.metadata.deletionTimestamp === undefined).length, replicas)
  })
}

export const scenario: Scenario = {
  name: 'simulated',
  about: 'simulated nodes at size: 5,000 of them, StatefulSets in order, 10,000 CronJobs each minute, a cascade of 100,000, the loss of a zone',
  async run(): Promise<readonly Measure[]> {
    return [
      { what: '5,000 nodes Ready', unit: 's', ...secondsOf(await repeat(3, () => nodesReady(nodesMany))), aim: '≤ 3' },
      { what: 'a StatefulSet of 1,000, in order', unit: 's', ...secondsOf(await repeat(3, () => inOrder(ordered))) },
      { what: 'cascade delete of 100,000 objects', unit: 's', ...secondsOf(await repeat(1, () => cascade(dependents))) },
      { what: 'a zone of 100 nodes lost, its pods move', unit: 's', ...secondsOf(await repeat(1, () => zoneLost(300, 3_000))) },
      { what: '10,000 CronJobs each minute for an hour', unit: 's', ...secondsOf(await repeat(1, () => eachMinute(cronJobs, 60))) },
    ]
  },
}
