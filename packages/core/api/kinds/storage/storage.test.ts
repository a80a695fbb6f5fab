import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kindOf, prepared, problems, type Row, specOf, statusProblems } from '../testing.ts'

const drivers = 'storage.k8s.io/csidrivers'
const nodes = 'storage.k8s.io/csinodes'
const capacities = 'storage.k8s.io/csistoragecapacities'
const attachments = 'storage.k8s.io/volumeattachments'
const attributes = 'storage.k8s.io/volumeattributesclasses'
const driver = { name: 'a.example.com', nodeID: 'i-1' }
const node = (...each: readonly unknown[]): Record<string, unknown> => ({ spec: { drivers: each } })
const attachment = (source: unknown, more: object = {}): Record<string, unknown> => ({ spec: { attacher: 'a.example.com', nodeName: 'n1', source, ...more } })
const subdomain = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const oneSource = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'

test('what upstream refuses in new objects of storage', () => {
  const rows: readonly Row[] = [
    [drivers, { spec: { fsGroupPolicy: 'Sometimes', volumeLifecycleModes: ['Forever'], nodeAllocatableUpdatePeriodSeconds: 9, serviceAccountTokenInSecrets: true } }, [
      'spec.fsGroupPolicy: Unsupported value: "Sometimes": supported values: "File", "None", "ReadWriteOnceWithFSType"', 'spec.volumeLifecycleModes: Unsupported value: "Forever": supported values: "Persistent", "Ephemeral"',
      'spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: must be greater than or equal to 10 seconds', 'spec.serviceAccountTokenInSecrets: Invalid value: true: serviceAccountTokenInSecrets is set but no tokenRequests are specified',
    ]],
    [drivers, { spec: { tokenRequests: [{ audience: 'a', expirationSeconds: 599 }, { audience: 'a' }, { audience: 'b', expirationSeconds: 4294967297 }] } }, [
      'spec.tokenRequests[0].expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes', 'spec.tokenRequests[1].audience: Duplicate value: "a"',
      'spec.tokenRequests[2].expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds',
    ]],
    [nodes, node({ name: '', nodeID: '' }), ['spec.drivers[0].name: Required value', 'spec.drivers[0].nodeID: Required value']],
    [nodes, node({ ...driver, name: 'x'.repeat(64) }), ['spec.drivers[0].name: Too long: may not be more than 63 bytes']],
    [nodes, node({ ...driver, nodeID: 'i'.repeat(257), allocatable: { count: -1 } }, driver), [`spec.drivers[0].nodeID: Invalid value: "${'i'.repeat(257)}": must be 256 characters or less`, 'spec.drivers[0].allocatable.count: Invalid value: -1: must be greater than or equal to 0', 'spec.drivers[1].name: Duplicate value: "a.example.com"']],
    [nodes, node({ ...driver, topologyKeys: ['zone', 'zone'] }), ['spec.drivers[0]: Duplicate value: "zone"']],
    [nodes, { metadata: { name: 'N1' } }, [`metadata.name: Invalid value: "N1": ${subdomain}`]],
    [capacities, { storageClassName: 'A', capacity: '-1' }, [`storageClassName: Invalid value: "A": ${subdomain}`, 'capacity: Invalid value: "-1": must be greater than or equal to 0']],
    [capacities, { nodeTopology: { matchExpressions: [{ key: 'zone', operator: 'Near' }] } }, ['nodeTopology.matchExpressions[0].operator: Invalid value: "Near": not a valid selector operator']],
    [attachments, attachment({}), [`spec.source: Required value: ${oneSource}`]],
    [attachments, attachment({ persistentVolumeName: 'pv', inlineVolumeSpec: {} }), [`spec.source: Forbidden: ${oneSource}`]],
    [attachments, attachment({ persistentVolumeName: '' }, { nodeName: '' }), ['spec.source.persistentVolumeName: Required value: must specify non empty persistentVolumeName', `spec.source.persistentVolumeName: Invalid value: "": ${subdomain}`, `spec.nodeName: Invalid value: "": ${subdomain}`]],
    [attachments, attachment({ persistentVolumeName: 'pv' }, { attacher: '' }), ['spec.attacher: Required value']],
    [attachments, attachment({ inlineVolumeSpec: { capacity: { storage: '1Gi' }, storageClassName: 'x', nfs: { server: 's', path: '/' }, persistentVolumeReclaimPolicy: 'Delete' } }), [
      'spec.source.inlineVolumeSpec.capacity: Forbidden: may not be specified in the context of inline volumes', 'spec.source.inlineVolumeSpec.csi: Required value: has to be specified in the context of inline volumes', 'spec.source.inlineVolumeSpec.accessModes: Required value',
      'spec.source.inlineVolumeSpec.persistentVolumeReclaimPolicy: Forbidden: may only be Retain in the context of inline volumes', 'spec.source.inlineVolumeSpec.storageClassName: Forbidden: may not be specified in the context of inline volumes',
    ]],
    [attachments, attachment({ inlineVolumeSpec: { accessModes: ['ReadWriteOnce'], csi: { driver: 'a.example.com', volumeHandle: 'v' } } }), []],
    [attributes, { driverName: '', parameters: {} }, ['driverName: Required value', 'parameters: Required value: must contain at least one key/value pair']],
    [attributes, { parameters: { '': 'x' } }, ['parameters: Invalid value: "": field can not be empty.']],
    ['storage.k8s.io/storageclasses', { parameters: Object.fromEntries(Array.from({ length: 513 }, (_, index) => [`k${index}`, ''])) }, ['parameters: Too long: may not be more than 512 bytes']],
  ]
  for (const [resource, change, expected] of rows) assert.deepEqual(problems(resource, change), expected, JSON.stringify(change))
})

test('what may not change in storage', () => {
  const rows: readonly Row[] = [
    [drivers, { spec: { ...specOf(drivers), attachRequired: true, volumeLifecycleModes: ['Ephemeral'] } }, ['spec.attachedRequired: Invalid value: true: field is immutable', 'spec.volumeLifecycleModes: Invalid value: ["Ephemeral"]: field is immutable']],
    [drivers, { spec: { ...specOf(drivers), fsGroupPolicy: 'File', requiresRepublish: true, storageCapacity: true, podInfoOnMount: true } }, []],
    [nodes, node({ name: 'disk.csi.example.com', nodeID: 'i-0123', topologyKeys: ['topology.example.com/zone'], allocatable: { count: 1 } }, driver), []],
    [nodes, node({ name: 'disk.csi.example.com', nodeID: 'i-4' }), ['spec.drivers: Invalid value: {"Name":"disk.csi.example.com","NodeID":"i-4","TopologyKeys":null,"Allocatable":null}: field is immutable']],
    [nodes, node(), []],
    [capacities, { capacity: '1Gi', maximumVolumeSize: '1Gi' }, []],
    [capacities, { storageClassName: 'slow', nodeTopology: {} }, ['nodeTopology: Invalid value: {}: field is immutable', 'storageClassName: Invalid value: "slow": field is immutable']],
    [attachments, attachment({ persistentVolumeName: 'pv-2' }), ['spec: Invalid value: {"Attacher":"a.example.com","Source":{"PersistentVolumeName":"pv-2","InlineVolumeSpec":null},"NodeName":"n1"}: field is immutable']],
    [attributes, { driverName: 'b.example.com', parameters: { iops: '1' } }, ['driverName: Forbidden: updates to driverName are forbidden.', 'parameters: Forbidden: updates to parameters are forbidden.']],
  ]
  for (const [resource, change, expected] of rows) assert.deepEqual(problems(resource, change, true), expected, JSON.stringify(change))
})

test('a CSIDriver says what it does where it is not told', () => {
  assert.deepEqual((prepared(drivers, { spec: {} }) as unknown as { readonly spec: unknown }).spec, {
    attachRequired: true, podInfoOnMount: false, storageCapacity: false, fsGroupPolicy: 'ReadWriteOnceWithFSType', requiresRepublish: false, seLinuxMount: false, volumeLifecycleModes: ['Persistent'],
  })
})

test('what the writer of a storage object is warned of', () => {
  const warned = (resource: string, change: Record<string, unknown>): readonly string[] => kindOf(resource).warn?.(prepared(resource, change), undefined) ?? []
  const zone = 'failure-domain.beta.kubernetes.io/zone'
  assert.deepEqual(warned(drivers, {}), ['spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes'])
  assert.deepEqual(warned(drivers, { spec: {} }), [])
  assert.deepEqual(warned(capacities, { nodeTopology: { matchLabels: { [zone]: 'z' }, matchExpressions: [{ key: zone, operator: 'Exists' }] } }), [`nodeTopology.matchExpressions[0].key: ${zone} is deprecated since v1.17; use "topology.kubernetes.io/zone" instead`, `nodeTopology.matchLabels.${zone}: deprecated since v1.17; use "topology.kubernetes.io/zone" instead`])
  assert.deepEqual(warned('storage.k8s.io/storageclasses', { allowedTopologies: [{ matchLabelExpressions: [{ key: zone, values: ['a'] }] }] }), ['allowedTopologies[0].matchLabelExpressions[0].key: deprecated since v1.17; use "topology.kubernetes.io/zone" instead'])
  assert.deepEqual(warned('node.k8s.io/runtimeclasses', { scheduling: { nodeSelector: { 'beta.kubernetes.io/os': 'linux' } } }), ['scheduling.nodeSelector: deprecated since v1.14; use "kubernetes.io/os" instead'])
  assert.deepEqual(warned('discovery.k8s.io/endpointslices', { addressType: 'FQDN' }), ['spec.addressType: FQDN endpoints are deprecated'])
})

test('the status of a VolumeAttachment', () => {
  assert.deepEqual(statusProblems(attachments, { attached: true, attachmentMetadata: { path: '/dev/sda' } }), [])
  assert.deepEqual(statusProblems(attachments, { attached: false, attachError: { message: 'x'.repeat(1025), errorCode: -1 } }), ['status.attachError.message: Too long: may not be more than 262144 bytes', 'status.attachError.errorCode: Invalid value: -1: must be between 0 and 2147483647, inclusive'])
})

test('the rows of storage objects', () => {
  const cells = (resource: string): readonly unknown[] => (kindOf(resource).served[0]?.columns ?? []).map((column) => column.cell(prepared(resource), 0)).slice(0, 7)
  assert.deepEqual([drivers, nodes, capacities, attachments, attributes].map(cells), [
    ['disk.csi.example.com', false, false, false, 'vault,', false, 'Persistent,Ephemeral'], ['n1', 1, '<invalid>'], ['zone-a', '2026-01-01T00:00:00Z'], ['csi-1', 'disk.csi.example.com', 'pv-1', 'n1', false, '<invalid>'], ['gold', 'disk.csi.example.com', '<invalid>'],
  ])
})
