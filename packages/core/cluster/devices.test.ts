import assert from 'node:assert/strict'
import { test } from 'node:test'
import { events, nodes, pods, resourceClaims, resourceSlices } from '../api/index.ts'
import { poolOf } from '../rules/node-pools.ts'
import { createCluster, type VirtualCluster } from './virtual-cluster.ts'

const driver = 'gpu.example.com'
const gpus = (count: number) => ({ [driver]: { count, attributes: { model: 'a' }, capacity: { memory: '80Gi' } } })
const objects = `apiVersion: resource.k8s.io/v1
kind: DeviceClass
metadata: {name: gpu}
spec: {selectors: [{cel: {expression: "device.driver == '${driver}'"}}]}
---
apiVersion: resource.k8s.io/v1
kind: ResourceClaimTemplate
metadata: {name: one-gpu, namespace: default}
spec: {spec: {devices: {requests: [{name: gpu, exactly: {deviceClassName: gpu, selectors: [{cel: {expression: "device.attributes['${driver}'].model == 'a' && device.capacity['${driver}'].memory.compareTo(quantity('40Gi')) >= 0"}}]}}]}}}
`
const train = (name: string, more = '') => `apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: default, annotations: {skiff.dev/run-for: 60s}}
spec:
  restartPolicy: Never
  resourceClaims: [{name: gpu, resourceClaimTemplateName: one-gpu}]
  containers: [{name: c, image: train, resources: {claims: [{name: gpu}]}}]
${more}`
const phases = (cluster: VirtualCluster) => cluster.list(pods).map(({ metadata: { name }, spec: { nodeName }, status: { phase } }) => `${name} ${nodeName ?? '-'} ${phase}`)
const devices = (cluster: VirtualCluster) => cluster.list(resourceClaims).flatMap(({ status }) => (status.allocation?.devices?.results ?? []).map(({ pool, device }) => `${pool}/${device}`))

test('simulated nodes publish their devices, and pods get them by claims, one after the other', () => {
  const cluster = createCluster({ nodes: [{ count: 2 }, { name: 'gpu', devices: gpus(2) }] })
  assert.deepEqual(cluster.list(resourceSlices).map(({ metadata, spec }) => [metadata.name, spec.nodeName, spec.driver, spec.pool, spec.devices]), [[`gpu-1-${driver}`, 'gpu-1', driver, { name: 'gpu-1', generation: 1, resourceSliceCount: 1 }, [0, 1].map((index) =>
    ({ name: `gpu-${index}`, attributes: { index: { int: index }, model: { string: 'a' } }, capacity: { memory: { value: '80Gi' } } }))]])
  cluster.apply(objects + ['a', 'b', 'c'].map((name) => `---\n${train(name)}`).join('\n'))
  assert.deepEqual([phases(cluster), devices(cluster)], [['a gpu-1 Running', 'b gpu-1 Running', 'c - Pending'], ['gpu-1/gpu-0', 'gpu-1/gpu-1']])
  assert.equal(cluster.list(pods)[2]?.status.conditions?.[0]?.message, '0/3 nodes are available: 3 cannot allocate all claims. still not schedulable, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.')
  cluster.advance('65s')
  assert.deepEqual(phases(cluster), ['a gpu-1 Succeeded', 'b gpu-1 Succeeded', 'c gpu-1 Running'])
  cluster.advance('65s')
  // Claims that were made for pods go when those are over.
  assert.deepEqual([phases(cluster)[2], cluster.list(resourceClaims)], ['c gpu-1 Succeeded', []])
})

test('a claim of its own outlives its pods and can be deleted only when nobody uses it', () => {
  const cluster = createCluster({ nodes: [{ devices: gpus(1) }] })
  cluster.apply(`${objects}---
apiVersion: resource.k8s.io/v1
kind: ResourceClaim
metadata: {name: mine, namespace: default}
spec: {devices: {requests: [{name: gpu, exactly: {deviceClassName: gpu}}]}}
---
${train('a').replace('resourceClaimTemplateName: one-gpu', 'resourceClaimName: mine')}`)
  assert.deepEqual(phases(cluster), ['a sim-1 Running'])
  cluster.request('DELETE', '/apis/resource.k8s.io/v1/namespaces/default/resourceclaims/mine')
  cluster.settle()
  assert.equal(cluster.list(resourceClaims)[0]?.metadata.deletionTimestamp !== undefined, true)
  cluster.advance('65s')
  assert.deepEqual(cluster.list(resourceClaims), [])
})

test('a rule that taints devices ends their pods and keeps others away', () => {
  const cluster = createCluster({ nodes: [{ devices: gpus(1) }] })
  cluster.apply(`${objects}---\n${train('a')}`)
  cluster.apply(`apiVersion: resource.k8s.io/v1
kind: DeviceTaintRule
metadata: {name: broken}
spec: {deviceSelector: {driver: ${driver}}, taint: {key: example.com/broken, effect: NoExecute}}
---
${train('b')}`)
  cluster.advance('40s')
  assert.deepEqual(phases(cluster), ['b - Pending'])
  cluster.request('DELETE', '/apis/resource.k8s.io/v1/devicetaintrules/broken')
  cluster.advance('10s')
  assert.deepEqual(phases(cluster), ['b sim-1 Running'])
})

test('a pod that is put on a node without the driver waits there, and says for what', () => {
  const cluster = createCluster({ nodes: [{ name: 'plain' }, { name: 'gpu', devices: gpus(1) }] })
  cluster.apply(`${objects}---\n${train('a', '  nodeName: plain-1')}`)
  cluster.advance('5s')
  assert.deepEqual(phases(cluster), ['a plain-1 Pending'])
  assert.ok(cluster.list(events).some(({ reason, message = '' }) => reason === 'FailedPrepareDynamicResources' && /^Failed to prepare dynamic resources: prepare dynamic resources: pod a\(.*\) is not allowed to use resource claim a-gpu-/.test(message)))
})

test('an extended resource that a class stands for comes by a claim of the pod\'s own', () => {
  const cluster = createCluster({ nodes: [{ name: 'gpu', devices: gpus(1) }, { name: 'plugin', resources: { 'example.com/gpu': '1' } }] })
  cluster.apply(`${objects.replace('spec: {selectors', 'spec: {extendedResourceName: example.com/gpu, selectors')}---\n${['a', 'b', 'c'].map((name) => `apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: default, annotations: {skiff.dev/run-for: 60s}}
spec: {restartPolicy: Never, containers: [{name: c, image: train, resources: {limits: {example.com/gpu: 1}}}]}`).join('\n---\n')}`)
  assert.deepEqual([phases(cluster).map((line) => line.split(' ').slice(1).join(' ')).sort(), devices(cluster)], [['- Pending', 'gpu-1 Running', 'plugin-1 Running'], ['gpu-1/gpu-0']])
  const [claim] = cluster.list(resourceClaims)
  const user = cluster.list(pods).find(({ spec }) => spec.nodeName === 'gpu-1')
  assert.deepEqual([claim?.metadata.name.startsWith(`${user?.metadata.name}-extended-resources-`), user?.status.extendedResourceClaimStatus], [true, {
    resourceClaimName: claim?.metadata.name, requestMappings: [{ containerName: 'c', resourceName: 'example.com/gpu', requestName: 'container-0-request-0' }],
  }])
  cluster.advance('130s')
  assert.deepEqual([phases(cluster).map((line) => line.split(' ')[2]), cluster.list(resourceClaims)], [['Succeeded', 'Succeeded', 'Succeeded'], []])
})

test('pods share a device by its capacity', () => {
  const cluster = createCluster({ nodes: [{ devices: gpus(1) }] })
  const claims = ['a', 'b', 'c'].map((name) => `apiVersion: resource.k8s.io/v1
kind: ResourceClaim
metadata: {name: ${name}, namespace: default}
spec: {devices: {requests: [{name: gpu, exactly: {deviceClassName: gpu, selectors: [{cel: {expression: device.allowMultipleAllocations}}], capacity: {requests: {memory: 4Gi}}}}]}}
---
${train(name).replace('resourceClaimTemplateName: one-gpu', `resourceClaimName: ${name}`)}`)
  cluster.apply([objects, `apiVersion: resource.k8s.io/v1
kind: ResourceSlice
metadata: {name: shared}
spec: {driver: ${driver}, nodeName: sim-1, pool: {name: shared, generation: 1, resourceSliceCount: 1}, devices: [{name: big, allowMultipleAllocations: true, capacity: {memory: {value: 10Gi}}}]}`, ...claims].join('\n---\n'))
  assert.deepEqual([phases(cluster), devices(cluster)], [['a sim-1 Running', 'b sim-1 Running', 'c - Pending'], ['shared/big', 'shared/big']])
  cluster.advance('65s')
  assert.equal(phases(cluster)[2], 'c sim-1 Running')
})

test('the devices of a node that goes go with it', () => {
  const cluster = createCluster({ nodes: [{ devices: gpus(1) }] })
  const [node] = cluster.list(nodes)
  assert.deepEqual(cluster.list(resourceSlices)[0]?.metadata.ownerReferences, [{ apiVersion: 'v1', kind: 'Node', name: 'sim-1', uid: node?.metadata.uid, controller: true }])
})

for (const [what, said, expected] of [
  ['a count', { 'gpu.example.com': '4' }, { 'gpu.example.com': { count: 4 } }],
  ['what they are', { 'gpu.example.com': { count: 1, attributes: { model: 'a', fast: true }, capacity: { memory: '1Gi' } } }, { 'gpu.example.com': { count: 1, attributes: { model: 'a', fast: true }, capacity: { memory: '1Gi' } } }],
  ['a driver without a domain', { gpu: 4 }, "devices: a driver is named like gpu.example.com, not 'gpu'"],
  ['too many', { 'gpu.example.com': 129 }, "devices: gpu.example.com takes a whole number from 1 to 128, not '129'"],
  ['an unknown field', { 'gpu.example.com': { many: 1 } }, 'devices.gpu.example.com has no field many: expected count, attributes, capacity'],
  ['an attribute that is a list', { 'gpu.example.com': { count: 1, attributes: { model: [] } } }, 'devices.gpu.example.com.attributes takes names with texts, whole numbers, true or false, not {"model":[]}'],
] as const) test(`devices of a pool: ${what}`, () => {
  if (typeof expected === 'string') assert.throws(() => poolOf({ devices: said }), { message: expected })
  else assert.deepEqual(poolOf({ devices: said }).devices, expected)
})
