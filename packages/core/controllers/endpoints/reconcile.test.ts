import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Endpoints, endpoints, type Pod, type Resource, type Service, services } from '../../api/index.ts'
import { viewOf } from '../../rules/view-of.ts'
import { anObject, aPod, dawn } from '../builders.ts'
import { endpointsController } from './reconcile.ts'

const service = (spec: object = {}): Service => anObject(services, 'web', { spec: { clusterIP: '10.96.0.7', selector: { app: 'web' }, ports: [{ protocol: 'TCP', port: 80, targetPort: 8080 }], ...spec }, status: {} })
const pod = (name: string, ip: string, ready: boolean): Pod => {
  const made = aPod(name, { labels: { app: 'web' }, node: 'a', ...(ready && { ready: dawn }) })
  return { ...made, status: { ...made.status, podIP: ip } }
}
const plan = (...objects: readonly Resource[]) => endpointsController.reconcile('default/web', { view: viewOf(objects), now: dawn, memory: undefined, last: undefined, observed: new Map() }).actions
const address = (name: string, ip: string) => ({ ip, nodeName: 'a', targetRef: { kind: 'Pod', name, namespace: 'default', uid: `uid-${name}` } })
const labels = { 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' }
const noted = { 'endpoints.kubernetes.io/last-change-trigger-time': '2026-01-01T00:00:00Z' }
const ports = [{ port: 8080, protocol: 'TCP' }]

test('ready and unready addresses are told apart, in numeric order', () => {
  assert.deepEqual(plan(service(), pod('a', '10.244.0.10', true), pod('b', '10.244.0.9', true), pod('c', '10.244.0.3', false)), [{
    do: 'create', object: {
      apiVersion: 'v1', kind: 'Endpoints', metadata: { name: 'web', namespace: 'default', labels, annotations: noted },
      subsets: [{ addresses: [address('b', '10.244.0.9'), address('a', '10.244.0.10')], notReadyAddresses: [address('c', '10.244.0.3')], ports }],
    },
  }])
})
test('what is right is left alone, what is left over goes with its Service', () => {
  const existing: Endpoints = anObject(endpoints, 'web', { metadata: { labels }, subsets: [{ addresses: [address('a', '10.244.0.1')], ports }] })
  assert.deepEqual(plan(service(), existing, pod('a', '10.244.0.1', true)), [])
  assert.deepEqual(plan(existing), [{ do: 'delete', key: { resource: 'endpoints', namespace: 'default', name: 'web' }, uid: 'uid-web' }])
  assert.deepEqual(plan(anObject(endpoints, 'web', { subsets: [] })), [])
})
test('beyond a thousand addresses the rest is cut off and said so', () => {
  const many = Array.from({ length: 1001 }, (_, i) => pod(`p${i}`, `10.244.${Math.floor(i / 250)}.${(i % 250) + 1}`, i > 0))
  const [action] = plan(service(), ...many)
  assert.equal(action?.do, 'create')
  if (action?.do !== 'create') return
  assert.deepEqual(action.object.metadata.annotations, { 'endpoints.kubernetes.io/over-capacity': 'truncated', ...noted })
  const subsets = action.object['subsets'] as NonNullable<Endpoints['subsets']>
  assert.deepEqual(subsets.map((subset) => [subset.addresses?.length, subset.notReadyAddresses?.length]), [[1000, undefined]])
})
