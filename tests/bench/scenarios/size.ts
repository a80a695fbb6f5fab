import { deployments, events, pods, type Resource } from '@kubeskiff/core/api'
import type { Load, Result } from '../load.ts'
import { aDeployment } from '../manifests.ts'
import { heapMegabytes, type Measure, quantile, type Scenario, took } from '../scenario.ts'
import { serve, type Served } from '../world.ts'

const replicas = 1_000
const patienceMs = 1_800_000
/** What a pod of a real application has besides: with its status and managedFields about 4 KB of JSON. */
const realistic = (name: string, image: string) => {
  const deployment = aDeployment(name, replicas)
  const [container] = deployment.spec.template.spec.containers
  const env = Array.from({ length: 2 }, (_, index) => ({ name: `SETTING_${index}`, value: `value-${index}-of-${name}` }))
  const probe = { httpGet: { path: '/healthz', port: 80 }, periodSeconds: 10 }
  return {
    ...deployment,
    spec: {
      ...deployment.spec, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      template: {
        metadata: { labels: { ...deployment.spec.template.metadata.labels, tier: 'web', version: 'v1' }, annotations: { 'example.com/config-hash': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' } },
        spec: { containers: [{ ...container, image, env, readinessProbe: probe, volumeMounts: [{ name: 'cache', mountPath: '/cache' }] }], volumes: [{ name: 'cache', emptyDir: {} }] },
      },
    },
  }
}

/** Holds so many pods on so many nodes, and reads while one Deployment after the other is rolled. */
export async function held(nodes: number, podCount: number): Promise<readonly Measure[]> {
  const served = await serve({ nodes })
  try {
    const before = heapMegabytes()
    const sets = podCount / replicas
    const made = await took(async () => {
      for (let set = 0; set < sets; set++) act(served, { do: 'create', object: realistic(`d${set}`, 'nginx:1.27') as never })
      await available(served, sets)
    })
    const heap = heapMegabytes()
    const resident = process.memoryUsage().rss / 1e6
    const { view } = served.store
    const last = `d${sets - 1}`
    const pod = [...view.list(pods)].find(({ metadata }) => metadata.labels?.['app'] === last)
    const bytes = JSON.stringify(pod).length
    for (let set = 0; set < Math.min(sets - 1, 5); set++) roll(served, `d${set}`)
    const read = async (path: string, times: number): Promise<Result> => served.load({ is: 'get', path, times } satisfies Load)
    const [one, page, chosen] = [await read(`/api/v1/namespaces/default/pods/${pod?.metadata.name ?? ''}`, 2_000), await read('/api/v1/pods?limit=500', 200), await read(`/api/v1/namespaces/default/pods?labelSelector=app%3D${last}`, 100)]
    return [
      { what: `${podCount} pods of ${bytes} bytes available on ${nodes} nodes`, unit: 's', runs: [made.seconds], cpu: [made.cpuSeconds] },
      { what: 'objects held', unit: 'thousands', runs: [(view.count(pods) + view.count(events)) / 1000] },
      { what: 'heap after a collection, with Events and history', unit: 'MB', runs: [heap] },
      { what: 'heap per pod', unit: 'KB', runs: [((heap - before) * 1000) / podCount] },
      { what: 'resident memory then', unit: 'MB', runs: [resident], aim: '≤ 3,000' },
      { what: 'a pod while Deployments roll, p99', unit: 'ms', runs: [quantile(one.each, 0.99)], aim: '≤ 100' },
      { what: 'a page of 500 meanwhile, p99', unit: 'ms', runs: [quantile(page.each, 0.99)], aim: '≤ 100' },
      { what: `${replicas} pods by label meanwhile, p99`, unit: 'ms', runs: [quantile(chosen.each, 0.99)], aim: '≤ 100' },
    ]
  } finally { await served.close() }
}

const bench = { user: 'bench', groups: ['system:masters', 'system:authenticated'], component: 'bench' }
function act({ cluster }: Served, action: Parameters<typeof cluster.server.submit>[0]): void {
  cluster.server.submit(action, bench, (outcome) => { if ('refused' in outcome) throw new Error(outcome.message) })
}
function roll(served: Served, name: string): void {
  const deployment = served.store.view.get(deployments, 'default', name)
  if (deployment === undefined) throw new Error(`no Deployment ${name}`)
  const { uid } = (deployment satisfies Resource).metadata
  act(served, { do: 'patch', key: { resource: deployments.resource, namespace: 'default', name }, uid, part: 'main', patch: { spec: { template: { metadata: { labels: { version: 'v2' } } } } } })
}

async function available({ store }: Served, sets: number): Promise<void> {
  const until = performance.now() + patienceMs
  for (;;) {
    const done = [...store.view.list(deployments)].filter(({ status }) => status?.availableReplicas === replicas).length
    if (done === sets) return
    if (performance.now() > until) throw new Error(`${done} of ${sets} Deployments are available`)
    await new Promise((resolve) => { setTimeout(resolve, 500) })
  }
}

export const scenario: Scenario = {
  name: 'size',
  about: '5,000 nodes and 150,000 pods of 4 KB with Events, held with a journal; reads over HTTPS while Deployments roll',
  run: () => held(5_000, 150_000),
}
