import type { Handler } from '@kubeskiff/core/server'
import type { Store } from '@kubeskiff/core/store'
import { aConfigMap } from '../manifests.ts'
import { quantile, type Scenario } from '../scenario.ts'
import { serve } from '../world.ts'

const count = 20_000
const writers = 64
const rounds = 5

/** A server that answers every request at once with what a create would answer. */
function emptyPipeline(store: Store): Handler {
  const body = new TextEncoder().encode(JSON.stringify({ ...aConfigMap('a'), metadata: { name: 'a', namespace: 'default', uid: '00000000-0000-4000-8000-000000000000', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' } }))
  const headers = { 'content-type': 'application/json' }
  return { step: () => ({ is: 'bytes', status: 201, headers, body: [body], asOf: store.durableRevision }) }
}

export const scenario: Scenario = {
  name: 'writes',
  about: `durable creates of ConfigMaps over HTTPS, ${writers} writers, beside the same server with an empty pipeline`,
  async run() {
    const real = await serve({ nodes: 0 })
    const empty = await serve({ nodes: 0, handler: emptyPipeline })
    const [writes, answers, p99]: [number[], number[], number[]] = [[], [], []]
    await empty.load({ is: 'create', what: 'configmaps', prefix: 'warm', count: 5000, writers })
    await real.load({ is: 'create', what: 'configmaps', prefix: 'warm', count: 5000, writers })
    for (let round = 0; round < rounds; round++) {
      answers.push(count / ((await empty.load({ is: 'create', what: 'configmaps', prefix: `r${round}-`, count, writers })).ms / 1000))
      const { ms, each } = await real.load({ is: 'create', what: 'configmaps', prefix: `r${round}-`, count, writers })
      writes.push(count / (ms / 1000))
      p99.push(quantile(each, 0.99))
    }
    await real.close()
    await empty.close()
    return [
      { what: 'durable writes', unit: 'writes/s', runs: writes, beside: { what: 'an empty pipeline', runs: answers }, aim: '≥ 0.60' },
      { what: 'p99 of one write', unit: 'ms', runs: p99 },
    ]
  },
}
