import { pods } from '@kubeskiff/core/api'
import { quantile, type Scenario } from '../scenario.ts'
import { serve } from '../world.ts'

const count = 10_000
const times = 20

export const scenario: Scenario = {
  name: 'list',
  about: 'a list of 10,000 Running pods over HTTPS, uncompressed',
  async run() {
    const served = await serve({ nodes: 100 })
    await served.load({ is: 'run', prefix: 'p', count, writers: 64 })
    const first = await served.load({ is: 'get', path: '/api/v1/pods', times: 1 })
    const again = await served.load({ is: 'get', path: '/api/v1/pods', times })
    const paged = await served.load({ is: 'get', path: '/api/v1/pods?limit=500', times })
    const selected = await served.load({ is: 'get', path: '/api/v1/pods?labelSelector=app%3Dnobody', times })
    const running = [...served.store.view.list(pods)].filter((pod) => pod.status.phase === 'Running').length
    await served.close()
    if (running !== count) throw new Error(`${running} of ${count} pods run`)
    return [
      { what: 'the first list', unit: 'ms', runs: first.each },
      { what: 'lists again', unit: 'ms', runs: again.each },
      { what: 'bytes of a list', unit: 'MB', runs: [again.bytes / times / 1e6] },
      { what: 'p99 of lists again', unit: 'ms', runs: [quantile(again.each, 0.99)], aim: '≤ 100' },
      { what: 'a page of 500', unit: 'ms', runs: paged.each },
      { what: 'a selector that matches none', unit: 'ms', runs: selected.each },
    ]
  },
}
