// Tests of manifests against a whole cluster in this process, on a clock that only moves when it is told to.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createCluster, cronJobs, deployments, jobs, pods } from 'kubeskiff'

const manifest = (name: string): string => readFileSync(join(import.meta.dirname, '../workloads', name), 'utf8')

test('the Deployment rolls out over three nodes', () => {
  const cluster = createCluster({ nodes: 3 })
  cluster.apply(manifest('deployment.yaml'))
  const [web] = cluster.list(deployments, 'default')
  assert.equal(web?.status.readyReplicas, 3)
})

test('an image that does not exist never takes the old pods away', () => {
  const cluster = createCluster({ nodes: 3 })
  cluster.apply(manifest('deployment.yaml'))
  const answer = cluster.request('PATCH', '/apis/apps/v1/namespaces/default/deployments/web', {
    spec: { template: { metadata: { annotations: { 'skiff.dev/image-missing': 'true' } }, spec: { containers: [{ name: 'web', image: 'example/no-such-image:2' }] } } },
  }, { 'content-type': 'application/strategic-merge-patch+json' })
  assert.equal(answer.status, 200)
  cluster.advance('11m')
  const [web] = cluster.list(deployments, 'default')
  assert.equal(web?.status.availableReplicas, 3)
  const waiting = cluster.list(pods, 'default').flatMap((pod) => pod.status.containerStatuses?.[0]?.state?.waiting?.reason ?? [])
  assert.deepEqual(waiting, ['ImagePullBackOff'])
  assert.equal(web.status.conditions?.find(({ type }) => type === 'Progressing')?.reason, 'ProgressDeadlineExceeded')
})

test('a day of a CronJob leaves its last three jobs', () => {
  const cluster = createCluster()
  cluster.apply(manifest('cronjob.yaml'))
  cluster.advance('24h')
  const [minutely] = cluster.list(cronJobs, 'default')
  assert.equal(minutely?.status.lastSuccessfulTime, '2026-01-02T00:00:00Z')
  const finished = cluster.list(jobs, 'default').filter(({ status }) => status.succeeded === 1)
  assert.equal(finished.length, 3)
})

test('a node that fails gives its pods away', () => {
  const cluster = createCluster({ nodes: 2 })
  cluster.apply(manifest('deployment.yaml'))
  const onFirst = (): number => cluster.list(pods, 'default').filter(({ spec, metadata }) => spec.nodeName === 'sim-1' && metadata.deletionTimestamp === undefined).length
  assert.notEqual(onFirst(), 0)
  cluster.request('PATCH', '/api/v1/nodes/sim-1', { metadata: { annotations: { 'skiff.dev/failed-at': new Date(cluster.clock.now()).toISOString() } } }, { 'content-type': 'application/merge-patch+json' })
  cluster.advance('7m')
  assert.equal(onFirst(), 0)
  assert.equal(cluster.list(deployments, 'default')[0]?.status.readyReplicas, 3)
})
