export { openDevicePlugins, type DevicePlugins } from './plugins.ts'
export type { Granted } from './messages.ts'
