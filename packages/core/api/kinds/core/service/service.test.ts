import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ServiceSpec } from '../../../generated/types.ts'
import { servicesByClusterIP } from '../../../indexes.ts'
import type { Circumstances } from '../../../kind.ts'
import { isRefusal } from '../../../refusal.ts'
import type { Resource } from '../../../resource.ts'
import type { Service } from '../../../resources.ts'
import { problemText } from '../../problems.ts'
import { servicesByNodePort } from './allocation.ts'
import { fillService } from './defaults.ts'
import { service as kind } from './index.ts'

const meta = (name: string, namespace = 'default'): Service['metadata'] => ({ name, namespace, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' })
const draft = (spec: ServiceSpec, name = 'web', namespace = 'default'): Service => fillService({ apiVersion: 'v1', kind: 'Service', metadata: meta(name, namespace), spec }) as Service
const world = (others: readonly Service[], drawn = 0, networking: readonly Resource[] = []): Circumstances => ({
  view: {
    revision: 1, shows: () => true, count: () => 0,
    get: (type, _namespace, name) => networking.find((each) => each.kind === type.kind && each.metadata.name === name) as never,
    list: (type) => (type.kind === 'ServiceCIDR' ? networking.filter(({ kind: of }) => of === 'ServiceCIDR') : assert.fail('services are looked up, not walked')) as never[],
    by: (index, value) => others.filter((other) => (index.name === servicesByClusterIP.name ? servicesByClusterIP : servicesByNodePort).values(other).includes(value)) as never[],
  },
  now: 0, user: 'admin', random: { next: () => 0, below: () => drawn, chance: () => false, uuid: () => '', suffix: () => '' },
})
const prepared = (service: Service, before?: Service, others: readonly Service[] = [], networking: readonly Resource[] = []): Service => {
  const result = kind.prepare?.(service, before, world(others, 0, networking)) ?? assert.fail('services are prepared')
  assert.ok(!isRefusal(result), JSON.stringify(result))
  return result
}
const port = { port: 80 }

test('a service gets an address from the upper part of the range, and the two known ones get theirs', () => {
  assert.deepEqual(prepared(draft({ ports: [port], selector: { app: 'web' } })).spec, {
    type: 'ClusterIP', sessionAffinity: 'None', internalTrafficPolicy: 'Cluster', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 80, protocol: 'TCP' }],
    clusterIP: '10.96.1.0', clusterIPs: ['10.96.1.0'], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack',
  })
  assert.equal(prepared(draft({ ports: [port] }, 'kubernetes')).spec.clusterIP, '10.96.0.1')
  assert.equal(prepared(draft({ ports: [port] }, 'kube-dns', 'kube-system')).spec.clusterIP, '10.96.0.10')
})

test('an address that is taken is not given again', () => {
  const first = prepared(draft({ ports: [port] }, 'first'))
  assert.equal(prepared(draft({ ports: [port] }, 'second'), undefined, [first]).spec.clusterIP === first.spec.clusterIP, false)
})

const cluster = (kind: string, name: string, more: object): Resource => ({ apiVersion: 'networking.k8s.io/v1', kind, metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }, ...more })
const range = (cidr: string, ready = 'True'): Resource => cluster('ServiceCIDR', 'more', { spec: { cidrs: [cidr] }, status: { conditions: [{ type: 'Ready', status: ready }] } })
const address = (name: string, labels = {}): Resource => ({ ...cluster('IPAddress', name, { spec: { parentRef: { resource: 'services', name: 'x' } } }), metadata: { ...cluster('', name, {}).metadata, labels } })

test('a ServiceCIDR that is ready gives more addresses', () => {
  const asked = draft({ clusterIP: '10.97.0.5', ports: [port] })
  assert.equal(prepared(asked, undefined, [], [range('10.97.0.0/24')]).spec.clusterIP, '10.97.0.5')
  for (const networking of [[], [range('10.97.0.0/24', 'False')], [range('10.98.0.0/24')]]) assert.ok(isRefusal(kind.prepare?.(asked, undefined, world([], 0, networking)) ?? asked))
  const full = { ...world([], 0, [range('10.97.0.0/29')]), view: { ...world([], 0, [range('10.97.0.0/29')]).view, by: (_index: unknown, value: string) => (value.startsWith('10.96.') || value === '10.97.0.1' ? [draft({})] as never[] : []) } }
  const given = kind.prepare?.(draft({ ports: [port] }), undefined, full)
  assert.ok(given !== undefined && !isRefusal(given))
  assert.equal(given.spec.clusterIP, '10.97.0.2')
})

test('an IPAddress that is not the allocator\'s keeps its address from Services', () => {
  const asked = draft({ clusterIP: '10.96.0.7', ports: [port] })
  const refused = kind.prepare?.(asked, undefined, world([], 0, [address('10.96.0.7')]))
  assert.ok(refused !== undefined && isRefusal(refused))
  assert.equal(refused.message, 'Service "web" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.7"]: failed to allocate IP 10.96.0.7: provided IP is already allocated')
  assert.equal(prepared(asked, undefined, [], [address('10.96.0.7', { 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' })]).spec.clusterIP, '10.96.0.7')
})

test('headless services and names for others have no address', () => {
  assert.deepEqual([prepared(draft({ clusterIP: 'None', selector: { a: 'b' } })).spec.clusterIPs, prepared(draft({ type: 'ExternalName', externalName: 'db.example.com' })).spec.clusterIPs], [['None'], undefined])
  assert.deepEqual(prepared(draft({ clusterIP: 'None' })).spec.ipFamilyPolicy, 'RequireDualStack')
})

test('node ports: drawn, shared by two protocols of one port, kept by an update, dropped with the type', () => {
  const service = prepared(draft({ type: 'NodePort', ports: [{ name: 'a', port: 53, protocol: 'UDP' }, { name: 'b', port: 53 }, { name: 'c', port: 80 }] }))
  assert.deepEqual(service.spec.ports?.map(({ nodePort }) => nodePort), [30086, 30086, 30087])
  const updated = prepared(draft({ type: 'NodePort', ports: [{ name: 'c', port: 81 }, { name: 'b', port: 53 }] }), service)
  assert.deepEqual(updated.spec.ports?.map(({ nodePort }) => nodePort), [30087, 30086])
  assert.deepEqual([updated.spec.clusterIP, updated.spec.clusterIPs], [service.spec.clusterIP, service.spec.clusterIPs])
  const { externalTrafficPolicy: _, ...inner } = service.spec
  const inside = prepared({ ...service, spec: { ...inner, type: 'ClusterIP' } }, service)
  assert.deepEqual(inside.spec.ports?.map(({ nodePort }) => nodePort), [undefined, undefined, undefined])
  assert.deepEqual(kind.check(inside, service), [])
})

test('what is taken or out of range is refused in upstream\'s words', () => {
  const other = prepared(draft({ type: 'NodePort', clusterIP: '10.96.0.7', ports: [{ port: 80, nodePort: 30080 }] }, 'other'))
  const rows: readonly (readonly [ServiceSpec, string])[] = [
    [{ clusterIP: '10.96.0.7', ports: [port] }, 'Service "web" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.7"]: failed to allocate IP 10.96.0.7: provided IP is already allocated'],
    [{ clusterIP: '192.168.0.1', ports: [port] }, 'Service "web" is invalid: spec.clusterIPs: Invalid value: ["192.168.0.1"]: failed to allocate IP 192.168.0.1: the provided IP (192.168.0.1) is not in the valid range. The range of valid IPs is 10.96.0.0/16'],
    [{ type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }] }, 'Service "web" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated'],
    [{ type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] }, 'Service "web" is invalid: spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767'],
  ]
  for (const [spec, message] of rows) {
    const refusal = kind.prepare?.(draft(spec), undefined, world([other]))
    assert.ok(isRefusal(refusal))
    assert.deepEqual([refusal.code, refusal.message], [422, message])
  }
})

test('what upstream refuses in a service, in its words', () => {
  const rows: readonly (readonly [ServiceSpec, readonly string[]])[] = [
    [{ selector: { a: 'b' } }, ['spec.ports: Required value']],
    [{ ports: [{ port: 80 }, { port: 80 }] }, ['spec.ports[0].name: Required value', 'spec.ports[1].name: Required value', 'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,"NodePort":0}']],
    [{ ports: [{ port: 0 }] }, ['spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive', 'spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive']],
    [{ type: 'Weird', ports: [port] }, ['spec.type: Unsupported value: "Weird": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"']],
    [{ ports: [{ port: 80, nodePort: 30080 }] }, ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"]],
    [{ clusterIP: 'x.y', ports: [port] }, ['spec.clusterIPs[0]: Invalid value: "x.y": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']],
    [{ type: 'ExternalName' }, ['spec.externalName: Required value']],
    [{ type: 'ExternalName', externalName: 'a.example.com', ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' }, ['spec.ipFamilies: Forbidden: may not be set for ExternalName services', 'spec.ipFamilyPolicy: Forbidden: may not be set for ExternalName services']],
    [{ clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9', '10.96.0.10'], ports: [port] }, ['spec.clusterIPs: Invalid value: ["10.96.0.9","10.96.0.10"]: may specify no more than one IP for each IP family']],
    [{ clusterIP: '10.96.0.9', ipFamilies: ['IPv6'], ports: [port] }, ['spec.clusterIPs[0]: Invalid value: "10.96.0.9": expected an IPv6 value as indicated by `ipFamilies[0]`']],
    [{ clusterIP: 'None', ipFamilies: ['IPv4', 'IPv4'], ipFamilyPolicy: 'Both' as never, ports: [port] }, ['spec.ipFamilies[1]: Duplicate value: "IPv4"', 'spec.ipFamilyPolicy: Unsupported value: "Both": supported values: "PreferDualStack", "RequireDualStack", "SingleStack"']],
    [{ externalIPs: ['127.0.0.1'], ports: [port] }, ['spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)']],
    [{ loadBalancerSourceRanges: ['10.0.0.0/8'], healthCheckNodePort: 30001, ports: [port] }, ["spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'", "spec.healthCheckNodePort: Invalid value: 30001: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"]],
    [{ trafficDistribution: 'Near', ports: [port] }, ['spec.trafficDistribution: Unsupported value: "Near": supported values: "PreferClose", "PreferSameZone", "PreferSameNode"']],
    [{ type: 'NodePort', clusterIP: 'None', ports: [port] }, ["spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"]],
  ]
  for (const [spec, expected] of rows) assert.deepEqual(kind.check(prepared(draft(spec)), undefined).map(problemText), expected)
  const named = kind.check(prepared(draft({ ports: [port] }, 'web_1')), undefined).map(problemText)
  assert.deepEqual(named, ["metadata.name: Invalid value: \"web_1\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"])
})

test('an address may not change once set', () => {
  const before = prepared(draft({ ports: [port] }))
  const next = prepared(draft({ clusterIP: '10.96.5.5', clusterIPs: ['10.96.5.5'], ports: [port] }), before)
  assert.deepEqual(kind.check(next, before).map(problemText), ['spec.clusterIPs[0]: Invalid value: ["10.96.5.5"]: may not change once set'])
})

test('a balancer that keeps the client\'s address has a port to ask for pods, drawn once and dropped with the policy', () => {
  const local = prepared(draft({ type: 'LoadBalancer', externalTrafficPolicy: 'Local', ports: [port] }))
  const drawn = local.spec.healthCheckNodePort ?? 0
  assert.ok(drawn >= 30000 && drawn !== local.spec.ports?.[0]?.nodePort)
  assert.deepEqual(kind.check(local, undefined), [])
  assert.equal(prepared(draft({ type: 'LoadBalancer', externalTrafficPolicy: 'Local', ports: [port] }), local).spec.healthCheckNodePort, drawn)
  assert.equal(prepared({ ...local, spec: { ...local.spec, externalTrafficPolicy: 'Cluster' } }, local).spec.healthCheckNodePort, undefined)
  const moved = prepared({ ...local, spec: { ...local.spec, healthCheckNodePort: 31999 } }, local)
  assert.deepEqual(kind.check(moved, local).map(problemText), ['spec.healthCheckNodePort: Forbidden: field is immutable'])
})

test('the status of a service tells only a balancer\'s places', () => {
  const statusProblems = (type: 'LoadBalancer' | 'ClusterIP', ingress: readonly object[]): readonly string[] => {
    const service = prepared(draft({ type, ports: [port] }))
    return (kind.checkStatus?.({ ...service, status: { loadBalancer: { ingress: ingress as never } } }, service, world([])) ?? []).map(problemText)
  }
  assert.deepEqual(statusProblems('ClusterIP', [{ ip: '1.2.3.4', ipMode: 'VIP' }]), ["status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'"])
  assert.deepEqual(statusProblems('LoadBalancer', [{ ip: '1.2.3.4' }, { ipMode: 'VIP', hostname: '1.2.3.4' }, { ip: 'x', ipMode: 'Far' }]), [
    'status.loadBalancer.ingress[0].ipMode: Required value: must be specified when `ip` is set', 'status.loadBalancer.ingress[1].ipMode: Forbidden: may not be specified when `ip` is not set',
    'status.loadBalancer.ingress[1].hostname: Invalid value: "1.2.3.4": must be a DNS name, not an IP address', 'status.loadBalancer.ingress[2].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    'status.loadBalancer.ingress[2].ipMode: Unsupported value: "Far": supported values: "Proxy", "VIP"',
  ])
})
