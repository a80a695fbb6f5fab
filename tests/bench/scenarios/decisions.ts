import { allControllers } from '../../../packages/core/cluster/controllers.ts'
import type { Controller, Resource, ResourceType, World } from '@kubeskiff/core/api'
import { builtInTypes } from '../../../packages/core/api/resources.ts'
import { createCluster, type VirtualCluster } from '@kubeskiff/core/cluster'
import { aCronJob, aDeployment, aJob, aPod, aStatefulSet } from '../manifests.ts'
import type { Measure, Scenario } from '../scenario.ts'

const sets = 20
const replicas = 100
const rounds = 5
/** So long each controller is asked in a round: its keys again and again. */
const roundMicroseconds = 100_000

function populated(): VirtualCluster {
  const cluster = createCluster({ nodes: 100 })
  const create = (path: string, body: object): void => {
    const { status, body: said } = cluster.request('POST', path, body)
    if (status !== 201) throw new Error(`${path}: ${JSON.stringify(said)}`)
  }
  const apps = '/apis/apps/v1/namespaces/default'
  for (let set = 0; set < sets; set++) {
    const app = `d${set}`
    create(`${apps}/deployments`, aDeployment(app, replicas))
    create('/api/v1/namespaces/default/services', { apiVersion: 'v1', kind: 'Service', metadata: { name: app }, spec: { selector: { app }, ports: [{ port: 80 }] } })
    create('/apis/policy/v1/namespaces/default/poddisruptionbudgets', { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: app }, spec: { minAvailable: '50%', selector: { matchLabels: { app } } } })
    create('/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers', { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: app }, spec: { minReplicas: replicas, maxReplicas: replicas, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: app }, metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }] } })
    create('/apis/batch/v1/namespaces/default/cronjobs', aCronJob(`c${set}`, '* * * * *'))
  }
  create(`${apps}/statefulsets`, aStatefulSet('ordered', replicas))
  create(`${apps}/daemonsets`, { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'agent' }, spec: { selector: { matchLabels: { app: 'agent' } }, template: { metadata: { labels: { app: 'agent' } }, spec: aPod('').spec } } })
  create('/apis/batch/v1/namespaces/default/jobs', aJob('batch', replicas, replicas))
  create('/api/v1/namespaces/default/resourcequotas', { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'room' }, spec: { hard: { pods: '100000' } } })
  cluster.settle()
  cluster.advance('5m')
  return cluster
}

/** The keys that a controller looks at when it starts. */
function keysOf({ watches }: Controller<unknown>, { store: { view } }: VirtualCluster): readonly string[] {
  const keys = new Set<string>()
  for (const type of new Map<string, ResourceType<Resource>>([...builtInTypes].map((each) => [each.resource, each])).values()) {
    for (const { affected } of watches.filter(({ resource }) => resource === '*' || resource === type.resource)) {
      for (const after of view.list(type)) for (const key of affected({ revision: view.revision, key: { resource: type.resource, namespace: after.metadata.namespace ?? '', name: after.metadata.name }, before: undefined, after }, view)) keys.add(key)
    }
  }
  return [...keys]
}

function costOf(controller: Controller<unknown>, cluster: VirtualCluster, keys: readonly string[]): readonly number[] {
  const now = cluster.clock.now()
  const worldOf = (memory: unknown): World<unknown> => ({ view: cluster.store.view, now, memory, last: undefined, observed: new Map() })
  const worlds = keys.map((key) => [key, worldOf(controller.reconcile(key, worldOf(undefined)).memory)] as const)
  const runs: number[] = []
  for (let round = 0; round <= rounds; round++) {
    const began = process.cpuUsage()
    let looks = 0
    let used = 0
    while (used < roundMicroseconds) {
      for (const [key, world] of worlds) { controller.reconcile(key, world); looks++ }
      const { user, system } = process.cpuUsage(began)
      used = user + system
    }
    // The first round warms the engine.
    if (round > 0) runs.push(used / looks)
  }
  return runs
}

export const scenario: Scenario = {
  name: 'decisions',
  about: `what one look of each controller costs (CPU) in a settled cluster: ${sets} Deployments, Services, budgets, autoscalers and CronJobs, sets of ${replicas} pods`,
  run() {
    const cluster = populated()
    const measures = allControllers({ authority: 'PEM', volumesBelow: '/var/lib' }).flatMap((controller): readonly Measure[] => {
      const keys = keysOf(controller, cluster)
      return keys.length === 0 ? [] : [{ what: `${controller.name}, ${keys.length} keys`, unit: 'µs', runs: costOf(controller, cluster, keys) }]
    })
    return Promise.resolve(measures)
  },
}
