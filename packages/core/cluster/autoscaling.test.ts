import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployments, events, horizontalPodAutoscalers } from '../api/index.ts'
import { createCluster } from './index.ts'

const web = (annotations: string): string => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 1
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web }, annotations: { ${annotations} } }
    spec: { containers: [{ name: c, image: "web:1", resources: { requests: { cpu: 200m, memory: 64Mi } } }] }
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: web }
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
  minReplicas: 1
  maxReplicas: 10
  metrics: [{ type: Resource, resource: { name: cpu, target: { type: Utilization, averageUtilization: 50 } } }]
`
type Listed = { readonly apiVersion: string; readonly kind: string; readonly items: readonly { readonly metadata: { readonly name: string }; readonly usage?: object; readonly containers?: readonly object[] }[] }

test('a load that all pods share brings as many as carry it, and lets them go five minutes after it is over', () => {
  const cluster = createCluster({ nodes: 2 })
  cluster.apply(web('skiff.dev/shared-cpu: "1m, 1m=700m, 10m=1m"'))
  const replicas = (): unknown => cluster.list(deployments)[0]?.spec.replicas
  cluster.advance('55s')
  assert.equal(replicas(), 1)
  cluster.advance('3m')
  assert.equal(replicas(), 7)
  const [hpa] = cluster.list(horizontalPodAutoscalers)
  assert.deepEqual(hpa?.status?.currentMetrics, [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 50, averageValue: '100m' } } }])
  const scaled = cluster.list(deployments)[0]?.metadata.managedFields?.find(({ subresource }) => subresource === 'scale')
  assert.deepEqual([scaled?.manager, scaled?.operation, scaled?.fieldsV1], ['kube-controller-manager', 'Update', { 'f:spec': { 'f:replicas': {} } }])
  cluster.advance('20m')
  assert.equal(replicas(), 1)
  const told = cluster.list(events).filter(({ involvedObject }) => involvedObject.kind === 'HorizontalPodAutoscaler').map(({ reason, message }) => `${reason}: ${message}`)
  assert.equal(told.includes('SuccessfulRescale: New size: 4; reason: cpu resource utilization (percentage of request) above target'), true, told.join('\n'))
})

test('what nodes and pods use is served as metrics-server does, in both versions', () => {
  const cluster = createCluster({ nodes: 1 })
  cluster.apply(web('skiff.dev/cpu: 120m, skiff.dev/memory: 32Mi'))
  const ask = (path: string): Listed => cluster.request('GET', path).body as Listed
  cluster.advance('10s')
  assert.deepEqual(ask('/apis/metrics.k8s.io/v1beta1/pods').items, [])
  cluster.advance('10s')
  const usage = { cpu: '120m', memory: '32768Ki' }
  const nodes = ask('/apis/metrics.k8s.io/v1beta1/nodes')
  assert.deepEqual([nodes.apiVersion, nodes.kind, nodes.items.map((item) => [item.metadata.name, item.usage])], ['metrics.k8s.io/v1beta1', 'NodeMetricsList', [['sim-1', usage]]])
  const found = ask('/apis/metrics.k8s.io/v1/namespaces/default/pods?labelSelector=app%3Dweb')
  assert.deepEqual([found.apiVersion, found.kind, found.items.map((item) => item.containers)], ['metrics.k8s.io/v1', 'PodMetricsList', [[{ name: 'c', usage }]]])
  assert.deepEqual(ask('/apis/metrics.k8s.io/v1/namespaces/kube-system/pods').items, [])
  const name = found.items[0]?.metadata.name ?? ''
  assert.equal(cluster.request('GET', `/apis/metrics.k8s.io/v1beta1/namespaces/default/pods/${name}`).status, 200)
  assert.deepEqual(['GET /namespaces/default/pods/none', 'GET /nodes/none', 'DELETE /nodes/sim-1'].map((line) => { const [method = '', path = ''] = line.split(' '); return cluster.request(method, `/apis/metrics.k8s.io/v1beta1${path}`).status }), [404, 404, 405])
})

test('servers outside a virtual cluster are not reached, and that is told', () => {
  const cluster = createCluster({ nodes: 1 })
  cluster.apply(`apiVersion: v1
kind: Service
metadata: {name: adapter}
spec: {type: ExternalName, externalName: adapter.example.com}
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1beta1.external.metrics.k8s.io}
spec: {group: external.metrics.k8s.io, version: v1beta1, groupPriorityMinimum: 100, versionPriority: 100, insecureSkipTLSVerify: true, service: {namespace: default, name: adapter}}
`)
  const { status } = cluster.request('GET', '/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.external.metrics.k8s.io').body as { readonly status: { readonly conditions: readonly { readonly status: string; readonly reason: string; readonly message: string }[] } }
  assert.deepEqual(status.conditions.map(({ status: is, reason, message }) => [is, reason, message.slice(message.lastIndexOf(': ') + 2)]), [['False', 'FailedDiscoveryCheck', 'a virtual cluster has no outside']])
})
