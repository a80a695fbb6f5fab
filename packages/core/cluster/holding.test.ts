import assert from 'node:assert/strict'
import { test } from 'node:test'
import { whoHolds } from './holding.ts'
import { createCluster } from './virtual-cluster.ts'

test('who is at work is told by what is written most, and by the keys that wait', () => {
  const cluster = createCluster({ nodes: 1 })
  const put = (name: string, turn: number): void => { cluster.request('PATCH', `/api/v1/namespaces/default/configmaps/${name}?fieldManager=t`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { turn: String(turn) } }, { 'content-type': 'application/apply-patch+yaml' }) }
  assert.deepEqual(whoHolds(cluster, () => { for (let turn = 0; turn < 3; turn++) put('restless', turn); put('other', 0) }), ['configmaps default/restless (3 writes)', 'configmaps default/other (1 write)'])
  assert.deepEqual(whoHolds({ store: cluster.store, runner: { waitingKeys: (most) => ['deployment-controller default/web'].slice(0, most) } }, () => {}), ['deployment-controller default/web waits for a look'])
})

test('a cluster that does not come to rest within its rounds says so, and why', () => {
  assert.throws(() => createCluster({ nodes: 200, roundsMax: 2 }), /^Error: the cluster did not settle: something is at work without end at 2026-01-01T00:00:00.000Z: \S+ \S+ \(\d+ writes?\), /)
})
