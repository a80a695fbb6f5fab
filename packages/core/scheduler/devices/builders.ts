// For tests: devices, who publishes them and who wants them.
import type { Device, DeviceClaim, DeviceTaint, ExactDeviceRequest } from '../../api/generated/types.ts'
import { type DeviceClass, deviceClasses, deviceTaintRules, type DeviceTaintRule, type Pod, type ResourceClaim, resourceClaims, resourceSlices, type ResourceSlice } from '../../api/resources.ts'
import { anObject, aPod } from '../builders.ts'

export const driver = 'gpu.example.com'

/** `count` devices gpu-0, gpu-1, … with an index, a model and 10Gi of memory. */
export const gpus = (count: number, more: (at: number) => Partial<Device> = () => ({})): readonly Device[] =>
  Array.from({ length: count }, (_, at): Device => ({ name: `gpu-${at}`, attributes: { index: { int: at }, model: { string: at % 2 === 0 ? 'a' : 'b' } }, capacity: { memory: { value: '10Gi' } }, ...more(at) }))

/** A slice of the pool that is called like its node, unless `spec` says otherwise. */
export const aSlice = (node: string, devices: readonly Device[], spec: Partial<ResourceSlice['spec']> = {}, name = `${node}-slice`): ResourceSlice =>
  anObject(resourceSlices, name, { spec: { driver, nodeName: node, pool: { name: node, generation: 1, resourceSliceCount: 1 }, devices, ...spec } })

export const aClass = (name = 'gpu', spec: Partial<DeviceClass['spec']> = {}): DeviceClass =>
  anObject(deviceClasses, name, { spec: { selectors: [{ cel: { expression: `device.driver == '${driver}'` } }], ...spec } })

export const exactly = (request: Partial<ExactDeviceRequest> = {}): ExactDeviceRequest => ({ deviceClassName: 'gpu', allocationMode: 'ExactCount', ...(request.allocationMode !== 'All' && { count: 1 }), ...request })
export const selecting = (expression: string) => ({ selectors: [{ cel: { expression } }] })

export const aClaim = (name: string, devices: DeviceClaim = { requests: [{ name: 'r', exactly: exactly() }] }, status: ResourceClaim['status'] = {}): ResourceClaim =>
  anObject(resourceClaims, name, { spec: { devices }, status })

/** A claim that has devices of a node's pool already. */
export const allocated = (name: string, node: string, devices: readonly string[], more: ResourceClaim['status'] = {}): ResourceClaim => aClaim(name, undefined, {
  allocation: {
    devices: { results: devices.map((device) => ({ request: 'r', driver, pool: node, device })) },
    nodeSelector: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }] },
  },
  ...more,
})

/** A pod that uses claims by name. */
export const aUser = (name: string, ...claims: readonly string[]): Pod => aPod(name, { spec: { resourceClaims: claims.map((claim) => ({ name: claim, resourceClaimName: claim })) } })

export const aRule = (name: string, deviceSelector: object | undefined, taint: DeviceTaint): DeviceTaintRule => anObject(deviceTaintRules, name, { spec: { ...(deviceSelector && { deviceSelector }), taint } })
