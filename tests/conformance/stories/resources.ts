// Dynamic resource allocation: the kinds, not the allocation.
import { supports } from '../operations.ts'
import type { Story } from '../story.ts'

const apiVersion = 'resource.k8s.io/v1'
const selectors = [{ cel: { expression: 'device.driver == "stories.example.com"' } }]
const claim = { devices: { requests: [{ name: 'one', exactly: { deviceClassName: 'absent', count: 1, allocationMode: 'ExactCount' } }] } }
const allocated = (node: string): object => ({ allocation: { nodeSelector: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }] }, devices: { results: [{ request: 'one', driver: 'stories.example.com', pool: 'pool', device: 'device-1' }] } } })

export const resourceStories: readonly Story[] = [
  { row: '[sig-node] [DRA] CRUD Tests resource.k8s.io/v1 DeviceClass [Conformance]', tell: (world) => supports(world, { apiVersion, plural: 'deviceclasses', kind: 'DeviceClass', scope: 'Cluster', fields: { spec: { selectors } } }) },
  {
    row: '[sig-node] [DRA] CRUD Tests resource.k8s.io/v1 ResourceClaim [Conformance]',
    tell: (world) => supports(world, { apiVersion, plural: 'resourceclaims', kind: 'ResourceClaim', scope: 'Namespaced', fields: { spec: claim }, status: [allocated('sim-1'), {}] }),
  },
  { row: '[sig-node] [DRA] CRUD Tests resource.k8s.io/v1 ResourceClaimTemplate [Conformance]', tell: (world) => supports(world, { apiVersion, plural: 'resourceclaimtemplates', kind: 'ResourceClaimTemplate', scope: 'Namespaced', fields: { spec: { spec: claim } } }) },
  {
    row: '[sig-node] [DRA] CRUD Tests resource.k8s.io/v1 ResourceSlice [Conformance]',
    tell: (world) => supports(world, { apiVersion, plural: 'resourceslices', kind: 'ResourceSlice', scope: 'Cluster', fields: { spec: { driver: 'stories.example.com', nodeName: 'nobody', pool: { name: 'pool', generation: 1, resourceSliceCount: 1 }, devices: [{ name: 'device-1' }] } } }),
  },
  {
    row: '[sig-node] [DRA] CRUD Tests resource.k8s.io/v1 DeviceTaintRule [Conformance]',
    tell: (world) => supports(world, { apiVersion, plural: 'devicetaintrules', kind: 'DeviceTaintRule', scope: 'Cluster', fields: { spec: { deviceSelector: { driver: 'stories.example.com' }, taint: { key: 'example.com/tainted', value: 'yes', effect: 'NoSchedule' } } } }),
  },
]
