// An autoscaler that goes by what a server of the user's measures, as prometheus-adapter's: the server is reached through its APIService, over HTTPS.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { type HttpsServer, serveHttps } from '../conformance/https-server.ts'
import { skiffCommand, TestCluster } from './cluster.ts'

/** What is measured now, in all. */
let load = 0
const asked: { readonly url: string; readonly user: string }[] = []
let cluster: TestCluster
let stopServer = (): void => {}

const adapter = (): Promise<HttpsServer> => serveHttps((request, response) => {
  const url = request.url ?? ''
  const group = url.split('/')[2] ?? ''
  const list = url.includes('/namespaces/')
  if (list) asked.push({ url, user: String(request.headers['x-remote-user']) })
  const body = !list ? { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: url.split('/').slice(2, 4).join('/'), resources: [] }
    : group.startsWith('external') ? { kind: 'ExternalMetricValueList', apiVersion: 'external.metrics.k8s.io/v1beta1', metadata: {}, items: [{ metricName: 'queue', metricLabels: {}, timestamp: '2026-01-01T00:00:00Z', value: String(load) }] }
      : { kind: 'MetricValueList', apiVersion: `${group}/v1beta2`, metadata: {}, items: [{ describedObject: { kind: 'Service', namespace: 'default', name: 'web', apiVersion: '/v1' }, metric: { name: 'hits' }, timestamp: '2026-01-01T00:00:00Z', value: String(load) }] }
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}, { host: 'localhost', names: ['adapter.default.svc'] })

const create = async (path: string, object: object): Promise<void> => { const reply = await cluster.ask('POST', path, { body: JSON.stringify(object) }); assert.equal(reply.status, 201, reply.text) }
/** Not as others turn the time: the server, which is here, has to answer meanwhile. */
async function advance(duration: string): Promise<void> {
  const [program = '', ...words] = skiffCommand
  await promisify(execFile)(program, [...words, 'time', 'advance', duration, '--data-dir', cluster.dataDir])
}

before(async () => {
  cluster = await TestCluster.start(['--simulate', '1', '--clock', 'virtual'])
  const { port, caBundle, stop } = await adapter()
  stopServer = stop
  await create('/api/v1/namespaces/default/services', { metadata: { name: 'adapter' }, spec: { type: 'ExternalName', externalName: 'localhost' } })
  for (const [group, version] of [['custom.metrics.k8s.io', 'v1beta2'], ['external.metrics.k8s.io', 'v1beta1']] as const) {
    await create('/apis/apiregistration.k8s.io/v1/apiservices', { metadata: { name: `${version}.${group}` }, spec: { group, version, service: { namespace: 'default', name: 'adapter', port }, caBundle, groupPriorityMinimum: 100, versionPriority: 100 } })
  }
  await create('/apis/apps/v1/namespaces/default/deployments', { metadata: { name: 'web' }, spec: { replicas: 1, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'web:1' }] } } } })
  await create('/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers', {
    metadata: { name: 'web' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, minReplicas: 1, maxReplicas: 5,
      metrics: [
        { type: 'Object', object: { metric: { name: 'hits' }, describedObject: { apiVersion: 'v1', kind: 'Service', name: 'web' }, target: { type: 'AverageValue', averageValue: '40' } } },
        { type: 'External', external: { metric: { name: 'queue', selector: { matchLabels: { of: 'web' } } }, target: { type: 'AverageValue', averageValue: '30' } } },
      ],
    },
  })
})
after(async () => {
  stopServer()
  await cluster.stop()
})

test('a Deployment grows by what an aggregated server says, and the autoscaler tells from what', async () => {
  load = 90
  await advance('1m')
  const deployment = await cluster.ask('GET', '/apis/apps/v1/namespaces/default/deployments/web')
  assert.equal((deployment.body['spec'] as { readonly replicas?: number }).replicas, 3, (await cluster.ask('GET', '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers/web')).text)
  assert.deepEqual([...new Set(asked.map(({ url, user }) => `${user} ${url}`))], [
    'system:serviceaccount:kube-system:horizontal-pod-autoscaler /apis/custom.metrics.k8s.io/v1beta2/namespaces/default/services/web/hits',
    'system:serviceaccount:kube-system:horizontal-pod-autoscaler /apis/external.metrics.k8s.io/v1beta1/namespaces/default/queue?labelSelector=of%3Dweb',
  ])
  const { status } = (await cluster.ask('GET', '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers/web')).body as { readonly status?: { readonly currentMetrics?: readonly object[] } }
  assert.deepEqual(status?.currentMetrics?.[1], { type: 'External', external: { metric: { name: 'queue', selector: { matchLabels: { of: 'web' } } }, current: { averageValue: '30' } } })
})

test('when the server goes, the size stays, and it is said why', async () => {
  stopServer()
  await advance('2m')
  const { spec, status } = (await cluster.ask('GET', '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers/web')).body as { readonly spec?: object; readonly status?: { readonly desiredReplicas?: number; readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string; readonly message: string }[] } }
  assert.ok(spec)
  const active = status?.conditions?.find(({ type }) => type === 'ScalingActive')
  assert.deepEqual([status?.desiredReplicas, active?.status, active?.reason, active?.message], [
    3, 'False', 'FailedGetObjectMetric',
    'the HPA was unable to compute the replica count: unable to get metric hits: Service on default web/unable to fetch metrics from custom metrics API: the server is currently unable to handle the request (get services.custom.metrics.k8s.io web)',
  ])
})
