import type { Scenario } from '../scenario.ts'
import { serve } from '../world.ts'

const watchers = 1000
const changes = 300
const rounds = 3

export const scenario: Scenario = {
  name: 'fan-out',
  about: `changes of one ConfigMap, each shown to ${watchers} watchers on TLS connections of their own`,
  async run() {
    const rates: number[] = []
    for (let round = 0; round < rounds; round++) {
      const served = await serve({ nodes: 0 })
      const { ms } = await served.load({ is: 'fan out', watchers, changes, writers: 8 })
      rates.push((watchers * changes) / (ms / 1000))
      await served.close()
    }
    return [{ what: 'events shown', unit: 'events/s', runs: rates }]
  },
}
