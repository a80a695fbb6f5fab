import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type EndpointSlice, endpointSlices, nodes, type Pod, pods, type Resource, type Service, services } from '../../api/index.ts'
import { timestamp } from '../../rules/time.ts'
import { viewOf } from '../../rules/view-of.ts'
import { anObject, aPod, dawn } from '../builders.ts'
import { endpointSliceController } from './reconcile.ts'

const service = (spec: object = {}, labels?: Readonly<Record<string, string>>): Service =>
  anObject(services, 'web', { ...(labels && { metadata: { labels } }), spec: { clusterIP: '10.96.0.7', selector: { app: 'web' }, ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 'web' }], ...spec }, status: {} })
const pod = (name: string, ip: string, ready = true, more: { metadata?: Partial<Pod['metadata']>; spec?: object; phase?: string } = {}): Pod => {
  const made = aPod(name, { labels: { app: 'web' }, node: 'a', ...(ready && { ready: dawn }), ...(more.metadata && { metadata: { labels: { app: 'web' }, ...more.metadata } }), spec: { containers: [{ name: 'c', ports: [{ name: 'web', containerPort: 8080 }] }], ...more.spec } })
  return { ...made, status: { ...made.status, podIP: ip, podIPs: [{ ip }], ...(more.phase && { phase: more.phase }) } }
}
const plan = (...objects: readonly Resource[]) => endpointSliceController.reconcile('default/web', { view: viewOf(objects), now: dawn, memory: undefined, last: undefined, observed: new Map() }).actions
const ports = [{ name: 'http', port: 8080, protocol: 'TCP' }]
const endpoint = (name: string, ip: string, ready = true, more: object = {}) => ({
  addresses: [ip], conditions: { ready, serving: ready, terminating: false }, nodeName: 'a', targetRef: { kind: 'Pod', name, namespace: 'default', uid: `uid-${name}` }, ...more,
})
const labels = { 'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io', 'kubernetes.io/service-name': 'web' }
const slice = (name: string, endpoints: readonly object[], given: readonly object[] = ports): EndpointSlice => anObject(endpointSlices, name, { metadata: { labels }, addressType: 'IPv4', endpoints, ports: given })
const noted = (at: string) => ({ 'endpoints.kubernetes.io/last-change-trigger-time': at })
const replaced = (slice: EndpointSlice, endpoints: readonly object[], given: readonly object[] = ports) =>
  ({ do: 'replace', part: 'main', object: { ...slice, metadata: { ...slice.metadata, annotations: noted('2026-01-01T00:00:00Z') }, endpoints, ports: given } })
const created = (endpoints: readonly object[], given: readonly object[] = ports, more: object = {}) => ({
  do: 'create', object: {
    apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4', endpoints, ports: given,
    metadata: { generateName: 'web-', namespace: 'default', labels: { ...labels, ...more }, annotations: noted('2026-01-01T00:00:00Z'), ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name: 'web', uid: 'uid-web', controller: true, blockOwnerDeletion: true }] },
  },
})

test('ready and unready pods stand in one slice, with the port found by name', () => {
  assert.deepEqual(plan(service(), pod('p1', '10.244.0.1'), pod('p2', '10.244.0.2', false)), [created([endpoint('p1', '10.244.0.1'), endpoint('p2', '10.244.0.2', false)])])
})
test('a Service that prefers what is near hints at the zones of ready endpoints, or at their nodes as well', () => {
  const node = anObject(nodes, 'a', { metadata: { labels: { 'topology.kubernetes.io/zone': 'z1' } }, spec: {}, status: {} })
  const hints = (trafficDistribution: string) => plan(service({ trafficDistribution }), node, pod('p1', '10.244.0.1'), pod('p2', '10.244.0.2', false)).flatMap((action) => (action.do === 'create' ? (action.object as unknown as EndpointSlice).endpoints?.map((one) => one.hints) ?? [] : []))
  assert.deepEqual(['PreferClose', 'PreferSameZone', 'PreferSameNode'].map(hints), [[{ forZones: [{ name: 'z1' }] }, undefined], [{ forZones: [{ name: 'z1' }] }, undefined], [{ forNodes: [{ name: 'a' }], forZones: [{ name: 'z1' }] }, undefined]])
})
test('a Service without pods has one empty slice', () => {
  assert.deepEqual(plan(service()), [created([], [])])
  assert.deepEqual(plan(service(), slice('web-a', [], [])), [])
})
test('slices of a family that the Service has no more go', () => {
  const other = { ...slice('web-six', []), addressType: 'IPv6' } as EndpointSlice
  assert.deepEqual(plan(service({ ipFamilies: ['IPv4'] }), slice('web-a', [], []), other), [{ do: 'delete', key: { resource: 'discovery.k8s.io/endpointslices', namespace: 'default', name: 'web-six' }, uid: 'uid-web-six' }])
})
test('pods at their end and pods without an address are left out', () => {
  assert.deepEqual(plan(service(), slice('web-a', [], []), pod('p1', '10.244.0.1', false, { phase: 'Succeeded' }), aPod('p2', { labels: { app: 'web' } })), [])
})
test('a terminating pod serves but is not ready, unless not-ready addresses are published', () => {
  const going = pod('p1', '10.244.0.1', true, { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } })
  const at = (spec: object) => plan(service(spec), going)
  assert.deepEqual(at({}), [created([endpoint('p1', '10.244.0.1', true, { conditions: { ready: false, serving: true, terminating: true } })])])
  assert.deepEqual(at({ publishNotReadyAddresses: true }), [created([endpoint('p1', '10.244.0.1', true, { conditions: { ready: true, serving: true, terminating: true } })])])
})
test('pods of a headless Service keep their hostname', () => {
  assert.deepEqual(plan(service({ clusterIP: 'None', ports: [] }, { tier: 'db' }), pod('web-0', '10.244.0.1', true, { spec: { hostname: 'web-0', subdomain: 'web' } })), [
    created([endpoint('web-0', '10.244.0.1', true, { hostname: 'web-0' })], [], { tier: 'db', 'service.kubernetes.io/headless': '' }),
  ])
})
test('what is right is left alone; what changed is replaced in its place', () => {
  const before = slice('web-a', [endpoint('p1', '10.244.0.1'), endpoint('p2', '10.244.0.2')])
  assert.deepEqual(plan(service(), before, pod('p1', '10.244.0.1'), pod('p2', '10.244.0.2')), [])
  assert.deepEqual(plan(service(), before, pod('p1', '10.244.0.1', false), pod('p3', '10.244.0.3')), [
    replaced(before, [endpoint('p1', '10.244.0.1', false), endpoint('p3', '10.244.0.3')]),
  ])
})
test('the empty slice is used again for the first pod, and the last pod leaves an empty slice', () => {
  const empty = slice('web-a', [], [])
  const full = slice('web-a', [endpoint('p1', '10.244.0.1')])
  assert.deepEqual(plan(service(), empty, pod('p1', '10.244.0.1')), [replaced(empty, [endpoint('p1', '10.244.0.1')])])
  assert.deepEqual(plan(service(), full), [replaced(full, [], [])])
})
test('a slice holds a hundred endpoints; one more goes to the fullest slice with room, or a new one', () => {
  const many = Array.from({ length: 150 }, (_, i) => ({ name: `p${String(i).padStart(3, '0')}`, ip: `10.244.0.${i}` }))
  const all = many.map(({ name, ip }) => endpoint(name, ip))
  const running = many.map(({ name, ip }) => pod(name, ip))
  assert.deepEqual(plan(service(), ...running), [created(all.slice(0, 100)), created(all.slice(100))])
  const second = slice('web-b', all.slice(100))
  assert.deepEqual(plan(service(), slice('web-a', all.slice(0, 100)), second, ...running, pod('q', '10.244.1.1')), [
    replaced(second, [...all.slice(100), endpoint('q', '10.244.1.1')]),
  ])
})
test('pods that name the port differently go to slices of their own', () => {
  const other = pod('p2', '10.244.0.2', true, { spec: { containers: [{ name: 'c', ports: [{ name: 'web', containerPort: 9090 }] }] } })
  assert.deepEqual(plan(service(), pod('p1', '10.244.0.1'), other), [created([endpoint('p1', '10.244.0.1')]), created([endpoint('p2', '10.244.0.2')], [{ name: 'http', port: 9090, protocol: 'TCP' }])])
})
test('a Service without a selector and an external one get none', () => {
  assert.deepEqual(plan(service({ selector: undefined }), pod('p1', '10.244.0.1')), [])
  assert.deepEqual(plan(service({ type: 'ExternalName' }), pod('p1', '10.244.0.1')), [])
})
test('only what endpoints show of a pod wakes its Services', () => {
  const affected = (before: Pod | undefined, after: Pod | undefined) => {
    const watch = endpointSliceController.watches.find(({ resource }) => resource === pods.resource)
    return [...(watch?.affected({ revision: 2, key: { resource: 'pods', namespace: 'default', name: 'p1' }, before, after }, viewOf([service()])) ?? [])]
  }
  const one = pod('p1', '10.244.0.1')
  assert.deepEqual(affected(undefined, one), ['default/web'])
  assert.deepEqual(affected(one, { ...one, status: { ...one.status, startTime: '2026-01-01T00:00:00Z' } }), [])
  assert.deepEqual(affected(one, pod('p1', '10.244.0.1', false)), ['default/web'])
  assert.deepEqual(affected(one, { ...one, metadata: { ...one.metadata, labels: {} } }), ['default/web'])
})

test('what is written notes the oldest change since the last look', () => {
  const at = (...objects: readonly Resource[]) => ({ view: viewOf(objects), now: dawn, last: undefined, observed: new Map() })
  const readySince = (name: string, seconds: number): Pod => ({ ...pod(name, `10.244.0.${seconds}`), status: { ...pod(name, `10.244.0.${seconds}`).status, conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: timestamp(dawn + seconds * 1000) }] } })
  const first = endpointSliceController.reconcile('default/web', { ...at(service(), readySince('p1', 5)), memory: undefined })
  const before = slice('web-a', [endpoint('p1', '10.244.0.5')])
  const second = endpointSliceController.reconcile('default/web', { ...at(service(), before, readySince('p1', 5), readySince('p2', 9), readySince('p3', 7)), memory: first.memory })
  const third = endpointSliceController.reconcile('default/web', { ...at(service(), before), memory: second.memory })
  const said = [first, second, third].map(({ actions }) => actions.map((action) => ('object' in action ? action.object.metadata.annotations : undefined)))
  assert.deepEqual(said, [[noted('2026-01-01T00:00:00Z')], [noted('2026-01-01T00:00:07Z')], [undefined]])
})

const zoned = (name: string, zone: string, cpu: string) => anObject(nodes, name, { metadata: { labels: { 'topology.kubernetes.io/zone': zone } }, spec: {}, status: { allocatable: { cpu }, conditions: [{ type: 'Ready', status: 'True' }] } })
const auto = (): Service => { const made = service(); return { ...made, metadata: { ...made.metadata, annotations: { 'service.kubernetes.io/topology-mode': 'Auto' } } } }
const on = (node: string, count: number): readonly Pod[] => Array.from({ length: count }, (_, at) => pod(`${node}${at}`, `10.${node.charCodeAt(0)}.0.${at}`, true, { spec: { nodeName: node } }))
/** How many endpoints are for each zone, and what was said. */
const hintsIn = (...objects: readonly Resource[]) => {
  const counts: Record<string, number> = {}
  const actions = plan(...objects)
  for (const action of actions) if (action.do === 'create') for (const { hints } of (action.object as unknown as EndpointSlice).endpoints ?? []) { const zone = hints?.forZones?.[0]?.name ?? 'none'; counts[zone] = (counts[zone] ?? 0) + 1 }
  return [counts, ...actions.flatMap((action) => (action.do === 'record' ? [`${action.type} ${action.reason}: ${action.message}`] : []))]
}
const no = (why: string): string => `Warning TopologyAwareHintsDisabled: ${why}, addressType: IPv4`
const yes = 'Normal TopologyAwareHintsEnabled: Topology Aware Hints has been enabled, addressType: IPv4'
const uneven = [zoned('a', 'z1', '4'), zoned('b', 'z2', '4')]
for (const [rule, objects, expected] of [
  ['endpoints that are spread as the processors are serve their own zone', [...uneven, ...on('a', 2), ...on('b', 2)], [{ z1: 2, z2: 2 }, yes]],
  ['a zone with too many gives some to the one with too few', [...uneven, ...on('a', 5), ...on('b', 1)], [{ z1: 3, z2: 3 }, yes]],
  ['a little too many is no reason to give', [zoned('a', 'z1', '5'), zoned('b', 'z2', '4'), ...on('a', 3), ...on('b', 3)], [{ z1: 3, z2: 3 }, yes]],
  ['two endpoints are too few for three zones', [...uneven, zoned('c', 'z3', '4'), ...on('a', 2)], [{ none: 2 }, no('Insufficient number of endpoints (2 endpoints, 3 zones)')]],
  ['zones that are too uneven for so few endpoints get no hints', [zoned('a', 'z1', '7'), zoned('b', 'z2', '1'), ...on('a', 1), ...on('b', 1)], [{ none: 2 }, no('Unable to allocate minimum required endpoints to each zone without exceeding overload threshold (2 endpoints, 2 zones)')]],
  ['nodes without a zone tell nothing', [zoned('a', 'z1', '4'), zoned('b', '', '4'), ...on('a', 2), ...on('b', 2)], [{ none: 4 }, no('Insufficient Node information: allocatable CPU or zone not specified on one or more nodes')]],
] as const) test(`hints by the zones' processors: ${rule}`, () => { assert.deepEqual(hintsIn(auto(), ...objects), expected) })

test('hints stay where they are as long as they will do, and go when they are not wanted any more', () => {
  const [first] = plan(auto(), ...uneven, ...on('a', 3), ...on('b', 3))
  const standing = slice('web-a', first?.do === 'create' ? (first.object as unknown as EndpointSlice).endpoints ?? [] : [])
  assert.deepEqual(plan(auto(), standing, ...uneven, ...on('a', 3), ...on('b', 3)), [])
  assert.deepEqual(plan(auto(), standing, zoned('a', 'z1', '5'), zoned('b', 'z2', '4'), ...on('a', 3), ...on('b', 3)), [])
  const [without] = plan(service(), standing, ...uneven, ...on('a', 3), ...on('b', 3))
  assert.deepEqual(without?.do === 'replace' && (without.object as unknown as EndpointSlice).endpoints?.map(({ hints }) => hints), Array.from({ length: 6 }, () => undefined))
})
