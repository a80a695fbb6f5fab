import { createCluster } from '@kubeskiff/core/cluster'
import { aDeployment } from '../manifests.ts'
import { millisecondsOf, repeat, type Scenario, took } from '../scenario.ts'

export const scenario: Scenario = {
  name: 'create',
  about: 'a cluster in process, and a fork of its store at 10,000 pods',
  async run() {
    const first = await repeat(1, () => took(() => createCluster()))
    const next = await repeat(20, () => took(() => createCluster()))
    const cluster = createCluster({ nodes: 100 })
    for (let set = 0; set < 100; set++) cluster.request('POST', '/apis/apps/v1/namespaces/default/deployments', aDeployment(`d${set}`, 100))
    cluster.settle()
    const forks = await repeat(20, () => took(() => cluster.store.fork()))
    return [
      { what: 'createCluster(), the first in the process', unit: 'ms', ...millisecondsOf(first), aim: '≤ 50' },
      { what: 'createCluster(), the next ones', unit: 'ms', ...millisecondsOf(next), aim: '≤ 50' },
      { what: 'fork of the store at 10,000 pods', unit: 'ms', ...millisecondsOf(forks), aim: '≤ 5' },
    ]
  },
}
