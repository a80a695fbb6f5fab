import { createCluster } from '@kubeskiff/core/cluster'
import { deployments, pods } from '@kubeskiff/core/api'
import { aDeployment } from '../manifests.ts'
import { heapMegabytes, type Measure, type Scenario, took } from '../scenario.ts'

const sets = 1000
const replicas = 100

export const scenario: Scenario = {
  name: 'deployments',
  about: '1,000 Deployments of 100 replicas on 1,000 simulated nodes, made and rolled, in process',
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
    const rolled = await took(() => {
      for (let set = 0; set < sets; set++) {
        const { status } = cluster.request('PATCH', `/apis/apps/v1/namespaces/default/deployments/d${set}`, { spec: { template: { spec: { containers: [{ name: 'main', image: 'nginx:1.28' }] } } } }, { 'content-type': 'application/strategic-merge-patch+json' })
        if (status !== 200) throw new Error(`the patch of d${set} was answered ${status}`)
      }
      cluster.settle()
      cluster.advance('10m')
    })
    const fresh = cluster.list(deployments).filter(({ status }) => status?.updatedReplicas === replicas && status.availableReplicas === replicas && status.replicas === replicas).length
    if (fresh !== sets) throw new Error(`${fresh} of ${sets} Deployments are rolled`)
    const heap = heapMegabytes() - before
    return [
      { what: 'until all 100,000 pods are available', unit: 's', runs: [seconds], cpu: [cpuSeconds] },
      { what: 'until all are rolled to another image', unit: 's', runs: [rolled.seconds], cpu: [rolled.cpuSeconds] },
      { what: 'creation as a rate', unit: 'pods/s', runs: [(sets * replicas) / seconds] },
      { what: 'heap, with Events and history', unit: 'MB', runs: [heap] },
      { what: 'resident memory', unit: 'MB', runs: [process.memoryUsage().rss / 1e6], aim: '≤ 3,000 at 150,000 pods' },
    ]
  },
}
