import { createCluster } from '@kubeskiff/core/cluster'
import { deployments, pods } from '@kubeskiff/core/api'
import { aDeployment } from '../manifests.ts'
import { heapMegabytes, type Measure, type Scenario, took } from '../scenario.ts'

const sets = 1000
const replicas = 100

export const scenario: Scenario = {
  name: 'deployments',
  about: '1,000 Deployments of 100 replicas on 1,000 simulated nodes, in process',
  async run(): Promise<readonly Measure[]> {
    const before = heapMegabytes()
    const cluster = createCluster({ nodes: 1000 })
    const { seconds, cpuSeconds } = await took(() => {
      for (let set = 0; set < sets; set++) cluster.request('POST', '/apis/apps/v1/namespaces/default/deployments', aDeployment(`d${set}`, replicas))
      cluster.settle()
      cluster.advance('1m')
    })
    const available = cluster.list(deployments).filter((each) => each.status?.availableReplicas === replicas).length
    if (available !== sets) throw new Error(`${available} of ${sets} Deployments are available, ${cluster.list(pods).filter((pod) => pod.status.phase === 'Running').length} pods run`)
    const heap = heapMegabytes() - before
    return [
      { what: 'until all 100,000 pods are available', unit: 's', runs: [seconds], cpu: [cpuSeconds] },
      { what: 'the same as a rate', unit: 'pods/s', runs: [(sets * replicas) / seconds] },
      { what: 'heap, with Events and history', unit: 'MB', runs: [heap] },
      { what: 'resident memory', unit: 'MB', runs: [process.memoryUsage().rss / 1e6], aim: '≤ 3,000 at 150,000 pods' },
    ]
  },
}
