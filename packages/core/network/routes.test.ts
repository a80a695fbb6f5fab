import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Resource } from '../api/index.ts'
import { viewOf } from '../rules/view-of.ts'
import { localEndpoints, routedServices, routesOfService } from './routes.ts'

const meta = (name: string, labels: Readonly<Record<string, string>> = {}) => ({ name, namespace: 'default', uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', labels })
const aService = (spec: object, status: object = {}): Resource => ({ apiVersion: 'v1', kind: 'Service', metadata: meta('web'), ...{ spec: { clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7'], ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 8080, nodePort: 30080 }], ...spec }, status } })
const aSlice = (...endpoints: readonly object[]): Resource => ({
  apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: meta('web-x', { 'kubernetes.io/service-name': 'web' }),
  ...{ addressType: 'IPv4', ports: [{ name: 'http', protocol: 'TCP', port: 8080 }, { name: 'other', protocol: 'TCP', port: 1 }], endpoints },
})
const ready = { ready: true, serving: true, terminating: false }
const leaving = { ready: false, serving: true, terminating: true }
const endpoint = (address: string, nodeName: string, conditions: object = ready, hints?: object) => ({ addresses: [address], nodeName, conditions, ...(hints && { hints }) })
const slice = aSlice(endpoint('10.244.2.6', 'b'), endpoint('10.244.1.5', 'a'), endpoint('10.244.3.8', 'c', leaving))
const at = (address: string) => ({ address, port: 8080 })
const [toA, toB, toC] = [at('10.244.1.5'), at('10.244.2.6'), at('10.244.3.8')]
const routes = (node: string | undefined, ...objects: readonly Resource[]) => routesOfService(viewOf(objects), 'default/web', node === undefined ? {} : { node, zone: `zone-${node}` })

test('a port leads to its ready endpoints, and from outside, too', () => {
  assert.deepEqual(routes('a', aService({}), slice), [{ name: 'default/web:http', protocol: 'TCP', addresses: ['10.96.0.7'], port: 80, endpoints: [toA, toB], outside: { addresses: [], nodePort: 30080 } }])
})
test('session affinity, external addresses and those of a balancer are part of the route', () => {
  const service = aService({ type: 'LoadBalancer', sessionAffinity: 'ClientIP', externalIPs: ['192.0.2.1'] }, { loadBalancer: { ingress: [{ ip: '192.0.2.9', ipMode: 'VIP' }, { ip: '192.0.2.10', ipMode: 'Proxy' }, { hostname: 'x.example' }] } })
  assert.deepEqual(routes('a', service, slice), [{ name: 'default/web:http', protocol: 'TCP', addresses: ['10.96.0.7'], port: 80, affinitySeconds: 10_800, endpoints: [toA, toB], outside: { addresses: ['192.0.2.1', '192.0.2.9'], nodePort: 30080 } }])
})
test('source ranges narrow the balancer\'s addresses and no others', () => {
  const service = aService({ type: 'LoadBalancer', externalIPs: ['192.0.2.1'], loadBalancerSourceRanges: ['10.0.0.0/8', 'fd00::/8'] }, { loadBalancer: { ingress: [{ ip: '192.0.2.9' }] } })
  assert.deepEqual(routes('a', service, slice)[0]?.outside, { addresses: ['192.0.2.1'], nodePort: 30080, balanced: { addresses: ['192.0.2.9'], from: ['10.0.0.0/8'] } })
})

const hints = { forNode: (name: string) => ({ forNodes: [{ name }] }), forZone: (name: string) => ({ forZones: [{ name }] }) }
const rows: readonly (readonly [rule: string, spec: object, endpoints: readonly object[], node: string | undefined, inside: unknown, local: unknown])[] = [
  ['no endpoint at all is refused', {}, [], 'a', 'refused', undefined],
  ['those that are not ready do not count', {}, [endpoint('10.244.1.5', 'a', { ready: false, serving: false, terminating: false })], 'a', 'refused', undefined],
  ['absent conditions mean ready', {}, [endpoint('10.244.1.5', 'a', {})], 'b', [toA], undefined],
  ['where none is ready, those that serve while they terminate answer', {}, [endpoint('10.244.3.8', 'c', leaving)], 'a', [toC], undefined],
  ['a local policy inside keeps to the node', { internalTrafficPolicy: 'Local' }, [endpoint('10.244.1.5', 'a'), endpoint('10.244.2.6', 'b')], 'b', [toB], undefined],
  ['a local policy inside without an own endpoint drops', { internalTrafficPolicy: 'Local' }, [endpoint('10.244.1.5', 'a')], 'b', 'dropped', undefined],
  ['a local policy inside falls back to the node\'s own that terminate', { internalTrafficPolicy: 'Local' }, [endpoint('10.244.1.5', 'a'), endpoint('10.244.3.8', 'c', leaving)], 'c', [toC], undefined],
  ['a local policy outside keeps to the node only from outside', { externalTrafficPolicy: 'Local' }, [endpoint('10.244.1.5', 'a'), endpoint('10.244.2.6', 'b')], 'b', [toA, toB], { endpoints: [toB], all: [toA, toB] }],
  ['a local policy outside without an own endpoint drops', { externalTrafficPolicy: 'Local' }, [endpoint('10.244.1.5', 'a')], 'b', [toA], { endpoints: 'dropped', all: [toA] }],
  ['to the machine policies of nodes are nothing', { externalTrafficPolicy: 'Local', internalTrafficPolicy: 'Local' }, [endpoint('10.244.1.5', 'a'), endpoint('10.244.2.6', 'b')], undefined, [toA, toB], undefined],
  ['hints for a zone are followed', {}, [endpoint('10.244.1.5', 'a', ready, hints.forZone('zone-a')), endpoint('10.244.2.6', 'b', ready, hints.forZone('zone-b'))], 'b', [toB], undefined],
  ['hints for a node go before those for its zone', {}, [endpoint('10.244.1.5', 'a', ready, { ...hints.forNode('a'), ...hints.forZone('zone-b') }), endpoint('10.244.2.6', 'b', ready, { ...hints.forNode('b'), ...hints.forZone('zone-b') })], 'b', [toB], undefined],
  ['hints count only when all that are ready have them', {}, [endpoint('10.244.1.5', 'a', ready, hints.forZone('zone-a')), endpoint('10.244.2.6', 'b')], 'a', [toA, toB], undefined],
  ['hints that are for nobody here are nothing', {}, [endpoint('10.244.1.5', 'a', ready, hints.forZone('zone-a')), endpoint('10.244.2.6', 'b', ready, hints.forZone('zone-b'))], 'c', [toA, toB], undefined],
  ['hints do not hold the machine', {}, [endpoint('10.244.1.5', 'a', ready, hints.forZone('zone-a')), endpoint('10.244.2.6', 'b', ready, hints.forZone('zone-b'))], undefined, [toA, toB], undefined],
]
for (const [rule, spec, endpoints, node, inside, local] of rows) test(rule, () => {
  const [route] = routes(node, aService(spec), aSlice(...endpoints))
  assert.deepEqual([route?.endpoints, route?.outside?.local], [inside, local])
})

test('headless, external and others\' services have no route', () => {
  assert.deepEqual(routes('a', aService({ clusterIP: 'None', clusterIPs: ['None'] }), slice), [])
  assert.deepEqual(routes('a', aService({ type: 'ExternalName', clusterIP: '' }), slice), [])
  assert.deepEqual(routes('a', { ...aService({}), metadata: meta('web', { 'service.kubernetes.io/service-proxy-name': 'another' }) }, slice), [])
})
test('each family has its own route', () => {
  const six = { ...aSlice({ addresses: ['fd00::5'], nodeName: 'a', conditions: ready }), metadata: meta('web-6', { 'kubernetes.io/service-name': 'web' }), addressType: 'IPv6' }
  const both = routes('a', aService({ clusterIPs: ['10.96.0.7', 'fd96::7'] }), slice, six)
  assert.deepEqual(both.map(({ name, addresses, endpoints }) => [name, addresses, endpoints]), [['default/web:http', ['10.96.0.7'], [toA, toB]], ['default/web:http/6', ['fd96::7'], [at('fd00::5')]]])
})
test('a change names the services to look at again', () => {
  assert.deepEqual(routedServices({ revision: 2, key: { resource: 'discovery.k8s.io/endpointslices', namespace: 'default', name: 'web-x' }, before: undefined, after: slice }), ['default/web'])
  assert.deepEqual(routedServices({ revision: 2, key: { resource: 'pods', namespace: 'default', name: 'web-x' }, before: undefined, after: slice }), [])
})
test('a balancer is told how many pods a node has', () => {
  const six = { ...aSlice(endpoint('fd00::5', 'a')), metadata: meta('web-6', { 'kubernetes.io/service-name': 'web' }), addressType: 'IPv6' }
  const view = viewOf([aService({}), slice, six])
  assert.deepEqual(['a', 'c', 'd'].map((node) => localEndpoints(view, 'default/web', node)), [1, 1, 0])
})
