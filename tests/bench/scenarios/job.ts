import { createCluster } from '@kubeskiff/core/cluster'
import { jobs } from '@kubeskiff/core/api'
import { aJob } from '../manifests.ts'
import { repeat, type Scenario, secondsOf, took } from '../scenario.ts'

const completions = 10_000

export const scenario: Scenario = {
  name: 'job',
  about: 'a Job of 10,000 pods on 100 simulated nodes, in process',
  async run() {
    const runs = await repeat(3, () => {
      const cluster = createCluster({ nodes: 100 })
      return took(() => {
        cluster.request('POST', '/apis/batch/v1/namespaces/default/jobs', aJob('bench', completions, completions))
        cluster.settle()
        for (let minutes = 0; cluster.list(jobs)[0]?.status?.succeeded !== completions; minutes++) {
          if (minutes > 600) throw new Error(`${cluster.list(jobs)[0]?.status?.succeeded} of ${completions} pods have succeeded after ten hours`)
          cluster.advance('1m')
        }
      })
    })
    return [{ what: 'until Complete', unit: 's', ...secondsOf(runs), aim: '≤ 10' }]
  },
}
