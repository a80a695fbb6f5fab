import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pods } from '../api/resources.ts'
import { createCluster, type VirtualCluster } from './index.ts'

const classes = `
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: high}
value: 1000
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: polite}
value: 1000
preemptionPolicy: Never
`
const deployment = (name: string, replicas: number, cpu: string): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      containers: [{name: main, image: "main:1", resources: {requests: {cpu: "${cpu}"}}}]
`
const pod = (name: string, priorityClassName: string, cpu: string): string => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}}
spec:
  priorityClassName: ${priorityClassName}
  containers: [{name: main, image: "main:1", resources: {requests: {cpu: "${cpu}"}}}]
`
const phases = (cluster: VirtualCluster): readonly string[] => cluster.list(pods).map(({ metadata, status }) => `${metadata.labels?.['app'] ?? metadata.name} ${status.phase}`).sort()
function full(): VirtualCluster {
  const cluster = createCluster({ nodes: 1 })
  cluster.apply(classes)
  cluster.apply(deployment('low', 4, '2'))
  cluster.advance('5s')
  assert.deepEqual(phases(cluster), Array.from({ length: 4 }, () => 'low Running'))
  return cluster
}

test('an important pod runs in the place of a less important one, which waits in its turn', () => {
  const cluster = full()
  cluster.apply(pod('p', 'high', '3'))
  cluster.advance('60s')
  assert.deepEqual(phases(cluster), ['low Pending', 'low Pending', 'low Running', 'low Running', 'p Running'])
  assert.equal(cluster.list(pods).find(({ metadata }) => metadata.name === 'p')?.status.nominatedNodeName, undefined)
})

test('a budget is broken where nothing else helps, for as few pods as it takes', () => {
  const cluster = full()
  cluster.apply('apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: kept}\nspec: {minAvailable: 4, selector: {matchLabels: {app: low}}}')
  cluster.advance('60s')
  cluster.apply(pod('p', 'high', '4'))
  cluster.advance('60s')
  assert.deepEqual(phases(cluster), ['low Pending', 'low Pending', 'low Running', 'low Running', 'p Running'])
})

test('a polite pod waits until there is room', () => {
  const cluster = full()
  cluster.apply(pod('p', 'polite', '2'))
  cluster.advance('30s')
  assert.deepEqual(phases(cluster), [...Array.from({ length: 4 }, () => 'low Running'), 'p Pending'])
  cluster.request('PATCH', '/apis/apps/v1/namespaces/default/deployments/low/scale', { spec: { replicas: 3 } }, { 'content-type': 'application/merge-patch+json' })
  cluster.advance('60s')
  assert.ok(phases(cluster).includes('p Running'))
})

test('createCluster takes a scheduler configuration, and a fork keeps it', () => {
  const cluster = createCluster({ nodes: 1, scheduler: 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nprofiles: [{schedulerName: mine}]' }).fork()
  cluster.apply(pod('p', 'system-node-critical', '1').replace('priorityClassName', 'schedulerName: mine\n  priorityClassName').replace('metadata: {name: p}', 'metadata: {name: p, namespace: kube-system}'))
  cluster.advance('5s')
  assert.deepEqual(phases(cluster), ['p Running'])
  assert.throws(() => createCluster({ scheduler: 'kind: Pod' }), /expected apiVersion kubescheduler.config.k8s.io\/v1/)
})
