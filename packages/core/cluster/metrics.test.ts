import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCluster } from './index.ts'

const workload = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: "main:1", resources: {requests: {cpu: "3"}}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: gated}
spec: {schedulingGates: [{name: example.com/wait}], containers: [{name: main, image: "main:1"}]}
`

test('controllers tell how their queues do, and the scheduler how its attempts went', () => {
  const cluster = createCluster({ nodes: 1 })
  cluster.apply(workload)
  cluster.advance('10s')
  const text = String(cluster.request('GET', '/metrics').body)
  const value = (series: string): number => {
    const line = text.split('\n').find((each) => each.startsWith(`${series} `))
    return line === undefined ? Number.NaN : Number(line.slice(series.length + 1))
  }
  const all = (...series: readonly string[]): readonly number[] => series.map(value)
  const profile = 'profile="default-scheduler"'
  assert.deepEqual(all(
    'scheduler_pending_pods{queue="active"}', 'scheduler_pending_pods{queue="unschedulable"}', 'scheduler_pending_pods{queue="gated"}', `scheduler_schedule_attempts_total{${profile},result="scheduled"}`,
    `scheduler_schedule_attempts_total{${profile},result="unschedulable"}`, `scheduler_scheduling_attempt_duration_seconds_count{${profile},result="scheduled"}`, 'scheduler_pod_scheduling_attempts_bucket{le="1"}', 'scheduler_preemption_attempts_total',
  ), [0, 1, 1, 2, 1, 2, 2, 0])
  const name = 'name="replicaset-controller"'
  const adds = value(`workqueue_adds_total{${name}}`)
  assert.ok(adds >= 2)
  // What is added waits, is looked at, and is done.
  assert.deepEqual(all(`workqueue_depth{${name}}`, `workqueue_queue_duration_seconds_count{${name}}`, `workqueue_work_duration_seconds_count{${name}}`), [0, adds, adds])
  for (const [metric, lines] of Map.groupBy(text.split('\n').filter((line) => line.startsWith('# TYPE')), (line) => line.split(' ')[2])) assert.equal(lines.length, 1, `${metric} is told once`)
  cluster.stop()
})
