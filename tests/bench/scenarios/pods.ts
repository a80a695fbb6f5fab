import { quantile, type Scenario } from '../scenario.ts'
import { serve } from '../world.ts'

const count = 5000
const writers = 64
const rounds = 3

export const scenario: Scenario = {
  name: 'pods',
  about: 'simulated pods on 100 nodes over HTTPS: from the first create until a watch has shown all Running',
  async run() {
    const [rates, p99]: [number[], number[]] = [[], []]
    const warm = await serve({ nodes: 100 })
    await warm.load({ is: 'run', prefix: 'warm-', count: 1000, writers })
    for (let round = 0; round < rounds; round++) {
      // 100 nodes hold 11,000 pods: those of the round before make room.
      const { ms, each } = await warm.load({ is: 'run', prefix: `r${round}-`, count, writers })
      rates.push(count / (ms / 1000))
      p99.push(quantile(each, 0.99))
      if (round + 1 < rounds) for (let index = 0; index < count; index++) remove(warm.cluster, `r${round}-${index}`)
      await settled()
    }
    await warm.close()
    return [
      { what: 'created and Running', unit: 'pods/s', runs: rates, aim: '≥ 2,000' },
      { what: 'p99 of one create meanwhile', unit: 'ms', runs: p99 },
    ]
  },
}

const settled = (): Promise<void> => new Promise((resolve) => { setTimeout(resolve, 3000) })

function remove(cluster: Awaited<ReturnType<typeof serve>>['cluster'], name: string): void {
  const key = { resource: 'pods', namespace: 'default', name }
  const pod = cluster.store.view.get({ resource: 'pods', group: '', version: 'v1', kind: 'Pod', plural: 'pods', scope: 'Namespaced' }, 'default', name)
  if (pod === undefined) return
  cluster.server.submit({ do: 'delete', key, uid: pod.metadata.uid, graceSeconds: 0 }, { user: 'bench', groups: ['system:masters'], component: 'bench' }, () => {})
}
