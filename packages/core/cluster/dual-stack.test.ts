// Two families of addresses in one cluster: what nodes, pods, Services and slices have of each, and how Services ask for them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpoints, endpointSlices, ipAddresses, nodes, pods, serviceCIDRs, services } from '../api/index.ts'
import { createCluster, type VirtualCluster } from './index.ts'

const path = '/api/v1/namespaces/default/services'
const both = ['IPv4', 'IPv6'] as const
const port = { ports: [{ port: 80 }] }
interface Spec { readonly ports?: readonly object[]; readonly clusterIP?: string; readonly clusterIPs?: readonly string[]; readonly ipFamilies?: readonly string[]; readonly ipFamilyPolicy?: string; readonly selector?: object; readonly type?: string }

/** What became of a Service: its policy, families and count of addresses, or the refusal's causes. */
function outcome(cluster: VirtualCluster, method: string, name: string, spec: Spec, at = path): unknown {
  const { status, body } = cluster.request(method, method === 'POST' ? at : `${at}/${name}`, { metadata: { name }, spec }, method === 'PATCH' ? { 'content-type': 'application/merge-patch+json' } : {})
  cluster.settle()
  if (status >= 300) return (body as { message: string }).message.replace(/^.* is invalid: /, '')
  const made = cluster.store.view.get(services, 'default', name)?.spec
  return [made?.ipFamilyPolicy, made?.ipFamilies?.join(), made?.clusterIPs?.map((address) => (address.includes(':') ? 6 : address === 'None' ? 0 : 4)).join()]
}

const asked: readonly (readonly [Spec, dual: unknown, single: unknown])[] = [
  [{}, ['SingleStack', 'IPv4', '4'], ['SingleStack', 'IPv4', '4']],
  [{ ipFamilies: ['IPv6'] }, ['SingleStack', 'IPv6', '6'], 'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster'],
  [{ ipFamilyPolicy: 'PreferDualStack' }, ['PreferDualStack', 'IPv4,IPv6', '4,6'], ['PreferDualStack', 'IPv4', '4']],
  [{ ipFamilyPolicy: 'RequireDualStack' }, ['RequireDualStack', 'IPv4,IPv6', '4,6'], 'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services'],
  [{ ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv6'] }, ['PreferDualStack', 'IPv6,IPv4', '6,4'], 'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster'],
  [{ ipFamilies: ['IPv4', 'IPv6'] }, "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified", "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified"],
  [{ clusterIPs: ['fd00:10:96::77'] }, ['SingleStack', 'IPv6', '6'], 'spec.clusterIPs[0]: Invalid value: ["fd00:10:96::77"]: IPv6 is not configured on this cluster'],
  [{ clusterIPs: ['fd00:10:96::78', '10.96.0.78'], ipFamilyPolicy: 'RequireDualStack' }, ['RequireDualStack', 'IPv6,IPv4', '6,4'], 'spec.clusterIPs[0]: Invalid value: ["fd00:10:96::78","10.96.0.78"]: IPv6 is not configured on this cluster'],
  [{ clusterIPs: ['fd00:10:97::1'] }, 'spec.clusterIPs: Invalid value: ["fd00:10:97::1"]: failed to allocate IP fd00:10:97::1: the provided IP (fd00:10:97::1) is not in the valid range. The range of valid IPs is fd00:10:96::/112', 'spec.clusterIPs[0]: Invalid value: ["fd00:10:97::1"]: IPv6 is not configured on this cluster'],
  [{ clusterIP: 'None', selector: { a: 'b' } }, ['SingleStack', 'IPv4', '0'], ['SingleStack', 'IPv4', '0']],
  [{ clusterIP: 'None', selector: { a: 'b' }, ipFamilyPolicy: 'PreferDualStack' }, ['PreferDualStack', 'IPv4,IPv6', '0'], ['PreferDualStack', 'IPv4', '0']],
  [{ clusterIP: 'None' }, ['RequireDualStack', 'IPv4,IPv6', '0'], ['RequireDualStack', 'IPv4,IPv6', '0']],
  [{ clusterIP: 'None', ipFamilies: ['IPv6'] }, ['RequireDualStack', 'IPv6,IPv4', '0'], ['RequireDualStack', 'IPv6,IPv4', '0']],
  [{ clusterIP: 'None', ipFamilyPolicy: 'SingleStack' }, ['SingleStack', 'IPv4', '0'], ['SingleStack', 'IPv4', '0']],
]

test('a Service has the families that it asks for, where the cluster has them', () => {
  const [dual, single] = [createCluster({ nodes: 0, ipFamilies: both }), createCluster({ nodes: 0 })]
  for (const [index, [spec, onDual, onSingle]] of asked.entries()) {
    for (const [cluster, expected] of [[dual, onDual], [single, onSingle]] as const) assert.deepEqual(outcome(cluster, 'POST', `s${index}`, { ...port, ...spec }), expected, JSON.stringify(spec))
  }
  const six = createCluster({ nodes: 0, ipFamilies: ['IPv6', 'IPv4'] })
  assert.deepEqual(outcome(six, 'POST', 'plain', port), ['SingleStack', 'IPv6', '6'])
  assert.deepEqual(outcome(six, 'POST', 'two', { ...port, ipFamilyPolicy: 'PreferDualStack' }), ['PreferDualStack', 'IPv6,IPv4', '6,4'])
  for (const cluster of [dual, single, six]) cluster.stop()
})

test('a second family comes and goes with the policy, and the first one stays', () => {
  const cluster = createCluster({ nodes: 0, ipFamilies: both })
  const held = (): readonly string[] => cluster.list(ipAddresses).filter(({ spec }) => spec.parentRef.name === 'web').map(({ metadata }) => metadata.name)
  outcome(cluster, 'POST', 'web', port)
  const [first] = held()
  assert.deepEqual(outcome(cluster, 'PATCH', 'web', { ipFamilyPolicy: 'PreferDualStack' }), ['PreferDualStack', 'IPv4,IPv6', '4,6'])
  assert.deepEqual([held().length, held().includes(first ?? '')], [2, true])
  const addresses = cluster.store.view.get(services, 'default', 'web')?.spec.clusterIPs ?? []
  const release = "must be set to 'SingleStack' when releasing the secondary"
  for (const [spec, message] of [
    [{ clusterIPs: addresses.slice(0, 1) }, `spec.ipFamilyPolicy: Invalid value: "PreferDualStack": ${release} clusterIP`],
    [{ ipFamilies: ['IPv4'] }, `spec.ipFamilyPolicy: Invalid value: "PreferDualStack": ${release} ipFamily`],
    [{ clusterIPs: addresses.toReversed() }, 'may not change once set'],
  ] as const) assert.ok(String(outcome(cluster, 'PATCH', 'web', spec)).includes(message), `${JSON.stringify(spec)}: ${String(outcome(cluster, 'PATCH', 'web', spec))}`)
  assert.deepEqual(outcome(cluster, 'PUT', 'web', port), ['PreferDualStack', 'IPv4,IPv6', '4,6'])
  assert.deepEqual(outcome(cluster, 'PATCH', 'web', { ipFamilyPolicy: 'SingleStack' }), ['SingleStack', 'IPv4', '4'])
  assert.deepEqual(held(), [first])
  assert.deepEqual(outcome(cluster, 'PATCH', 'web', { ipFamilyPolicy: 'RequireDualStack', clusterIPs: [first ?? '', 'fd00:10:96::99'] }), ['RequireDualStack', 'IPv4,IPv6', '4,6'])
  assert.deepEqual(held().toSorted(), [first, 'fd00:10:96::99'].toSorted())
  assert.equal(cluster.request('POST', path, { metadata: { name: 'other' }, spec: { ...port, clusterIPs: ['fd00:10:96::99'] } }).status, 422)
  cluster.stop()
})

test('nodes, pods, slices and addresses are of both families, Endpoints of the first', () => {
  const cluster = createCluster({ nodes: 2, ipFamilies: both })
  cluster.apply(`apiVersion: v1
kind: Pod
metadata: {name: web, namespace: default, labels: {app: web}}
spec: {containers: [{name: c, image: web}]}
---
apiVersion: v1
kind: Pod
metadata: {name: host, namespace: default}
spec: {hostNetwork: true, nodeName: sim-2, containers: [{name: c, image: web}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: default}
spec: {ipFamilyPolicy: RequireDualStack, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: elsewhere, namespace: default}
spec: {ipFamilyPolicy: RequireDualStack, ports: [{port: 80}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: elsewhere, namespace: default}
subsets: [{addresses: [{ip: 192.0.2.1}, {ip: "2001:db8::1"}], ports: [{port: 80}]}]`)
  assert.deepEqual(cluster.list(nodes).map(({ spec, status }) => [spec.podCIDR, spec.podCIDRs, status.addresses?.map(({ type, address }) => `${type} ${address}`)]), [
    ['10.128.0.0/24', ['10.128.0.0/24', 'fd00:10:128::/64'], ['InternalIP 172.31.0.0', 'InternalIP fd00:172:31::', 'Hostname sim-1']],
    ['10.128.1.0/24', ['10.128.1.0/24', 'fd00:10:128:1::/64'], ['InternalIP 172.31.0.1', 'InternalIP fd00:172:31::1', 'Hostname sim-2']],
  ])
  const pod = (name: string) => cluster.store.view.get(pods, 'default', name)?.status
  const web = pod('web')?.podIPs?.map(({ ip }) => ip) ?? []
  assert.match(web.join(), /^10\.128\.[01]\.2,fd00:10:128:(1:)?:2$/)
  assert.equal(pod('web')?.podIP, web[0])
  assert.deepEqual(pod('host')?.podIPs, [{ ip: '172.31.0.1' }, { ip: 'fd00:172:31::1' }])
  assert.deepEqual(pod('host')?.hostIPs, pod('host')?.podIPs)
  const slices = cluster.list(endpointSlices).filter(({ metadata }) => metadata.name !== 'kubernetes')
  assert.deepEqual(slices.map(({ metadata, addressType, endpoints: all }) => `${metadata.labels?.['kubernetes.io/service-name']} ${addressType} ${(all ?? []).map(({ addresses }) => addresses).join()}`).toSorted(), [
    'elsewhere IPv4 192.0.2.1', 'elsewhere IPv6 2001:db8::1', `web IPv4 ${web[0]}`, `web IPv6 ${web[1]}`,
  ])
  assert.deepEqual(cluster.store.view.get(endpoints, 'default', 'web')?.subsets?.[0]?.addresses?.map(({ ip }) => ip), [web[0]])
  assert.deepEqual(cluster.store.view.get(serviceCIDRs, '', 'kubernetes')?.spec.cidrs, ['10.96.0.0/16', 'fd00:10:96::/112'])
  const own = cluster.store.view.get(services, 'default', 'web')?.spec.clusterIPs ?? []
  assert.deepEqual(own.map((address) => cluster.store.view.get(ipAddresses, '', address)?.metadata.labels?.['ipaddress.kubernetes.io/ip-family']), ['IPv4', 'IPv6'])
  // What goes on from here has the same families.
  const fork = cluster.fork()
  assert.deepEqual(outcome(fork, 'POST', 'later', { ...port, ipFamilyPolicy: 'PreferDualStack' }), ['PreferDualStack', 'IPv4,IPv6', '4,6'])
  fork.stop()
  cluster.stop()
})

test('a node that registers without ranges gets one of each family', () => {
  const cluster = createCluster({ nodes: 0, ipFamilies: ['IPv6', 'IPv4'] })
  cluster.apply('{apiVersion: v1, kind: Node, metadata: {name: own}}')
  assert.deepEqual(cluster.list(nodes).map(({ spec }) => [spec.podCIDR, spec.podCIDRs]), [['fd00:10:244::/64', ['fd00:10:244::/64', '10.244.0.0/24']]])
  cluster.stop()
})

test('a cluster of IPv6 alone has nothing of IPv4', () => {
  const cluster = createCluster({ nodes: 1, ipFamilies: ['IPv6'] })
  cluster.apply('{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: default}, spec: {containers: [{name: c, image: web}]}}')
  assert.deepEqual(cluster.store.view.get(pods, 'default', 'web')?.status.podIPs, [{ ip: 'fd00:10:128::2' }])
  assert.deepEqual(outcome(cluster, 'POST', 'plain', port), ['SingleStack', 'IPv6', '6'])
  assert.equal(outcome(cluster, 'POST', 'four', { ...port, ipFamilies: ['IPv4'] }), 'spec.ipFamilies[0]: Invalid value: "IPv4": not configured on this cluster')
  assert.equal(outcome(cluster, 'POST', 'old', { ...port, clusterIP: '10.96.0.7' }), 'spec.clusterIPs[0]: Invalid value: ["10.96.0.7"]: IPv4 is not configured on this cluster')
  assert.equal(cluster.store.view.get(services, 'default', 'kubernetes')?.spec.clusterIP, 'fd00:10:96::1')
  cluster.stop()
})
