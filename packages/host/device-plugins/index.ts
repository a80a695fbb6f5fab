export { type ClaimedDevice, type DeviceDrivers, openDeviceDrivers } from './dra/index.ts'
export { openDevicePlugins, type DevicePlugins } from './plugins.ts'
export type { Device, Granted } from './messages.ts'
export { type PodResourcesOptions, servePodResources } from './pod-resources/index.ts'
