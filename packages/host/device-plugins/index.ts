export { type DeviceDrivers, openDeviceDrivers } from './dra/index.ts'
export { openDevicePlugins, type DevicePlugins } from './plugins.ts'
export type { Granted } from './messages.ts'
