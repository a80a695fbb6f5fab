import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Resource, ResourceType } from '../../api/resource.ts'
import { csiDrivers, csiNodes, csiStorageCapacities, namespaces, persistentVolumeClaims, persistentVolumes, type Pod, storageClasses } from '../../api/resources.ts'
import { aNode, anObject, aPod, schedulingWorld } from '../builders.ts'

const useless = (nodes: number): string => ` no new claims to deallocate, preemption: 0/${nodes} nodes are available: ${nodes} Preemption is not helpful for scheduling.`
const noVictims = (nodes: number): string => ` no new claims to deallocate, preemption: 0/${nodes} nodes are available: ${nodes} No preemption victims found for incoming pod.`
const why = (...objects: readonly Resource[]): string | undefined => schedulingWorld(objects).events.find((event) => event.startsWith('FailedScheduling'))?.replace('FailedScheduling: ', '')
const placed = (name: string, node: string, spec: Partial<Pod['spec']> = {}, labels: Readonly<Record<string, string>> = {}): Pod => aPod(name, { labels, spec: { nodeName: node, ...spec } })
const wants = (cpu: string, rest: object = {}) => ({ name: `c${cpu}`, resources: { requests: { cpu } }, ...rest })

const initOf = (name: string, cpu: string, restartPolicy?: string) => ({ ...wants(cpu), name, ...(restartPolicy !== undefined && { restartPolicy }) })
for (const [what, spec, fits] of [
  ['containers together', { containers: [wants('1'), wants('2')] }, true],
  ['containers together, too many', { containers: [wants('2'), wants('3')] }, false],
  ['the largest init container', { initContainers: [initOf('i', '4'), initOf('j', '3')], containers: [wants('1')] }, true],
  ['an init container that is too large', { initContainers: [initOf('i', '5')], containers: [wants('1')] }, false],
  ['a sidecar beside containers', { initContainers: [initOf('s', '2', 'Always')], containers: [wants('3')] }, false],
  ['an init container beside the sidecars before it only', { initContainers: [initOf('i', '4'), initOf('s', '1', 'Always')], containers: [wants('1')] }, true],
  ['an init container beside the sidecar before it', { initContainers: [initOf('s', '1', 'Always'), initOf('i', '4')], containers: [wants('1')] }, false],
  ['overhead', { overhead: { cpu: '1' }, containers: [wants('4')] }, false],
  ['the pod\'s own resources instead of its containers\'', { resources: { requests: { cpu: '4' } }, containers: [wants('1')] }, true],
  ['the pod\'s own resources, too many', { resources: { requests: { cpu: '5' } }, containers: [wants('1')] }, false],
] as const) test(`4 cores take ${what}: ${fits}`, () => { assert.equal(schedulingWorld([aNode('a'), aPod('p', { spec: spec as Partial<Pod['spec']> })]).nodeOf('p'), fits ? 'a' : undefined) })

for (const [what, requests, offered, message] of [
  ['an extended resource', { 'nvidia.com/gpu': '2' }, { 'nvidia.com/gpu': '1' }, `0/1 nodes are available: 1 Insufficient nvidia.com/gpu.${useless(1)}`],
  ['ephemeral storage', { 'ephemeral-storage': '2Gi' }, { 'ephemeral-storage': '1Gi' }, `0/1 nodes are available: 1 Insufficient ephemeral-storage.${useless(1)}`],
  ['huge pages', { 'hugepages-2Mi': '4Mi' }, {}, `0/1 nodes are available: 1 Insufficient hugepages-2Mi.${useless(1)}`],
  ['all together', { cpu: '9', memory: '99Gi', 'nvidia.com/gpu': '1' }, {}, `0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory, 1 Insufficient nvidia.com/gpu.${useless(1)}`],
] as const) test(`too little of ${what}`, () => { assert.equal(why(aNode('a', { more: offered }), aPod('p', { requests })), message) })

for (const [what, status, fits] of [
  ['what it asks for, before it was given anything', {}, true],
  ['what it still has, while it shrinks', { containerStatuses: [{ name: 'c', allocatedResources: { cpu: '3' }, resources: { requests: { cpu: '3' } } }] }, false],
  ['what it asks for, while it grows', { containerStatuses: [{ name: 'c', allocatedResources: { cpu: '500m' }, resources: { requests: { cpu: '500m' } } }] }, true],
] as const) test(`a pod that is resized in place takes ${what}`, () => {
  const running = placed('q', 'a', { containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }] })
  const objects = [aNode('a'), { ...running, status: { ...running.status, ...status } } as unknown as Pod, aPod('p', { requests: { cpu: '3' } })]
  assert.equal(schedulingWorld(objects).nodeOf('p'), fits ? 'a' : undefined)
})

test('room that a resize in place gives back is found', () => {
  const running = placed('q', 'a', { containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }] })
  const given = (cpu: string) => ({ ...running, status: { ...running.status, containerStatuses: [{ name: 'c', allocatedResources: { cpu }, resources: { requests: { cpu } } }] } }) as unknown as Pod
  const world = schedulingWorld([aNode('a'), given('3'), aPod('p', { requests: { cpu: '3' } })])
  world.put(given('1'))
  world.settle()
  world.clock.advanceTo(world.clock.now() + 1000)
  world.settle()
  assert.equal(world.nodeOf('p'), 'a')
})

const claim = (fields: object = {}, status: object = { phase: 'Bound' }): Resource => anObject(persistentVolumeClaims, 'data', { spec: { volumeName: 'disk', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '5Gi' } }, ...fields }, status })
const disk = (labels: object = {}, spec: object = {}): Resource => anObject(persistentVolumes, 'disk', { metadata: { labels }, spec: { capacity: { storage: '5Gi' }, accessModes: ['ReadWriteOnce'], ...spec }, status: { phase: 'Bound' } })
const mounts = { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] }
const zone = (value: string) => ({ labels: { 'topology.kubernetes.io/zone': value } })
const unseen = (type: ResourceType<Resource>, name: string, fields: object): Resource => anObject(type, name, { ...fields })
const lateClaim = claim({ volumeName: undefined, storageClassName: 'late' }, { phase: 'Pending' })
const late = unseen(storageClasses, 'late', { provisioner: 'csi.example.com', volumeBindingMode: 'WaitForFirstConsumer' })
const driver = unseen(csiDrivers, 'csi.example.com', { spec: { storageCapacity: true } })
const space = (capacity: string, value: string): Resource => unseen(csiStorageCapacities, 'space', { storageClassName: 'late', capacity, nodeTopology: { matchLabels: { 'topology.kubernetes.io/zone': value } } })
const limited = (count: number): Resource => unseen(csiNodes, 'a', { spec: { drivers: [{ name: 'csi.example.com', nodeID: 'a', allocatable: { count } }] } })
const csi = (volumeHandle: string) => ({ csi: { driver: 'csi.example.com', volumeHandle } })
const another = [
  anObject(persistentVolumeClaims, 'other', { spec: { volumeName: 'other', accessModes: ['ReadWriteOnce'] }, status: { phase: 'Bound' } }),
  anObject(persistentVolumes, 'other', { spec: { capacity: { storage: '5Gi' }, ...csi('h2') } }),
  placed('q', 'a', { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'other' } }] }),
]
for (const [what, objects, message] of [
  ['a volume of another zone', [aNode('a', zone('x')), claim(), disk({ 'topology.kubernetes.io/zone': 'y' })], `0/1 nodes are available: 1 node(s) had no available volume zone.${useless(1)}`],
  ['a volume of two zones', [aNode('a', zone('x')), claim(), disk({ 'topology.kubernetes.io/zone': 'y__x' })], undefined],
  ['a volume with the former label of its zone', [aNode('a', zone('x')), claim(), disk({ 'failure-domain.beta.kubernetes.io/zone': 'x' })], undefined],
  ['a volume with a zone, a cluster without', [aNode('a'), claim(), disk({ 'topology.kubernetes.io/zone': 'y' })], undefined],
  ['a claim for one pod that another one has', [aNode('a'), claim({ accessModes: ['ReadWriteOncePod'] }), disk(), placed('q', 'elsewhere', mounts)],
    `0/1 nodes are available: 1 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode.${noVictims(1)}`],
  ['a claim for one node that another pod has', [aNode('a'), claim(), disk(), placed('q', 'elsewhere', mounts)], undefined],
  ['a node with as many volumes as it takes', [aNode('a'), limited(1), claim(), disk({}, csi('h1')), ...another], `0/1 nodes are available: 1 node(s) exceed max volume count.${noVictims(1)}`],
  ['a node with room for a volume', [aNode('a'), limited(2), claim(), disk({}, csi('h1')), ...another], undefined],
  ['a node that has the volume already', [aNode('a'), limited(1), claim(), disk({}, csi('h2')), ...another], undefined],
  ['no space where the node is', [aNode('a', zone('x')), late, driver, space('9Gi', 'y'), lateClaim], `0/1 nodes are available: 1 node(s) did not have enough free storage.${useless(1)}`],
  ['too little space', [aNode('a', zone('x')), late, driver, space('1Gi', 'x'), lateClaim], `0/1 nodes are available: 1 node(s) did not have enough free storage.${useless(1)}`],
  ['enough space', [aNode('a', zone('x')), late, driver, space('9Gi', 'x'), lateClaim], undefined],
] as const) test(`volumes: ${what}`, () => { assert.equal(why(...objects as readonly Resource[], aPod('p', { spec: mounts })), message) })

test('a claim that is bound to a volume that is not there', () => { assert.equal(why(aNode('a'), claim(), aPod('p', { spec: mounts })), `0/1 nodes are available: persistentvolume "disk" not found.${useless(1)}`) })

const withDisk = (volume: object) => ({ volumes: [{ name: 'v', ...volume }] })
const image = (monitors: readonly string[], readOnly = false, name = 'i') => ({ rbd: { monitors, image: name, readOnly } })
for (const [what, theirs, ours, conflict] of [
  ['a GCE disk that is written', { gcePersistentDisk: { pdName: 'd' } }, { gcePersistentDisk: { pdName: 'd', readOnly: true } }, true],
  ['a GCE disk that all read', { gcePersistentDisk: { pdName: 'd', readOnly: true } }, { gcePersistentDisk: { pdName: 'd', readOnly: true } }, false],
  ['another GCE disk', { gcePersistentDisk: { pdName: 'd' } }, { gcePersistentDisk: { pdName: 'e' } }, false],
  ['an EBS volume, read or not', { awsElasticBlockStore: { volumeID: 'd', readOnly: true } }, { awsElasticBlockStore: { volumeID: 'd', readOnly: true } }, true],
  ['an iSCSI target that is written', { iscsi: { iqn: 'q', lun: 0, targetPortal: 'p' } }, { iscsi: { iqn: 'q', lun: 1, targetPortal: 'p', readOnly: true } }, true],
  ['an RBD image by one of its monitors', image(['a', 'b']), image(['b', 'c']), true],
  ['an RBD image that all read', image(['a'], true), image(['a'], true), false],
  ['another RBD image', image(['a']), image(['a'], false, 'j'), false],
] as const) test(`a disk that a pod of the node has: ${what}`, () => {
  assert.equal(why(aNode('a'), placed('q', 'a', withDisk(theirs) as Partial<Pod['spec']>), aPod('p', { spec: withDisk(ours) as Partial<Pod['spec']> })), conflict ? `0/1 nodes are available: 1 node(s) had no available disk.${noVictims(1)}` : undefined)
})

const term = (more: object = {}) => ({ topologyKey: 'zone', labelSelector: { matchLabels: { app: 'db' } }, ...more })
const required = (...terms: readonly object[]) => ({ requiredDuringSchedulingIgnoredDuringExecution: terms })
const away = (namespace: string, pod: Pod): Pod => ({ ...pod, metadata: { ...pod.metadata, namespace } })
const team = (name: string, labels: object): Resource => anObject(namespaces, name, { metadata: { labels } })
const zones = [aNode('a', { labels: { zone: 'x' } }), aNode('b', { labels: { zone: 'y' } })]
const db = { app: 'db' }
for (const [what, objects, affinity, fits] of [
  ['a pod of another namespace, not named', [away('other', placed('q', 'a', {}, db))], { podAffinity: required(term()) }, false],
  ['a pod of a namespace that is named', [away('other', placed('q', 'a', {}, db))], { podAffinity: required(term({ namespaces: ['other'] })) }, true],
  ['a pod of a namespace that is selected', [team('other', { team: 'one' }), away('other', placed('q', 'a', {}, db))], { podAffinity: required(term({ namespaceSelector: { matchLabels: { team: 'one' } } })) }, true],
  ['a pod of a namespace that is not selected', [team('other', { team: 'two' }), away('other', placed('q', 'a', {}, db))], { podAffinity: required(term({ namespaceSelector: { matchLabels: { team: 'one' } } })) }, false],
  ['any namespace by an empty selector', [team('other', {}), away('other', placed('q', 'a', {}, db))], { podAffinity: required(term({ namespaceSelector: {} })) }, true],
  ['two terms that one pod matches', [placed('q', 'a', {}, { app: 'db', tier: 'back' })], { podAffinity: required(term(), term({ labelSelector: { matchLabels: { tier: 'back' } } })) }, true],
  ['two terms that two pods match', [placed('q', 'a', {}, db), placed('r', 'a', {}, { tier: 'back' })], { podAffinity: required(term(), term({ labelSelector: { matchLabels: { tier: 'back' } } })) }, false],
  ['anti-affinity everywhere', [placed('q', 'a', {}, db), placed('r', 'b', {}, db)], { podAntiAffinity: required(term()) }, false],
  ['a pod that has ended', [{ ...placed('q', 'a', {}, db), status: { phase: 'Succeeded' } } as Pod], { podAffinity: required(term()) }, false],
] as const) test(`affinity to ${what}: ${fits}`, () => {
  const world = schedulingWorld([...zones, ...objects as readonly Resource[], aPod('p', { spec: { affinity: affinity as Pod['spec']['affinity'] & object } })])
  assert.equal(world.nodeOf('p') !== undefined, fits)
})

for (const [what, objects, message] of [
  ['affinity to nobody', [aPod('p', { spec: { affinity: { podAffinity: required(term()) } as object } })], `0/2 nodes are available: 2 node(s) didn't match pod affinity rules.${useless(2)}`],
  ['anti-affinity', [placed('q', 'a', {}, db), placed('r', 'b', {}, db), aPod('p', { spec: { affinity: { podAntiAffinity: required(term()) } as object } })], `0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules.${noVictims(2)}`],
  ['others\' anti-affinity', [placed('q', 'a', { affinity: { podAntiAffinity: required(term()) } as object }), placed('r', 'b', { affinity: { podAntiAffinity: required(term()) } as object }), aPod('p', { labels: db })],
    `0/2 nodes are available: 2 node(s) didn't satisfy existing pods anti-affinity rules.${noVictims(2)}`],
  ['host ports', [aPod('q', { ports: [80], spec: { nodeName: 'a' } }), aPod('r', { ports: [80], spec: { nodeName: 'b' } }), aPod('p', { ports: [80] })], `0/2 nodes are available: 2 node(s) didn't have free ports for the requested pod ports.${noVictims(2)}`],
] as const) test(`the reason: ${what}`, () => { assert.equal(why(...zones, ...objects as readonly Resource[]), message) })

const named = (...names: readonly string[]) => ({ matchFields: names.map((name) => ({ key: 'metadata.name', operator: 'In', values: [name] })) })
for (const [what, terms, answer] of [
  ['a name that contradicts another', [named('a', 'b')], `0/2 nodes are available: pod affinity terms conflict.${useless(2)}`], ['one name or the other', [named('a'), named('b', 'a')], undefined],
] as const) test(`node affinity by ${what}`, () => {
  assert.equal(why(...zones, aPod('p', { spec: { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } } as object } })), answer)
})

const port = (hostIP: string, protocol = 'TCP') => ({ hostIP, protocol })
const opened = (it: ReturnType<typeof port>) => ({ containers: [{ name: 'c', ports: [{ containerPort: 1, hostPort: 54_321, ...it }] }] })
for (const [theirs, ours, conflict] of [
  [port('127.0.0.1'), port('127.0.0.2'), false], [port('127.0.0.1'), port('127.0.0.1'), true], [port('127.0.0.1'), port('127.0.0.1', 'UDP'), false],
  [port('0.0.0.0'), port('127.0.0.1'), true], [port('127.0.0.1'), port(''), true],
] as const) test(`host ports ${JSON.stringify([theirs, ours])} conflict: ${conflict}`, () => {
  assert.equal(schedulingWorld([aNode('a'), placed('q', 'a', opened(theirs)), aPod('p', { spec: opened(ours) })]).nodeOf('p'), conflict ? undefined : 'a')
})
