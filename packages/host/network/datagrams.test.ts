import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ServiceRoute } from '@kubeskiff/core/network'
import { answerersOf, staleFlows } from './datagrams.ts'

const [one, two] = [{ address: '10.244.1.2', port: 53 }, { address: '10.244.2.2', port: 53 }]
const route = (endpoints: ServiceRoute['endpoints'], more: Partial<ServiceRoute> = {}): ServiceRoute => ({ name: 'default/dns:', protocol: 'UDP', addresses: ['10.96.0.5'], port: 53, endpoints, outside: { addresses: [], nodePort: 30053 }, ...more })
const flow = (address: string, port: number, by: typeof one) => ({ address, port, by })
const flows = [flow('10.96.0.5', 53, one), flow('10.96.0.5', 53, two), flow('172.30.0.11', 30053, one), flow('172.30.0.11', 30053, { address: '172.30.0.11', port: 30053 }), flow('10.96.0.6', 53, one), flow('10.244.1.2', 53, one)]
const rows: readonly (readonly [rule: string, before: readonly ServiceRoute[], after: readonly ServiceRoute[], stale: readonly number[] | undefined])[] = [
  ['nothing changed', [route([one, two])], [route([two, one])], undefined],
  ['TCP is none of it', [route([one], { protocol: 'TCP' })], [], undefined],
  ['an endpoint is gone', [route([one, two])], [route([two])], [0, 2, 3]],
  ['all are gone', [route([one, two])], [route('refused')], [0, 1, 2, 3]],
  ['the Service is gone', [route([one, two])], [], [0, 1, 2, 3]],
  ['the Service is new: what was sent to nobody is led on', [], [route([one, two])], [3]],
]
for (const [rule, before, after, stale] of rows) test(rule, () => {
  const isStale = staleFlows(answerersOf(before), answerersOf(after))
  assert.deepEqual(isStale && flows.flatMap((each, index) => (isStale(each) ? [index] : [])), stale)
})
