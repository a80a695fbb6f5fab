import type { Draft } from '../../resource.ts'

const apiVersion = 'resource.k8s.io/v1'
const config = [{ opaque: { driver: 'gpu.example.com', parameters: { mode: 'shared' } } }]
const devices = {
  requests: [
    { name: 'gpu', exactly: { deviceClassName: 'gpu.example.com', selectors: [{ cel: { expression: 'device.driver == "gpu.example.com"' } }], tolerations: [{ key: 'example.com/broken', operator: 'Exists' }] } },
    { name: 'any', firstAvailable: [{ name: 'large', deviceClassName: 'large' }, { name: 'small', deviceClassName: 'small', allocationMode: 'All' }] },
  ],
  constraints: [{ requests: ['gpu', 'any/large'], matchAttribute: 'gpu.example.com/numa' }],
  config: [{ requests: ['any'], ...config[0] }],
}

/** For the laws of kinds. */
export const resourceExamples: Readonly<Record<string, Draft>> = {
  'resource.k8s.io/deviceclasses': {
    apiVersion, kind: 'DeviceClass', metadata: { name: 'gpu.example.com' },
    spec: { selectors: [{ cel: { expression: 'device.driver == "gpu.example.com"' } }], config, extendedResourceName: 'example.com/gpu' },
  },
  'resource.k8s.io/resourceclaims': { apiVersion, kind: 'ResourceClaim', metadata: { name: 'web', namespace: 'default' }, spec: { devices } },
  'resource.k8s.io/resourceclaimtemplates': { apiVersion, kind: 'ResourceClaimTemplate', metadata: { name: 'web', namespace: 'default' }, spec: { metadata: { labels: { app: 'web' } }, spec: { devices } } },
  'resource.k8s.io/resourceslices': {
    apiVersion, kind: 'ResourceSlice', metadata: { name: 'n1-gpu' },
    spec: {
      nodeName: 'n1', driver: 'gpu.example.com', pool: { name: 'n1', generation: 1, resourceSliceCount: 1 },
      devices: [{
        name: 'gpu-0', attributes: { model: { string: 'a1' }, 'other.example.com/version': { version: '1.2.3' }, numa: { int: 0 } }, capacity: { memory: { value: '40Gi' } },
        taints: [{ key: 'example.com/broken', effect: 'NoSchedule' }], consumesCounters: [{ counterSet: 'all', counters: { slots: { value: '1' } } }],
      }],
    },
  },
  'resource.k8s.io/devicetaintrules': {
    apiVersion, kind: 'DeviceTaintRule', metadata: { name: 'broken' },
    spec: { deviceSelector: { driver: 'gpu.example.com', pool: 'n1', device: 'gpu-0' }, taint: { key: 'example.com/broken', value: 'yes', effect: 'NoExecute' } },
  },
}
