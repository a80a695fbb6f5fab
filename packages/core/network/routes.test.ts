import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Resource } from '../api/index.ts'
import { viewOf } from '../rules/view-of.ts'
import { routedServices, routesDifference, routesOfService, serviceRoutes } from './routes.ts'

const meta = (name: string, labels: Readonly<Record<string, string>> = {}) => ({ name, namespace: 'default', uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', labels })
const aService = (spec: object): Resource => ({ apiVersion: 'v1', kind: 'Service', metadata: meta('web'), ...{ spec: { clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7'], ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 8080, nodePort: 30080 }], ...spec }, status: {} } })
const slice: Resource = {
  apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: meta('web-x', { 'kubernetes.io/service-name': 'web' }),
  ...{
    addressType: 'IPv4', ports: [{ name: 'http', protocol: 'TCP', port: 8080 }, { name: 'other', protocol: 'TCP', port: 1 }],
    endpoints: [
      { addresses: ['10.244.2.6'], nodeName: 'b', conditions: { ready: true, serving: true, terminating: false } },
      { addresses: ['10.244.1.5'], nodeName: 'a', conditions: { ready: true, serving: true, terminating: false } },
      { addresses: ['10.244.1.8'], nodeName: 'c', conditions: { ready: false, serving: true, terminating: true } },
    ],
  },
}
const toA = { address: '10.244.1.5', port: 8080 }
const toB = { address: '10.244.2.6', port: 8080 }
const toC = { address: '10.244.1.8', port: 8080 }

test('a port leads to its ready endpoints', () => {
  assert.deepEqual(serviceRoutes(viewOf([aService({}), slice]), 'a'), [{ name: 'default/web:http', protocol: 'TCP', addresses: ['10.96.0.7'], port: 80, nodePort: 30080, endpoints: [toA, toB] }])
})
test('session affinity and external addresses are part of the route', () => {
  const service = aService({ sessionAffinity: 'ClientIP', externalIPs: ['192.0.2.1'] })
  assert.deepEqual(routesOfService(viewOf([service, slice]), 'default/web', 'a'), [{ name: 'default/web:http', protocol: 'TCP', addresses: ['10.96.0.7', '192.0.2.1'], port: 80, nodePort: 30080, affinitySeconds: 10_800, endpoints: [toA, toB] }])
})
test('with a local external policy only the node\'s own endpoints answer its node port', () => {
  assert.deepEqual(serviceRoutes(viewOf([aService({ externalTrafficPolicy: 'Local' }), slice]), 'b'), [
    { name: 'default/web:http', protocol: 'TCP', addresses: ['10.96.0.7'], port: 80, endpoints: [toA, toB] },
    { name: 'default/web:http/external', protocol: 'TCP', addresses: [], port: 80, nodePort: 30080, endpoints: [toB] },
  ])
})
test('where none is ready, those that serve while they terminate answer', () => {
  assert.deepEqual(serviceRoutes(viewOf([aService({ internalTrafficPolicy: 'Local', externalTrafficPolicy: 'Local' }), slice]), 'c')[0]?.endpoints, [toC])
})
test('headless and external services have no route; one without endpoints refuses', () => {
  assert.deepEqual(serviceRoutes(viewOf([aService({ clusterIP: 'None', clusterIPs: ['None'] }), slice]), 'a'), [])
  assert.deepEqual(serviceRoutes(viewOf([aService({ type: 'ExternalName', clusterIP: '' }), slice]), 'a'), [])
  assert.deepEqual(serviceRoutes(viewOf([aService({})]), 'a').map((route) => route.endpoints), [[]])
})
test('a change names the services to look at again, and only differences are set', () => {
  assert.deepEqual(routedServices({ revision: 2, key: { resource: 'discovery.k8s.io/endpointslices', namespace: 'default', name: 'web-x' }, before: undefined, after: slice }), ['default/web'])
  assert.deepEqual(routedServices({ revision: 2, key: { resource: 'pods', namespace: 'default', name: 'web-x' }, before: undefined, after: slice }), [])
  const before = serviceRoutes(viewOf([aService({})]), 'a')
  const after = serviceRoutes(viewOf([aService({}), slice]), 'a')
  assert.deepEqual(routesDifference(before, after), { removed: [], set: after })
  assert.deepEqual(routesDifference(after, after), { removed: [], set: [] })
  assert.deepEqual(routesDifference(after, []), { removed: ['default/web:http'], set: [] })
})
